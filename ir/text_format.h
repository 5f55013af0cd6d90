#ifndef FLEXTORCHIR_IR_TEXT_FORMAT_H_
#define FLEXTORCHIR_IR_TEXT_FORMAT_H_

#include <memory>

#include "flextorchir/ir/serializer.h"

namespace flextorchir {

// The format "text" (.fttxt): the text form of a model (text.h) and, beside it,
// a safetensors file, which a comment in the first line names, so that the file
// as it is can be given to `ParseText`:
//
//   // weights_file "net.safetensors" 102400 xxh3 2e67a4a6367361c0
//   flextorchir 1 layer_set 1
//   ...
//
// The numbers are the size of the file and the XXH3-64 of all of it. With
// inline weights their bytes stand in the text, as hexadecimal digits.
std::unique_ptr<Serializer> NewTextSerializer();
std::unique_ptr<Deserializer> NewTextDeserializer();

}  // namespace flextorchir

#endif  // FLEXTORCHIR_IR_TEXT_FORMAT_H_
