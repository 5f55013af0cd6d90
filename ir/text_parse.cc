#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "flextorchir/ir/attribute.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/text.h"
#include "flextorchir/ir/text_cursor.h"
#include "flextorchir/ir/text_pieces.h"
#include "flextorchir/ir/text_syntax.h"
#include "flextorchir/ir/weights.h"

namespace flextorchir {
namespace {

using text_syntax::IsValueNameMember;
using text_syntax::kPlainOutput;
using text_syntax::kRoles;

bool IsHexDigit(unsigned char c) { return absl::ascii_isxdigit(c); }

// Recursive descent; every method reads one rule of docs/text-form.md and says
// whether it could. The cursor keeps the first error.
class Parser {
 public:
  explicit Parser(absl::string_view text) : in_(text) {}

  absl::StatusOr<Model> Parse() {
    if (!ReadHeader()) return in_.status();
    if (model_.format_version > kFormatVersion) {
      return absl::FailedPreconditionError(
          absl::StrCat("the text has format version ", model_.format_version,
                       "; this program reads versions up to ", kFormatVersion,
                       ": use a newer FlexTorchIR"));
    }
    while (!in_.AtEnd() && ReadDeclaration()) {
    }
    if (in_.status().ok()) Finish();
    if (!in_.status().ok()) return in_.status();
    return std::move(model_);
  }

 private:
  // A number or a name that stands for an entry of a table. Names are looked up
  // at the end, so that they may be used before they are declared.
  struct Reference {
    std::string name;
    int32_t id = kAbsent;
    bool by_name = false;
    size_t position = 0;
  };
  using Names = absl::flat_hash_map<std::string, int32_t>;

  struct BodyReference {
    GraphId graph;
    size_t layer;
    std::string role;
    Reference body;
  };
  struct WeightsBinding {
    GraphId graph;
    ValueId value;
    bool has_type;
    Reference weights;
  };
  struct StateReference {
    size_t state_output;
    Reference weights;
  };

  // The values of the graph that is being read. While it is, slots hold an
  // index into `mentions`, which becomes the id when the graph is complete.
  struct Mention {
    std::string name;
    ValueId id = kAbsent;
    bool is_declared = false;
    size_t position = 0;
  };

  // ---- The model.

  bool ReadHeader() {
    return in_.ExpectWord("flextorchir") &&
           in_.ReadInt("the version of the format", &model_.format_version) &&
           in_.ExpectWord("layer_set") &&
           in_.ReadInt("the version of the layer set",
                       &model_.layer_set_version);
  }

  bool ReadDeclaration() {
    const size_t position = in_.position();
    if (in_.ConsumeWord("name")) {
      return Once(position, "the name", &has_name_) &&
             in_.ReadString("a string", &model_.name);
    }
    if (in_.ConsumeWord("producer")) {
      return Once(position, "the producer", &has_producer_) &&
             in_.ReadString("a string", &model_.producer);
    }
    if (in_.ConsumeWord("metadata")) return ReadMetadata();
    if (in_.ConsumeWord("symbol")) return ReadSymbol();
    if (in_.ConsumeWord("weights")) return ReadWeights();
    if (in_.ConsumeWord("inputs")) {
      return Once(position, "the structure of the inputs", &has_inputs_) &&
             ReadStructure(in_, &model_.inputs);
    }
    if (in_.ConsumeWord("outputs")) {
      return Once(position, "the structure of the outputs", &has_outputs_) &&
             ReadStructure(in_, &model_.outputs);
    }
    if (in_.ConsumeWord("state")) return ReadStateOutput();
    if (in_.ConsumeWord("graph")) return ReadGraph();
    return in_.FailExpected(
        "name, producer, metadata, symbol, weights, inputs, outputs, state or "
        "graph");
  }

  bool Once(size_t position, absl::string_view what, bool* seen) {
    if (*seen) {
      return in_.FailAt(position, absl::StrCat(what, " was given before"));
    }
    *seen = true;
    return true;
  }

  bool ReadMetadata() {
    std::string key;
    std::string value;
    const size_t position = in_.position();
    if (!in_.ReadString("a key in quotes", &key) || !in_.Expect("=") ||
        !in_.ReadString("a string", &value)) {
      return false;
    }
    if (!model_.metadata.emplace(key, std::move(value)).second) {
      return in_.FailAt(position, absl::StrCat("metadata ", QuoteString(key),
                                               " was given before"));
    }
    return true;
  }

