#include "flextorchir/converter/passes/fold_constants.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ATen/ops/empty.h"
#include "ATen/ops/empty_strided.h"
#include "ATen/record_function.h"
#include "absl/container/flat_hash_map.h"
#include "absl/hash/hash.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "flextorchir/converter/capture/operator_info.h"
#include "flextorchir/converter/passes/drop_unused.h"
#include "flextorchir/converter/passes/graph_walk.h"
#include "flextorchir/evaluator/evaluator.h"
#include "flextorchir/torch_bridge/operator_call.h"
#include "flextorchir/torch_bridge/tensor.h"

namespace flextorchir {
namespace {

// Libraries whose operators do nothing but compute.
constexpr absl::string_view kPureNamespaces[] = {
    "aten::",
    "prims::",
    "quantized::",
    "torchvision::",
};

// They make something large of something small.
constexpr absl::string_view kExpanders[] = {
    "aten::expand",
    "aten::expand_as",
    "aten::broadcast_to",
};

// Arguments of which they read type and size, not the content. (By schema name:
// overloads agree.)
struct MetadataArgument {
  absl::string_view op;
  absl::string_view argument;
};
constexpr MetadataArgument kMetadataArguments[] = {
    {"aten::new_zeros", "self"},   {"aten::new_ones", "self"},
    {"aten::new_full", "self"},    {"aten::new_empty", "self"},
    {"aten::zeros_like", "self"},  {"aten::ones_like", "self"},
    {"aten::full_like", "self"},   {"aten::empty_like", "self"},
    {"aten::expand_as", "other"},  {"aten::view_as", "other"},
    {"aten::reshape_as", "other"}, {"aten::type_as", "other"},
    {"aten::to", "other"},
};

// Weights that were made small on purpose are not folded into large ones: named
// ones of a byte an element, from this size on.
constexpr int64_t kCompressedBytes = 64 * 1024;

bool IsCompressed(const Weights& weights) {
  return weights.role != Weights::Role::kConstant &&
         weights.type.dtype != DType::kBool &&
         DTypeBytes(weights.type.dtype) == 1 &&
         weights.type.NumBytes().value_or(0) >= kCompressedBytes;
}

// What folding needs to know of an operator.
struct OperatorFacts {
  bool pure = false;  // same arguments, same results, and nothing else
  std::string random_unless_false;  // ... if this argument is false
  std::string writes_if_true;       // ... unless this argument is true
  bool is_view = false;
  bool is_expander = false;
  bool allocates = false;
  std::string metadata_argument;  // it is read for its type and size alone
};

OperatorFacts FactsOf(const std::string& op) {
  OperatorFacts facts;
  const auto handle = FindOperator(op);
  if (!handle.has_value()) return facts;
  const OperatorInfo info = OperatorInfo::Make(*handle);
  const auto& arguments = info.schema->arguments();
  facts.allocates = info.allocates_only;
  facts.pure =
      info.writes.empty() &&
      std::any_of(std::begin(kPureNamespaces), std::end(kPureNamespaces),
                  [&](absl::string_view prefix) {
                    return absl::StartsWith(op, prefix);
                  });
  if (info.random) {
    for (const c10::Argument& argument : arguments) {
      if (argument.name() == "train" || argument.name() == "training") {
        facts.random_unless_false = argument.name();
      }
    }
    if (facts.random_unless_false.empty()) facts.pure = false;
  }
  if (info.silent_write_flag >= 0) {
    facts.writes_if_true = arguments[info.silent_write_flag].name();
  }
  for (const c10::Argument& result : info.schema->returns()) {
    facts.is_view |=
        result.alias_info() != nullptr && !result.alias_info()->isWrite();
  }
  for (const MetadataArgument& row : kMetadataArguments) {
    if (info.schema->name() == row.op) {
      facts.metadata_argument = std::string(row.argument);
    }
  }
  for (absl::string_view expander : kExpanders) {
    facts.is_expander |= info.schema->name() == expander;
  }
  return facts;
}

bool IsPure(const OperatorFacts& facts, const Layer& layer) {
  const auto flag = [&](const std::string& name) -> std::optional<bool> {
    const Attribute* attribute = layer.FindAttribute(name);
    if (attribute == nullptr || attribute->AsBool() == nullptr) {
      return std::nullopt;
    }
    return *attribute->AsBool();
  };
  if (!facts.pure || !layer.bodies.empty()) return false;
  if (!facts.random_unless_false.empty() &&
      flag(facts.random_unless_false) != false) {
    return false;
  }
  return facts.writes_if_true.empty() || flag(facts.writes_if_true) == false;
}

bool IsSymbolic(const Dim& dim) { return !dim.is_number(); }

bool IsSymbolic(const Attribute& attribute) {
  if (attribute.AsDim() != nullptr) return true;
  const Attribute::List* list = attribute.AsList();
  return list != nullptr &&
         std::any_of(list->begin(), list->end(),
                     [](const Attribute& item) { return IsSymbolic(item); });
}

// Whether what the layer returns is another in a run on other sizes, even if
// its inputs are the same.
bool FollowsSizes(const Graph& graph, const Layer& layer) {
  for (const auto& [name, attribute] : layer.attributes) {
    if (IsSymbolic(attribute)) return true;
  }
  for (ValueId output : PresentValues(layer.outputs)) {
    const TensorType* type = graph.value(output).tensor();
    if (type != nullptr &&
        std::any_of(type->shape.begin(), type->shape.end(),
                    [](const Dim& dim) { return IsSymbolic(dim); })) {
      return true;
    }
  }
  return false;
}

class Folder {
 public:
  Folder(const FoldOptions& options, FunctionalGraph* functional)
      : options_(options), functional_(functional) {
    for (const Layer& layer : graph().layers) {
      auto [place, is_new] = facts_.try_emplace(layer.kind);
      if (is_new) place->second = FactsOf(layer.kind);
    }
  }

