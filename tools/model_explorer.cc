#include "flextorchir/tools/model_explorer.h"

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "flextorchir/ir/sink.h"
#include "flextorchir/tools/command_line.h"
#include "flextorchir/tools/layer_line.h"
#include "nlohmann/json.hpp"

namespace flextorchir {
namespace {

using Json = nlohmann::ordered_json;

// As in a diagram.
constexpr char kRed[] = "#f4a6a0";
constexpr char kRedLine[] = "#c0281c";
constexpr char kPaleRed[] = "#fbdad7";
constexpr char kAmber[] = "#ffd27f";
constexpr char kCompositeLine[] = "#4361a8";

constexpr absl::string_view kExtension = ".json";
// Model Explorer shows the values of nodes with these labels by their names.
constexpr char kInputsLabel[] = "GraphInputs";
constexpr char kOutputsLabel[] = "GraphOutputs";

// Names that are taken, each once.
class Names {
 public:
  std::string Take(const std::string& name) {
    std::string free = name;
    for (int i = 2; !taken_.insert(free).second; ++i) {
      free = absl::StrCat(name, " (", i, ")");
    }
    return free;
  }

 private:
  std::set<std::string> taken_;
};

// The ids of graphs and of their nodes.
class Ids {
 public:
  explicit Ids(const Model& model) {
    Names graphs;
    for (const Graph& graph : model.graphs) {
      graph_ids_.push_back(
          graphs.Take(graph.name.empty() ? "graph" : graph.name));
      Names nodes;
      std::vector<std::string>& ids = layer_ids_.emplace_back();
      for (const Layer& layer : graph.layers) {
        ids.push_back(nodes.Take(layer.name));
      }
      input_ids_.push_back(nodes.Take(kInputsLabel));
      output_ids_.push_back(nodes.Take(kOutputsLabel));
    }
  }

  const std::string& graph(size_t graph) const { return graph_ids_[graph]; }
  const std::string& layer(size_t graph, size_t layer) const {
    return layer_ids_[graph][layer];
  }
  const std::string& inputs(size_t graph) const { return input_ids_[graph]; }
  const std::string& outputs(size_t graph) const { return output_ids_[graph]; }

 private:
  std::vector<std::string> graph_ids_;
  std::vector<std::vector<std::string>> layer_ids_;
  std::vector<std::string> input_ids_;
  std::vector<std::string> output_ids_;
};

Json Pair(absl::string_view key, const std::string& value) {
  return {{"key", std::string(key)}, {"value", value}};
}

// The modules that a layer is in: "layer1/0/conv1". A module that is called
// again stands apart.
std::string Namespace(const Source& source) {
  std::string path =
      absl::StrReplaceAll(source.module_path, {{"/", "_"}, {".", "/"}});
  if (!path.empty() && source.call_index > 0) {
    absl::StrAppend(&path, " #", source.call_index);
  }
  return path;
}

// Whether a body of it, or of a layer in it, has a placeholder.
bool HasPlaceholderInside(const Model& model, const Layer& layer) {
  for (const auto& [role, body] : layer.bodies) {
    for (const Layer& inner : model.graphs[body].layers) {
      if (inner.kind == kPlaceholder || HasPlaceholderInside(model, inner)) {
        return true;
      }
    }
  }
  return false;
}

// One graph of the model.
class GraphWriter {
 public:
  GraphWriter(const Model& model, size_t number, const Ids& ids,
              const ModelExplorerOptions& options)
      : model_(model),
        graph_(model.graphs[number]),
        number_(number),
        ids_(ids),
        options_(options) {}

  Json Write() {
    Json nodes = Json::array();
    // Who makes what must be known before it is read.
    int64_t output = 0;
    for (ValueId id : graph_.inputs) {
      made_[id] = {ids_.inputs(number_), absl::StrCat(output++)};
    }
    for (size_t i = 0; i < graph_.layers.size(); ++i) {
      output = 0;
      for (const Slot& slot : graph_.layers[i].outputs) {
        for (ValueId id : slot.values) {
          if (id == kAbsent) continue;
          made_[id] = {ids_.layer(number_, i), absl::StrCat(output++)};
        }
      }
    }
    if (!graph_.inputs.empty()) nodes.push_back(InputsNode());
    for (size_t i = 0; i < graph_.layers.size(); ++i) {
      nodes.push_back(LayerNode(i));
    }
    if (!graph_.outputs.empty()) nodes.push_back(OutputsNode());
    Json graph = {{"id", ids_.graph(number_)}, {"nodes", std::move(nodes)}};
    Json groups = GroupAttributes();
    if (!groups.empty()) graph["groupNodeAttributes"] = std::move(groups);
    return graph;
  }

