#include "flextorchir/evaluator/evaluator.h"

#include <cstdint>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "ATen/ATen.h"
#include "ATen/record_function.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/text.h"
#include "flextorchir/ir/verify.h"
#include "flextorchir/torch_bridge/tensor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "torch/library.h"

namespace flextorchir {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using Values = std::vector<c10::IValue>;

// The model of `text`, a graph and what stands before it, with the content of
// its weights.
Model Parse(absl::string_view text,
            const std::map<std::string, at::Tensor>& weights = {}) {
  auto model = ParseText(absl::StrCat("flextorchir 1 layer_set 1\n", text));
  EXPECT_TRUE(model.ok()) << model.status();
  if (!model.ok()) return Model();
  for (Weights& w : model->weights) {
    const auto found = weights.find(w.name);
    if (found == weights.end()) continue;
    w = *ToWeights(w.name, w.role, found->second);
  }
  const absl::Status status = Verify(*model);
  EXPECT_TRUE(status.ok()) << status;
  return *std::move(model);
}

absl::StatusOr<Values> RunModel(const Model& model, const Values& inputs,
                                EvaluatorOptions options = {}) {
  auto evaluator = Evaluator::Create(model, std::move(options));
  if (!evaluator.ok()) return evaluator.status();
  return (*evaluator)->Run(inputs);
}

// The only output.
at::Tensor RunOne(const Model& model, const Values& inputs,
                  EvaluatorOptions options = {}) {
  auto outputs = RunModel(model, inputs, std::move(options));
  EXPECT_TRUE(outputs.ok()) << outputs.status();
  if (!outputs.ok()) return at::Tensor();
  EXPECT_EQ(outputs->size(), 1);
  return outputs->at(0).toTensor();
}

std::string ErrorOf(const absl::Status& status, absl::StatusCode code) {
  EXPECT_EQ(status.code(), code) << status;
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("frame #")));
  return std::string(status.message());
}

#define EXPECT_SAME(a, b) EXPECT_TRUE(BitIdentical(a, b)) << (a) << (b)

// Custom operators, as a library of the user's registers them.
at::Tensor ThrowsAnInt(const at::Tensor&) { throw 7; }
at::Tensor KeepPositive(const at::Tensor& x) { return x.masked_select(x > 0); }
TORCH_LIBRARY(flextorchir_evaluator_test, library) {
  library.def("throws_an_int(Tensor x) -> Tensor", &ThrowsAnInt);
  library.def("keep_positive(Tensor x) -> Tensor", &KeepPositive);
}

TEST(EvaluatorTest, OperatorLayersRunUnderTheSchemasNames) {
  const at::Tensor x = at::randn({2, 3, 8, 8});
  const at::Tensor w = at::randn({4, 3, 3, 3});
  const Model model = Parse(R"(
    weights "w" parameter f32[4,3,3,3]
    graph "main" (%x: f32[2,3,8,8]) {
      %w = weights "w"
      %y: f32[2,4,4,4] = aten::conv2d "conv" target "aten::conv2d" (input=%x, weight=%w, bias=none) {stride=[2, 2], padding=[1, 1], dilation=[1, 1], groups=1}
      %z: f16[2,4,4,4] = Placeholder "cast" target "aten::to.dtype" (self=%y) {dtype=f16, non_blocking=false, copy=false, memory_format=none}
      return %z
    })",
                            {{"w", w}});
  EXPECT_SAME(RunOne(model, {x}), at::conv2d(x, w, {}, 2, 1).to(at::kHalf));
}

TEST(EvaluatorTest, StandardKindsRunByTheirOperators) {
  const at::Tensor x = at::randn({2, 5});
  const at::Tensor w = at::randn({3, 5});
  const Model model = Parse(R"(
    weights "w" parameter f32[3,5]
    graph "main" (%x: f32[2,5]) {
      %w = weights "w"
      %y: f32[2,3] = Linear "fc" (input=%x, weight=%w, bias=none)
      %z: f32[2,3] = ReLU "relu" (input=%y)
      return %z
    })",
                            {{"w", w}});
  EXPECT_SAME(RunOne(model, {x}), at::relu(at::linear(x, w)));
}

