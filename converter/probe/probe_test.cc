// What a conversion says after the model has run twice.

#include "flextorchir/converter/probe/probe.h"

#include <cmath>
#include <cstring>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "ATen/ATen.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "flextorchir/converter/converter.h"
#include "flextorchir/converter/frontends/callable.h"
#include "flextorchir/evaluator/compare.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace flextorchir {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Forward = std::function<c10::IValue(const at::Tensor& x)>;

// The rows as "code severity", and the last message.
struct Told {
  std::vector<std::string> rows;
  std::string message;
  Conversion conversion;
};

Told ConvertAndTell(const Forward& forward, const at::Tensor& x,
                    std::vector<NamedTensor> state = {},
                    ConvertOptions options = {}) {
  Told told;
  const auto model = FromCallable(
      "Net",
      [&](const ModelInputs& inputs) {
        return forward(inputs.args[0].toTensor());
      },
      std::move(state));
  absl::StatusOr<Conversion> conversion =
      Convert(*model, ModelInputs{{x}, {}}, options);
  EXPECT_TRUE(conversion.ok()) << conversion.status();
  if (!conversion.ok()) return told;
  for (const Report::Warning& row : conversion->report.warnings) {
    told.rows.push_back(
        absl::StrCat(row.code, " ", SeverityName(row.severity)));
    absl::StrAppend(&told.message, row.message, "\n");
  }
  // Whatever was said, the graph gives what the run gave.
  const auto comparison = CompareWithModel(
      conversion->model, conversion->inputs, conversion->outputs, {});
  EXPECT_TRUE(comparison.ok()) << comparison.status();
  if (comparison.ok()) {
    EXPECT_TRUE(comparison->identical) << comparison->ToString();
  }
  told.conversion = *std::move(conversion);
  return told;
}

// Of a tensor, the elements, as `.tolist()` gives them: no operator is seen.
std::vector<float> ToList(const at::Tensor& x) {
  const at::Tensor all = x.detach().contiguous();
  const float* data = all.const_data_ptr<float>();
  return std::vector<float>(data, data + all.numel());
}

// And back, as torch.from_numpy does.
at::Tensor FromNumpy(const std::vector<float>& values) {
  at::Tensor result = at::detail::empty_cpu(
      {static_cast<int64_t>(values.size())}, at::kFloat, c10::nullopt,
      c10::nullopt, c10::nullopt, c10::nullopt);
  std::memcpy(result.mutable_data_ptr(), values.data(), 4 * values.size());
  return result;
}

at::Tensor Positive() { return at::arange(1, 13, at::kFloat).view({3, 4}); }

TEST(ProbeTest, SaysNothingOfAModelThatComputesWithTensors) {
  const at::Tensor weight = at::randn({4, 4});
  const Told told = ConvertAndTell(
      [&](const at::Tensor& x) -> c10::IValue {
        const at::Tensor mask = at::ones({4, 4}).tril();
        return at::where(x.sum() > 0, x.matmul(weight * mask), x).softmax(-1);
      },
      Positive(), {{"weight", weight}});
  EXPECT_THAT(told.rows, IsEmpty());
  EXPECT_EQ(told.conversion.report.timing.count("probe"), 1);
}

TEST(ProbeTest, ABranchIsOneRow) {
  const Told told = ConvertAndTell(
      [](const at::Tensor& x) -> c10::IValue {
        at::Tensor y = x * 2;
        if (at::is_nonzero(y.sum() > 0)) {
          y = y.relu().exp().sigmoid();
        } else {
          y = y.tanh().add(1).cos();
        }
        return y.sum() * 3;
      },
      at::tensor({-1.f, 0.5f, 2.f}));
  EXPECT_THAT(told.rows, ElementsAre("data-dependent-branch warning"));
  EXPECT_THAT(told.message, HasSubstr("aten::is_nonzero"));
  EXPECT_THAT(told.message, HasSubstr("aten::relu, aten::exp, aten::sigmoid"));
  EXPECT_THAT(told.message, HasSubstr("aten::tanh, aten::add.Scalar"));
}

TEST(ProbeTest, ABranchThatNobodySaw) {
  const Told told = ConvertAndTell(
      [](const at::Tensor& x) -> c10::IValue {
        at::Tensor y = x * 2;
        if (ToList(x.sum())[0] > 0) y = y.relu();
        return y + 1;
      },
      at::tensor({-1.f, 0.5f, 2.f}));
  EXPECT_THAT(told.rows, ElementsAre("data-dependent-branch warning"));
  EXPECT_THAT(told.message, HasSubstr("aten::relu"));
}

TEST(ProbeTest, ALoopIsOneRow) {
  const Told told = ConvertAndTell(
      [](const at::Tensor& x) -> c10::IValue {
        at::Tensor y = x;
        const int64_t count = x.mean().item().toLong();
        for (int64_t i = 0; i < count; ++i) y = (y + 1).sin();
        return y * 2;
      },
      Positive());
  EXPECT_THAT(told.rows, ElementsAre("data-dependent-branch warning"));
  EXPECT_THAT(told.message, HasSubstr("6.5, and "));
}

