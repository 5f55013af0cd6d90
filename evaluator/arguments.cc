#include "flextorchir/evaluator/arguments.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "ATen/core/function_schema.h"
#include "ATen/core/ivalue.h"
#include "ATen/core/jit_type.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "flextorchir/ir/attribute.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/layer_set.h"
#include "flextorchir/torch_bridge/attribute.h"
#include "flextorchir/torch_bridge/tensor.h"

namespace flextorchir {
namespace {

// A list of the type that its elements have: executors and operators take
// `List<int>`, not a list of anything.
c10::IValue MakeList(const std::vector<c10::IValue>& items,
                     c10::TypePtr empty_type) {
  const auto all = [&](bool (*is)(const c10::IValue&)) {
    return std::all_of(items.begin(), items.end(), is);
  };
  c10::TypePtr type = c10::AnyType::get();
  if (items.empty()) {
    type = std::move(empty_type);
  } else if (all([](const c10::IValue& i) { return i.isTensor(); })) {
    type = c10::TensorType::get();
  } else if (all([](const c10::IValue& i) {
               return i.isTensor() || i.isNone();
             })) {
    type = c10::OptionalType::ofTensor();
  } else if (all([](const c10::IValue& i) { return i.isInt(); })) {
    type = c10::IntType::get();
  } else if (all([](const c10::IValue& i) { return i.isDouble(); })) {
    type = c10::FloatType::get();
  } else if (all([](const c10::IValue& i) { return i.isBool(); })) {
    type = c10::BoolType::get();
  } else if (all([](const c10::IValue& i) { return i.isString(); })) {
    type = c10::StringType::get();
  }
  c10::impl::GenericList list(type);
  for (const c10::IValue& item : items) list.push_back(item);
  return list;
}

absl::StatusOr<c10::IValue> FromAttribute(const Attribute& attribute,
                                          const SymbolValues& symbols) {
  switch (attribute.type()) {
    case Attribute::Type::kNone:
      return c10::IValue();
    case Attribute::Type::kBool:
      return c10::IValue(*attribute.AsBool());
    case Attribute::Type::kInt:
      return c10::IValue(*attribute.AsInt());
    case Attribute::Type::kFloat:
      return c10::IValue(*attribute.AsFloat());
    case Attribute::Type::kComplex:
      return c10::IValue(c10::complex<double>(*attribute.AsComplex()));
    case Attribute::Type::kString:
      return c10::IValue(*attribute.AsString());
    case Attribute::Type::kDType:
      return c10::IValue(
          static_cast<int64_t>(ToScalarType(*attribute.AsDType())));
    case Attribute::Type::kDim: {
      const absl::StatusOr<int64_t> number =
          attribute.AsDim()->Evaluate(symbols);
      if (!number.ok()) return number.status();
      return c10::IValue(*number);
    }
    case Attribute::Type::kList: {
      std::vector<c10::IValue> items;
      for (const Attribute& item : *attribute.AsList()) {
        absl::StatusOr<c10::IValue> value = FromAttribute(item, symbols);
        if (!value.ok()) return value.status();
        items.push_back(*std::move(value));
      }
      return MakeList(items, c10::IntType::get());
    }
  }
  return absl::InternalError("an attribute of no type");
}

}  // namespace

absl::StatusOr<c10::IValue> GraphArguments::Get(absl::string_view name) const {
  const Slot* slot = layer_.FindInput(name);
  const Attribute* attribute = layer_.FindAttribute(name);
  if (slot == nullptr && attribute == nullptr) {
    const LayerKind* kind = FindLayerKind(layer_.kind);
    const AttributeSpec* spec =
        kind == nullptr ? nullptr : kind->FindAttribute(name);
    if (spec == nullptr || !spec->default_value.has_value()) {
      return c10::IValue();
    }
    attribute = &*spec->default_value;
  }

  c10::IValue constant;
  if (attribute != nullptr) {
    absl::StatusOr<c10::IValue> value = FromAttribute(*attribute, symbols_);
    if (!value.ok()) {
      return absl::Status(
          value.status().code(),
          absl::StrCat("attribute `", name, "`: ", value.status().message()));
    }
    constant = *std::move(value);
  }
  if (slot == nullptr) return constant;
  const auto value_of = [&](ValueId id) {
    return id == kAbsent ? c10::IValue() : values_[id];
  };
  if (!slot->is_list) {
    return slot->values[0] == kAbsent ? constant : values_[slot->values[0]];
  }
  // Partly computed: each element is in the one or in the other.
  std::vector<c10::IValue> items;
  for (ValueId id : slot->values) items.push_back(value_of(id));
  if (constant.isList()) {
    const c10::List<c10::IValue> constants = constant.toList();
    if (constants.size() != items.size()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "argument `", name, "` has ", items.size(), " elements as input and ",
          constants.size(), " as attribute"));
    }
    for (size_t i = 0; i < items.size(); ++i) {
      if (slot->values[i] == kAbsent) items[i] = constants.get(i);
    }
  }
  return MakeList(items, c10::TensorType::get());
}

absl::StatusOr<c10::IValue> FitToArgument(const c10::IValue& value,
                                          const c10::Argument& argument) {
  const c10::Type* type = argument.type().get();
  if (type->kind() == c10::TypeKind::OptionalType) {
    if (value.isNone()) return value;
    type = type->containedType(0).get();
  }
  const auto wrong = [&](absl::string_view what) {
    return absl::InvalidArgumentError(
        absl::StrCat("argument `", argument.name(), "` takes ",
                     argument.real_type()->str(), ", not ", what));
  };
  if (value.isTensor()) {
    if (type->kind() == c10::TypeKind::TensorType) return value;
    const at::Tensor& tensor = value.toTensor();
    if (!tensor.defined() || tensor.dim() != 0) return wrong("a tensor");
    return FitToArgument(c10::IValue(tensor.item()), argument);
  }
  if (value.isList()) {
    if (type->kind() != c10::TypeKind::ListType) return wrong("a list");
    const c10::TypePtr& element = type->containedType(0);
    const c10::Argument element_argument(argument.name(), element);
    c10::impl::GenericList list(element);
    const c10::List<c10::IValue> items = value.toList();
    for (size_t i = 0; i < items.size(); ++i) {
      absl::StatusOr<c10::IValue> item =
          FitToArgument(items.get(i), element_argument);
      if (!item.ok()) return item.status();
      list.push_back(*std::move(item));
    }
    return c10::IValue(std::move(list));
  }
  const std::optional<Attribute> attribute = ToAttribute(value, &argument);
  if (!attribute.has_value()) return wrong(value.tagKind());
  return ToIValue(*attribute, argument);
}

}  // namespace flextorchir
