#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "flextorchir/converter/optimize/fixed_sizes.h"
#include "flextorchir/converter/optimize/graph_rewriter.h"
#include "flextorchir/converter/optimize/passes.h"
#include "flextorchir/converter/optimize/permutation.h"
#include "flextorchir/converter/passes/drop_unused.h"

namespace flextorchir {
namespace {

// Kinds whose result has the elements of the input in the same order, row by
// row.
constexpr absl::string_view kReshapes[] = {
    "Reshape", "ReshapeAs", "Flatten",   "Unflatten",
    "Ravel",   "Squeeze",   "Unsqueeze",
};

// Of these, those whose result does not depend on the shape of the input.
constexpr absl::string_view kFreeOfInputShape[] = {"Reshape", "ReshapeAs",
                                                   "Ravel"};

template <size_t n>
bool IsOneOf(const absl::string_view (&kinds)[n], const Layer& layer) {
  return IsStandard(layer) && std::find(std::begin(kinds), std::end(kinds),
                                        layer.kind) != std::end(kinds);
}

// Elements on top of each other: only the views that were taken in the model
// lay a tensor out like that.
bool Overlaps(const TensorType& type) {
  return std::find(type.strides.begin(), type.strides.end(), Dim(0)) !=
         type.strides.end();
}

class Merger {
 public:
  Merger(Graph* graph, const std::vector<bool>& fixed)
      : graph_(*graph), fixed_(fixed), rewriter_(graph) {}

  int64_t Run() {
    // In order: what comes before a layer is merged already.
    for (int32_t i = 0; i < rewriter_.num_layers(); ++i) {
      if (MergePermutation(i) || MergeReshape(i)) ++rewrites_;
    }
    rewriter_.Finish();
    return rewrites_;
  }

 private:
  // The layer that makes what layer `i` reads, if it makes it for that alone.
  int32_t MadeFor(int32_t i) const {
    const ValueId middle = rewriter_.Input(graph_.layers[i], "input");
    if (middle == kAbsent || rewriter_.Reads(middle) != 1 ||
        rewriter_.IsOutput(middle)) {
      return kAbsent;
    }
    return rewriter_.Writer(middle);
  }

  // Layer `i` takes over from the one before it.
  void TakeOver(int32_t i, int32_t before) {
    AddSources(rewriter_.layer(before), &rewriter_.layer(i));
    rewriter_.SetInput(i, "input",
                       rewriter_.Input(rewriter_.layer(before), "input"));
    rewriter_.Drop(before);
  }

  // Layer `i` becomes one of this kind, with this argument and no other.
  void Become(int32_t i, absl::string_view kind, std::string name,
              Attribute attribute) {
    Layer& layer = rewriter_.layer(i);
    layer.kind = std::string(kind);
    layer.attributes = {{std::move(name), std::move(attribute)}};
    rewriter_.SetInputs(i,
                        {Slot::One("input", rewriter_.Input(layer, "input"))});
  }

  bool MergeReshape(int32_t i) {
    const Layer& layer = graph_.layers[i];
    if (!IsOneOf(kReshapes, layer)) return false;
    const int32_t before = MadeFor(i);
    if (before == kAbsent || !IsOneOf(kReshapes, graph_.layers[before])) {
      return false;
    }
    const ValueId to = OutputOf(layer);
    const TensorType* type = TensorOf(graph_, to);
    if (type == nullptr || Overlaps(*type)) return false;
    const bool keeps_arguments = IsOneOf(kFreeOfInputShape, layer);
    if (!keeps_arguments && !fixed_[to]) return false;

    TakeOver(i, before);
    if (!keeps_arguments) {
      Become(i, "Reshape", "shape",
             Attribute::List(type->shape.begin(), type->shape.end()));
    }
    const ValueId from = rewriter_.Input(layer, "input");
    if (fixed_[to] && fixed_[from] &&
        graph_.value(from).tensor()->shape == type->shape) {
      rewriter_.Bypass(i, from, to);
    }
    return true;
  }

  bool MergePermutation(int32_t i) {
    const Layer& layer = graph_.layers[i];
    const std::optional<Permutation> second = Order(layer);
    const ValueId to = OutputOf(layer);
    if (!second.has_value() || TensorOf(graph_, to) == nullptr) return false;
    const int32_t before = MadeFor(i);
    if (before == kAbsent) return false;
    const std::optional<Permutation> first = Order(graph_.layers[before]);
    if (!first.has_value()) return false;

    Permutation both;
    for (int64_t dim : *second) both.push_back(first->at(dim));
    TakeOver(i, before);
    Become(i, "Permute", "dims", Attribute::Ints(both));
    if (IsIdentity(both)) {
      rewriter_.Bypass(i, rewriter_.Input(layer, "input"), to);
    }
    return true;
  }

  std::optional<Permutation> Order(const Layer& layer) const {
    if (!IsStandard(layer)) return std::nullopt;
    const TensorType* input = TensorOf(graph_, rewriter_.Input(layer, "input"));
    if (input == nullptr) return std::nullopt;
    return PermutationOf(layer, *input);
  }

  Graph& graph_;
  const std::vector<bool>& fixed_;
  GraphRewriter rewriter_;
  int64_t rewrites_ = 0;
};

}  // namespace

absl::StatusOr<int64_t> MergeReshapes(Model& model) {
  const std::vector<std::vector<bool>> fixed = FixedSizes(model);
  int64_t rewrites = 0;
  for (size_t g = 0; g < model.graphs.size(); ++g) {
    rewrites += Merger(&model.graphs[g], fixed[g]).Run();
  }
  if (rewrites > 0) DropUnused(&model);
  return rewrites;
}

}  // namespace flextorchir
