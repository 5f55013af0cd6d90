#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ATen/TensorOperators.h"
#include "ATen/core/Tensor.h"
#include "ATen/ops/isfinite.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "flextorchir/converter/optimize/graph_rewriter.h"
#include "flextorchir/converter/optimize/model_weights.h"
#include "flextorchir/converter/optimize/passes.h"
#include "flextorchir/converter/passes/drop_unused.h"
#include "flextorchir/ir/dtype.h"
#include "flextorchir/torch_bridge/tensor.h"

namespace flextorchir {
namespace {

// In evaluation a batch norm is y = scale * x + shift, channel by channel, with
// scale = weight / sqrt(running_var + eps), shift = bias - running_mean *
// scale. A layer that is linear in its input takes that into its own weights.

constexpr absl::string_view kNorms[] = {"BatchNorm1d", "BatchNorm2d",
                                        "BatchNorm3d", "NativeBatchNorm"};

struct LinearKind {
  absl::string_view kind;
  int64_t spatial;  // dimensions behind the channels
  bool transposed;
};
constexpr LinearKind kLinears[] = {
    {"Conv1d", 1, false},         {"Conv2d", 2, false},
    {"Conv3d", 3, false},         {"ConvTranspose1d", 1, true},
    {"ConvTranspose2d", 2, true}, {"ConvTranspose3d", 3, true},
    {"Linear", 0, false},
};

bool IsFloating(DType dtype) {
  return dtype == DType::kFloat16 || dtype == DType::kBFloat16 ||
         dtype == DType::kFloat32 || dtype == DType::kFloat64;
}

bool IsFinite(const at::Tensor& tensor) {
  return at::isfinite(tensor).all().item<bool>();
}

// In double precision, by channel.
struct Norm {
  at::Tensor scale;
  at::Tensor shift;
};

// A layer that can take a norm in, and its weights, in double precision.
struct Linear {
  const LinearKind* kind = nullptr;
  at::Tensor weight;
  at::Tensor bias;  // undefined: none
  int64_t groups = 1;

  int64_t in_channels() const {
    return kind->transposed ? weight.size(0) : weight.size(1) * groups;
  }
  int64_t out_channels() const {
    return kind->transposed ? weight.size(1) * groups : weight.size(0);
  }
  // The weights as [group, first, second, kernel element]: of the channels that
  // `weight` has in its first two dimensions, those of one group.
  at::Tensor Grouped() const {
    return weight.reshape(
        {groups, weight.size(0) / groups, weight.size(1), -1});
  }
};

class Folder {
 public:
  explicit Folder(Model* model)
      : model_(*model),
        graph_(model->main()),
        weights_(model),
        rewriter_(&model->main()) {}

  absl::StatusOr<int64_t> Run() {
    int64_t rewrites = 0;
    for (int32_t i = 0; i < rewriter_.num_layers(); ++i) {
      if (rewriter_.dropped(i)) continue;
      const std::optional<Norm> norm = ReadNorm(rewriter_.layer(i));
      if (!norm.has_value()) continue;
      for (const bool before : {false, true}) {
        const absl::StatusOr<bool> folded =
            before ? FoldIntoNext(i, *norm) : FoldIntoLast(i, *norm);
        if (!folded.ok()) return folded.status();
        if (!*folded) continue;
        ++rewrites;
        break;
      }
    }
    rewriter_.Finish();
    if (rewrites > 0) DropUnused(&model_);
    return rewrites;
  }

 private:
  // Nothing if it is no batch norm, or not the same for every input.
  std::optional<Norm> ReadNorm(const Layer& layer) const {
    if (!IsStandard(layer) || std::find(std::begin(kNorms), std::end(kNorms),
                                        layer.kind) == std::end(kNorms)) {
      return std::nullopt;
    }
    if (layer.kind != "NativeBatchNorm") {
      const Attribute* training = ConstantArgument(layer, "training");
      if (training == nullptr || training->AsBool() == nullptr ||
          *training->AsBool()) {
        return std::nullopt;
      }
    }
    for (const Slot& slot : layer.outputs) {
      if (slot.name == "output") continue;
      for (ValueId value : slot.values) {
        if (value != kAbsent && rewriter_.Reads(value) > 0) return std::nullopt;
      }
    }
    const Attribute* eps = ConstantArgument(layer, "eps");
    const auto mean = Constant(layer, "running_mean");
    const auto variance = Constant(layer, "running_var");
    if (eps == nullptr || eps->AsFloat() == nullptr || !mean.has_value() ||
        !variance.has_value()) {
      return std::nullopt;
    }
    Norm norm;
    norm.scale = (*variance + *eps->AsFloat()).rsqrt();
    if (layer.Input("weight") != kAbsent) {
      const auto weight = Constant(layer, "weight");
      if (!weight.has_value()) return std::nullopt;
      norm.scale = norm.scale * *weight;
    }
    norm.shift = -*mean * norm.scale;
    if (layer.Input("bias") != kAbsent) {
      const auto bias = Constant(layer, "bias");
      if (!bias.has_value()) return std::nullopt;
      norm.shift = norm.shift + *bias;
    }
    if (!IsFinite(norm.scale) || !IsFinite(norm.shift)) return std::nullopt;
    return norm;
  }