  void Run() {
    while (true) {
      Classify();
      Plan();
      if (materialize_.empty() || Materialize()) break;
    }
    RemoveDropped();
    const std::vector<ValueId> old_ids = DropUnused(&functional_->model);
    std::vector<FunctionalGraph::Result> results;
    for (ValueId old : old_ids) results.push_back(functional_->results[old]);
    functional_->results = std::move(results);
  }

 private:
  Graph& graph() { return functional_->model.graphs[0]; }
  const OperatorFacts& facts(size_t layer) {
    return facts_.at(graph().layers[layer].kind);
  }

  // The inputs whose content the layer reads.
  std::vector<ValueId> ContentInputs(size_t i) {
    std::vector<Slot> slots = graph().layers[i].inputs;
    const std::string& metadata = facts(i).metadata_argument;
    slots.erase(std::remove_if(slots.begin(), slots.end(),
                               [&](const Slot& slot) {
                                 return !metadata.empty() &&
                                        slot.name == metadata;
                               }),
                slots.end());
    return PresentValues(slots);
  }

  // What each value depends on.
  struct Origin {
    bool constant = false;  // on constants alone
    bool foldable = false;  // ... and its layer may go
    bool computed = false;  // by more than views of named weights
  };

  void Classify() {
    Graph& graph = this->graph();
    const Model& model = functional_->model;
    std::set<WeightsId> state;
    for (const StateOutput& output : model.state_outputs) {
      state.insert(output.weights);
    }
    origins_.assign(graph.values.size(), Origin());
    for (size_t v = 0; v < graph.values.size(); ++v) {
      const WeightsId weights = graph.values[v].weights;
      if (weights == kAbsent || state.count(weights) > 0) continue;
      origins_[v].constant = true;
      origins_[v].foldable = !IsCompressed(model.weights[weights]);
      origins_[v].computed =
          model.weights[weights].role == Weights::Role::kConstant;
    }
    constant_.assign(graph.layers.size(), false);
    foldable_.assign(graph.layers.size(), false);
    for (size_t i = 0; i < graph.layers.size(); ++i) {
      const Layer& layer = graph.layers[i];
      const OperatorFacts& facts = this->facts(i);
      Origin origin;
      origin.constant = IsPure(facts, layer);
      origin.foldable =
          origin.constant && options_.fold && !functional_->origins[i].varies &&
          !FollowsSizes(graph, layer) &&
          blocked_.count(static_cast<int32_t>(i)) == 0 &&
          !(options_.keep && options_.keep(functional_->origins[i].scope));
      origin.computed = !facts.is_view && !facts.is_expander;
      for (ValueId input : ContentInputs(i)) {
        origin.constant &= origins_[input].constant;
        origin.foldable &= origins_[input].foldable;
        origin.computed |= origins_[input].computed;
      }
      constant_[i] = origin.constant;
      foldable_[i] = origin.foldable;
      for (ValueId output : PresentValues(layer.outputs)) {
        origins_[output] = origin;
      }
    }
  }

