#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "flextorchir/converter/layers/layer_converter.h"
#include "flextorchir/converter/layers/standard_rules.h"
#include "flextorchir/ir/attribute.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/layer_set.h"

namespace flextorchir {
namespace {

// The parameters of torch.nn.MultiheadAttention, and what the layer calls them.
constexpr std::pair<absl::string_view, absl::string_view> kParameters[] = {
    {"in_proj_weight", "in_proj_weight"},
    {"in_proj_bias", "in_proj_bias"},
    {"q_proj_weight", "q_proj_weight"},
    {"k_proj_weight", "k_proj_weight"},
    {"v_proj_weight", "v_proj_weight"},
    {"bias_k", "bias_k"},
    {"bias_v", "bias_v"},
    {"out_proj.weight", "out_proj_weight"},
    {"out_proj.bias", "out_proj_bias"},
};

// They lay a tensor out otherwise.
bool IsView(absl::string_view op) {
  static const auto* const kViews = new std::set<absl::string_view>{
      "aten::transpose.int", "aten::unsqueeze",         "aten::squeeze.dim",
      "aten::view",          "aten::contiguous",        "aten::reshape",
      "aten::permute",       "aten::flatten.using_ints"};
  return kViews->count(op) > 0;
}

// On the way of a mask to where it is used.
bool IsMaskOperator(absl::string_view op) {
  static const auto* const kOperators =
      new std::set<absl::string_view>{"aten::zeros_like",
                                      "aten::masked_fill.Scalar",
                                      "aten::masked_fill.Tensor",
                                      "aten::to.dtype",
                                      "aten::pad",
                                      "aten::unsqueeze",
                                      "aten::logical_or",
                                      "aten::constant_pad_nd"};
  return kOperators->count(op) > 0;
}

// torch.nn.MultiheadAttention, read from what it did: which inputs are query,
// key and value shows in the projections, which is which mask in its shape.
class Attention {
 public:
  Attention(const Model& model, Layer& layer)
      : body_(model.graphs[layer.bodies.at("body")]), layer_(layer) {}

  absl::Status Convert() {
    Walk();
    if (!out_features_.has_value() || !head_features_.has_value() ||
        *head_features_ == 0) {
      return Decline("it has no attention followed by a projection");
    }
    if (projected_.empty() || projected_.size() > 3) {
      return Decline("its inputs are not projected once for each use");
    }
    Layer result = layer_;
    result.kind = "MultiheadAttention";
    result.inputs.clear();
    const auto add = [&](absl::string_view name, ValueId value) {
      result.inputs.push_back(Slot::One(std::string(name), value));
    };
    // One projection for all, one for the query and one for key and value, or
    // three.
    add("query", InputValue(projected_[0]));
    add("key", InputValue(projected_[projected_.size() > 1 ? 1 : 0]));
    add("value", InputValue(projected_.back()));
    if (absl::Status status = AddOthers(&result); !status.ok()) return status;
    if (absl::Status status = NameOutputs(&result); !status.ok()) return status;
    result.attributes["embed_dim"] = *out_features_;
    result.attributes["num_heads"] = *out_features_ / *head_features_;
    result.attributes["batch_first"] = batch_first_;
    result.attributes["dropout"] = dropout_;
    result.attributes["add_zero_attn"] = adds_zeros_;
    result.attributes["is_causal"] = is_causal_;
    result.attributes["need_weights"] = need_weights_;
    result.attributes["average_attn_weights"] = averages_ || !need_weights_;
    if (absl::Status status = CheckLayerAgainstSet(result); !status.ok()) {
      return Decline(status.message());
    }
    layer_ = std::move(result);
    return absl::OkStatus();
  }

 private:
  static absl::Status Decline(absl::string_view reason) {
    return absl::UnimplementedError(reason);
  }

  // A value of the body that is an input of the layer, perhaps laid out
  // otherwise.
  struct Origin {
    size_t input = 0;
    bool transposed = false;
  };