TEST(EvaluatorTest, ListsAndAbsentElementsArePassedOn) {
  const at::Tensor x = at::randn({4, 5});
  const at::Tensor i = at::tensor({1, 3, 0}, at::kLong);
  const Model model = Parse(R"(
    graph "main" (%x: f32[4,5], %i: i64[3]) {
      %a: f32[4,3] = aten::index.Tensor "index" target "aten::index.Tensor" (self=%x, indices=[none, %i])
      %b: f32[4,8] = aten::cat "cat" target "aten::cat" (tensors=[%x, %a]) {dim=1}
      parts=[%p: f32[4,4], %q: f32[4,4]] = aten::chunk "chunk" target "aten::chunk" (self=%b) {chunks=2, dim=1}
      return %p, %q
    })");
  auto outputs = RunModel(model, {x, i});
  ASSERT_TRUE(outputs.ok()) << outputs.status();
  const auto want = at::cat({x, x.index({at::indexing::Slice(), i})}, 1);
  EXPECT_SAME((*outputs)[0].toTensor(), want.slice(1, 0, 4));
  EXPECT_SAME((*outputs)[1].toTensor(), want.slice(1, 4, 8));
}

TEST(EvaluatorTest, ArgumentsMayBePartlyComputed) {
  const at::Tensor x = at::randn({2, 6});
  const Model model = Parse(R"(
    graph "main" (%x: f32[2,6], %n: int, %scale: float) {
      %y: f32[3,4] = aten::view "view" target "aten::view" (self=%x, size=[%n, none]) {size=[none, 4]}
      %z: f32[3,4] = aten::mul.Scalar "mul" target "aten::mul.Scalar" (self=%y, other=%scale)
      return %z
    })");
  EXPECT_SAME(RunOne(model, {x, 3, 0.5}), at::mul(x.view({3, 4}), 0.5));
}

TEST(EvaluatorTest, SymbolsComeFromTheInputs) {
  const Model model = Parse(R"(
    symbol batch min 1 max 8
    symbol n
    graph "main" (%x: f32[batch,n], %twice: f32[batch * 2,n]) {
      %y: f32[n,batch]{1,n} = aten::t "t" target "aten::t" (self=%x)
      %z: f32[batch * n] = aten::reshape "flat" target "aten::reshape" (self=%y) {shape=[dim(batch * n)]}
      %e: f32[3,batch * n] = aten::expand "expand" target "aten::expand" (self=%z) {size=[3, dim(batch * n)], implicit=false}
      return %e
    })");
  for (int64_t batch : {2, 5}) {
    const at::Tensor x = at::randn({batch, 3});
    EXPECT_SAME(RunOne(model, {x, at::randn({2 * batch, 3})}),
                x.t().reshape({-1}).expand({3, batch * 3}));
  }
  const auto error = [&](at::Tensor x, at::Tensor y) {
    return ErrorOf(RunModel(model, {x, y}).status(),
                   absl::StatusCode::kInvalidArgument);
  };
  EXPECT_THAT(error(at::ones({2, 3}), at::ones({5, 3})),
              AllOf(HasSubstr("input 1 (twice, [1])"), HasSubstr("f32[5,3]"),
                    HasSubstr("batch = 2")));
  EXPECT_THAT(error(at::ones({2, 3}), at::ones({4, 4})),
              HasSubstr("n is 3 elsewhere"));
  EXPECT_THAT(error(at::ones({9, 3}), at::ones({18, 3})),
              HasSubstr("batch goes from 1 to 8"));

  // A number may have been that of one run only; an expression says what the
  // size is in every run.
  const auto text = [](absl::string_view size) {
    return absl::StrCat(R"(
      symbol n
      graph "main" (%x: f32[n]) {
        %y: f32[)",
                        size,
                        R"(] = aten::relu "y" target "aten::relu" (self=%x)
        return %y
      })");
  };
  const at::Tensor x = at::ones({3});
  EXPECT_SAME(RunOne(Parse(text("5")), {x}), x);
  EXPECT_THAT(ErrorOf(RunModel(Parse(text("n + 1")), {x}).status(),
                      absl::StatusCode::kInternal),
              AllOf(HasSubstr("is f32[3], not f32[n + 1] with n = 3"),
                    HasSubstr("\"y\"")));
}

