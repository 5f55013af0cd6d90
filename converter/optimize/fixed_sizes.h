#ifndef FLEXTORCHIR_CONVERTER_OPTIMIZE_FIXED_SIZES_H_
#define FLEXTORCHIR_CONVERTER_OPTIMIZE_FIXED_SIZES_H_

#include <vector>

#include "flextorchir/ir/graph.h"

namespace flextorchir {

// By graph and value: whether the recorded sizes hold in every run, as far as
// they are numbers or known expressions. They do not behind a layer whose sizes
// depend on data (Nonzero, an operator of the user's) or that computes with a
// number of the graph: there a recorded 1 is what it happened to be.
std::vector<std::vector<bool>> FixedSizes(const Model& model);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_OPTIMIZE_FIXED_SIZES_H_
