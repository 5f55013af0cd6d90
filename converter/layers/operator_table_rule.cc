#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ATen/core/function_schema.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "flextorchir/converter/layers/standard_rules.h"
#include "flextorchir/ir/attribute.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/layer_set.h"
#include "flextorchir/torch_bridge/attribute.h"
#include "flextorchir/torch_bridge/operator_call.h"
#include "flextorchir/torch_bridge/operator_table.h"
#include "flextorchir/torch_bridge/packed_arguments.h"

namespace flextorchir {
namespace {

using Use = OperatorBinding::Argument::Use;

template <typename... Parts>
absl::Status Refuse(const Parts&... parts) {
  return absl::UnimplementedError(absl::StrCat(parts...));
}

bool IsAbsent(const Slot& slot) {
  return !slot.is_list && slot.values[0] == kAbsent;
}

// One number of `int[2] stride` stands for both.
void RepeatSingleElement(const c10::Argument& argument, Attribute* attribute) {
  const int32_t length = argument.N().value_or(0);
  const Attribute::List* list = attribute->AsList();
  if (length > 1 && list != nullptr && list->size() == 1) {
    const Attribute element = (*list)[0];
    *attribute = Attribute::List(length, element);
  }
}

// An operator layer, under one row of the table.
class Translation {
 public:
  Translation(const Graph& graph, const Layer& from,
              absl::Span<const c10::Argument> arguments,
              const OperatorBinding& binding, const LayerKind& kind)
      : graph_(graph),
        from_(from),
        arguments_(arguments),
        binding_(binding),
        kind_(kind) {}

  // The layer without its sources.
  absl::Status Run(Layer* to) {
    to_.kind = kind_.name;
    to_.name = from_.name;
    to_.bodies = from_.bodies;
    absl::Status status = CheckNames();
    if (status.ok()) status = CheckRanks();
    for (const c10::Argument& argument : arguments_) {
      if (status.ok()) status = Translate(argument);
    }
    if (status.ok()) status = NameOutputs();
    if (!status.ok()) return status;
    for (const auto& [name, value] : binding_.constants) {
      to_.attributes[name] = value;
    }
    CompleteAttributes();
    CompleteInputs();
    if (status = CheckLayerAgainstSet(to_); !status.ok()) {
      return Refuse(status.message());
    }
    *to = std::move(to_);
    return absl::OkStatus();
  }

 private:
  absl::Status CheckNames() const {
    const auto check = [&](const std::string& name) {
      for (const c10::Argument& argument : arguments_) {
        if (argument.name() == name) return absl::OkStatus();
      }
      return Refuse("the operator has no `", name, "`");
    };
    absl::Status status;
    for (const Slot& slot : from_.inputs) status.Update(check(slot.name));
    for (const auto& [name, value] : from_.attributes) {
      status.Update(check(name));
    }
    return status;
  }

  absl::Status CheckRanks() const {
    for (const OperatorBinding::Rank& rank : binding_.ranks) {
      const ValueId value = from_.Input(rank.op_name);
      const TensorType* type =
          value == kAbsent ? nullptr : graph_.value(value).tensor();
      if (type == nullptr || type->shape.size() != rank.rank) {
        return Refuse("only for a `", rank.op_name, "` of ", rank.rank,
                      " dimensions");
      }
    }
    return absl::OkStatus();
  }

  // What the operator got where it got no value of the graph.
  Attribute AttributeOf(const c10::Argument& argument) const {
    if (const Attribute* given = from_.FindAttribute(argument.name())) {
      return *given;
    }
    if (from_.FindInput(argument.name()) == nullptr &&
        argument.default_value().has_value()) {
      return ToAttribute(*argument.default_value(), &argument)
          .value_or(Attribute());
    }
    return Attribute();
  }

  absl::Status Translate(const c10::Argument& argument) {
    const OperatorBinding::Argument* row = binding_.Find(argument.name());
    const Slot* slot = from_.FindInput(argument.name());
    Attribute attribute = AttributeOf(argument);
    if (row != nullptr && row->use != Use::kRename) {
      if (slot != nullptr && !IsAbsent(*slot)) {
        return Refuse("not for a computed `", argument.name(), "`");
      }
      if (row->use == Use::kRequire && !SameValue(row->value, attribute)) {
        return Refuse("only for `", argument.name(), "` being ",
                      row->value.ToString(), ", not ", attribute.ToString());
      }
      return absl::OkStatus();
    }
    const std::string name = binding_.LayerName(argument.name());
    if (slot != nullptr) {
      to_.inputs.push_back(*slot);
      to_.inputs.back().name = name;
    }
    if (row != nullptr && !row->names.empty()) {
      const int64_t* number = attribute.AsInt();
      if (number == nullptr || *number < 0 || *number >= row->names.size()) {
        return Refuse("`", argument.name(), "` may not be ",
                      attribute.ToString());
      }
      attribute = row->names[*number];
    }
    if (attribute.is_none()) return absl::OkStatus();
    if (slot == nullptr) RepeatSingleElement(argument, &attribute);
    to_.attributes[name] = std::move(attribute);
    return absl::OkStatus();
  }

