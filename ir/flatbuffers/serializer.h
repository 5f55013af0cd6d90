#ifndef FLEXTORCHIR_IR_FLATBUFFERS_SERIALIZER_H_
#define FLEXTORCHIR_IR_FLATBUFFERS_SERIALIZER_H_

#include <memory>

#include "flextorchir/ir/serializer.h"

namespace flextorchir {

// The format "flatbuffers" (.ftfb): one FlatBuffer of the schema ir.fbs, file
// identifier "FTIR", beside it a safetensors file. With inline weights a file
// can have 2 GiB.
//
// Nothing of FlatBuffers is seen from outside. Who reads the tables by other
// means needs ir.fbs alone.
std::unique_ptr<Serializer> NewFlatBuffersSerializer();
std::unique_ptr<Deserializer> NewFlatBuffersDeserializer();

}  // namespace flextorchir

#endif  // FLEXTORCHIR_IR_FLATBUFFERS_SERIALIZER_H_
