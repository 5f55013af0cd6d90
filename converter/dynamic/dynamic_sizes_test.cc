// Conversions with sizes that vary: the graph must return what the model does
// on sizes that the converter has never seen.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ATen/ATen.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "flextorchir/converter/converter.h"
#include "flextorchir/converter/frontends/callable.h"
#include "flextorchir/evaluator/evaluator.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/text.h"
#include "flextorchir/torch_bridge/tensor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace flextorchir {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using Sizes = std::map<std::string, std::map<int64_t, std::string>>;
using Function = std::function<at::Tensor(const std::vector<at::Tensor>&)>;

std::unique_ptr<Frontend> Model(Function function) {
  return FromCallable("net", [function](const ModelInputs& inputs) {
    std::vector<at::Tensor> tensors;
    for (const c10::IValue& input : inputs.args) {
      tensors.push_back(input.toTensor());
    }
    return c10::IValue(function(tensors));
  });
}

absl::StatusOr<Conversion> TryConvert(
    const Function& function, const std::vector<at::Tensor>& inputs,
    const Sizes& dynamic,
    const std::vector<std::vector<at::Tensor>>& examples = {}) {
  ConvertOptions options;
  options.frames = false;
  options.dynamic = dynamic;
  for (const std::vector<at::Tensor>& example : examples) {
    options.examples.push_back({{example.begin(), example.end()}, {}});
  }
  return Convert(*Model(function), {{inputs.begin(), inputs.end()}, {}},
                 options);
}

std::string Codes(const Conversion& conversion, absl::string_view but = "") {
  std::string codes;
  for (const Report::Warning& row : conversion.report.warnings) {
    if (row.code == but) continue;
    absl::StrAppend(&codes, row.code, ": ", row.message, "\n");
  }
  return codes;
}

// Converts, and runs the graph on the fresh inputs, after a round trip through
// the text form. Returns the text.
std::string Check(const Function& function,
                  const std::vector<at::Tensor>& inputs, const Sizes& dynamic,
                  const std::vector<std::vector<at::Tensor>>& fresh) {
  const auto conversion = TryConvert(function, inputs, dynamic);
  EXPECT_TRUE(conversion.ok()) << conversion.status();
  if (!conversion.ok()) return "";
  // (That a size was found in the data is told, and nothing wrong.)
  EXPECT_EQ(Codes(*conversion, "data-dependent-shape"), "");
  TextOptions options;
  options.weights_data = true;
  const std::string text = ToText(conversion->model, options);
  const auto parsed = ParseText(text);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  if (!parsed.ok()) return text;
  EXPECT_EQ(*parsed, conversion->model);
  const auto evaluator = Evaluator::Create(*parsed);
  EXPECT_TRUE(evaluator.ok()) << evaluator.status();
  if (!evaluator.ok()) return text;
  for (const std::vector<at::Tensor>& tensors : fresh) {
    const auto outputs = (*evaluator)->Run({tensors.begin(), tensors.end()});
    EXPECT_TRUE(outputs.ok()) << outputs.status() << text;
    if (!outputs.ok()) continue;
    EXPECT_TRUE(
        BitIdentical(function(tensors).detach(), (*outputs)[0].toTensor()))
        << tensors[0].sizes() << "\n"
        << text;
  }
  return ToText(conversion->model);
}

