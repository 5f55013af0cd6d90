#ifndef FLEXTORCHIR_TORCH_BRIDGE_TENSOR_H_
#define FLEXTORCHIR_TORCH_BRIDGE_TENSOR_H_

#include <optional>
#include <string>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "c10/core/ScalarType.h"
#include "c10/util/ArrayRef.h"
#include "flextorchir/ir/dtype.h"
#include "flextorchir/ir/weights.h"

namespace flextorchir {

// Dtypes, both ways. ToScalarType never fails: every DType is one of torch's.
c10::ScalarType ToScalarType(DType dtype);
std::optional<DType> ToDType(c10::ScalarType type);

// The type of a tensor that lies in memory like this; strides are left out
// where they are those of row-major order (those of sizes 0 and 1 do not
// count).
TensorType StridedType(DType dtype, c10::IntArrayRef sizes,
                       c10::IntArrayRef strides);

// The type of a strided tensor: numeric shape, strides where it is not
// contiguous (sizes of 0 and 1 do not count), quantisation parameters.
// Errors: kUnimplemented for layouts that are not strided (sparse, nested,
// ...).
absl::StatusOr<TensorType> TypeOf(const at::Tensor& tensor);

// A tensor over the bytes of `weights`, which it keeps alive: nothing is copied
// if the type is contiguous and the data aligned as torch aligns it, on which
// last bits depend; otherwise the tensor is laid out anew, with the recorded
// strides. Never write to the result.
// Errors: kInvalidArgument for a symbolic type or missing data.
absl::StatusOr<at::Tensor> ToTensor(const Weights& weights);

// The other direction. A contiguous CPU tensor is shared (its storage is kept
// alive), any other is copied once into row-major order.
// Errors: as TypeOf.
absl::StatusOr<Weights> ToWeights(std::string name, Weights::Role role,
                                  const at::Tensor& tensor);

// `tensor` with these strides: itself if it has them already (where sizes make
// them count), else a copy; itself too where the strides overlap (expanded
// tensors) and only the operator can make them.
at::Tensor WithStrides(const at::Tensor& tensor, const TensorType& type);

// Whether two tensors have the same dtype, shape and, row by row, the same
// bytes (NaN equals the same NaN).
bool BitIdentical(const at::Tensor& a, const at::Tensor& b);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_TORCH_BRIDGE_TENSOR_H_
