#ifndef FLEXTORCHIR_TOOLS_LIVE_MODEL_LOADER_H_
#define FLEXTORCHIR_TOOLS_LIVE_MODEL_LOADER_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "flextorchir/tools/model_source.h"

namespace flextorchir {

// --model=package.module:callable, or ...:callable(num_classes=10): a live
// torch.nn.Module, or what makes one. Python is opened when a model asks for
// it, and not before; packages are those of the Python that torch was found in,
// and those in the caller's directory.
ModelLoader LiveModelLoader();

// Whether the word names a live model, and no file.
bool NamesLiveModel(absl::string_view word);

// Imports the packages of --import, whose operators a file may need.
// Errors: Python's own, naming the flag.
absl::Status ImportPackages();

}  // namespace flextorchir

#endif  // FLEXTORCHIR_TOOLS_LIVE_MODEL_LOADER_H_