TEST(EvaluatorTest, WritingOperatorsWriteCopies) {
  const at::Tensor x = at::randn({3, 4});
  const at::Tensor w = at::randn({4});
  const at::Tensor kept_x = x.clone();
  const at::Tensor kept_w = w.clone();
  // Results first, then what was written, by the argument's name. A result that
  // is what was written is not listed twice.
  const Model model = Parse(R"(
    weights "w" buffer f32[4]
    graph "main" (%x: f32[3,4]) {
      %w = weights "w"
      self=%a: f32[3,4] = Placeholder "add" target "aten::add_.Tensor" (self=%x, other=%x) {alpha=2}
      self=%b: f32[4] = aten::fill_.Scalar "fill" target "aten::fill_.Scalar" (self=%w) {value=1.5}
      self=[%c: f32[3,4], %d: f32[4]] = Placeholder "lists" target "aten::_foreach_add_.Scalar" (self=[%x, %w]) {scalar=1}
      %i: i64[3,4] = Placeholder "argsort" target "aten::argsort" (self=%x) {dim=1, descending=true}
      values=%v: f32[3,4], indices=%j: i64[3,4] = Placeholder "sort" target "aten::sort.values" (self=%x, values=%a, indices=%i) {dim=1, descending=false}
      return %a, %b, %c, %d, %v, %j, %i
    })",
                            {{"w", w}});
  const auto outputs = RunModel(model, {x});
  ASSERT_TRUE(outputs.ok()) << outputs.status();
  const auto [values, indices] = at::sort(x, 1);
  const at::Tensor want[] = {
      x + x * 2, at::full({4}, 1.5),     x + 1, w + 1, values,
      indices,   at::argsort(x, 1, true)};
  for (size_t i = 0; i < outputs->size(); ++i) {
    EXPECT_SAME((*outputs)[i].toTensor(), want[i]);
  }
  EXPECT_SAME(x, kept_x);
  EXPECT_SAME(w, kept_w);
}

TEST(EvaluatorTest, SilentWritesGoToCopiesToo) {
  const at::Tensor x = at::randn({4, 3, 2, 2});
  const at::Tensor mean = at::zeros({3});
  const at::Tensor var = at::ones({3});
  // Once as an operator, once as a kind; both list what was written.
  const Model model = Parse(R"(
    weights "mean" buffer f32[3]
    weights "var" buffer f32[3]
    graph "main" (%x: f32[4,3,2,2]) {
      %mean = weights "mean"
      %var = weights "var"
      %a: f32[4,3,2,2], running_mean=%m: f32[3], running_var=%v: f32[3] = aten::batch_norm "raw" target "aten::batch_norm" (input=%x, weight=none, bias=none, running_mean=%mean, running_var=%var) {training=true, momentum=0.1, eps=1e-05, cudnn_enabled=false}
      %b: f32[4,3,2,2], running_mean=%m2: f32[3], running_var=%v2: f32[3] = BatchNorm2d "kind" (input=%a, weight=none, bias=none, running_mean=%m, running_var=%v) {training=true}
      %c: f32[4,3,2,2] = BatchNorm2d "eval" (input=%x, weight=none, bias=none, running_mean=%mean, running_var=%var)
      return %b, %m2, %v2, %c
    })",
                            {{"mean", mean}, {"var", var}});
  const auto outputs = RunModel(model, {x});
  ASSERT_TRUE(outputs.ok()) << outputs.status();
  EXPECT_SAME(mean, at::zeros({3}));
  EXPECT_SAME(var, at::ones({3}));
  const at::Tensor c =
      at::batch_norm(x, {}, {}, mean, var, false, 0.1, 1e-5, false);
  EXPECT_SAME((*outputs)[3].toTensor(), c);
  at::Tensor b = x;
  for (int i = 0; i < 2; ++i) {
    b = at::batch_norm(b, {}, {}, mean, var, true, 0.1, 1e-5, false);
  }
  EXPECT_SAME((*outputs)[0].toTensor(), b);
  EXPECT_SAME((*outputs)[1].toTensor(), mean);
  EXPECT_SAME((*outputs)[2].toTensor(), var);
}

