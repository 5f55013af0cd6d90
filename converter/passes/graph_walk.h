#ifndef FLEXTORCHIR_CONVERTER_PASSES_GRAPH_WALK_H_
#define FLEXTORCHIR_CONVERTER_PASSES_GRAPH_WALK_H_

#include <cstdint>
#include <vector>

#include "flextorchir/ir/graph.h"

namespace flextorchir {

// Walks that every pass needs. Visitors are given the present values only, and
// may change them: they take a `ValueId*`.

template <typename Visit>
void ForEachValue(std::vector<Slot>* slots, const Visit& visit) {
  for (Slot& slot : *slots) {
    for (ValueId& value : slot.values) {
      if (value != kAbsent) visit(&value);
    }
  }
}

// The present values of slots, in order.
std::vector<ValueId> PresentValues(const std::vector<Slot>& slots);

// Where values are read: inputs of layers and the graph's outputs.
template <typename Visit>
void ForEachRead(Graph* graph, const Visit& visit) {
  for (Layer& layer : graph->layers) ForEachValue(&layer.inputs, visit);
  for (ValueId& output : graph->outputs) {
    if (output != kAbsent) visit(&output);
  }
}

// Where values are written: the graph's inputs and outputs of layers. (Values
// bound to weights are not written by anything.)
template <typename Visit>
void ForEachWrite(Graph* graph, const Visit& visit) {
  for (ValueId& input : graph->inputs) visit(&input);
  for (Layer& layer : graph->layers) ForEachValue(&layer.outputs, visit);
}

// By value: the number of the layer that writes it, or kAbsent.
std::vector<int32_t> WritersOf(const Graph& graph);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_PASSES_GRAPH_WALK_H_