 private:
  struct Made {
    std::string node;
    std::string output;
  };

  Json InputsNode() {
    Json outputs = Json::array();
    int64_t number = 0;
    for (ValueId id : graph_.inputs) {
      outputs.push_back(ValueMetadata(number++, id, /*slot=*/""));
    }
    return {{"id", ids_.inputs(number_)},
            {"label", kInputsLabel},
            {"namespace", ""},
            {"outputsMetadata", std::move(outputs)}};
  }

  Json OutputsNode() {
    Json edges = Json::array();
    Json inputs = Json::array();
    int64_t number = 0;
    for (ValueId id : graph_.outputs) {
      AddInput(number++, id, id == kAbsent ? "" : graph_.value(id).name, &edges,
               &inputs);
    }
    return {{"id", ids_.outputs(number_)},
            {"label", kOutputsLabel},
            {"namespace", ""},
            {"incomingEdges", std::move(edges)},
            {"inputsMetadata", std::move(inputs)}};
  }

  Json LayerNode(size_t index) {
    const Layer& layer = graph_.layers[index];
    Json edges = Json::array();
    Json inputs = Json::array();
    Json outputs = Json::array();
    Json attributes = Attributes(layer);
    int64_t number = 0;
    for (const Slot& slot : layer.inputs) {
      for (size_t i = 0; i < slot.values.size(); ++i) {
        const ValueId id = slot.values[i];
        if (id == kAbsent) continue;
        const std::string name =
            slot.is_list ? absl::StrCat(slot.name, "[", i, "]") : slot.name;
        const Value& value = graph_.value(id);
        if (value.weights == kAbsent) {
          AddInput(number++, id, name, &edges, &inputs);
        } else {  // said at the layer, rather than drawn
          attributes.push_back(
              Pair(name, absl::StrCat(model_.weights[value.weights].name, " ",
                                      value.TypeString())));
        }
      }
    }
    number = 0;
    for (const Slot& slot : layer.outputs) {
      for (ValueId id : slot.values) {
        if (id != kAbsent) {
          outputs.push_back(ValueMetadata(number++, id, slot.name));
        }
      }
    }
    Json node = {{"id", ids_.layer(number_, index)},
                 {"label", layer.kind == kPlaceholder && !layer.target.empty()
                               ? layer.target
                               : layer.kind},
                 {"namespace", Namespace(layer.source())},
                 {"attrs", std::move(attributes)},
                 {"incomingEdges", std::move(edges)},
                 {"inputsMetadata", std::move(inputs)},
                 {"outputsMetadata", std::move(outputs)}};
    if (!layer.bodies.empty()) {
      Json bodies = Json::array();
      for (const auto& [role, body] : layer.bodies) {
        bodies.push_back(ids_.graph(body));
      }
      node["subgraphIds"] = std::move(bodies);
    }
    if (layer.kind == kPlaceholder) {
      node["style"] = {{"backgroundColor", kRed}, {"borderColor", kRedLine}};
    } else if (HasPlaceholderInside(model_, layer)) {
      node["style"] = {{"backgroundColor", kPaleRed},
                       {"borderColor", kRedLine}};
    } else if (options_.warned_modules.count(layer.source().module_path) > 0) {
      node["style"] = {{"backgroundColor", kAmber}};
    } else if (!layer.bodies.empty()) {
      node["style"] = {{"borderColor", kCompositeLine}};
    }
    return node;
  }

  void AddInput(int64_t number, ValueId id, const std::string& name,
                Json* edges, Json* inputs) {
    const auto made = made_.find(id);
    if (made == made_.end()) return;  // weights that are returned as they are
    edges->push_back({{"sourceNodeId", made->second.node},
                      {"sourceNodeOutputId", made->second.output},
                      {"targetNodeInputId", absl::StrCat(number)}});
    inputs->push_back({{"id", absl::StrCat(number)},
                       {"attrs", Json::array({Pair("__tensor_tag", name)})}});
  }

  Json ValueMetadata(int64_t number, ValueId id, const std::string& slot) {
    const Value& value = graph_.value(id);
    Json attributes = Json::array();
    if (!slot.empty()) attributes.push_back(Pair("__tensor_tag", slot));
    attributes.push_back(Pair("tensor_name", value.name));
    attributes.push_back(Pair("tensor_shape", value.TypeString()));
    return {{"id", absl::StrCat(number)}, {"attrs", std::move(attributes)}};
  }

