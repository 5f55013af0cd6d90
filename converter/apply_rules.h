#ifndef FLEXTORCHIR_CONVERTER_APPLY_RULES_H_
#define FLEXTORCHIR_CONVERTER_APPLY_RULES_H_

#include "absl/status/status.h"
#include "flextorchir/converter/layers/layer_converter.h"
#include "flextorchir/converter/summarize.h"
#include "flextorchir/ir/graph.h"

namespace flextorchir {

// Gives every operator layer of every graph to its rule. One that has none, or
// whose rule returns kUnimplemented, becomes a Placeholder as it was captured.
// Errors: those of rules (kInternal for one that throws), and kInternal for a
// layer that a rule has broken (added values, other outputs, not what its kind
// takes); the message names the rule and the layer.
absl::Status ApplyRules(const LayerConverterRegistry& registry, Model* model,
                        PlaceholderReasons* reasons);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_APPLY_RULES_H_
