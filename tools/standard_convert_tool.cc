#include "flextorchir/tools/standard_convert_tool.h"

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "flextorchir/converter/frontends/torchscript.h"
#include "flextorchir/tools/live_model_loader.h"
#include "flextorchir/tools/standard_formats.h"

namespace flextorchir {

ModelLoader TorchScriptLoader() {
  ModelLoader loader;
  loader.word_help = "FILE.pt";
  loader.help = "a TorchScript file, scripted or traced";
  loader.is_file = true;
  loader.accepts = [](absl::string_view word) { return !NamesLiveModel(word); };
  loader.load =
      [](absl::string_view path) -> absl::StatusOr<std::unique_ptr<Frontend>> {
    if (absl::Status status = ImportPackages(); !status.ok()) return status;
    return LoadTorchScript(path);
  };
  return loader;
}

std::vector<ModelLoader> StandardLoaders() {
  return {LiveModelLoader(), TorchScriptLoader()};
}

ConvertTool StandardConvertTool() {
  ConvertTool tool;
  tool.formats = StandardFormats();
  tool.default_formats = {"protobuf", "flatbuffers"};
  tool.loaders = StandardLoaders();
  return tool;
}

}  // namespace flextorchir
