#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "flextorchir/converter/layers/layer_converter.h"
#include "flextorchir/converter/layers/standard_rules.h"
#include "flextorchir/ir/attribute.h"
#include "flextorchir/ir/graph.h"

namespace flextorchir {
namespace {

// An empty stride means the size of the window.
absl::Status ConvertPool(const Model& model, const Graph& graph, Layer& layer) {
  const absl::Status status = ApplyOperatorTable(model, graph, layer);
  if (!status.ok()) return status;
  const auto stride = layer.attributes.find("stride");
  const auto kernel_size = layer.attributes.find("kernel_size");
  if (stride != layer.attributes.end() &&
      kernel_size != layer.attributes.end() &&
      stride->second.AsList() != nullptr && stride->second.AsList()->empty()) {
    stride->second = kernel_size->second;
  }
  return absl::OkStatus();
}

}  // namespace

void AddPoolingRules(LayerConverterRegistry& registry) {
  for (const absl::string_view dimensions : {"1d", "2d", "3d"}) {
    for (const absl::string_view op :
         {absl::StrCat("aten::avg_pool", dimensions),
          absl::StrCat("aten::max_pool", dimensions),
          absl::StrCat("aten::max_pool", dimensions, "_with_indices")}) {
      registry.AddOperator(op, ConvertPool).IgnoreError();
    }
  }
}

}  // namespace flextorchir
