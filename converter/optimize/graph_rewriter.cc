#include "flextorchir/converter/optimize/graph_rewriter.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "flextorchir/converter/passes/graph_walk.h"
#include "flextorchir/ir/layer_set.h"

namespace flextorchir {
namespace {

// Whether some of the argument is computed: it is there as an input.
bool IsComputed(const Layer& layer, absl::string_view name) {
  const Slot* slot = layer.FindInput(name);
  if (slot == nullptr) return false;
  for (ValueId value : slot->values) {
    if (value != kAbsent) return true;
  }
  return false;
}

Slot* FindSlot(std::vector<Slot>* slots, absl::string_view name) {
  for (Slot& slot : *slots) {
    if (slot.name == name) return &slot;
  }
  return nullptr;
}

}  // namespace

GraphRewriter::GraphRewriter(Graph* graph)
    : graph_(graph),
      writers_(WritersOf(*graph)),
      reads_(graph->values.size()),
      is_output_(graph->values.size()),
      instead_(graph->values.size(), kAbsent),
      dropped_(graph->layers.size()) {
  ForEachRead(graph, [&](ValueId* value) { ++reads_[*value]; });
  for (ValueId output : graph->outputs) is_output_[output] = true;
}

ValueId GraphRewriter::Current(ValueId value) const {
  while (instead_[value] != kAbsent) value = instead_[value];
  return value;
}

ValueId GraphRewriter::Input(const Layer& layer, absl::string_view name) const {
  const ValueId value = layer.Input(name);
  return value == kAbsent ? kAbsent : Current(value);
}

int32_t GraphRewriter::OnlyReader(ValueId value, absl::string_view name) const {
  value = Current(value);
  if (reads_[value] != 1 || is_output_[value]) return kAbsent;
  for (int32_t i = 0; i < num_layers(); ++i) {
    if (!dropped_[i] && Input(graph_->layers[i], name) == value) return i;
  }
  return kAbsent;
}

void GraphRewriter::Count(const Layer& layer, int32_t sign) {
  for (ValueId value : PresentValues(layer.inputs)) {
    reads_[Current(value)] += sign;
  }
}

void GraphRewriter::Drop(int32_t number) {
  Count(layer(number), -1);
  dropped_[number] = true;
}

void GraphRewriter::SetInputs(int32_t to, std::vector<Slot> inputs) {
  const size_t values = graph_->values.size();
  writers_.resize(values, kAbsent);
  reads_.resize(values);
  is_output_.resize(values);
  instead_.resize(values, kAbsent);
  Count(layer(to), -1);
  layer(to).inputs = std::move(inputs);
  Count(layer(to), +1);
}

void GraphRewriter::SetInput(int32_t to, absl::string_view name,
                             ValueId value) {
  std::vector<Slot> inputs = layer(to).inputs;
  if (Slot* slot = FindSlot(&inputs, name)) {
    *slot = Slot::One(std::string(name), value);
  } else {
    inputs.push_back(Slot::One(std::string(name), value));
  }
  SetInputs(to, std::move(inputs));
}

void GraphRewriter::SetOutput(int32_t to, absl::string_view name,
                              ValueId value) {
  Slot* slot = FindSlot(&layer(to).outputs, name);
  const ValueId before = slot->values[0];
  if (before != kAbsent && writers_[before] == to) writers_[before] = kAbsent;
  slot->values[0] = value;
  writers_[value] = to;
}

bool GraphRewriter::Bypass(int32_t number, ValueId from, ValueId to) {
  from = Current(from);
  if (value(from).weights != kAbsent) return false;
  const bool same_layout = value(from).type == value(to).type;
  const int32_t writer = writers_[from];
  if (same_layout && !is_output_[to]) {
    Drop(number);
    instead_[to] = from;
    reads_[from] += reads_[to];
    return true;
  }
  // `from` gives way.
  if (writer == kAbsent || is_output_[from]) return false;
  if (!same_layout &&
      (reads_[from] != 1 || !IsStandard(graph_->layers[writer]))) {
    return false;
  }
  Drop(number);
  ForEachValue(&layer(writer).outputs, [&](ValueId* output) {
    if (*output == from) *output = to;
  });
  writers_[to] = writer;
  writers_[from] = kAbsent;
  instead_[from] = to;
  reads_[to] += reads_[from];
  return true;
}

void GraphRewriter::Finish() {
  const auto update = [&](ValueId* value) { *value = Current(*value); };
  ForEachRead(graph_, update);
  std::vector<Layer> layers;
  for (int32_t i = 0; i < num_layers(); ++i) {
    if (!dropped_[i]) layers.push_back(std::move(layer(i)));
  }
  graph_->layers = std::move(layers);
}

bool IsStandard(const Layer& layer) {
  return layer.bodies.empty() && FindLayerKind(layer.kind) != nullptr;
}

const Attribute* ConstantArgument(const Layer& layer, absl::string_view name) {
  if (IsComputed(layer, name)) return nullptr;
  const Attribute* attribute = layer.FindAttribute(name);
  if (attribute != nullptr) return attribute;
  const LayerKind* kind = FindLayerKind(layer.kind);
  const AttributeSpec* spec =
      kind == nullptr ? nullptr : kind->FindAttribute(name);
  if (spec == nullptr || !spec->default_value.has_value()) return nullptr;
  return &*spec->default_value;
}

ValueId OutputOf(const Layer& layer) {
  const Slot* slot = layer.FindOutput("output");
  return slot == nullptr || slot->is_list ? kAbsent : slot->values[0];
}

const TensorType* TensorOf(const Graph& graph, ValueId value) {
  return value == kAbsent ? nullptr : graph.value(value).tensor();
}

void AddSources(const Layer& other, Layer* layer) {
  layer->sources.insert(layer->sources.end(), other.sources.begin(),
                        other.sources.end());
}

}  // namespace flextorchir