  bool ReadSymbol() {
    Symbol symbol;
    if (!in_.ReadName("the name of a symbol", &symbol.name)) return false;
    int64_t bound;
    if (in_.ConsumeWord("min")) {
      if (!in_.ReadInt("a number", &bound)) return false;
      symbol.min = bound;
    }
    if (in_.ConsumeWord("max")) {
      if (!in_.ReadInt("a number", &bound)) return false;
      symbol.max = bound;
    }
    model_.symbols.push_back(std::move(symbol));
    return true;
  }

  bool ReadWeights() {
    Weights weights;
    if (!in_.ReadString("the name of the weights, in quotes", &weights.name) ||
        !ReadRole(&weights.role)) {
      return false;
    }
    in_.Peek();
    const size_t position = in_.position();
    std::variant<TensorType, ScalarType> type;
    if (!ReadType(in_, &type)) return false;
    TensorType* tensor = std::get_if<TensorType>(&type);
    if (tensor == nullptr) {
      return in_.FailAt(position, "expected the type of a tensor, f32[10,4]");
    }
    weights.type = std::move(*tensor);
    if (in_.ConsumeWord("aliases")) {
      if (!in_.Expect("[")) return false;
      while (!in_.Consume("]")) {
        if (!weights.aliases.empty() && !in_.Expect(",")) return false;
        if (!in_.ReadString("a name in quotes",
                            &weights.aliases.emplace_back())) {
          return false;
        }
      }
    }
    if (in_.ConsumeWord("data") && !ReadData(&weights.data)) return false;
    weights_names_.emplace(weights.name,
                           static_cast<WeightsId>(model_.weights.size()));
    model_.weights.push_back(std::move(weights));
    return true;
  }

  bool ReadRole(Weights::Role* role) {
    for (size_t i = 0; i < kRoles.size(); ++i) {
      if (in_.ConsumeWord(kRoles[i])) {
        *role = static_cast<Weights::Role>(i);
        return true;
      }
    }
    return in_.FailExpected("parameter, buffer or constant");
  }

  bool ReadData(Bytes* data) {
    in_.Peek();
    const size_t position = in_.position();
    absl::string_view digits;
    if (!in_.ReadRun("hexadecimal digits", IsHexDigit, &digits)) return false;
    if (digits.size() % 2 != 0) {
      return in_.FailAt(position, "an odd number of hexadecimal digits");
    }
    *data = Bytes::FromString(absl::HexStringToBytes(digits));
    return true;
  }

  bool ReadStateOutput() {
    StateOutput state;
    if (in_.ConsumeWord("weights")) {
      Reference weights;
      if (!ReadReference("weights: a name in quotes, or a number", &weights)) {
        return false;
      }
      states_.push_back({model_.state_outputs.size(), std::move(weights)});
    }
    if (in_.ConsumeWord("input") &&
        !ReadId("the number of an input", &state.input)) {
      return false;
    }
    model_.state_outputs.push_back(state);
    return true;
  }

  // What was named before it was declared.
  bool Finish() {
    for (const WeightsBinding& binding : bindings_) {
      Value& value = model_.graphs[binding.graph].values[binding.value];
      if (!Resolve(binding.weights, weights_names_, "weights",
                   &value.weights)) {
        return false;
      }
      if (binding.has_type) continue;
      if (value.weights < 0 || value.weights >= model_.weights.size()) {
        return in_.FailAt(binding.weights.position,
                          "a value that is bound to no weights needs a type");
      }
      value.type = model_.weights[value.weights].type;
    }
    for (const StateReference& state : states_) {
      if (!Resolve(state.weights, weights_names_, "weights",
                   &model_.state_outputs[state.state_output].weights)) {
        return false;
      }
    }
    for (const BodyReference& reference : bodies_) {
      Layer& layer = model_.graphs[reference.graph].layers[reference.layer];
      if (!Resolve(reference.body, graph_names_, "graph",
                   &layer.bodies[reference.role])) {
        return false;
      }
    }
    if (!has_inputs_) model_.inputs = text_syntax::DefaultInputs(model_);
    if (!has_outputs_) model_.outputs = text_syntax::DefaultOutputs(model_);
    return true;
  }

