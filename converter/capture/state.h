#ifndef FLEXTORCHIR_CONVERTER_CAPTURE_STATE_H_
#define FLEXTORCHIR_CONVERTER_CAPTURE_STATE_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "flextorchir/converter/capture/graph_builder.h"
#include "flextorchir/converter/capture/storage_versions.h"

namespace flextorchir {

// What was there before the run, at the end of functionalisation.

// Makes every parameter, buffer and input that was written an output of the
// graph, and reports other changes that will be missed. Returns the numbers
// (in Trace::externals) of the state outputs, in order.
std::vector<int32_t> AddStateOutputs(GraphBuilder& builder,
                                     StorageVersions& versions);

// Gives the model the weights that it reads or changes, each once.
// Errors: kUnimplemented for tensors that cannot be weights.
absl::Status BindWeights(GraphBuilder& builder, StorageVersions& versions,
                         const std::vector<int32_t>& state);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_CAPTURE_STATE_H_
