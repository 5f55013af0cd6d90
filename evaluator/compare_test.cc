#include "flextorchir/evaluator/compare.h"

#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "ATen/ATen.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/text.h"
#include "flextorchir/torch_bridge/tensor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace flextorchir {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr float kInf = std::numeric_limits<float>::infinity();

TEST(CompareTest, EqualBitsAreIdentical) {
  const at::Tensor tensors[] = {
      at::tensor({1.f, NAN, -0.f, kInf}),
      at::tensor({1, 2}, at::kLong),
      at::tensor({1, 0}).to(at::kBool),
      at::randn({3}).to(at::kHalf),
      at::randn({3}).to(at::kBFloat16),
      at::randn({3}).to(at::kFloat8_e4m3fn),
      at::complex(at::randn({3}), at::randn({3})),
      at::quantize_per_tensor(at::randn({3}), 0.1, 2, at::kQInt8),
      at::ones({0, 3}),
      at::ones({}),
  };
  for (const at::Tensor& tensor : tensors) {
    const Difference difference = Compare(tensor, tensor.clone());
    EXPECT_TRUE(difference.identical) << tensor;
    EXPECT_EQ(difference.elements, tensor.numel());
    EXPECT_EQ(difference.ToString(), "identical");
  }
  const at::Tensor square = at::randn({3, 3});
  EXPECT_TRUE(Compare(square, square.t().contiguous().t()).identical);
}

TEST(CompareTest, DifferencesAreCountedAndMeasured) {
  const at::Tensor a = at::tensor({1.f, 2.f, 4.f, 0.f});
  const at::Tensor b = at::tensor({1.f, 2.5f, 3.f, -0.f});
  const Difference difference = Compare(a, b);
  EXPECT_FALSE(difference.identical);
  EXPECT_EQ(difference.differing, 3);
  EXPECT_EQ(difference.elements, 4);
  EXPECT_EQ(difference.max_absolute, 1);
  EXPECT_EQ(difference.max_relative, 0.25);
  EXPECT_EQ(difference.ToString(),
            "3 of 4 elements differ, max abs 1, max rel 0.25");
}

TEST(CompareTest, WhatIsNotFiniteIsCountedApart) {
  const at::Tensor a = at::tensor({1.f, NAN, kInf, kInf, 5.f});
  const at::Tensor b = at::tensor({NAN, NAN, kInf, -kInf, 4.f});
  const Difference difference = Compare(a, b);
  EXPECT_EQ(difference.differing, 3);
  EXPECT_EQ(difference.non_finite, 2);
  EXPECT_EQ(difference.max_absolute, 1);
  EXPECT_THAT(difference.ToString(), HasSubstr("2 of them not finite"));
  EXPECT_EQ(Compare(at::tensor({1.f}), at::tensor({NAN})).ToString(),
            "1 of 1 element differs, 1 of them not finite");
}

TEST(CompareTest, MeansScalesAndNans) {
  const Difference difference = Compare(at::tensor({100.f, 0.5f, NAN, 1.f}),
                                        at::tensor({101.f, 0.75f, -NAN, NAN}));
  EXPECT_EQ(difference.mean_absolute, 1.25 / 4);
  EXPECT_EQ(difference.largest, 100);
  EXPECT_EQ(difference.max_scaled, 0.25);
  EXPECT_EQ(difference.expected_nans, 1);
  EXPECT_EQ(difference.actual_nans, 2);
  EXPECT_EQ(difference.differing, 4);
  EXPECT_EQ(difference.non_finite, 1);  // a NaN for a NaN is none
  EXPECT_FALSE(difference.IsWithin(1));

  const Difference near =
      Compare(at::tensor({100.f, 0.5f}), at::tensor({101.f, 0.505f}));
  EXPECT_TRUE(near.IsWithin(0.011));  // the first is far by its size only
  EXPECT_FALSE(near.IsWithin(0.009));
  EXPECT_FALSE(near.IsWithin(0));
  EXPECT_TRUE(Compare(1.0, 1.0).IsWithin(0));
}

