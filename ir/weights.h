#ifndef FLEXTORCHIR_IR_WEIGHTS_H_
#define FLEXTORCHIR_IR_WEIGHTS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "flextorchir/ir/dim.h"
#include "flextorchir/ir/dtype.h"

namespace flextorchir {

// How the integers of a quantised tensor stand for real numbers:
// real = (integer - zero_point) * scale, per tensor (one scale) or per channel
// of `axis` (one scale a channel). Zero points of float-parameter schemes
// (torch.per_channel_affine_float_qparams) are kept as `float_zero_points`.
struct Quantization {
  std::vector<double> scales;
  std::vector<int64_t> zero_points;
  std::vector<double> float_zero_points;
  std::optional<int64_t> axis;  // absent: per tensor

  friend bool operator==(const Quantization& a, const Quantization& b);
};

// The type of a tensor: element type, shape, and memory layout.
struct TensorType {
  DType dtype = DType::kFloat32;
  std::vector<Dim> shape;  // empty: a tensor with no dimensions
  // In elements; empty when the tensor is contiguous in row-major order. What
  // is written to files is always row-major: strides say how the original lay
  // in memory, which decides the last bits of some operators.
  std::vector<Dim> strides;
  std::optional<Quantization> quantization;

  // The number of elements, or nothing where a dimension is symbolic or the
  // product overflows.
  std::optional<int64_t> NumElements() const;
  // The size of the row-major bytes, likewise.
  std::optional<int64_t> NumBytes() const;
  // "f32[1,3,224,224]", with strides "f32[2,3]{1,2}".
  std::string ToString() const;

  friend bool operator==(const TensorType& a, const TensorType& b);
  friend bool operator!=(const TensorType& a, const TensorType& b) {
    return !(a == b);
  }
};

// A run of bytes somebody else owns (a tensor, a memory map, a string), kept
// alive by `owner`. Copying shares the bytes. Reading is thread-safe as long as
// nobody writes to the memory behind it.
class Bytes {
 public:
  Bytes() = default;
  Bytes(absl::string_view data, std::shared_ptr<const void> owner)
      : data_(data), owner_(std::move(owner)) {}
  static Bytes FromString(std::string data);

  absl::string_view data() const { return data_; }
  size_t size() const { return data_.size(); }
  const std::shared_ptr<const void>& owner() const { return owner_; }

 private:
  absl::string_view data_;
  std::shared_ptr<const void> owner_;
};

// A named tensor of constants: a parameter, a buffer, or a value that the
// capture found to be constant.
struct Weights {
  enum class Role : uint8_t { kParameter = 0, kBuffer = 1, kConstant = 2 };

  // Unique in the model: the parameter's own name, "layer1.0.conv1.weight".
  std::string name;
  // Further names of the same tensor (tied parameters), sorted.
  std::vector<std::string> aliases;
  Role role = Role::kParameter;
  TensorType type;  // fully numeric
  // Row-major, little-endian, `type.NumBytes()` long. Empty with `type` not
  // empty where the reader was asked to leave the data out.
  Bytes data;

  // Bytes are compared by content.
  friend bool operator==(const Weights& a, const Weights& b);
  friend bool operator!=(const Weights& a, const Weights& b) {
    return !(a == b);
  }
};

}  // namespace flextorchir

#endif  // FLEXTORCHIR_IR_WEIGHTS_H_
