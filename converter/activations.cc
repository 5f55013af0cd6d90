#include "flextorchir/converter/activations.h"

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "ATen/core/ivalue.h"
#include "flextorchir/ir/graph.h"

namespace flextorchir {

std::map<std::string, at::Tensor> AllActivations(const Conversion& conversion) {
  std::map<std::string, at::Tensor> activations = conversion.activations;
  const Graph& graph = conversion.model.main();
  const auto add = [&](const std::vector<ValueId>& ids,
                       const std::vector<c10::IValue>& contents) {
    for (size_t i = 0; i < contents.size(); ++i) {
      if (contents[i].isTensor() && contents[i].toTensor().defined()) {
        activations.emplace(graph.value(ids[i]).name, contents[i].toTensor());
      }
    }
  };
  add(graph.inputs, conversion.inputs);
  add(graph.outputs, conversion.outputs);
  return activations;
}

}  // namespace flextorchir
