#ifndef FLEXTORCHIR_CONVERTER_PROBE_PERTURB_INPUTS_H_
#define FLEXTORCHIR_CONVERTER_PROBE_PERTURB_INPUTS_H_

#include <vector>

#include "absl/types/span.h"
#include "flextorchir/converter/frontends/frontend.h"

namespace flextorchir {

enum class Perturbation {
  kStrong,  // enough to turn most decisions
  kMild,    // a thousandth, for models that check their inputs
};

// The same arguments with other numbers: floating-point and complex tensors are
// replaced by copies in which every number is changed; integers, booleans and
// what is no tensor stay. Deterministic.
//
// Geometry, dtype, requires_grad, and memory that tensors share are as they
// were. The numbers stay plausible: a tensor keeps its range and the order of
// its numbers (a box's left side stays left of its right side), zeros stay
// where there are many or no two signs, NaN and infinities stay, and a tensor
// of zeros and ones, or of zeros and infinities, is a mask and stays. What
// changes is the distribution, so that the mean goes to the other side of the
// middle of the range (of zero, where there are both signs), and signs with it.
//
// Tensors over the memory of `state`, and those that are not plain memory of
// the CPU (quantised, sparse, subclasses), stay.
ModelInputs PerturbInputs(const ModelInputs& inputs,
                          absl::Span<const NamedTensor> state,
                          Perturbation perturbation);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_PROBE_PERTURB_INPUTS_H_
