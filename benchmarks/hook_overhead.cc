// What hooking a model costs, per layer:
//
//   plain      the model alone
//   empty      with an empty at::RecordFunction callback that asks for inputs
//              and outputs: what any tool of this kind pays
//   recorder   with our recorder
//   frames     with our recorder, and the user's stack of every layer
//
// on a chain of 4-element adds (nothing but overhead), a chain of small
// convolutions, and ResNet-50. One thread. The variants of a model run in
// turns, so that a disturbance of the machine meets all of them, and the
// fastest run of each counts. Only the run is timed, not what is made of the
// record afterwards.
//
//     bazel run //benchmarks:hook_overhead

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ATen/ATen.h"
#include "ATen/Parallel.h"
#include "ATen/record_function.h"
#include "benchmark/benchmark.h"
#include "flextorchir/converter/capture/recorder.h"
#include "torch/csrc/jit/runtime/graph_executor.h"
#include "torch/script.h"

namespace flextorchir {
namespace {

enum class Hook { kPlain, kEmpty, kRecorder, kFrames };
constexpr Hook kHooks[] = {Hook::kPlain, Hook::kEmpty, Hook::kRecorder,
                           Hook::kFrames};

const char* HookName(Hook hook) {
  switch (hook) {
    case Hook::kPlain:
      return "plain";
    case Hook::kEmpty:
      return "empty";
    case Hook::kRecorder:
      return "recorder";
    case Hook::kFrames:
      return "frames";
  }
  return "";
}

// Something to run, and how many layers that is.
struct Subject {
  std::string name;
  std::function<at::Tensor()> run;
  int64_t layers = 0;
  // What the model brings along. A conversion makes it known to the recorder
  // before the run.
  std::vector<at::Tensor> state;
};

Subject AddChain() {
  const at::Tensor x = at::randn({4});
  const auto run = [x] {
    at::Tensor y = x;
    for (int i = 0; i < 1000; ++i) y = at::add(y, x);
    return y;
  };
  return {"add chain", run, 1000, {x}};
}

Subject ConvChain() {
  const at::Tensor x = at::randn({1, 8, 8, 8});
  const at::Tensor weight = at::randn({8, 8, 3, 3}) * 0.1;
  const auto run = [x, weight] {
    at::Tensor y = x;
    for (int i = 0; i < 50; ++i) {
      y = at::relu(at::conv2d(y, weight, {}, {1, 1}, {1, 1}));
    }
    return y;
  };
  return {"conv chain", run, 100, {x, weight}};
}

Subject ResNet50(const std::string& file) {
  auto module = std::make_shared<torch::jit::Module>(torch::jit::load(file));
  module->eval();
  const at::Tensor x = at::randn({1, 3, 224, 224});
  const auto run = [module, x] { return module->forward({x}).toTensor(); };
  Recorder recorder;
  {
    Recorder::Session session(recorder);
    run();
  }
  std::vector<at::Tensor> state = {x};
  for (const at::Tensor& tensor : module->parameters()) state.push_back(tensor);
  for (const at::Tensor& tensor : module->buffers()) state.push_back(tensor);
  return {"resnet50", run, recorder.num_calls(), std::move(state)};
}

double Seconds(const std::function<void()>& run) {
  const auto start = std::chrono::steady_clock::now();
  run();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
      .count();
}

double TimedRun(const Subject& subject, Hook hook) {
  const auto run = [&] { benchmark::DoNotOptimize(subject.run()); };
  if (hook == Hook::kPlain) return Seconds(run);
  if (hook == Hook::kEmpty) {
    const at::CallbackHandle handle = at::addThreadLocalCallback(
        at::RecordFunctionCallback(
            [](const at::RecordFunction&)
                -> std::unique_ptr<at::ObserverContext> { return nullptr; },
            [](const at::RecordFunction&, at::ObserverContext*) {})
            .needsInputs(true)
            .needsOutputs(true)
            .scopes({at::RecordScope::FUNCTION}));
    const double seconds = Seconds(run);
    at::removeCallback(handle);
    return seconds;
  }
  RecorderOptions options;
  options.frames = hook == Hook::kFrames;
  Recorder recorder(options);
  for (size_t i = 0; i < subject.state.size(); ++i) {
    recorder.AddState(std::to_string(i), Weights::Role::kParameter,
                      subject.state[i]);
  }
  Recorder::Session session(recorder);
  return Seconds(run);
}

// Prints what every reporter prints, and keeps the fastest run of each.
class FastestReporter : public benchmark::ConsoleReporter {
 public:
  FastestReporter() : ConsoleReporter(OO_Tabular) {}
  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const Run& run : runs) {
      if (run.run_type != Run::RT_Iteration || run.error_occurred) continue;
      const std::string name = run.run_name.function_name;
      const double seconds =
          run.real_accumulated_time /
          static_cast<double>(std::max<int64_t>(run.iterations, 1));
      const auto [place, is_new] = fastest_.try_emplace(name, seconds);
      place->second = std::min(place->second, seconds);
    }
  }
  double fastest(const std::string& name) const {
    const auto found = fastest_.find(name);
    return found == fastest_.end() ? std::numeric_limits<double>::quiet_NaN()
                                   : found->second;
  }

