#include "flextorchir/converter/optimize/optimize.h"

#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "ATen/ATen.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "flextorchir/converter/converter.h"
#include "flextorchir/converter/optimize/optimize_conversion.h"
#include "flextorchir/converter/report.h"
#include "flextorchir/evaluator/compare.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/layer_set.h"
#include "flextorchir/ir/serializer.h"
#include "flextorchir/ir/text.h"
#include "flextorchir/ir/verify.h"
#include "flextorchir/torch_bridge/tensor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace flextorchir {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Weights that have no data get random numbers, positive ones.
Model Parse(absl::string_view text, bool data = true) {
  auto model = ParseText(absl::StrCat("flextorchir 1 layer_set 1\n", text));
  EXPECT_TRUE(model.ok()) << model.status();
  if (!model.ok()) return Model();
  for (Weights& weights : model->weights) {
    if (!data) continue;
    std::vector<int64_t> sizes;
    for (const Dim& dim : weights.type.shape) sizes.push_back(dim.number());
    Weights filled =
        *ToWeights(weights.name, weights.role,
                   at::rand(sizes, ToScalarType(weights.type.dtype)) + 0.5);
    filled.aliases = weights.aliases;
    weights = std::move(filled);
  }
  EXPECT_TRUE(Verify(*model).ok()) << Verify(*model);
  return *std::move(model);
}

// The graphs and weights after these passes, as text.
std::string Optimized(Model model, std::vector<std::string> passes) {
  OptimizeOptions options;
  options.passes = std::move(passes);
  const auto done = Optimize(&model, options);
  EXPECT_TRUE(done.ok()) << done.status();
  model.metadata.clear();
  const std::string text = ToText(model);
  return text.substr(text.find('\n') + 1);
}

// `text` is left as it is.
void ExpectUntouched(absl::string_view text, const std::string& pass,
                     bool data = true) {
  Model model = Parse(text, data);
  const Model before = model;
  OptimizeOptions options;
  options.passes = {pass};
  const auto done = Optimize(&model, options);
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(done->rewrites(), 0);
  EXPECT_EQ(model, before);
}

constexpr char kConvNorm[] = R"(weights "conv.weight" parameter f32[4,3,3,3]
weights "bn.weight" parameter f32[4]
weights "bn.bias" parameter f32[4]
weights "bn.running_mean" buffer f32[4]
weights "bn.running_var" buffer f32[4]
graph "main" (%x: f32[1,3,8,8]) {
  %conv.weight = weights "conv.weight"
  %bn.weight = weights "bn.weight"
  %bn.bias = weights "bn.bias"
  %bn.running_mean = weights "bn.running_mean"
  %bn.running_var = weights "bn.running_var"
  %conv: f32[1,4,6,6] = Conv2d "conv" (input=%x, weight=%conv.weight, bias=none) {dilation=[1, 1], groups=1, padding=[0, 0], stride=[1, 1]}
      from "aten::conv2d" in "conv" ("torch.nn.Conv2d", 0)
  %bn: f32[1,4,6,6] = BatchNorm2d "bn" (input=%conv, weight=%bn.weight, bias=%bn.bias, running_mean=%bn.running_mean, running_var=%bn.running_var) {eps=1e-05, momentum=0.1, training=false}
      from "aten::batch_norm" in "bn" ("torch.nn.BatchNorm2d", 0)
  %relu: f32[1,4,6,6] = ReLU "relu" (input=%bn)
  return %relu
}
)";

// kConvNorm with one piece replaced.
std::string WithChange(absl::string_view from, absl::string_view to) {
  std::string text = kConvNorm;
  const size_t at = text.find(std::string(from));
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), std::string(to));
}

TEST(FoldBatchNormTest, TheConvolutionListsBothSources) {
  const Model model = Parse(kConvNorm);
  EXPECT_EQ(Optimized(model, {"fold_batch_norm"}),
            R"(weights "conv.weight" parameter f32[4,3,3,3]
weights "conv.bias" parameter f32[4]
graph "main" (%x: f32[1,3,8,8]) {
  %conv.weight = weights "conv.weight"
  %conv.bias = weights "conv.bias"
  %bn: f32[1,4,6,6] = Conv2d "conv" (input=%x, weight=%conv.weight, bias=%conv.bias) {dilation=[1, 1], groups=1, padding=[0, 0], stride=[1, 1]}
      from "aten::conv2d" in "conv" ("torch.nn.Conv2d", 0)
      from "aten::batch_norm" in "bn" ("torch.nn.BatchNorm2d", 0)
  %relu: f32[1,4,6,6] = ReLU "relu" (input=%bn)
  return %relu
}
)");
  // The original keeps its weights.
  EXPECT_EQ(model, model);
  Model rewritten = model;
  ASSERT_TRUE(Optimize(&rewritten).ok());
  EXPECT_EQ(rewritten.metadata[kPassesKey], "fold_batch_norm");
  EXPECT_NE(rewritten.weights[0].data.data(), model.weights[0].data.data());
}