TEST(ProbeTest, TheChoiceBetweenValues) {
  const Told told = ConvertAndTell(
      [](const at::Tensor& x) -> c10::IValue {
        const at::Tensor a = x.sin();
        const at::Tensor b = x.cos();
        return (ToList(x.mean())[0] > 0 ? a : b) * 2;
      },
      at::tensor({-1.f, 0.5f, 2.f}));
  EXPECT_THAT(told.rows, ElementsAre("data-dependent-branch warning"));
  EXPECT_THAT(told.message, HasSubstr("the result of aten::sin"));
  EXPECT_THAT(told.message, HasSubstr("the result of aten::cos"));
}

TEST(ProbeTest, AnItemAndWhatBecameOfIt) {
  const Told told = ConvertAndTell(
      [](const at::Tensor& x) -> c10::IValue {
        const double largest = x.max().item().toDouble();
        return x / largest + 2 * largest;
      },
      Positive());
  EXPECT_THAT(told.rows, ElementsAre("baked-value warning"));
  EXPECT_THAT(told.message, HasSubstr("12.0, and 11.7"));
  EXPECT_THAT(told.message, HasSubstr("`other` of aten::div.Scalar is 12.0"));
  EXPECT_THAT(told.message, HasSubstr("`other` of aten::add.Scalar is 24.0"));
}

TEST(ProbeTest, AnItemThatChangesNothingIsStillTold) {
  const Told told = ConvertAndTell(
      [](const at::Tensor& x) -> c10::IValue {
        if (x.max().item().toDouble() > 1e9) throw std::runtime_error("huge");
        return x + 1;
      },
      Positive());
  EXPECT_THAT(told.rows, ElementsAre("baked-value warning"));
  EXPECT_THAT(told.message, HasSubstr("nothing of the graph changed with it"));
}

TEST(ProbeTest, ArithmeticOnAList) {
  const Told told = ConvertAndTell(
      [](const at::Tensor& x) -> c10::IValue {
        return x * (ToList(x)[5] + 1.0);
      },
      Positive());
  EXPECT_THAT(told.rows, ElementsAre("baked-value warning"));
  EXPECT_THAT(told.message, HasSubstr("`other` of aten::mul.Scalar is 7.0"));
}

TEST(ProbeTest, ARoundTripThroughNumpy) {
  const Told told = ConvertAndTell(
      [](const at::Tensor& x) -> c10::IValue {
        std::vector<float> values = ToList(x.exp());
        for (float& value : values) value += 1;
        // Constant folding must not hide it.
        return x.flatten() + FromNumpy(values).neg();
      },
      Positive());
  EXPECT_THAT(told.rows, ElementsAre("baked-constant warning"));
  EXPECT_THAT(told.message, HasSubstr("aten::neg"));
  EXPECT_EQ(told.conversion.report.layers_by_kind.count("Neg"), 1);
}

TEST(ProbeTest, ATensorThatAnotherThreadComputes) {
  const Told told = ConvertAndTell(
      [](const at::Tensor& x) -> c10::IValue {
        at::Tensor y;
        std::thread thread([&] { y = x * 2; });
        thread.join();
        return y;
      },
      Positive());
  EXPECT_THAT(told.rows, ElementsAre("baked-constant warning"));
  EXPECT_THAT(told.message, HasSubstr("that is returned"));
}

TEST(ProbeTest, AConstantOfUnknownOrigin) {
  // One that was there before the model ran is nothing to speak of.
  const at::Tensor table = at::randn({4});
  const Told told = ConvertAndTell(
      [&](const at::Tensor& x) -> c10::IValue {
        return x * FromNumpy({1, 2, 3, 4}) + table;
      },
      Positive());
  EXPECT_THAT(told.rows, ElementsAre("constant-of-unknown-origin info"));
}

TEST(ProbeTest, AShapeThatDependsOnTheData) {
  const at::Tensor x = at::tensor({-3.f, -2.f, -1.f, 0.5f, 1.f, 5.f, 6.f});
  Told told = ConvertAndTell(
      [](const at::Tensor& x) -> c10::IValue {
        return x.masked_select(x > 0).exp().sum();
      },
      x);
  EXPECT_THAT(told.rows, ElementsAre("data-dependent-shape info"));
  EXPECT_THAT(told.message, HasSubstr("aten::masked_select"));

  // The size has a symbol, of which attributes can be made as they are.
  told = ConvertAndTell(
      [](const at::Tensor& x) -> c10::IValue {
        const at::Tensor y = x.masked_select(x > 0);
        return at::cat({y, at::ones({y.size(0)})}).view({2, y.size(0)});
      },
      x);
  EXPECT_THAT(told.rows, ElementsAre("data-dependent-shape info"));

  // Two runs do not tell which of many expressions it is.
  told = ConvertAndTell(
      [](const at::Tensor& x) -> c10::IValue {
        const at::Tensor y = x.masked_select(x > 0);
        const int64_t padded = 3 * y.size(0);
        return at::cat({y, at::ones({padded})});
      },
      x);
  EXPECT_THAT(told.rows,
              ElementsAre("data-dependent-shape info", "baked-value warning"));
  EXPECT_THAT(told.message, HasSubstr("`size` of aten::ones is [12]"));
  EXPECT_THAT(told.message, HasSubstr("[6] in the probe run"));
}

