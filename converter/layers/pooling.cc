#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "flextorchir/converter/layers/layer_converter.h"
#include "flextorchir/converter/layers/standard_rules.h"
#include "flextorchir/ir/attribute.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/torch_bridge/operator_table.h"

namespace flextorchir {
namespace {

// An empty stride means the size of the window.
absl::Status ConvertPool(const Model& model, const Graph& graph, Layer& layer) {
  const absl::Status status = ApplyOperatorTable(model, graph, layer);
  if (!status.ok()) return status;
  const auto stride = layer.attributes.find("stride");
  const auto kernel_size = layer.attributes.find("kernel_size");
  if (stride != layer.attributes.end() &&
      kernel_size != layer.attributes.end() &&
      stride->second.AsList() != nullptr && stride->second.AsList()->empty()) {
    stride->second = kernel_size->second;
  }
  return absl::OkStatus();
}

struct Window {
  int64_t kernel_size = 0;
  int64_t stride = 0;
};

// The windows of an adaptive pool along one dimension, if they are all alike.
std::optional<Window> PlainWindow(int64_t input, int64_t output) {
  if (output <= 0 || input < output) return std::nullopt;
  const auto start = [&](int64_t i) { return i * input / output; };
  const auto end = [&](int64_t i) {
    return ((i + 1) * input + output - 1) / output;
  };
  Window window{end(0) - start(0), output > 1 ? start(1) - start(0) : end(0)};
  for (int64_t i = 1; i < output; ++i) {
    if (end(i) - start(i) != window.kernel_size ||
        start(i) != i * window.stride) {
      return std::nullopt;
    }
  }
  return window;
}

// An adaptive pool that is a plain one on this size says so.
absl::Status ConvertAdaptivePool(const Model& model, const Graph& graph,
                                 Layer& layer) {
  // For an output of one element, adaptive_avg_pool takes the mean instead,
  // which rounds otherwise.
  if (absl::StartsWith(layer.target, "aten::_adaptive")) {
    const Attribute* size = layer.FindAttribute("output_size");
    const auto sizes = size == nullptr ? std::nullopt : size->AsInts();
    if (!sizes.has_value() || std::all_of(sizes->begin(), sizes->end(),
                                          [](int64_t n) { return n == 1; })) {
      return absl::UnimplementedError(
          "not the same bits as adaptive_avg_pool for an output of one "
          "element");
    }
  }
  const absl::Status status = ApplyOperatorTable(model, graph, layer);
  if (!status.ok()) return status;
  const ValueId input = layer.Input("input");
  const TensorType* type =
      input == kAbsent ? nullptr : graph.value(input).tensor();
  const Attribute* output_size = layer.FindAttribute("output_size");
  const auto sizes =
      output_size == nullptr ? std::nullopt : output_size->AsInts();
  if (type == nullptr || !sizes.has_value() ||
      type->shape.size() < sizes->size()) {
    return absl::OkStatus();
  }
  std::vector<int64_t> kernel_size;
  std::vector<int64_t> stride;
  for (size_t i = 0; i < sizes->size(); ++i) {
    const Dim& size = type->shape[type->shape.size() - sizes->size() + i];
    if (!size.is_number()) return absl::OkStatus();
    const auto window = PlainWindow(size.number(), (*sizes)[i]);
    if (!window.has_value()) return absl::OkStatus();
    kernel_size.push_back(window->kernel_size);
    stride.push_back(window->stride);
  }
  layer.attributes["kernel_size"] = Attribute::Ints(kernel_size);
  layer.attributes["stride"] = Attribute::Ints(stride);
  return absl::OkStatus();
}

}  // namespace

void AddPoolingRules(LayerConverterRegistry& registry) {
  const auto add = [&](const std::string& op, LayerConverter converter) {
    if (BindingsOfOperator(op).empty()) return;  // not for all dimensions
    registry.AddOperator(op, std::move(converter)).IgnoreError();
  };
  for (const absl::string_view dimensions : {"1d", "2d", "3d"}) {
    add(absl::StrCat("aten::avg_pool", dimensions), ConvertPool);
    add(absl::StrCat("aten::max_pool", dimensions), ConvertPool);
    add(absl::StrCat("aten::max_pool", dimensions, "_with_indices"),
        ConvertPool);
    add(absl::StrCat("aten::adaptive_avg_pool", dimensions),
        ConvertAdaptivePool);
    add(absl::StrCat("aten::_adaptive_avg_pool", dimensions),
        ConvertAdaptivePool);
    add(absl::StrCat("aten::adaptive_max_pool", dimensions),
        ConvertAdaptivePool);
  }
}

}  // namespace flextorchir
