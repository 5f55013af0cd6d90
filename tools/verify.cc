// The stock `verify`; see verify_main.h.

#include "flextorchir/tools/standard_convert_tool.h"
#include "flextorchir/tools/verify_main.h"

int main(int argc, char** argv) {
  return flextorchir::VerifyMain(argc, argv,
                                 flextorchir::StandardConvertTool());
}