TEST(FoldBatchNormTest, LeavesAloneWhatItMust) {
  for (const auto& [what, from, to] :
       std::vector<std::tuple<std::string, std::string, std::string>>{
           {"training", "training=false", "training=true"},
           {"the middle is returned", "return %relu", "return %relu, %conv"},
           {"the middle is read", "ReLU \"relu\" (input=%bn)",
            "Add \"relu\" (input=%bn, other=%conv)"},
           {"shared weights", "  return %relu",
            "  %again: f32[1,4,6,6] = Conv2d \"again\" (input=%x, "
            "weight=%conv.weight, bias=none)\n  return %relu, %again"},
           {"weights are returned", "return %relu",
            "return %relu, %conv.weight"},
           {"weights of the same name twice", "  return %relu",
            "  %tied = weights \"conv.weight\"\n  return %relu, %tied"},
           {"statistics that change", "graph \"main\"",
            "state weights \"bn.running_mean\"\ngraph \"main\""},
           {"no statistics", "running_mean=%bn.running_mean",
            "running_mean=none"},
           {"another dtype", "weights \"conv.weight\" parameter f32",
            "weights \"conv.weight\" parameter f64"},
           {"a placeholder", "BatchNorm2d \"bn\"",
            "Placeholder \"bn\" target \"mylib::batch_norm\""},
       }) {
    SCOPED_TRACE(what);
    std::string text = WithChange(from, to);
    if (absl::StrContains(to, "state ")) {
      const std::string end = "return %relu";
      text.replace(text.find(end), end.size(),
                   "%mean: f32[4] = ReLU \"mean\" (input=%bn.running_mean)\n"
                   "  return %relu, %mean");
    }
    ExpectUntouched(text, "fold_batch_norm");
  }
  // Of weights that were not read nobody knows.
  ExpectUntouched(kConvNorm, "fold_batch_norm", /*data=*/false);
}

TEST(FoldBatchNormTest, NumbersThatTheDtypeDoesNotHaveAreLeftAlone) {
  Model model = Parse(kConvNorm);
  for (Weights& weights : model.weights) {
    const auto fill = [&](double number) {
      weights = *ToWeights(weights.name, weights.role,
                           at::full({4}, number, at::kFloat));
    };
    if (weights.name == "bn.running_var") fill(0);
    if (weights.name == "bn.weight") fill(3e38);
  }
  const Model before = model;
  ASSERT_TRUE(Optimize(&model).ok());
  EXPECT_EQ(model, before);
}

// In [N, C, L] a linear layer's features are the last dimension, the channels
// of the norm are not.
TEST(FoldBatchNormTest, LinearLayersOnlyOfTwoDimensions) {
  const auto text = [](absl::string_view leading) {
    return absl::StrCat(
        R"(weights "w" parameter f32[4,4]
weights "mean" buffer f32[4]
weights "var" buffer f32[4]
graph "main" (%x: f32[)",
        leading, R"(,4]) {
  %w = weights "w"
  %mean = weights "mean"
  %var = weights "var"
  %fc: f32[)",
        leading, R"(,4] = Linear "fc" (input=%x, weight=%w, bias=none)
  %y: f32[)",
        leading,
        R"(,4] = BatchNorm1d "bn" (input=%fc, weight=none, bias=none, running_mean=%mean, running_var=%var)
  return %y
}
)");
  };
  ExpectUntouched(text("2,4"), "fold_batch_norm");
  EXPECT_EQ(Optimized(Parse(text("2")), {"fold_batch_norm"}),
            R"(weights "w" parameter f32[4,4]
weights "w.bias" parameter f32[4]
graph "main" (%x: f32[2,4]) {
  %w = weights "w"
  %w.bias = weights "w.bias"
  %y: f32[2,4] = Linear "fc" (input=%x, weight=%w, bias=%w.bias)
  return %y
}
)");
}

