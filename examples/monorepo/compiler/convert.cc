// Acme's `convert`: FlexTorchIR's, with Acme's format beside the others.

#include <utility>

#include "compiler/acme_serializer.h"
#include "flextorchir/tools/command_line.h"
#include "flextorchir/tools/convert_main.h"
#include "flextorchir/tools/standard_convert_tool.h"

int main(int argc, char** argv) {
  flextorchir::ConvertTool tool = flextorchir::StandardConvertTool();
  tool.default_formats = {"acme"};
  const absl::Status added = tool.formats.Add(acme::NewAcmeSerializer());
  if (!added.ok()) return flextorchir::Fail("convert", added);
  return flextorchir::ConvertMain(argc, argv, std::move(tool));
}
