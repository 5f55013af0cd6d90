#include "flextorchir/converter/apply_rules.h"

#include <algorithm>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "flextorchir/converter/passes/graph_walk.h"
#include "flextorchir/ir/layer_set.h"
#include "flextorchir/torch_bridge/error_message.h"

namespace flextorchir {
namespace {

// What is wrong with what a rule made of a layer; empty if nothing is.
std::string WrongWith(const Layer& before, const Layer& after) {
  if (PresentValues(after.outputs) != PresentValues(before.outputs)) {
    return "it changed what the layer's outputs are";
  }
  const std::vector<ValueId> known = PresentValues(before.inputs);
  for (ValueId input : PresentValues(after.inputs)) {
    if (std::find(known.begin(), known.end(), input) == known.end()) {
      return "it reads a value that is no argument of the operator";
    }
  }
  if (after.kind.empty()) return "it left the layer without a kind";
  return std::string(CheckLayerAgainstSet(after).message());
}

absl::Status ApplyRule(const LayerConverterRegistry& registry,
                       const Model& model, const Graph& graph, Layer* layer,
                       std::string* reason) {
  const std::string op = layer->kind;
  const LayerConverter* rule = registry.FindOperator(op);
  if (rule == nullptr) {
    layer->kind = kPlaceholder;
    return absl::OkStatus();
  }
  Layer converted = *layer;
  absl::Status status;
  try {
    status = (*rule)(model, graph, converted);
  } catch (const std::exception& error) {
    status = absl::InternalError(ErrorMessage(error));
  }
  if (absl::IsUnimplemented(status)) {
    layer->kind = kPlaceholder;
    *reason = std::string(status.message());
    return absl::OkStatus();
  }
  const std::string where =
      absl::StrCat("the rule for ", op, ", at layer \"", layer->name, "\"");
  if (!status.ok()) {
    return absl::Status(status.code(),
                        absl::StrCat(where, ": ", status.message()));
  }
  if (std::string wrong = WrongWith(*layer, converted); !wrong.empty()) {
    return absl::InternalError(absl::StrCat(where, ", is not right: ", wrong));
  }
  // What the layer is called is not the rule's business; what operator it was
  // is in its source.
  converted.name = std::move(layer->name);
  if (FindLayerKind(converted.kind) != nullptr) converted.target.clear();
  *layer = std::move(converted);
  return absl::OkStatus();
}

}  // namespace

absl::Status ApplyRules(const LayerConverterRegistry& registry, Model* model,
                        PlaceholderReasons* reasons) {
  for (size_t g = 0; g < model->graphs.size(); ++g) {
    Graph& graph = model->graphs[g];
    for (size_t i = 0; i < graph.layers.size(); ++i) {
      if (!graph.layers[i].bodies.empty()) continue;  // a composite
      // A rule may drop the body of a module: its kind is no operator then.
      if (graph.layers[i].target.empty()) continue;
      std::string reason;
      absl::Status status =
          ApplyRule(registry, *model, graph, &graph.layers[i], &reason);
      if (!status.ok()) return status;
      if (!reason.empty()) {
        reasons->emplace(std::make_pair(static_cast<GraphId>(g), i),
                         std::move(reason));
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace flextorchir
