#include "flextorchir/converter/passes/inline_composites.h"

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "flextorchir/converter/passes/drop_unused.h"
#include "flextorchir/converter/passes/graph_walk.h"
#include "flextorchir/converter/passes/unique_names.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/layer_set.h"

namespace flextorchir {
namespace {

// Rebuilds one graph with the chosen composites dissolved.
class Inliner {
 public:
  Inliner(const Model& model, const std::function<bool(const Layer&)>& which,
          const Graph& graph)
      : model_(model), which_(which), graph_(graph) {
    for (const Value& value : graph.values) value_names_.Make(value.name);
    for (const Layer& layer : graph.layers) {
      if (!Dissolves(layer)) layer_names_.Make(layer.name);
    }
  }

  Graph Run() {
    std::vector<ValueId> same(graph_.values.size());
    for (size_t v = 0; v < same.size(); ++v) same[v] = static_cast<ValueId>(v);
    std::vector<Layer> layers = std::move(graph_.layers);
    graph_.layers.clear();
    Append(layers, /*top=*/true, &same);
    for (ValueId& output : graph_.outputs) output = same[output];
    return std::move(graph_);
  }

 private:
  bool Dissolves(const Layer& layer) const {
    if (layer.bodies.size() != 1 || layer.bodies.count("body") == 0) {
      return false;
    }
    return which_ ? which_(layer) : FindLayerKind(layer.kind) == nullptr;
  }

  // Appends layers of a graph whose values are `values` of this one. Where what
  // a composite returns is a value that was there before, `values` says so
  // afterwards.
  void Append(const std::vector<Layer>& layers, bool top,
              std::vector<ValueId>* values) {
    const auto move = [&](ValueId* value) { *value = (*values)[*value]; };
    for (const Layer& original : layers) {
      if (Dissolves(original)) {
        AppendBody(original, values);
        continue;
      }
      Layer layer = original;
      if (!top) layer.name = layer_names_.Make(layer.name);
      ForEachValue(&layer.inputs, move);
      ForEachValue(&layer.outputs, move);
      graph_.layers.push_back(std::move(layer));
    }
  }

  void AppendBody(const Layer& composite, std::vector<ValueId>* outer) {
    const Graph& body = model_.graphs[composite.bodies.at("body")];
    std::vector<ValueId> values(body.values.size(), kAbsent);
    const std::vector<ValueId> inputs = PresentValues(composite.inputs);
    const std::vector<ValueId> outputs = PresentValues(composite.outputs);
    for (size_t i = 0; i < inputs.size(); ++i) {
      values[body.inputs[i]] = (*outer)[inputs[i]];
    }
    // What the body makes and returns is what the composite returned.
    for (size_t i = 0; i < outputs.size(); ++i) {
      ValueId& value = values[body.outputs[i]];
      if (value == kAbsent) value = (*outer)[outputs[i]];
    }
    for (size_t v = 0; v < values.size(); ++v) {
      if (values[v] != kAbsent) continue;
      Value value = body.values[v];
      value.name = value_names_.Make(value.name);
      values[v] = graph_.AddValue(std::move(value));
    }
    Append(body.layers, /*top=*/false, &values);
    for (size_t i = 0; i < outputs.size(); ++i) {
      (*outer)[outputs[i]] = values[body.outputs[i]];
    }
  }

  const Model& model_;
  const std::function<bool(const Layer&)>& which_;
  Graph graph_;
  UniqueNames value_names_;
  UniqueNames layer_names_;
};

}  // namespace

void InlineComposites(Model* model,
                      const std::function<bool(const Layer&)>& which) {
  std::vector<Graph> graphs;
  for (const Graph& graph : model->graphs) {
    graphs.push_back(Inliner(*model, which, graph).Run());
  }
  model->graphs = std::move(graphs);
  DropUnused(model);
}

}  // namespace flextorchir