  // A constant input of real numbers, in double precision.
  std::optional<at::Tensor> Constant(const Layer& layer,
                                     absl::string_view name) const {
    const ValueId value = rewriter_.Input(layer, name);
    const TensorType* type = TensorOf(graph_, value);
    if (type == nullptr || !IsFloating(type->dtype)) return std::nullopt;
    const std::optional<at::Tensor> content = weights_.Constant(value);
    if (!content.has_value()) return std::nullopt;
    return content->to(at::kDouble).contiguous();
  }

  // The layer, if a norm over the channels of `tensor`, which it reads or
  // makes, can go into it: nobody else reads its weights.
  std::optional<Linear> ReadLinear(const Layer& layer,
                                   const TensorType& tensor) const {
    if (!IsStandard(layer)) return std::nullopt;
    Linear linear;
    for (const LinearKind& kind : kLinears) {
      if (kind.kind == layer.kind) linear.kind = &kind;
    }
    if (linear.kind == nullptr) return std::nullopt;
    // The channels are dimension 1 of the norm: they are the convolution's if
    // there is a batch, and a linear layer's if there is nothing else.
    if (static_cast<int64_t>(tensor.shape.size()) != linear.kind->spatial + 2) {
      return std::nullopt;
    }
    const ValueId weight = rewriter_.Input(layer, "weight");
    const auto content = Constant(layer, "weight");
    if (!content.has_value() || IsShared(weight) ||
        content->dim() != linear.kind->spatial + 2 || content->numel() == 0 ||
        TensorOf(graph_, weight)->dtype != tensor.dtype) {
      return std::nullopt;
    }
    linear.weight = *content;
    const ValueId bias = rewriter_.Input(layer, "bias");
    if (bias != kAbsent) {
      const auto bias_content = Constant(layer, "bias");
      if (!bias_content.has_value() || IsShared(bias)) {
        return std::nullopt;
      }
      linear.bias = *bias_content;
    }
    if (linear.kind->spatial > 0) {
      const Attribute* groups = ConstantArgument(layer, "groups");
      if (groups == nullptr || groups->AsInt() == nullptr ||
          *groups->AsInt() < 1 ||
          linear.weight.size(0) % *groups->AsInt() != 0) {
        return std::nullopt;
      }
      linear.groups = *groups->AsInt();
    }
    return linear;
  }

  // Whether anything else reads the same weights, by whatever value.
  bool IsShared(ValueId value) const {
    int32_t reads = 0;
    for (ValueId bound : weights_.BoundWith(value)) {
      reads += rewriter_.Reads(bound);
    }
    return reads != 1;
  }

  // y = norm(linear(x)).
  absl::StatusOr<bool> FoldIntoLast(int32_t i, const Norm& norm) {
    const ValueId middle = rewriter_.Input(rewriter_.layer(i), "input");
    const ValueId to = OutputOf(rewriter_.layer(i));
    const int32_t last = middle == kAbsent ? kAbsent : rewriter_.Writer(middle);
    if (last == kAbsent || to == kAbsent || rewriter_.Reads(middle) != 1 ||
        rewriter_.IsOutput(middle)) {
      return false;
    }
    const TensorType* type = TensorOf(graph_, middle);
    if (type == nullptr || TensorOf(graph_, to)->dtype != type->dtype) {
      return false;
    }
    const std::optional<Linear> linear =
        ReadLinear(rewriter_.layer(last), *type);
    if (!linear.has_value() || norm.scale.numel() != linear->out_channels()) {
      return false;
    }
    // Output channels are the first of the group's two dimensions, or, of
    // transposed convolutions, the second.
    const at::Tensor scale =
        linear->kind->transposed
            ? norm.scale.reshape({linear->groups, 1, -1, 1})
            : norm.scale.reshape({linear->groups, -1, 1, 1});
    at::Tensor bias = norm.shift;
    if (linear->bias.defined()) bias = bias + linear->bias * norm.scale;
    const auto set = SetWeights(last, *linear, scale, bias);
    if (!set.ok() || !*set) return set;
    AddSources(rewriter_.layer(i), &rewriter_.layer(last));
    rewriter_.Drop(i);
    rewriter_.SetOutput(last, "output", to);
    return true;
  }

