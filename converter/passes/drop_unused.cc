#include "flextorchir/converter/passes/drop_unused.h"

#include <map>
#include <utility>
#include <vector>

#include "flextorchir/converter/passes/graph_walk.h"

namespace flextorchir {
namespace {

// Values of tied weights become one.
void MergeTied(Graph* graph) {
  std::map<WeightsId, ValueId> first;
  std::vector<ValueId> replacement(graph->values.size());
  for (ValueId v = 0; v < static_cast<ValueId>(replacement.size()); ++v) {
    replacement[v] = v;
    const Value& value = graph->values[v];
    if (value.weights == kAbsent) continue;
    const auto [place, is_new] = first.try_emplace(value.weights, v);
    if (!is_new && graph->values[place->second].type == value.type) {
      replacement[v] = place->second;
    }
  }
  ForEachRead(graph, [&](ValueId* value) { *value = replacement[*value]; });
}

std::vector<ValueId> DropValues(Graph* graph) {
  std::vector<bool> read(graph->values.size());
  ForEachRead(graph, [&](ValueId* value) { read[*value] = true; });
  std::vector<ValueId> old_ids;
  std::vector<ValueId> new_ids(graph->values.size(), kAbsent);
  const auto keep = [&](ValueId value) {
    if (new_ids[value] != kAbsent) return;
    new_ids[value] = static_cast<ValueId>(old_ids.size());
    old_ids.push_back(value);
  };
  for (ValueId input : graph->inputs) keep(input);
  for (size_t v = 0; v < read.size(); ++v) {
    if (read[v] && graph->values[v].weights != kAbsent) {
      keep(static_cast<ValueId>(v));
    }
  }
  ForEachWrite(graph, [&](ValueId* value) { keep(*value); });
  // Values that are read and never written are for `Verify` to find.
  ForEachRead(graph, [&](ValueId* value) { keep(*value); });

  std::vector<Value> values;
  for (ValueId old : old_ids) values.push_back(std::move(graph->values[old]));
  graph->values = std::move(values);
  const auto renumber = [&](ValueId* value) { *value = new_ids[*value]; };
  ForEachRead(graph, renumber);
  ForEachWrite(graph, renumber);
  return old_ids;
}

void DropWeights(Model* model) {
  std::vector<bool> used(model->weights.size());
  const auto for_each_use = [&](const auto& visit) {
    for (Value& value : model->graphs[0].values) {
      if (value.weights != kAbsent) visit(&value.weights);
    }
    for (StateOutput& state : model->state_outputs) {
      if (state.weights != kAbsent) visit(&state.weights);
    }
  };
  for_each_use([&](WeightsId* id) { used[*id] = true; });
  std::vector<WeightsId> new_ids(used.size(), kAbsent);
  std::vector<Weights> weights;
  for (size_t w = 0; w < used.size(); ++w) {
    if (!used[w]) continue;
    new_ids[w] = static_cast<WeightsId>(weights.size());
    weights.push_back(std::move(model->weights[w]));
  }
  model->weights = std::move(weights);
  for_each_use([&](WeightsId* id) { *id = new_ids[*id]; });
}

}  // namespace

std::vector<GraphId> DropUnusedGraphs(Model* model) {
  std::vector<GraphId> new_ids(model->graphs.size(), kAbsent);
  std::vector<GraphId> kept = {0};
  new_ids[0] = 0;
  for (size_t i = 0; i < kept.size(); ++i) {
    for (const Layer& layer : model->graphs[kept[i]].layers) {
      for (const auto& [role, body] : layer.bodies) {
        if (new_ids[body] != kAbsent) continue;
        new_ids[body] = static_cast<GraphId>(kept.size());
        kept.push_back(body);
      }
    }
  }
  std::vector<Graph> graphs;
  for (GraphId id : kept) {
    graphs.push_back(std::move(model->graphs[id]));
    for (Layer& layer : graphs.back().layers) {
      for (auto& [role, body] : layer.bodies) body = new_ids[body];
    }
  }
  model->graphs = std::move(graphs);
  return kept;
}

std::vector<ValueId> DropUnused(Model* model) {
  DropUnusedGraphs(model);
  MergeTied(&model->graphs[0]);
  std::vector<ValueId> old_ids;
  for (size_t g = 0; g < model->graphs.size(); ++g) {
    std::vector<ValueId> ids = DropValues(&model->graphs[g]);
    if (g == 0) old_ids = std::move(ids);
  }
  DropWeights(model);
  return old_ids;
}

}  // namespace flextorchir
