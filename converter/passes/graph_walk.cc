#include "flextorchir/converter/passes/graph_walk.h"

#include <cstdint>
#include <vector>

namespace flextorchir {

std::vector<ValueId> PresentValues(const std::vector<Slot>& slots) {
  std::vector<ValueId> values;
  for (const Slot& slot : slots) {
    for (ValueId value : slot.values) {
      if (value != kAbsent) values.push_back(value);
    }
  }
  return values;
}

std::vector<int32_t> WritersOf(const Graph& graph) {
  std::vector<int32_t> writers(graph.values.size(), kAbsent);
  for (size_t i = 0; i < graph.layers.size(); ++i) {
    for (ValueId value : PresentValues(graph.layers[i].outputs)) {
      writers[value] = static_cast<int32_t>(i);
    }
  }
  return writers;
}

}  // namespace flextorchir
