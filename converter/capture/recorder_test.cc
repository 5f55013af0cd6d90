#include "flextorchir/converter/capture/recorder.h"

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "ATen/ATen.h"
#include "ATen/autocast_mode.h"
#include "ATen/functorch/BatchedTensorImpl.h"
#include "ATen/functorch/DynamicLayer.h"
#include "ATen/record_function.h"
#include "c10/util/ThreadLocalDebugInfo.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace flextorchir {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> OpsOf(const Trace& trace) {
  std::vector<std::string> ops;
  for (const OperatorCall& call : trace.calls) ops.push_back(call.info->name);
  return ops;
}

// The operators that a function runs.
template <typename Function>
std::vector<std::string> Record(const Function& function) {
  Recorder recorder;
  {
    Recorder::Session session(recorder);
    function();
  }
  return OpsOf(recorder.Finish({}));
}

TEST(RecorderTest, OnlyOutermostCallsAreRecorded) {
  const at::Tensor x = at::ones({1, 1, 4, 4});
  EXPECT_THAT(Record([&] {
                at::conv2d(x, at::ones({1, 1, 2, 2}));
                at::einsum("bcij,bcjk->bcik", {x, x});
              }),
              ElementsAre("aten::ones", "aten::conv2d", "aten::einsum"));
}

TEST(RecorderTest, OutsideASessionNothingIsRecorded) {
  Recorder recorder;
  at::ones({2});
  {
    Recorder::Session session(recorder);
  }
  at::ones({2});
  EXPECT_EQ(recorder.num_calls(), 0);
  EXPECT_THAT(recorder.Finish({}).calls, IsEmpty());
}

TEST(RecorderTest, OtherThreadsAreNotRecorded) {
  EXPECT_THAT(Record([] {
                std::thread thread([] { at::ones({2}); });
                thread.join();
              }),
              IsEmpty());
}

TEST(RecorderTest, AnOperatorThatThrowsLeavesNoTrace) {
  const at::Tensor x = at::ones({2, 3});
  EXPECT_THAT(Record([&] {
                EXPECT_ANY_THROW(at::mm(x, x));
                EXPECT_ANY_THROW(at::conv2d(x, x));
                at::relu(x);
              }),
              ElementsAre("aten::relu"));
}

TEST(RecorderTest, TheThreadIsLeftAsItWasAlsoWhenTheModelThrows) {
  for (const bool enabled : {true, false}) {
    at::RecordFunctionGuard guard(enabled);
    Recorder recorder;
    const at::Tensor x = at::ones({2, 3});
    try {
      Recorder::Session session(recorder);
      recorder.EnterModule("inner", "Inner");
      at::mm(x, x);
      recorder.ExitModule();
    } catch (const std::exception&) {
    }
    EXPECT_EQ(at::isRecordFunctionEnabled(), enabled);
    EXPECT_FALSE(at::hasThreadLocalCallbacks());
    EXPECT_EQ(c10::ThreadLocalDebugInfo::current(), nullptr);
    EXPECT_EQ(recorder.failed_module(), "inner");
  }
}

TEST(RecorderTest, AFailureThatTheModelHandlesIsNoFailure) {
  Recorder recorder;
  const at::Tensor x = at::ones({2, 3});
  {
    Recorder::Session session(recorder);
    EXPECT_ANY_THROW(at::mm(x, x));
    at::relu(x);
  }
  EXPECT_EQ(recorder.failed_module(), "");
}