TEST(DropNoOpsTest, OutputsKeepTheirNames) {
  EXPECT_EQ(Optimized(Parse(R"(graph "main" (%x: f32[2,3]) {
  %a: f32[2,3] = ReLU "a" (input=%x)
  %b: f32[2,3] = Dropout "b" (input=%a) {p=0.5, training=false}
  %c: f32[2,3] = Neg "c" (input=%b)
  %d: f32[2,3] = Dropout "d" (input=%c) {p=0.5, training=false}
  %e: f32[2,3] = Exp "e" (input=%c)
  return %d, %e
}
)"),
                      {"drop_no_ops"}),
            R"(graph "main" (%x: f32[2,3]) {
  %a: f32[2,3] = ReLU "a" (input=%x)
  %d: f32[2,3] = Neg "c" (input=%a)
  %e: f32[2,3] = Exp "e" (input=%d)
  return %d, %e
}
)");
  // Two outputs, or an output and an input, do not become one.
  ExpectUntouched(R"(graph "main" (%x: f32[2]) {
  %a: f32[2] = ReLU "a" (input=%x)
  %b: f32[2] = Identity "b" (input=%a)
  %c: f32[2] = Identity "c" (input=%x)
  return %a, %b, %c
}
)",
                  "drop_no_ops");
}

TEST(DropNoOpsTest, LayoutsStayWhatWasRecorded) {
  // The permutation itself lays its result out in rows, for nobody else.
  EXPECT_EQ(Optimized(Parse(R"(graph "main" (%x: f32[2,3]) {
  %t: f32[3,2]{1,3} = T "t" (input=%x)
  %rows: f32[3,2] = Contiguous "rows" (input=%t)
  %y: f32[3,2] = Exp "y" (input=%rows)
  return %y
}
)"),
                      {"drop_no_ops"}),
            R"(graph "main" (%x: f32[2,3]) {
  %rows: f32[3,2] = T "t" (input=%x)
  %y: f32[3,2] = Exp "y" (input=%rows)
  return %y
}
)");
  ExpectUntouched(R"(graph "main" (%x: f32[2,3]{1,2}) {
  %t: f32[3,2] = T "t" (input=%x)
  %u: f32[3,2]{1,3} = Neg "u" (input=%t)
  %rows: f32[3,2] = Contiguous "rows" (input=%u)
  %y: f32[3,2] = Exp "y" (input=%rows)
  %z: f32[3,2]{1,3} = Exp "z" (input=%u)
  %input_rows: f32[2,3] = Contiguous "input_rows" (input=%x)
  return %y, %z, %input_rows
}
)",
                  "drop_no_ops");
}

TEST(DropNoOpsTest, SizesThatDependOnDataAreNotBelieved) {
  // This run found five; with one, the squeeze does something.
  ExpectUntouched(R"(graph "main" (%x: f32[7]) {
  %places: i64[5,1] = Nonzero "places" (input=%x)
  %flat: i64[5] = Ravel "flat" (input=%places)
  %squeezed: i64[5] = Squeeze "squeezed" (input=%flat)
  %y: i64[5] = Neg "y" (input=%squeezed)
  return %y
}
)",
                  "drop_no_ops");
  EXPECT_EQ(Optimized(Parse(R"(symbol n
graph "main" (%x: f32[n,5]) {
  %a: f32[n,5] = Reshape "a" (input=%x) {shape=[dim(n), -1]}
  %b: f32[n,5] = Neg "b" (input=%a)
  return %b
}
)"),
                      {"drop_no_ops"}),
            R"(symbol n
graph "main" (%x: f32[n,5]) {
  %b: f32[n,5] = Neg "b" (input=%x)
  return %b
}
)");
}

TEST(DropNoOpsTest, WorksInBodies) {
  EXPECT_EQ(Optimized(Parse(R"(graph "main" (%x: f32[2]) {
  %y: f32[2] = Block "block" (input=%x) with body=@"block"
  return %y
}
graph "block" (%input: f32[2]) {
  %a: f32[2] = Detach "a" (input=%input)
  %b: f32[2] = ReLU "b" (input=%a)
  return %b
}
)"),
                      {"drop_no_ops"}),
            R"(graph "main" (%x: f32[2]) {
  %y: f32[2] = Block "block" (input=%x) with body=@"block"
  return %y
}
graph "block" (%input: f32[2]) {
  %b: f32[2] = ReLU "b" (input=%input)
  return %b
}
)");
}

