#ifndef FLEXTORCHIR_CONVERTER_CAPTURE_BAKED_VALUES_H_
#define FLEXTORCHIR_CONVERTER_CAPTURE_BAKED_VALUES_H_

#include <cstdint>
#include <vector>

#include "flextorchir/converter/capture/graph_builder.h"
#include "flextorchir/converter/capture/storage_versions.h"

namespace flextorchir {

// The program has looked at what is in a tensor (aten::item, `if t:`).
struct ValueRead {
  int32_t call;
  ValueId value;
};

// Lists every read, with what it depends on: the model's inputs, a random
// operator, or state that the model changes (`state`: numbers in
// Trace::externals). A warning for each that depends on one of these, and may
// differ from run to run: the program has gone on with what it read, so that it
// is part of the graph.
void ReportBakedValues(GraphBuilder& builder, const StorageVersions& versions,
                       const std::vector<int32_t>& state,
                       const std::vector<ValueRead>& reads);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_CAPTURE_BAKED_VALUES_H_
