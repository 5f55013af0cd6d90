#include "flextorchir/ir/verify.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "flextorchir/ir/attribute.h"
#include "flextorchir/ir/dim.h"
#include "flextorchir/ir/dtype.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/layer_set.h"
#include "flextorchir/ir/verify_pieces.h"
#include "flextorchir/ir/weights.h"

namespace flextorchir {
namespace {

// Checks one model.
class Verifier : public PieceVerifier {
 public:
  explicit Verifier(const Model& model) : model_(model) {}

  absl::Status Verify() {
    if (CheckHead() && CheckSymbols(model_.symbols) && CheckAllWeights() &&
        CheckGraphs() && CheckNesting()) {
      CheckSignature();
    }
    return status();
  }

 private:
  bool CheckVersion(absl::string_view what, int64_t version, int64_t own) {
    if (version >= 1 && version <= own) return true;
    return Fail(what, " is ", version, "; this program knows 1 to ", own);
  }

  bool CheckHead() {
    if (!CheckVersion("the format version", model_.format_version,
                      kFormatVersion) ||
        !CheckVersion("the version of the layer set", model_.layer_set_version,
                      kLayerSetVersion) ||
        !CheckUtf8("the name", model_.name) ||
        !CheckUtf8("the producer", model_.producer)) {
      return false;
    }
    for (const auto& [key, value] : model_.metadata) {
      if (!CheckUtf8("the metadata key", key) ||
          !CheckUtf8("the metadata value", value)) {
        return false;
      }
    }
    if (model_.graphs.empty()) return Fail("the model has no graph");
    const size_t most = std::numeric_limits<int32_t>::max();
    if (model_.graphs.size() > most || model_.weights.size() > most) {
      return Fail("more graphs or weights than ids");
    }
    return true;
  }

  // ---- Weights.

  bool CheckAllWeights() {
    NameSet names;
    for (const Weights& weights : model_.weights) {
      where_ = absl::StrCat("weights ", QuoteForMessage(weights.name));
      if (!CheckWeights(weights, &names)) return false;
    }
    where_.clear();
    return true;
  }

  bool CheckWeights(const Weights& weights, NameSet* names) {
    if (!CheckName("the name", weights.name)) return false;
    if (!names->insert(weights.name).second) {
      return Fail("the name is given twice");
    }
    for (size_t i = 0; i < weights.aliases.size(); ++i) {
      const std::string& alias = weights.aliases[i];
      if (!CheckName("an alias", alias)) return false;
      if (!names->insert(alias).second) {
        return Fail("the alias ", QuoteForMessage(alias),
                    " is a name of other weights, "
                    "or given twice");
      }
      if (i > 0 && weights.aliases[i - 1] > alias) {
        return Fail("the aliases are not sorted");
      }
    }
    if (!IsIn(weights.role, Weights::Role::kConstant)) {
      return Fail("unknown role number ", static_cast<int>(weights.role));
    }
    if (!CheckTensorType(weights.type)) return false;
    for (const std::vector<Dim>* dims :
         {&weights.type.shape, &weights.type.strides}) {
      for (const Dim& dim : *dims) {
        if (!dim.is_number()) {
          return Fail("the type is symbolic: ", weights.type.ToString());
        }
      }
    }
    const std::optional<int64_t> bytes = weights.type.NumBytes();
    if (!bytes.has_value()) {
      return Fail("more bytes than 64 bits count: ", weights.type.ToString());
    }
    if (weights.data.size() != 0 &&
        weights.data.size() != static_cast<uint64_t>(*bytes)) {
      return Fail(weights.type.ToString(), " has ", *bytes,
                  " bytes, but there are ", weights.data.size());
    }
    return true;
  }

  // ---- Graphs.

  bool CheckGraphs() {
    owners_.resize(model_.graphs.size());
    for (size_t i = 0; i < model_.graphs.size(); ++i) {
      if (!CheckGraph(static_cast<GraphId>(i))) return false;
    }
    where_.clear();
    return true;
  }

