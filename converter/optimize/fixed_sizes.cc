#include "flextorchir/converter/optimize/fixed_sizes.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "flextorchir/converter/passes/graph_walk.h"
#include "flextorchir/ir/layer_set.h"
#include "flextorchir/torch_bridge/free_sizes.h"
#include "flextorchir/torch_bridge/operator_call.h"

namespace flextorchir {
namespace {

class Walk {
 public:
  explicit Walk(const Model& model) : model_(model) {
    for (const Graph& graph : model.graphs) {
      fixed_.emplace_back(graph.values.size(), true);
    }
  }

  std::vector<std::vector<bool>> Run() {
    WalkGraph(0);
    return std::move(fixed_);
  }

 private:
  void WalkGraph(GraphId id) {
    const Graph& graph = model_.graphs[id];
    for (const Layer& layer : graph.layers) {
      bool fixed = true;
      for (ValueId input : PresentValues(layer.inputs)) {
        fixed = fixed && fixed_[id][input] &&
                graph.value(input).tensor() != nullptr;
      }
      fixed = WalkBodies(layer, fixed) && fixed && !IsFree(layer);
      if (fixed) continue;
      for (ValueId output : PresentValues(layer.outputs)) {
        fixed_[id][output] = false;
      }
    }
  }

  // Whether what the layer's bodies return is fixed.
  bool WalkBodies(const Layer& layer, bool inputs_fixed) {
    bool fixed = true;
    for (const auto& [role, body] : layer.bodies) {
      const Graph& graph = model_.graphs[body];
      for (ValueId input : graph.inputs) fixed_[body][input] = inputs_fixed;
      WalkGraph(body);
      for (ValueId output : graph.outputs) {
        fixed = fixed && fixed_[body][output];
      }
    }
    return fixed;
  }

  bool IsFree(const Layer& layer) {
    const bool is_standard = FindLayerKind(layer.kind) != nullptr;
    // A composite is what its body is.
    if (!is_standard && layer.target.empty()) return layer.bodies.empty();
    const std::string& name = is_standard ? layer.kind : layer.target;
    const auto [place, is_new] = free_.try_emplace(name);
    if (is_new) {
      if (is_standard) {
        place->second = KindHasFreeSizes(name);
      } else {
        const auto op = FindOperator(name);
        place->second = !op.has_value() || HasFreeSizes(*op);
      }
    }
    return place->second;
  }

  const Model& model_;
  std::vector<std::vector<bool>> fixed_;
  absl::flat_hash_map<std::string, bool> free_;
};

}  // namespace

std::vector<std::vector<bool>> FixedSizes(const Model& model) {
  return Walk(model).Run();
}

}  // namespace flextorchir
