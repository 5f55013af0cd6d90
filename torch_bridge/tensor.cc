#include "flextorchir/torch_bridge/tensor.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ATen/Functions.h"
#include "ATen/core/Tensor.h"
#include "ATen/quantized/QTensorImpl.h"
#include "ATen/quantized/Quantizer.h"
#include "ATen/record_function.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "c10/core/GradMode.h"
#include "c10/core/MemoryFormat.h"
#include "c10/core/ScalarType.h"
#include "c10/core/alignment.h"
#include "flextorchir/torch_bridge/error_message.h"

namespace flextorchir {
namespace {

// In the order of the codes of DType.
constexpr std::array<c10::ScalarType, kNumDTypes> kScalarTypes = {
    c10::ScalarType::Bool,
    c10::ScalarType::Byte,
    c10::ScalarType::Char,
    c10::ScalarType::Short,
    c10::ScalarType::Int,
    c10::ScalarType::Long,
    c10::ScalarType::Half,
    c10::ScalarType::Float,
    c10::ScalarType::Double,
    c10::ScalarType::BFloat16,
    c10::ScalarType::ComplexHalf,
    c10::ScalarType::ComplexFloat,
    c10::ScalarType::ComplexDouble,
    c10::ScalarType::UInt16,
    c10::ScalarType::UInt32,
    c10::ScalarType::UInt64,
    c10::ScalarType::Float8_e5m2,
    c10::ScalarType::Float8_e4m3fn,
    c10::ScalarType::Float8_e5m2fnuz,
    c10::ScalarType::Float8_e4m3fnuz,
    c10::ScalarType::Float8_e8m0fnu,
    c10::ScalarType::Float4_e2m1fn_x2,
    c10::ScalarType::QInt8,
    c10::ScalarType::QUInt8,
    c10::ScalarType::QInt32,
    c10::ScalarType::QUInt4x2,
    c10::ScalarType::QUInt2x4,
    c10::ScalarType::Bits8,
    c10::ScalarType::Bits16,
    c10::ScalarType::Bits1x8,
    c10::ScalarType::Bits2x4,
    c10::ScalarType::Bits4x2,
    c10::ScalarType::UInt1,
    c10::ScalarType::UInt2,
    c10::ScalarType::UInt3,
    c10::ScalarType::UInt4,
    c10::ScalarType::UInt5,
    c10::ScalarType::UInt6,
    c10::ScalarType::UInt7,
    c10::ScalarType::Int1,
    c10::ScalarType::Int2,
    c10::ScalarType::Int3,
    c10::ScalarType::Int4,
    c10::ScalarType::Int5,
    c10::ScalarType::Int6,
    c10::ScalarType::Int7,
};

// Conversions are not part of anything that is being recorded.
struct Quiet {
  at::RecordFunctionGuard do_not_record{/*is_enabled=*/false};
  c10::AutoGradMode no_grad{false};
};

absl::StatusOr<std::vector<int64_t>> Numbers(const std::vector<Dim>& dims) {
  std::vector<int64_t> numbers;
  for (const Dim& dim : dims) {
    if (!dim.is_number()) {
      return absl::InvalidArgumentError(
          absl::StrCat("the size ", dim.ToString(), " is not a number"));
    }
    numbers.push_back(dim.number());
  }
  return numbers;
}

absl::StatusOr<Quantization> QuantizationOf(const at::Tensor& tensor) {
  Quantization result;
  switch (tensor.qscheme()) {
    case at::kPerTensorAffine:
    case at::kPerTensorSymmetric:
      result.scales = {tensor.q_scale()};
      result.zero_points = {tensor.q_zero_point()};
      return result;
    case at::kPerChannelAffine:
    case at::kPerChannelSymmetric:
    case at::kPerChannelAffineFloatQParams: {
      result.axis = tensor.q_per_channel_axis();
      const at::Tensor scales =
          tensor.q_per_channel_scales().to(at::kDouble).contiguous();
      result.scales.assign(scales.const_data_ptr<double>(),
                           scales.const_data_ptr<double>() + scales.numel());
      const at::Tensor zeros = tensor.q_per_channel_zero_points();
      if (zeros.is_floating_point()) {
        const at::Tensor values = zeros.to(at::kDouble).contiguous();
        result.float_zero_points.assign(
            values.const_data_ptr<double>(),
            values.const_data_ptr<double>() + values.numel());
      } else {
        const at::Tensor values = zeros.to(at::kLong).contiguous();
        result.zero_points.assign(
            values.const_data_ptr<int64_t>(),
            values.const_data_ptr<int64_t>() + values.numel());
      }
      return result;
    }
    default:
      return absl::UnimplementedError("a quantisation scheme without a name");
  }
}

// Dtypes that hold several quantised elements in a byte; torch packs them row
// by row, so that the size of their memory does not follow from the shape.
bool IsPacked(c10::ScalarType type) {
  return type == c10::kQUInt4x2 || type == c10::kQUInt2x4;
}

// A dtype of this size that every operator of torch can copy.
c10::ScalarType RawType(c10::ScalarType type) {
  switch (c10::elementSize(type)) {
    case 1:
      return c10::kByte;
    case 2:
      return c10::kShort;
    case 4:
      return c10::kInt;
    case 8:
      return c10::kLong;
    default:
      return c10::kComplexDouble;
  }
}

// Torch has no kernels at all for its integers of less than a byte.
bool CanBeCopied(c10::ScalarType type) {
  return !(type >= c10::ScalarType::UInt1 && type <= c10::ScalarType::UInt7) &&
         !(type >= c10::ScalarType::Int1 && type <= c10::ScalarType::Int7);
}

// The same memory under another dtype of the same size.
at::Tensor Reinterpret(const at::Tensor& tensor, c10::ScalarType type) {
  return at::from_blob(
      const_cast<void*>(tensor.const_data_ptr()), tensor.sizes(),
      tensor.strides(), [tensor](void*) {}, at::TensorOptions().dtype(type));
}

at::QuantizerPtr MakeQuantizer(const Quantization& q, c10::ScalarType dtype) {
  TORCH_CHECK(!q.scales.empty(), "it has no scale");
  if (!q.axis.has_value()) {
    return at::make_per_tensor_affine_quantizer(
        q.scales[0], q.zero_points.empty() ? 0 : q.zero_points[0], dtype);
  }
  const bool floats = !q.float_zero_points.empty();
  TORCH_CHECK(q.scales.size() ==
                  (floats ? q.float_zero_points.size() : q.zero_points.size()),
              "it has ", q.scales.size(),
              " scales and another number of zero points");
  const at::Tensor scales =
      at::tensor(q.scales, floats ? at::kFloat : at::kDouble);
  const at::Tensor zeros = floats ? at::tensor(q.float_zero_points, at::kFloat)
                                  : at::tensor(q.zero_points, at::kLong);
  return at::make_per_channel_affine_quantizer(scales, zeros, *q.axis, dtype);
}

// The memory of `integers` as a quantised tensor, laid out in the same way.
at::Tensor Quantized(const at::Tensor& integers, c10::ScalarType dtype,
                     at::QuantizerPtr quantizer) {
  at::Tensor result = at::detail::make_tensor<at::QTensorImpl>(
      c10::Storage(integers.storage()),
      c10::DispatchKeySet(c10::DispatchKey::QuantizedCPU),
      c10::scalarTypeToTypeMeta(dtype), std::move(quantizer));
  result.unsafeGetTensorImpl()->set_sizes_and_strides(
      integers.sizes(), integers.strides(), integers.storage_offset());
  return result;
}

// Whether torch takes such a tensor for a channels-last one. It decides what
// layout convolutions and pools give their results, and for sizes of 1 strides
// alone tell.
bool IsChannelsLast(c10::IntArrayRef sizes, c10::IntArrayRef strides) {
  return c10::is_channels_last_strides_2d(sizes, strides) ||
         c10::is_channels_last_strides_3d(sizes, strides);
}

// Whether elements lie at the same places.
bool SamePlaces(c10::IntArrayRef sizes, c10::IntArrayRef a,
                c10::IntArrayRef b) {
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] > 1 && a[i] != b[i]) return false;
  }
  return true;
}