  bool CheckGraph(GraphId id) {
    const Graph& graph = model_.graphs[id];
    const std::string graph_where =
        absl::StrCat("graph ", QuoteForMessage(graph.name));
    where_ = graph_where;
    if (!CheckUtf8("the name", graph.name)) return false;
    if (graph.values.size() > std::numeric_limits<int32_t>::max()) {
      return Fail("more values than ids");
    }
    NameSet names;
    names.reserve(graph.values.size());
    for (const Value& value : graph.values) {
      where_ =
          absl::StrCat(graph_where, ", value ", QuoteForMessage(value.name));
      if (!CheckValue(id, value, &names)) return false;
    }
    where_ = graph_where;
    written_.assign(graph.values.size(), false);
    for (size_t i = 0; i < graph.values.size(); ++i) {
      written_[i] = graph.values[i].weights != kAbsent;
    }
    for (const ValueId input : graph.inputs) {
      if (!Write(graph, "a graph input", input)) return false;
    }
    names.clear();
    for (const Layer& layer : graph.layers) {
      where_ =
          absl::StrCat(graph_where, ", layer ", QuoteForMessage(layer.name),
                       " (", layer.kind.size() < 100 ? layer.kind : "...", ")");
      if (!names.insert(layer.name).second) {
        return Fail("another layer of the graph has the same name");
      }
      if (!CheckLayer(graph, layer)) return false;
    }
    where_ = graph_where;
    for (const ValueId output : graph.outputs) {
      if (!Read(graph, "a graph output", output)) return false;
    }
    for (size_t i = 0; i < graph.values.size(); ++i) {
      if (!written_[i]) {
        return Fail("nothing writes the value ",
                    QuoteForMessage(graph.values[i].name));
      }
    }
    return true;
  }

  bool CheckValue(GraphId graph, const Value& value, NameSet* names) {
    if (!CheckName("the name", value.name)) return false;
    if (!names->insert(value.name).second) {
      return Fail("another value of the graph has the same name");
    }
    const TensorType* tensor = value.tensor();
    if (tensor == nullptr) {
      if (!IsIn(std::get<ScalarType>(value.type), ScalarType::kString)) {
        return Fail("unknown scalar type number ",
                    static_cast<int>(std::get<ScalarType>(value.type)));
      }
    } else if (!CheckTensorType(*tensor)) {
      return false;
    }
    if (value.weights == kAbsent) return true;
    if (graph != 0) {
      return Fail(
          "only values of the first graph are bound to weights; a body "
          "gets them as inputs");
    }
    if (!IsIndex(value.weights, model_.weights)) {
      return Fail("bound to weights number ", value.weights, " of ",
                  model_.weights.size());
    }
    const TensorType& type = model_.weights[value.weights].type;
    if (tensor == nullptr || tensor->dtype != type.dtype ||
        tensor->shape != type.shape) {
      return Fail("its type is ", value.TypeString(),
                  ", but that of its weights is ", type.ToString());
    }
    return true;
  }

  bool CheckId(const Graph& graph, absl::string_view what, ValueId id) {
    return IsIndex(id, graph.values) ||
           Fail(what, " is value number ", id, " of ", graph.values.size());
  }

  bool Write(const Graph& graph, absl::string_view what, ValueId id) {
    if (!CheckId(graph, what, id)) return false;
    if (written_[id]) {
      return Fail(what, " writes the value ",
                  QuoteForMessage(graph.values[id].name),
                  ", which is written before");
    }
    written_[id] = true;
    return true;
  }

  bool Read(const Graph& graph, absl::string_view what, ValueId id) {
    if (!CheckId(graph, what, id)) return false;
    return written_[id] || Fail(what, " reads the value ",
                                QuoteForMessage(graph.values[id].name),
                                " before it is written");
  }

  bool CheckSlots(absl::string_view what, const std::vector<Slot>& slots) {
    NameSet names;
    for (const Slot& slot : slots) {
      if (!CheckName(absl::StrCat("the name of an ", what), slot.name)) {
        return false;
      }
      if (!names.insert(slot.name).second) {
        return Fail("the ", what, " ", QuoteForMessage(slot.name),
                    " is given twice");
      }
      if (!slot.is_list && slot.values.size() != 1) {
        return Fail("the ", what, " ", QuoteForMessage(slot.name),
                    " is no list, but has ", slot.values.size(), " values");
      }
    }
    return true;
  }

  bool CheckLayer(const Graph& graph, const Layer& layer) {
    if (!CheckName("the name", layer.name) ||
        !CheckName("the kind", layer.kind) ||
        !CheckUtf8("the target", layer.target) ||
        !CheckSlots("input", layer.inputs) ||
        !CheckSlots("output", layer.outputs)) {
      return false;
    }
    for (const Slot& slot : layer.inputs) {
      const std::string what =
          absl::StrCat("the input ", QuoteForMessage(slot.name));
      for (const ValueId id : slot.values) {
        if (id != kAbsent && !Read(graph, what, id)) return false;
      }
    }
    if (!CheckAttributes(layer) || !CheckBodies(graph, layer) ||
        !CheckSources(layer)) {
      return false;
    }
    for (const Slot& slot : layer.outputs) {
      const std::string what =
          absl::StrCat("the output ", QuoteForMessage(slot.name));
      for (const ValueId id : slot.values) {
        if (id != kAbsent && !Write(graph, what, id)) return false;
      }
    }
    return CheckKind(layer);
  }

