#ifndef FLEXTORCHIR_CONVERTER_PASSES_COMPOSITES_H_
#define FLEXTORCHIR_CONVERTER_PASSES_COMPOSITES_H_

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "flextorchir/converter/capture/functionalize.h"
#include "flextorchir/converter/layers/layer_converter.h"
#include "flextorchir/ir/graph.h"

namespace flextorchir {

// Which module calls become one layer each.
struct CompositeOptions {
  // Module paths ("layer1.0") or class names, qualified or the last part alone.
  std::vector<std::string> blackbox;
  // Its module rules apply. Null: none.
  const LayerConverterRegistry* registry = nullptr;
  // The plain attributes of the module at a path. Null: none are known.
  std::function<std::map<std::string, Attribute>(const std::string& path)>
      attributes;
};

// By module call: whether something asks for it to be one layer.
struct ChosenScopes {
  std::vector<bool> blackbox;
  std::vector<const LayerConverter*> rules;  // null where there is none
  // What the module's own attributes are; empty where nothing is chosen.
  std::vector<std::map<std::string, Attribute>> attributes;
  bool Any(ScopeId scope) const {
    return blackbox[scope] || rules[scope] != nullptr;
  }
  // Whether the call, or one around it, is chosen.
  bool Within(absl::Span<const ModuleScope> scopes, ScopeId scope) const;
};

// A name in `blackbox` that is no module's is a row of the report.
ChosenScopes ChooseScopes(absl::Span<const ModuleScope> scopes,
                          const CompositeOptions& options,
                          std::vector<Report::Warning>* warnings);

// By graph and layer: the module call a layer belongs to (a composite: the one
// it stands for).
using LayerScopes = std::vector<std::vector<ScopeId>>;

// Turns each chosen module call of graphs[0] into one layer, innermost first:
//  * its inputs are what the operators inside read and others made, in the
//    order of the first read ("input", or "input_0", "input_1", ...);
//    parameters have their names within the module;
//  * its outputs are what others read of it, in the order in which it was made
//    ("output", or "output_0", ...);
//  * its attributes are the module's plain ones, but for those that have the
//    name of an input;
//  * its operators are the body graph "body", which is closed.
// Then the rule of its class, if there is one, makes a typed layer of it. A
// rule that returns kUnimplemented leaves the operators as they were, unless
// the module was also asked for by name.
//
// Calls without operators, and those whose operators cannot be brought together
// (others ran in between that both need them and are needed by them), stay as
// they are; the report says so.
// Errors: those of rules, and kInternal for a layer that a rule has broken.
absl::StatusOr<LayerScopes> CutComposites(absl::Span<const ModuleScope> scopes,
                                          const ChosenScopes& chosen,
                                          FunctionalGraph* graph);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_PASSES_COMPOSITES_H_
