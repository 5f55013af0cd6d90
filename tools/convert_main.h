#ifndef FLEXTORCHIR_TOOLS_CONVERT_MAIN_H_
#define FLEXTORCHIR_TOOLS_CONVERT_MAIN_H_

#include "flextorchir/tools/convert_tool.h"

namespace flextorchir {

// The whole program: flags, conversion, files, report, messages. Returns the
// exit status (docs/command-line.md). The standard output gets the summary and
// the paths of what was written, the standard error the log and what is wrong.
int ConvertMain(int argc, char** argv, ConvertTool tool);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_TOOLS_CONVERT_MAIN_H_
