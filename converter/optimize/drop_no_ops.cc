#include <cstdint>
#include <optional>
#include <string>
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

// When the result of a layer is its input, if dtype and shape are the same.
enum class When {
  kAlways,
  kInference,   // not in training, or with p = 0
  kNotComplex,  // for real numbers
  kSameShape,   // where the shape is not what it happens to be
  kInOrder,     // it permutes nothing
  kSingle,      // the list has one element
};

struct Row {
  absl::string_view kind;
  When when;
};

constexpr Row kRows[] = {
    {"Identity", When::kAlways},
    {"Detach", When::kAlways},
    {"Clone", When::kAlways},
    {"Contiguous", When::kAlways},
    {"Positive", When::kAlways},
    {"Cast", When::kAlways},
    {"TypeAs", When::kAlways},
    {"ViewDtype", When::kAlways},
    {"Dropout", When::kInference},
    {"FeatureDropout", When::kInference},
    {"AlphaDropout", When::kInference},
    {"FeatureAlphaDropout", When::kInference},
    {"NativeDropout", When::kInference},
    {"ResolveConj", When::kNotComplex},
    {"ResolveNeg", When::kNotComplex},
    {"Conj", When::kNotComplex},
    {"ConjPhysical", When::kNotComplex},
    {"Real", When::kNotComplex},
    {"Reshape", When::kSameShape},
    {"ReshapeAs", When::kSameShape},
    {"Flatten", When::kSameShape},
    {"Unflatten", When::kSameShape},
    {"Ravel", When::kSameShape},
    {"Squeeze", When::kSameShape},
    {"Atleast1d", When::kSameShape},
    {"Atleast2d", When::kSameShape},
    {"Atleast3d", When::kSameShape},
    {"Expand", When::kSameShape},
    {"ExpandAs", When::kSameShape},
    {"Repeat", When::kSameShape},
    {"Tile", When::kSameShape},
    {"Slice", When::kSameShape},
    {"Narrow", When::kSameShape},
    {"Permute", When::kInOrder},
    {"Transpose", When::kInOrder},
    {"T", When::kInOrder},
    {"NumpyT", When::kInOrder},
    {"MT", When::kInOrder},
    {"Movedim", When::kInOrder},
    {"Cat", When::kSingle},
    {"HStack", When::kSingle},
};

const Row* FindRow(const Layer& layer) {
  if (!IsStandard(layer)) return nullptr;
  for (const Row& row : kRows) {
    if (row.kind == layer.kind) return &row;
  }
  return nullptr;
}

bool IsInference(const Layer& layer) {
  const Attribute* training = ConstantArgument(layer, "training");
  if (training != nullptr && training->AsBool() != nullptr &&
      !*training->AsBool()) {
    return true;
  }
  // Native dropout draws its mask all the same.
  if (layer.kind == "NativeDropout") return false;
  const Attribute* p = ConstantArgument(layer, "p");
  return p != nullptr && p->AsFloat() != nullptr && *p->AsFloat() == 0;
}

bool IsComplex(DType dtype) {
  return dtype == DType::kComplex32 || dtype == DType::kComplex64 ||
         dtype == DType::kComplex128;
}

// The value that the layer passes on.
ValueId Passed(const Layer& layer, When when) {
  if (when != When::kSingle) return layer.Input("input");
  const Slot* list = layer.FindInput("tensors");
  return list != nullptr && list->values.size() == 1 ? list->values[0]
                                                     : kAbsent;
}

// What the layer writes is read nowhere but through "output".
bool OnlyOutputIsRead(const Layer& layer, const GraphRewriter& graph) {
  for (const Slot& slot : layer.outputs) {
    for (ValueId value : slot.values) {
      if (slot.name != "output" && value != kAbsent && graph.Reads(value) > 0) {
        return false;
      }
    }
  }
  return true;
}

int64_t DropNoOpsOf(Graph* graph, const std::vector<bool>& fixed) {
  GraphRewriter rewriter(graph);
  int64_t rewrites = 0;
  for (int32_t i = 0; i < rewriter.num_layers(); ++i) {
    const Layer& layer = rewriter.layer(i);
    const Row* row = FindRow(layer);
    if (row == nullptr) continue;
    const ValueId from = Passed(layer, row->when);
    const ValueId to = OutputOf(layer);
    const TensorType* before = TensorOf(*graph, from);
    const TensorType* after = TensorOf(*graph, to);
    if (before == nullptr || after == nullptr ||
        before->dtype != after->dtype || before->shape != after->shape ||
        before->quantization != after->quantization ||
        !OnlyOutputIsRead(layer, rewriter)) {
      continue;
    }
    bool is_no_op = true;
    if (row->when == When::kInference) is_no_op = IsInference(layer);
    if (row->when == When::kNotComplex) is_no_op = !IsComplex(before->dtype);
    if (row->when == When::kSameShape) is_no_op = fixed[from] && fixed[to];
    if (row->when == When::kInOrder) {
      const std::optional<Permutation> order = PermutationOf(layer, *before);
      is_no_op = order.has_value() && IsIdentity(*order);
    }
    if (is_no_op && rewriter.Bypass(i, from, to)) ++rewrites;
  }
  rewriter.Finish();
  return rewrites;
}

}  // namespace

absl::StatusOr<int64_t> DropNoOps(Model& model) {
  const std::vector<std::vector<bool>> fixed = FixedSizes(model);
  int64_t rewrites = 0;
  for (size_t g = 0; g < model.graphs.size(); ++g) {
    rewrites += DropNoOpsOf(&model.graphs[g], fixed[g]);
  }
  if (rewrites > 0) DropUnused(&model);
  return rewrites;
}

}  // namespace flextorchir