TEST(DynamicSizesTest, ConvolutionsAndPoolsFollowTheImage) {
  const at::Tensor w1 = at::randn({8, 3, 7, 7});
  const at::Tensor w2 = at::randn({8, 8, 3, 3});
  const at::Tensor head = at::randn({5, 8});
  const Function net = [&](const std::vector<at::Tensor>& x) {
    at::Tensor y = at::conv2d(x[0], w1, {}, 2, 3).relu();
    y = at::max_pool2d(y, 3, 2, 1);
    y = at::conv2d(y, w2, {}, 2);
    at::Tensor up = at::upsample_nearest2d(y, {y.size(2) * 2, y.size(3) * 2});
    y = at::adaptive_avg_pool2d(at::cat({up, up}, 2), {1, 1});
    return at::linear(y.flatten(1), head);
  };
  const std::string text =
      Check(net, {at::randn({2, 3, 64, 70})},
            {{"0", {{0, "batch"}, {2, "height"}, {3, "width"}}}},
            {{at::randn({1, 3, 64, 70})},
             {at::randn({9, 3, 101, 33})},
             {at::randn({4, 3, 40, 200})}});
  EXPECT_THAT(text,
              AllOf(HasSubstr("symbol batch"), HasSubstr("f32[batch,3,height,"),
                    HasSubstr("f32[batch,8,(height + 1) // 2,"),
                    HasSubstr("f32[batch,8,(height + 3) // 4,"),
                    HasSubstr("f32[batch,8,(height - 1) // 8,"),
                    HasSubstr("f32[batch,5]")));
}

TEST(DynamicSizesTest, AttentionFollowsBatchAndSequence) {
  const at::Tensor in = at::randn({48, 16});
  const at::Tensor out = at::randn({16, 16});
  const Function net = [&](const std::vector<at::Tensor>& x) {
    const int64_t batch = x[0].size(0);
    const int64_t length = x[0].size(1);
    const auto qkv = at::linear(x[0], in).chunk(3, -1);
    const auto heads = [&](const at::Tensor& t) {
      return t.view({batch, length, 4, 4}).transpose(1, 2);
    };
    // A causal mask, and what is padded, by sizes alone and by an input.
    const at::Tensor causal = at::ones({length, length}, at::kBool)
                                  .tril()
                                  .view({1, 1, length, length});
    const at::Tensor mask =
        causal.logical_and(x[1].view({batch, 1, 1, length}));
    const at::Tensor y = at::scaled_dot_product_attention(
        heads(qkv[0]), heads(qkv[1]), heads(qkv[2]), mask);
    return at::linear(y.transpose(1, 2).contiguous().view({batch * length, 16}),
                      out);
  };
  const auto inputs = [](int64_t batch, int64_t length) {
    return std::vector<at::Tensor>{at::randn({batch, length, 16}),
                                   at::ones({batch, length}, at::kBool)};
  };
  const std::string text = Check(net, inputs(2, 6),
                                 {{"0", {{0, "batch"}, {1, "length"}}},
                                  {"1", {{0, "batch"}, {-1, "length"}}}},
                                 {inputs(1, 6), inputs(5, 1), inputs(3, 31)});
  EXPECT_THAT(text,
              AllOf(HasSubstr("dim(length)"), HasSubstr("bool[length,length]"),
                    HasSubstr("f32[batch*length,16]")));
}

TEST(DynamicSizesTest, WhatFollowsNoSizeIsStillFolded) {
  const Function net = [](const std::vector<at::Tensor>& x) {
    const at::Tensor fixed = at::arange(4).to(at::kFloat).mul(2);
    const at::Tensor positions = at::arange(x[0].size(1)).to(at::kFloat);
    return (x[0] + positions.unsqueeze(1)) * fixed;
  };
  const std::string text =
      Check(net, {at::randn({2, 3, 4})}, {{"0", {{0, "n"}, {1, "t"}}}},
            {{at::randn({1, 9, 4})}, {at::randn({6, 1, 4})}});
  EXPECT_THAT(text, AllOf(HasSubstr("Arange"), HasSubstr("dim(t)"),
                          HasSubstr("constant f32[4]")));
}

