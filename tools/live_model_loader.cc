#include "flextorchir/tools/live_model_loader.h"

#include <errno.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "flextorchir/python/embedded.h"
#include "flextorchir/tools/command_line.h"

ABSL_FLAG(
    std::vector<std::string>, import, {},
    "Python packages that are imported before the model is loaded, for the "
    "operators\nthat they bring: torchvision,...");

namespace flextorchir {
namespace {

absl::StatusOr<std::unique_ptr<Frontend>> Load(absl::string_view spec) {
  const std::string program = program_invocation_name;
  const absl::StatusOr<std::string> plugin =
      DataPath(program, "flextorchir/python/live_plugin.so");
  if (!plugin.ok()) return plugin.status();
  const absl::StatusOr<std::string> source =
      DataPath(program, "flextorchir/python/flextorchir/_live.py");
  if (!source.ok()) return source.status();
  LiveModelRequest request;
  request.spec = std::string(spec);
  request.package_folder = SplitPath(SplitPath(*source).first).first;
  request.search_path = {CallerPath(".")};
  request.imports = absl::GetFlag(FLAGS_import);
  return LoadLiveModel(std::move(request), *plugin);
}

}  // namespace

bool NamesLiveModel(absl::string_view word) {
  const size_t colon = word.find(':');
  if (colon == absl::string_view::npos || colon == 0) return false;
  for (char c : word.substr(0, colon)) {
    if (!absl::ascii_isalnum(c) && c != '_' && c != '.') return false;
  }
  return true;
}

absl::Status ImportPackages() {
  if (absl::GetFlag(FLAGS_import).empty()) return absl::OkStatus();
  const absl::Status status = Load("").status();
  if (status.ok()) return status;
  return absl::Status(
      status.code(),
      absl::StrCat("--import=", absl::StrJoin(absl::GetFlag(FLAGS_import), ","),
                   ": ", status.message()));
}

ModelLoader LiveModelLoader() {
  ModelLoader loader;
  loader.word_help = "PACKAGE.MODULE:CALLABLE";
  loader.help = "a live Python model: torchvision.models:resnet50, my:Net(n=8)";
  loader.accepts = NamesLiveModel;
  loader.load = Load;
  loader.load_operators = ImportPackages;
  return loader;
}

}  // namespace flextorchir
