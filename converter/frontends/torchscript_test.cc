#include "flextorchir/converter/frontends/torchscript.h"

#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "ATen/ATen.h"
#include "ATen/CPUGeneratorImpl.h"
#include "ATen/record_function.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "c10/util/ThreadLocalDebugInfo.h"
#include "flextorchir/converter/capture/functionalize.h"
#include "flextorchir/converter/capture/recorder.h"
#include "flextorchir/converter/frontends/callable.h"
#include "flextorchir/torch_bridge/tensor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "torch/csrc/jit/runtime/graph_executor.h"
#include "torch/nn/modules/linear.h"
#include "torch/script.h"

namespace flextorchir {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::Not;

std::string ModelPath(const std::string& name) {
  return absl::StrCat(std::getenv("TEST_SRCDIR"), "/",
                      std::getenv("TEST_WORKSPACE"),
                      "/converter/frontends/test_models/", name);
}

std::string TempPath(const std::string& name) {
  return absl::StrCat(std::getenv("TEST_TMPDIR"), "/", name);
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream content;
  content << file.rdbuf();
  return content.str();
}

std::string WriteFile(const std::string& name, const std::string& content) {
  const std::string path = TempPath(name);
  std::ofstream(path, std::ios::binary) << content;
  return path;
}

std::unique_ptr<Frontend> Load(const std::string& name) {
  auto frontend = LoadTorchScript(ModelPath(name));
  EXPECT_TRUE(frontend.ok()) << frontend.status();
  return frontend.ok() ? *std::move(frontend) : nullptr;
}

struct Outcome {
  absl::StatusOr<c10::IValue> result;
  Trace trace;
};

Outcome RunModel(Frontend& frontend, const ModelInputs& inputs) {
  Recorder recorder;
  for (const NamedTensor& tensor : frontend.state()) {
    recorder.AddState(tensor.name, tensor.role, tensor.tensor);
  }
  absl::StatusOr<c10::IValue> result = absl::UnknownError("not run");
  {
    Recorder::Session session(recorder);
    result = frontend.Run(inputs, recorder);
  }
  std::vector<at::Tensor> results;
  if (result.ok() && result->isTensor()) results = {result->toTensor()};
  return {std::move(result), recorder.Finish(results)};
}

// "blocks.0.linear#1 aten::linear", call by call.
std::vector<std::string> CallsOf(const Trace& trace) {
  std::vector<std::string> calls;
  for (const OperatorCall& call : trace.calls) {
    const ModuleScope& scope = trace.scopes[call.scope];
    calls.push_back(
        absl::StrCat(scope.path, "#", scope.call_index, " ", call.info->name));
  }
  return calls;
}

absl::Status Error(const std::string& path) {
  return LoadTorchScript(path).status();
}

// The line of the Python file that is marked.
int64_t MarkedLine(const std::string& mark) {
  std::istringstream file(ReadFile(absl::StrCat(
      std::getenv("TEST_SRCDIR"), "/", std::getenv("TEST_WORKSPACE"),
      "/converter/frontends/make_test_models.py")));
  std::string line;
  for (int64_t number = 1; std::getline(file, line); ++number) {
    if (absl::EndsWith(line, "# LINE " + mark)) return number;
  }
  ADD_FAILURE() << "no line is marked " << mark;
  return 0;
}

const char* const kNetCalls[] = {"blocks.0.linear#0 aten::linear",
                                 "blocks.0.norm#0 aten::layer_norm",
                                 "blocks.0#0 aten::relu_",
                                 "blocks.1.linear#0 aten::linear",
                                 "blocks.1.norm#0 aten::layer_norm",
                                 "blocks.1#0 aten::relu_",
                                 "blocks.0.linear#1 aten::linear",
                                 "blocks.0.norm#1 aten::layer_norm",
                                 "blocks.0#1 aten::relu_",
                                 "#0 aten::add.Scalar",
                                 "head#0 aten::linear",
                                 "tied#0 aten::linear"};

TEST(TorchScriptTest, ModulesAreEnteredAndLeft) {
  for (const std::string file : {"net.pt", "net_traced.pt"}) {
    SCOPED_TRACE(file);
    const auto frontend = Load(file);
    EXPECT_EQ(frontend->name(), "Net");
    EXPECT_THAT(frontend->argument_names(), ElementsAre("x"));
    // The second run says the same as the first.
    for (int i = 0; i < 2; ++i) {
      const Outcome run = RunModel(*frontend, {{at::ones({2, 4})}, {}});
      ASSERT_TRUE(run.result.ok()) << run.result.status();
      std::vector<std::string> calls = CallsOf(run.trace);
      for (std::string& call : calls) {
        // Traced code has a tensor for the number.
        if (call == "#0 aten::add.Tensor") call = "#0 aten::add.Scalar";
      }
      EXPECT_THAT(calls, ::testing::ElementsAreArray(kNetCalls));
      EXPECT_THAT(run.trace.scopes[0].module_class, HasSubstr("Net"));
      for (const ModuleScope& scope : run.trace.scopes) {
        EXPECT_THAT(scope.module_class,
                    Not(AnyOf(HasSubstr("__torch__"), HasSubstr("mangle"))));
        if (scope.path == "head") {
          EXPECT_EQ(scope.module_class, "torch.nn.modules.linear.Linear");
        }
      }
    }
  }
}

TEST(TorchScriptTest, AMethodThatIsNotForwardBelongsToItsModule) {
  const Outcome run = RunModel(*Load("methods.pt"), {{at::ones({2, 4})}, {}});
  EXPECT_THAT(CallsOf(run.trace), ElementsAre("block.linear#0 aten::linear",
                                              "block#0 aten::mul.Scalar"));
}

TEST(TorchScriptTest, LayersKnowTheLineOfTheUser) {
  for (const std::string file : {"net.pt", "net_traced.pt"}) {
    SCOPED_TRACE(file);
    const Outcome run = RunModel(*Load(file), {{at::ones({2, 4})}, {}});
    std::vector<std::pair<std::string, std::string>> found;
    for (const OperatorCall& call : run.trace.calls) {
      ASSERT_NE(call.frames, kAbsent);
      ASSERT_FALSE(run.trace.frames[call.frames].empty()) << call.info->name;
      const Source::Frame& frame = run.trace.frames[call.frames][0];
      EXPECT_THAT(frame.file, HasSubstr("make_test_models.py"));
      if (call.info->name == "aten::relu_") {
        EXPECT_EQ(frame.line, MarkedLine("finish"));
      }
      if (absl::StartsWith(call.info->name, "aten::add")) {
        EXPECT_EQ(frame.line, MarkedLine("net"));
      }
    }
  }
}

TEST(TorchScriptTest, StateHasItsNames) {
  const auto frontend = Load("net.pt");
  std::vector<std::string> names;
  at::Tensor head;
  at::Tensor tied;
  for (const NamedTensor& tensor : frontend->state()) {
    EXPECT_EQ(tensor.role, Weights::Role::kParameter);
    names.push_back(tensor.name);
    if (tensor.name == "head.weight") head = tensor.tensor;
    if (tensor.name == "tied.weight") tied = tensor.tensor;
  }
  EXPECT_THAT(names,
              IsSupersetOf({"blocks.0.linear.weight", "blocks.1.norm.bias",
                            "head.weight", "tied.weight"}));
  EXPECT_EQ(names.size(), 12);
  EXPECT_TRUE(head.is_same(tied));
  EXPECT_EQ(Load("keeps.pt")->state()[0].role, Weights::Role::kBuffer);
}

TEST(TorchScriptTest, ArgumentsInContainersAndByName) {
  const auto frontend = Load("nested.pt");
  EXPECT_THAT(frontend->argument_names(),
              ElementsAre("pair", "named", "scale", "bias"));
  const at::Tensor one = at::ones({2});
  // As generic containers, which is what a reader of arguments makes.
  c10::impl::GenericList list(c10::AnyType::get());
  list.push_back(one);
  c10::impl::GenericDict dict(c10::StringType::get(), c10::AnyType::get());
  dict.insert("z", one);
  ModelInputs inputs;
  inputs.args = {c10::ivalue::Tuple::create({one, list})};
  inputs.kwargs = {{"named", dict}, {"scale", 3}, {"bias", one}};
  const Outcome run = RunModel(*frontend, inputs);
  ASSERT_TRUE(run.result.ok()) << run.result.status();
  EXPECT_TRUE(run.result->toGenericDict().at("out").toTensor().equal(one * 12));

  inputs.kwargs.emplace_back("wrong", one);
  const Outcome wrong = RunModel(*frontend, inputs);
  EXPECT_THAT(std::string(wrong.result.status().message()), HasSubstr("wrong"));
}

TEST(TorchScriptTest, ForksAreFollowedToOtherThreads) {
  const auto frontend = Load("forks.pt");
  for (int i = 0; i < 20; ++i) {
    const Outcome run = RunModel(*frontend, {{at::ones({2, 4})}, {}});
    ASSERT_TRUE(run.result.ok()) << run.result.status();
    EXPECT_THAT(CallsOf(run.trace),
                ::testing::UnorderedElementsAre(
                    "left#0 aten::linear", "right#0 aten::linear",
                    "#0 aten::add.Tensor", "last#0 aten::linear"));
    ASSERT_FALSE(run.trace.calls.empty());
    EXPECT_EQ(CallsOf(run.trace).back(), "last#0 aten::linear");
  }
}

TEST(TorchScriptTest, TheModelAndTheThreadStayAsTheyWere) {
  torch::jit::Module module = torch::jit::load(ModelPath("keeps.pt"));
  const auto frontend = FromTorchScript(module);
  ASSERT_TRUE(frontend.ok());
  at::manual_seed(7);
  const at::Tensor random_state =
      at::detail::getDefaultCPUGenerator().get_state();
  ASSERT_TRUE(torch::jit::getGraphExecutorOptimize());
  const c10::AutoGradMode grad_mode(true);
  at::Tensor first;
  for (int i = 0; i < 3; ++i) {
    const Outcome run = RunModel(**frontend, {{at::zeros({1})}, {}});
    ASSERT_TRUE(run.result.ok()) << run.result.status();
    const at::Tensor result = run.trace.result_contents[0];
    if (i == 0) first = result;
    EXPECT_TRUE(result.equal(first));
  }
  EXPECT_EQ(module.attr("counter").toTensor().item<float>(), 0);
  EXPECT_EQ(module.attr("seen").toList().size(), 1);
  EXPECT_EQ(module.attr("calls").toInt(), 0);
  EXPECT_TRUE(
      at::detail::getDefaultCPUGenerator().get_state().equal(random_state));
  EXPECT_TRUE(torch::jit::getGraphExecutorOptimize());
  EXPECT_TRUE(c10::GradMode::is_enabled());
  EXPECT_EQ(c10::ThreadLocalDebugInfo::current(), nullptr);
  EXPECT_FALSE(at::hasThreadLocalCallbacks());
}

TEST(TorchScriptTest, TheModelsOwnErrorNamesModuleAndLine) {
  const Outcome shapes = RunModel(*Load("fails.pt"), {{at::ones({2, 3})}, {}});
  EXPECT_EQ(shapes.result.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(
      std::string(shapes.result.status().message()),
      AllOf(HasSubstr("\"inner.linear\""), HasSubstr("make_test_models.py:"),
            HasSubstr("mat1 and mat2 shapes cannot be multiplied"),
            Not(HasSubstr("Exception raised from")),
            Not(HasSubstr("Traceback"))));

  const Outcome raised = RunModel(*Load("raises.pt"), {{at::ones({2})}, {}});
  EXPECT_THAT(std::string(raised.result.status().message()),
              HasSubstr("three rows, please"));

  const Outcome none = RunModel(*Load("raises.pt"), {});
  EXPECT_THAT(std::string(none.result.status().message()),
              AllOf(HasSubstr("forward()"), HasSubstr("x")));
  EXPECT_FALSE(at::hasThreadLocalCallbacks());
}

TEST(TorchScriptTest, ShapeArithmeticGivesNoWarnings) {
  const auto warnings = [](const std::string& file) {
    const Outcome run = RunModel(*Load(file), {{at::ones({2, 4})}, {}});
    auto graph = Functionalize(run.trace, {});
    EXPECT_TRUE(graph.ok()) << graph.status();
    return graph.ok() ? graph->warnings : std::vector<Report::Warning>();
  };
  EXPECT_TRUE(warnings("sizes_traced.pt").empty());
}

TEST(TorchScriptTest, BakedValuesNameTheirLine) {
  const auto frontend = Load("item.pt");
  Recorder recorder;
  const at::Tensor x = at::ones({2});
  recorder.AddInput(0, x);
  absl::StatusOr<c10::IValue> result = absl::UnknownError("not run");
  {
    Recorder::Session session(recorder);
    result = frontend->Run({{x}, {}}, recorder);
  }
  ASSERT_TRUE(result.ok()) << result.status();
  const Trace trace = recorder.Finish({result->toTensor()});
  const auto graph = Functionalize(trace, {{"x", *TypeOf(x)}});
  ASSERT_TRUE(graph.ok()) << graph.status();
  ASSERT_EQ(graph->warnings.size(), 1);
  EXPECT_EQ(graph->warnings[0].code, "baked-value");
  EXPECT_THAT(
      graph->warnings[0].source,
      HasSubstr(absl::StrCat("make_test_models.py:", MarkedLine("item"))));
}

TEST(LoadTorchScriptTest, SaysWhatAFileIsInstead) {
  EXPECT_EQ(Error(TempPath("missing.pt")).code(), absl::StatusCode::kNotFound);
  const auto message = [](const std::string& path) {
    const absl::Status status = Error(path);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(path));
    return std::string(status.message());
  };
  EXPECT_THAT(message(TempPath("")), HasSubstr("directory"));
  EXPECT_THAT(message(WriteFile("text.pt", "hello")), HasSubstr("no zip"));
  EXPECT_THAT(message(WriteFile("empty.pt", "")), HasSubstr("empty"));
  EXPECT_THAT(message(ModelPath("state_dict.pt")),
              AllOf(HasSubstr("state_dict"), HasSubstr("torch.jit.script")));
  for (const char* file : {"pickled.pt", "legacy.pt"}) {
    EXPECT_THAT(message(ModelPath(file)), AllOf(HasSubstr("pickled nn.Module"),
                                                HasSubstr("torch.jit.script")));
  }
}

TEST(LoadTorchScriptTest, BrokenFilesAreErrors) {
  const std::string whole = ReadFile(ModelPath("net.pt"));
  ASSERT_GT(whole.size(), 1000);
  for (size_t size = 4; size < whole.size(); size += whole.size() / 40) {
    const absl::Status status =
        Error(WriteFile("cut.pt", whole.substr(0, size)));
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << size << status;
  }
}

TEST(LoadTorchScriptTest, UnknownOperatorsAreNamed) {
  const absl::Status status = Error(ModelPath("unknown_operator.pt"));
  EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented) << status;
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("the operator nolib::swish,"));
}

