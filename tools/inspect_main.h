#ifndef FLEXTORCHIR_TOOLS_INSPECT_MAIN_H_
#define FLEXTORCHIR_TOOLS_INSPECT_MAIN_H_

#include "flextorchir/ir/serializer.h"

namespace flextorchir {

// The whole program `inspect`, for the files of `formats` and for safetensors
// files. Needs no LibTorch. Returns the exit status.
int InspectMain(int argc, char** argv, const FormatRegistry& formats);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_TOOLS_INSPECT_MAIN_H_
