#include "flextorchir/ir/layer_set_table.h"

#include <vector>

#include "absl/types/span.h"

namespace flextorchir {

absl::Span<const LayerSetRow> LayerSetRows() {
  static const auto* const kRows = [] {
    auto* rows = new std::vector<LayerSetRow>;
    for (const absl::Span<const LayerSetRow> part :
         {NeuralLayerRows(), MathLayerRows(), ShapeLayerRows(),
          OtherLayerRows(), QuantizedLayerRows()}) {
      rows->insert(rows->end(), part.begin(), part.end());
    }
    return rows;
  }();
  return *kRows;
}

}  // namespace flextorchir