  // What the layer is, its own attributes, and where it comes from.
  Json Attributes(const Layer& layer) {
    Json attributes = Json::array();
    attributes.push_back(Pair("kind", layer.kind));
    if (!layer.target.empty()) {
      attributes.push_back(Pair("target", layer.target));
    }
    const std::string geometry = LayerGeometry(graph_, layer);
    if (!geometry.empty() && layer.kind != kPlaceholder)
      attributes.push_back(Pair("geometry", geometry));
    for (const auto& [name, attribute] : layer.attributes) {
      attributes.push_back(Pair(name, attribute.ToString()));
    }
    bool first = true;
    for (const Source& source : layer.sources) {
      const std::string of = first ? "" : "also made of ";
      first = false;
      for (const auto& [key, text] :
           {std::make_pair("operator", source.op),
            std::make_pair("module", source.module_path),
            std::make_pair("module class", source.module_class),
            std::make_pair("source",
                           source.frames.empty()
                               ? std::string()
                               : absl::StrCat(source.frames[0].file, ":",
                                              source.frames[0].line))}) {
        if (!text.empty()) {
          attributes.push_back(Pair(absl::StrCat(of, key), text));
        }
      }
    }
    return attributes;
  }

  // The class of each module, and of the model what stands in its head.
  Json GroupAttributes() {
    Json groups = Json::object();
    if (number_ == 0) {
      Json top = {{"model", model_.name}};
      if (!model_.producer.empty()) top["producer"] = model_.producer;
      for (const auto& [key, value] : model_.metadata) top[key] = value;
      groups[""] = std::move(top);
    }
    for (const Layer& layer : graph_.layers) {
      const Source& source = layer.source();
      if (source.module_path.empty() || source.module_class.empty()) continue;
      groups[Namespace(source)] = {{"module", source.module_path},
                                   {"module class", source.module_class}};
    }
    return groups;
  }

  const Model& model_;
  const Graph& graph_;
  const size_t number_;
  const Ids& ids_;
  const ModelExplorerOptions& options_;
  std::map<ValueId, Made> made_;
};

// Bytes that are no UTF-8 are replaced rather than thrown about.
std::string Dump(const Json& json) {
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string ModelExplorerGraphs(const Model& model,
                                const ModelExplorerOptions& options) {
  const Ids ids(model);
  Json graphs = Json::array();
  for (size_t i = 0; i < model.graphs.size(); ++i) {
    graphs.push_back(GraphWriter(model, i, ids, options).Write());
  }
  return Dump({{"label", model.name.empty() ? "model" : model.name},
               {"graphs", std::move(graphs)}});
}

std::string ModelExplorerPlaceholders(const Model& model) {
  const Ids ids(model);
  Json overlay = Json::object();
  for (size_t g = 0; g < model.graphs.size(); ++g) {
    Json results = Json::object();
    for (size_t i = 0; i < model.graphs[g].layers.size(); ++i) {
      const Layer& layer = model.graphs[g].layers[i];
      Json& result = results[ids.layer(g, i)];
      if (layer.kind == kPlaceholder) {
        result = {{"value", "placeholder"}, {"bgColor", kRed}};
      } else if (HasPlaceholderInside(model, layer)) {
        result = {{"value", "placeholder inside"}, {"bgColor", kPaleRed}};
      } else {
        result = {{"value", "layer"}, {"bgColor", "transparent"}};
      }
    }
    overlay[ids.graph(g)] = {
        {"name", "placeholders"},
        {"results", std::move(results)},
        {"hideInAggregatedStatsTable", true},  // sums of words
        {"showLabelCountColumnsInChildrenStatsTable", true}};
  }
  return Dump(overlay);
}

std::vector<std::string> ModelExplorerPaths(absl::string_view path) {
  const absl::string_view stem =
      absl::EndsWith(path, kExtension)
          ? path.substr(0, path.size() - kExtension.size())
          : path;
  return {std::string(path), absl::StrCat(stem, ".placeholders", kExtension)};
}

absl::Status CheckModelExplorerPath(absl::string_view path) {
  if (absl::EndsWith(path, kExtension)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(path,
                   ": Model Explorer knows a graph by its name, which "
                   "ends in .json"));
}

absl::Status WriteModelExplorer(const Model& model, absl::string_view path,
                                const ModelExplorerOptions& options) {
  if (absl::Status s = CheckModelExplorerPath(path); !s.ok()) return s;
  const std::vector<std::string> paths = ModelExplorerPaths(path);
  auto sink = NewDirectorySink(SplitPath(path).first);
  if (!sink.ok()) return sink.status();
  const std::string contents[] = {ModelExplorerGraphs(model, options),
                                  ModelExplorerPlaceholders(model)};
  for (size_t i = 0; i < paths.size(); ++i) {
    auto file = (*sink)->Create(SplitPath(paths[i]).second);
    if (!file.ok()) return file.status();
    if (absl::Status s = (*file)->Append(contents[i]); !s.ok()) return s;
  }
  return (*sink)->Commit();
}

}  // namespace flextorchir
