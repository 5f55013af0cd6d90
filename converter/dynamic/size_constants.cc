#include "flextorchir/converter/dynamic/size_constants.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "flextorchir/ir/attribute.h"
#include "flextorchir/ir/dtype.h"
#include "flextorchir/ir/graph.h"

namespace flextorchir {
namespace {

// Constants of more elements are tables, not sizes.
constexpr int64_t kMaxSizeConstant = 16;

// Makes the layers.
class Placer {
 public:
  explicit Placer(CapturedRun* base)
      : base_(base), graph_(base->functional.model.graphs[0]) {}

  // Layers that make the constant `value` of its elements.
  void Make(ValueId value, const std::vector<Dim>& elements) {
    const TensorType type = *graph_.value(value).tensor();
    graph_.values[value].weights = kAbsent;
    if (type.shape.empty()) {
      constants_.push_back(Full(elements[0], {}, type.dtype, value));
      return;
    }
    std::vector<ValueId> parts;
    for (const Dim& element : elements) {
      const ValueId part = NewValue({type.dtype, {1}, {}, {}});
      constants_.push_back(Full(element, {1}, type.dtype, part));
      parts.push_back(part);
    }
    const bool is_row = type.shape.size() == 1;
    const auto count = static_cast<int64_t>(elements.size());
    const ValueId row =
        is_row ? value : NewValue({type.dtype, {count}, {}, {}});
    Layer cat = NewLayer("aten::cat", row);
    cat.inputs.push_back(Slot::ListOf("tensors", std::move(parts)));
    cat.attributes["dim"] = 0;
    constants_.push_back(std::move(cat));
    if (is_row) return;
    Layer view = NewLayer("aten::view", value);
    view.inputs.push_back(Slot::One("self", row));
    Attribute::List sizes;
    for (const Dim& size : type.shape) sizes.emplace_back(size);
    view.attributes["size"] = std::move(sizes);
    constants_.push_back(std::move(view));
  }

  Layer Full(const Dim& element, std::vector<int64_t> size, DType dtype,
             ValueId output) {
    Layer full = NewLayer("aten::full", output);
    full.attributes = {{"size", Attribute::Ints(size)},
                       {"fill_value", Attribute(element)},
                       {"dtype", dtype},
                       {"layout", Attribute()},
                       {"device", Attribute()},
                       {"pin_memory", Attribute()}};
    return full;
  }
  static Layer NewLayer(const std::string& op, ValueId output) {
    Layer layer;
    layer.kind = op;
    layer.target = op;
    layer.outputs.push_back(Slot::One("output", output));
    layer.sources.push_back({op, "", "", 0, {}});
    return layer;
  }
  ValueId NewValue(TensorType type) {
    base_->functional.results.emplace_back();
    if (!base_->contents.empty()) base_->contents.emplace_back();
    return graph_.AddValue(Value{"", std::move(type), kAbsent});
  }

  void Insert() {
    auto& layers = graph_.layers;
    auto& origins = base_->functional.origins;
    layers.insert(layers.begin(), constants_.begin(), constants_.end());
    origins.insert(origins.begin(), constants_.size(),
                   FunctionalGraph::Origin());
  }

 private:
  CapturedRun* const base_;
  Graph& graph_;
  std::vector<Layer> constants_;
};

}  // namespace

std::optional<std::vector<int64_t>> IntegersOf(const Weights& weights) {
  const std::optional<int64_t> count = weights.type.NumElements();
  if (!count.has_value() || *count > kMaxSizeConstant ||
      weights.type.quantization.has_value() ||
      weights.data.size() !=
          static_cast<size_t>(*count * DTypeBytes(weights.type.dtype))) {
    return std::nullopt;
  }
  std::vector<int64_t> integers;
  const char* data = weights.data.data().data();
  const auto read = [&](auto element) {
    std::memcpy(&element, data, sizeof(element));
    data += sizeof(element);
    return element;
  };
  for (int64_t i = 0; i < *count; ++i) {
    double real = 0;
    switch (weights.type.dtype) {
      case DType::kInt64:
        integers.push_back(read(int64_t{}));
        continue;
      case DType::kInt32:
        integers.push_back(read(int32_t{}));
        continue;
      case DType::kFloat32:
        real = read(float{});
        break;
      case DType::kFloat64:
        real = read(double{});
        break;
      default:
        return std::nullopt;
    }
    if (real != std::nearbyint(real) || std::abs(real) > 1e9) {
      return std::nullopt;
    }
    integers.push_back(static_cast<int64_t>(real));
  }
  return integers;
}

void PlaceSizeConstants(const std::vector<SizeConstant>& constants,
                        CapturedRun* base) {
  Placer placer(base);
  for (const SizeConstant& constant : constants) {
    placer.Make(constant.value, constant.elements);
  }
  placer.Insert();
}

}  // namespace flextorchir
