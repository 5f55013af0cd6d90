#include "flextorchir/evaluator/value_type.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "ATen/core/Tensor.h"
#include "ATen/core/ivalue.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "flextorchir/ir/dim.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/torch_bridge/tensor.h"

namespace flextorchir {
namespace {

// What it is, in the words of the types of the IR.
std::string Describe(const c10::IValue& content) {
  if (!content.isTensor()) return content.tagKind();
  const at::Tensor& tensor = content.toTensor();
  if (!tensor.defined()) return "an undefined tensor";
  if (const auto type = TypeOf(tensor); type.ok()) return type->ToString();
  return absl::StrCat("a tensor of dtype ", c10::toString(tensor.scalar_type()),
                      " and layout ", c10::str(tensor.layout()));
}

std::string IsNot(const Value& value, const c10::IValue& content) {
  return absl::StrCat("is ", Describe(content), ", not ", value.TypeString());
}

// " with batch = 3, height = 224"; nothing if there are none.
std::string WithSymbols(const SymbolValues& symbols) {
  std::string known;
  for (const auto& [name, size] : symbols) {
    absl::StrAppend(&known, known.empty() ? " with " : ", ", name, " = ", size);
  }
  return known;
}

bool IsStrided(const at::Tensor& tensor) {
  return tensor.layout() == c10::kStrided && !tensor.is_nested();
}

// The model's declaration of a symbol, or null.
const Symbol* FindSymbol(const Model& model, const std::string& name) {
  for (const Symbol& symbol : model.symbols) {
    if (symbol.name == name) return &symbol;
  }
  return nullptr;
}

// The name of a size that is nothing but a symbol.
std::optional<std::string> SymbolName(const Dim& dim) {
  if (dim.is_number()) return std::nullopt;
  std::vector<std::string> names;
  dim.CollectSymbols(&names);
  if (names.size() != 1 || dim != Dim::Symbol(names[0])) return std::nullopt;
  return names[0];
}

}  // namespace

absl::Status TypeBinder::BindInput(const Value& value,
                                   const c10::IValue& given) {
  const TensorType* type = value.tensor();
  if (type == nullptr || !HasType(value, given)) return absl::OkStatus();
  const at::Tensor& tensor = given.toTensor();
  if (!IsStrided(tensor) || tensor.dim() != type->shape.size()) {
    return absl::OkStatus();
  }
  for (int64_t i = 0; i < tensor.dim(); ++i) {
    const std::optional<std::string> name = SymbolName(type->shape[i]);
    if (!name.has_value()) continue;
    sizes_may_differ_ = true;
    const int64_t size = tensor.size(i);
    const auto [known, is_new] = symbols_.emplace(*name, size);
    if (known->second != size) {
      return absl::InvalidArgumentError(
          absl::StrCat("size ", i, " is ", size, ", but ", *name, " is ",
                       known->second, " elsewhere"));
    }
    const Symbol* symbol = FindSymbol(model_, *name);
    if (symbol == nullptr) continue;
    if (symbol->min.value_or(size) > size ||
        symbol->max.value_or(size) < size) {
      return absl::InvalidArgumentError(absl::StrCat(
          "size ", i, " is ", size, ", but ", *name, " goes from ",
          symbol->min.has_value() ? absl::StrCat(*symbol->min) : "anything",
          " to ",
          symbol->max.has_value() ? absl::StrCat(*symbol->max) : "anything"));
    }
  }
  return absl::OkStatus();
}

absl::Status TypeBinder::CheckInput(const Value& value,
                                    const c10::IValue& given) const {
  const c10::IValue content = AsRecorded(value, given, /*strides=*/false);
  if (!HasType(value, content) ||
      (value.tensor() != nullptr &&
       !HasSizes(*value.tensor(), content.toTensor()))) {
    return absl::InvalidArgumentError(
        absl::StrCat(IsNot(value, given), WithSymbols(symbols_)));
  }
  return absl::OkStatus();
}

absl::Status TypeBinder::TakeResult(const Value& value,
                                    const c10::IValue& result,
                                    bool sizes_may_differ) {
  const auto wrong = [&] {
    return absl::InternalError(
        absl::StrCat(IsNot(value, result), WithSymbols(symbols_)));
  };
  if (!HasType(value, result)) return wrong();
  const TensorType* type = value.tensor();
  if (type == nullptr) return absl::OkStatus();
  const at::Tensor& tensor = result.toTensor();
  if (!IsStrided(tensor)) return absl::OkStatus();
  if (tensor.dim() == type->shape.size()) {
    for (int64_t i = 0; i < tensor.dim(); ++i) {
      if (const auto name = SymbolName(type->shape[i])) {
        symbols_.emplace(*name, tensor.size(i));
      }
    }
  }
  if (HasSizes(*type, tensor)) return absl::OkStatus();
  if (sizes_may_differ) {
    sizes_may_differ_ = true;
    return absl::OkStatus();
  }
  // Numbers may have been what they were by the sizes of one run; expressions
  // say what they are in every run.
  return sizes_may_differ_ && HasSymbolicSizes(*type, tensor) ? absl::OkStatus()
                                                              : wrong();
}

c10::IValue TypeBinder::AsRecorded(const Value& value, c10::IValue content,
                                   bool strides) const {
  const TensorType* type = value.tensor();
  if (type == nullptr) {
    const ScalarType scalar = std::get<ScalarType>(value.type);
    const bool is_real = content.isInt() || content.isDouble();
    if (scalar == ScalarType::kFloat && is_real) {
      return content.toScalar().toDouble();
    }
    if (scalar == ScalarType::kComplex && is_real) {
      return c10::complex<double>(content.toScalar().toDouble());
    }
    if (content.isSymInt()) {
      const auto number = content.toSymInt().maybe_as_int();
      if (number.has_value()) return *number;
    }
    return content;
  }
  if (!strides || !content.isTensor() || !IsStrided(content.toTensor()) ||
      !HasSizes(*type, content.toTensor())) {
    return content;
  }
  TensorType recorded;
  for (const Dim& stride : type->strides) {
    const std::optional<int64_t> number = Size(stride);
    if (!number.has_value()) return content;
    recorded.strides.push_back(*number);
  }
  return WithStrides(content.toTensor(), recorded);
}

std::optional<int64_t> TypeBinder::Size(const Dim& dim) const {
  if (dim.is_number()) return dim.number();
  const absl::StatusOr<int64_t> size = dim.Evaluate(symbols_);
  if (!size.ok()) return std::nullopt;
  return *size;
}

bool TypeBinder::HasType(const Value& value, const c10::IValue& content) {
  if (const TensorType* type = value.tensor()) {
    return content.isTensor() && content.toTensor().defined() &&
           content.toTensor().scalar_type() == ToScalarType(type->dtype);
  }
  switch (std::get<ScalarType>(value.type)) {
    case ScalarType::kBool:
      return content.isBool();
    case ScalarType::kInt:
      return content.isInt();
    case ScalarType::kFloat:
      return content.isDouble();
    case ScalarType::kComplex:
      return content.isComplexDouble();
    case ScalarType::kString:
      return content.isString();
  }
  return false;
}

bool TypeBinder::HasSymbolicSizes(const TensorType& type,
                                  const at::Tensor& tensor) const {
  if (tensor.dim() != type.shape.size()) return true;  // no expression's fault
  for (int64_t i = 0; i < tensor.dim(); ++i) {
    if (!type.shape[i].is_number() &&
        Size(type.shape[i]).value_or(tensor.size(i)) != tensor.size(i)) {
      return false;
    }
  }
  return true;
}

bool TypeBinder::HasSizes(const TensorType& type,
                          const at::Tensor& tensor) const {
  if (!IsStrided(tensor)) return true;  // the IR has no type for it
  if (tensor.dim() != type.shape.size()) return false;
  for (int64_t i = 0; i < tensor.dim(); ++i) {
    if (Size(type.shape[i]).value_or(tensor.size(i)) != tensor.size(i)) {
      return false;
    }
  }
  return true;
}

}  // namespace flextorchir