TEST(RecorderTest, StateAndInputsArePutBack) {
  const at::Tensor state = at::ones({4});
  const at::Tensor part = state.slice(0, 0, 2);
  const at::Tensor input = at::ones({2, 3});
  const uint32_t version = state._version();
  for (const bool throws : {false, true}) {
    Recorder recorder;
    recorder.AddState("state", Weights::Role::kBuffer, state);
    recorder.AddInput(0, input);
    try {
      Recorder::Session session(recorder);
      at::NoGradGuard no_grad;
      at::Tensor(part).add_(1);
      at::Tensor(input).mul_(5).t_().unsqueeze_(0);
      at::Tensor(state).set_data(at::zeros({7}));
      if (throws) throw std::runtime_error("the model failed");
    } catch (const std::runtime_error&) {
    }
    const Trace trace = recorder.Finish({});
    EXPECT_TRUE(state.equal(at::ones({4})));
    EXPECT_TRUE(part.equal(at::ones({2})));
    EXPECT_TRUE(part.is_alias_of(state));
    EXPECT_TRUE(input.equal(at::ones({2, 3})));
    EXPECT_EQ(trace.externals[0].left.sizes(), (std::vector<int64_t>{7}));
    EXPECT_EQ(trace.externals[1].left.sizes(), (std::vector<int64_t>{1, 3, 2}));
    EXPECT_EQ(trace.externals[1].left.sum().item<float>(), 30);
  }
  // Autograd saw the model's own write, not ours.
  EXPECT_EQ(state._version() - version, 2);
}

TEST(RecorderTest, ARecorderThatIsDroppedPutsBackToo) {
  const at::Tensor state = at::ones({4});
  {
    Recorder recorder;
    recorder.AddState("state", Weights::Role::kBuffer, state);
    Recorder::Session session(recorder);
    at::Tensor(state).zero_();
  }
  EXPECT_TRUE(state.equal(at::ones({4})));
}

TEST(RecorderTest, AddressesThatAreUsedAgainAreOtherTensors) {
  Recorder recorder;
  const at::Tensor x = at::ones({8});
  {
    Recorder::Session session(recorder);
    for (int i = 0; i < 100; ++i) at::relu(x);  // freed at once
  }
  const Trace trace = recorder.Finish({});
  std::vector<bool> seen(trace.num_tensors);
  for (const OperatorCall& call : trace.calls) {
    const RecordedArgument& result =
        trace.arguments[call.first_argument + call.num_arguments];
    const TensorId tensor = trace.uses[result.first_use].tensor;
    EXPECT_FALSE(seen[tensor]);
    seen[tensor] = true;
  }
}

TEST(RecorderTest, ListsAndAbsentArgumentsAreKept) {
  Recorder recorder;
  const at::Tensor x = at::ones({2, 3});
  {
    Recorder::Session session(recorder);
    at::cat({x, x}, 1);
    at::linear(x, x);
    x.index({c10::nullopt, at::tensor({0, 1}, at::kLong)});
  }
  const Trace trace = recorder.Finish({});
  using Kind = RecordedArgument::Kind;
  const auto argument = [&](int call, int i) {
    return trace.arguments[trace.calls[call].first_argument + i];
  };
  EXPECT_EQ(argument(0, 0).kind, Kind::kTensorList);
  EXPECT_EQ(argument(0, 0).num_uses, 2);
  EXPECT_EQ(argument(0, 1).constant.toInt(), 1);
  EXPECT_EQ(argument(1, 2).kind, Kind::kConstant);
  EXPECT_TRUE(argument(1, 2).constant.isNone());
  const RecordedArgument indices =
      argument(static_cast<int>(trace.calls.size()) - 1, 1);
  ASSERT_EQ(indices.num_uses, 2);
  EXPECT_EQ(trace.uses[indices.first_use].tensor, kAbsent);
  EXPECT_NE(trace.uses[indices.first_use + 1].tensor, kAbsent);
}

TEST(RecorderTest, ModulesAreCountedByPath) {
  Recorder recorder;
  const at::Tensor x = at::ones({2});
  {
    Recorder::Session session(recorder);
    recorder.EnterModule("", "Net");
    for (int i = 0; i < 2; ++i) {
      recorder.EnterModule("block", "Block");
      recorder.EnterModule("block", "Block");  // its own method
      at::relu(x);
      recorder.ExitModule();
      recorder.EnterModule("block.conv", "Conv");
      at::relu(x);
      recorder.ExitModule();
      recorder.ExitModule();
    }
    at::relu(x);
    recorder.ExitModule();
  }
  const Trace trace = recorder.Finish({});
  std::vector<std::string> scopes;
  for (const OperatorCall& call : trace.calls) {
    const ModuleScope& scope = trace.scopes[call.scope];
    scopes.push_back(scope.path + "#" + std::to_string(scope.call_index));
  }
  EXPECT_THAT(scopes, ElementsAre("block#0", "block.conv#0", "block#1",
                                  "block.conv#1", "#0"));
  EXPECT_EQ(trace.scopes[0].module_class, "Net");
  EXPECT_EQ(trace.scopes[trace.calls[1].scope].parent, trace.calls[0].scope);
}

