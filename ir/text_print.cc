#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "flextorchir/ir/attribute.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/text.h"
#include "flextorchir/ir/text_cursor.h"
#include "flextorchir/ir/text_syntax.h"

namespace flextorchir {
namespace {

using text_syntax::IsReserved;
using text_syntax::IsValueNameMember;
using text_syntax::kRoles;

// Where each name of a table first stands: what a reference by name finds.
using NameIndex = absl::flat_hash_map<absl::string_view, int32_t>;

template <typename Named>
NameIndex IndexNames(const std::vector<Named>& table) {
  NameIndex index;
  index.reserve(table.size());
  for (size_t i = 0; i < table.size(); ++i) {
    index.emplace(table[i].name, static_cast<int32_t>(i));
  }
  return index;
}

std::string Name(absl::string_view name) {
  return IsWord(name) ? std::string(name) : QuoteString(name);
}

// A name where other words may stand too.
std::string UnreservedName(absl::string_view name) {
  return IsReserved(name) ? QuoteString(name) : Name(name);
}

std::string ValueName(absl::string_view name) {
  for (const char c : name) {
    if (!IsValueNameMember(c)) return absl::StrCat("%", QuoteString(name));
  }
  return absl::StrCat("%", name.empty() ? "\"\"" : name);
}

class Printer {
 public:
  // `model` may be null: then bodies are printed by number.
  Printer(const Model* model, const TextOptions& options)
      : model_(model), options_(options) {
    if (model_ == nullptr) return;
    weights_index_ = IndexNames(model_->weights);
    graph_index_ = IndexNames(model_->graphs);
  }

  std::string PrintModel() {
    absl::StrAppend(&out_, "flextorchir ", model_->format_version,
                    " layer_set ", model_->layer_set_version, "\n");
    if (!model_->name.empty()) {
      absl::StrAppend(&out_, "name ", QuoteString(model_->name), "\n");
    }
    if (!model_->producer.empty()) {
      absl::StrAppend(&out_, "producer ", QuoteString(model_->producer), "\n");
    }
    for (const auto& [key, value] : model_->metadata) {
      absl::StrAppend(&out_, "metadata ", QuoteString(key), " = ",
                      QuoteString(value), "\n");
    }
    for (const Symbol& symbol : model_->symbols) {
      absl::StrAppend(&out_, "symbol ", Name(symbol.name));
      if (symbol.min.has_value()) absl::StrAppend(&out_, " min ", *symbol.min);
      if (symbol.max.has_value()) absl::StrAppend(&out_, " max ", *symbol.max);
      out_.append("\n");
    }
    for (const Weights& weights : model_->weights) PrintWeights(weights);
    PrintSignature();
    for (const Graph& graph : model_->graphs) PrintGraph(graph);
    return std::move(out_);
  }

  std::string PrintOneLayer(const Graph& graph, const Layer& layer) {
    // Every value with its type, as where the layer first stands.
    PrintLayer(graph, layer, /*with_types=*/true);
    return std::move(out_);
  }

 private:
  void PrintWeights(const Weights& weights) {
    const size_t role = static_cast<size_t>(weights.role);
    absl::StrAppend(&out_, "weights ", QuoteString(weights.name), " ",
                    role < kRoles.size() ? kRoles[role] : "unknown", " ",
                    weights.type.ToString());
    if (!weights.aliases.empty()) {
      absl::StrAppend(
          &out_, " aliases [",
          absl::StrJoin(weights.aliases, ", ",
                        [](std::string* out, const std::string& alias) {
                          out->append(QuoteString(alias));
                        }),
          "]");
    }
    if (options_.weights_data && weights.data.size() > 0) {
      absl::StrAppend(&out_, " data ",
                      absl::BytesToHexString(weights.data.data()));
    }
    out_.append("\n");
  }

  // The structures, unless they are what the parser takes for granted, and the
  // state outputs.
  void PrintSignature() {
    if (!(model_->inputs == text_syntax::DefaultInputs(*model_))) {
      out_.append("inputs ");
      PrintStructure(model_->inputs, 0);
      out_.append("\n");
    }
    if (!(model_->outputs == text_syntax::DefaultOutputs(*model_))) {
      out_.append("outputs ");
      PrintStructure(model_->outputs, 0);
      out_.append("\n");
    }
    for (const StateOutput& state : model_->state_outputs) {
      out_.append("state");
      if (state.weights != kAbsent) {
        absl::StrAppend(&out_, " weights ", WeightsReference(state.weights));
      }
      if (state.input != kAbsent)
        absl::StrAppend(&out_, " input ", state.input);
      out_.append("\n");
    }
  }

