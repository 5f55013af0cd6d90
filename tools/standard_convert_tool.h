#ifndef FLEXTORCHIR_TOOLS_STANDARD_CONVERT_TOOL_H_
#define FLEXTORCHIR_TOOLS_STANDARD_CONVERT_TOOL_H_

#include <vector>

#include "flextorchir/tools/convert_tool.h"
#include "flextorchir/tools/model_source.h"

namespace flextorchir {

// --model=FILE, for every file: a TorchScript file. The last of a list, since
// it accepts whatever is no "package.module:callable".
ModelLoader TorchScriptLoader();

// The loaders of the stock tools.
std::vector<ModelLoader> StandardLoaders();

// StandardFormats(), of which both reference IRs are the default; the standard
// rules and executors; StandardLoaders(). No default model.
ConvertTool StandardConvertTool();

}  // namespace flextorchir

#endif  // FLEXTORCHIR_TOOLS_STANDARD_CONVERT_TOOL_H_