  bool ReadId(absl::string_view what, int32_t* id) {
    in_.Peek();
    const size_t position = in_.position();
    int64_t number;
    if (!in_.ReadInt(what, &number)) return false;
    *id = static_cast<int32_t>(number);
    return *id == number ||
           in_.FailAt(position, "a number of 32 bits is meant");
  }

  bool ReadReference(absl::string_view what, Reference* reference) {
    const char next = in_.Peek();
    reference->position = in_.position();
    reference->by_name = next == '"';
    return reference->by_name ? in_.ReadString(what, &reference->name)
                              : ReadId(what, &reference->id);
  }

  bool Resolve(const Reference& reference, const Names& names,
               absl::string_view what, int32_t* id) {
    *id = reference.id;
    if (!reference.by_name) return true;
    const auto found = names.find(reference.name);
    if (found == names.end()) {
      return in_.FailAt(
          reference.position,
          absl::StrCat("there is no ", what, " ", QuoteString(reference.name)));
    }
    *id = found->second;
    return true;
  }

  // ---- Graphs.

  bool ReadGraph() {
    Graph graph;
    mentions_.clear();
    mention_names_.clear();
    if (!in_.ReadString("the name of the graph, in quotes", &graph.name) ||
        !in_.Expect("(")) {
      return false;
    }
    while (!in_.Consume(")")) {
      if (!graph.inputs.empty() && !in_.Expect(",")) return false;
      if (!ReadValue(&graph, &graph.inputs.emplace_back())) return false;
    }
    if (!in_.Expect("{")) return false;
    while (!in_.ConsumeWord("return")) {
      if (!ReadStatement(&graph)) return false;
    }
    while (!in_.Consume("}")) {
      if (!graph.outputs.empty() && !in_.Expect(",")) return false;
      if (!ReadMention(&graph.outputs.emplace_back())) return false;
    }
    if (!ResolveMentions(&graph)) return false;
    graph_names_.emplace(graph.name,
                         static_cast<GraphId>(model_.graphs.size()));
    model_.graphs.push_back(std::move(graph));
    return true;
  }

  bool ResolveMentions(Graph* graph) {
    for (const Mention& mention : mentions_) {
      if (!mention.is_declared) {
        return in_.FailAt(
            mention.position,
            absl::StrCat("the value ", QuoteString(mention.name),
                         " is declared nowhere in this graph: it has no type"));
      }
    }
    const auto resolve = [this](std::vector<ValueId>* values) {
      for (ValueId& id : *values) {
        if (id != kAbsent) id = mentions_[id].id;
      }
    };
    resolve(&graph->inputs);
    resolve(&graph->outputs);
    for (Layer& layer : graph->layers) {
      for (Slot& slot : layer.inputs) resolve(&slot.values);
      for (Slot& slot : layer.outputs) resolve(&slot.values);
    }
    return true;
  }

  // %name, %"any name" or %#12 (a number, whether there is such a value or
  // not); `none` for an absent value.
  bool ReadMention(ValueId* mention) {
    if (in_.ConsumeWord("none")) {
      *mention = kAbsent;
      return true;
    }
    in_.Peek();
    Mention read;
    read.position = in_.position();
    if (!in_.Consume("%")) return in_.FailExpected("a value (%name)");
    if (in_.Consume("#")) {
      read.is_declared = true;
      if (!ReadId("the number of a value", &read.id)) return false;
      *mention = static_cast<ValueId>(mentions_.size());
      mentions_.push_back(std::move(read));
      return true;
    }
    absl::string_view run;
    if (in_.Peek() == '"') {
      if (!in_.ReadString("the name of a value", &read.name)) return false;
    } else {
      if (!in_.ReadRun("the name of a value", IsValueNameMember, &run)) {
        return false;
      }
      read.name = std::string(run);
    }
    const auto [found, is_new] = mention_names_.emplace(
        read.name, static_cast<ValueId>(mentions_.size()));
    if (is_new) mentions_.push_back(std::move(read));
    *mention = found->second;
    return true;
  }

