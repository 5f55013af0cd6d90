#ifndef FLEXTORCHIR_EVALUATOR_LAYER_PLACE_H_
#define FLEXTORCHIR_EVALUATOR_LAYER_PLACE_H_

#include <string>

#include "absl/strings/string_view.h"
#include "flextorchir/ir/graph.h"

namespace flextorchir {

// A layer in messages: `layer "fc" (Linear) in module "head" at net.py:12`.
std::string LayerPlace(absl::string_view name, absl::string_view kind,
                       const Source& source);

// The same; a placeholder says of what.
std::string LayerPlace(const Layer& layer);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_EVALUATOR_LAYER_PLACE_H_
