#include "flextorchir/torch_bridge/free_sizes.h"

#include <optional>
#include <string>

#include "ATen/core/dispatch/Dispatcher.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "flextorchir/ir/layer_set.h"
#include "flextorchir/torch_bridge/operator_call.h"
#include "flextorchir/torch_bridge/operator_table.h"

namespace flextorchir {

bool HasFreeSizes(const c10::OperatorHandle& op) {
  const std::string& name = op.schema().name();
  return op.hasTag(at::Tag::dynamic_output_shape) ||
         op.hasTag(at::Tag::data_dependent_output) ||
         !(absl::StartsWith(name, "aten::") ||
           absl::StartsWith(name, "quantized::"));
}

bool KindHasFreeSizes(absl::string_view kind) {
  if (FindLayerKind(kind) == nullptr) return true;
  for (const OperatorBinding* binding : BindingsOfKind(kind)) {
    const std::optional<c10::OperatorHandle> op = FindOperator(binding->op);
    if (op.has_value() && HasFreeSizes(*op)) return true;
  }
  return false;
}

}  // namespace flextorchir