  // Gives the value its type, and with that the next number.
  bool Declare(size_t position, std::variant<TensorType, ScalarType> type,
               ValueId mention, Graph* graph) {
    if (mention == kAbsent) {
      return in_.FailAt(position, "an absent value has no type");
    }
    Mention& declared = mentions_[mention];
    if (declared.is_declared) {
      return in_.FailAt(position,
                        absl::StrCat("the value ", QuoteString(declared.name),
                                     " was declared before"));
    }
    declared.is_declared = true;
    declared.id =
        graph->AddValue(Value{declared.name, std::move(type), kAbsent});
    return true;
  }

  // A value where it may be declared: with its type, or without.
  bool ReadValue(Graph* graph, ValueId* mention) {
    in_.Peek();
    const size_t position = in_.position();
    if (!ReadMention(mention)) return false;
    if (!in_.Consume(":")) return true;
    std::variant<TensorType, ScalarType> type;
    return ReadType(in_, &type) &&
           Declare(position, std::move(type), *mention, graph);
  }

  // One value, or several in square brackets (a list) or round ones (several
  // where one belongs: a broken model).
  bool ReadSlotValues(Graph* graph, bool may_declare, Slot* slot) {
    const char open = in_.Peek();
    if (open != '[' && open != '(') {
      ValueId* mention = &slot->values.emplace_back();
      return may_declare ? ReadValue(graph, mention) : ReadMention(mention);
    }
    slot->is_list = open == '[';
    in_.Consume(slot->is_list ? "[" : "(");
    while (!in_.Consume(slot->is_list ? "]" : ")")) {
      if (!slot->values.empty() && !in_.Expect(",")) return false;
      ValueId* mention = &slot->values.emplace_back();
      if (!(may_declare ? ReadValue(graph, mention) : ReadMention(mention))) {
        return false;
      }
    }
    return true;
  }

  bool ReadStatement(Graph* graph) {
    ValueId mention;
    if (in_.ConsumeWord("value")) return ReadValue(graph, &mention);
    std::vector<Slot> outputs;
    in_.Peek();
    const size_t position = in_.position();
    if (!ReadOutputs(graph, &outputs)) return false;
    if (!in_.ConsumeWord("weights")) {
      return ReadLayer(std::move(outputs), graph);
    }
    if (outputs.size() != 1 || outputs[0].is_list ||
        outputs[0].values.size() != 1 || outputs[0].values[0] == kAbsent) {
      return in_.FailAt(position, "weights are bound to one value");
    }
    return BindWeights(position, outputs[0].values[0], graph);
  }

  bool BindWeights(size_t position, ValueId mention, Graph* graph) {
    WeightsBinding binding;
    if (!ReadReference("weights: a name in quotes, or a number",
                       &binding.weights)) {
      return false;
    }
    binding.has_type = mentions_[mention].is_declared;
    if (!binding.has_type && !Declare(position, {}, mention, graph)) {
      return false;
    }
    binding.graph = static_cast<GraphId>(model_.graphs.size());
    binding.value = mentions_[mention].id;
    if (binding.value < 0 || binding.value >= graph->values.size()) {
      return in_.FailAt(position, "weights are bound to a named value");
    }
    bindings_.push_back(std::move(binding));
    return true;
  }

  // Up to the equals sign. "()" where there are none.
  bool ReadOutputs(Graph* graph, std::vector<Slot>* outputs) {
    if (in_.Consume("(")) {
      if (in_.Consume(")")) return in_.Expect("=");
      // An output of several values that is no list.
      Slot& slot = outputs->emplace_back();
      slot.name = std::string(kPlainOutput);
      do {
        if (!ReadValue(graph, &slot.values.emplace_back())) return false;
      } while (in_.Consume(","));
      if (!in_.Expect(")")) return false;
      if (in_.Consume("=")) return true;
      if (!in_.Expect(",")) return false;
    }
    do {
      Slot& slot = outputs->emplace_back();
      slot.name = std::string(kPlainOutput);
      const char next = in_.Peek();
      const bool is_plain =
          next == '%' || next == '[' || next == '(' || in_.PeekWord() == "none";
      if (!is_plain &&
          (!in_.ReadName("a value (%name), a layer or 'return'", &slot.name) ||
           !in_.Expect("="))) {
        return false;
      }
      if (!ReadSlotValues(graph, true, &slot)) return false;
    } while (in_.Consume(","));
    return in_.Expect("=");
  }

