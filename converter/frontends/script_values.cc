#include "flextorchir/converter/frontends/script_values.h"

#include <cstddef>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "ATen/core/Dict.h"
#include "ATen/core/List.h"
#include "ATen/core/ivalue.h"
#include "ATen/core/jit_type.h"

namespace flextorchir {
namespace {

// The elements of a list or a tuple.
std::optional<std::vector<c10::IValue>> ElementsOf(const c10::IValue& value) {
  if (value.isList()) return value.toListRef().vec();
  if (!value.isTuple()) return std::nullopt;
  const auto& elements = value.toTupleRef().elements();
  return std::vector<c10::IValue>(elements.begin(), elements.end());
}

c10::IValue MakeTuple(std::vector<c10::IValue> elements,
                      const c10::TypePtr& type) {
  auto tuple = type->cast<c10::TupleType>();
  if (tuple == nullptr || tuple->schema() == nullptr) {
    return c10::ivalue::Tuple::create(std::move(elements));
  }
  return c10::ivalue::Tuple::createNamed(std::move(elements),
                                         std::move(tuple));  // named fields
}

}  // namespace

c10::IValue CoerceTo(const c10::IValue& value, const c10::TypePtr& type) {
  switch (type->kind()) {
    case c10::TypeKind::OptionalType:
      return value.isNone() ? value : CoerceTo(value, type->containedType(0));
    case c10::TypeKind::FloatType:
      return value.isInt() ? c10::IValue(static_cast<double>(value.toInt()))
                           : value;
    case c10::TypeKind::ListType: {
      const auto elements = ElementsOf(value);
      if (!elements.has_value()) return value;
      const c10::TypePtr element_type = type->containedType(0);
      c10::impl::GenericList list(element_type);
      for (const c10::IValue& element : *elements) {
        list.push_back(CoerceTo(element, element_type));
      }
      return list;
    }
    case c10::TypeKind::DictType: {
      if (!value.isGenericDict()) return value;
      const c10::TypePtr value_type = type->containedType(1);
      c10::impl::GenericDict dict(type->containedType(0), value_type);
      for (const auto& entry : value.toGenericDict()) {
        dict.insert(entry.key(), CoerceTo(entry.value(), value_type));
      }
      return dict;
    }
    case c10::TypeKind::TupleType: {
      auto elements = ElementsOf(value);
      const auto types = type->containedTypes();
      if (!elements.has_value() || elements->size() != types.size()) {
        return value;
      }
      for (size_t i = 0; i < types.size(); ++i) {
        (*elements)[i] = CoerceTo((*elements)[i], types[i]);
      }
      return MakeTuple(*std::move(elements), type);
    }
    default:
      return value;
  }
}

c10::IValue CopyContainers(const c10::IValue& value) {
  return ReplaceTensors(value, [](const at::Tensor& tensor) { return tensor; });
}

c10::IValue ReplaceTensors(
    const c10::IValue& value,
    const std::function<at::Tensor(const at::Tensor&)>& replace) {
  if (value.isTensor()) {
    const at::Tensor& tensor = value.toTensor();
    return tensor.defined() ? c10::IValue(replace(tensor)) : value;
  }
  if (value.isList()) {
    c10::impl::GenericList copy(value.toList().elementType());
    for (const c10::IValue& element : value.toListRef()) {
      copy.push_back(ReplaceTensors(element, replace));
    }
    return copy;
  }
  if (value.isGenericDict()) {
    const auto dict = value.toGenericDict();
    c10::impl::GenericDict copy(dict.keyType(), dict.valueType());
    for (const auto& entry : dict) {
      copy.insert(entry.key(), ReplaceTensors(entry.value(), replace));
    }
    return copy;
  }
  if (value.isTuple()) {
    std::vector<c10::IValue> elements = *ElementsOf(value);
    for (c10::IValue& element : elements) {
      element = ReplaceTensors(element, replace);
    }
    return MakeTuple(std::move(elements), value.type());
  }
  return value;
}

ModelInputs ReplaceTensors(
    const ModelInputs& inputs,
    const std::function<at::Tensor(const at::Tensor&)>& replace) {
  ModelInputs replaced;
  for (const c10::IValue& argument : inputs.args) {
    replaced.args.push_back(ReplaceTensors(argument, replace));
  }
  for (const auto& [name, argument] : inputs.kwargs) {
    replaced.kwargs.emplace_back(name, ReplaceTensors(argument, replace));
  }
  return replaced;
}

}  // namespace flextorchir
