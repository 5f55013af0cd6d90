#include "flextorchir/converter/names.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "flextorchir/converter/passes/graph_walk.h"
#include "flextorchir/converter/passes/unique_names.h"

namespace flextorchir {
namespace {

// "add" for "aten::add_.Tensor", "convolution" for "aten::_convolution".
std::string OperatorName(absl::string_view op) {
  const size_t colons = op.rfind("::");
  if (colons != absl::string_view::npos) op.remove_prefix(colons + 2);
  op = op.substr(0, op.find('.'));
  absl::string_view name = op;
  while (!name.empty() && name.front() == '_') name.remove_prefix(1);
  while (!name.empty() && name.back() == '_') name.remove_suffix(1);
  return std::string(name.empty() ? op : name);
}

// "soft_arg_max" for "SoftArgMax", "lstm" for "LSTM", "mha_block" for
// "MHABlock".
std::string SnakeCase(absl::string_view kind) {
  const auto is_upper = [&](size_t i) {
    return i < kind.size() &&
           absl::ascii_isupper(static_cast<unsigned char>(kind[i]));
  };
  const auto is_lower = [&](size_t i) {
    return i < kind.size() &&
           absl::ascii_islower(static_cast<unsigned char>(kind[i]));
  };
  std::string snake;
  for (size_t i = 0; i < kind.size(); ++i) {
    if (i > 0 && is_upper(i) &&
        (is_lower(i - 1) || (is_upper(i - 1) && is_lower(i + 1)))) {
      snake += '_';
    }
    snake += absl::ascii_tolower(static_cast<unsigned char>(kind[i]));
  }
  return snake;
}

std::string ShortName(const Layer& layer) {
  return layer.bodies.empty() ? OperatorName(layer.kind)
                              : SnakeCase(layer.kind);
}

void NameLayersOf(absl::Span<const ModuleScope> scopes,
                  const std::vector<ScopeId>& layer_scopes, Graph* graph) {
  // How many layers ran in each module call, and in the calls within it.
  std::vector<int64_t> layers_in(scopes.size());
  // Without module calls, the path comes from the parameters a layer reads.
  std::map<std::string, int64_t> layers_at;
  for (size_t i = 0; i < graph->layers.size(); ++i) {
    for (ScopeId s = layer_scopes[i]; s != kAbsent; s = scopes[s].parent) {
      ++layers_in[s];
    }
    ++layers_at[graph->layers[i].source().module_path];
  }
  std::vector<std::string> wanted;
  for (size_t i = 0; i < graph->layers.size(); ++i) {
    const Layer& layer = graph->layers[i];
    const ScopeId scope = layer_scopes[i];
    const std::string& path = layer.source().module_path;
    const bool alone = path == scopes[scope].path ? layers_in[scope] == 1
                                                  : layers_at[path] == 1;
    if (path.empty()) {
      wanted.push_back(ShortName(layer));
    } else if (alone) {
      wanted.push_back(path);
    } else {
      wanted.push_back(absl::StrCat(path, ".", ShortName(layer)));
    }
  }
  UniqueNames names;
  for (const std::string& name : wanted) names.Reserve(name);
  for (size_t i = 0; i < graph->layers.size(); ++i) {
    graph->layers[i].name = names.Make(wanted[i]);
  }
}

// What an argument or result of a layer is called: "weight", "tensors.0".
std::vector<std::string> SlotNames(const std::vector<Slot>& slots,
                                   absl::string_view separator) {
  std::vector<std::string> names;
  for (const Slot& slot : slots) {
    for (size_t i = 0; i < slot.values.size(); ++i) {
      if (slot.values[i] == kAbsent) continue;
      names.push_back(slot.is_list ? absl::StrCat(slot.name, separator, i)
                                   : slot.name);
    }
  }
  return names;
}

void NameResults(const Layer& layer, UniqueNames* names, Graph* graph) {
  const std::vector<ValueId> values = PresentValues(layer.outputs);
  const std::vector<std::string> slot_names = SlotNames(layer.outputs, ":");
  const bool one_list = layer.outputs.size() == 1 && layer.outputs[0].is_list;
  for (size_t i = 0; i < values.size(); ++i) {
    std::string name = layer.name;
    if (one_list) {
      absl::StrAppend(&name,
                      slot_names[i].substr(layer.outputs[0].name.size()));
    } else if (values.size() > 1) {
      absl::StrAppend(&name, ".", slot_names[i]);
    }
    graph->values[values[i]].name = names->Make(name);
  }
}

void NameWeights(Model* model) {
  UniqueNames names;
  for (const Weights& weights : model->weights) {
    if (weights.role == Weights::Role::kConstant) continue;
    names.Make(weights.name);
    for (const std::string& alias : weights.aliases) names.Make(alias);
  }
  for (Weights& weights : model->weights) {
    if (weights.role != Weights::Role::kConstant) continue;
    weights.name = names.Make(weights.name.empty() ? std::string("constant")
                                                   : weights.name);
  }
}

}  // namespace

void NameLayers(absl::Span<const ModuleScope> scopes,
                const LayerScopes& layer_scopes, Model* model) {
  for (size_t g = 0; g < model->graphs.size(); ++g) {
    NameLayersOf(scopes, layer_scopes[g], &model->graphs[g]);
  }
}

void NameValues(absl::Span<const std::string> input_names, Model* model) {
  NameWeights(model);
  std::vector<std::vector<std::string>> names_of_inputs(model->graphs.size());
  names_of_inputs[0].assign(input_names.begin(), input_names.end());
  UniqueNames graph_names;
  for (size_t g = 0; g < model->graphs.size(); ++g) {
    Graph& graph = model->graphs[g];
    graph.name = graph_names.Make(graph.name);
    UniqueNames names;
    for (size_t i = 0; i < graph.inputs.size(); ++i) {
      graph.values[graph.inputs[i]].name = names.Make(names_of_inputs[g][i]);
    }
    for (Value& value : graph.values) {
      if (value.weights == kAbsent) continue;
      value.name = names.Make(model->weights[value.weights].name);
    }
    for (const Layer& layer : graph.layers) {
      NameResults(layer, &names, &graph);
      // Bodies stand behind the graph of the layer they belong to.
      for (const auto& [role, body] : layer.bodies) {
        names_of_inputs[body] = SlotNames(layer.inputs, ".");
        model->graphs[body].name = layer.name;
      }
    }
  }
}

}  // namespace flextorchir
