#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "flextorchir/converter/report.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/layer_set.h"

namespace flextorchir {
namespace {

using Count = std::optional<int64_t>;

Count Times(Count a, Count b) {
  int64_t product;
  if (!a.has_value() || !b.has_value() ||
      __builtin_mul_overflow(*a, *b, &product)) {
    return std::nullopt;
  }
  return product;
}

Count Plus(Count a, Count b) {
  int64_t sum;
  if (!a.has_value() || !b.has_value() ||
      __builtin_add_overflow(*a, *b, &sum)) {
    return std::nullopt;
  }
  return sum;
}

// `a` / `b`, where it is known to be whole.
Count Over(Count a, Count b) {
  if (!a.has_value() || !b.has_value()) return std::nullopt;
  if (*a == 0) return 0;
  if (*b == 0) return std::nullopt;
  return *a / *b;
}

// The tensors of one layer, by name; operators and standard kinds name some of
// them differently.
class Tensors {
 public:
  Tensors(const Graph& graph, const Layer& layer)
      : graph_(graph), layer_(layer) {}

  const TensorType* Input(absl::string_view name) const {
    const ValueId value = layer_.Input(name);
    return value == kAbsent ? nullptr : graph_.value(value).tensor();
  }
  // The first of these that there is.
  const TensorType* Input(absl::string_view name,
                          absl::string_view other_name) const {
    const TensorType* tensor = Input(name);
    return tensor != nullptr ? tensor : Input(other_name);
  }
  const TensorType* Output() const {
    for (const Slot& slot : layer_.outputs) {
      if (slot.values.empty() || slot.values[0] == kAbsent) return nullptr;
      return graph_.value(slot.values[0]).tensor();
    }
    return nullptr;
  }
  const Layer& layer() const { return layer_; }
  const Graph& graph() const { return graph_; }

