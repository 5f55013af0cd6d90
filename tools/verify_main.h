#ifndef FLEXTORCHIR_TOOLS_VERIFY_MAIN_H_
#define FLEXTORCHIR_TOOLS_VERIFY_MAIN_H_

#include "flextorchir/tools/convert_tool.h"

namespace flextorchir {

// The whole program `verify`: runs a file of one of the tool's formats and the
// model that it was made of on the same inputs, and compares. Returns the exit
// status.
int VerifyMain(int argc, char** argv, const ConvertTool& tool);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_TOOLS_VERIFY_MAIN_H_
