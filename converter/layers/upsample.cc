#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "flextorchir/converter/layers/layer_converter.h"
#include "flextorchir/converter/layers/standard_rules.h"
#include "flextorchir/ir/attribute.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/torch_bridge/operator_table.h"

namespace flextorchir {
namespace {

// The factors in the order of the dimensions, as their arguments are called.
constexpr absl::string_view kScales[] = {"scales", "scales_d", "scales_h",
                                         "scales_w"};

// The operators without `.vec` take the size and the factors that it was
// computed from. With those factors the `.vec` ones compute the same size, so
// that the factors say it all; where they do not, no layer says both.
absl::Status ConvertUpsample(const Model& model, const Graph& graph,
                             Layer& layer) {
  Attribute::List factors;
  Layer changed = layer;
  for (const absl::string_view name : kScales) {
    const auto found = changed.attributes.find(std::string(name));
    if (found == changed.attributes.end()) continue;
    factors.push_back(found->second);
    found->second = Attribute();
  }
  bool any = false;
  for (const Attribute& factor : factors) any |= !factor.is_none();
  if (any) {
    const ValueId input = layer.Input("self");
    const Attribute* size = layer.FindAttribute("output_size");
    const TensorType* type =
        input == kAbsent ? nullptr : graph.value(input).tensor();
    const std::optional<std::vector<int64_t>> sizes =
        size == nullptr ? std::nullopt : size->AsInts();
    if (type == nullptr || !sizes.has_value() ||
        sizes->size() != factors.size() ||
        type->shape.size() != factors.size() + 2) {
      return absl::UnimplementedError(
          "a size and factors that do not belong to the same dimensions");
    }
    for (size_t i = 0; i < factors.size(); ++i) {
      const double* factor = factors[i].AsFloat();
      const Dim& from = type->shape[i + 2];
      if (factor == nullptr || !from.is_number() ||
          static_cast<int64_t>(static_cast<double>(from.number()) * *factor) !=
              (*sizes)[i]) {
        return absl::UnimplementedError(
            "an output size that is not the input size times the factors");
      }
    }
  }
  const absl::Status status = ApplyOperatorTable(model, graph, changed);
  if (!status.ok()) return status;
  if (any) {
    changed.attributes.erase("size");
    changed.attributes["scale_factor"] = std::move(factors);
  }
  layer = std::move(changed);
  return absl::OkStatus();
}

}  // namespace

void AddUpsampleRules(LayerConverterRegistry& registry) {
  for (const OperatorBinding* binding : BindingsOfKind("Upsample")) {
    if (absl::string_view(binding->op).find(".vec") ==
        absl::string_view::npos) {
      registry.AddOperator(binding->op, ConvertUpsample).IgnoreError();
    }
  }
}

}  // namespace flextorchir
