// What a conversion costs beside writing the same bytes: seconds, and how far
// memory grows above the loaded model, stage by stage.
//
//     bazel run //benchmarks:convert
//
// Weights are not copied on their way to disk, so the stages grow by far less
// than the weights are large; `raw write` writes as many bytes with write(2).
// Each stage runs several times; the fastest counts, and its largest growth.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ATen/ATen.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "flextorchir/converter/converter.h"
#include "flextorchir/converter/frontends/torchscript.h"
#include "flextorchir/ir/serializer.h"
#include "flextorchir/tools/standard_formats.h"

namespace flextorchir {
namespace {

constexpr int kRuns = 3;
constexpr double kMiB = 1024.0 * 1024.0;

void DieUnless(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "convert: %s\n", status.ToString().c_str());
  std::exit(1);
}

// A line of /proc/self/status, in MiB.
double StatusMiB(const std::string& key) {
  std::ifstream status("/proc/self/status");
  std::string word;
  double kib = 0;
  while (status >> word) {
    if (word == key + ":" && status >> kib) return kib / 1024;
  }
  return 0;
}

struct Cost {
  double seconds = 1e9;
  double grown_mib = 0;
};

Cost Measure(const std::function<void()>& run) {
  Cost cost;
  for (int i = 0; i < kRuns; ++i) {
    // Resets the peak (proc(5)).
    std::ofstream("/proc/self/clear_refs") << "5";
    const double before = StatusMiB("VmRSS");
    const auto start = std::chrono::steady_clock::now();
    run();
    const std::chrono::duration<double> elapsed =
        std::chrono::steady_clock::now() - start;
    cost.seconds = std::min(cost.seconds, elapsed.count());
    cost.grown_mib = std::max(cost.grown_mib, StatusMiB("VmHWM") - before);
  }
  return cost;
}

void Print(const std::string& model, const std::string& stage,
           const Cost& cost) {
  std::printf("%-10s %-20s %8.3f s %9.1f MiB\n", model.c_str(), stage.c_str(),
              cost.seconds, cost.grown_mib);
  std::fflush(stdout);
}

// As many bytes as `model` has weights, from the memory they are in.
void RawWrite(const Model& model, const std::string& path) {
  const int file = open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0644);
  bool ok = file >= 0;
  for (const Weights& weights : model.weights) {
    absl::string_view rest = weights.data.data();
    while (ok && !rest.empty()) {
      const ssize_t written = write(file, rest.data(), rest.size());
      ok = written > 0;
      if (ok) rest.remove_prefix(static_cast<size_t>(written));
    }
  }
  if (!ok || close(file) != 0) {
    DieUnless(absl::UnavailableError(absl::StrCat("cannot write ", path)));
  }
}

void Run(const std::string& name, const std::string& file,
         const std::string& folder) {
  std::unique_ptr<Frontend> frontend;
  Print(name, "load", Measure([&] {
          auto loaded = LoadTorchScript(file);
          DieUnless(loaded.status());
          frontend = *std::move(loaded);
        }));
  const ModelInputs inputs{{at::randn({1, 3, 224, 224})}, {}};
  const auto convert = [&] {
    // One run, as every other tool has it.
    ConvertOptions options;
    options.probe = false;
    auto conversion = Convert(*frontend, inputs, options);
    DieUnless(conversion.status());
    return *std::move(conversion);
  };
  Print(name, "capture", Measure([&] { convert(); }));

  const Conversion conversion = convert();
  const std::string raw = folder + "/raw";
  Print(name, "raw write", Measure([&] { RawWrite(conversion.model, raw); }));
  std::filesystem::remove(raw);

  const FormatRegistry formats = StandardFormats();
  for (const Serializer* serializer : formats.serializers()) {
    const std::string format(serializer->name());
    const std::string prefix = folder + "/" + name;
    std::vector<std::string> paths;
    Print(name, "write " + format, Measure([&] {
            auto written = WriteFiles(conversion.model, {serializer}, prefix);
            DieUnless(written.status());
            paths = *std::move(written);
          }));
    const std::string graph =
        absl::StrCat(prefix, ".", serializer->extension());
    Print(name, "read " + format,
          Measure([&] { DieUnless(formats.ReadFile(graph).status()); }));
    DeserializeOptions check;
    check.check_hash = true;
    Print(name, "read+hash " + format,
          Measure([&] { DieUnless(formats.ReadFile(graph, check).status()); }));
    for (const std::string& path : paths) std::filesystem::remove(path);
  }
  int64_t bytes = 0;
  for (const Weights& weights : conversion.model.weights) {
    bytes += static_cast<int64_t>(weights.data.size());
  }
  std::printf("%-10s %-20s %10s %9.1f MiB\n\n", name.c_str(),
              "(size of weights)", "", static_cast<double>(bytes) / kMiB);
}

int Main() {
  // Else autograd keeps what each layer made, for a backward that never comes.
  at::NoGradGuard no_grad;
  std::string folder =
      (std::filesystem::temp_directory_path() / "flextorchir-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) {
    std::fprintf(stderr, "convert: cannot make %s\n", folder.c_str());
    return 1;
  }
  std::printf("%-10s %-20s %10s %13s\n", "model", "stage", "fastest",
              "memory grown");
  for (const char* model : {"resnet50", "vgg16"}) {
    Run(model, absl::StrCat("testing/models/", model, ".scripted.pt"), folder);
  }
  std::filesystem::remove_all(folder);
  return 0;
}

}  // namespace
}  // namespace flextorchir

int main() { return flextorchir::Main(); }
