#include "flextorchir/converter/capture/graph_builder.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <numeric>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "flextorchir/torch_bridge/tensor.h"

namespace flextorchir {
namespace {

template <typename Visit>
void ForEachValue(std::vector<Slot>& slots, const Visit& visit) {
  for (Slot& slot : slots) {
    for (ValueId& value : slot.values) {
      if (value != kAbsent) visit(value);
    }
  }
}

}  // namespace

TensorType TypeOfMeta(const TensorMeta& meta) {
  TensorType type = StridedType(ToDType(meta.dtype).value_or(DType::kFloat32),
                                meta.sizes, meta.strides);
  if (meta.quantization != nullptr) type.quantization = *meta.quantization;
  return type;
}

GraphBuilder::GraphBuilder(const Trace& trace) : trace_(trace) {
  out_.model.graphs.emplace_back();
  graph().name = "main";
}

ValueId GraphBuilder::NewValue(std::variant<TensorType, ScalarType> type) {
  out_.results.emplace_back();
  return graph().AddValue(Value{"", std::move(type), kAbsent});
}

ValueId GraphBuilder::NewConstant(at::Tensor content,
                                  std::vector<std::string> names) {
  const ValueId value = NewValue(TypeOf(content).value_or(TensorType()));
  constants_.push_back({value, std::move(content), std::move(names)});
  return value;
}

Layer GraphBuilder::NewLayer(std::string op) const {
  Layer layer;
  layer.kind = op;
  layer.target = std::move(op);
  if (call_ == kAbsent) return layer;
  const OperatorCall& call = trace_.calls[call_];
  const ModuleScope& scope = trace_.scopes[call.scope];
  Source source;
  source.op = call.info->name;
  source.module_path = scope.path;
  source.module_class = scope.module_class;
  source.call_index = scope.call_index;
  if (call.frames != kAbsent) source.frames = trace_.frames[call.frames];
  layer.sources.push_back(std::move(source));
  return layer;
}

void GraphBuilder::Emit(Layer layer, bool added) {
  FunctionalGraph::Origin origin;
  origin.scope = call_ == kAbsent ? 0 : trace_.calls[call_].scope;
  origin.call = added ? kAbsent : call_;
  graph().layers.push_back(std::move(layer));
  out_.origins.push_back(origin);
}

ValueId GraphBuilder::Add(
    std::string op, const std::vector<std::pair<std::string, ValueId>>& inputs,
    std::map<std::string, Attribute> attributes, TensorType type) {
  Layer layer = NewLayer(std::move(op));
  for (const auto& [name, value] : inputs) {
    layer.inputs.push_back(Slot::One(name, value));
  }
  layer.attributes = std::move(attributes);
  const ValueId value = NewValue(std::move(type));
  layer.outputs.push_back(Slot::One("output", value));
  Emit(std::move(layer), /*added=*/true);
  return value;
}

ValueId GraphBuilder::AddZeros(const TensorMeta& meta) {
  TensorType type = TypeOfMeta(meta);
  std::map<std::string, Attribute> attributes = {
      {"size", Attribute::Ints({meta.sizes.data(), meta.sizes.size()})},
      {"dtype", type.dtype},
      {"layout", Attribute()},
      {"device", Attribute()},
      {"pin_memory", Attribute()}};
  return Add("aten::zeros", {}, std::move(attributes), std::move(type));
}

void GraphBuilder::Warn(Report::Severity severity, std::string code,
                        std::string message) {
  WarnAt(call_, severity, std::move(code), std::move(message));
}

void GraphBuilder::WarnAt(int32_t call, Report::Severity severity,
                          std::string code, std::string message) {
  Report::Warning warning;
  warning.code = std::move(code);
  warning.severity = severity;
  warning.message = std::move(message);
  if (call != kAbsent) {
    SetPlace(trace_.calls[call].scope, trace_.calls[call].frames, &warning);
  }
  out_.warnings.push_back(std::move(warning));
  call_of_warning_.push_back(call);
}

void GraphBuilder::SetPlace(ScopeId scope, int32_t frames,
                            Report::Warning* warning) const {
  warning->module_path = trace_.scopes[scope].path;
  if (frames == kAbsent || trace_.frames[frames].empty()) return;
  const Source::Frame& frame = trace_.frames[frames][0];
  warning->source = absl::StrCat(frame.file, ":", frame.line);
}

void GraphBuilder::WarnOf(const Trace::Note& note) {
  Report::Warning warning;
  warning.code = note.code;
  warning.severity = note.severity;
  warning.message = note.message;
  SetPlace(note.scope, note.frames, &warning);
  out_.warnings.push_back(std::move(warning));
  call_of_warning_.push_back(kAbsent);
}

std::string GraphBuilder::OpName() const {
  return call_ == kAbsent ? "the model's result"
                          : trace_.calls[call_].info->name;
}

void GraphBuilder::DropUnreadLayers() {
  std::vector<int32_t> readers(graph().values.size());
  for (Layer& layer : graph().layers) {
    ForEachValue(layer.inputs, [&](ValueId value) { ++readers[value]; });
  }
  for (ValueId value : graph().outputs) {
    if (value != kAbsent) ++readers[value];
  }
  std::vector<Layer> layers;
  std::vector<FunctionalGraph::Origin> origins;
  for (size_t i = graph().layers.size(); i-- > 0;) {
    Layer& layer = graph().layers[i];
    bool keep = out_.origins[i].call != kAbsent;
    ForEachValue(layer.outputs,
                 [&](ValueId value) { keep |= readers[value] > 0; });
    if (!keep) {
      ForEachValue(layer.inputs, [&](ValueId value) { --readers[value]; });
      continue;
    }
    layers.push_back(std::move(layer));
    origins.push_back(out_.origins[i]);
  }
  std::reverse(layers.begin(), layers.end());
  std::reverse(origins.begin(), origins.end());
  graph().layers = std::move(layers);
  out_.origins = std::move(origins);
}

void GraphBuilder::DropUnusedValues() {
  std::vector<bool> used(graph().values.size());
  const auto use = [&](ValueId value) { used[value] = true; };
  for (ValueId value : graph().inputs) use(value);
  for (ValueId value : graph().outputs) {
    if (value != kAbsent) use(value);
  }
  for (size_t i = 0; i < used.size(); ++i) {
    used[i] = used[i] || graph().values[i].weights != kAbsent;
  }
  for (Layer& layer : graph().layers) {
    ForEachValue(layer.inputs, use);
    ForEachValue(layer.outputs, use);
  }
  std::vector<ValueId> moved(used.size(), kAbsent);
  std::vector<Value> values;
  std::vector<FunctionalGraph::Result> results;
  for (size_t i = 0; i < used.size(); ++i) {
    if (!used[i]) continue;
    moved[i] = static_cast<ValueId>(values.size());
    values.push_back(std::move(graph().values[i]));
    results.push_back(out_.results[i]);
  }
  const auto move = [&](ValueId& value) { value = moved[value]; };
  for (ValueId& value : graph().inputs) move(value);
  for (ValueId& value : graph().outputs) {
    if (value != kAbsent) move(value);
  }
  for (Layer& layer : graph().layers) {
    ForEachValue(layer.inputs, move);
    ForEachValue(layer.outputs, move);
  }
  graph().values = std::move(values);
  out_.results = std::move(results);
}

FunctionalGraph GraphBuilder::Build() && {
  DropUnreadLayers();
  DropUnusedValues();
  const auto order = [&](size_t i) {
    return call_of_warning_[i] == kAbsent ? std::numeric_limits<int32_t>::max()
                                          : call_of_warning_[i];
  };
  std::vector<size_t> rows(out_.warnings.size());
  std::iota(rows.begin(), rows.end(), 0);
  std::stable_sort(rows.begin(), rows.end(),
                   [&](size_t a, size_t b) { return order(a) < order(b); });
  std::vector<Report::Warning> warnings;
  for (size_t row : rows) warnings.push_back(std::move(out_.warnings[row]));
  out_.warnings = std::move(warnings);
  return std::move(out_);
}

}  // namespace flextorchir