  void PrintStructure(const Structure& structure, int depth) {
    if (depth > Structure::kMaxDepth) {
      out_.append("...");  // Cannot be parsed, nor verified.
      return;
    }
    const char* open = "(";
    const char* close = structure.children.size() == 1 ? ",)" : ")";
    switch (structure.kind) {
      case Structure::Kind::kLeaf:
        absl::StrAppend(&out_, "#", structure.leaf);
        return;
      case Structure::Kind::kConstant:
        // A list that is a constant is not a list of structures.
        absl::StrAppend(&out_, structure.constant.AsList() ? "constant " : "",
                        structure.constant.ToString());
        return;
      case Structure::Kind::kTuple:
        break;
      case Structure::Kind::kList:
        open = "[";
        close = "]";
        break;
      case Structure::Kind::kNamed:
        absl::StrAppend(&out_, "named ", QuoteString(structure.type_name), " ");
        [[fallthrough]];
      case Structure::Kind::kDict:
        open = "{";
        close = "}";
        break;
    }
    out_.append(open);
    bool first = true;
    for (const Structure::Child& child : structure.children) {
      if (!std::exchange(first, false)) out_.append(", ");
      if (open[0] == '{') absl::StrAppend(&out_, child.key.ToString(), ": ");
      PrintStructure(child.value, depth + 1);
    }
    out_.append(close);
  }

  // A reference by number, where a name would find another or nothing.
  static std::string Reference(const NameIndex& index, absl::string_view name,
                               int32_t id, std::string by_name) {
    const auto found = index.find(name);
    return found != index.end() && found->second == id ? std::move(by_name)
                                                       : absl::StrCat(id);
  }

  std::string WeightsReference(WeightsId id) const {
    if (id < 0 || id >= model_->weights.size()) return absl::StrCat(id);
    const std::string& name = model_->weights[id].name;
    return Reference(weights_index_, name, id, QuoteString(name));
  }

  std::string GraphReference(GraphId id) const {
    if (model_ == nullptr || id < 0 || id >= model_->graphs.size()) {
      return absl::StrCat(id);
    }
    const std::string& name = model_->graphs[id].name;
    return Reference(graph_index_, name, id, QuoteString(name));
  }

  static std::string ValueReference(const Graph& graph, ValueId id) {
    if (id == kAbsent) return "none";
    if (id < 0 || id >= graph.values.size()) return absl::StrCat("%#", id);
    return ValueName(graph.values[id].name);
  }

  // The name, and the type where this is the place that declares the value.
  void PrintDeclared(const Graph& graph, ValueId id, bool with_type) {
    out_.append(ValueReference(graph, id));
    if (with_type && id >= 0 && id < graph.values.size()) {
      absl::StrAppend(&out_, ": ", graph.values[id].TypeString());
    }
  }

  // A value that no input of the graph and no layer declares.
  void PrintStandalone(const Graph& graph, ValueId id) {
    const Value& value = graph.values[id];
    out_.append("  ");
    if (value.weights == kAbsent) {
      out_.append("value ");
      PrintDeclared(graph, id, true);
    } else {
      // The type is that of the weights, unless it is not.
      const bool bound = value.weights >= 0 &&
                         value.weights < model_->weights.size() &&
                         value.tensor() != nullptr &&
                         *value.tensor() == model_->weights[value.weights].type;
      PrintDeclared(graph, id, !bound);
      absl::StrAppend(&out_, " = weights ", WeightsReference(value.weights));
    }
    out_.append("\n");
  }

  // Whether the ids of the values are as the parser would number them if each
  // value were declared where it is written: the inputs first, values bound to
  // weights wherever their number is next.
  static bool IsNumberedAsWritten(const Graph& graph) {
    ValueId next = 0;
    for (const ValueId id : graph.inputs) {
      if (id != next || id >= graph.values.size() ||
          graph.values[id].weights != kAbsent) {
        return false;
      }
      ++next;
    }
    for (const Layer& layer : graph.layers) {
      next = SkipWeights(graph, next);
      for (const Slot& slot : layer.outputs) {
        for (const ValueId id : slot.values) {
          if (id == kAbsent) continue;
          if (id != next || id >= graph.values.size() ||
              graph.values[id].weights != kAbsent) {
            return false;
          }
          ++next;
        }
      }
    }
    return SkipWeights(graph, next) == graph.values.size();
  }

  static ValueId SkipWeights(const Graph& graph, ValueId next) {
    while (next < graph.values.size() &&
           graph.values[next].weights != kAbsent) {
      ++next;
    }
    return next;
  }

