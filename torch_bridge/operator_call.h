#ifndef FLEXTORCHIR_TORCH_BRIDGE_OPERATOR_CALL_H_
#define FLEXTORCHIR_TORCH_BRIDGE_OPERATOR_CALL_H_

#include <functional>
#include <optional>
#include <vector>

#include "ATen/core/dispatch/Dispatcher.h"
#include "ATen/core/function_schema.h"
#include "ATen/core/ivalue.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace flextorchir {

// The operator of this full name ("aten::add.Tensor", "mylib::swish"), as the
// dispatcher of this process knows it; nothing if there is none.
std::optional<c10::OperatorHandle> FindOperator(absl::string_view name);

// Calls `op` boxed. `arguments` are those of its schema, all of them, in order.
// Returns its results, in order.
// Errors: kInvalidArgument with the operator's own message (without torch's
// C++ backtrace). No exception escapes.
absl::StatusOr<std::vector<c10::IValue>> CallOperator(
    const c10::OperatorHandle& op, std::vector<c10::IValue> arguments);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_TORCH_BRIDGE_OPERATOR_CALL_H_