TEST(MergeReshapesTest, ChainsBecomeOneLayer) {
  EXPECT_EQ(Optimized(Parse(R"(symbol n
graph "main" (%x: f32[n,4,6]) {
  %a: f32[n,24] = Flatten "a" (input=%x) {end_dim=-1, start_dim=1}
      from "first"
  %b: f32[n,2,12] = Unflatten "b" (input=%a) {dim=1, sizes=[2, 12]}
      from "second"
  %c: f32[n,2,3,4] = Reshape "c" (input=%b) {shape=[dim(n), 2, 3, -1]}
      from "third"
  %d: f32[4,3,2,n]{1,4,12,24} = NumpyT "d" (input=%c)
      from "fourth"
  %e: f32[3,4,2,n]{4,1,12,24} = Transpose "e" (input=%d) {dim0=0, dim1=1}
      from "fifth"
  return %e
}
)"),
                      {"merge_reshapes"}),
            R"(symbol n
graph "main" (%x: f32[n,4,6]) {
  %c: f32[n,2,3,4] = Reshape "c" (input=%x) {shape=[dim(n), 2, 3, -1]}
      from "third"
      from "second"
      from "first"
  %e: f32[3,4,2,n]{4,1,12,24} = Permute "e" (input=%c) {dims=[2, 3, 1, 0]}
      from "fifth"
      from "fourth"
  return %e
}
)");
}

TEST(MergeReshapesTest, WhatCancelsGoes) {
  EXPECT_EQ(Optimized(Parse(R"(graph "main" (%x: f32[4,6]) {
  %t: f32[6,4]{1,6} = T "t" (input=%x)
  %u: f32[4,6] = MT "u" (input=%t)
  %v: f32[4,1,6] = Unsqueeze "v" (input=%u) {dim=1}
  %w: f32[4,6] = Squeeze "w" (input=%v) {dim=[1]}
  %y: f32[4,6] = Exp "y" (input=%w)
  return %y
}
)"),
                      {"merge_reshapes"}),
            R"(graph "main" (%x: f32[4,6]) {
  %y: f32[4,6] = Exp "y" (input=%x)
  return %y
}
)");
  // Another reader, an output, a size that depends on data.
  ExpectUntouched(R"(graph "main" (%x: f32[4,6]) {
  %a: f32[24] = Ravel "a" (input=%x)
  %b: f32[2,12] = Reshape "b" (input=%a) {shape=[2, 12]}
  %c: f32[24] = Exp "c" (input=%a)
  %d: f32[12,2]{1,12} = T "d" (input=%b)
  %e: f32[2,12] = T "e" (input=%d)
  %places: i64[5,2] = Nonzero "places" (input=%x)
  %f: i64[5,2,1] = Unsqueeze "f" (input=%places) {dim=2}
  %g: i64[5,2] = Flatten "g" (input=%f) {end_dim=-1, start_dim=1}
  return %c, %d, %e, %g
}
)",
                  "merge_reshapes");
}

TEST(FoldConstantsTest, ExpandsStayAndWhatChangesDoes) {
  EXPECT_EQ(Optimized(Parse(R"(weights "w" parameter f32[2,3]
weights "count" buffer f32[2]
state weights "count"
graph "main" (%x: f32[2,3]) {
  %w = weights "w"
  %count = weights "count"
  %t: f32[3,2]{1,3} = T "t" (input=%w)
  %product: f32[2,2] = Mm "product" (input=%x, mat2=%t)
  %next: f32[2] = Neg "next" (input=%count)
  %row: f32[2,1,3]{3,3,1} = Unsqueeze "row" (input=%w) {dim=1}
  %rows: f32[2,2,3]{3,0,1} = Expand "rows" (input=%row) {size=[2, 2, 3]}
  %noise: f32[2] = Rand "noise" () {dtype=f32, size=[2]}
  return %product, %rows, %noise, %next
}
)"),
                      {"fold_constants"}),
            R"(weights "count" buffer f32[2]
weights "row" parameter f32[2,1,3]
weights "t" parameter f32[3,2]{1,3}
state weights "count"
graph "main" (%x: f32[2,3]) {
  %count = weights "count"
  %t = weights "t"
  %row = weights "row"
  %product: f32[2,2] = Mm "product" (input=%x, mat2=%t)
  %next: f32[2] = Neg "next" (input=%count)
  %rows: f32[2,2,3]{3,0,1} = Expand "rows" (input=%row) {size=[2, 2, 3]}
  %noise: f32[2] = Rand "noise" () {dtype=f32, size=[2]}
  return %product, %rows, %noise, %next
}
)");
}

