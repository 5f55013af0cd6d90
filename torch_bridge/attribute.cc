#include "flextorchir/torch_bridge/attribute.h"

#include <complex>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ATen/ScalarOps.h"
#include "ATen/core/function_schema.h"
#include "ATen/core/ivalue.h"
#include "ATen/core/jit_type.h"
#include "ATen/record_function.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "c10/core/Layout.h"
#include "c10/core/MemoryFormat.h"
#include "c10/core/ScalarType.h"
#include "flextorchir/torch_bridge/error_message.h"
#include "flextorchir/torch_bridge/tensor.h"

namespace flextorchir {
namespace {

struct LayoutName {
  c10::Layout layout;
  absl::string_view name;
};
constexpr LayoutName kLayouts[] = {
    {c10::kStrided, "strided"},      {c10::kSparse, "sparse_coo"},
    {c10::kSparseCsr, "sparse_csr"}, {c10::kSparseCsc, "sparse_csc"},
    {c10::kSparseBsr, "sparse_bsr"}, {c10::kSparseBsc, "sparse_bsc"},
    {c10::kMkldnn, "mkldnn"},        {c10::kJagged, "jagged"},
};

struct MemoryFormatName {
  c10::MemoryFormat format;
  absl::string_view name;
};
constexpr MemoryFormatName kMemoryFormats[] = {
    {c10::MemoryFormat::Contiguous, "contiguous"},
    {c10::MemoryFormat::Preserve, "preserve"},
    {c10::MemoryFormat::ChannelsLast, "channels_last"},
    {c10::MemoryFormat::ChannelsLast3d, "channels_last_3d"},
};

// Torch passes dtypes, layouts and memory formats as integers; only the type
// that the schema was written with (Argument::real_type) tells them apart.
std::optional<Attribute> FromInteger(int64_t value, c10::TypeKind kind) {
  switch (kind) {
    case c10::TypeKind::ScalarTypeType:
      if (auto dtype = ToDType(static_cast<c10::ScalarType>(value))) {
        return Attribute(*dtype);
      }
      return std::nullopt;
    case c10::TypeKind::LayoutType:
      for (const LayoutName& row : kLayouts) {
        if (row.layout == static_cast<c10::Layout>(value)) {
          return Attribute(row.name);
        }
      }
      return std::nullopt;
    case c10::TypeKind::MemoryFormatType:
      for (const MemoryFormatName& row : kMemoryFormats) {
        if (row.format == static_cast<c10::MemoryFormat>(value)) {
          return Attribute(row.name);
        }
      }
      return std::nullopt;
    default:
      return Attribute(value);
  }
}

std::optional<int64_t> ToInteger(const Attribute& attribute,
                                 c10::TypeKind kind) {
  switch (kind) {
    case c10::TypeKind::ScalarTypeType:
      if (const DType* dtype = attribute.AsDType()) {
        return static_cast<int64_t>(ToScalarType(*dtype));
      }
      return std::nullopt;
    case c10::TypeKind::LayoutType:
      if (const std::string* name = attribute.AsString()) {
        for (const LayoutName& row : kLayouts) {
          if (row.name == *name) return static_cast<int64_t>(row.layout);
        }
      }
      return std::nullopt;
    case c10::TypeKind::MemoryFormatType:
      if (const std::string* name = attribute.AsString()) {
        for (const MemoryFormatName& row : kMemoryFormats) {
          if (row.name == *name) return static_cast<int64_t>(row.format);
        }
      }
      return std::nullopt;
    default:
      if (const int64_t* value = attribute.AsInt()) return *value;
      if (const bool* value = attribute.AsBool()) return int64_t{*value};
      return std::nullopt;
  }
}

std::optional<c10::Scalar> ToScalar(const Attribute& attribute) {
  if (const bool* value = attribute.AsBool()) return c10::Scalar(*value);
  if (const int64_t* value = attribute.AsInt()) return c10::Scalar(*value);
  if (const double* value = attribute.AsFloat()) return c10::Scalar(*value);
  if (const Attribute::Complex* value = attribute.AsComplex()) {
    return c10::Scalar(c10::complex<double>(value->real(), value->imag()));
  }
  return std::nullopt;
}

c10::IValue WrappedNumber(const c10::Scalar& number) {
  at::RecordFunctionGuard do_not_record(/*is_enabled=*/false);
  at::Tensor tensor = c10::scalar_to_tensor(number);
  tensor.unsafeGetTensorImpl()->set_wrapped_number(true);
  return tensor;
}

// A type as the schema was written (`real`), and as values have it (`fake`):
// where the one says ScalarType or SymInt, the other says int.
struct SchemaType {
  c10::TypePtr fake;
  c10::TypePtr real;