TEST(EvaluatorTest, BodiesRunRecursively) {
  const at::Tensor x = at::randn({2, 3});
  const at::Tensor w = at::randn({3, 3});
  const Model model = Parse(R"(
    weights "w" parameter f32[3,3]
    graph "main" (%x: f32[2,3]) {
      %w = weights "w"
      %y: f32[2,3] = mylib.Block "block" (input=%x, weight=%w, extra=none) with body=@"block"
      return %y
    }
    graph "block" (%in: f32[2,3], %w: f32[3,3]) {
      %a: f32[2,3] = Linear "fc" (input=%in, weight=%w, bias=none)
      %b: f32[2,3] = mylib.Act "act" (x=%a) with body=@"act"
      %c: f32[2,3] = aten::add.Tensor "skip" target "aten::add.Tensor" (self=%b, other=%in) {alpha=1}
      return %c
    }
    graph "act" (%x: f32[2,3]) {
      %y: f32[2,3] = aten::tanh "tanh" target "aten::tanh" (self=%x)
      return %y
    })",
                            {{"w", w}});
  std::vector<std::string> seen;
  EvaluatorOptions options;
  options.observer = [&](const Graph&, const Layer& layer, const Values&) {
    seen.push_back(layer.name);
    return absl::OkStatus();
  };
  EXPECT_SAME(RunOne(model, {x}, options), at::linear(x, w).tanh() + x);
  EXPECT_THAT(seen, ElementsAre("block"));
  seen.clear();
  options.in_bodies = true;
  RunOne(model, {x}, options);
  EXPECT_THAT(seen, ElementsAre("fc", "tanh", "act", "skip", "block"));
  options.observer = [&](const Graph&, const Layer& layer, const Values&) {
    return layer.name == "act" ? absl::CancelledError("enough")
                               : absl::OkStatus();
  };
  EXPECT_EQ(RunModel(model, {x}, options).status(),
            absl::CancelledError("enough"));
}

TEST(EvaluatorTest, KindsOfTheUsersRunByTheirExecutors) {
  ExecutorRegistry executors = ExecutorRegistry::Standard();
  const Executor swish =
      [](const LayerArguments& layer) -> absl::StatusOr<Values> {
    auto input = layer.Get("input");
    auto beta = layer.Get("beta");
    auto none = layer.Get("no_such");
    if (!input.ok() || !beta.ok() || !none.ok() || !none->isNone()) {
      return absl::InvalidArgumentError("arguments");
    }
    const at::Tensor x = input->toTensor();
    return Values{x * at::sigmoid(x * beta->toDouble())};
  };
  ASSERT_TRUE(executors.Add("acme.Swish", swish).ok());
  EXPECT_EQ(executors.Add("acme.Swish", swish).code(),
            absl::StatusCode::kAlreadyExists);
  const at::Tensor x = at::randn({2, 3});
  // It goes before the body and the operator.
  const Model model = Parse(R"(
    graph "main" (%x: f32[2,3]) {
      %y: f32[2,3] = acme.Swish "act" target "aten::relu" (input=%x) {beta=2.0} with body=@"b"
      return %y
    }
    graph "b" (%x: f32[2,3]) {
      return %x
    })");
  EvaluatorOptions options;
  options.executors = &executors;
  EXPECT_SAME(RunOne(model, {x}, options), x * at::sigmoid(x * 2.0));
  EXPECT_SAME(RunOne(model, {x}), x);  // the body

  // What executors may do wrong.
  const auto error_with = [&](Executor executor) {
    ExecutorRegistry bad;
    EXPECT_TRUE(bad.Add("acme.Swish", std::move(executor)).ok());
    options.executors = &bad;
    return ErrorOf(RunModel(model, {x}, options).status(),
                   absl::StatusCode::kInternal);
  };
  EXPECT_THAT(error_with([](const LayerArguments&) { return Values{}; }),
              HasSubstr("layer \"act\" (acme.Swish): gave 0 results"));
  EXPECT_THAT(error_with([&](const LayerArguments&) { return Values{x, x}; }),
              HasSubstr("gave 2 results for 1 outputs"));
  EXPECT_THAT(error_with([](const LayerArguments&) { return Values{1}; }),
              HasSubstr("result `output` is Int, not f32[2,3]"));
  EXPECT_THAT(error_with([&](const LayerArguments&) {
                return Values{x.to(at::kDouble)};
              }),
              HasSubstr("f64[2,3], not f32[2,3]"));
  EXPECT_THAT(error_with([](const LayerArguments&) -> absl::StatusOr<Values> {
                return absl::DataLossError("no table");
              }),
              HasSubstr("no table"));
  EXPECT_THAT(error_with([](const LayerArguments&) -> absl::StatusOr<Values> {
                throw std::runtime_error("gave up");
              }),
              HasSubstr("gave up"));
}

