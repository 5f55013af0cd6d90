#include "flextorchir/torch_bridge/operator_table.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ATen/core/dispatch/Dispatcher.h"
#include "ATen/core/function_schema.h"
#include "ATen/core/ivalue.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "flextorchir/ir/attribute.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/layer_set.h"
#include "flextorchir/ir/text.h"
#include "flextorchir/torch_bridge/attribute.h"
#include "flextorchir/torch_bridge/layer_call.h"
#include "flextorchir/torch_bridge/operator_call.h"
#include "flextorchir/torch_bridge/operator_rows.h"
#include "flextorchir/torch_bridge/packed_arguments.h"
#include "gtest/gtest.h"

namespace flextorchir {
namespace {

using Use = OperatorBinding::Argument::Use;

std::vector<OperatorRow> AllRows() {
  std::vector<OperatorRow> rows;
  for (const absl::Span<const OperatorRow> part :
       {NeuralOperatorRows(), MathOperatorRows(), ShapeOperatorRows(),
        OtherOperatorRows(), QuantizedOperatorRows()}) {
    rows.insert(rows.end(), part.begin(), part.end());
  }
  return rows;
}

const c10::Argument* FindArgument(absl::Span<const c10::Argument> arguments,
                                  absl::string_view name) {
  for (const c10::Argument& argument : arguments) {
    if (argument.name() == name) return &argument;
  }
  return nullptr;
}

// What is wrong with one row, if anything.
std::string FindFault(const OperatorBinding& binding) {
  const LayerKind* kind = FindLayerKind(binding.kind);
  if (kind == nullptr) return "the layer set has no such kind";
  const auto op = FindOperator(binding.op);
  if (!op.has_value()) {
    // torchvision's and other libraries may not be loaded.
    return absl::StartsWith(binding.op, "aten::") ? "no such operator" : "";
  }
  const c10::FunctionSchema& schema = op->schema();
  const std::vector<c10::Argument> arguments = LayerArgumentsOf(schema);
  const auto knows = [&](absl::string_view name) {
    return kind->FindInput(name) != nullptr ||
           kind->FindAttribute(name) != nullptr;
  };
  for (const OperatorBinding::Argument& argument : binding.arguments) {
    const c10::Argument* found = FindArgument(arguments, argument.op_name);
    if (found == nullptr) {
      return absl::StrCat("the operator has no `", argument.op_name, "`");
    }
    if (argument.use != Use::kRename &&
        !ToIValue(argument.value, *found).ok()) {
      return absl::StrCat("`", argument.op_name, "` cannot be ",
                          argument.value.ToString());
    }
  }
  for (const OperatorBinding::Rank& rank : binding.ranks) {
    if (FindArgument(arguments, rank.op_name) == nullptr) {
      return absl::StrCat("the operator has no `", rank.op_name, "`");
    }
  }
  // Every argument of the operator has its place in the layer, and the other
  // way round.
  std::set<std::string> given;
  for (const c10::Argument& argument : arguments) {
    const OperatorBinding::Argument* row = binding.Find(argument.name());
    if (row != nullptr && row->use != Use::kRename) continue;
    const std::string name = binding.LayerName(argument.name());
    if (!knows(name)) return absl::StrCat("the kind has no `", name, "`");
    if (!given.insert(name).second) return absl::StrCat("`", name, "` twice");
    const InputSpec* input = kind->FindInput(name);
    const std::string type = argument.real_type()->str();
    if (input != nullptr && (!absl::StrContains(type, "Tensor") ||
                             input->is_list != absl::StrContains(type, "[]"))) {
      return absl::StrCat("the input `", name, "` is no ", type);
    }
  }
  for (const auto& [name, value] : binding.constants) {
    const AttributeSpec* attribute = kind->FindAttribute(name);
    if (attribute == nullptr || !attribute->Accepts(value)) {
      return absl::StrCat("the kind has no attribute `", name, "` that may be ",
                          value.ToString());
    }
    if (!given.insert(name).second) return absl::StrCat("`", name, "` twice");
  }
  for (const std::string& name : binding.remarks) {
    const AttributeSpec* attribute = kind->FindAttribute(name);
    if (attribute == nullptr || !attribute->optional) {
      return absl::StrCat("the kind has no optional attribute `", name, "`");
    }
  }
  for (const InputSpec& input : kind->inputs) {
    if (!input.optional && given.count(input.name) == 0) {
      return absl::StrCat("nothing gives the input `", input.name, "`");
    }
  }
  for (const AttributeSpec& attribute : kind->attributes) {
    if (!attribute.default_value.has_value() &&
        given.count(attribute.name) == 0 && attribute.name != "dtype") {
      return absl::StrCat("nothing gives the attribute `", attribute.name, "`");
    }
  }
  const size_t results = schema.returns().size();
  if (results > kind->outputs.size()) return "the kind has too few outputs";
  for (size_t i = 0; i < kind->outputs.size(); ++i) {
    if (i >= results) {
      if (!kind->outputs[i].optional) {
        return absl::StrCat("nothing gives the output `", kind->outputs[i].name,
                            "`");
      }
    } else if (kind->outputs[i].is_list !=
               (schema.returns()[i].type()->kind() ==
                c10::TypeKind::ListType)) {
      return absl::StrCat("the output `", kind->outputs[i].name, "` is no ",
                          schema.returns()[i].type()->str());
    }
  }
  return "";
}

TEST(OperatorTable, EveryRowFitsItsOperatorAndItsKind) {
  const std::vector<OperatorRow> rows = AllRows();
  ASSERT_EQ(OperatorTable().size(), rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    const absl::StatusOr<OperatorBinding> binding = ParseOperatorRow(rows[i]);
    ASSERT_TRUE(binding.ok()) << binding.status();
    EXPECT_EQ(FindFault(*binding), "") << binding->op << " -> " << binding->kind
                                       << " (" << rows[i].arguments << ")";
  }
}

TEST(OperatorTable, NoRowIsThereTwice) {
  std::set<std::string> seen;
  for (const OperatorRow& row : AllRows()) {
    EXPECT_TRUE(
        seen.insert(absl::StrCat(row.op, " ", row.kind, " ", row.arguments))
            .second)
        << row.op << " -> " << row.kind;
  }
}

// Kinds that no operator is: those that come from modules run by their body,
// those that passes make by an executor.
const std::set<std::string>& ModuleKinds() {
  static const auto* const kinds =
      new std::set<std::string>{"MultiheadAttention", "WarpAffine"};
  return *kinds;
}

TEST(OperatorTable, EveryKindHasAnOperator) {
  for (const LayerKind& kind : LayerSet()) {
    EXPECT_EQ(BindingsOfKind(kind.name).empty(),
              ModuleKinds().count(kind.name) > 0)
        << kind.name;
  }
}

TEST(OperatorTable, FindsByOperatorAndByKind) {
  ASSERT_FALSE(BindingsOfOperator("aten::conv2d").empty());
  EXPECT_EQ(BindingsOfOperator("aten::conv2d")[0]->kind, "Conv2d");
  EXPECT_EQ(BindingsOfKind("Conv2d")[0]->op, "aten::conv2d");
  EXPECT_TRUE(BindingsOfOperator("aten::conv2").empty());
  EXPECT_TRUE(BindingsOfKind("conv2d").empty());
}

// -- Rows.

TEST(OperatorRow, IsParsed) {
  const auto binding =
      ParseOperatorRow({"a::b", "B",
                        "x=y, m=how{one|two-ways}, alpha:=1, pad~=[0, -1.5], "
                        "+mode=\"a, b\", w#4"});
  ASSERT_FALSE(binding.ok());  // `two-ways` is no word
  const auto good = ParseOperatorRow(
      {"a::b", "B",
       "x=y, m=how{one|\"two-ways\"}, alpha:=1, pad~=[0, -1.5], "
       "+mode=\"a, b\", ?r, w#4"});
  ASSERT_TRUE(good.ok()) << good.status();
  EXPECT_EQ(good->LayerName("x"), "y");
  EXPECT_EQ(good->LayerName("m"), "how");
  EXPECT_EQ(good->LayerName("self"), "input");
  EXPECT_EQ(good->LayerName("other"), "other");
  EXPECT_EQ(good->Find("m")->names,
            (std::vector<std::string>{"one", "two-ways"}));
  EXPECT_EQ(good->Find("alpha")->use, Use::kRequire);
  EXPECT_EQ(good->Find("alpha")->value, Attribute(1));
  EXPECT_EQ(good->Find("pad")->use, Use::kIgnore);
  EXPECT_EQ(good->Find("pad")->value, Attribute(Attribute::List{0, -1.5}));
  EXPECT_EQ(good->Find("other"), nullptr);
  EXPECT_EQ(good->constants.at("mode"), Attribute("a, b"));
  EXPECT_EQ(good->remarks, std::vector<std::string>{"r"});
  ASSERT_EQ(good->ranks.size(), 1);
  EXPECT_EQ(good->ranks[0].rank, 4);
}

TEST(OperatorRow, SaysWhatIsWrong) {
  const struct {
    absl::string_view arguments;
    absl::string_view message;
  } kCases[] = {
      {"x", "expected one of = := ~= #"},  {"x=", "the layer's name"},
      {"x=1", "the layer's name"},         {"x:=", "an attribute"},
      {"x=y y=z", "expected ','"},         {"x=y, x=z", "each argument once"},
      {"+=1", "the name of an attribute"}, {"w#four", "a number of dimensions"},
      {"m=how{a", "expected '}'"},
  };
  for (const auto& test : kCases) {
    const auto binding = ParseOperatorRow({"a::b", "B", test.arguments});
    ASSERT_FALSE(binding.ok()) << test.arguments;
    EXPECT_TRUE(absl::StrContains(binding.status().message(), "a::b -> B"));
    EXPECT_TRUE(absl::StrContains(binding.status().message(), test.message))
        << binding.status();
  }
}

TEST(SameValue, ComparesNumbersByValueAndSign) {
  EXPECT_TRUE(SameValue(1, 1.0));
  EXPECT_TRUE(SameValue(1, true));
  EXPECT_TRUE(SameValue(Attribute::List{0, 6}, Attribute::List{0.0, 6.0}));
  EXPECT_TRUE(SameValue(Attribute(), Attribute()));
  EXPECT_FALSE(SameValue(0, -0.0));
  EXPECT_FALSE(SameValue(0, Attribute()));
  EXPECT_FALSE(SameValue(1, "1"));
  EXPECT_FALSE(SameValue(Attribute::List{0}, Attribute::List{0, 0}));
}

// -- Calls.

// The call of the only layer of a graph, as text: "aten::add.Tensor(%input,
// other=%other, alpha=2)".
std::string CallOf(absl::string_view layer) {
  const absl::StatusOr<Model> model = ParseText(absl::StrCat(R"(
      flextorchir 1 layer_set 1
      name "M"
      graph "main" (%x: f32[2,3,8,8], %y: f32[2,3,8,8], %w: f32[4,3,1,1],
                    %n: int, %r: f32[3], %s: f32[]) {
        )",
                                                             layer, R"(
        return %o
      })"));
  if (!model.ok()) return model.status().ToString();
  const Graph& graph = model->main();
  const absl::StatusOr<LayerCall> call = FindLayerCall(graph, graph.layers[0]);
  if (!call.ok()) return std::string(call.status().message());
  std::vector<std::string> arguments;
  const auto& schema = call->op.schema();
  for (size_t i = 0; i < call->arguments.size(); ++i) {
    const LayerCall::Argument& argument = call->arguments[i];
    std::string text;
    if (!argument.layer_name.empty()) {
      text = absl::StrCat("<", argument.layer_name, ">");
    } else if (argument.constant.isTensor()) {
      text = argument.constant.toTensor().defined() ? "tensor" : "undefined";
    } else {
      text = ToAttribute(argument.constant, &schema.arguments()[i])->ToString();
    }
    arguments.push_back(absl::StrCat(schema.arguments()[i].name(), "=", text));
  }
  return absl::StrCat(c10::toString(call->op.operator_name()), "(",
                      absl::StrJoin(arguments, ", "), ")");
}

TEST(FindLayerCall, BindsArguments) {
  const struct {
    absl::string_view layer;
    absl::string_view call;
  } kCases[] = {
      {R"(%o: f32[2] = ReLU "l" (input=%x))", "aten::relu(self=<input>)"},
      // Defaults of the kind.
      {R"(%o: f32[2] = Conv2d "l" (input=%x, weight=%w, bias=none))",
       "aten::conv2d(input=<input>, weight=<weight>, bias=none, stride=[1, 1], "
       "padding=[0, 0], dilation=[1, 1], groups=1)"},
      {R"(%o: f32[2] = Conv2d "l" (input=%x, weight=%w)
            {padding="same"})",
       "aten::conv2d.padding(input=<input>, weight=<weight>, bias=none, "
       "stride=[1, 1], padding=\"same\", dilation=[1, 1], groups=1)"},
      // A number before a tensor, a tensor where a tensor is.
      {R"(%o: f32[2] = Pow "l" (input=%x)
            {exponent=2})",
       "aten::pow.Tensor_Scalar(self=<input>, exponent=2)"},
      {R"(%o: f32[2] = Pow "l" (input=%x, exponent=%y))",
       "aten::pow.Tensor_Tensor(self=<input>, exponent=<exponent>)"},
      {R"(%o: f32[2] = Pow "l" (exponent=%y)
            {input=2})",
       "aten::pow.Scalar(self=2, exponent=<exponent>)"},
      {R"(%o: f32[2] = Add "l" (input=%x)
            {other=2.5})",
       "aten::add.Tensor(self=<input>, other=tensor, alpha=1)"},
      // A computed number.
      {R"(%o: f32[2] = Select "l" (input=%x, index=%n)
            {dim=0})",
       "aten::select.int(self=<input>, dim=0, index=<index>)"},
      // Where there is no better operator, numbers and tensors are converted.
      {R"(%o: f32[2] = LeakyReLU "l" (input=%x, negative_slope=%s))",
       "aten::leaky_relu(self=<input>, negative_slope=<negative_slope>)"},
      {R"(%o: f32[2] = Mul "l" (input=%x, other=%s))",
       "aten::mul.Tensor(self=<input>, other=<other>)"},
      {R"(%o: f32[2] = Mul "l" (input=%x, other=%n))",
       "aten::mul.Scalar(self=<input>, other=<other>)"},
      {R"(%o: f32[2] = Linear "l" (input=%x, weight=%n))",
       "aten::linear(input=<input>, weight=<weight>, bias=none)"},
      // By the number of results.
      {R"(%o: f32[2] = MaxPool2d "l" (input=%x)
            {kernel_size=[2, 2], stride=[2, 2]})",
       "aten::max_pool2d(self=<input>, kernel_size=[2, 2], stride=[2, 2], "
       "padding=[0, 0], dilation=[1, 1], ceil_mode=false)"},
      {R"(%o: f32[2], indices=%i: i64[2] = MaxPool2d "l" (input=%x)
            {kernel_size=[2, 2], stride=[2, 2]})",
       "aten::max_pool2d_with_indices(self=<input>, kernel_size=[2, 2], "
       "stride=[2, 2], padding=[0, 0], dilation=[1, 1], ceil_mode=false)"},
      // By constants and ranks, by names of numbers.
      {R"(%o: f32[2] = Upsample "l" (input=%x)
            {scale_factor=[2.0, 2.0], mode="bilinear", align_corners=false})",
       "aten::upsample_bilinear2d.vec(input=<input>, output_size=none, "
       "align_corners=false, scale_factors=[2.0, 2.0])"},
      {R"(%o: f32[2] = GridSample "l" (input=%x, grid=%y)
            {mode="nearest", padding_mode="reflection", align_corners=true})",
       "aten::grid_sampler(input=<input>, grid=<grid>, interpolation_mode=1, "
       "padding_mode=2, align_corners=true)"},
      // Operator layers.
      {R"(%o: f32[2] = Placeholder "l" target "aten::clamp" (self=%x)
            {min=none, max=2})",
       "aten::clamp(self=<self>, min=none, max=2)"},
  };
  for (const auto& test : kCases) {
    EXPECT_EQ(CallOf(test.layer), std::string(test.call)) << test.layer;
  }
}