TEST(DynamicSizesTest, ConstantsThatHoldSizesBecomeLayers) {
  const Function net = [](const std::vector<at::Tensor>& x) {
    // As torch.tensor([h, w]) does it: nobody sees what is written.
    const at::Tensor sizes = at::empty({2}, at::kLong);
    sizes.data_ptr<int64_t>()[0] = x[0].size(0) * 3;
    sizes.data_ptr<int64_t>()[1] = x[0].size(1) + 1;
    const at::Tensor one = at::empty({}, at::kFloat);
    *one.data_ptr<float>() = static_cast<float>(x[0].size(1));
    return x[0] * sizes / one;
  };
  Check(net, {at::randn({3, 2})}, {{"0", {{0, "n"}}}},
        {{at::randn({1, 2})}, {at::randn({20, 2})}});
}

TEST(DynamicSizesTest, SizesThatAreFoundGetSymbolsOfTheirOwn) {
  const Function net = [](const std::vector<at::Tensor>& x) {
    const at::Tensor found = x[0].gt(0).nonzero();
    const int64_t count = found.size(0);
    const at::Tensor numbers = at::arange(count * 2).view({count, 2});
    return at::cat({found, numbers}, 1);
  };
  const std::string text =
      Check(net, {at::randn({8})}, {{"0", {{0, "n"}}}},
            {{at::randn({1})}, {at::randn({50})}, {at::zeros({4})}});
  EXPECT_THAT(text, AllOf(HasSubstr("i64[u0,1]"), HasSubstr("i64[u0,3]"),
                          HasSubstr("dim(u0*2)"), HasSubstr("symbol u0")));
}

TEST(DynamicSizesTest, PaddingToAMultipleIsModulo) {
  const Function net = [](const std::vector<at::Tensor>& x) {
    const int64_t pad = (7 - x[0].size(1) % 7) % 7;
    const at::Tensor y = at::constant_pad_nd(x[0], {0, pad});
    return y.view({x[0].size(0), y.size(1) / 7, 7}).sum(2);
  };
  Check(net, {at::randn({2, 30})}, {{"0", {{0, "n"}, {1, "w"}}}},
        {{at::randn({1, 35})}, {at::randn({3, 1})}, {at::randn({2, 64})}});
}

TEST(DynamicSizesTest, ListsOfSizesChooseTheOperatorThatTakesThem) {
  const Function net = [](const std::vector<at::Tensor>& x) {
    const int64_t n = x[0].size(0);
    const auto parts = x[0].split_with_sizes({n - 2, 2});
    return at::cat({parts[1], parts[0].narrow(0, 0, n - 2)});
  };
  Check(net, {at::randn({6, 2})}, {{"0", {{0, "n"}}}},
        {{at::randn({3, 2})}, {at::randn({11, 2})}});
}

TEST(DynamicSizesTest, StridesFollowToo) {
  const Function net = [](const std::vector<at::Tensor>& x) {
    return x[0].permute({2, 0, 1}).select(0, 1).transpose(0, 1).sigmoid();
  };
  const std::string text =
      Check(net, {at::randn({2, 3, 4})}, {{"0", {{0, "n"}, {1, "t"}}}},
            {{at::randn({7, 5, 4})}, {at::randn({1, 9, 4})}});
  EXPECT_THAT(text,
              AllOf(HasSubstr("f32[4,n,t]{1,4*t,4}"), Not(HasSubstr("u0"))));
}

TEST(DynamicSizesTest, SizesThatTheModelRefusesAreNoted) {
  const Function net = [](const std::vector<at::Tensor>& x) {
    return x[0].view({x[0].size(0) / 8, 8}).sum(1);
  };
  const auto conversion =
      TryConvert(net, {at::randn({16})}, {{"0", {{0, "n"}}}});
  ASSERT_TRUE(conversion.ok()) << conversion.status();
  EXPECT_THAT(Codes(*conversion),
              AllOf(HasSubstr("dynamic-size-refused"), HasSubstr("n = "),
                    HasSubstr("steps of 8 from 16")));
  EXPECT_THAT(ToText(conversion->model), HasSubstr("dim(n // 8)"));

  // Without any other size there is nothing to learn from.
  const Function fixed = [](const std::vector<at::Tensor>& x) {
    return x[0].view({4, 4});
  };
  EXPECT_THAT(
      std::string(TryConvert(fixed, {at::randn({16})}, {{"0", {{0, "n"}}}})
                      .status()
                      .message()),
      AllOf(HasSubstr("\"n\" (size 0 of \"input\")"),
            HasSubstr("runs with 16 only"), HasSubstr("tried 15, "),
            HasSubstr("shape '[4, 4]' is invalid for")));
}

