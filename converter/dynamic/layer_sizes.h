#ifndef FLEXTORCHIR_CONVERTER_DYNAMIC_LAYER_SIZES_H_
#define FLEXTORCHIR_CONVERTER_DYNAMIC_LAYER_SIZES_H_

#include <vector>

#include "flextorchir/converter/dynamic/solve_size.h"
#include "flextorchir/ir/dim.h"
#include "flextorchir/ir/graph.h"

namespace flextorchir {

// What the operator of a layer says that the sizes of its results are, by axis:
// the window of a convolution or pool over its input, the sum of what is
// concatenated, the sizes that are asked for. Only a guess: whoever takes one
// checks it against the runs. Axes of which nothing is known have none.
std::vector<std::vector<Dim>> LikelySizes(const Graph& graph,
                                          const Layer& layer,
                                          SizeSolver* solver);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_DYNAMIC_LAYER_SIZES_H_
