#ifndef FLEXTORCHIR_CONVERTER_OPTIMIZE_PERMUTATION_H_
#define FLEXTORCHIR_CONVERTER_OPTIMIZE_PERMUTATION_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "flextorchir/ir/graph.h"

namespace flextorchir {

// An order of dimensions: dimension i of the result is dimension order[i] of
// the input.
using Permutation = std::vector<int64_t>;

// The order that a layer brings the dimensions of `input` into; nothing if it
// does anything else (or nothing at all: kinds that only permute are Permute,
// Transpose, T, NumpyT, MT and Movedim), or if the order is computed.
std::optional<Permutation> PermutationOf(const Layer& layer,
                                         const TensorType& input);

bool IsIdentity(const Permutation& order);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_OPTIMIZE_PERMUTATION_H_