  // Of an optional or a list.
  SchemaType Element() const {
    return {fake->containedType(0), real->kind() == fake->kind()
                                        ? real->containedType(0)
                                        : fake->containedType(0)};
  }
};

std::optional<c10::IValue> ToIValueOfType(const Attribute& attribute,
                                          const SchemaType& type,
                                          std::optional<int32_t> length);

std::optional<c10::IValue> ToList(const Attribute& attribute,
                                  const SchemaType& element,
                                  std::optional<int32_t> length) {
  c10::impl::GenericList result(element.fake);
  const Attribute::List* list = attribute.AsList();
  // `int[2] stride=1`: one number stands for all.
  const size_t size =
      list != nullptr ? list->size() : static_cast<size_t>(length.value_or(0));
  if (list == nullptr && !length.has_value()) return std::nullopt;
  for (size_t i = 0; i < size; ++i) {
    auto value = ToIValueOfType(list != nullptr ? (*list)[i] : attribute,
                                element, std::nullopt);
    if (!value.has_value()) return std::nullopt;
    result.push_back(*std::move(value));
  }
  return c10::IValue(std::move(result));
}

std::optional<c10::IValue> ToIValueOfType(const Attribute& attribute,
                                          const SchemaType& type,
                                          std::optional<int32_t> length) {
  switch (type.fake->kind()) {
    case c10::TypeKind::OptionalType:
      if (attribute.is_none()) return c10::IValue();
      return ToIValueOfType(attribute, type.Element(), length);
    case c10::TypeKind::ListType:
      return ToList(attribute, type.Element(), length);
    case c10::TypeKind::BoolType:
      if (const bool* value = attribute.AsBool()) return c10::IValue(*value);
      return std::nullopt;
    case c10::TypeKind::IntType:
    case c10::TypeKind::SymIntType:
      if (auto value = ToInteger(attribute, type.real->kind())) {
        return c10::IValue(*value);
      }
      return std::nullopt;
    case c10::TypeKind::FloatType:
      if (const double* value = attribute.AsFloat()) return c10::IValue(*value);
      if (const int64_t* value = attribute.AsInt()) {
        return c10::IValue(static_cast<double>(*value));
      }
      return std::nullopt;
    case c10::TypeKind::ComplexType:
      if (auto scalar = ToScalar(attribute)) {
        return c10::IValue(scalar->toComplexDouble());
      }
      return std::nullopt;
    case c10::TypeKind::NumberType:
      if (auto scalar = ToScalar(attribute)) return c10::IValue(*scalar);
      return std::nullopt;
    case c10::TypeKind::StringType:
      if (const std::string* value = attribute.AsString()) {
        return c10::IValue(*value);
      }
      return std::nullopt;
    case c10::TypeKind::DeviceObjType:
      if (const std::string* value = attribute.AsString()) {
        return c10::IValue(c10::Device(*value));
      }
      return std::nullopt;
    case c10::TypeKind::TensorType:
      // A number of the program, wrapped as torch's own frontends do it, so
      // that it does not take part in type promotion as a tensor would.
      if (auto scalar = ToScalar(attribute)) return WrappedNumber(*scalar);
      return std::nullopt;
    default:
      // Generators, streams, objects: only absent ones are constants.
      if (attribute.is_none() && type.fake->kind() == c10::TypeKind::NoneType) {
        return c10::IValue();
      }
      return std::nullopt;
  }
}

// `type` is null where nobody says what an integer means.
std::optional<Attribute> FromIValue(const c10::IValue& value,
                                    const c10::Type* type) {
  while (type != nullptr && type->kind() == c10::TypeKind::OptionalType) {
    type = type->containedType(0).get();
  }
  if (value.isNone() || value.isGenerator()) return Attribute();
  if (value.isBool()) return Attribute(value.toBool());
  if (value.isInt()) {
    return FromInteger(value.toInt(),
                       type == nullptr ? c10::TypeKind::IntType : type->kind());
  }
  if (value.isDouble()) return Attribute(value.toDouble());
  if (value.isComplexDouble()) {
    const auto number = value.toComplexDouble();
    return Attribute(Attribute::Complex(number.real(), number.imag()));
  }
  if (value.isString()) return Attribute(value.toStringRef());
  if (value.isDevice()) return Attribute(value.toDevice().str());
  if (value.isSymInt()) {
    if (auto number = value.toSymInt().maybe_as_int()) {
      return Attribute(*number);
    }
    return std::nullopt;
  }
  if (value.isSymFloat() && !value.toSymFloat().is_symbolic()) {
    return Attribute(value.toSymFloat().as_float_unchecked());
  }
  if (value.isSymBool()) {
    if (auto truth = value.toSymBool().maybe_as_bool()) {
      return Attribute(*truth);
    }
    return std::nullopt;
  }
  if (value.isList() || value.isTuple()) {
    const c10::Type* element =
        type != nullptr && type->kind() == c10::TypeKind::ListType
            ? type->containedType(0).get()
            : nullptr;
    Attribute::List list;
    const auto add = [&](const c10::IValue& item) {
      auto attribute = FromIValue(item, element);
      if (!attribute.has_value()) return false;
      list.push_back(*std::move(attribute));
      return true;
    };
    if (value.isTuple()) {
      for (const c10::IValue& item : value.toTupleRef().elements()) {
        if (!add(item)) return std::nullopt;
      }
    } else {
      const c10::List<c10::IValue> items = value.toList();
      for (size_t i = 0; i < items.size(); ++i) {
        if (!add(items.get(i))) return std::nullopt;
      }
    }
    // A list of attributes holds one type.
    const Attribute* first = nullptr;
    for (const Attribute& item : list) {
      if (item.is_none()) continue;
      if (first != nullptr && first->type() != item.type()) return std::nullopt;
      first = &item;
    }
    return Attribute(std::move(list));
  }
  return std::nullopt;
}

}  // namespace

std::optional<Attribute> ToAttribute(const c10::IValue& value,
                                     const c10::Argument* argument) {
  return FromIValue(
      value, argument == nullptr ? nullptr : argument->real_type().get());
}

absl::StatusOr<c10::IValue> ToIValue(const Attribute& attribute,
                                     const c10::Argument& argument) {
  try {
    auto value = ToIValueOfType(
        attribute, {argument.type(), argument.real_type()}, argument.N());
    if (value.has_value()) return *std::move(value);
  } catch (const std::exception& error) {
    return absl::InvalidArgumentError(absl::StrCat(
        "argument `", argument.name(), "`: ", ErrorMessage(error)));
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "argument `", argument.name(), "` takes ", argument.real_type()->str(),
      ", not ", attribute.ToString()));
}

}  // namespace flextorchir
