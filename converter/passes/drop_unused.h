#ifndef FLEXTORCHIR_CONVERTER_PASSES_DROP_UNUSED_H_
#define FLEXTORCHIR_CONVERTER_PASSES_DROP_UNUSED_H_

#include <vector>

#include "flextorchir/ir/graph.h"

namespace flextorchir {

// Removes what nothing refers to, and numbers the rest anew (values: inputs of
// the graph, weights, then results in the order of the layers):
//  * values that no layer writes and nobody reads; of several values bound to
//    the same weights, all but the first;
//  * weights that no value and no state output refers to;
//  * graphs that are no layer's body (DropUnusedGraphs).
// Layers stay. Returns, for graphs[0], the old id of each value, so that tables
// by value can follow.
std::vector<ValueId> DropUnused(Model* model);

// Removes the graphs that are no layer's body, and orders the others by the
// layers they belong to. Returns the old id of each graph.
std::vector<GraphId> DropUnusedGraphs(Model* model);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_PASSES_DROP_UNUSED_H_
