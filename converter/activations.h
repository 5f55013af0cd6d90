#ifndef FLEXTORCHIR_CONVERTER_ACTIVATIONS_H_
#define FLEXTORCHIR_CONVERTER_ACTIVATIONS_H_

#include <map>
#include <string>

#include "ATen/core/Tensor.h"
#include "flextorchir/converter/converter.h"

namespace flextorchir {

// The activations that a conversion kept, its inputs and outputs among them, by
// value name of graphs[0]. Only of a conversion that was not optimized: passes
// change what values are.
std::map<std::string, at::Tensor> AllActivations(const Conversion& conversion);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_ACTIVATIONS_H_
