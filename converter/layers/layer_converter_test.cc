#include "flextorchir/converter/layers/layer_converter.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "ATen/core/dispatch/Dispatcher.h"
#include "ATen/core/function_schema.h"
#include "ATen/core/ivalue.h"
#include "ATen/core/jit_type.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "flextorchir/ir/attribute.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/layer_set.h"
#include "flextorchir/ir/text.h"
#include "flextorchir/torch_bridge/attribute.h"
#include "flextorchir/torch_bridge/layer_call.h"
#include "flextorchir/torch_bridge/operator_call.h"
#include "flextorchir/torch_bridge/operator_table.h"
#include "flextorchir/torch_bridge/packed_arguments.h"
#include "gtest/gtest.h"

namespace flextorchir {
namespace {

using Use = OperatorBinding::Argument::Use;

const LayerConverterRegistry& Standard() {
  static const auto* registry =
      new LayerConverterRegistry(LayerConverterRegistry::Standard());
  return *registry;
}

// -- The registry.

absl::Status Nothing(const Model&, const Graph&, Layer&) {
  return absl::OkStatus();
}

// The kind that the rule for `op` gives to an empty layer.
std::string KindBy(const LayerConverter* rule, absl::string_view op) {
  if (rule == nullptr) return "no rule";
  Layer layer;
  layer.kind = std::string(op);
  const absl::Status status = (*rule)(Model(), Graph(), layer);
  return status.ok() ? layer.kind : std::string(status.message());
}

TEST(LayerConverterRegistry, UserRulesGoBeforeStandardOnes) {
  LayerConverterRegistry registry = LayerConverterRegistry::Standard();
  ASSERT_NE(registry.FindOperator("aten::add.Tensor"), nullptr);
  ASSERT_TRUE(registry.AddOperator("aten::add", "MyAdd").ok());
  EXPECT_EQ(KindBy(registry.FindOperator("aten::add.Tensor"), ""), "MyAdd");
  ASSERT_TRUE(registry.AddOperator("aten::add.Scalar", "MyAddScalar").ok());
  EXPECT_EQ(KindBy(registry.FindOperator("aten::add.Scalar"), ""),
            "MyAddScalar");
  EXPECT_EQ(KindBy(registry.FindOperator("aten::add.Tensor"), ""), "MyAdd");
}

TEST(LayerConverterRegistry, StandardRulesAreForOneOverload) {
  EXPECT_NE(Standard().FindOperator("aten::conv2d"), nullptr);
  EXPECT_EQ(Standard().FindOperator("aten::conv2d.out"), nullptr);
  EXPECT_EQ(Standard().FindOperator("nowhere::op"), nullptr);
}

TEST(LayerConverterRegistry, RefusesWhatIsThereAndWhatIsNoOperator) {
  LayerConverterRegistry registry;
  EXPECT_TRUE(registry.AddOperator("mylib::swish", "Swish").ok());
  EXPECT_EQ(registry.AddOperator("mylib::swish", Nothing).code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(registry.AddOperator("swish", "Swish").code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(registry.AddModule("Swish", "Swish").ok());
  EXPECT_EQ(registry.AddModule("Swish", "Other").code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(registry.AddModule("", "Other").code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(LayerConverterRegistry, FindsModulesByAnyOfTheirNames) {
  LayerConverterRegistry registry;
  ASSERT_TRUE(registry.AddModule("torch.nn.LSTM", "A").ok());
  ASSERT_TRUE(registry.AddModule("SoftArgMax", "B").ok());
  ASSERT_TRUE(registry.AddModule("my.net.Block", "C").ok());
  const auto kind = [&](absl::string_view name) {
    return KindBy(registry.FindModule(name), "");
  };
  EXPECT_EQ(kind("torch.nn.modules.rnn.LSTM"), "A");
  EXPECT_EQ(kind("torch.nn.LSTM"), "A");
  EXPECT_EQ(kind("LSTM"), "no rule");
  EXPECT_EQ(kind("mylib.nn.SoftArgMax"), "B");
  EXPECT_EQ(kind("my.net.Block"), "C");
  EXPECT_EQ(kind("other.net.Block"), "no rule");
}

// -- Every row, forth and back.

// An operator layer with arguments that are not the usual ones, so that one
// that is lost shows.
class Sample {
 public:
  Sample(const OperatorBinding& binding, const c10::FunctionSchema& schema,
         bool optional_ones) {
    layer_.kind = layer_.target = binding.op;
    layer_.name = "layer";
    for (const c10::Argument& argument : schema.arguments()) {
      Add(binding, argument, optional_ones);
    }
    const size_t results = schema.returns().size();
    for (size_t i = 0; i < results; ++i) {
      const std::string& own = schema.returns()[i].name();
      const std::string name = !own.empty()   ? own
                               : results == 1 ? "output"
                                              : absl::StrCat("output_", i);
      const c10::Type& type = *schema.returns()[i].type();
      if (type.kind() == c10::TypeKind::ListType) {
        layer_.outputs.push_back(Slot::ListOf(name, {Tensor(2), Tensor(2)}));
      } else if (type.kind() == c10::TypeKind::TensorType) {
        layer_.outputs.push_back(Slot::One(name, Tensor(2)));
      } else {
        layer_.outputs.push_back(Slot::One(
            name, graph_.AddValue({NewName(), ScalarType::kFloat, kAbsent})));
      }
    }
  }

  const Layer& layer() const { return layer_; }
  const Graph& graph() const { return graph_; }

 private:
  std::string NewName() { return absl::StrCat("v", graph_.values.size()); }

  ValueId Tensor(int64_t rank) {
    TensorType type;
    type.dtype = DType::kFloat64;
    for (int64_t i = 0; i < rank; ++i) type.shape.emplace_back(4 + i);
    return graph_.AddValue({NewName(), std::move(type), kAbsent});
  }

  // Something for an argument of this type.
  static Attribute Constant(const c10::Argument& argument,
                            const c10::Type& type) {
    switch (type.kind()) {
      case c10::TypeKind::OptionalType:
        return Constant(argument,
                        *type.castRaw<c10::OptionalType>()->getElementType());
      case c10::TypeKind::ListType: {
        const c10::Type& element =
            *type.castRaw<c10::ListType>()->getElementType();
        Attribute::List list;
        for (int64_t i = 0; i < std::max(2, argument.N().value_or(2)); ++i) {
          Attribute item = Constant(argument, element);
          if (const int64_t* number = item.AsInt()) item = *number + i;
          list.push_back(std::move(item));
        }
        return list;
      }
      case c10::TypeKind::BoolType:
        return !(argument.default_value().has_value() &&
                 argument.default_value()->isBool() &&
                 argument.default_value()->toBool());
      case c10::TypeKind::FloatType:
      case c10::TypeKind::NumberType:
        return 0.375;
      case c10::TypeKind::StringType:
        return "text";
      default:
        break;
    }
    const std::string name = argument.real_type()->str();
    if (absl::StrContains(name, "ScalarType")) return DType::kFloat64;
    if (absl::StrContains(name, "Layout")) return "strided";
    if (absl::StrContains(name, "Device")) return "cpu";
    if (absl::StrContains(name, "MemoryFormat")) return "channels_last";
    if (absl::StrContains(name, "Generator")) return Attribute();
    return 3;
  }

  void Add(const OperatorBinding& binding, const c10::Argument& argument,
           bool optional_ones) {
    const OperatorBinding::Argument* row = binding.Find(argument.name());
    const c10::Type* type = argument.type().get();
    const bool is_optional = type->kind() == c10::TypeKind::OptionalType;
    if (is_optional) {
      type = type->castRaw<c10::OptionalType>()->getElementType().get();
    }
    const std::string& name = argument.name();
    if (row != nullptr && row->use == Use::kRequire) {
      layer_.attributes[name] = row->value;
      return;
    }
    const bool absent = is_optional && !optional_ones;
    if (type->kind() == c10::TypeKind::TensorType) {
      int64_t rank = 3;
      for (const OperatorBinding::Rank& condition : binding.ranks) {
        if (condition.op_name == name) rank = condition.rank;
      }
      layer_.inputs.push_back(Slot::One(name, absent ? kAbsent : Tensor(rank)));
      return;
    }
    if (const auto* list = type->castRaw<c10::ListType>()) {
      const c10::TypeKind element = list->getElementType()->kind();
      const bool holes = element == c10::TypeKind::OptionalType;
      if (holes || element == c10::TypeKind::TensorType) {
        layer_.inputs.push_back(
            Slot::ListOf(name, {Tensor(1), holes ? kAbsent : Tensor(1)}));
        return;
      }
    }
    if (absent) {
      layer_.attributes[name] = Attribute();
    } else if (row != nullptr && !row->names.empty()) {
      layer_.attributes[name] = 1;
    } else {
      layer_.attributes[name] = Constant(argument, *type);
    }
  }

  Graph graph_;
  Layer layer_;
};

// A constant argument as text, for comparison.
std::string Show(const c10::IValue& value, const c10::Argument& argument) {
  if (value.isTensor()) {
    return value.toTensor().defined()
               ? absl::StrCat(value.toTensor().item<double>())
               : "none";
  }
  const auto attribute = ToAttribute(value, &argument);
  return attribute.has_value() ? attribute->ToString() : "?";
}

// The rule's result for `sample`; a Placeholder where it refuses.
Layer Converted(const Sample& sample) {
  Layer layer = sample.layer();
  const LayerConverter* rule = Standard().FindOperator(layer.target);
  if (rule == nullptr || !(*rule)(Model(), sample.graph(), layer).ok()) {
    layer.kind = kPlaceholder;
  }
  return layer;
}

// What gets lost or changed on the way of `sample` to `layer`, by the row
// `binding`, and back.
std::string FindLoss(const OperatorBinding& binding,
                     const c10::FunctionSchema& schema, const Sample& sample,
                     const Layer& layer) {
  const auto call = FindLayerCall(sample.graph(), layer);
  if (!call.ok()) return std::string(call.status().message());

  // By the layer's names, which both operators share.
  std::map<std::string, std::string> given;
  for (const c10::Argument& argument : schema.arguments()) {
    const OperatorBinding::Argument* row = binding.Find(argument.name());
    if (row != nullptr && row->use != Use::kRename) continue;
    const std::string name = binding.LayerName(argument.name());
    const Slot* slot = sample.layer().FindInput(argument.name());
    if (slot != nullptr) {
      if (slot->values[0] != kAbsent)
        given[name] = absl::StrCat("<", name, ">");
      continue;
    }
    const Attribute& attribute = sample.layer().attributes.at(argument.name());
    if (attribute.is_none()) continue;
    given[name] = Show(*ToIValue(attribute, argument), argument);
  }
  const OperatorBinding* back = nullptr;
  for (const OperatorBinding* candidate : BindingsOfKind(layer.kind)) {
    if (candidate->op == c10::toString(call->op.operator_name())) {
      back = candidate;
      break;
    }
  }
  std::string loss;
  for (size_t i = 0; i < call->arguments.size(); ++i) {
    const c10::Argument& argument = call->op.schema().arguments()[i];
    const OperatorBinding::Argument* row = back->Find(argument.name());
    if (row != nullptr && row->use != Use::kRename) continue;
    const std::string name = back->LayerName(argument.name());
    const auto found = given.find(name);
    if (found == given.end()) continue;
    const LayerCall::Argument& passed = call->arguments[i];
    const std::string now = passed.layer_name.empty()
                                ? Show(passed.constant, argument)
                                : absl::StrCat("<", passed.layer_name, ">");
    const std::string in_list = absl::StrCat("[", found->second, "]");
    if (now != found->second && now != in_list) {
      absl::StrAppend(&loss, name, " was ", found->second, ", is ", now, "; ");
    }
    given.erase(found);
  }
  for (const auto& [name, value] : given) {
    const auto constant = back->constants.find(name);
    if (constant != back->constants.end()) continue;
    absl::StrAppend(&loss, name, "=", value, " does not reach ",
                    c10::toString(call->op.operator_name()), "; ");
  }
  return loss;
}

// Their layers have what packs the object, not the operator's own arguments;
// layer_conformance_test runs each of them with weights that can be packed.
bool TakesPackedObjects(const c10::FunctionSchema& schema) {
  for (size_t i = 0; i < schema.arguments().size(); ++i) {
    if (!FindPackers(schema, i).empty()) return true;
  }
  return false;
}

TEST(StandardRules, LoseNothingOnTheWayForthAndBack) {
  int checked = 0;
  for (const OperatorBinding& binding : OperatorTable()) {
    const auto op = FindOperator(binding.op);
    if (!op.has_value()) continue;  // operator_table_test says which may lack
    if (TakesPackedObjects(op->schema())) continue;
    for (const bool optional_ones : {true, false}) {
      const Sample sample(binding, op->schema(), optional_ones);
      const std::string text = LayerToText(sample.graph(), sample.layer());
      const Layer layer = Converted(sample);
      // Without its optional arguments it may be what another row is for.
      const OperatorBinding* used = nullptr;
      for (const OperatorBinding* row : BindingsOfOperator(binding.op)) {
        if (row->kind == layer.kind && used == nullptr) used = row;
      }
      if (optional_ones || used == nullptr) {
        EXPECT_EQ(layer.kind, binding.kind) << text;
      }
      if (used == nullptr) continue;
      if (layer.kind == binding.kind) used = &binding;
      EXPECT_EQ(FindLoss(*used, op->schema(), sample, layer), "")
          << LayerToText(sample.graph(), layer) << " from " << text;
      ++checked;
    }
  }
  EXPECT_GT(checked, 1000);
}

// -- Options, operator by operator.

// The only layer of a graph, converted, without its name:
// `%o: f32[2] = ReLU (input=%x)`; or why there is no rule for it.
std::string Convert(absl::string_view op, absl::string_view arguments,
                    absl::string_view outputs = "%o: f32[2]") {
  const absl::StatusOr<Model> model = ParseText(absl::StrCat(
      R"(
      flextorchir 1 layer_set 1
      graph "main" (%x: f32[2,3,8,8], %y: f32[2,3,8,8], %m: f32[3,3],
                    %w: f32[4,3,3,3], %w1: f32[4,3,3], %b: f32[4], %s: f32[3],
                    %n: int, %i: i64[2]) {
        )",
      outputs, " = \"", op, "\" \"layer\" target \"", op, "\" ", arguments, R"(
        return %o
      })"));
  if (!model.ok()) return model.status().ToString();
  const Graph& graph = model->main();
  Layer layer = graph.layers[0];
  const LayerConverter* rule = Standard().FindOperator(op);
  if (rule == nullptr) return "no rule";
  const absl::Status status = (*rule)(*model, graph, layer);
  if (!status.ok()) {
    EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
    EXPECT_EQ(layer, graph.layers[0]) << "a rule that declines changes nothing";
    return std::string(status.message());
  }
  EXPECT_TRUE(FindLayerCall(graph, layer).ok()) << LayerToText(graph, layer);
  std::string text = LayerToText(graph, layer);
  text.erase(text.find(" \"layer\""), 8);
  return text;
}

std::string WithoutOutput(std::string text) {
  const size_t equals = text.find("] = ");
  if (equals != std::string::npos) text.erase(0, equals + 4);
  return text;
}

struct OptionsCase {
  absl::string_view op;
  absl::string_view arguments;
  absl::string_view layer;
};

constexpr OptionsCase kOptions[] = {
    // Every attribute is spelt out, and lists are as long as they should be.
    {"aten::conv2d",
     "(input=%x, weight=%w, bias=none) {stride=[2], padding=[1, 1], "
     "dilation=[1, 1], groups=1}",
     "Conv2d (input=%x, weight=%w, bias=none) {dilation=[1, 1], groups=1, "
     "padding=[1, 1], stride=[2, 2]}"},
    {"aten::conv2d.padding",
     "(input=%x, weight=%w, bias=%b) {stride=[1, 1], padding=\"same\", "
     "dilation=[1, 1], groups=1}",
     "Conv2d (input=%x, weight=%w, bias=%b) {dilation=[1, 1], groups=1, "
     "padding=\"same\", stride=[1, 1]}"},
    // Operators for all dimensions are told apart by the weight.
    {"aten::_convolution",
     "(input=%x, weight=%w, bias=%b) {stride=[2, 2], padding=[0, 0], "
     "dilation=[1, 1], transposed=false, output_padding=[0, 0], groups=1, "
     "benchmark=false, deterministic=false, cudnn_enabled=true, "
     "allow_tf32=true}",
     "Conv2d (input=%x, weight=%w, bias=%b) {dilation=[1, 1], groups=1, "
     "padding=[0, 0], stride=[2, 2]}"},
    {"aten::_convolution",
     "(input=%x, weight=%w, bias=%b) {stride=[2, 2], padding=[0, 0], "
     "dilation=[1, 1], transposed=true, output_padding=[1, 1], groups=1, "
     "benchmark=true, deterministic=true, cudnn_enabled=false, "
     "allow_tf32=false}",
     "ConvTranspose2d (input=%x, weight=%w, bias=%b) {dilation=[1, 1], "
     "groups=1, output_padding=[1, 1], padding=[0, 0], stride=[2, 2]}"},
    {"aten::convolution",
     "(input=%s, weight=%w1, bias=none) {stride=[1], padding=[0], "
     "dilation=[1], transposed=false, output_padding=[0], groups=1}",
     "Conv1d (input=%s, weight=%w1, bias=none) {dilation=[1], groups=1, "
     "padding=[0], stride=[1]}"},
    // Sizes that count change the kind; names, order and what does not count.
    {"aten::batch_norm",
     "(input=%x, weight=%s, bias=%s, running_mean=%s, running_var=%s) "
     "{training=false, momentum=0.1, eps=0.001, cudnn_enabled=true}",
     "BatchNorm2d (input=%x, weight=%s, bias=%s, running_mean=%s, "
     "running_var=%s) {eps=0.001, momentum=0.1, training=false}"},
    {"aten::batch_norm",
     "(input=%m, weight=%s, bias=%s, running_mean=%s, running_var=%s) "
     "{training=false, momentum=0.1, eps=0.001, cudnn_enabled=false}",
     "BatchNorm1d (input=%m, weight=%s, bias=%s, running_mean=%s, "
     "running_var=%s) {eps=0.001, momentum=0.1, training=false}"},
    {"aten::embedding",
     "(weight=%m, indices=%i) {padding_idx=-1, scale_grad_by_freq=true, "
     "sparse=false}",
     "Embedding (input=%i, weight=%m) {padding_idx=-1}"},
    {"aten::dropout", "(input=%x) {p=0.5, train=false}",
     "Dropout (input=%x) {p=0.5, training=false}"},
    {"aten::hardtanh", "(self=%x) {min_val=0.0, max_val=6.0}",
     "ReLU6 (input=%x)"},
    {"aten::hardtanh", "(self=%x) {min_val=-0.0, max_val=6.0}",
     "Hardtanh (input=%x) {max_val=6.0, min_val=-0.0}"},
    // What is none is left out; a single dimension is a list of one.
    {"aten::clamp", "(self=%x) {min=none, max=6}", "Clamp (input=%x) {max=6}"},
    {"aten::clamp.Tensor", "(self=%x, min=%y, max=none)",
     "Clamp (input=%x, min=%y)"},
    {"aten::clamp_min", "(self=%x) {min=0}", "Clamp (input=%x) {min=0}"},
    {"aten::squeeze.dim", "(self=%x) {dim=1}", "Squeeze (input=%x) {dim=[1]}"},
    {"aten::squeeze", "(self=%x)", "Squeeze (input=%x)"},
    {"aten::mean", "(self=%x) {dtype=none}", "Mean (input=%x) {keepdim=false}"},
    {"aten::mean.dim", "(self=%x) {dim=[2, 3], keepdim=true, dtype=f64}",
     "Mean (input=%x) {dim=[2, 3], dtype=f64, keepdim=true}"},
    {"aten::var.dim", "(self=%x) {dim=[1], unbiased=false, keepdim=false}",
     "Var (input=%x) {correction=0, dim=[1], keepdim=false}"},
    // A number or a tensor.
    {"aten::add.Tensor", "(self=%x, other=%y) {alpha=2}",
     "Add (input=%x, other=%y) {alpha=2}"},
    {"aten::add.Scalar", "(self=%x) {other=2.5, alpha=1}",
     "Add (input=%x) {alpha=1, other=2.5}"},
    {"aten::rsub.Scalar", "(self=%x) {other=1, alpha=1}",
     "Rsub (input=%x) {alpha=1, other=1}"},
    {"aten::pow.Scalar", "(exponent=%x) {self=2}",
     "Pow (exponent=%x) {input=2}"},
    {"aten::where.ScalarOther", "(condition=%x, self=%y) {other=0.0}",
     "Where (condition=%x, input=%y) {other=0.0}"},
    {"aten::div.Tensor_mode", "(self=%x, other=%y) {rounding_mode=\"floor\"}",
     "Div (input=%x, other=%y) {rounding_mode=\"floor\"}"},
    {"aten::div.Tensor", "(self=%x, other=%y)", "Div (input=%x, other=%y)"},
    // Computed attributes stay inputs.
    {"aten::select.int", "(self=%x, index=%n) {dim=0}",
     "Select (input=%x, index=%n) {dim=0}"},
    {"aten::reshape", "(self=%x, shape=[%n, none]) {shape=[none, -1]}",
     "Reshape (input=%x, shape=[%n, none]) {shape=[none, -1]}"},
    // Shapes.
    {"aten::view", "(self=%x) {size=[2, -1]}",
     "Reshape (input=%x) {shape=[2, -1]}"},
    {"aten::slice.Tensor", "(self=%x) {dim=1, start=none, end=2, step=1}",
     "Slice (input=%x) {dim=1, end=2, step=1}"},
    {"aten::index.Tensor", "(self=%x, indices=[none, %i])",
     "Index (input=%x, indices=[none, %i])"},
    {"aten::cat", "(tensors=[%x, %y]) {dim=1}",
     "Cat (tensors=[%x, %y]) {dim=1}"},
    {"aten::swapaxes", "(self=%x) {axis0=1, axis1=2}",
     "Transpose (input=%x) {dim0=1, dim1=2}"},
    // Padding, under one kind.
    {"aten::constant_pad_nd", "(self=%x) {pad=[1, 1], value=3}",
     "Pad (input=%x) {mode=\"constant\", pad=[1, 1], value=3}"},
    {"aten::pad", "(self=%x) {pad=[1, 1], mode=\"circular\", value=none}",
     "Pad (input=%x) {mode=\"circular\", pad=[1, 1]}"},
    {"aten::reflection_pad2d", "(self=%x) {padding=[1, 1, 2, 2]}",
     "Pad (input=%x) {mode=\"reflect\", pad=[1, 1, 2, 2]}"},
    // Pools: an empty stride is the window; an adaptive one may be plain.
    {"aten::max_pool2d",
     "(self=%x) {kernel_size=[3], stride=[], padding=[0, 0], dilation=[1, 1], "
     "ceil_mode=true}",
     "MaxPool2d (input=%x) {ceil_mode=true, dilation=[1, 1], "
     "kernel_size=[3, 3], padding=[0, 0], stride=[3, 3]}"},
    {"aten::adaptive_avg_pool2d", "(self=%x) {output_size=[1, 1]}",
     "AdaptiveAvgPool2d (input=%x) {kernel_size=[8, 8], output_size=[1, 1], "
     "stride=[8, 8]}"},
    {"aten::adaptive_avg_pool2d", "(self=%x) {output_size=[7, 2]}",
     "AdaptiveAvgPool2d (input=%x) {kernel_size=[2, 4], output_size=[7, 2], "
     "stride=[1, 4]}"},
    {"aten::adaptive_avg_pool2d", "(self=%x) {output_size=[3, 8]}",
     "AdaptiveAvgPool2d (input=%x) {output_size=[3, 8]}"},
    // Numbers that stand for words.
    {"aten::grid_sampler",
     "(input=%x, grid=%y) {interpolation_mode=2, padding_mode=1, "
     "align_corners=true}",
     "GridSample (input=%x, grid=%y) {align_corners=true, mode=\"bicubic\", "
     "padding_mode=\"border\"}"},
    {"aten::mse_loss", "(self=%x, target=%y) {reduction=2}",
     "MSELoss (input=%x, target=%y) {reduction=\"sum\"}"},
    // Resizing: by size, by factors, or by the factors a size came from.
    {"aten::upsample_bilinear2d.vec",
     "(input=%x) {output_size=none, align_corners=false, "
     "scale_factors=[2.0, 2.0]}",
     "Upsample (input=%x) {align_corners=false, antialias=false, "
     "mode=\"bilinear\", scale_factor=[2.0, 2.0]}"},
    {"aten::upsample_nearest2d.vec",
     "(input=%x) {output_size=[4, 4], scale_factors=none}",
     "Upsample (input=%x) {antialias=false, mode=\"nearest\", size=[4, 4]}"},
    {"aten::_upsample_bicubic2d_aa",
     "(self=%x) {output_size=[4, 4], align_corners=true, scales_h=none, "
     "scales_w=none}",
     "Upsample (input=%x) {align_corners=true, antialias=true, "
     "mode=\"bicubic\", size=[4, 4]}"},
    {"aten::upsample_nearest2d",
     "(self=%x) {output_size=[12, 20], scales_h=1.5, scales_w=2.5}",
     "Upsample (input=%x) {antialias=false, mode=\"nearest\", "
     "scale_factor=[1.5, 2.5]}"},
    {"aten::upsample_nearest2d",
     "(self=%x) {output_size=[13, 20], scales_h=1.5, scales_w=2.5}",
     "an output size that is not the input size times the factors"},
    {"aten::upsample_nearest2d",
     "(self=%x) {output_size=[12, 8], scales_h=1.5, scales_w=none}",
     "an output size that is not the input size times the factors"},
    // A dtype that was left to torch is the result's.
    {"aten::arange",
     "() {end=5, dtype=none, layout=none, device=\"cpu\", pin_memory=false}",
     "Arange () {dtype=f32, end=5, start=0, step=1}"},
    {"aten::zeros_like",
     "(self=%x) {dtype=none, layout=none, device=none, pin_memory=none, "
     "memory_format=none}",
     "ZerosLike (input=%x)"},
    {"aten::to.dtype",
     "(self=%x) {dtype=f16, non_blocking=true, copy=true, memory_format=none}",
     "Cast (input=%x) {dtype=f16}"},
    {"aten::to.dtype_layout",
     "(self=%x) {dtype=none, layout=none, device=\"cpu\", pin_memory=none, "
     "non_blocking=false, copy=false, memory_format=none}",
     "Identity (input=%x)"},
    {"aten::contiguous", "(self=%x) {memory_format=\"channels_last\"}",
     "Contiguous (input=%x) {memory_format=\"channels_last\"}"},
    // Attention and recurrence.
    {"aten::scaled_dot_product_attention",
     "(query=%x, key=%y, value=%y, attn_mask=none) {dropout_p=0.0, "
     "is_causal=true, scale=none, enable_gqa=false}",
     "ScaledDotProductAttention (query=%x, key=%y, value=%y, attn_mask=none) "
     "{dropout_p=0.0, enable_gqa=false, is_causal=true}"},
    {"aten::gru_cell",
     "(input=%m, hx=%m, w_ih=%m, w_hh=%m, b_ih=none, b_hh=none)",
     "GRUCell (input=%m, hx=%m, weight_ih=%m, weight_hh=%m, bias_ih=none, "
     "bias_hh=none)"},
    // What no row expresses is declined, with the reason.
    {"aten::relu", "(self=%x) {extra=1}", "ReLU: the operator has no `extra`"},
    {"aten::bernoulli", "(self=%x) {generator=5}",
     "Bernoulli: only for `generator` being none, not 5"},
    {"aten::softmax.int", "(self=%x) {dim=\"a\", dtype=none}",
     "Softmax: attribute \"dim\" is \"a\", which is no int; the layer set has "
     "Softmax(input, *, dim: int, dtype: dtype? = none) -> output"},
};

TEST(StandardRules, SayEveryOption) {
  for (const OptionsCase& test : kOptions) {
    EXPECT_EQ(WithoutOutput(Convert(test.op, test.arguments)),
              std::string(test.layer))
        << test.op << " " << test.arguments;
  }
}

TEST(StandardRules, NameOutputsInOrder) {
  EXPECT_EQ(Convert("aten::lstm.input",
                    "(input=%x, hx=[%x, %y], params=[%m, %m]) "
                    "{has_biases=false, num_layers=1, dropout=0.0, "
                    "train=false, bidirectional=false, batch_first=true}",
                    "output_0=%o: f32[2], output_1=%h: f32[2], "
                    "output_2=%c: f32[2]"),
            "%o: f32[2], h_n=%h: f32[2], c_n=%c: f32[2] = "
            "LSTM (input=%x, batch_sizes=none, hx=[%x, %y], params=[%m, %m]) "
            "{batch_first=true, bidirectional=false, dropout=0.0, "
            "has_biases=false, num_layers=1, training=false}");
  EXPECT_EQ(Convert("aten::chunk", "(self=%x) {chunks=2, dim=1}",
                    "[%o: f32[2], %p: f32[2]]"),
            "outputs=[%o: f32[2], %p: f32[2]] = "
            "Chunk (input=%x) {chunks=2, dim=1}");
  EXPECT_EQ(Convert("aten::max_pool2d_with_indices",
                    "(self=%x) {kernel_size=[2, 2], stride=[2, 2], "
                    "padding=[0, 0], dilation=[1, 1], ceil_mode=false}",
                    "output_0=%o: f32[2], output_1=%p: i64[2]"),
            "%o: f32[2], indices=%p: i64[2] = "
            "MaxPool2d (input=%x) {ceil_mode=false, dilation=[1, 1], "
            "kernel_size=[2, 2], padding=[0, 0], stride=[2, 2]}");
}

}  // namespace
}  // namespace flextorchir