  bool CheckKind(const Layer& layer) {
    if (layer.kind == kPlaceholder && layer.target.empty()) {
      return Fail("a Placeholder needs the operator as its target");
    }
    // In a model of an older layer set, a kind that came later is the user's.
    const LayerKind* kind = FindLayerKind(layer.kind);
    if (kind == nullptr || kind->since > model_.layer_set_version) return true;
    const absl::Status status = CheckLayerAgainstSet(layer);
    return status.ok() || Fail(status.message());
  }

  bool CheckAttributes(const Layer& layer) {
    if (layer.attributes.empty()) return true;
    absl::flat_hash_map<absl::string_view, const Slot*> inputs;
    for (const Slot& slot : layer.inputs) inputs.emplace(slot.name, &slot);
    for (const auto& [name, attribute] : layer.attributes) {
      if (!CheckName("the name of an attribute", name) ||
          !CheckAttribute(absl::StrCat("the attribute ", QuoteForMessage(name)),
                          Attribute::kMaxDepth, attribute)) {
        return false;
      }
      const auto found = inputs.find(name);
      if (found != inputs.end() &&
          !CheckComplement(*found->second, attribute)) {
        return false;
      }
    }
    return true;
  }

  bool CheckComplement(const Slot& slot, const Attribute& attribute) {
    const std::string name = QuoteForMessage(slot.name);
    const Attribute::List* list = attribute.AsList();
    if (!slot.is_list || list == nullptr) {
      return Fail(name, " is both an input and an attribute");
    }
    if (list->size() != slot.values.size()) {
      return Fail(name, " has ", slot.values.size(), " elements as an input, ",
                  list->size(), " as an attribute");
    }
    for (size_t i = 0; i < list->size(); ++i) {
      if (slot.values[i] != kAbsent && !(*list)[i].is_none()) {
        return Fail("element ", i, " of ", name,
                    " is both an input and an attribute");
      }
    }
    return true;
  }

  bool CheckSources(const Layer& layer) {
    for (const Source& source : layer.sources) {
      if (!CheckUtf8("the operator of a source", source.op) ||
          !CheckUtf8("a module path", source.module_path) ||
          !CheckUtf8("a module class", source.module_class)) {
        return false;
      }
      for (const Source::Frame& frame : source.frames) {
        if (!CheckUtf8("a file name", frame.file) ||
            !CheckUtf8("a function name", frame.function)) {
          return false;
        }
      }
    }
    return true;
  }

  // ---- Bodies.

  static std::vector<ValueId> Present(const std::vector<Slot>& slots) {
    std::vector<ValueId> ids;
    for (const Slot& slot : slots) {
      for (const ValueId id : slot.values) {
        if (id != kAbsent) ids.push_back(id);
      }
    }
    return ids;
  }

  bool CheckBodies(const Graph& graph, const Layer& layer) {
    if (layer.bodies.empty()) return true;
    const std::vector<ValueId> inputs = Present(layer.inputs);
    const std::vector<ValueId> outputs = Present(layer.outputs);
    for (const auto& [role, id] : layer.bodies) {
      if (!CheckName("the role of a body", role)) return false;
      const std::string what = absl::StrCat("the body ", QuoteForMessage(role));
      if (id == 0) return Fail(what, " is the model's own graph");
      if (!IsIndex(id, model_.graphs)) {
        return Fail(what, " is graph number ", id, " of ",
                    model_.graphs.size());
      }
      if (owners_[id].has_value()) {
        return Fail(what, " is a body already, of a layer in graph ",
                    QuoteForMessage(model_.graphs[*owners_[id]].name));
      }
      owners_[id] = static_cast<GraphId>(&graph - model_.graphs.data());
      const Graph& body = model_.graphs[id];
      if (!CheckMatch(absl::StrCat("inputs of ", what), graph, inputs, body,
                      body.inputs) ||
          !CheckMatch(absl::StrCat("outputs of ", what), graph, outputs, body,
                      body.outputs)) {
        return false;
      }
    }
    return true;
  }

