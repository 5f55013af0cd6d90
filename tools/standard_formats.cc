#include "flextorchir/tools/standard_formats.h"

#include "flextorchir/ir/flatbuffers/serializer.h"
#include "flextorchir/ir/proto/serializer.h"
#include "flextorchir/ir/text_format.h"

namespace flextorchir {

FormatRegistry StandardFormats() {
  FormatRegistry registry;
  // An empty registry takes them: their names and extensions differ.
  registry.Add(NewProtobufSerializer()).IgnoreError();
  registry.Add(NewProtobufDeserializer()).IgnoreError();
  registry.Add(NewFlatBuffersSerializer()).IgnoreError();
  registry.Add(NewFlatBuffersDeserializer()).IgnoreError();
  registry.Add(NewTextSerializer()).IgnoreError();
  registry.Add(NewTextDeserializer()).IgnoreError();
  return registry;
}

}  // namespace flextorchir