  void Walk() {
    for (size_t i = 0; i < body_.inputs.size(); ++i) {
      origins_[body_.inputs[i]] = Origin{i, false};
    }
    for (const Layer& layer : body_.layers) {
      const std::string& op = layer.target;
      if (IsView(op)) {
        const ValueId from = layer.Input("self");
        const ValueId to = OutputOf(layer);
        if (const auto found = origins_.find(from); found != origins_.end()) {
          Origin origin = found->second;
          origin.transposed |= op == "aten::transpose.int";
          origins_[to] = origin;
        }
        if (projections_.count(from) > 0) projections_.insert(to);
      } else if (op == "aten::linear") {
        WalkLinear(layer);
      } else if (op == "aten::scaled_dot_product_attention") {
        need_weights_ = false;
        SetHeadFeatures(layer.Input("query"));
        SetDropout(layer.FindAttribute("dropout_p"));
        const Attribute* causal = layer.FindAttribute("is_causal");
        is_causal_ = causal != nullptr && *causal == Attribute(true);
      } else if (op == "aten::_native_multi_head_attention") {
        WalkNative(layer);
      } else if (op == "aten::bmm") {
        SetHeadFeatures(layer.Input("self"));
      } else if (op == "aten::baddbmm") {
        SetHeadFeatures(layer.Input("batch1"));
      } else if (op == "aten::dropout") {
        SetDropout(layer.FindAttribute("p"));
      } else if (op == "aten::mean.dim") {
        averages_ = true;
      } else if (op == "aten::zeros") {
        adds_zeros_ = true;
      }
    }
  }

  void WalkLinear(const Layer& layer) {
    const auto found = origins_.find(layer.Input("input"));
    if (found != origins_.end()) {
      if (projected_.empty()) batch_first_ = found->second.transposed;
      projected_.push_back(found->second.input);
      return;
    }
    out_features_ = LastSize(layer.Input("input"));
    projections_ = {OutputOf(layer)};
  }

  // The whole of it as one operator, on torch's fast path: always batch first.
  void WalkNative(const Layer& layer) {
    const auto number = [&](absl::string_view name) {
      const Attribute* value = layer.FindAttribute(name);
      const int64_t* n = value == nullptr ? nullptr : value->AsInt();
      return n == nullptr ? 0 : *n;
    };
    const int64_t heads = number("num_head");
    if (heads == 0) return;
    out_features_ = number("embed_dim");
    head_features_ = *out_features_ / heads;
    for (const absl::string_view name : {"query", "key", "value"}) {
      const auto found = origins_.find(layer.Input(name));
      if (found != origins_.end()) projected_.push_back(found->second.input);
    }
    batch_first_ = true;
    const Attribute* weights = layer.FindAttribute("need_weights");
    const Attribute* average = layer.FindAttribute("average_attn_weights");
    need_weights_ = weights == nullptr || *weights == Attribute(true);
    averages_ = average == nullptr || *average == Attribute(true);
    if (number("mask_type") == 1) padding_mask_ = layer.Input("mask");
    projections_ = {layer.outputs[0].values[0]};
  }

  static ValueId OutputOf(const Layer& layer) {
    const bool is_one = layer.outputs.size() == 1 && !layer.outputs[0].is_list;
    return is_one ? layer.outputs[0].values[0] : kAbsent;
  }

  std::optional<int64_t> LastSize(ValueId value) const {
    const TensorType* type =
        value == kAbsent ? nullptr : body_.value(value).tensor();
    if (type == nullptr || type->shape.empty() ||
        !type->shape.back().is_number()) {
      return std::nullopt;
    }
    return type->shape.back().number();
  }
  void SetHeadFeatures(ValueId query) {
    if (!head_features_.has_value()) head_features_ = LastSize(query);
  }
  void SetDropout(const Attribute* p) {
    if (p != nullptr && p->AsFloat() != nullptr) dropout_ = *p->AsFloat();
  }

  // The inputs of the body are the present inputs of the layer, in order.
  const Slot& InputSlot(size_t index) const {
    for (const Slot& slot : layer_.inputs) {
      if (slot.values[0] != kAbsent && index-- == 0) return slot;
    }
    return layer_.inputs.back();
  }
  ValueId InputValue(size_t index) const { return InputSlot(index).values[0]; }

