#ifndef FLEXTORCHIR_CONVERTER_PASSES_FOLD_CONSTANTS_H_
#define FLEXTORCHIR_CONVERTER_PASSES_FOLD_CONSTANTS_H_

#include <functional>

#include "flextorchir/converter/capture/functionalize.h"

namespace flextorchir {

struct FoldOptions {
  // Replace layers by constants. Without it only what nobody reads goes.
  bool fold = true;
  // Whether layers of this module call stay as they are: those of explicit
  // composites do.
  std::function<bool(ScopeId)> keep;
};

// Folds what depends on no input, no changing state and no random operator into
// constants: attention masks, position grids, arithmetic on parameters. The
// constants are computed by the reference evaluator, from the layers alone.
//
//  * `x.new_zeros(...)` and its like read the type of x, not its content.
//  * Views of parameters and buffers, and `expand`, stay layers: they cost
//    nothing, and parameters keep their names.
//  * Weights of a byte an element (int8, float8, quantised) stay what they are,
//    unless they are small.
//  * What follows a size that is a symbol (`torch.arange(x.shape[1])`) is no
//    constant.
//  * Operators outside torch's own libraries are never run again: they may do
//    more than compute.
//  * What another run has shown to vary (FunctionalGraph::Origin) stays.
//  * What depends on constants alone and is read by nobody (the shape
//  arithmetic
//    of traced models, whose results the program took as numbers) goes, also
//    without `fold`.
//
// docs/design/constant-folding.md has the reasons. A layer whose operator fails
// or gives another type than was recorded stays.
void FoldConstants(const FoldOptions& options, FunctionalGraph* graph);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_PASSES_FOLD_CONSTANTS_H_
