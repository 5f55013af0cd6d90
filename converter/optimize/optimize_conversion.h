#ifndef FLEXTORCHIR_CONVERTER_OPTIMIZE_OPTIMIZE_CONVERSION_H_
#define FLEXTORCHIR_CONVERTER_OPTIMIZE_OPTIMIZE_CONVERSION_H_

#include "ATen/core/ivalue.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "flextorchir/converter/converter.h"
#include "flextorchir/converter/optimize/optimize.h"
#include "flextorchir/evaluator/compare.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/serializer.h"

namespace flextorchir {

// Optimizes the model of a conversion, and makes its report speak of what it
// has become: layers, weights, multiply-accumulates, and what `targets` (those
// of ConvertOptions) cannot express of it. Inputs, outputs and activations are
// still what the original was given and computed.
// Errors: as `Optimize`; the conversion is then as it was.
absl::StatusOr<Optimization> OptimizeConversion(
    Conversion* conversion, const OptimizeOptions& options = {},
    absl::Span<const Serializer* const> targets = {});

// Whether an output of a model that was not rewritten exactly is as near to the
// `expected` one as OptimizationTolerance says. `difference` is that of the
// two.
bool IsNearEnough(const Model& model, const c10::IValue& expected,
                  const Difference& difference);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_OPTIMIZE_OPTIMIZE_CONVERSION_H_