  bool ReadLayer(std::vector<Slot> outputs, Graph* graph) {
    Layer layer;
    layer.outputs = std::move(outputs);
    if (!in_.ReadName("the kind of a layer", &layer.kind) ||
        !in_.ReadString("the name of the layer, in quotes", &layer.name)) {
      return false;
    }
    if (in_.ConsumeWord("target") &&
        !in_.ReadString("an operator in quotes", &layer.target)) {
      return false;
    }
    if (!in_.Expect("(")) return false;
    while (!in_.Consume(")")) {
      if (!layer.inputs.empty() && !in_.Expect(",")) return false;
      Slot& slot = layer.inputs.emplace_back();
      if (!in_.ReadName("the name of an input", &slot.name) ||
          !in_.Expect("=") || !ReadSlotValues(graph, false, &slot)) {
        return false;
      }
    }
    if (!ReadAttributes(&layer) || !ReadBodies(graph, &layer)) return false;
    while (in_.ConsumeWord("from")) {
      if (!ReadSource(&layer.sources.emplace_back())) return false;
    }
    graph->layers.push_back(std::move(layer));
    return true;
  }

  bool ReadAttributes(Layer* layer) {
    if (!in_.Consume("{")) return true;
    while (!in_.Consume("}")) {
      if (!layer->attributes.empty() && !in_.Expect(",")) return false;
      in_.Peek();
      const size_t position = in_.position();
      std::string name;
      Attribute attribute;
      if (!in_.ReadName("the name of an attribute", &name) ||
          !in_.Expect("=") || !in_.ReadAttribute(&attribute)) {
        return false;
      }
      if (!layer->attributes.emplace(name, std::move(attribute)).second) {
        return in_.FailAt(position, absl::StrCat("the attribute ", name,
                                                 " was given before"));
      }
    }
    return true;
  }

  bool ReadBodies(Graph* graph, Layer* layer) {
    if (!in_.ConsumeWord("with")) return true;
    do {
      in_.Peek();
      const size_t position = in_.position();
      BodyReference reference;
      if (!in_.ReadName("the role of a body", &reference.role) ||
          !in_.Expect("=") || !in_.Expect("@") ||
          !ReadReference("a graph: a name in quotes, or a number",
                         &reference.body)) {
        return false;
      }
      if (!layer->bodies.emplace(reference.role, kAbsent).second) {
        return in_.FailAt(position, absl::StrCat("the body ", reference.role,
                                                 " was given before"));
      }
      reference.graph = static_cast<GraphId>(model_.graphs.size());
      reference.layer = graph->layers.size();
      bodies_.push_back(std::move(reference));
    } while (in_.Consume(","));
    return true;
  }

  bool ReadSource(Source* source) {
    if (!in_.ReadString("an operator in quotes", &source->op)) return false;
    if (in_.ConsumeWord("in")) {
      if (!in_.ReadString("the path of a module", &source->module_path)) {
        return false;
      }
      if (in_.Consume("(")) {
        if (!in_.ReadString("the class of a module", &source->module_class)) {
          return false;
        }
        if (in_.Consume(",") &&
            !in_.ReadInt("the number of the call", &source->call_index)) {
          return false;
        }
        if (!in_.Expect(")")) return false;
      }
    }
    while (in_.ConsumeWord("at")) {
      Source::Frame& frame = source->frames.emplace_back();
      if (!in_.ReadString("a file in quotes", &frame.file) ||
          !in_.Expect(":") || !in_.ReadInt("a line", &frame.line) ||
          !in_.ReadString("a function in quotes", &frame.function)) {
        return false;
      }
    }
    return true;
  }

  TextCursor in_;
  Model model_;
  bool has_name_ = false;
  bool has_producer_ = false;
  bool has_inputs_ = false;
  bool has_outputs_ = false;
  Names weights_names_;
  Names graph_names_;
  std::vector<WeightsBinding> bindings_;
  std::vector<StateReference> states_;
  std::vector<BodyReference> bodies_;
  // Of the graph that is being read.
  std::vector<Mention> mentions_;
  absl::flat_hash_map<std::string, ValueId> mention_names_;
};

}  // namespace

absl::StatusOr<Model> ParseText(absl::string_view text) {
  return Parser(text).Parse();
}

}  // namespace flextorchir