  absl::Status NameOutputs() {
    to_.outputs = from_.outputs;
    if (to_.outputs.size() > kind_.outputs.size()) {
      return Refuse("the operator has ", to_.outputs.size(),
                    " outputs, the kind ", kind_.outputs.size());
    }
    for (size_t i = 0; i < to_.outputs.size(); ++i) {
      to_.outputs[i].name = kind_.outputs[i].name;
    }
    return absl::OkStatus();
  }

  // Spells out what the kind has a default for, and puts values into the form
  // that it wants.
  void CompleteAttributes() {
    for (const AttributeSpec& spec : kind_.attributes) {
      if (HasInput(spec.name)) continue;
      const auto found = to_.attributes.find(spec.name);
      if (found != to_.attributes.end()) {
        // One dimension where the kind takes several.
        if (!spec.Accepts(found->second)) {
          const Attribute list = Attribute::List{found->second};
          if (spec.Accepts(list)) found->second = list;
        }
        continue;
      }
      if (spec.default_value.has_value()) {
        if (!spec.default_value->is_none()) {
          to_.attributes[spec.name] = *spec.default_value;
        }
      } else if (spec.name == "dtype") {
        if (const std::optional<DType> dtype = ResultDType()) {
          to_.attributes[spec.name] = *dtype;
        }
      }
    }
  }

  bool HasInput(absl::string_view name) const {
    const Slot* slot = to_.FindInput(name);
    return slot != nullptr && !IsAbsent(*slot);
  }

  std::optional<DType> ResultDType() const {
    if (to_.outputs.empty() || to_.outputs[0].values.empty()) {
      return std::nullopt;
    }
    const ValueId value = to_.outputs[0].values[0];
    const TensorType* type =
        value == kAbsent ? nullptr : graph_.value(value).tensor();
    if (type == nullptr) return std::nullopt;
    return type->dtype;
  }

  // The kind's inputs, in its order, absent ones too; then attributes that are
  // computed.
  void CompleteInputs() {
    std::vector<Slot> slots = std::move(to_.inputs);
    to_.inputs.clear();
    for (const InputSpec& spec : kind_.inputs) {
      const auto found = std::find_if(
          slots.begin(), slots.end(),
          [&](const Slot& slot) { return slot.name == spec.name; });
      if (found != slots.end()) {
        to_.inputs.push_back(std::move(*found));
        slots.erase(found);
      } else if (spec.optional) {
        to_.inputs.push_back(Slot::One(spec.name, kAbsent));
      }
    }
    for (Slot& slot : slots) {
      if (!IsAbsent(slot)) to_.inputs.push_back(std::move(slot));
    }
  }

  const Graph& graph_;
  const Layer& from_;
  const absl::Span<const c10::Argument> arguments_;  // the operator's
  const OperatorBinding& binding_;
  const LayerKind& kind_;
  Layer to_;
};

}  // namespace

absl::Status ApplyOperatorTable(const Model&, const Graph& graph,
                                Layer& layer) {
  const std::string& op = layer.target.empty() ? layer.kind : layer.target;
  const auto bindings = BindingsOfOperator(op);
  if (bindings.empty()) {
    return Refuse("the operator table has no row for ", op);
  }
  const auto handle = FindOperator(op);
  if (!handle.has_value()) {
    return Refuse("the operator ", op, " is not loaded in this process");
  }
  const std::vector<c10::Argument> arguments =
      LayerArgumentsOf(handle->schema());
  std::string reasons;
  for (const OperatorBinding* binding : bindings) {
    const LayerKind* kind = FindLayerKind(binding->kind);
    if (kind == nullptr) continue;  // found by layer_converter_test
    Layer result;
    const absl::Status status =
        Translation(graph, layer, arguments, *binding, *kind).Run(&result);
    if (status.ok()) {
      result.sources = std::move(layer.sources);
      layer = std::move(result);
      return absl::OkStatus();
    }
    absl::StrAppend(&reasons, reasons.empty() ? "" : "; ", binding->kind, ": ",
                    status.message());
  }
  return Refuse(reasons);
}

void AddStandardRules(LayerConverterRegistry& registry) {
  for (const OperatorBinding& binding : OperatorTable()) {
    // Rows of one operator share the rule, so adding it again is no matter.
    registry.AddOperator(binding.op, ApplyOperatorTable).IgnoreError();
  }
  AddAttentionRules(registry);
  AddPoolingRules(registry);
  AddUpsampleRules(registry);
}

}  // namespace flextorchir