TEST(EvaluatorTest, ExecutorsSeeListsDefaultsAndSizes) {
  ExecutorRegistry executors;
  std::vector<std::string> seen;
  const auto note = [&](const LayerArguments& layer) -> absl::StatusOr<Values> {
    for (const char* name :
         {"t", "o", "n", "d", "f", "empty", "output_size", "stride"}) {
      auto value = layer.Get(name);
      if (!value.ok()) return value.status();
      if (!value->isNone()) {
        seen.push_back(absl::StrCat(name, " ", value->type()->str()));
      }
    }
    seen.push_back(absl::StrCat("n0 ", layer.Get("n")->toIntVector()[0]));
    return Values{layer.Get("t")->toTensorVector()[0]};
  };
  ASSERT_TRUE(executors.Add("acme.Seen", note).ok());
  const Model model = Parse(R"(
    symbol n
    graph "main" (%x: f32[n], %k: int) {
      %y: f32[n] = acme.Seen "seen" (t=[%x, %x], o=[%x, none], n=[none, %k], empty=[]) {n=[dim(n + 1), none], d=f16, f=[0.5]}
      return %y
    })");
  EvaluatorOptions options;
  options.executors = &executors;
  RunOne(model, {at::ones({3}), 7}, options);
  EXPECT_THAT(seen, ElementsAre("t Tensor[]", "o Tensor?[]", "n int[]", "d int",
                                "f float[]", "empty Tensor[]", "n0 4"));
  // What a layer of a standard kind leaves out has the kind's default.
  const Executor scale =
      [](const LayerArguments& layer) -> absl::StatusOr<Values> {
    return Values{layer.Get("input")->toTensor() *
                  layer.Get("negative_slope")->toDouble()};
  };
  ASSERT_TRUE(executors.Add("LeakyReLU", scale).ok());
  const Model leaky = Parse(R"(
    graph "main" (%x: f32[2]) {
      %y: f32[2] = LeakyReLU "relu" (input=%x)
      return %y
    })");
  EXPECT_SAME(RunOne(leaky, {at::ones({2})}, options), at::full({2}, 0.01));
}

TEST(EvaluatorTest, SaysAllThatItCannotRun) {
  const Model model = Parse(R"(
    graph "main" (%x: f32[2]) {
      %a: f32[2] = acme.Gate "a" (input=%x)
          from "acme::gate" in "gate" ("acme.Gate", 0) at "net.py":12 "forward"
      %b: f32[2] = acme.Gate "b" (input=%a)
      %c: i64[0] = Placeholder "nms" target "torchvision::nms" (dets=%b, scores=%b) {iou_threshold=0.5}
      %d: f32[2] = acme::op "d" target "acme::op" (x=%b)
      %e: f32[2] = aten::no_such_op "e" target "aten::no_such_op" (x=%b)
      %f: f32[2] = aten::relu "f" target "aten::relu" (input=%b)
      %g: f32[2] = acme.Cond "g" (x=%f) with else=@"else", then=@"then"
      %h: f32[2] = acme.Outer "h" (x=%f) with body=@"body"
      return %h
    }
    graph "else" (%x: f32[2]) {
      return %x
    }
    graph "then" (%x: f32[2]) {
      return %x
    }
    graph "body" (%x: f32[2]) {
      %y: f32[2] = acme.Inner "inner" (x=%x)
      return %y
    })");
  const std::string message = ErrorOf(Evaluator::Create(model).status(),
                                      absl::StatusCode::kUnimplemented);
  EXPECT_THAT(
      message,
      AllOf(HasSubstr("acme.Gate, 2 layers, the first: layer \"a\" (acme.Gate) "
                      "in module \"gate\" at net.py:12"),
            HasSubstr("add an executor"), HasSubstr("import torchvision"),
            HasSubstr("load_library"),
            HasSubstr("this version of LibTorch has no operator "
                      "aten::no_such_op"),
            HasSubstr("it takes no `input`"), HasSubstr("acme.Cond, 1 layer"),
            HasSubstr("layer \"inner\" (acme.Inner)")));
  EXPECT_THAT(message, Not(HasSubstr("Outer")));
}

