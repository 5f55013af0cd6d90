#ifndef FLEXTORCHIR_CONVERTER_LAYERS_STANDARD_RULES_H_
#define FLEXTORCHIR_CONVERTER_LAYERS_STANDARD_RULES_H_

#include "absl/status/status.h"
#include "flextorchir/converter/layers/layer_converter.h"
#include "flextorchir/ir/graph.h"

namespace flextorchir {

// The rules of LayerConverterRegistry::Standard(): the rows of the operator
// table (torch_bridge/operator_table.h), and code where a row cannot say it.
void AddStandardRules(LayerConverterRegistry& registry);

// Makes an operator layer one of the layer set, by the first row of the
// operator table that holds for it:
//  * arguments get the layer's names; the kind's inputs stand first, in the
//    order of its signature, then computed attributes;
//  * every attribute is spelt out, also where it equals the default of the
//    kind; only what is none is left out;
//  * lists are lists: one number for all dimensions is repeated;
//  * a dtype that the operator left to torch's default is the result's;
//  * outputs get the kind's names, in order.
// The result has passed CheckLayerAgainstSet.
// Errors: kUnimplemented, with what stands in the way; the layer is unchanged.
absl::Status ApplyOperatorTable(const Model& model, const Graph& graph,
                                Layer& layer);

// Rules for the families that need code, and for modules that stay one layer.
void AddAttentionRules(LayerConverterRegistry& registry);
void AddPoolingRules(LayerConverterRegistry& registry);
void AddUpsampleRules(LayerConverterRegistry& registry);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_LAYERS_STANDARD_RULES_H_
