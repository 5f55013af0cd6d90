#ifndef FLEXTORCHIR_TORCH_BRIDGE_OPERATOR_ROWS_H_
#define FLEXTORCHIR_TORCH_BRIDGE_OPERATOR_ROWS_H_

#include "absl/types/span.h"
#include "flextorchir/torch_bridge/operator_table.h"

namespace flextorchir {

// The rows of the operator table, one file for each group of families:
// operator_rows_FAMILY.cc. Where a kind has several operators, the one that
// runs it best comes first, and one that takes a number before one that takes
// a tensor in its place: a number can stand for a tensor, not the other way
// round.
absl::Span<const OperatorRow> NeuralOperatorRows();
absl::Span<const OperatorRow> MathOperatorRows();
absl::Span<const OperatorRow> ShapeOperatorRows();
absl::Span<const OperatorRow> OtherOperatorRows();
absl::Span<const OperatorRow> QuantizedOperatorRows();

}  // namespace flextorchir

#endif  // FLEXTORCHIR_TORCH_BRIDGE_OPERATOR_ROWS_H_