TEST(EvaluatorTest, WrongInputsAreRefused) {
  const Model model = Parse(R"(
    graph "main" (%x: f32[2,3], %n: int, %f: float) {
      return %x, %n, %f
    })");
  const at::Tensor x = at::ones({2, 3});
  // An integer will do for a float.
  const auto outputs = RunModel(model, {x, 1, 2});
  ASSERT_TRUE(outputs.ok()) << outputs.status();
  EXPECT_EQ((*outputs)[2].toDouble(), 2.0);
  const auto error = [&](const Values& inputs) {
    return ErrorOf(RunModel(model, inputs).status(),
                   absl::StatusCode::kInvalidArgument);
  };
  EXPECT_THAT(error({x, 1}), HasSubstr("takes 3 inputs, not 2"));
  EXPECT_THAT(error({x.to(at::kDouble), 1, 2.0}),
              HasSubstr("input 0 (x, [0]): is f64[2,3], not f32[2,3]"));
  EXPECT_THAT(error({at::ones({2, 4}), 1, 2.0}),
              HasSubstr("is f32[2,4], not f32[2,3]"));
  EXPECT_THAT(error({at::ones({6}), 1, 2.0}), HasSubstr("f32[6]"));
  EXPECT_THAT(error({c10::IValue(), 1, 2.0}), HasSubstr("None"));
  EXPECT_THAT(error({at::Tensor(), 1, 2.0}), HasSubstr("undefined"));
  EXPECT_THAT(error({x, 1.5, 2.0}), HasSubstr("input 1 (n, [1]): is Double"));
  EXPECT_THAT(error({x, "1", 2.0}), HasSubstr("String"));
}

TEST(EvaluatorTest, FailuresNameTheLayer) {
  const Model model = Parse(R"(
    graph "main" (%x: f32[2,3]) {
      %y: f32[2,3] = Placeholder "mm" target "aten::mm" (self=%x, mat2=%x)
          from "aten::mm" in "head.0" ("torch.nn.Linear", 0) at "net.py":7 "forward"
      return %y
    })");
  EXPECT_THAT(
      ErrorOf(RunModel(model, {at::ones({2, 3})}).status(),
              absl::StatusCode::kInternal),
      AllOf(HasSubstr("layer \"mm\" (Placeholder of aten::mm) in module "
                      "\"head.0\" at net.py:7: aten::mm: "),
            HasSubstr("cannot be multiplied")));
  const Model throws = Parse(R"(
    graph "main" (%x: f32[2]) {
      %y: f32[2] = flextorchir_evaluator_test::throws_an_int "t" target "flextorchir_evaluator_test::throws_an_int" (x=%x)
      return %y
    })");
  EXPECT_THAT(ErrorOf(RunModel(throws, {at::ones({2})}).status(),
                      absl::StatusCode::kInternal),
              HasSubstr("layer \"t\""));
}

TEST(EvaluatorTest, SizesAreThoseRecordedUnlessTheyDependOnData) {
  const auto error = [&](absl::string_view text, const Values& inputs) {
    return ErrorOf(RunModel(Parse(text), inputs).status(),
                   absl::StatusCode::kInternal);
  };
  const at::Tensor x = at::tensor({1.f, -2.f, 3.f});
  EXPECT_THAT(error(R"(
    graph "main" (%x: f32[3]) {
      %y: f32[4] = aten::relu "r" target "aten::relu" (self=%x)
      return %y
    })",
                    {x}),
              HasSubstr("result `output` is f32[3], not f32[4]"));
  // The number of what is not zero is recorded, but may be another one; so may
  // the sizes of what follows.
  for (const char* op :
       {"aten::masked_select", "flextorchir_evaluator_test::keep_positive"}) {
    const bool select = absl::string_view(op) == "aten::masked_select";
    const Model model =
        Parse(absl::StrCat(R"(
      graph "main" (%x: f32[3], %m: bool[3]) {
        %y: f32[1] = )",
                           op, " \"y\" target \"", op, "\" ",
                           select ? "(self=%x, mask=%m)" : "(x=%x)", R"(
        %z: f32[1] = aten::relu "r" target "aten::relu" (self=%y)
        return %z
      })"));
    EXPECT_SAME(RunOne(model, {x, x > 0}), at::tensor({1.f, 3.f}));
  }
  // A number that was computed may be a size; a symbol can be bound by a
  // result.
  const Model slices = Parse(R"(
    symbol u0
    graph "main" (%x: f32[3], %n: i64[]) {
      %k: int = aten::item "item" target "aten::item" (self=%n)
      %y: f32[1] = aten::slice.Tensor "slice" target "aten::slice.Tensor" (self=%x, end=%k) {dim=0, start=0, step=1}
      %i: i64[u0,1] = aten::nonzero "nonzero" target "aten::nonzero" (self=%x)
      %z: f32[u0] = aten::zeros "zeros" target "aten::zeros" () {size=[dim(u0)], dtype=f32, layout=none, device=none, pin_memory=none}
      return %y, %z
    })");
  const auto outputs = RunModel(
      slices, {at::tensor({1.f, 0.f, 2.f}), at::scalar_tensor(2, at::kLong)});
  ASSERT_TRUE(outputs.ok()) << outputs.status();
  EXPECT_SAME((*outputs)[0].toTensor(), at::tensor({1.f, 0.f}));
  EXPECT_SAME((*outputs)[1].toTensor(), at::zeros({2}));
}