  // Decides, from the end, which layers go and which values become constants.
  void Plan() {
    Graph& graph = this->graph();
    std::vector<bool> needed(graph.values.size());
    for (ValueId output : graph.outputs) {
      if (output != kAbsent) needed[output] = true;
    }
    drop_.assign(graph.layers.size(), false);
    materialize_.clear();
    for (size_t i = graph.layers.size(); i-- > 0;) {
      const Layer& layer = graph.layers[i];
      const std::vector<ValueId> outputs = PresentValues(layer.outputs);
      std::vector<ValueId> wanted;
      for (ValueId output : outputs) {
        if (needed[output]) wanted.push_back(output);
      }
      if (wanted.empty()) {
        if (constant_[i]) {
          drop_[i] = true;
          continue;
        }
      } else if (foldable_[i] && BecomesConstant(i, wanted)) {
        drop_[i] = true;
        materialize_.insert(materialize_.end(), wanted.begin(), wanted.end());
        continue;
      }
      for (ValueId input : PresentValues(layer.inputs)) needed[input] = true;
    }
    std::sort(materialize_.begin(), materialize_.end());
  }

  bool BecomesConstant(size_t i, const std::vector<ValueId>& wanted) {
    if (facts(i).is_expander || facts(i).allocates) return false;
    return std::all_of(wanted.begin(), wanted.end(), [&](ValueId value) {
      return origins_[value].computed &&
             graph().value(value).tensor() != nullptr;
    });
  }

  // Runs the layers that the wanted constants need. False if one of them cannot
  // be folded: it is blocked then, and all is to be planned again.
  bool Materialize() {
    const Graph& graph = this->graph();
    std::vector<bool> needed(graph.values.size());
    for (ValueId value : materialize_) needed[value] = true;
    std::vector<int32_t> layers;
    for (size_t i = graph.layers.size(); i-- > 0;) {
      const std::vector<ValueId> outputs =
          PresentValues(graph.layers[i].outputs);
      if (std::none_of(outputs.begin(), outputs.end(),
                       [&](ValueId v) { return needed[v]; })) {
        continue;
      }
      layers.push_back(static_cast<int32_t>(i));
      for (ValueId input : ContentInputs(i)) needed[input] = true;
    }
    std::reverse(layers.begin(), layers.end());

    size_t completed = 0;
    absl::StatusOr<std::vector<c10::IValue>> contents =
        RunLayers(layers, &completed);
    if (!contents.ok()) {
      if (completed < layers.size()) {
        blocked_.insert(layers[completed]);
      } else {
        blocked_.insert(layers.begin(), layers.end());
      }
      return false;
    }
    const std::vector<int32_t> writers = WritersOf(graph);
    std::vector<Weights> constants;
    for (size_t k = 0; k < materialize_.size(); ++k) {
      const ValueId value = materialize_[k];
      const TensorType& recorded = *graph.value(value).tensor();
      absl::StatusOr<Weights> constant = absl::InternalError("no tensor");
      if ((*contents)[k].isTensor()) {
        constant =
            ToWeights("", Weights::Role::kConstant, (*contents)[k].toTensor());
      }
      if (!constant.ok() || constant->type.dtype != recorded.dtype ||
          constant->type.shape != recorded.shape) {
        blocked_.insert(writers[value]);
        return false;
      }
      constants.push_back(*std::move(constant));
    }
    Bind(std::move(constants), writers);
    return true;
  }