TEST(CallableTest, FunctionsAndModules) {
  const auto function = FromCallable("Double", [](const ModelInputs& inputs) {
    return c10::IValue(inputs.args[0].toTensor() * 2);
  });
  EXPECT_EQ(function->name(), "Double");
  const Outcome run = RunModel(*function, {{at::ones({2})}, {}});
  ASSERT_TRUE(run.result.ok()) << run.result.status();
  EXPECT_THAT(CallsOf(run.trace), ElementsAre("#0 aten::mul.Scalar"));

  const auto linear = std::make_shared<torch::nn::LinearImpl>(3, 2);
  const auto module = FromModule(linear, [linear](const ModelInputs& inputs) {
    return c10::IValue(linear->forward(inputs.args[0].toTensor()));
  });
  EXPECT_EQ(module->name(), "Linear");
  ASSERT_EQ(module->state().size(), 2);
  EXPECT_EQ(module->state()[0].name, "weight");
  const Outcome failed = RunModel(*module, {{at::ones({2, 5})}, {}});
  EXPECT_EQ(failed.result.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(failed.result.status().message()),
              AllOf(HasSubstr("mat1 and mat2"),
                    Not(HasSubstr("Exception raised from"))));
  // What ran before it failed is there, what failed is not.
  EXPECT_THAT(CallsOf(failed.trace), ElementsAre("#0 aten::t"));
}

}  // namespace
}  // namespace flextorchir