// Whether no two elements can lie at the same place (and no stride is
// negative).
bool IsDistinct(c10::IntArrayRef sizes, c10::IntArrayRef strides) {
  std::vector<std::pair<int64_t, int64_t>> dims;  // stride, size
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] > 1) dims.emplace_back(strides[i], sizes[i]);
  }
  std::sort(dims.begin(), dims.end());
  int64_t reach = 0;
  for (const auto& [stride, size] : dims) {
    int64_t extent = 0;
    if (stride <= reach || __builtin_mul_overflow(stride, size - 1, &extent) ||
        __builtin_add_overflow(reach, extent, &reach)) {
      return false;
    }
  }
  return true;
}

std::vector<int64_t> RowMajorStrides(c10::IntArrayRef sizes) {
  std::vector<int64_t> strides(sizes.size());
  int64_t stride = 1;
  for (size_t i = sizes.size(); i-- > 0;) {
    strides[i] = stride;
    stride *= std::max<int64_t>(sizes[i], 1);
  }
  return strides;
}

}  // namespace

c10::ScalarType ToScalarType(DType dtype) {
  return kScalarTypes[static_cast<size_t>(dtype)];
}

std::optional<DType> ToDType(c10::ScalarType type) {
  const auto place = std::find(kScalarTypes.begin(), kScalarTypes.end(), type);
  if (place == kScalarTypes.end()) return std::nullopt;
  return static_cast<DType>(place - kScalarTypes.begin());
}