// In place of an object, a layer has what is packed into it.
TEST(FindLayerCall, PacksWeights) {
  const absl::StatusOr<Model> model = ParseText(R"(
      flextorchir 1 layer_set 1
      name "M"
      graph "main" (%x: qu8[1,3,8,8], %w: qi8[4,3,1,1] quantized(scales=[0.5],
                    zero_points=[0]), %b: f32[4]) {
        %o: qu8[1,4,8,8] = QuantizedConv2d "l" (input=%x, weight=%w, bias=%b)
            {padding=[1, 2], output_scale=0.5, output_zero_point=3,
             activation="relu"}
        return %o
      })");
  ASSERT_TRUE(model.ok()) << model.status();
  const Graph& graph = model->main();
  const absl::StatusOr<LayerCall> call = FindLayerCall(graph, graph.layers[0]);
  ASSERT_TRUE(call.ok()) << call.status();
  EXPECT_EQ(c10::toString(call->op.operator_name()),
            "quantized::conv2d_relu.new");
  ASSERT_EQ(call->arguments.size(), 4);
  EXPECT_EQ(call->arguments[0].layer_name, "input");
  EXPECT_EQ(call->arguments[2].constant.toDouble(), 0.5);
  ASSERT_EQ(call->arguments[1].packers.size(), 1);
  const LayerCall& packer = *call->arguments[1].packers[0];
  EXPECT_EQ(c10::toString(packer.op.operator_name()),
            "quantized::conv2d_prepack");
  ASSERT_EQ(packer.arguments.size(), 6);
  EXPECT_EQ(packer.arguments[0].layer_name, "weight");
  EXPECT_EQ(packer.arguments[1].layer_name, "bias");
  EXPECT_EQ(packer.arguments[2].constant.toIntVector(),
            (std::vector<int64_t>{1, 1}));
  EXPECT_EQ(packer.arguments[3].constant.toIntVector(),
            (std::vector<int64_t>{1, 2}));
}

