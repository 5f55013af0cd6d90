#ifndef FLEXTORCHIR_TOOLS_GRAPH_INPUTS_H_
#define FLEXTORCHIR_TOOLS_GRAPH_INPUTS_H_

#include <vector>

#include "ATen/core/ivalue.h"
#include "absl/status/statusor.h"
#include "flextorchir/converter/frontends/frontend.h"
#include "flextorchir/ir/graph.h"

namespace flextorchir {

// The inputs of graphs[0] from --inputs, without a frontend that would say what
// the arguments are called: the tensors in those with names by their names, all
// others in order. Numbers and strings are part of the graph.
// Errors: kInvalidArgument if there are too many or too few.
absl::StatusOr<std::vector<c10::IValue>> GraphInputs(const Model& model,
                                                     const ModelInputs& inputs);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_TOOLS_GRAPH_INPUTS_H_
