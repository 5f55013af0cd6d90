#include "flextorchir/converter/capture/functionalize.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "ATen/ATen.h"
#include "ATen/CPUGeneratorImpl.h"
#include "absl/strings/match.h"
#include "flextorchir/converter/capture/capture_for_test.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "torch/library.h"

namespace flextorchir {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using Tensors = std::vector<at::Tensor>;
using State = std::vector<std::pair<std::string, at::Tensor>>;

// Writes its second argument, and does not say so.
at::Tensor Scribble(const at::Tensor& x, const at::Tensor& y) {
  at::Tensor(y).add_(1);
  return x + y;
}
int64_t Count(const at::Tensor& x) { return x.gt(0).sum().item<int64_t>(); }
void Bump(at::Tensor& counter, const at::Tensor& x) { counter.add_(x.sum()); }

TORCH_LIBRARY(functionalize_test, library) {
  library.def("scribble(Tensor x, Tensor y) -> Tensor", &Scribble);
  library.def("count(Tensor x) -> int", &Count);
  library.def("bump(Tensor(a!) counter, Tensor x) -> ()", &Bump);
}

template <typename Signature, typename... Arguments>
auto Call(const char* op, Arguments&&... arguments) {
  return c10::Dispatcher::singleton()
      .findSchemaOrThrow(op, "")
      .typed<Signature>()
      .call(std::forward<Arguments>(arguments)...);
}

// Captures the program on `inputs`, checks that the graph does the same on
// other inputs of the same types, and returns its layers.
std::string Check(const Program& program, const Tensors& inputs,
                  const State& state = {}) {
  const Captured captured = Capture(program, inputs, state);
  for (const Report::Warning& warning : captured.graph.warnings) {
    ADD_FAILURE() << warning.code << ": " << warning.message;
  }
  Tensors fresh;
  for (const at::Tensor& input : inputs) {
    fresh.push_back(input.is_floating_point() || input.is_complex()
                        ? at::randn_like(input)
                        : input.clone());
  }
  const std::string layers = LayersOf(captured);
  EXPECT_EQ(CompareWithEager(captured, program, fresh, state), "") << layers;
  return layers;
}

// The codes of the report rows of a capture.
std::vector<std::string> CodesOf(const Program& program, const Tensors& inputs,
                                 const State& state = {}) {
  return Capture(program, inputs, state).codes;
}

TEST(FunctionalizeTest, InPlaceOperatorsBecomeTheirPlainForm) {
  EXPECT_EQ(Check(
                [](const Tensors& in) -> Tensors {
                  at::Tensor y = at::add(in[0], in[1]);
                  at::relu_(y);
                  y.add_(in[0], 2);
                  return {y};
                },
                {at::randn({2, 3}), at::randn({2, 3})}),
            R"(%2: f32[2,3] = aten::add.Tensor (self=%in0, other=%in1) {alpha=1}
%3: f32[2,3] = aten::relu (self=%2)
%4: f32[2,3] = aten::add.Tensor (self=%3, other=%in0) {alpha=2}
return %4
)");
}

TEST(FunctionalizeTest, WritesThroughViewsOfViewsReachBaseAndSiblings) {
  EXPECT_EQ(Check(
                [](const Tensors& in) -> Tensors {
                  at::Tensor x = in[0] * 2;
                  at::Tensor row = x.select(0, 1);
                  x.transpose(0, 1).select(0, 2).fill_(7);
                  return {x, row};
                },
                {at::randn({3, 4})}),
            R"(%1: f32[3,4] = aten::mul.Scalar (self=%in0) {other=2}
%2: f32[4] = aten::select.int (self=%1) {dim=0, index=1}
%3: f32[4,3]{1,4} = aten::transpose.int (self=%1) {dim0=0, dim1=1}
%4: f32[3]{4} = aten::select.int (self=%3) {dim=0, index=2}
%5: f32[3]{4} = aten::fill.Scalar (self=%4) {value=7}
%6: f32[4,3]{1,4} = aten::select_scatter (self=%3, src=%5) {dim=0, index=2}
%7: f32[3,4] = aten::permute (self=%6) {dims=[1, 0]}
%8: f32[4] = aten::select.int (self=%7) {dim=0, index=1}
return %7, %8
)");
}

TEST(FunctionalizeTest, WhatWasNotTouchedIsNotMadeAnew) {
  // The second half is still what chunk returned, and nobody reads the whole.
  EXPECT_EQ(Check(
                [](const Tensors& in) -> Tensors {
                  const Tensors halves = (in[0] * 2).chunk(2);
                  at::Tensor(halves[0]).add_(1);
                  return {halves[0] + halves[1]};
                },
                {at::randn({4})}),
            R"(%1: f32[4] = aten::mul.Scalar (self=%in0) {other=2}
[%2: f32[2], %3: f32[2]] = aten::chunk (self=%1) {chunks=2, dim=0}
%4: f32[2] = aten::add.Scalar (self=%2) {alpha=1, other=1}
%5: f32[2] = aten::add.Tensor (self=%4, other=%3) {alpha=1}
return %5
)");
}

TEST(FunctionalizeTest, AnOperatorWithSeveralViewsIsNotRepeatedForOne) {
  EXPECT_THAT(Check(
                  [](const Tensors& in) -> Tensors {
                    at::Tensor x = in[0] * 2;
                    const Tensors rows = x.unbind(0);
                    x.add_(1);
                    return {rows[1]};
                  },
                  {at::randn({3, 2})}),
              HasSubstr("aten::select.int (self=%5) {dim=0, index=1}"));
}

TEST(FunctionalizeTest, OutArgumentsAreResults) {
  EXPECT_EQ(Check(
                [](const Tensors& in) -> Tensors {
                  at::Tensor out = at::empty({0});
                  at::add_out(out, in[0], in[0]);  // resizes it
                  at::Tensor part = at::zeros({2, 2});
                  at::Tensor row = part.select(0, 1);
                  at::mul_out(row, in[0], in[0]);
                  return {out, part};
                },
                {at::randn({2})}),
            R"(%1: f32[2] = aten::add.Tensor (self=%in0, other=%in0) {alpha=1}
%2: f32[2,2] = aten::zeros () {device=none, dtype=none, layout=none, pin_memory=none, size=[2, 2]}
%3: f32[2] = aten::select.int (self=%2) {dim=0, index=1}
%4: f32[2] = aten::mul.Tensor (self=%in0, other=%in0)
%5: f32[2,2] = aten::select_scatter (self=%2, src=%4) {dim=0, index=1}
return %1, %5
)");
}

TEST(FunctionalizeTest, OutArgumentsMayBecomeEmpty) {
  Check(
      [](const Tensors& in) -> Tensors {
        at::Tensor out = at::empty({2});
        at::add_out(out, in[0], in[0]);
        return {out, out.view({3, 0}), out + 1};
      },
      {at::randn({0, 3})});
}

TEST(FunctionalizeTest, EveryKindOfViewIsWrittenThrough) {
  const Program program = [](const Tensors& in) -> Tensors {
    Tensors results;
    const auto write = [&](at::Tensor x, at::Tensor view) {
      view.mul_(3);
      results.push_back(x);
      results.push_back(view);
    };
    const auto fresh = [&] { return in[0] * 2; };
    at::Tensor x = fresh();
    write(x, x.slice(1, 0, 4, 2));
    write(x = fresh(), x.permute({1, 0}));
    write(x = fresh(), x.view({2, 6}));
    write(x = fresh(), x.unsqueeze(1).squeeze());
    write(x = fresh(), x.diagonal());
    write(x = fresh(), x.unfold(1, 2, 2));
    write(x = fresh(), x.as_strided({2, 2}, {4, 2}, 1));
    write(x = fresh(), x.detach().slice(0, 1, 3).t());
    write(x = fresh(), x.view(at::kInt));
    at::Tensor z = at::complex(in[0], in[0]);
    write(z, at::real(z));
    write(z = z.clone(), at::imag(z).select(0, 1));
    write(z = z.clone(), at::view_as_real(z));
    write(z = z.clone(), z.conj());
    write(z = z.clone(), at::imag(z.conj()));
    at::Tensor pairs = in[0].view({3, 2, 2}) * 2;
    write(pairs, at::view_as_complex(pairs));
    return results;
  };
  EXPECT_THAT(Check(program, {at::randn({3, 4})}),
              Not(HasSubstr("aten::mul_")));
}

TEST(FunctionalizeTest, IndexedAssignmentsInAllForms) {
  const Program program = [](const Tensors& in) -> Tensors {
    at::Tensor x = in[0] * 1;
    x.index_put_({at::tensor({0, 2}, at::kLong)}, in[0].slice(0, 0, 2));
    x.index_put_({x.gt(1)}, at::scalar_tensor(5));
    x.select(1, 0).copy_(in[0].select(1, 1));
    x.slice(0, 1, 3).masked_fill_(x.slice(0, 1, 3).lt(0), 2);
    x.narrow(1, 1, 2).index_put_({at::tensor({1}, at::kLong)},
                                 in[0].narrow(1, 0, 2)[0],
                                 /*accumulate=*/true);
    return {x};
  };
  Check(program, {at::randn({3, 4})});
}

TEST(FunctionalizeTest, InPlaceOperatorsCastBack) {
  EXPECT_THAT(Check(
                  [](const Tensors& in) -> Tensors {
                    at::Tensor x = in[0].to(at::kHalf);
                    x.add_(in[0]);
                    at::Tensor y = in[0] * 1;
                    y.logical_not_();
                    return {x, y};
                  },
                  {at::randn({3})}),
              HasSubstr("%3: f16[3] = aten::to.dtype (self=%2)"));
}

TEST(FunctionalizeTest, InputsAndBuffersThatChangeAreStateOutputs) {
  const at::Tensor counter = at::zeros({});
  const at::Tensor cache = at::zeros({2, 3});
  const State state = {{"counter", counter}, {"cache", cache}};
  const Program program = [=](const Tensors& in) -> Tensors {
    at::Tensor(counter).add_(1);
    cache.select(0, 1).copy_(in[0]);
    at::Tensor(in[0]).mul_(2);
    return {in[0] + counter};
  };
  EXPECT_EQ(Check(program, {at::randn({3})}, state),
            R"(%2: f32[] = aten::add.Scalar (self=%counter.1) {alpha=1, other=1}
%4: f32[3] = aten::select.int (self=%cache.3) {dim=0, index=1}
%5: f32[3] = aten::copy (self=%4, src=%in0) {non_blocking=false}
%6: f32[2,3] = aten::select_scatter (self=%cache.3, src=%5) {dim=0, index=1}
%7: f32[3] = aten::mul.Scalar (self=%in0) {other=2}
%8: f32[3] = aten::add.Tensor (self=%7, other=%2) {alpha=1}
return %8, %2, %6, %7
)");
  const Captured captured = Capture(program, {at::randn({3})}, state);
  const Model& model = captured.graph.model;
  ASSERT_EQ(model.state_outputs.size(), 3);
  EXPECT_EQ(model.weights[model.state_outputs[0].weights].name, "counter");
  EXPECT_EQ(model.weights[model.state_outputs[1].weights].name, "cache");
  EXPECT_EQ(model.state_outputs[2].input, 0);
  // What was there is there again, and the trace knows what the run left.
  EXPECT_EQ(counter.item<float>(), 0);
  EXPECT_EQ(captured.trace.externals[0].left.item<float>(), 1);
}

TEST(FunctionalizeTest, TrainingNormalizationUpdatesItsStatistics) {
  const State state = {{"running_mean", at::zeros({3})},
                       {"running_var", at::ones({3})}};
  const Program program = [state](const Tensors& in) -> Tensors {
    return {at::batch_norm(in[0], {}, {}, state[0].second, state[1].second,
                           /*training=*/true, 0.1, 1e-5, true)};
  };
  EXPECT_THAT(
      Check(program, {at::randn({4, 3})}, state),
      HasSubstr("%3: f32[4,3], running_mean=%4: f32[3], running_var=%5: f32[3] "
                "= aten::batch_norm"));
}

TEST(FunctionalizeTest, ResultsMayBeInputsAndParametersAndComeTwice) {
  const State state = {{"weight", at::randn({2})}};
  EXPECT_EQ(Check(
                [state](const Tensors& in) -> Tensors {
                  const at::Tensor y = in[0] + 1;
                  return {in[0], state[0].second, y, y, y.view({2})};
                },
                {at::randn({2})}, state),
            R"(%1: f32[2] = aten::add.Scalar (self=%in0) {alpha=1, other=1}
%2: f32[2] = aten::view (self=%1) {size=[2]}
return %in0, %weight.3, %1, %1, %2
)");
}

TEST(FunctionalizeTest, MemoryFilledUnseenIsAConstant) {
  const Captured captured = Capture(
      [](const Tensors& in) -> Tensors {
        at::Tensor table = at::empty({3});
        for (int i = 0; i < 3; ++i) table.mutable_data_ptr<float>()[i] = i;
        at::Tensor filled = at::empty({3});
        filled.fill_(4);
        return {in[0] + table, filled};
      },
      {at::randn({3})});
  EXPECT_EQ(
      LayersOf(captured),
      R"(%1: f32[3] = aten::zeros () {device=none, dtype=f32, layout=none, pin_memory=none, size=[3]}
%2: f32[3] = aten::fill.Scalar (self=%1) {value=4}
%4: f32[3] = aten::add.Tensor (self=%in0, other=%constant_0.3) {alpha=1}
return %4, %2
)");
}

TEST(FunctionalizeTest, MemorySharedBehindTorchIsOneMemory) {
  // What torch.from_numpy(x.numpy()) makes.
  Check(
      [](const Tensors& in) -> Tensors {
        at::Tensor x = in[0] * 1;
        at::Tensor shared =
            at::from_blob(x.data_ptr<float>() + 2, {2}, at::kFloat);
        shared.add_(1);
        return {x};
      },
      {at::randn({4})});
}

TEST(FunctionalizeTest, DataMayBeWrittenAndReplacedBehindAutograd) {
  const State state = {{"weight", at::randn({3})}};
  Check(
      [state](const Tensors& in) -> Tensors {
        at::Tensor x = in[0] * 1;
        x.variable_data().add_(1);
        at::Tensor y = in[0] * 2;
        at::Tensor view = y.slice(0, 0, 2);
        y.set_data(in[0] * 3);
        y.add_(1);
        at::Tensor(state[0].second).set_data(in[0] + 5);
        return {x, y, view, state[0].second};
      },
      {at::randn({3})}, state);
}

TEST(FunctionalizeTest, ViewsInPlace) {
  Check(
      [](const Tensors& in) -> Tensors {
        at::Tensor x = in[0] * 1;
        at::Tensor view = x.t();
        x.t_();
        x.unsqueeze_(0);
        x.select(1, 2).zero_();
        at::Tensor y = at::empty({0});
        y.set_(x);
        y.squeeze_();
        y.resize_({2, 3});
        return {x, view, y};
      },
      {at::randn({3, 4})});
}

TEST(FunctionalizeTest, NumbersOfTheProgramAreAttributes) {
  at::Tensor number = at::scalar_tensor(2.5, at::kDouble);
  number.unsafeGetTensorImpl()->set_wrapped_number(true);
  EXPECT_THAT(Check([number](const Tensors& in)
                        -> Tensors { return {at::mul(in[0], number)}; },
                    {at::randn({3})}),
              HasSubstr("aten::mul.Tensor (self=%in0) {other=2.5}"));
}

TEST(FunctionalizeTest, ValuesThatDependOnTheInputAreBaked) {
  const auto code_of = [](const Program& program) {
    return CodesOf(program, {at::ones({1})});
  };
  EXPECT_THAT(code_of([](const Tensors& in) -> Tensors {
                return {in[0] + in[0].abs().item()};
              }),
              ElementsAre("baked-value"));
  EXPECT_THAT(code_of([](const Tensors& in) -> Tensors {
                return {in[0].is_nonzero() ? in[0] + 1 : in[0]};
              }),
              ElementsAre("baked-value"));
  EXPECT_THAT(code_of([](const Tensors& in) -> Tensors {
                return {in[0] + at::rand({1}).item()};
              }),
              ElementsAre("baked-value"));
  // Sizes and constants are what they are.
  EXPECT_THAT(code_of([](const Tensors& in) -> Tensors {
                const at::Tensor size = at::scalar_tensor(in[0].size(0));
                return {in[0] + at::floor_divide(size, 2).item()};
              }),
              ElementsAre());
  // A counter that the model counts up is not.
  const State state = {{"counter", at::ones({})}};
  EXPECT_THAT(CodesOf(
                  [state](const Tensors& in) -> Tensors {
                    at::Tensor(state[0].second).add_(1);
                    return {in[0] + state[0].second.item()};
                  },
                  {at::ones({1})}, state),
              ElementsAre("baked-value"));
}

TEST(FunctionalizeTest, OperatorsOfTheUsersThatReturnNumbersAreLayers) {
  const Captured captured = Capture(
      [](const Tensors& in) -> Tensors {
        return {in[0] * Call<int64_t(const at::Tensor&)>(
                            "functionalize_test::count", in[0])};
      },
      {at::ones({3})});
  EXPECT_THAT(captured.codes, ElementsAre("baked-value"));
  EXPECT_THAT(LayersOf(captured),
              HasSubstr("int = functionalize_test::count (x=%in0)"));
}

TEST(FunctionalizeTest, OperatorsOfTheUsersMayWriteTheirArguments) {
  EXPECT_THAT(Check(
                  [](const Tensors& in) -> Tensors {
                    at::Tensor total = at::zeros({2});
                    at::Tensor last = total.select(0, 1);
                    Call<void(at::Tensor&, const at::Tensor&)>(
                        "functionalize_test::bump", last, in[0]);
                    return {total};
                  },
                  {at::ones({3})}),
              HasSubstr("counter=%3: f32[] = functionalize_test::bump "
                        "(counter=%2, x=%in0)"));
}

TEST(FunctionalizeTest, WritesThatNobodyAnnouncedAreFollowedOrReported) {
  const auto scribble = [](const at::Tensor& x, const at::Tensor& y) {
    return Call<at::Tensor(const at::Tensor&, const at::Tensor&)>(
        "functionalize_test::scribble", x, y);
  };
  EXPECT_THAT(Check(
                  [&](const Tensors& in) -> Tensors {
                    const at::Tensor y = in[0] * 2;
                    const at::Tensor result = scribble(in[0], y);
                    return {result, y};
                  },
                  {at::ones({3})}),
              HasSubstr("%2: f32[3], y=%3: f32[3] = "
                        "functionalize_test::scribble"));
  // What was in a parameter before is gone.
  const State state = {{"weight", at::ones({3})}};
  EXPECT_THAT(CodesOf(
                  [&](const Tensors& in) -> Tensors {
                    return {scribble(in[0], state[0].second)};
                  },
                  {at::ones({3})}, state),
              ElementsAre("unseen-write"));
}

TEST(FunctionalizeTest, WhatCannotBeExpressedIsAnError) {
  EXPECT_THAT(CodesOf(
                  [](const Tensors& in) -> Tensors {
                    at::Tensor x = in[0] * 1;
                    x.unsqueeze(0).expand({2, 3}).index_fill_(
                        0, at::tensor({0}, at::kLong), 1);
                    return {x};
                  },
                  {at::ones({3})}),
              ElementsAre("write-through-view"));
  EXPECT_THAT(CodesOf([](const Tensors& in)
                          -> Tensors { return {in[0].to_sparse().to_dense()}; },
                      {at::ones({3})}),
              ElementsAre("tensor-without-type"));
}

// Whoever runs the graph has the default generator, and nothing else.
TEST(FunctionalizeTest, NumbersThatNobodyElseCanDrawAreConstants) {
  const auto check = [](const Program& program, Report::Severity severity) {
    const at::Tensor x = at::ones({4});
    const Captured captured = Capture(program, {x});
    EXPECT_THAT(captured.codes, ElementsAre("baked-random"));
    EXPECT_EQ(captured.graph.warnings[0].severity, severity);
    EXPECT_EQ(CompareWithEager(captured, program, {x + 1}), "");
  };
  const auto own = [] { return at::detail::createCPUGenerator(/*seed=*/3); };
  check(
      [&](const Tensors& in) -> Tensors {
        return {in[0] + at::rand({4}, own())};
      },
      Report::Severity::kWarning);
  // Through a view, and read afterwards through its base.
  check(
      [&](const Tensors& in) -> Tensors {
        at::Tensor y = in[0] * 2;
        y.slice(0, 0, 2).uniform_(0, 1, own());
        return {y + 1};
      },
      Report::Severity::kWarning);
  const uint64_t seed = at::detail::getDefaultCPUGenerator().current_seed();
  check(
      [&](const Tensors& in) -> Tensors {
        at::manual_seed(seed + 5);
        at::Tensor y = in[0] + at::rand({4});
        at::manual_seed(seed);
        return {y};
      },
      Report::Severity::kInfo);
}

TEST(FunctionalizeTest, TensorsThatAreSeveralThingsAtOnceAreReported) {
  const at::Tensor x = at::ones({2});
  const Program add = [](const Tensors& in) -> Tensors {
    return {in[0] + in[1]};
  };
  EXPECT_THAT(CodesOf(add, {x, x}), ElementsAre("aliased-inputs"));
  EXPECT_THAT(CodesOf(add, {x, x.slice(0, 0, 2)}), ElementsAre());
}

TEST(FunctionalizeTest, StateThatIsNotRegisteredIsReported) {
  const at::Tensor cache = at::zeros({2});
  EXPECT_THAT(CodesOf(
                  [cache](const Tensors& in) -> Tensors {
                    at::Tensor(cache).add_(in[0]);
                    return {cache + 1};
                  },
                  {at::ones({2})}),
              ElementsAre("unnamed-state"));
  EXPECT_EQ(cache.sum().item<float>(), 0);  // put back all the same
}

TEST(FunctionalizeTest, TiedWeightsAppearOnceUnderAllTheirNames) {
  const at::Tensor weight = at::randn({2, 2});
  const State state = {{"encoder.weight", weight},
                       {"decoder.weight", weight},
                       {"alias.weight", weight.detach()},
                       {"unused", at::ones({9})}};
  const Captured captured = Capture(
      [state](const Tensors& in) -> Tensors {
        return {
            at::linear(at::linear(in[0], state[0].second), state[2].second)};
      },
      {at::randn({2})}, state);
  const Model& model = captured.graph.model;
  ASSERT_EQ(model.weights.size(), 1);
  EXPECT_EQ(model.weights[0].name, "encoder.weight");
  EXPECT_THAT(model.weights[0].aliases,
              ElementsAre("alias.weight", "decoder.weight"));
}

}  // namespace
}  // namespace flextorchir