  bool CheckMatch(absl::string_view what, const Graph& graph,
                  const std::vector<ValueId>& outside, const Graph& body,
                  const std::vector<ValueId>& inside) {
    if (outside.size() != inside.size()) {
      return Fail("there are ", inside.size(), " ", what, ", but ",
                  outside.size(), " of the layer");
    }
    for (size_t i = 0; i < outside.size(); ++i) {
      if (!CheckId(graph, what, outside[i]) || !CheckId(body, what, inside[i]))
        return false;
      const Value& a = graph.values[outside[i]];
      const Value& b = body.values[inside[i]];
      if (!SameType(a, b)) {
        return Fail(what, ": number ", i, " is ", QuoteForMessage(b.name), ", ",
                    TypeName(b), ", but ", QuoteForMessage(a.name), ", ",
                    TypeName(a), ", outside");
      }
    }
    return true;
  }

  // The value may be of a graph that is not checked yet.
  static std::string TypeName(const Value& value) {
    const TensorType* tensor = value.tensor();
    if (tensor != nullptr &&
        !DTypeFromCode(static_cast<int64_t>(tensor->dtype)).has_value()) {
      return "of unknown dtype";
    }
    return value.TypeString();
  }

  static bool SameType(const Value& a, const Value& b) {
    const TensorType* x = a.tensor();
    const TensorType* y = b.tensor();
    if (x == nullptr || y == nullptr) return a.type == b.type;
    if (x->dtype != y->dtype || x->shape.size() != y->shape.size()) {
      return false;
    }
    for (size_t i = 0; i < x->shape.size(); ++i) {
      if (x->shape[i].is_number() && y->shape[i].is_number() &&
          x->shape[i].number() != y->shape[i].number()) {
        return false;
      }
    }
    return true;
  }

  // Every body hangs, through the layers it belongs to, from the first graph.
  bool CheckNesting() {
    // 0: not looked at yet.
    std::vector<int> depths(model_.graphs.size(), 0);
    std::vector<GraphId> path;
    for (size_t i = 1; i < model_.graphs.size(); ++i) {
      const std::string name = QuoteForMessage(model_.graphs[i].name);
      path.clear();
      GraphId id = static_cast<GraphId>(i);
      while (id != 0 && depths[id] == 0) {
        if (!owners_[id].has_value()) {
          return Fail("graph ", QuoteForMessage(model_.graphs[id].name),
                      " is no layer's body");
        }
        depths[id] = -1;  // on the path
        path.push_back(id);
        id = *owners_[id];
      }
      if (depths[id] < 0) {
        return Fail("graph ", name, " is a body within itself");
      }
      int depth = depths[id];
      for (size_t j = path.size(); j > 0; --j) depths[path[j - 1]] = ++depth;
      if (depth > kMaxBodyDepth) {
        return Fail("graph ", name, " is nested deeper than ", kMaxBodyDepth);
      }
    }
    return true;
  }

  // ---- Inputs and outputs of the model.

  bool CheckSignature() {
    const Graph& main = model_.graphs[0];
    const size_t states = model_.state_outputs.size();
    if (states > main.outputs.size()) {
      return Fail("there are ", states, " state outputs, but ",
                  main.outputs.size(), " outputs");
    }
    where_ = "the structure of the inputs";
    if (!CheckStructure(model_.inputs, main.inputs.size())) return false;
    where_ = "the structure of the outputs";
    if (!CheckStructure(model_.outputs, main.outputs.size() - states)) {
      return false;
    }
    return CheckStateOutputs();
  }

  bool CheckStateOutputs() {
    absl::flat_hash_set<WeightsId> weights;
    absl::flat_hash_set<int32_t> inputs;
    for (size_t i = 0; i < model_.state_outputs.size(); ++i) {
      const StateOutput& state = model_.state_outputs[i];
      where_ = absl::StrCat("state output ", i);
      if ((state.weights == kAbsent) == (state.input == kAbsent)) {
        return Fail("either weights or an input is changed");
      }
      if (state.weights != kAbsent) {
        if (!IsIndex(state.weights, model_.weights)) {
          return Fail("weights number ", state.weights, " of ",
                      model_.weights.size());
        }
        if (!weights.insert(state.weights).second) {
          return Fail("the weights ",
                      QuoteForMessage(model_.weights[state.weights].name),
                      " are changed twice");
        }
      } else {
        if (!IsIndex(state.input, model_.graphs[0].inputs)) {
          return Fail("input number ", state.input, " of ",
                      model_.graphs[0].inputs.size());
        }
        if (!inputs.insert(state.input).second) {
          return Fail("the input ", state.input, " is changed twice");
        }
      }
    }
    return true;
  }

  const Model& model_;
  // The graph of the layer whose body a graph is.
  std::vector<std::optional<GraphId>> owners_;
  // Of the graph that is being checked: whether a value is written so far.
  std::vector<bool> written_;
};

}  // namespace

absl::Status Verify(const Model& model) { return Verifier(model).Verify(); }

}  // namespace flextorchir
