#ifndef FLEXTORCHIR_TOOLS_CONVERT_TOOL_H_
#define FLEXTORCHIR_TOOLS_CONVERT_TOOL_H_

#include <optional>
#include <string>
#include <vector>

#include "flextorchir/converter/layers/layer_converter.h"
#include "flextorchir/converter/optimize/optimize.h"
#include "flextorchir/evaluator/evaluator.h"
#include "flextorchir/ir/serializer.h"
#include "flextorchir/tools/model_source.h"

namespace flextorchir {

// What one `convert` (or `verify`) program knows. The stock one is
// StandardConvertTool();
// your own adds to it, or begins with an empty one and takes only what it
// wants:
//
//   int main(int argc, char** argv) {
//     flextorchir::ConvertTool tool = flextorchir::StandardConvertTool();
//     absl::Status status = tool.formats.Add(NewAcmeSerializer());
//     status.Update(tool.layers.AddOperator("acme::swish", "Swish"));
//     tool.default_formats = {"acme"};
//     if (!status.ok()) return flextorchir::Fail("convert", status);
//     return flextorchir::ConvertMain(argc, argv, std::move(tool));
//   }
//
// Flags of your own (ABSL_FLAG, anywhere in the program) are parsed and listed
// with the others.
struct ConvertTool {
  // How it calls itself in messages.
  std::string name = "convert";
  // What --format may name, and what --verify can read back.
  FormatRegistry formats;
  // What is written without --format; empty: every format there is.
  std::vector<std::string> default_formats;
  // The rules of --layers=standard.
  LayerConverterRegistry layers = LayerConverterRegistry::Standard();
  // What --optimize may name.
  PassRegistry passes = PassRegistry::Standard();
  // How --verify runs layers.
  ExecutorRegistry executors = ExecutorRegistry::Standard();
  // What --model may be; the first that accepts the word gets it.
  std::vector<ModelLoader> loaders;
  // Converted where no --model is given; absent: --model must be given.
  std::optional<DefaultModel> default_model;
};

}  // namespace flextorchir

#endif  // FLEXTORCHIR_TOOLS_CONVERT_TOOL_H_
