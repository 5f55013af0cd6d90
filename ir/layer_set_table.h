#ifndef FLEXTORCHIR_IR_LAYER_SET_TABLE_H_
#define FLEXTORCHIR_IR_LAYER_SET_TABLE_H_

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "flextorchir/ir/layer_set.h"

namespace flextorchir {

// The rows of the layer set, apart from the code that reads them. To add a
// layer, add a row; nothing else of this folder changes. `layer_set_test`
// checks every row, and then asks for docs/layers.md to be made anew.
struct LayerSetRow {
  const char* signature;  // see layer_set.h
  Family family;
  int64_t since;          // the version of the layer set that first had it
  const char* reference;  // the function of torch that says what it computes
  const char* summary;    // one sentence
};

// All rows, in the order in which docs/layers.md lists them within a family.
absl::Span<const LayerSetRow> LayerSetRows();

// Its parts, each in a file of its own: layer_set_table_neural.cc, ...
absl::Span<const LayerSetRow> NeuralLayerRows();
absl::Span<const LayerSetRow> MathLayerRows();
absl::Span<const LayerSetRow> ShapeLayerRows();
absl::Span<const LayerSetRow> OtherLayerRows();
absl::Span<const LayerSetRow> QuantizedLayerRows();

// The row, read. Errors: kInvalidArgument with the row's signature and what is
// wrong with it.
absl::StatusOr<LayerKind> ParseLayerSetRow(const LayerSetRow& row);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_IR_LAYER_SET_TABLE_H_
