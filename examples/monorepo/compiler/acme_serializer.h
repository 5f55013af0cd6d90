#ifndef COMPILER_ACME_SERIALIZER_H_
#define COMPILER_ACME_SERIALIZER_H_

#include <memory>

#include "flextorchir/ir/serializer.h"

namespace acme {

// Writes NAME.acme, the program of Acme's accelerator, and NAME.safetensors
// with its constants. Thread-safe.
std::unique_ptr<flextorchir::Serializer> NewAcmeSerializer();

}  // namespace acme

#endif  // COMPILER_ACME_SERIALIZER_H_
