#ifndef FLEXTORCHIR_IR_PROTO_SERIALIZER_H_
#define FLEXTORCHIR_IR_PROTO_SERIALIZER_H_

#include <memory>

#include "flextorchir/ir/serializer.h"

namespace flextorchir {

// The format "protobuf" (.ftpb): one message of the schema ir.proto, beside it
// a safetensors file. With inline weights a file can have 2 GiB.
//
// Nothing of Protocol Buffers is seen from outside. Who reads the messages by
// other means needs ir.proto alone.
std::unique_ptr<Serializer> NewProtobufSerializer();
std::unique_ptr<Deserializer> NewProtobufDeserializer();

}  // namespace flextorchir

#endif  // FLEXTORCHIR_IR_PROTO_SERIALIZER_H_
