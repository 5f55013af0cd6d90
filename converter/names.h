#ifndef FLEXTORCHIR_CONVERTER_NAMES_H_
#define FLEXTORCHIR_CONVERTER_NAMES_H_

#include <string>
#include <vector>

#include "absl/types/span.h"
#include "flextorchir/converter/capture/trace.h"
#include "flextorchir/converter/passes/composites.h"
#include "flextorchir/ir/graph.h"

namespace flextorchir {

// Names depend on the model alone: the same model gives the same names, however
// often and with whatever rules it is converted.

// A layer that is all that ran in a module call has the module's path
// ("layer1.0.conv1"); others have the operator's name behind it
// ("layer1.0.add", "flatten"). Names that are taken get "_1", "_2", ... in
// order. Layers must still be operator layers or composites.
void NameLayers(absl::Span<const ModuleScope> scopes,
                const LayerScopes& layer_scopes, Model* model);

// Values are named after the layer that makes them, with the name of the result
// where there are several ("pool.indices", "split:0"); values of weights after
// the weights, and inputs of bodies after the arguments of their layer.
// Constants that have no name of their own get one that is not taken.
void NameValues(absl::Span<const std::string> input_names, Model* model);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_NAMES_H_
