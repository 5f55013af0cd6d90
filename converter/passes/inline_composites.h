#ifndef FLEXTORCHIR_CONVERTER_PASSES_INLINE_COMPOSITES_H_
#define FLEXTORCHIR_CONVERTER_PASSES_INLINE_COMPOSITES_H_

#include <functional>

#include "flextorchir/ir/graph.h"

namespace flextorchir {

// Dissolves composites: each layer that has a body "body" and for which `which`
// says so gives way to the layers of that body, in every graph and to any
// depth. Null: those whose kind the layer set does not know.
//
// The model must have passed `Verify`, and passes it afterwards; it computes
// the same. Values that the composite returned keep their names, and so do
// layers and values from its body unless another has the name.
void InlineComposites(Model* model,
                      const std::function<bool(const Layer&)>& which = nullptr);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_PASSES_INLINE_COMPOSITES_H_