 private:
  const Graph& graph_;
  const Layer& layer_;
};

Count Elements(const TensorType* tensor) {
  return tensor == nullptr ? std::nullopt : tensor->NumElements();
}

// Dimension `dim`, from the end if it is negative.
Count Size(const TensorType* tensor, int64_t dim) {
  if (tensor == nullptr) return std::nullopt;
  const int64_t rank = static_cast<int64_t>(tensor->shape.size());
  if (dim < 0) dim += rank;
  if (dim < 0 || dim >= rank || !tensor->shape[dim].is_number()) {
    return std::nullopt;
  }
  return tensor->shape[dim].number();
}

// A filter is applied once for each element of the output.
Count Convolution(const Tensors& t) {
  const TensorType* weight = t.Input("weight");
  return Times(Elements(t.Output()), Over(Elements(weight), Size(weight, 0)));
}

// ... or of the input.
Count TransposedConvolution(const Tensors& t) {
  const TensorType* weight = t.Input("weight");
  return Times(Elements(t.Input("input")),
               Over(Elements(weight), Size(weight, 0)));
}

Count AnyConvolution(const Tensors& t) {
  const Attribute* transposed = t.layer().FindAttribute("transposed");
  if (transposed == nullptr || transposed->AsBool() == nullptr) {
    return std::nullopt;
  }
  return *transposed->AsBool() ? TransposedConvolution(t) : Convolution(t);
}

Count Linear(const Tensors& t) {
  return Times(Elements(t.Output()), Size(t.Input("weight"), -1));
}

Count Bilinear(const Tensors& t) {
  const TensorType* weight = t.Input("weight");
  return Times(Elements(t.Output()), Over(Elements(weight), Size(weight, 0)));
}

Count Product(const Tensors& t, const TensorType* left) {
  return Times(Elements(t.Output()), Size(left, -1));
}
Count MatMul(const Tensors& t) { return Product(t, t.Input("input", "self")); }
Count AddMM(const Tensors& t) { return Product(t, t.Input("mat1")); }
Count AddBMM(const Tensors& t) {
  const TensorType* batch = t.Input("batch1");
  const Count one = Product(t, batch);
  // addbmm sums over the batch.
  const TensorType* output = t.Output();
  if (output != nullptr && output->shape.size() == 2) {
    return Times(one, Size(batch, 0));
  }
  return one;
}
Count AddMV(const Tensors& t) { return Product(t, t.Input("mat")); }

Count Outer(const Tensors& t) { return Elements(t.Output()); }

Count Tensordot(const Tensors& t) {
  const Attribute* dims = t.layer().FindAttribute("dims_self");
  if (dims == nullptr) return std::nullopt;
  const std::optional<std::vector<int64_t>> summed = dims->AsInts();
  if (!summed.has_value()) return std::nullopt;
  Count product = Elements(t.Output());
  for (int64_t dim : *summed) {
    product = Times(product, Size(t.Input("input", "self"), dim));
  }
  return product;
}

Count None(const Tensors&) { return 0; }

// Scores, then the weighted sum of the values.
Count Attention(const Tensors& t) {
  const Count keys = Size(t.Input("key"), -2);
  return Plus(Times(Elements(t.Input("query")), keys),
              Times(Elements(t.Output()), keys));
}

// The projections of each step, then attention among all steps.
Count FusedAttention(const Tensors& t) {
  const TensorType* input = t.Input("query", "src");
  const Count steps = Over(Elements(input), Size(input, -1));
  Count weights = 0;
  for (const Slot& slot : t.layer().inputs) {
    if (!absl::StrContains(slot.name, "weight") || slot.is_list ||
        slot.values[0] == kAbsent) {
      continue;
    }
    const TensorType* weight = t.graph().value(slot.values[0]).tensor();
    if (weight != nullptr && weight->shape.size() == 2) {
      weights = Plus(weights, Elements(weight));
    }
  }
  return Plus(Times(steps, weights),
              Times(2, Times(Elements(input), Size(input, -2))));
}

// Each matrix is applied once a step.
Count Recurrent(const Tensors& t) {
  const TensorType* input = t.Input("input", "data");
  const Count steps = Over(Elements(input), Size(input, -1));
  Count weights = 0;
  bool any = false;
  for (const Slot& slot : t.layer().inputs) {
    if (!absl::StartsWith(slot.name, "w") && slot.name != "params") continue;
    for (ValueId value : slot.values) {
      if (value == kAbsent) continue;
      const TensorType* weight = t.graph().value(value).tensor();
      if (weight == nullptr || weight->shape.size() != 2) continue;
      weights = Plus(weights, Elements(weight));
      any = true;
    }
  }
  return any ? Times(steps, weights) : std::nullopt;
}

// One product of all indices for two operands, written out.
Count Einsum(const Tensors& t) {
  const Attribute* equation = t.layer().FindAttribute("equation");
  if (equation == nullptr || equation->AsString() == nullptr) {
    return std::nullopt;
  }
  const Slot* operands = t.layer().FindInput("operands");
  if (operands == nullptr) operands = t.layer().FindInput("tensors");
  if (operands == nullptr || operands->values.size() != 2) return std::nullopt;
  std::vector<Count> sizes(128);
  size_t operand = 0;
  int64_t dim = 0;
  for (char letter : *equation->AsString()) {
    if (letter == '-') break;
    if (letter == ' ') continue;
    if (letter == ',') {
      ++operand;
      dim = 0;
      continue;
    }
    if (!absl::ascii_isalpha(static_cast<unsigned char>(letter)) ||
        operand > 1 || operands->values[operand] == kAbsent) {
      return std::nullopt;
    }
    const TensorType* tensor =
        t.graph().value(operands->values[operand]).tensor();
    const Count size = Size(tensor, dim++);
    if (!size.has_value()) return std::nullopt;
    Count& known = sizes[static_cast<size_t>(letter)];
    if (!known.has_value() || *known == 1) known = size;
  }
  Count product = 1;
  for (const Count& size : sizes) {
    if (size.has_value()) product = Times(product, size);
  }
  return product;
}

// By name in lower case, without namespace, overload and underscores, so that
// `Conv2d`, `aten::conv2d` and `aten::conv2d.padding` are one row.
struct Row {
  absl::string_view name;
  Count (*count)(const Tensors& tensors);
};
constexpr Row kRows[] = {
    {"conv1d", Convolution},
    {"conv2d", Convolution},
    {"conv3d", Convolution},
    {"convolution", AnyConvolution},
    {"convtranspose1d", TransposedConvolution},
    {"convtranspose2d", TransposedConvolution},
    {"convtranspose3d", TransposedConvolution},
    {"deformconv2d", Convolution},
    {"linear", Linear},
    {"float16linear", Linear},
    {"bilinear", Bilinear},
    {"matmul", MatMul},
    {"mm", MatMul},
    {"bmm", MatMul},
    {"mv", MatMul},
    {"dot", MatMul},
    {"vdot", MatMul},
    {"inner", MatMul},
    {"addmm", AddMM},
    {"baddbmm", AddBMM},
    {"addbmm", AddBMM},
    {"addmv", AddMV},
    {"outer", Outer},
    {"addr", Outer},
    {"tensordot", Tensordot},
    {"einsum", Einsum},
    {"scaleddotproductattention", Attention},
    {"nativemultiheadattention", FusedAttention},
    {"transformerencoderlayerfwd", FusedAttention},
    {"lstm", Recurrent},
    {"gru", Recurrent},
    {"rnn", Recurrent},
    {"rnntanh", Recurrent},
    {"rnnrelu", Recurrent},
    {"lstmcell", Recurrent},
    {"grucell", Recurrent},
    {"rnncell", Recurrent},
    {"rnntanhcell", Recurrent},
    {"rnnrelucell", Recurrent},
    {"unfold", None},
    {"fold", None},
    {"im2col", None},
    {"col2im", None},
    {"packpaddedsequence", None},
    {"padpackedsequence", None},
    // Operators that the layer set has under another name.
    {"batchnorm", None},
    {"instancenorm", None},
    {"contiguous", None},
    {"clone", None},
    {"detach", None},
    {"to", None},
    {"t", None},
    {"view", None},
};

std::string PlainName(absl::string_view kind) {
  const size_t colons = kind.rfind("::");
  if (colons != absl::string_view::npos) kind.remove_prefix(colons + 2);
  kind = kind.substr(0, kind.find('.'));
  std::string plain;
  for (char letter : kind) {
    if (letter != '_') {
      plain += absl::ascii_tolower(static_cast<unsigned char>(letter));
    }
  }
  absl::string_view name = plain;
  if (absl::StartsWith(name, "dynamicquantized")) name.remove_prefix(7);
  absl::ConsumePrefix(&name, "quantized");
  return std::string(name);
}

// The standard kind, also for an operator that has its name.
const LayerKind* KindNamed(const Layer& layer, const std::string& plain_name) {
  if (const LayerKind* kind = FindLayerKind(layer.kind)) return kind;
  if (!absl::StartsWith(layer.target, "aten::")) return nullptr;
  for (const LayerKind& kind : LayerSet()) {
    if (PlainName(kind.name) == plain_name) return &kind;
  }
  return nullptr;
}

// Families all of whose kinds do no multiply-accumulates but those in the
// table.
bool DoesNone(Family family) {
  switch (family) {
    case Family::kNormalization:
    case Family::kActivation:
    case Family::kPooling:
    case Family::kElementwise:
    case Family::kReduction:
    case Family::kShape:
    case Family::kIndexing:
    case Family::kCreation:
    case Family::kVision:
    case Family::kRandom:
    case Family::kQuantization:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::optional<int64_t> LayerMacs(const Model& model, const Graph& graph,
                                 const Layer& layer) {
  const std::string name =
      PlainName(layer.kind == kPlaceholder ? layer.target : layer.kind);
  for (const Row& row : kRows) {
    if (row.name != name) continue;
    return row.count(Tensors(graph, layer));
  }
  const LayerKind* kind = KindNamed(layer, name);
  if (kind != nullptr && DoesNone(kind->family)) return 0;
  if (layer.bodies.empty()) return std::nullopt;
  Count sum = 0;
  for (const auto& [role, body] : layer.bodies) {
    const Graph& inner = model.graphs[body];
    for (const Layer& inner_layer : inner.layers) {
      sum = Plus(sum, LayerMacs(model, inner, inner_layer));
    }
  }
  return sum;
}

}  // namespace flextorchir
