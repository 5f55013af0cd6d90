// A user's operator library, as torch.ops.load_library opens it.

#include <cstdint>
#include <tuple>

#include "ATen/core/Tensor.h"
#include "ATen/ops/cos.h"
#include "ATen/ops/sigmoid.h"
#include "ATen/ops/sin.h"
#include "torch/library.h"

namespace {

at::Tensor Swish(const at::Tensor& x, double beta) {
  return x.mul(at::sigmoid(x.mul(beta)));
}

// Says that it writes.
at::Tensor& AddInPlace(at::Tensor& x, const at::Tensor& y) { return x.add_(y); }

// Writes, and does not say so.
at::Tensor Sneaky(const at::Tensor& x) {
  x.data_ptr<float>()[0] += 1;
  x.unsafeGetTensorImpl()->bump_version();
  return x.add(1);
}

std::tuple<at::Tensor, at::Tensor> SinCos(const at::Tensor& x) {
  return {at::sin(x), at::cos(x)};
}

int64_t CountPositive(const at::Tensor& x) {
  return x.gt(0).sum().item().toLong();
}

}  // namespace

TORCH_LIBRARY(awkward, library) {
  library.def("swish(Tensor x, float beta=1.) -> Tensor", Swish);
  library.def("add_(Tensor(a!) x, Tensor y) -> Tensor(a!)", AddInPlace);
  library.def("sneaky(Tensor x) -> Tensor", Sneaky);
  library.def("sincos(Tensor x) -> (Tensor, Tensor)", SinCos);
  library.def("count_positive(Tensor x) -> int", CountPositive);
}