TensorType StridedType(DType dtype, c10::IntArrayRef sizes,
                       c10::IntArrayRef strides) {
  TensorType type;
  type.dtype = dtype;
  type.shape.assign(sizes.begin(), sizes.end());
  const bool empty = std::find(sizes.begin(), sizes.end(), 0) != sizes.end();
  if (!empty && strides.size() == sizes.size() &&
      (!SamePlaces(sizes, strides, RowMajorStrides(sizes)) ||
       IsChannelsLast(sizes, strides))) {
    type.strides.assign(strides.begin(), strides.end());
  }
  return type;
}

absl::StatusOr<TensorType> TypeOf(const at::Tensor& tensor) {
  if (!tensor.defined()) {
    return absl::UnimplementedError("an undefined tensor");
  }
  if (tensor.layout() != c10::kStrided || tensor.is_nested()) {
    return absl::UnimplementedError(
        absl::StrCat("a tensor of layout ",
                     tensor.is_nested() ? "nested" : c10::str(tensor.layout()),
                     "; only strided tensors have a type"));
  }
  const auto dtype = ToDType(tensor.scalar_type());
  if (!dtype.has_value()) {
    return absl::UnimplementedError(absl::StrCat(
        "a tensor of dtype ", c10::toString(tensor.scalar_type())));
  }
  try {
    TensorType type = StridedType(*dtype, tensor.sizes(), tensor.strides());
    if (tensor.is_quantized()) {
      Quiet quiet;
      absl::StatusOr<Quantization> quantization = QuantizationOf(tensor);
      if (!quantization.ok()) return quantization.status();
      type.quantization = *std::move(quantization);
    }
    return type;
  } catch (const std::exception& error) {
    // Symbolic sizes, wrappers that hide theirs.
    return absl::UnimplementedError(
        absl::StrCat("a tensor without a fixed type: ", ErrorMessage(error)));
  }
}

absl::StatusOr<at::Tensor> ToTensor(const Weights& weights) {
  const absl::StatusOr<std::vector<int64_t>> sizes =
      Numbers(weights.type.shape);
  if (!sizes.ok()) return sizes.status();
  const std::optional<int64_t> bytes = weights.type.NumBytes();
  if (!bytes.has_value() ||
      static_cast<uint64_t>(*bytes) != weights.data.size()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "weights \"", weights.name, "\" of type ", weights.type.ToString(),
        " have ", weights.data.size(), " bytes of data"));
  }
  const c10::ScalarType dtype = ToScalarType(weights.type.dtype);
  if (IsPacked(dtype)) {
    return absl::UnimplementedError(
        absl::StrCat("weights \"", weights.name, "\" are of the packed dtype ",
                     DTypeName(weights.type.dtype)));
  }
  try {
    Quiet quiet;
    const bool quantized = weights.type.quantization.has_value();
    const auto options =
        at::TensorOptions().dtype(quantized ? RawType(dtype) : dtype);
    const char* data = weights.data.data().data();
    at::Tensor tensor;
    // As torch's own allocator aligns: some kernels (gemv) give other last bits
    // for memory that is aligned less.
    if (*bytes > 0 &&
        reinterpret_cast<uintptr_t>(data) % c10::gAlignment == 0) {
      tensor = at::from_blob(
          const_cast<char*>(data), *sizes,
          [owner = weights.data.owner()](void*) {}, options);
    } else {
      tensor = at::empty(*sizes, options);
      if (*bytes > 0) std::memcpy(tensor.data_ptr(), data, *bytes);
    }
    tensor = WithStrides(tensor, weights.type);
    if (!quantized) return tensor;
    return Quantized(tensor, dtype,
                     MakeQuantizer(*weights.type.quantization, dtype));
  } catch (const std::exception& error) {
    return absl::InvalidArgumentError(absl::StrCat(
        "weights \"", weights.name, "\" are no tensor: ", ErrorMessage(error)));
  }
}

