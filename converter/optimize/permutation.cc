#include "flextorchir/converter/optimize/permutation.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "flextorchir/converter/optimize/graph_rewriter.h"

namespace flextorchir {
namespace {

// Dimensions that the layer names, counted from the front; nothing if they are
// computed, out of range or named twice.
std::optional<std::vector<int64_t>> Dimensions(const Layer& layer,
                                               absl::string_view name,
                                               int64_t rank) {
  const Attribute* attribute = ConstantArgument(layer, name);
  if (attribute == nullptr) return std::nullopt;
  std::optional<std::vector<int64_t>> dims = attribute->AsInts();
  if (const int64_t* one = attribute->AsInt()) {
    dims = std::vector<int64_t>{*one};
  }
  if (!dims.has_value()) return std::nullopt;
  std::vector<bool> seen(rank);
  for (int64_t& dim : *dims) {
    if (dim < 0) dim += rank;
    if (dim < 0 || dim >= rank || seen[dim]) return std::nullopt;
    seen[dim] = true;
  }
  return dims;
}

Permutation InOrder(int64_t rank) {
  Permutation order(rank);
  std::iota(order.begin(), order.end(), 0);
  return order;
}

// The dimensions `source` go to the places `destination`, all others follow in
// order.
std::optional<Permutation> Moved(const std::vector<int64_t>& source,
                                 const std::vector<int64_t>& destination,
                                 int64_t rank) {
  if (source.size() != destination.size()) return std::nullopt;
  Permutation order(rank, -1);
  std::vector<bool> moved(rank);
  for (size_t i = 0; i < source.size(); ++i) {
    order[destination[i]] = source[i];
    moved[source[i]] = true;
  }
  int64_t next = 0;
  for (int64_t& place : order) {
    if (place >= 0) continue;
    while (moved[next]) ++next;
    place = next++;
  }
  return order;
}

}  // namespace

std::optional<Permutation> PermutationOf(const Layer& layer,
                                         const TensorType& input) {
  const int64_t rank = static_cast<int64_t>(input.shape.size());
  Permutation order = InOrder(rank);
  if (layer.kind == "Permute") {
    std::optional<std::vector<int64_t>> dims = Dimensions(layer, "dims", rank);
    if (!dims.has_value() || static_cast<int64_t>(dims->size()) != rank) {
      return std::nullopt;
    }
    return dims;
  }
  if (layer.kind == "Transpose") {
    const auto dim0 = Dimensions(layer, "dim0", rank);
    const auto dim1 = Dimensions(layer, "dim1", rank);
    if (!dim0.has_value() || !dim1.has_value()) return std::nullopt;
    std::swap(order[dim0->at(0)], order[dim1->at(0)]);
    return order;
  }
  if (layer.kind == "Movedim") {
    const auto source = Dimensions(layer, "source", rank);
    const auto destination = Dimensions(layer, "destination", rank);
    if (!source.has_value() || !destination.has_value()) return std::nullopt;
    return Moved(*source, *destination, rank);
  }
  if (layer.kind == "NumpyT" || (layer.kind == "T" && rank <= 2)) {
    std::reverse(order.begin(), order.end());
    return order;
  }
  if (layer.kind == "MT" && rank >= 2) {
    std::swap(order[rank - 2], order[rank - 1]);
    return order;
  }
  return std::nullopt;
}

bool IsIdentity(const Permutation& order) {
  return order == InOrder(static_cast<int64_t>(order.size()));
}

}  // namespace flextorchir
