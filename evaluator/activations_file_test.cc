#include "flextorchir/evaluator/activations_file.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ATen/ATen.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "flextorchir/evaluator/compare.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/sink.h"
#include "flextorchir/ir/text.h"
#include "flextorchir/torch_bridge/tensor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace flextorchir {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Tensors = std::map<std::string, at::Tensor>;

class ActivationsFileTest : public testing::Test {
 protected:
  ActivationsFileTest() {
    auto model = ParseText(R"(
      flextorchir 1 layer_set 1
      inputs (#0)
      outputs #0
      graph "main" (%x: f32[2,3]) {
        %s: f32[2,3] = aten::sigmoid "sigmoid" target "aten::sigmoid" (self=%x)
            from "aten::sigmoid" in "act" ("torch.nn.Sigmoid", 0) at "net.py":7 "forward"
        %y: f32[2,3] = aten::add.Tensor "add" target "aten::add.Tensor" (self=%s, other=%x) {alpha=1}
        return %y
      })");
    EXPECT_TRUE(model.ok()) << model.status();
    model_ = *std::move(model);
    sigmoid_ = at::sigmoid(x_);
  }

  // Writes them, and opens what was written.
  ActivationsFile Written(Tensors tensors) {
    // Earlier ones stay: what was opened is a view of them.
    const std::string name = absl::StrCat("a", files_.size());
    const auto sink = NewMemorySink(&files_);
    const auto left_out = WriteActivations(std::move(tensors), name, *sink);
    EXPECT_TRUE(left_out.ok()) << left_out.status();
    left_out_ = *left_out;
    EXPECT_TRUE(sink->Commit().ok());
    auto file = ActivationsFile::Open(*NewMemorySource(&files_), name);
    EXPECT_TRUE(file.ok()) << file.status();
    return *std::move(file);
  }

  std::vector<ComparedValue> CompareWithRun(Tensors dump) {
    const ActivationsFile file = Written(std::move(dump));
    auto values =
        CompareWithEvaluator(model_, {x_}, EvaluatorIs::kExpected, file.Find());
    EXPECT_TRUE(values.ok()) << values.status();
    return *std::move(values);
  }

  Model model_;
  std::map<std::string, std::string> files_;
  at::Tensor x_ = at::tensor({0.5f, -1.f, 2.f, 3.f, 0.f, 1.f}).reshape({2, 3});
  at::Tensor sigmoid_;
  std::vector<std::string> left_out_;
};

TEST_F(ActivationsFileTest, KeepsEveryType) {
  const Tensors written = {
      {"f16", at::randn({2, 3}).to(at::kHalf)},
      {"strided", at::randn({4, 3}).t()},
      {"c128", at::randn({2}, at::kComplexDouble)},
      {"scalar", at::ones({}, at::kLong)},
      {"empty", at::ones({0, 3})},
      {"qi8", at::quantize_per_tensor(at::randn({4}), 0.1, 2, at::kQInt8)},
  };
  const ActivationsFile file = Written(written);
  EXPECT_THAT(file.names(),
              ElementsAre("c128", "empty", "f16", "qi8", "scalar", "strided"));
  EXPECT_TRUE(file.Has("f16"));
  EXPECT_FALSE(file.Has("f1"));
  for (const auto& [name, tensor] : written) {
    Value value{name, *TypeOf(tensor)};
    const auto content = file.Content(value);
    ASSERT_TRUE(content.ok() && content->has_value()) << name;
    EXPECT_TRUE(Compare(tensor, **content).identical) << name;
  }
  const auto none = file.Content(Value{"none", TensorType{}});
  EXPECT_TRUE(none.ok() && !none->has_value());
}

TEST_F(ActivationsFileTest, WhatCannotBeHeldIsLeftOut) {
  const ActivationsFile file =
      Written({{"a", x_}, {"b", x_.to_sparse()}, {"c", x_}});
  EXPECT_THAT(file.names(), ElementsAre("a", "c"));
  EXPECT_THAT(left_out_, ElementsAre("b"));
}

TEST_F(ActivationsFileTest, BrokenFilesAreErrors) {
  files_ = {{"a", "no safetensors"}};
  const auto source = NewMemorySource(&files_);
  EXPECT_EQ(ActivationsFile::Open(*source, "a").status().code(),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(ActivationsFile::Open(*source, "b").status().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(ActivationsFileTest, EvaluatedActivationsAreThoseOfTheRun) {
  const auto activations = EvaluateActivations(model_, {x_});
  ASSERT_TRUE(activations.ok()) << activations.status();
  EXPECT_EQ(activations->size(), 3);
  EXPECT_TRUE(at::equal(activations->at("x"), x_));
  EXPECT_TRUE(at::equal(activations->at("s"), sigmoid_));
  EXPECT_TRUE(at::equal(activations->at("y"), sigmoid_ + x_));
}

TEST_F(ActivationsFileTest, FirstDivergenceOfADump) {
  const auto values = CompareWithRun(
      {{"x", x_}, {"s", sigmoid_ + 0.25}, {"y", sigmoid_ + x_ + 0.5}});
  ASSERT_EQ(values.size(), 3);
  const auto first = FirstDivergence(model_, values);
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->layer, "sigmoid");
  EXPECT_EQ(first->value, "s");
  EXPECT_EQ(first->source.frames.at(0).line, 7);
  EXPECT_TRUE(first->inputs_identical);
  EXPECT_NEAR(first->difference.mean_absolute, 0.25, 1e-6);
  ASSERT_EQ(first->inputs.size(), 1);
  EXPECT_TRUE(first->inputs[0].difference->identical);
  // What is within the tolerance does not count.
  EXPECT_EQ(FirstDivergence(model_, values, 0.3)->layer, "add");
  EXPECT_FALSE(FirstDivergence(model_, values, 0.6).has_value());
}

TEST_F(ActivationsFileTest, DumpsMayBePartial) {
  const auto values = CompareWithRun({{"y", sigmoid_ + x_ + 1}, {"other", x_}});
  ASSERT_EQ(values.size(), 1);
  const auto first = FirstDivergence(model_, values);
  EXPECT_EQ(first->layer, "add");
  EXPECT_FALSE(first->inputs_identical);
  EXPECT_FALSE(first->inputs[0].difference.has_value());
}

TEST_F(ActivationsFileTest, AnInputMayDiffer) {
  const auto values = CompareWithRun({{"x", x_ + 1}});
  const auto first = FirstDivergence(model_, values);
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->layer, "");
  EXPECT_EQ(first->kind, "input");
  EXPECT_EQ(first->value, "x");
}

TEST_F(ActivationsFileTest, TypesAreConvertedAndShapesAreNot) {
  auto values = CompareWithRun({{"s", sigmoid_.to(at::kHalf)}});
  EXPECT_FALSE(values[0].difference.identical);
  EXPECT_EQ(values[0].difference.conversion,
            "f16 instead of f32, compared as f32");
  EXPECT_TRUE(values[0].difference.IsWithin(1e-3));
  EXPECT_THAT(values[0].difference.ToString(), HasSubstr("(f16 instead of"));
  values = CompareWithRun({{"s", sigmoid_.t()}});
  EXPECT_THAT(values[0].difference.mismatch,
              HasSubstr("f32[3,2] instead of f32[2,3]; it has as many"));
  EXPECT_FALSE(values[0].difference.IsWithin(1e9));
}

TEST_F(ActivationsFileTest, TwoFilesWithoutARun) {
  const ActivationsFile expected = Written({{"s", sigmoid_}, {"y", x_}});
  const ActivationsFile actual = Written({{"s", sigmoid_}, {"x", x_}});
  const auto values =
      CompareActivations(model_, expected.Find(), actual.Find());
  ASSERT_TRUE(values.ok()) << values.status();
  ASSERT_EQ(values->size(), 1);
  EXPECT_TRUE((*values)[0].difference.identical);
}

}  // namespace
}  // namespace flextorchir
