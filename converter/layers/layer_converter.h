#ifndef FLEXTORCHIR_CONVERTER_LAYERS_LAYER_CONVERTER_H_
#define FLEXTORCHIR_CONVERTER_LAYERS_LAYER_CONVERTER_H_

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "flextorchir/ir/graph.h"

namespace flextorchir {

// Turns one captured operator, or one module that is kept as a single layer,
// into a layer of the target's vocabulary.
//
// `layer` comes as captured and is changed in place: an operator layer holds
// all arguments under the schema's names (see kPlaceholder in graph.h), a
// module layer holds the values that flow in, its parameters as inputs and its
// plain attributes as attributes, and its operators as the body graph "body". A
// rule sets `kind` and renames, drops and normalises arguments. It may not add
// values or change what the outputs are: a layer stands for exactly what ran.
// `graph` and `model` give the types of values.
//
// A rule that returns kUnimplemented leaves the operator a Placeholder, with
// the message in the report; any other error ends the conversion.
using LayerConverter = std::function<absl::Status(
    const Model& model, const Graph& graph, Layer& layer)>;

// The rules of one conversion: an instance, filled once, then only read.
//
//   LayerConverterRegistry registry = LayerConverterRegistry::Standard();
//   registry.AddOperator("mylib::swish", "Swish");  // same arguments
//   registry.AddOperator("aten::conv2d", [](const Model&, const Graph& graph,
//                                           Layer& layer) { ... });
//   registry.AddModule("mylib.nn.SoftArgMax", "SoftArgMax");
class LayerConverterRegistry {
 public:
  LayerConverterRegistry() = default;
  // The rules for the standard layer set. Rules added afterwards go before
  // these.
  static LayerConverterRegistry Standard();

  // `op` is an operator with all its overloads ("aten::add") or one of them
  // ("aten::add.Tensor", which goes first).
  // Errors: kAlreadyExists if a rule for it was added before (replacing a
  // standard rule is no error), kInvalidArgument for names without "::".
  absl::Status AddOperator(absl::string_view op, LayerConverter converter);
  // Only the kind changes; arguments keep the schema's names, and the evaluator
  // runs the operator.
  absl::Status AddOperator(absl::string_view op, absl::string_view kind);

  // By qualified class name ("torch.nn.LSTM"), or its last part where that is
  // unambiguous to the user ("LSTM"). The module becomes one layer.
  absl::Status AddModule(absl::string_view module_class,
                         LayerConverter converter);
  absl::Status AddModule(absl::string_view module_class,
                         absl::string_view kind);

  // Null if there is no rule.
  const LayerConverter* FindOperator(absl::string_view op) const;
  const LayerConverter* FindModule(absl::string_view module_class) const;

 private:
  struct Rule {
    LayerConverter converter;
    bool standard = false;
  };
  std::map<std::string, Rule, std::less<>> operators_;
  std::map<std::string, Rule, std::less<>> modules_;
  bool adding_standard_ = false;
};

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_LAYERS_LAYER_CONVERTER_H_