TEST(EvaluatorTest, TensorsHaveTheStridesThatWereRecorded) {
  const at::Tensor x = at::randn({2, 8, 16, 16});
  const at::Tensor image = x.contiguous(at::MemoryFormat::ChannelsLast);
  const at::Tensor w =
      at::randn({16, 8, 3, 3}).contiguous(at::MemoryFormat::ChannelsLast);
  const at::Tensor v = at::randn({5, 16}).t();
  const Model model = Parse(R"(
    weights "w" parameter f32[16,8,3,3]
    weights "v" parameter f32[16,5]
    graph "main" (%x: f32[2,8,16,16]{2048,1,128,8}) {
      %w: f32[16,8,3,3]{72,1,24,8} = weights "w"
      %v: f32[16,5]{1,16} = weights "v"
      %y: f32[2,16,14,14]{3136,1,224,16} = Conv2d "conv" (input=%x, weight=%w, bias=none)
      %p: f32[2,16] = aten::mean.dim "mean" target "aten::mean.dim" (self=%y) {dim=[2, 3], keepdim=false, dtype=none}
      %z: f32[2,5] = aten::mm "mm" target "aten::mm" (self=%p, mat2=%v)
      return %y, %z
    })",
                            {{"w", w}, {"v", v}});
  // Row-major inputs are laid out as the captured ones were.
  for (const at::Tensor& input : {x, image}) {
    const auto outputs = RunModel(model, {input});
    ASSERT_TRUE(outputs.ok()) << outputs.status();
    const at::Tensor y = at::conv2d(image, w);
    EXPECT_SAME((*outputs)[0].toTensor(), y);
    EXPECT_EQ((*outputs)[0].toTensor().strides(), y.strides());
    EXPECT_SAME((*outputs)[1].toTensor(), at::mm(y.mean({2, 3}), v));
  }
  // Results too, unless asked not to.
  const Model turned = Parse(R"(
    graph "main" (%x: f32[2,3]) {
      %y: f32[2,3]{1,2} = aten::relu "r" target "aten::relu" (self=%x)
      %e: f32[4,2,3]{0,1,2} = aten::expand "e" target "aten::expand" (self=%y) {size=[4, 2, 3], implicit=false}
      return %e
    })");
  const at::Tensor small = at::randn({2, 3});
  EXPECT_THAT(RunOne(turned, {small}).strides().vec(), ElementsAre(0, 1, 2));
  EvaluatorOptions options;
  options.restore_strides = false;
  EXPECT_THAT(RunOne(turned, {small}, options).strides().vec(),
              ElementsAre(0, 3, 1));
}

TEST(EvaluatorTest, ValuesAreFreedAfterTheirLastUse) {
  const Model model = Parse(R"(
    graph "main" (%x: f32[2]) {
      %a: f32[2] = aten::relu "a" target "aten::relu" (self=%x)
      %b: f32[2] = aten::neg "b" target "aten::neg" (self=%a)
      %c: f32[2] = aten::neg "c" target "aten::neg" (self=%b)
      %unused: f32[2] = aten::abs "unused" target "aten::abs" (self=%c)
      %d: f32[2] = aten::neg "d" target "aten::neg" (self=%c)
      return %d, %c
    })");
  std::map<std::string, c10::weak_intrusive_ptr<c10::TensorImpl>> alive;
  std::vector<std::string> trace;
  EvaluatorOptions options;
  options.observer = [&](const Graph&, const Layer& layer,
                         const Values& results) {
    std::string now;
    for (const auto& [name, tensor] : alive) {
      if (!tensor.expired()) now += name;
    }
    trace.push_back(now);
    alive.emplace(layer.name.substr(0, 1),
                  results[0].toTensor().getIntrusivePtr());
    return absl::OkStatus();
  };
  ASSERT_TRUE(RunModel(model, {at::ones({2})}, options).ok());
  // As each layer has run: what of the earlier ones is still there.
  EXPECT_THAT(trace, ElementsAre("", "a", "b", "c", "c"));
}

