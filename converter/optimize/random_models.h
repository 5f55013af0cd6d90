#ifndef FLEXTORCHIR_CONVERTER_OPTIMIZE_RANDOM_MODELS_H_
#define FLEXTORCHIR_CONVERTER_OPTIMIZE_RANDOM_MODELS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "ATen/core/ivalue.h"
#include "flextorchir/ir/graph.h"

namespace flextorchir {

// A small model of layers that passes rewrite, of layers that look like it, and
// of others in between. Made for tests; the same seed gives the same model.
struct RandomModel {
  Model model;                       // every layer has one source of its own
  std::vector<c10::IValue> inputs;   // of graphs[0]
  std::vector<c10::IValue> outputs;  // what ATen returned while it was made
};

// What most of the layers are.
enum class Focus {
  kNoOps,        // layers that do nothing, and the same kinds doing something
  kReshapes,     // chains of reshapes and permutations, with other readers
  kConstants,    // views of and arithmetic on parameters
  kBatchNorms,   // convolutions and linear layers with batch norms around
  kAffineGrids,  // affine grids with one or several samplings
  kEverything,
};

RandomModel MakeRandomModel(Focus focus, uint32_t seed);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_OPTIMIZE_RANDOM_MODELS_H_