TEST(CompareTest, OtherDtypesAreConverted) {
  const auto compare = [](const c10::IValue& a, const c10::IValue& b) {
    return CompareConverted(a, b);
  };
  EXPECT_EQ(compare(at::ones({2}), at::ones({2}, at::kHalf)).ToString(),
            "identical (f16 instead of f32, compared as f32)");
  EXPECT_EQ(compare(at::ones({2}, at::kLong), at::ones({2}, at::kInt) * 3)
                .max_absolute,
            2);
  EXPECT_TRUE(
      compare(at::ones({2}, at::kBool), at::ones({2}, at::kByte)).identical);
  EXPECT_TRUE(
      compare(at::ones({2}).to(at::kFloat8_e4m3fn), at::ones({2})).identical);
  EXPECT_TRUE(
      compare(at::quantize_per_tensor(at::ones({2}), 0.5, 0, at::kQInt8),
              at::ones({2}))
          .identical);
  EXPECT_TRUE(compare(3, at::tensor({3}, at::kLong)).identical);
  EXPECT_EQ(compare(at::ones({1, 2, 3, 4}), at::ones({1, 3, 4, 2})).mismatch,
            "f32[1,3,4,2] instead of f32[1,2,3,4]; its channels seem to come "
            "last: transpose it first");
  EXPECT_EQ(compare(at::ones({2}, at::kHalf), at::ones({3})).mismatch,
            "f32[3] instead of f32[2]");
}

TEST(CompareTest, EveryKindOfNumber) {
  const int64_t big = int64_t{1} << 62;
  EXPECT_EQ(
      Compare(at::tensor({big}, at::kLong), at::tensor({big + 3}, at::kLong))
          .max_absolute,
      3);
  EXPECT_EQ(Compare(at::tensor({1, 0}).to(at::kBool),
                    at::tensor({1, 1}).to(at::kBool))
                .differing,
            1);
  EXPECT_EQ(Compare(at::tensor({1.f, 2.f}).to(at::kHalf),
                    at::tensor({1.f, 2.5f}).to(at::kHalf))
                .max_absolute,
            0.5);
  EXPECT_EQ(Compare(at::tensor({1.f}).to(at::kBFloat16),
                    at::tensor({2.f}).to(at::kBFloat16))
                .max_relative,
            1);
  EXPECT_EQ(Compare(at::complex(at::tensor({3.f}), at::tensor({4.f})),
                    at::complex(at::tensor({0.f}), at::tensor({0.f})))
                .max_absolute,
            5);
  const at::Tensor ints = at::tensor({10, 20}, at::kChar);
  const at::Tensor other = at::tensor({10, 24}, at::kChar);
  const auto quantised = [](const at::Tensor& t, double scale) {
    return at::_make_per_tensor_quantized_tensor(t, scale, 0);
  };
  EXPECT_EQ(Compare(quantised(ints, 0.5), quantised(other, 0.5)).max_absolute,
            2);
  EXPECT_THAT(Compare(quantised(ints, 0.5), quantised(ints, 0.25)).mismatch,
              HasSubstr("qi8[2]"));
}

TEST(CompareTest, NumbersAndOtherValues) {
  EXPECT_TRUE(Compare(3, 3).identical);
  EXPECT_TRUE(Compare(NAN, NAN).identical);
  EXPECT_TRUE(Compare("a", "a").identical);
  EXPECT_TRUE(Compare(c10::IValue(), c10::IValue()).identical);
  EXPECT_FALSE(Compare(0.0, -0.0).identical);
  EXPECT_EQ(Compare(2.0, 2.5).ToString(),
            "1 of 1 element differs, max abs 0.5, max rel 0.25");
  EXPECT_EQ(Compare(2, 2.0).mismatch, "Double instead of Int");
  EXPECT_EQ(Compare("a", "b").mismatch, "\"b\" instead of \"a\"");
  EXPECT_EQ(Compare(at::ones({}), 1.0).mismatch, "Double instead of Tensor");
  EXPECT_EQ(Compare(c10::complex<double>(3, 4), c10::complex<double>(0, 0))
                .max_absolute,
            5);
}

TEST(CompareTest, OtherTypesAreMismatches) {
  EXPECT_EQ(Compare(at::ones({2, 3}), at::ones({3, 2})).ToString(),
            "f32[3,2] instead of f32[2,3]");
  EXPECT_EQ(Compare(at::ones({2}), at::ones({2}, at::kDouble)).mismatch,
            "f64[2] instead of f32[2]");
  EXPECT_FALSE(Compare(at::ones({2}), at::ones({2}).to_sparse()).identical);
}

