#include "flextorchir/ir/dtype.h"

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/types/span.h"

namespace flextorchir {
namespace {

constexpr DTypeInfo kDTypes[] = {
    {DType::kBool, "bool", "bool", "BOOL", 1},
    {DType::kUInt8, "u8", "uint8", "U8", 1},
    {DType::kInt8, "i8", "int8", "I8", 1},
    {DType::kInt16, "i16", "int16", "I16", 2},
    {DType::kInt32, "i32", "int32", "I32", 4},
    {DType::kInt64, "i64", "int64", "I64", 8},
    {DType::kFloat16, "f16", "float16", "F16", 2},
    {DType::kFloat32, "f32", "float32", "F32", 4},
    {DType::kFloat64, "f64", "float64", "F64", 8},
    {DType::kBFloat16, "bf16", "bfloat16", "BF16", 2},
    {DType::kComplex32, "c32", "complex32", "U8", 4},
    {DType::kComplex64, "c64", "complex64", "C64", 8},
    {DType::kComplex128, "c128", "complex128", "U8", 16},
    {DType::kUInt16, "u16", "uint16", "U16", 2},
    {DType::kUInt32, "u32", "uint32", "U32", 4},
    {DType::kUInt64, "u64", "uint64", "U64", 8},
    {DType::kFloat8E5M2, "f8_e5m2", "float8_e5m2", "F8_E5M2", 1},
    {DType::kFloat8E4M3FN, "f8_e4m3fn", "float8_e4m3fn", "F8_E4M3", 1},
    {DType::kFloat8E5M2FNUZ, "f8_e5m2fnuz", "float8_e5m2fnuz", "F8_E5M2FNUZ",
     1},
    {DType::kFloat8E4M3FNUZ, "f8_e4m3fnuz", "float8_e4m3fnuz", "F8_E4M3FNUZ",
     1},
    // safetensors has F8_E8M0, but its loader for torch fails on the whole file
    // then; F4 counts elements otherwise than torch does.
    {DType::kFloat8E8M0FNU, "f8_e8m0fnu", "float8_e8m0fnu", "U8", 1},
    {DType::kFloat4E2M1FNx2, "f4_e2m1fn_x2", "float4_e2m1fn_x2", "U8", 1},
    {DType::kQInt8, "qi8", "qint8", "I8", 1},
    {DType::kQUInt8, "qu8", "quint8", "U8", 1},
    {DType::kQInt32, "qi32", "qint32", "U8", 4},
    {DType::kQUInt4x2, "qu4x2", "quint4x2", "U8", 1},
    {DType::kQUInt2x4, "qu2x4", "quint2x4", "U8", 1},
    {DType::kBits8, "bits8", "bits8", "U8", 1},
    {DType::kBits16, "bits16", "bits16", "U8", 2},
    {DType::kBits1x8, "bits1x8", "bits1x8", "U8", 1},
    {DType::kBits2x4, "bits2x4", "bits2x4", "U8", 1},
    {DType::kBits4x2, "bits4x2", "bits4x2", "U8", 1},
    {DType::kUInt1, "u1", "uint1", "U8", 1},
    {DType::kUInt2, "u2", "uint2", "U8", 1},
    {DType::kUInt3, "u3", "uint3", "U8", 1},
    {DType::kUInt4, "u4", "uint4", "U8", 1},
    {DType::kUInt5, "u5", "uint5", "U8", 1},
    {DType::kUInt6, "u6", "uint6", "U8", 1},
    {DType::kUInt7, "u7", "uint7", "U8", 1},
    {DType::kInt1, "i1", "int1", "I8", 1},
    {DType::kInt2, "i2", "int2", "I8", 1},
    {DType::kInt3, "i3", "int3", "I8", 1},
    {DType::kInt4, "i4", "int4", "I8", 1},
    {DType::kInt5, "i5", "int5", "I8", 1},
    {DType::kInt6, "i6", "int6", "I8", 1},
    {DType::kInt7, "i7", "int7", "I8", 1},
};
static_assert(sizeof(kDTypes) / sizeof(kDTypes[0]) == kNumDTypes,
              "a row for each dtype");

constexpr bool RowsAreInOrder() {
  for (int i = 0; i < kNumDTypes; ++i) {
    if (static_cast<int>(kDTypes[i].dtype) != i) return false;
  }
  return true;
}
static_assert(RowsAreInOrder(), "the row of a dtype is found by its code");

}  // namespace

absl::Span<const DTypeInfo> DTypes() { return kDTypes; }

const DTypeInfo& GetDTypeInfo(DType dtype) {
  return kDTypes[static_cast<int>(dtype)];
}

std::optional<DType> DTypeFromCode(int64_t code) {
  if (code < 0 || code >= kNumDTypes) return std::nullopt;
  return static_cast<DType>(code);
}

std::optional<DType> DTypeFromName(absl::string_view name) {
  const bool is_torch_only = absl::ConsumePrefix(&name, "torch.");
  for (const DTypeInfo& info : kDTypes) {
    if (name == info.torch_name || (!is_torch_only && name == info.name)) {
      return info.dtype;
    }
  }
  return std::nullopt;
}

}  // namespace flextorchir
