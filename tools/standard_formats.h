#ifndef FLEXTORCHIR_TOOLS_STANDARD_FORMATS_H_
#define FLEXTORCHIR_TOOLS_STANDARD_FORMATS_H_

#include "flextorchir/ir/serializer.h"

namespace flextorchir {

// The formats of FlexTorchIR, to be written and to be read: protobuf,
// flatbuffers, text.
FormatRegistry StandardFormats();

}  // namespace flextorchir

#endif  // FLEXTORCHIR_TOOLS_STANDARD_FORMATS_H_
