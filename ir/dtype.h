#ifndef FLEXTORCHIR_IR_DTYPE_H_
#define FLEXTORCHIR_IR_DTYPE_H_

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace flextorchir {

// The element type of a tensor. Every dtype torch has keeps a code of its own,
// so that nothing is lost on the way to a file. The numbers are written to
// files: append, never renumber.
//
// Names (`DTypeName`) are the short ones of the command line and the text form:
// "f32", "i64", "bf16", "f8_e4m3fn", "qu8", ...
enum class DType : uint8_t {
  kBool = 0,
  kUInt8 = 1,
  kInt8 = 2,
  kInt16 = 3,
  kInt32 = 4,
  kInt64 = 5,
  kFloat16 = 6,
  kFloat32 = 7,
  kFloat64 = 8,
  kBFloat16 = 9,
  kComplex32 = 10,
  kComplex64 = 11,
  kComplex128 = 12,
  kUInt16 = 13,
  kUInt32 = 14,
  kUInt64 = 15,
  kFloat8E5M2 = 16,
  kFloat8E4M3FN = 17,
  kFloat8E5M2FNUZ = 18,
  kFloat8E4M3FNUZ = 19,
  kFloat8E8M0FNU = 20,
  kFloat4E2M1FNx2 = 21,  // two elements in a byte, counted as torch counts
  kQInt8 = 22,
  kQUInt8 = 23,
  kQInt32 = 24,
  kQUInt4x2 = 25,
  kQUInt2x4 = 26,
  kBits8 = 27,
  kBits16 = 28,
  kBits1x8 = 29,
  kBits2x4 = 30,
  kBits4x2 = 31,
  kUInt1 = 32,
  kUInt2 = 33,
  kUInt3 = 34,
  kUInt4 = 35,
  kUInt5 = 36,
  kUInt6 = 37,
  kUInt7 = 38,
  kInt1 = 39,
  kInt2 = 40,
  kInt3 = 41,
  kInt4 = 42,
  kInt5 = 43,
  kInt6 = 44,
  kInt7 = 45,
};

inline constexpr int kNumDTypes = 46;

// One row of the dtype table.
struct DTypeInfo {
  DType dtype;
  absl::string_view name;              // "f32"
  absl::string_view torch_name;        // "float32", as in `torch.float32`
  absl::string_view safetensors_name;  // "F32"; for a dtype that safetensors
                                       // cannot name, "U8" or "I8"
  int bytes;                           // of one element, as torch stores it
};

// All dtypes, in the order of their codes.
absl::Span<const DTypeInfo> DTypes();

// The row of `dtype`, which must be one of the enumerators.
const DTypeInfo& GetDTypeInfo(DType dtype);

// The dtype with this code, or nothing: for readers of files.
std::optional<DType> DTypeFromCode(int64_t code);

// Accepts the short name ("f32") and torch's ("float32", "torch.float32").
std::optional<DType> DTypeFromName(absl::string_view name);

inline absl::string_view DTypeName(DType dtype) {
  return GetDTypeInfo(dtype).name;
}

inline int DTypeBytes(DType dtype) { return GetDTypeInfo(dtype).bytes; }

}  // namespace flextorchir

#endif  // FLEXTORCHIR_IR_DTYPE_H_