  // Runs these layers of the graph, from constants alone; `completed` is how
  // many of them gave a result.
  absl::StatusOr<std::vector<c10::IValue>> RunLayers(
      const std::vector<int32_t>& layers, size_t* completed) {
    Model model;
    model.metadata = functional_->model.metadata;
    model.weights = functional_->model.weights;
    model.graphs.emplace_back();
    Graph& constants = model.graphs[0];
    constants.name = "constants";
    constants.values = graph().values;
    for (size_t v = 0; v < constants.values.size(); ++v) {
      constants.values[v].name = absl::StrCat("v", v);
    }
    std::vector<c10::IValue> inputs;
    for (int32_t i : layers) {
      Layer layer = graph().layers[i];
      layer.name = absl::StrCat("l", i);
      for (Slot& slot : layer.inputs) {
        if (slot.name != facts(i).metadata_argument || slot.is_list ||
            slot.values[0] == kAbsent) {
          continue;
        }
        // Something of that type and size will do.
        Value stand_in = graph().value(slot.values[0]);
        stand_in.name = absl::StrCat("s", i);
        stand_in.weights = kAbsent;
        inputs.push_back(WithoutContent(stand_in));
        slot.values[0] = constants.AddValue(std::move(stand_in));
        constants.inputs.push_back(slot.values[0]);
      }
      constants.layers.push_back(std::move(layer));
    }
    constants.outputs = materialize_;
    DropUnused(&model);

    EvaluatorOptions options;
    options.observer = [&](const Graph&, const Layer&,
                           const std::vector<c10::IValue>&) {
      ++*completed;
      return absl::OkStatus();
    };
    at::RecordFunctionGuard do_not_record(/*is_enabled=*/false);
    auto evaluator = Evaluator::Create(model, std::move(options));
    if (!evaluator.ok()) {
      *completed = layers.size();
      return evaluator.status();
    }
    return (*evaluator)->Run(inputs);
  }

  // A tensor of this type that has memory, but nothing in it.
  static c10::IValue WithoutContent(const Value& value) {
    const TensorType* type = value.tensor();
    if (type == nullptr || type->quantization.has_value()) return {};
    const at::TensorOptions options(ToScalarType(type->dtype));
    std::vector<int64_t> sizes;
    std::vector<int64_t> strides;
    for (const Dim& dim : type->shape) {
      sizes.push_back(dim.is_number() ? dim.number() : 1);
    }
    for (const Dim& dim : type->strides) {
      // What is folded does not read sizes that are symbolic.
      if (!dim.is_number()) return at::empty(sizes, options);
      strides.push_back(dim.number());
    }
    return strides.empty() ? at::empty(sizes, options)
                           : at::empty_strided(sizes, strides, options);
  }

  // Makes the values that were planned stand for these constants; equal ones
  // are kept once. (NameValues makes their names unique.)
  void Bind(std::vector<Weights> constants,
            const std::vector<int32_t>& writers) {
    Model& model = functional_->model;
    absl::flat_hash_map<size_t, std::vector<WeightsId>> by_hash;
    for (size_t k = 0; k < constants.size(); ++k) {
      Weights& constant = constants[k];
      const ValueId value = materialize_[k];
      std::vector<WeightsId>& equal =
          by_hash[absl::HashOf(constant.data.data())];
      WeightsId id = kAbsent;
      for (WeightsId other : equal) {
        if (model.weights[other].type == constant.type &&
            model.weights[other].data.data() == constant.data.data()) {
          id = other;
        }
      }
      graph().values[value].type = constant.type;
      if (id == kAbsent) {
        const std::string& path =
            graph().layers[writers[value]].source().module_path;
        constant.name =
            path.empty() ? "constant" : absl::StrCat(path, ".constant");
        id = static_cast<WeightsId>(model.weights.size());
        model.weights.push_back(std::move(constant));
        equal.push_back(id);
      }
      graph().values[value].weights = id;
    }
  }

  void RemoveDropped() {
    std::vector<Layer> layers;
    std::vector<FunctionalGraph::Origin> origins;
    for (size_t i = 0; i < drop_.size(); ++i) {
      if (drop_[i]) continue;
      layers.push_back(std::move(graph().layers[i]));
      origins.push_back(functional_->origins[i]);
    }
    graph().layers = std::move(layers);
    functional_->origins = std::move(origins);
  }

  const FoldOptions& options_;
  FunctionalGraph* functional_;
  absl::flat_hash_map<std::string, OperatorFacts> facts_;
  std::set<int32_t> blocked_;    // layers that cannot be folded
  std::vector<Origin> origins_;  // by value
  std::vector<bool> constant_;   // by layer: it depends on constants alone
  std::vector<bool> foldable_;   // by layer: ... and may go
  std::vector<bool> drop_;       // by layer: the plan
  std::vector<ValueId> materialize_;
};

}  // namespace

void FoldConstants(const FoldOptions& options, FunctionalGraph* graph) {
  Folder(options, graph).Run();
}

}  // namespace flextorchir