// x -> sigmoid -> dropout -> +x, and what the layers return.
class ModelTest : public testing::Test {
 protected:
  ModelTest() {
    auto model = ParseText(R"(
      flextorchir 1 layer_set 1
      inputs (#0)
      outputs #0
      graph "main" (%x: f32[4]) {
        %s: f32[4] = aten::sigmoid "sigmoid" target "aten::sigmoid" (self=%x)
        %d: f32[4] = aten::dropout "dropout" target "aten::dropout" (input=%s) {p=0.5, train=true}
            from "aten::dropout" in "head.drop" ("torch.nn.Dropout", 0) at "net.py":9 "forward"
        %y: f32[4] = aten::add.Tensor "add" target "aten::add.Tensor" (self=%d, other=%x) {alpha=1}
        return %y
      })");
    EXPECT_TRUE(model.ok()) << model.status();
    model_ = *std::move(model);
    at::manual_seed(3);
    const at::Tensor s = at::sigmoid(x_);
    const at::Tensor d = at::dropout(s, 0.5, true);
    activations_ = {{"s", s}, {"d", d}, {"y", d + x_}};
    at::manual_seed(3);
  }

  Comparison CompareNow() {
    auto comparison = CompareWithModel(
        model_, {x_}, {activations_.at("y")},
        recorded_ ? activations_ : std::map<std::string, at::Tensor>());
    EXPECT_TRUE(comparison.ok()) << comparison.status();
    return *comparison;
  }

  Model model_;
  at::Tensor x_ = at::tensor({0.5f, -1.f, 2.f, 3.f});
  std::map<std::string, at::Tensor> activations_;
  bool recorded_ = true;
};

TEST_F(ModelTest, Identical) {
  const Comparison comparison = CompareNow();
  EXPECT_TRUE(comparison.identical) << comparison.ToString();
  EXPECT_FALSE(comparison.first_divergence.has_value());
  EXPECT_EQ(comparison.ToString(), "1 output is bit-identical");
}

TEST_F(ModelTest, NamesTheFirstLayerThatDiverges) {
  model_.main().layers[1].attributes["p"] = 0.25;
  const Comparison comparison = CompareNow();
  EXPECT_FALSE(comparison.identical);
  ASSERT_TRUE(comparison.first_divergence.has_value());
  const Divergence& first = *comparison.first_divergence;
  EXPECT_EQ(first.layer, "dropout");
  EXPECT_EQ(first.value, "d");
  EXPECT_EQ(first.source.module_path, "head.drop");
  EXPECT_TRUE(first.inputs_identical);
  EXPECT_GT(first.difference.differing, 0);
  EXPECT_THAT(comparison.ToString(),
              AllOf(HasSubstr("output 0: "), HasSubstr(" of 4 elements differ"),
                    HasSubstr("first at layer \"dropout\" (aten::dropout) in "
                              "module \"head.drop\" at net.py:9, value %d: ")));
}

TEST_F(ModelTest, DrawsTheSameNumbersWhenItLooksAgain) {
  // Only the last layer differs: with other random numbers in the second run,
  // the dropout would.
  model_.main().layers[2].attributes["alpha"] = 2;
  at::manual_seed(3);
  const Comparison comparison = CompareNow();
  ASSERT_TRUE(comparison.first_divergence.has_value());
  EXPECT_EQ(comparison.first_divergence->layer, "add");
  // Afterwards the generator is where one run leaves it.
  const at::Tensor next = at::rand({1});
  at::manual_seed(3);
  at::dropout(x_, 0.5, true);
  EXPECT_TRUE(at::equal(at::rand({1}), next));
}

TEST_F(ModelTest, SaysWhereNotAllWasRecorded) {
  model_.main().layers[1].attributes["p"] = 0.25;
  activations_.erase("d");
  const Comparison comparison = CompareNow();
  ASSERT_TRUE(comparison.first_divergence.has_value());
  EXPECT_EQ(comparison.first_divergence->layer, "add");
  EXPECT_FALSE(comparison.first_divergence->inputs_identical);
}

TEST_F(ModelTest, WithoutRecordingsOutputsAreCompared) {
  model_.main().layers[1].attributes["p"] = 0.25;
  recorded_ = false;
  const Comparison comparison = CompareNow();
  EXPECT_FALSE(comparison.identical);
  EXPECT_FALSE(comparison.first_divergence.has_value());
}

TEST_F(ModelTest, ErrorsAreTheEvaluators) {
  EXPECT_EQ(CompareWithModel(model_, {x_}, {}).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(CompareWithModel(model_, {}, {x_}).status().code(),
            absl::StatusCode::kInvalidArgument);
  model_.main().layers[0].target = "acme::sigmoid";
  model_.main().layers[0].kind = "acme::sigmoid";
  EXPECT_EQ(CompareWithModel(model_, {x_}, {x_}).status().code(),
            absl::StatusCode::kUnimplemented);
}

}  // namespace
}  // namespace flextorchir