TEST(ProbeTest, RandomNumbersAreNoDataDependence) {
  const at::Tensor weight = at::randn({4, 4});
  Told told = ConvertAndTell(
      [&](const at::Tensor& x) -> c10::IValue {
        return at::dropout(x.matmul(weight), 0.5, /*train=*/true) +
               at::rand({4});
      },
      Positive(), {{"weight", weight}});
  EXPECT_THAT(told.rows, IsEmpty());
  told = ConvertAndTell(
      [](const at::Tensor& x) -> c10::IValue {
        return at::rand({}).item().toDouble() > 0.5 ? x + 1 : x * 2;
      },
      Positive());
  EXPECT_THAT(told.rows, ElementsAre("baked-value warning"));
  EXPECT_THAT(told.message, HasSubstr("a random number"));
}

TEST(ProbeTest, StateIsPutBackBetweenTheRuns) {
  const at::Tensor count = at::zeros({});
  const Told told = ConvertAndTell(
      [&](const at::Tensor& x) -> c10::IValue {
        count.add_(1);
        return x * count;
      },
      Positive(), {{"count", count, Weights::Role::kBuffer}});
  EXPECT_THAT(told.rows, IsEmpty());
  EXPECT_EQ(count.item<float>(), 0);
  EXPECT_EQ(told.conversion.outputs[1].toTensor().item<float>(), 1);
}

TEST(ProbeTest, AModelThatRaisesConvertsAllTheSame) {
  const at::Tensor x = Positive();
  int runs = 0;
  Told told = ConvertAndTell(
      [&](const at::Tensor& y) -> c10::IValue {
        if (runs++ > 0) throw std::runtime_error("only once");
        return y + y.max().item();
      },
      x);
  EXPECT_THAT(told.rows,
              ElementsAre("baked-value warning", "probe-failed warning"));
  EXPECT_THAT(told.message, HasSubstr("only once"));
  // One that checks its inputs takes those that differ less.
  told = ConvertAndTell(
      [&](const at::Tensor& y) -> c10::IValue {
        if (std::abs(ToList(y)[5] - 6) > 0.1) {
          throw std::runtime_error("not sane");
        }
        return y + ToList(y)[0];
      },
      x);
  EXPECT_THAT(told.rows, ElementsAre("baked-value warning"));
}

TEST(ProbeTest, ResultsThatAreNoTensors) {
  const Told told = ConvertAndTell(
      [](const at::Tensor& x) -> c10::IValue {
        return c10::ivalue::Tuple::create(
            {x + 1, x.sum().item().toDouble(), 5, ToList(x)[0] + 0.5});
      },
      Positive());
  EXPECT_THAT(told.rows,
              ElementsAre("baked-result warning", "baked-result warning",
                          "baked-result info"));
  EXPECT_THAT(told.message, HasSubstr("`[1]` of the result is 78.0"));
  EXPECT_THAT(told.message, HasSubstr("`[3]` of the result is 1.5"));
}

TEST(ProbeTest, WhatComesFromOutsideOfTheModel) {
  int runs = 0;
  const Told told = ConvertAndTell(
      [&](const at::Tensor& x) -> c10::IValue {
        const at::Tensor y = runs++ == 0 ? x.sin().cos() : x.tanh();
        return y * ToList(x)[1];
      },
      Positive());
  EXPECT_THAT(told.rows,
              ElementsAre("baked-value warning", "not-repeatable warning"));
}

TEST(ProbeTest, AnotherOrderIsNoBranch) {
  int runs = 0;
  const Told told = ConvertAndTell(
      [&](const at::Tensor& x) -> c10::IValue {
        at::Tensor a, b;
        if (runs++ % 2 == 0) {
          a = x.sin().add(1);
          b = x.cos().mul(2);
        } else {
          b = x.cos().mul(2);
          a = x.sin().add(1);
        }
        return a + b;
      },
      Positive());
  EXPECT_THAT(told.rows, IsEmpty());
}

TEST(ProbeTest, CanBeSwitchedOff) {
  int runs = 0;
  ConvertOptions options;
  options.probe = false;
  const Told told = ConvertAndTell(
      [&](const at::Tensor& x) -> c10::IValue {
        ++runs;
        return x * x.max().item() + FromNumpy(ToList(x)).view({3, 4});
      },
      Positive(), {}, options);
  EXPECT_EQ(runs, 1);
  EXPECT_THAT(told.rows, ElementsAre("baked-value warning"));
  EXPECT_EQ(told.conversion.report.timing.count("probe"), 0);
}

}  // namespace
}  // namespace flextorchir
