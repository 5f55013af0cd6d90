#ifndef FLEXTORCHIR_TORCH_BRIDGE_LAYER_CALL_H_
#define FLEXTORCHIR_TORCH_BRIDGE_LAYER_CALL_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ATen/core/dispatch/Dispatcher.h"
#include "ATen/core/ivalue.h"
#include "absl/status/statusor.h"
#include "flextorchir/ir/graph.h"

namespace flextorchir {

// How a layer is run by one operator: where each argument of the operator comes
// from. Worked out once for a layer; see OperatorTable for standard kinds.
struct LayerCall {
  struct Argument {
    // The layer's argument that is passed, where it is computed: an input, or
    // an attribute with symbolic or absent elements. Empty: `constant` is.
    std::string layer_name;
    c10::IValue constant;
    // It takes an object, or a list of them (packed_arguments.h): what these
    // operators return is passed.
    std::vector<std::shared_ptr<const LayerCall>> packers;
    bool is_list = false;
    // Not -1: of the layer's argument, which is a list, this element is passed.
    int32_t element = -1;
  };

  c10::OperatorHandle op;
  std::vector<Argument> arguments;  // one for each of the schema, in order
};

// The operator that runs `layer`: for a standard kind the first of its
// operators that can express all the layer holds, for others `target` with the
// schema's own names. An operator can express a layer if
//  * everything the layer gives is an argument of the operator, a constant of
//    the row, or equal to the default of the kind;
//  * the layer gives everything that has no default (of the kind, then of the
//    schema) and may not be None, in a type that the argument takes (if no
//    operator does, numbers are passed for tensors, and tensors of one element
//    for numbers: whoever calls the operator converts them);
//  * it returns as many results as the layer has output slots; behind them
//  there
//    may be the new contents of written arguments, by their names.
// Errors: kUnimplemented, with what stands in the way of each operator.
absl::StatusOr<LayerCall> FindLayerCall(const Graph& graph, const Layer& layer);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_TORCH_BRIDGE_LAYER_CALL_H_