TEST(FindLayerCall, SaysWhatStandsInTheWay) {
  const struct {
    absl::string_view layer;
    absl::string_view message;
  } kCases[] = {
      {R"(%o: f32[2] = Placeholder "l" target "nowhere::op" (x=%x))",
       "nowhere::op: no such operator is loaded"},
      {R"(%o: f32[2] = Mine "l" (input=%x))", "no operator runs this Mine"},
      {R"(%o: f32[2] = Softmax "l" (input=%x))", "the layer has no `dim`"},
      // Never dropped silently.
      {R"(%o: f32[2] = Upsample "l" (input=%x)
            {size=[4, 4], mode="nearest", align_corners=true})",
       "it takes no `align_corners`"},
      {R"(%o: f32[2] = Upsample "l" (input=%r)
            {size=[4, 4], mode="bilinear", align_corners=true})",
       "has not 4 dimensions"},
      {R"(%o: f32[2] = ReLU "l" (input=%x, weight=%w))",
       "it takes no `weight`"},
      {R"(%o: f32[2] = Sum "l" (input=%x, dtype=%y))", "`dtype` is a f32"},
      {R"(%o: f32[2] = Cat "l" (tensors=%x))", "`tensors` is no list"},
      {R"(%o: f32[2] = LeakyReLU "l" (input=%x)
            {negative_slope="a"})",
       "`negative_slope`"},
      {R"(%o: f32[2] = GridSample "l" (input=%x, grid=%y)
            {mode="cubist", padding_mode="zeros", align_corners=true})",
       "`mode` may not be \"cubist\""},
  };
  for (const auto& test : kCases) {
    const std::string call = CallOf(test.layer);
    EXPECT_TRUE(absl::StrContains(call, test.message)) << call;
  }
}

}  // namespace
}  // namespace flextorchir