 private:
  std::map<std::string, double> fastest_;
};

std::string BenchmarkName(const Subject& subject, Hook hook) {
  return subject.name + "/" + HookName(hook);
}

void PrintTable(const std::vector<Subject>& subjects,
                const FastestReporter& reporter) {
  std::printf(
      "\nFastest run of each, per layer. `added` is what the hook adds to "
      "plain;\n`x empty` is that over what the empty callback adds; `of run` "
      "is "
      "that over\nthe plain run.\n\n%-12s %-10s %7s %12s %12s %8s %8s\n",
      "model", "hook", "layers", "ns a layer", "added ns", "x empty", "of run");
  for (const Subject& subject : subjects) {
    const double plain = reporter.fastest(BenchmarkName(subject, Hook::kPlain));
    const double empty =
        reporter.fastest(BenchmarkName(subject, Hook::kEmpty)) - plain;
    for (Hook hook : kHooks) {
      const double seconds = reporter.fastest(BenchmarkName(subject, hook));
      const double layers = static_cast<double>(subject.layers);
      const double added = seconds - plain;
      std::printf("%-12s %-10s %7.0f %12.0f", subject.name.c_str(),
                  HookName(hook), layers, seconds / layers * 1e9);
      if (hook == Hook::kPlain) {
        std::printf("\n");
        continue;
      }
      std::printf(" %12.0f %8.2f %7.2f%%\n", added / layers * 1e9,
                  added / empty, added / plain * 100);
    }
  }
}

int Main(int argc, char** argv) {
  std::vector<char*> arguments(argv, argv + argc);
  // Before what the user says, so that the user's word counts.
  static char interleaving[] = "--benchmark_enable_random_interleaving=true";
  static char repetitions[] = "--benchmark_repetitions=15";
  static char min_time[] = "--benchmark_min_time=0.02";
  arguments.insert(arguments.begin() + 1,
                   {interleaving, repetitions, min_time});
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  if (count > 2) {
    std::fprintf(stderr, "hook_overhead: unknown argument %s\n", arguments[1]);
    return 1;
  }
  const std::string file =
      count == 2 ? arguments[1] : "testing/models/resnet50.scripted.pt";

  at::set_num_threads(1);
  at::NoGradGuard no_grad;
  torch::jit::setGraphExecutorOptimize(false);
  std::vector<Subject> subjects;
  subjects.push_back(AddChain());
  subjects.push_back(ConvChain());
  subjects.push_back(ResNet50(file));

  for (const Subject& subject : subjects) {
    subject.run();
    for (Hook hook : kHooks) {
      benchmark::RegisterBenchmark(
          BenchmarkName(subject, hook).c_str(),
          [&subject, hook](benchmark::State& state) {
            for (auto _ : state) {
              state.SetIterationTime(TimedRun(subject, hook));
            }
          })
          ->UseManualTime();
    }
  }
  FastestReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  PrintTable(subjects, reporter);
  return 0;
}

}  // namespace
}  // namespace flextorchir

int main(int argc, char** argv) {
  try {
    return flextorchir::Main(argc, argv);
  } catch (const c10::Error& error) {
    std::fprintf(stderr, "hook_overhead: %s\n", error.what_without_backtrace());
    return 1;
  }
}
