#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "flextorchir/converter/layers/layer_converter.h"
#include "flextorchir/converter/layers/standard_rules.h"
#include "flextorchir/ir/attribute.h"
#include "flextorchir/ir/dim.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/torch_bridge/operator_table.h"

namespace flextorchir {
namespace {

// The factors in the order of the dimensions, as their arguments are called.
constexpr absl::string_view kScales[] = {"scales", "scales_d", "scales_h",
                                         "scales_w"};

// Whether `size` is the input size times the factor, rounded down.
bool IsScaled(const Dim& from, double factor, const Attribute& size) {
  if (from.is_number()) {
    const double scaled = static_cast<double>(from.number()) * factor;
    return size == Attribute(static_cast<int64_t>(scaled));
  }
  // Of a symbol this shows only where nothing is rounded.
  const auto whole = static_cast<int64_t>(factor);
  return static_cast<double>(whole) == factor &&
         size == Attribute(whole == 1
                               ? from
                               : Dim::Binary(Dim::Op::kMul, from, whole));
}

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
    const Attribute::List* sizes = size == nullptr ? nullptr : size->AsList();
    if (type == nullptr || sizes == nullptr ||
        sizes->size() != factors.size() ||
        type->shape.size() != factors.size() + 2) {
      return absl::UnimplementedError(
          "a size and factors that do not belong to the same dimensions");
    }
    for (size_t i = 0; i < factors.size(); ++i) {
      const double* factor = factors[i].AsFloat();
      if (factor == nullptr ||
          !IsScaled(type->shape[i + 2], *factor, (*sizes)[i])) {
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