absl::StatusOr<Weights> ToWeights(std::string name, Weights::Role role,
                                  const at::Tensor& tensor) {
  absl::StatusOr<TensorType> type = TypeOf(tensor);
  if (!type.ok()) {
    return absl::Status(
        type.status().code(),
        absl::StrCat("weights \"", name, "\": ", type.status().message()));
  }
  if (IsPacked(tensor.scalar_type())) {
    return absl::UnimplementedError(absl::StrCat("weights \"", name,
                                                 "\" are of the packed dtype ",
                                                 DTypeName(type->dtype)));
  }
  try {
    Quiet quiet;
    at::Tensor plain = tensor.resolve_conj().resolve_neg().detach();
    if (plain._is_zerotensor()) plain = plain.clone();
    plain = plain.to(at::kCPU);
    if (!plain.is_contiguous()) {
      plain = Reinterpret(plain, RawType(plain.scalar_type())).contiguous();
    }
    Weights weights;
    weights.name = std::move(name);
    weights.role = role;
    weights.type = *std::move(type);
    const absl::string_view data(
        static_cast<const char*>(plain.const_data_ptr()), plain.nbytes());
    weights.data = Bytes(data, std::make_shared<at::Tensor>(plain));
    return weights;
  } catch (const std::exception& error) {
    return absl::UnimplementedError(
        absl::StrCat("weights \"", name, "\": ", ErrorMessage(error)));
  }
}

at::Tensor WithStrides(const at::Tensor& tensor, const TensorType& type) {
  if (tensor.layout() != c10::kStrided || tensor.dim() == 0) return tensor;
  const c10::IntArrayRef sizes = tensor.sizes();
  std::vector<int64_t> strides;
  if (type.strides.empty()) {
    strides = RowMajorStrides(sizes);
  } else {
    const absl::StatusOr<std::vector<int64_t>> numbers = Numbers(type.strides);
    if (!numbers.ok() || numbers->size() != sizes.size()) return tensor;
    strides = *numbers;
  }
  const bool same_places = SamePlaces(sizes, tensor.strides(), strides);
  if (same_places && IsChannelsLast(sizes, tensor.strides()) ==
                         IsChannelsLast(sizes, strides)) {
    return tensor;
  }
  const c10::ScalarType dtype = tensor.scalar_type();
  const bool is_plain = !tensor.is_quantized() && CanBeCopied(dtype);
  if (same_places && is_plain) return tensor.as_strided(sizes, strides);
  // Elements on top of each other: only the operator can make such a tensor.
  if (!IsDistinct(sizes, strides)) return tensor;
  // Where somebody records, this copy is seen: it is part of the dataflow.
  if (is_plain) {
    at::Tensor result = at::empty_strided(sizes, strides, tensor.options());
    return result.copy_(tensor);
  }
  if (IsPacked(dtype)) return tensor;
  Quiet quiet;
  const at::Tensor raw = Reinterpret(tensor, RawType(dtype));
  at::Tensor copy = at::empty_strided(sizes, strides, raw.options());
  copy.copy_(raw);
  if (!tensor.is_quantized()) return Reinterpret(copy, dtype);
  return Quantized(copy, dtype, at::get_qtensorimpl(tensor)->quantizer());
}

bool BitIdentical(const at::Tensor& a, const at::Tensor& b) {
  if (!a.defined() || !b.defined()) return a.defined() == b.defined();
  if (a.scalar_type() != b.scalar_type() || a.sizes() != b.sizes()) {
    return false;
  }
  const absl::StatusOr<Weights> left =
      ToWeights("", Weights::Role::kConstant, a);
  const absl::StatusOr<Weights> right =
      ToWeights("", Weights::Role::kConstant, b);
  if (!left.ok() || !right.ok()) return false;
  return left->type.quantization.has_value() ==
             right->type.quantization.has_value() &&
         (!left->type.quantization.has_value() ||
          *left->type.quantization == *right->type.quantization) &&
         left->data.data() == right->data.data();
}

}  // namespace flextorchir
