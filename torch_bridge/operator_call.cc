#include "flextorchir/torch_bridge/operator_call.h"

#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ATen/core/dispatch/Dispatcher.h"
#include "ATen/core/function_schema.h"
#include "ATen/core/ivalue.h"
#include "ATen/core/jit_type.h"
#include "ATen/core/stack.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "flextorchir/torch_bridge/error_message.h"

namespace flextorchir {
namespace {

bool TakesNumber(const c10::Argument& argument) {
  const c10::Type* type = argument.type().get();
  if (const auto* optional = type->castRaw<c10::OptionalType>()) {
    type = optional->getElementType().get();
  }
  return type->kind() == c10::TypeKind::NumberType;
}

// Throws where an argument has not the type that the schema wants. To operators
// a bool is a number (torch.full(size, True)), to torch's own check it is not.
void CheckTypes(const c10::FunctionSchema& schema,
                std::vector<c10::IValue>& arguments) {
  std::vector<std::pair<size_t, c10::IValue>> bools;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i].isBool() && TakesNumber(schema.arguments()[i])) {
      bools.emplace_back(i, std::exchange(arguments[i], c10::IValue(0)));
    }
  }
  schema.checkAndNormalizeInputs(arguments);
  for (auto& [i, value] : bools) arguments[i] = std::move(value);
}

}  // namespace

std::optional<c10::OperatorHandle> FindOperator(absl::string_view name) {
  const size_t space = name.find("::");
  if (space == absl::string_view::npos) return std::nullopt;
  const size_t dot = name.find('.', space);
  const bool has_overload = dot != absl::string_view::npos;
  return c10::Dispatcher::singleton().findSchema(c10::OperatorName(
      std::string(name.substr(0, dot)),
      has_overload ? std::string(name.substr(dot + 1)) : std::string()));
}

absl::StatusOr<std::vector<c10::IValue>> CallOperator(
    const c10::OperatorHandle& op, std::vector<c10::IValue> arguments) {
  const std::string name = c10::toString(op.operator_name());
  const auto failed = [&](absl::string_view message) {
    return absl::InvalidArgumentError(absl::StrCat(name, ": ", message));
  };
  const size_t wanted = op.schema().arguments().size();
  if (arguments.size() != wanted) {
    return failed(
        absl::StrCat("takes ", wanted, " arguments, not ", arguments.size()));
  }
  try {
    // Boxed kernels trust the types on the stack.
    CheckTypes(op.schema(), arguments);
    op.callBoxed(arguments);
    return arguments;
  } catch (const std::exception& error) {
    return failed(ErrorMessage(error));
  } catch (...) {
    return failed("threw something that is no std::exception");
  }
}

}  // namespace flextorchir
