// A company's own operators, for convert_test: a plain operator library.

#include "ATen/core/Tensor.h"
#include "ATen/ops/mul.h"
#include "ATen/ops/sigmoid.h"
#include "torch/library.h"

namespace {

at::Tensor Swish(const at::Tensor& input, double beta) {
  return at::mul(input, at::sigmoid(at::mul(input, beta)));
}

TORCH_LIBRARY(acme, library) {
  library.def("swish(Tensor input, float beta=1.0) -> Tensor", &Swish);
}

}  // namespace
