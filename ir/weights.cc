#include "flextorchir/ir/weights.h"

#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "flextorchir/ir/attribute.h"

namespace flextorchir {
namespace {

// As for attributes: a NaN equals itself, and 0.0 differs from -0.0.
bool SameBits(const std::vector<double>& a, const std::vector<double>& b) {
  return a.size() == b.size() &&
         (a.empty() ||
          std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0);
}

std::string DimsToString(const std::vector<Dim>& dims) {
  return absl::StrJoin(dims, ",", [](std::string* out, const Dim& dim) {
    out->append(dim.ToString());
  });
}

}  // namespace

bool operator==(const Quantization& a, const Quantization& b) {
  return SameBits(a.scales, b.scales) && a.zero_points == b.zero_points &&
         SameBits(a.float_zero_points, b.float_zero_points) && a.axis == b.axis;
}

std::optional<int64_t> TensorType::NumElements() const {
  // A size of zero makes the tensor empty, however large the others are.
  bool is_empty = false;
  for (const Dim& dim : shape) {
    if (!dim.is_number() || dim.number() < 0) return std::nullopt;
    is_empty |= dim.number() == 0;
  }
  if (is_empty) return 0;
  int64_t count = 1;
  for (const Dim& dim : shape) {
    if (__builtin_mul_overflow(count, dim.number(), &count)) {
      return std::nullopt;
    }
  }
  return count;
}

std::optional<int64_t> TensorType::NumBytes() const {
  const std::optional<int64_t> count = NumElements();
  if (!count.has_value()) return std::nullopt;
  int64_t bytes;
  if (__builtin_mul_overflow(*count, int64_t{DTypeBytes(dtype)}, &bytes)) {
    return std::nullopt;
  }
  return bytes;
}

std::string TensorType::ToString() const {
  std::string text =
      absl::StrCat(DTypeName(dtype), "[", DimsToString(shape), "]");
  if (!strides.empty()) {
    absl::StrAppend(&text, "{", DimsToString(strides), "}");
  }
  if (quantization.has_value()) {
    const Quantization& q = *quantization;
    absl::StrAppend(
        &text, " quantized(scales=", Attribute::Floats(q.scales).ToString(),
        ", zero_points=", Attribute::Ints(q.zero_points).ToString());
    if (!q.float_zero_points.empty()) {
      absl::StrAppend(&text, ", float_zero_points=",
                      Attribute::Floats(q.float_zero_points).ToString());
    }
    if (q.axis.has_value()) absl::StrAppend(&text, ", axis=", *q.axis);
    text.append(")");
  }
  return text;
}

bool operator==(const TensorType& a, const TensorType& b) {
  return a.dtype == b.dtype && a.shape == b.shape && a.strides == b.strides &&
         a.quantization == b.quantization;
}

Bytes Bytes::FromString(std::string data) {
  auto owner = std::make_shared<const std::string>(std::move(data));
  const absl::string_view view = *owner;
  return Bytes(view, std::move(owner));
}

bool operator==(const Weights& a, const Weights& b) {
  return a.name == b.name && a.aliases == b.aliases && a.role == b.role &&
         a.type == b.type && a.data.data() == b.data.data();
}

}  // namespace flextorchir
