// The stock `convert`: both reference IRs, the text form, TorchScript files.
// A company's own is as short; see convert_main.h.

#include <utility>

#include "flextorchir/tools/convert_main.h"
#include "flextorchir/tools/standard_convert_tool.h"

int main(int argc, char** argv) {
  flextorchir::ConvertTool tool = flextorchir::StandardConvertTool();
  tool.default_model = {
      /*data=*/"flextorchir/testing/models/resnet50.scripted.pt",
      /*inputs=*/"1x3x224x224", /*name=*/"resnet50"};
  return flextorchir::ConvertMain(argc, argv, std::move(tool));
}
