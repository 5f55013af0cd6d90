// A company's own `convert`, for convert_test: a format of its own that can
// only be written, a kind of its own, and how to run it.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "ATen/core/ivalue.h"
#include "ATen/ops/mul.h"
#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/serializer.h"
#include "flextorchir/tools/command_line.h"
#include "flextorchir/tools/convert_main.h"
#include "flextorchir/tools/standard_convert_tool.h"

ABSL_FLAG(bool, wrong, false, "Run AcmeFlatten wrongly.");

namespace flextorchir {
namespace {

// One line a layer.
class AcmeSerializer : public Serializer {
 public:
  absl::string_view name() const override { return "acme"; }
  absl::string_view extension() const override { return "acme"; }
  absl::string_view description() const override { return "Acme's layers"; }
  bool uses_weights_file() const override { return false; }

  absl::Status Write(const Model& model, absl::string_view stem,
                     const SerializeOptions&, Sink& sink) const override {
    auto file = sink.Create(absl::StrCat(stem, ".acme"));
    if (!file.ok()) return file.status();
    std::string text;
    for (const Layer& layer : model.main().layers) {
      absl::StrAppend(&text, layer.kind, " ", layer.name, "\n");
    }
    return (*file)->Append(text);
  }
};

absl::StatusOr<std::vector<c10::IValue>> RunFlatten(
    const LayerArguments& arguments) {
  auto input = arguments.Get("self");
  if (!input.ok()) return input.status();
  const at::Tensor flat = input->toTensor().flatten(1);
  const double factor = absl::GetFlag(FLAGS_wrong) ? 2 : 1;
  return std::vector<c10::IValue>{at::mul(flat, factor)};
}

}  // namespace
}  // namespace flextorchir

int main(int argc, char** argv) {
  flextorchir::ConvertTool tool = flextorchir::StandardConvertTool();
  tool.name = "acme";
  tool.default_formats = {"acme"};
  absl::Status status =
      tool.formats.Add(std::make_unique<flextorchir::AcmeSerializer>());
  status.Update(tool.layers.AddOperator("aten::flatten", "AcmeFlatten"));
  status.Update(tool.executors.Add("AcmeFlatten", flextorchir::RunFlatten));
  if (!status.ok()) return flextorchir::Fail(tool.name, status);
  return flextorchir::ConvertMain(argc, argv, std::move(tool));
}