TEST(DynamicSizesTest, ExamplesShowSizesWithoutADeclaration) {
  const Function net = [](const std::vector<at::Tensor>& x) {
    return x[0].view({-1, x[0].size(1) * 2}).relu();
  };
  const auto conversion =
      TryConvert(net, {at::randn({2, 3, 2})}, {},
                 {{at::randn({4, 3, 2})}, {at::randn({5, 3, 2})}});
  ASSERT_TRUE(conversion.ok()) << conversion.status();
  EXPECT_THAT(Codes(*conversion), HasSubstr("symbol input_0"));
  EXPECT_THAT(ToText(conversion->model), HasSubstr("f32[input_0,6]"));
}

TEST(DynamicSizesTest, WhatNothingExplainsIsToldAndStays) {
  const Function net = [](const std::vector<at::Tensor>& x) {
    const int64_t n = x[0].size(0);
    return x[0] * (n * n * n % 11);
  };
  const auto conversion =
      TryConvert(net, {at::randn({3})}, {{"0", {{0, "n"}}}});
  ASSERT_TRUE(conversion.ok()) << conversion.status();
  EXPECT_THAT(Codes(*conversion), HasSubstr("dynamic-mismatch"));
}

TEST(DynamicSizesTest, BadDeclarationsAreErrors) {
  const Function net = [](const std::vector<at::Tensor>& x) {
    return x[0] + x[1];
  };
  const std::vector<at::Tensor> inputs = {at::randn({2, 3}), at::randn({3})};
  const struct {
    Sizes dynamic;
    absl::StatusCode code;
    std::string message;
  } kCases[] = {
      {{{"y", {{0, "n"}}}},
       absl::StatusCode::kNotFound,
       "no input \"y\"; there is \"input_0\", \"input_1\""},
      {{{"0", {{2, "n"}}}},
       absl::StatusCode::kInvalidArgument,
       "\"0\" has 2 dimensions; there is no size 2 (\"n\")"},
      {{{"0", {{-3, "n"}}}},
       absl::StatusCode::kInvalidArgument,
       "there is no size -3"},
      {{{"0", {{0, "2n"}}}},
       absl::StatusCode::kInvalidArgument,
       "\"2n\" cannot stand for a size"},
      {{{"0", {{0, "min"}}}},
       absl::StatusCode::kInvalidArgument,
       "\"min\" cannot stand for a size"},
      {{{"0", {{0, "n"}, {1, "n"}}}},
       absl::StatusCode::kInvalidArgument,
       "\"n\" stands for size 0 of \"input_0\", which is 2, and for size 1"},
      {{{"0", {{0, "n"}, {-2, "m"}}}},
       absl::StatusCode::kInvalidArgument,
       "is both \"m\" and \"n\""},
      // The two must be equal, which two names do not say.
      {{{"0", {{1, "n"}}}},
       absl::StatusCode::kInvalidArgument,
       "the model runs with 3 only"},
  };
  for (const auto& row : kCases) {
    const auto conversion = TryConvert(net, inputs, row.dynamic);
    EXPECT_EQ(conversion.status().code(), row.code) << row.message;
    EXPECT_THAT(std::string(conversion.status().message()),
                HasSubstr(row.message));
  }
  const auto other = TryConvert(
      net, inputs, {}, {{at::randn({2, 3}), at::ones({3}, at::kLong)}});
  EXPECT_THAT(std::string(other.status().message()),
              AllOf(HasSubstr("example 1"), HasSubstr("Long")));
}

}  // namespace
}  // namespace flextorchir