  // Parameters and masks.
  absl::Status AddOthers(Layer* result) const {
    for (size_t i = 0; i < body_.inputs.size(); ++i) {
      if (std::count(projected_.begin(), projected_.end(), i) > 0) continue;
      const Slot& slot = InputSlot(i);
      std::string name;
      for (const auto& [own, in_layer] : kParameters) {
        if (own == slot.name) name = std::string(in_layer);
      }
      if (name.empty()) {
        name =
            IsPaddingMask(body_.inputs[i]) ? "key_padding_mask" : "attn_mask";
      }
      if (result->FindInput(name) != nullptr) {
        return Decline(absl::StrCat("its input \"", slot.name,
                                    "\" would be a second ", name));
      }
      result->inputs.push_back(Slot::One(name, slot.values[0]));
    }
    // The order of the signature.
    const LayerKind* kind = FindLayerKind("MultiheadAttention");
    const auto place = [&](const Slot& slot) {
      return kind->FindInput(slot.name) - kind->inputs.data();
    };
    std::sort(
        result->inputs.begin(), result->inputs.end(),
        [&](const Slot& a, const Slot& b) { return place(a) < place(b); });
    return absl::OkStatus();
  }

  // A mask for keys is viewed as [batch, 1, 1, keys], one for attention is not.
  bool IsPaddingMask(ValueId mask) const {
    if (mask == padding_mask_) return true;
    std::set<ValueId> reached = {mask};
    for (const Layer& layer : body_.layers) {
      const bool reads = std::any_of(
          layer.inputs.begin(), layer.inputs.end(), [&](const Slot& slot) {
            return !slot.is_list && reached.count(slot.values[0]);
          });
      if (!reads) continue;
      if (layer.target == "aten::view" || layer.target == "aten::reshape") {
        const Attribute* size = layer.FindAttribute(
            layer.target == "aten::view" ? "size" : "shape");
        // The others may be symbols.
        const Attribute::List* sizes =
            size == nullptr ? nullptr : size->AsList();
        if (sizes != nullptr && sizes->size() == 4 &&
            (*sizes)[1] == Attribute(1) && (*sizes)[2] == Attribute(1)) {
          return true;
        }
      } else if (IsMaskOperator(layer.target)) {
        reached.insert(OutputOf(layer));
      }
    }
    return false;
  }

  absl::Status NameOutputs(Layer* result) const {
    const size_t count = result->outputs.size();
    if (count == 0 || count > 2 || body_.outputs.size() != count) {
      return Decline("it has other results than its output and its weights");
    }
    size_t outputs = 0;
    for (size_t i = 0; i < count; ++i) {
      if (projections_.count(body_.outputs[i]) == 0) continue;
      ++outputs;
      // Where the batch comes first, the output is laid out after the weights.
      std::swap(result->outputs[0], result->outputs[i]);
    }
    if (outputs != 1) {
      return Decline(outputs == 0 ? "only its weights are used"
                                  : "it has its output twice");
    }
    result->outputs[0].name = "output";
    if (count == 2) result->outputs[1].name = "attn_weights";
    return absl::OkStatus();
  }

  const Graph& body_;
  Layer& layer_;
  std::map<ValueId, Origin> origins_;
  std::vector<size_t> projected_;  // inputs, in the order of the projections
  std::set<ValueId> projections_;  // the last projection and its views
  std::optional<int64_t> out_features_;
  std::optional<int64_t> head_features_;
  ValueId padding_mask_ = kAbsent;  // where the operator itself says it
  double dropout_ = 0;
  bool batch_first_ = false;
  bool need_weights_ = true;
  bool is_causal_ = false;
  bool averages_ = false;
  bool adds_zeros_ = false;
};

absl::Status ConvertMultiheadAttention(const Model& model, const Graph&,
                                       Layer& layer) {
  if (layer.bodies.count("body") == 0) {
    return absl::UnimplementedError("the module has no body");
  }
  return Attention(model, layer).Convert();
}

}  // namespace

void AddAttentionRules(LayerConverterRegistry& registry) {
  registry.AddModule("torch.nn.MultiheadAttention", ConvertMultiheadAttention)
      .IgnoreError();
}

}  // namespace flextorchir