  void PrintGraph(const Graph& graph) {
    // Where the numbers are not those, all values are declared up front.
    const bool declare_in_place = IsNumberedAsWritten(graph);
    absl::StrAppend(&out_, "graph ", QuoteString(graph.name), " (");
    for (size_t i = 0; i < graph.inputs.size(); ++i) {
      if (i > 0) out_.append(", ");
      PrintDeclared(graph, graph.inputs[i], declare_in_place);
    }
    out_.append(") {\n");
    ValueId next = static_cast<ValueId>(graph.inputs.size());
    if (!declare_in_place) {
      for (next = 0; next < graph.values.size(); ++next) {
        PrintStandalone(graph, next);
      }
    }
    const auto print_weights = [&] {
      const ValueId end = SkipWeights(graph, next);
      for (; next < end; ++next) PrintStandalone(graph, next);
    };
    for (const Layer& layer : graph.layers) {
      if (declare_in_place) print_weights();
      out_.append("  ");
      PrintLayer(graph, layer, declare_in_place);
      out_.append("\n");
      if (options_.sources) PrintSources(layer);
      for (const Slot& slot : layer.outputs) {
        for (const ValueId id : slot.values) next += id != kAbsent ? 1 : 0;
      }
    }
    if (declare_in_place) print_weights();
    out_.append("  return");
    const char* separator = " ";
    for (const ValueId id : graph.outputs) {
      absl::StrAppend(&out_, std::exchange(separator, ", "),
                      ValueReference(graph, id));
    }
    out_.append("\n}\n");
  }

  void PrintSlotValues(const Graph& graph, const Slot& slot, bool with_types) {
    const bool is_one = !slot.is_list && slot.values.size() == 1;
    // Round brackets for what should be one value and is not.
    if (!is_one) out_.append(slot.is_list ? "[" : "(");
    for (size_t i = 0; i < slot.values.size(); ++i) {
      if (i > 0) out_.append(", ");
      PrintDeclared(graph, slot.values[i], with_types);
    }
    if (!is_one) out_.append(slot.is_list ? "]" : ")");
  }

  void PrintLayer(const Graph& graph, const Layer& layer, bool with_types) {
    const char* separator = "";
    for (const Slot& slot : layer.outputs) {
      out_.append(std::exchange(separator, ", "));
      if (slot.name != text_syntax::kPlainOutput) {
        absl::StrAppend(&out_, UnreservedName(slot.name), "=");
      }
      PrintSlotValues(graph, slot, with_types);
    }
    absl::StrAppend(&out_, layer.outputs.empty() ? "()" : "", " = ",
                    UnreservedName(layer.kind), " ", QuoteString(layer.name));
    if (!layer.target.empty()) {
      absl::StrAppend(&out_, " target ", QuoteString(layer.target));
    }
    out_.append(" (");
    separator = "";
    for (const Slot& slot : layer.inputs) {
      absl::StrAppend(&out_, std::exchange(separator, ", "), Name(slot.name),
                      "=");
      PrintSlotValues(graph, slot, false);
    }
    out_.append(")");
    if (!layer.attributes.empty()) {
      separator = " {";
      for (const auto& [name, attribute] : layer.attributes) {
        absl::StrAppend(&out_, std::exchange(separator, ", "), Name(name), "=",
                        attribute.ToString());
      }
      out_.append("}");
    }
    separator = " with ";
    for (const auto& [role, body] : layer.bodies) {
      absl::StrAppend(&out_, std::exchange(separator, ", "), Name(role), "=@",
                      GraphReference(body));
    }
  }

  void PrintSources(const Layer& layer) {
    for (const Source& source : layer.sources) {
      absl::StrAppend(&out_, "      from ", QuoteString(source.op));
      const bool has_class =
          !source.module_class.empty() || source.call_index != 0;
      if (!source.module_path.empty() || has_class) {
        absl::StrAppend(&out_, " in ", QuoteString(source.module_path));
      }
      if (has_class) {
        absl::StrAppend(&out_, " (", QuoteString(source.module_class), ", ",
                        source.call_index, ")");
      }
      for (const Source::Frame& frame : source.frames) {
        absl::StrAppend(&out_, " at ", QuoteString(frame.file), ":", frame.line,
                        " ", QuoteString(frame.function));
      }
      out_.append("\n");
    }
  }

  const Model* model_;
  const TextOptions options_;
  NameIndex weights_index_;
  NameIndex graph_index_;
  std::string out_;
};

}  // namespace

std::string ToText(const Model& model, const TextOptions& options) {
  return Printer(&model, options).PrintModel();
}

std::string LayerToText(const Graph& graph, const Layer& layer) {
  return Printer(nullptr, {}).PrintOneLayer(graph, layer);
}

std::ostream& operator<<(std::ostream& out, const Model& model) {
  return out << ToText(model);
}

}  // namespace flextorchir