TEST(EvaluatorTest, DrawsFromTheCallersRandomState) {
  const Model model = Parse(R"(
    graph "main" (%x: f32[2,3]) {
      %y: f32[2,3] = Placeholder "rand" target "aten::rand_like" (self=%x) {dtype=none, layout=none, device=none, pin_memory=none, memory_format=none}
      %z: f32[2,3] = aten::dropout "dropout" target "aten::dropout" (input=%y) {p=0.5, train=true}
      return %z
    })");
  const at::Tensor x = at::ones({2, 3});
  at::manual_seed(7);
  const at::Tensor want = at::dropout(at::rand_like(x), 0.5, true);
  at::manual_seed(7);
  EXPECT_SAME(RunOne(model, {x}), want);
}

TEST(EvaluatorTest, LeavesTheThreadAsItWas) {
  const Model model = Parse(R"(
    graph "main" (%x: f32[2,3]) {
      %y: f32[2,2] = aten::mm "mm" target "aten::mm" (self=%x, mat2=%x)
      return %y
    })");
  const Model good = Parse(R"(
    graph "main" (%x: f32[2,3]) {
      %y: f32[2,3] = aten::exp "exp" target "aten::exp" (self=%x)
      return %y
    })");
  static thread_local std::vector<std::string>* recorded;
  std::vector<std::string> names;
  recorded = &names;
  const auto handle = at::addThreadLocalCallback(
      at::RecordFunctionCallback([](const at::RecordFunction& fn) {
        recorded->emplace_back(fn.name());
        return std::unique_ptr<at::ObserverContext>();
      }).scopes({at::RecordScope::FUNCTION}));
  at::Tensor x = at::ones({2, 3});
  x.requires_grad_(true);
  names.clear();
  EXPECT_FALSE(RunModel(model, {x}).ok());
  EXPECT_FALSE(c10::InferenceMode::is_enabled());
  EXPECT_TRUE(c10::GradMode::is_enabled());
  const at::Tensor inferred = RunOne(good, {x});
  EXPECT_TRUE(inferred.is_inference());
  // What records sees the operators, and nothing else.
  EXPECT_THAT(names, ElementsAre("aten::mm", "aten::exp"));
  EvaluatorOptions options;
  options.inference_mode = false;
  const at::Tensor y = RunOne(good, {x}, options);
  EXPECT_TRUE(y.requires_grad());
  at::removeCallback(handle);
}

TEST(EvaluatorTest, AutocastIsNotAppliedAgain) {
  const Model model = Parse(R"(
    graph "main" (%x: f32[2,3]) {
      %y: f32[2,2] = Linear "fc" (input=%x, weight=%x, bias=none)
      return %y
    })");
  c10::impl::IncludeDispatchKeyGuard autocast(c10::DispatchKey::AutocastCPU);
  EXPECT_EQ(RunOne(model, {at::ones({2, 3})}).scalar_type(), at::kFloat);
}

TEST(EvaluatorTest, WeightsWithoutDataAreRefused) {
  const Model model = Parse(R"(
    weights "fc.weight" parameter f32[4]
    graph "main" () {
      %w = weights "fc.weight"
      return %w
    })");
  EXPECT_THAT(ErrorOf(Evaluator::Create(model).status(),
                      absl::StatusCode::kInvalidArgument),
              HasSubstr("\"fc.weight\""));
}

TEST(EvaluatorTest, NumbersAndTensorsAreConvertedAsTorchDoes) {
  const Model model = Parse(R"(
    graph "main" (%x: f32[2], %t: f64[], %n: int) {
      %a: f32[2] = aten::mul.Tensor "a" target "aten::mul.Tensor" (self=%x, other=%n)
      %b: f32[2] = aten::mul.Scalar "b" target "aten::mul.Scalar" (self=%a, other=%t)
      %c: f32[2] = aten::leaky_relu "c" target "aten::leaky_relu" (self=%b, negative_slope=%n)
      %d: f32[2] = aten::add.Tensor "d" target "aten::add.Tensor" (self=%c) {other=2.5, alpha=1}
      return %d
    })");
  const at::Tensor x = at::randn({2});
  EXPECT_SAME(RunOne(model, {x, at::scalar_tensor(0.3, at::kDouble), 3}),
              at::leaky_relu((x * 3) * 0.3, 3) + 2.5);
  const Model wrong = Parse(R"(
    graph "main" (%x: f32[2]) {
      %a: f32[2] = aten::mul.Scalar "a" target "aten::mul.Scalar" (self=%x, other=%x)
      return %a
    })");
  EXPECT_THAT(std::string(RunModel(wrong, {x}).status().message()),
              HasSubstr("other"));
}

}  // namespace
}  // namespace flextorchir