TEST(RecorderTest, RangesAreLookedThrough) {
  // What torch.autograd.Function.apply is.
  const at::Tensor x = at::ones({2});
  EXPECT_THAT(Record([&] {
                RECORD_FUNCTION("MyFunction", std::vector<c10::IValue>{x});
                at::relu(x);
              }),
              ElementsAre("aten::relu"));
}

TEST(RecorderTest, UnderAutocastTheCastsAreRecorded) {
  const at::Tensor x = at::ones({2, 2});
  at::autocast::set_autocast_enabled(at::kCPU, true);
  at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
  const std::vector<std::string> ops = Record([&] { at::mm(x, x); });
  at::autocast::set_autocast_enabled(at::kCPU, false);
  at::autocast::clear_cache();
  ASSERT_FALSE(ops.empty());
  EXPECT_EQ(ops.back(), "aten::mm");
  EXPECT_GT(ops.size(), 1) << "no cast was recorded";
}

TEST(RecorderTest, UnderVmapThePlainCallsAreRecorded) {
  const at::Tensor x = at::ones({3, 2});
  Recorder recorder;
  recorder.AddInput(0, x);
  at::Tensor result;
  {
    Recorder::Session session(recorder);
    const int64_t level = at::functorch::initAndPushDynamicLayer(
        at::functorch::TransformType::Vmap, 3,
        at::functorch::RandomnessType::Error);
    const at::Tensor y =
        at::mul(at::functorch::makeBatched(x, 0, level), 2).sum();
    result = at::functorch::maybeGetBatchedImpl(y)->value();
    at::functorch::popDynamicLayerAndDeleteMetadata();
  }
  const Trace trace = recorder.Finish({result});
  EXPECT_THAT(OpsOf(trace),
              ElementsAre("aten::mul.Scalar", "aten::sum.dim_IntList"));
  // Nothing came from nowhere but the input, and the number.
  for (const ExternalTensor& external : trace.externals) {
    EXPECT_TRUE(!external.inputs.empty() ||
                trace.metas[external.meta].sizes.empty());
  }
}

TEST(RecorderTest, ResultsAreKeptAsTheyWereThen) {
  Recorder recorder({/*frames=*/false, /*keep_results=*/true});
  {
    Recorder::Session session(recorder);
    at::Tensor x = at::ones({2});
    x.add_(1);
    x.chunk(2);
  }
  recorder.Finish({});
  EXPECT_EQ(recorder.results_of(0)[0].sum().item<float>(), 2);
  EXPECT_EQ(recorder.results_of(1)[0].sum().item<float>(), 4);
  EXPECT_EQ(recorder.results_of(2).size(), 2);
}

TEST(RecorderTest, OperatorsWithinOperatorsThatFailLeaveTheDepthRight) {
  const at::Tensor x = at::ones({2, 3});
  EXPECT_THAT(Record([&] {
                // Fails in an operator that it calls.
                EXPECT_ANY_THROW(at::linear(x, at::ones({2, 2})));
                EXPECT_ANY_THROW(at::einsum("ij,jk->ik", {x, x}));
                at::linear(x, x);
              }),
              ElementsAre("aten::ones", "aten::linear"));
}

TEST(RecorderTest, AProgramMayChangeItsListsAfterwards) {
  Recorder recorder;
  const at::Tensor x = at::ones({2, 2});
  c10::List<int64_t> dims({0, 1});
  {
    Recorder::Session session(recorder);
    torch::jit::Stack stack = {x, dims};
    c10::Dispatcher::singleton()
        .findSchemaOrThrow("aten::permute", "")
        .callBoxed(stack);
    dims[0] = 7;
  }
  const Trace trace = recorder.Finish({});
  EXPECT_THAT(trace.arguments[1].constant.toIntVector(), ElementsAre(0, 1));
}

}  // namespace
}  // namespace flextorchir
