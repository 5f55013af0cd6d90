#ifndef FLEXTORCHIR_TORCH_BRIDGE_ATTRIBUTE_H_
#define FLEXTORCHIR_TORCH_BRIDGE_ATTRIBUTE_H_

#include <optional>

#include "ATen/core/function_schema.h"
#include "ATen/core/ivalue.h"
#include "absl/status/statusor.h"
#include "flextorchir/ir/attribute.h"

namespace flextorchir {

// A constant argument of an operator as an attribute. `argument` says what an
// integer means (a dtype, a layout, a memory format: torch passes all of them
// as integers). Layouts, memory formats and devices become torch's own names
// ("strided", "channels_last", "cpu"), generators become none. Nothing for a
// value that is no constant (a tensor, an object).
std::optional<Attribute> ToAttribute(const c10::IValue& value,
                                     const c10::Argument* argument = nullptr);

// The other way round: a constant as the operator's argument takes it (an
// integer becomes a Scalar, a float or a list of them where that is wanted).
// Errors: kInvalidArgument, naming the argument and what it takes.
absl::StatusOr<c10::IValue> ToIValue(const Attribute& attribute,
                                     const c10::Argument& argument);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_TORCH_BRIDGE_ATTRIBUTE_H_
