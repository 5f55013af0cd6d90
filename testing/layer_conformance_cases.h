#ifndef FLEXTORCHIR_TESTING_LAYER_CONFORMANCE_CASES_H_
#define FLEXTORCHIR_TESTING_LAYER_CONFORMANCE_CASES_H_

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace flextorchir {

// One call of an operator, as an operator layer of the text form. Arguments
// that are not given have the schema's defaults. The tensors that there are
// stand in layer_conformance_test.cc.
struct LayerCase {
  absl::string_view op;         // "aten::conv2d"
  absl::string_view kind;       // what it becomes
  absl::string_view arguments;  // "(input=%x, weight=%w) {groups=1}"
};

// Calls that need more than what can be made up from the schema, and options
// that change numbers: layer_conformance_FAMILY.cc, as the layer set is split.
absl::Span<const LayerCase> NeuralLayerCases();
absl::Span<const LayerCase> MathLayerCases();
absl::Span<const LayerCase> ShapeLayerCases();
absl::Span<const LayerCase> OtherLayerCases();
absl::Span<const LayerCase> QuantizedLayerCases();

}  // namespace flextorchir

#endif  // FLEXTORCHIR_TESTING_LAYER_CONFORMANCE_CASES_H_
