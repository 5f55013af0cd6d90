#include "flextorchir/converter/dynamic/layer_sizes.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "flextorchir/ir/attribute.h"
#include "flextorchir/ir/dim.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/weights.h"

namespace flextorchir {
namespace {

const TensorType* TypeOfInput(const Graph& graph, const Layer& layer,
                              absl::string_view name) {
  const Slot* slot = layer.FindInput(name);
  if (slot == nullptr || slot->is_list || slot->values[0] == kAbsent) {
    return nullptr;
  }
  return graph.value(slot->values[0]).tensor();
}

// The element for spatial dimension `index`, where one number may stand for
// all.
std::optional<int64_t> Element(const Layer& layer, absl::string_view name,
                               size_t index) {
  const Attribute* attribute = layer.FindAttribute(name);
  if (attribute == nullptr) return std::nullopt;
  if (attribute->AsInt() != nullptr) return *attribute->AsInt();
  const auto numbers = attribute->AsInts();
  if (!numbers.has_value() || numbers->empty()) return std::nullopt;
  if (numbers->size() == 1) return (*numbers)[0];
  if (index >= numbers->size()) return std::nullopt;
  return (*numbers)[index];
}

// A convolution or a pool: what slides over the last dimensions.
void AddWindows(const Graph& graph, const Layer& layer, SizeSolver* solver,
                std::vector<std::vector<Dim>>* sizes) {
  const TensorType* input = TypeOfInput(graph, layer, "input");
  if (input == nullptr) input = TypeOfInput(graph, layer, "self");
  if (input == nullptr) return;
  const TensorType* weight = TypeOfInput(graph, layer, "weight");
  size_t spatial = 0;
  for (size_t n : {size_t{1}, size_t{2}, size_t{3}}) {
    const std::string dimensions = std::to_string(n) + "d";
    if (absl::StrContains(layer.target, dimensions)) spatial = n;
  }
  if (spatial == 0 && weight != nullptr && weight->shape.size() > 2) {
    spatial = weight->shape.size() - 2;
  }
  if (spatial == 0 || input->shape.size() < spatial) return;
  const Attribute* ceil = layer.FindAttribute("ceil_mode");
  const bool round_up = ceil != nullptr && *ceil == Attribute(true);
  const size_t first = input->shape.size() - spatial;
  for (size_t i = 0; i < spatial; ++i) {
    const Dim& size = input->shape[first + i];
    if (size.is_number()) continue;
    std::optional<int64_t> kernel = Element(layer, "kernel_size", i);
    if (!kernel.has_value() && weight != nullptr &&
        weight->shape.size() == spatial + 2) {
      kernel = weight->shape[2 + i].number();
    }
    if (!kernel.has_value()) return;
    // Without a stride pools step by the kernel.
    const int64_t stride =
        Element(layer, "stride", i)
            .value_or(layer.FindAttribute("kernel_size") != nullptr ? *kernel
                                                                    : 1);
    const int64_t padding = Element(layer, "padding", i).value_or(0);
    const int64_t dilation = Element(layer, "dilation", i).value_or(1);
    if (stride < 1) return;
    const int64_t summand = 2 * padding - dilation * (*kernel - 1) - 1 +
                            stride + (round_up ? stride - 1 : 0);
    (*sizes)[first + i].push_back(solver->FloorDiv(size, summand, stride));
  }
}

void AddCat(const Graph& graph, const Layer& layer,
            std::vector<std::vector<Dim>>* sizes) {
  const Slot* tensors = layer.FindInput("tensors");
  const Attribute* dim = layer.FindAttribute("dim");
  if (tensors == nullptr || dim == nullptr || dim->AsInt() == nullptr) return;
  const auto rank = static_cast<int64_t>(sizes->size());
  const int64_t axis = *dim->AsInt() < 0 ? *dim->AsInt() + rank : *dim->AsInt();
  if (axis < 0 || axis >= rank) return;
  std::optional<Dim> sum;
  int64_t number = 0;
  for (ValueId value : tensors->values) {
    const TensorType* type =
        value == kAbsent ? nullptr : graph.value(value).tensor();
    if (type == nullptr || type->shape.size() != sizes->size()) return;
    const Dim& size = type->shape[axis];
    if (size.is_number()) {
      number += size.number();
    } else {
      sum = sum.has_value() ? Dim::Binary(Dim::Op::kAdd, *sum, size) : size;
    }
  }
  if (!sum.has_value()) return;
  (*sizes)[axis].push_back(
      number == 0 ? *sum : Dim::Binary(Dim::Op::kAdd, *sum, number));
}

// Sizes that are arguments: aten::view, expand, zeros, interpolate, ...
void AddAskedFor(const Layer& layer, std::vector<std::vector<Dim>>* sizes) {
  for (const absl::string_view name : {"size", "shape", "output_size"}) {
    const Attribute* attribute = layer.FindAttribute(name);
    if (attribute == nullptr || attribute->AsList() == nullptr) continue;
    const Attribute::List& asked = *attribute->AsList();
    if (asked.size() > sizes->size()) continue;
    for (size_t i = 0; i < asked.size(); ++i) {
      if (asked[i].AsDim() == nullptr) continue;
      (*sizes)[sizes->size() - asked.size() + i].push_back(*asked[i].AsDim());
    }
  }
}

}  // namespace

std::vector<std::vector<Dim>> LikelySizes(const Graph& graph,
                                          const Layer& layer,
                                          SizeSolver* solver) {
  size_t rank = 0;
  for (const Slot& slot : layer.outputs) {
    for (ValueId value : slot.values) {
      if (value == kAbsent || rank > 0) continue;
      const TensorType* type = graph.value(value).tensor();
      if (type != nullptr) rank = type->shape.size();
    }
  }
  std::vector<std::vector<Dim>> sizes(rank);
  if (rank == 0) return sizes;
  AddAskedFor(layer, &sizes);
  if (layer.FindInput("tensors") != nullptr) {
    AddCat(graph, layer, &sizes);
  } else if (layer.FindAttribute("stride") != nullptr &&
             !absl::StrContains(layer.target, "transpose")) {
    const TensorType* input = TypeOfInput(graph, layer, "input");
    if (input == nullptr) input = TypeOfInput(graph, layer, "self");
    if (input != nullptr && input->shape.size() == rank) {
      AddWindows(graph, layer, solver, &sizes);
    }
  }
  // Else most layers leave the sizes at their places.
  for (const absl::string_view name : {"input", "self", "query", "src"}) {
    const TensorType* input = TypeOfInput(graph, layer, name);
    if (input == nullptr || input->shape.size() != rank) continue;
    for (size_t i = 0; i < rank; ++i) {
      if (!input->shape[i].is_number()) sizes[i].push_back(input->shape[i]);
    }
  }
  return sizes;
}

}  // namespace flextorchir