TEST(WarpAffineTest, SizesMayBeComputed) {
  EXPECT_NE(FindLayerKind("WarpAffine"), nullptr);
  EXPECT_EQ(Optimized(Parse(R"(symbol h
graph "main" (%x: f32[1,2,h,5], %theta: f32[1,2,3], %n: int) {
  %grid: f32[1,h,7,2] = AffineGrid "grid" (theta=%theta, size=[none, none, none, %n]) {align_corners=true, size=[1, 2, dim(h), none]}
      from "aten::affine_grid_generator"
  %y: f32[1,2,h,7] = GridSample "sample" (input=%x, grid=%grid) {align_corners=true, mode="nearest", padding_mode="border"}
      from "aten::grid_sampler"
  return %y
}
)"),
                      {"warp_affine"}),
            R"(symbol h
graph "main" (%x: f32[1,2,h,5], %theta: f32[1,2,3], %n: int) {
  %y: f32[1,2,h,7] = WarpAffine "sample" (input=%x, theta=%theta, output_size=[none, %n]) {align_corners=true, mode="nearest", output_size=[dim(h), none], padding_mode="border"}
      from "aten::grid_sampler"
      from "aten::affine_grid_generator"
  return %y
}
)");
}

// -- The API.

TEST(OptimizeTest, NamesAreCheckedBeforeAnythingRuns) {
  Model model = Parse(kConvNorm);
  const Model before = model;
  OptimizeOptions options;
  options.passes = {"fold_batch_norm", "fold_batchnorm"};
  const auto done = Optimize(&model, options);
  EXPECT_EQ(done.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(done.status().message(),
            "there is no pass called \"fold_batchnorm\"; there are "
            "drop_no_ops, merge_reshapes, fold_constants, fold_batch_norm, "
            "warp_affine");
  EXPECT_EQ(model, before);
}

TEST(OptimizeTest, PassesOfOnesOwnRunInOrderAndAreChecked) {
  std::vector<std::string> ran;
  PassRegistry registry;
  const auto add = [&](std::string name, auto run) {
    return registry.Add(
        {name, "...", /*exact=*/false, [&ran, name, run](Model& model) {
           ran.push_back(name);
           return run(model);
         }});
  };
  using Result = absl::StatusOr<int64_t>;
  ASSERT_TRUE(add("rename", [](Model& model) -> Result {
                model.name += "!";
                return 1;
              }).ok());
  ASSERT_TRUE(add("nothing", [](Model&) -> Result { return 0; }).ok());
  ASSERT_TRUE(add("breaks", [](Model& model) -> Result {
                model.main().outputs = {99};
                return 1;
              }).ok());
  ASSERT_TRUE(add("fails", [](Model& model) -> Result {
                model.name = "half";
                return absl::UnimplementedError("not today");
              }).ok());
  ASSERT_TRUE(add("throws", [](Model&) -> Result {
                throw std::runtime_error("thrown");
              }).ok());
  EXPECT_EQ(add("rename", [](Model&) -> Result { return 0; }).code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(add("no,name", [](Model&) -> Result { return 0; }).code(),
            absl::StatusCode::kInvalidArgument);

  Model model = Parse(kConvNorm);
  OptimizeOptions options;
  options.registry = &registry;
  options.passes = {"nothing"};
  auto done = Optimize(&model, options);
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_TRUE(done->exact);
  EXPECT_TRUE(model.metadata.empty());
  options.passes = {"rename", "nothing", "rename"};
  done = Optimize(&model, options);
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(model.name, "!!");
  EXPECT_EQ(done->ToString(), "rename 1, nothing 0, rename 1");
  EXPECT_EQ(done->rewrites(), 2);
  EXPECT_FALSE(done->exact);
  EXPECT_EQ(model.metadata[kPassesKey], "rename");
  EXPECT_THAT(ran, ElementsAre("nothing", "rename", "nothing", "rename"));

  const Model before = model;
  for (const auto& [pass, code, message] :
       std::vector<std::tuple<std::string, absl::StatusCode, std::string>>{
           {"breaks", absl::StatusCode::kInternal,
            "pass breaks: the rewritten "
            "model is not right"},
           {"fails", absl::StatusCode::kUnimplemented, "pass fails: not today"},
           {"throws", absl::StatusCode::kInternal, "pass throws: thrown"}}) {
    options.passes = {"rename", pass};
    done = Optimize(&model, options);
    EXPECT_EQ(done.status().code(), code) << done.status();
    EXPECT_THAT(std::string(done.status().message()), HasSubstr(message));
    EXPECT_EQ(model, before);
  }

  model.main().outputs = {99};
  EXPECT_EQ(Optimize(&model).status().code(),
            absl::StatusCode::kInvalidArgument);
}

// A format that knows no batch norm.
class NoNorms : public Serializer {
 public:
  absl::string_view name() const override { return "no_norms"; }
  absl::string_view extension() const override { return "nn"; }
  absl::string_view description() const override { return "..."; }
  absl::Status Write(const Model&, absl::string_view, const SerializeOptions&,
                     Sink&) const override {
    return absl::OkStatus();
  }
  absl::Status CheckLayer(const Model&, const Graph&,
                          const Layer& layer) const override {
    return layer.kind == "BatchNorm2d" ? absl::UnimplementedError("no norms")
                                       : absl::OkStatus();
  }
};

TEST(OptimizeConversionTest, TheReportSpeaksOfTheNewModel) {
  Conversion conversion;
  conversion.model =
      Parse(WithChange("ReLU \"relu\" (input=%bn)",
                       "Placeholder \"relu\" target \"mylib::relu\" (x=%bn)"));
  Report& report = conversion.report;
  report.model = "kept";
  report.layers = 3;
  report.warnings = {{"kept"}};
  report.timing["capture"] = 1;
  report.placeholders = {{"mylib::relu", "no such relu", "", 1, {{"relu"}}},
                         {"BatchNorm2d", "no norms", "no_norms", 1, {{"bn"}}}};
  const Report before = report;
  OptimizeOptions options;
  options.passes = {"warp_affine"};
  const NoNorms format;
  ASSERT_TRUE(OptimizeConversion(&conversion, options, {&format}).ok());
  EXPECT_EQ(ReportToJson(report), ReportToJson(before));

  options.passes = {"fold_batch_norm"};
  const auto done = OptimizeConversion(&conversion, options, {&format});
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(done->ToString(), "fold_batch_norm 1");
  EXPECT_EQ(report.model, "kept");
  EXPECT_EQ(report.layers, 2);
  EXPECT_EQ(report.layers_by_kind.count("BatchNorm2d"), 0);
  EXPECT_EQ(report.parameters, 4 * 3 * 3 * 3 + 4);
  EXPECT_EQ(report.weights_bytes, 4 * report.parameters);
  EXPECT_EQ(report.warnings.size(), 1);
  EXPECT_EQ(report.timing.size(), 1);
  ASSERT_EQ(report.placeholders.size(), 1);
  EXPECT_EQ(report.placeholders[0].target, "mylib::relu");
  EXPECT_EQ(report.placeholders[0].reason, "no such relu");
}

TEST(OptimizeConversionTest, NearMeansInUnitsOfTheLargestElement) {
  const Model model = Parse(kConvNorm);  // f32
  EXPECT_EQ(OptimizationTolerance(model), 1e-3);
  const auto is_near = [&](const at::Tensor& expected,
                           const at::Tensor& actual) {
    return IsNearEnough(model, expected, Compare(expected, actual));
  };
  const at::Tensor expected = at::tensor({1e-9, 100.0});
  EXPECT_TRUE(is_near(expected, expected));
  EXPECT_TRUE(is_near(expected, expected + 0.05));
  EXPECT_FALSE(is_near(expected, expected + 0.2));
  EXPECT_FALSE(is_near(expected / 1000, expected / 1000 + 0.05));
  EXPECT_FALSE(is_near(expected, at::tensor({1e-9, INFINITY}, at::kDouble)));
  EXPECT_FALSE(is_near(expected, expected.slice(0, 1)));
  EXPECT_FALSE(is_near(at::tensor({1000, 2000}), at::tensor({1000, 2001})));
}

}  // namespace
}  // namespace flextorchir
