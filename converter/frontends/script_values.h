#ifndef FLEXTORCHIR_CONVERTER_FRONTENDS_SCRIPT_VALUES_H_
#define FLEXTORCHIR_CONVERTER_FRONTENDS_SCRIPT_VALUES_H_

#include <functional>

#include "ATen/core/Tensor.h"
#include "ATen/core/ivalue.h"
#include "ATen/core/jit_type_base.h"
#include "flextorchir/converter/frontends/frontend.h"

namespace flextorchir {

// `value` as the interpreter takes it for an argument of this type: lists,
// dicts and tuples of the declared element types, also where they come as
// generic ones, and integers as floats where those are declared. What does not
// fit stays as it is, for torch to complain about.
c10::IValue CoerceTo(const c10::IValue& value, const c10::TypePtr& type);

// Copies lists, dicts and tuples; what they hold (tensors, objects) is shared.
c10::IValue CopyContainers(const c10::IValue& value);

// The same, with other tensors: each is replaced by what `replace` says. An
// undefined one stays.
c10::IValue ReplaceTensors(
    const c10::IValue& value,
    const std::function<at::Tensor(const at::Tensor&)>& replace);
// All arguments of a call, likewise: positional ones first, in order.
ModelInputs ReplaceTensors(
    const ModelInputs& inputs,
    const std::function<at::Tensor(const at::Tensor&)>& replace);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_FRONTENDS_SCRIPT_VALUES_H_