  // y = linear(norm(x)).
  absl::StatusOr<bool> FoldIntoNext(int32_t i, const Norm& norm) {
    const ValueId from = rewriter_.Input(rewriter_.layer(i), "input");
    const ValueId middle = OutputOf(rewriter_.layer(i));
    const int32_t next =
        middle == kAbsent ? kAbsent : rewriter_.OnlyReader(middle, "input");
    const TensorType* type = TensorOf(graph_, middle);
    if (next == kAbsent || TensorOf(graph_, from) == nullptr ||
        TensorOf(graph_, from)->dtype != type->dtype) {
      return false;
    }
    const std::optional<Linear> linear =
        ReadLinear(rewriter_.layer(next), *type);
    if (!linear.has_value() || norm.scale.numel() != linear->in_channels()) {
      return false;
    }
    const bool has_shift = norm.shift.count_nonzero().item<int64_t>() > 0;
    if (has_shift && !SumsWholeKernels(rewriter_.layer(next), *linear)) {
      return false;
    }
    const bool transposed = linear->kind->transposed;
    const std::vector<int64_t> by_input =
        transposed ? std::vector<int64_t>{linear->groups, -1, 1, 1}
                   : std::vector<int64_t>{linear->groups, 1, -1, 1};
    at::Tensor bias = linear->bias;
    if (has_shift) {
      const at::Tensor added =
          (linear->Grouped() * norm.shift.reshape(by_input))
              .sum({transposed ? 1 : 2, 3})
              .flatten();
      bias = bias.defined() ? bias + added : added;
    }
    const auto set =
        SetWeights(next, *linear, norm.scale.reshape(by_input), bias);
    if (!set.ok() || !*set) return set;
    AddSources(rewriter_.layer(i), &rewriter_.layer(next));
    rewriter_.SetInput(next, "input", from);
    rewriter_.Drop(i);
    return true;
  }

  // Whether each output element sums over every element of the kernel, so that
  // a constant in the input is a constant in the output: not if the kernel
  // reaches into padding, which is 0 behind the norm.
  static bool SumsWholeKernels(const Layer& layer, const Linear& linear) {
    if (linear.kind->spatial == 0) return true;
    const int64_t elements =
        linear.weight.numel() / (linear.weight.size(0) * linear.weight.size(1));
    const Attribute* padding = ConstantArgument(layer, "padding");
    const bool no_padding = padding != nullptr && IsAll(*padding, 0);
    if (linear.kind->transposed) {
      const Attribute* stride = ConstantArgument(layer, "stride");
      const Attribute* rest = ConstantArgument(layer, "output_padding");
      return elements == 1 && no_padding && stride != nullptr &&
             IsAll(*stride, 1) && rest != nullptr && IsAll(*rest, 0);
    }
    if (padding == nullptr || padding->AsString() == nullptr) return no_padding;
    return *padding->AsString() == "valid" || elements == 1;
  }

  static bool IsAll(const Attribute& attribute, int64_t number) {
    const std::optional<std::vector<int64_t>> numbers = attribute.AsInts();
    return numbers.has_value() &&
           std::all_of(numbers->begin(), numbers->end(),
                       [&](int64_t n) { return n == number; });
  }

  // Multiplies the weight of a layer by `scale`, which is laid out as its
  // `Grouped()`, and gives it this bias (undefined: none). False if the dtype
  // of the weight has no numbers as large.
  absl::StatusOr<bool> SetWeights(int32_t number, const Linear& linear,
                                  const at::Tensor& scale,
                                  const at::Tensor& bias) {
    const Layer& layer = rewriter_.layer(number);
    const ValueId weight = rewriter_.Input(layer, "weight");
    const c10::ScalarType dtype = ToScalarType(TensorOf(graph_, weight)->dtype);
    const at::Tensor new_weight =
        (linear.Grouped() * scale).reshape(linear.weight.sizes()).to(dtype);
    const ValueId old_bias = rewriter_.Input(layer, "bias");
    if (!IsFinite(new_weight)) return false;
    if (bias.defined()) {
      const at::Tensor new_bias =
          bias.to(old_bias == kAbsent
                      ? dtype
                      : ToScalarType(TensorOf(graph_, old_bias)->dtype));
      if (!IsFinite(new_bias)) return false;
      absl::Status status = SetBias(number, weight, old_bias, new_bias);
      if (!status.ok()) return status;
    }
    absl::Status status = weights_.Replace(weight, new_weight);
    if (!status.ok()) return status;
    return true;
  }

  absl::Status SetBias(int32_t number, ValueId weight, ValueId old_bias,
                       const at::Tensor& bias) {
    if (old_bias != kAbsent) return weights_.Replace(old_bias, bias);
    // "conv.weight" gets "conv.bias".
    const Value& named = graph_.value(weight);
    const absl::StatusOr<ValueId> added = weights_.Add(
        absl::StrCat(absl::StripSuffix(named.name, ".weight"), ".bias"),
        model_.weights[named.weights].role, bias);
    if (!added.ok()) return added.status();
    rewriter_.SetInput(number, "bias", *added);
    return absl::OkStatus();
  }

  Model& model_;
  Graph& graph_;
  ModelWeights weights_;
  GraphRewriter rewriter_;
};

}  // namespace

absl::StatusOr<int64_t> FoldBatchNorm(Model& model) {
  return Folder(&model).Run();
}

}  // namespace flextorchir
