#ifndef FLEXTORCHIR_CONVERTER_DYNAMIC_CHECK_EXAMPLE_H_
#define FLEXTORCHIR_CONVERTER_DYNAMIC_CHECK_EXAMPLE_H_

#include <optional>

#include "flextorchir/converter/captured_run.h"
#include "flextorchir/converter/report.h"
#include "flextorchir/ir/graph.h"

namespace flextorchir {

// Runs the finished model, with the reference evaluator, on the inputs of a
// further run of the original, and compares what they return. Says what is not
// right: `dynamic-mismatch` (a warning), or `dynamic-unchecked` (an info) where
// the model has layers that the evaluator cannot run.
std::optional<Report::Warning> CheckExample(const Model& model,
                                            const CapturedRun& example);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_DYNAMIC_CHECK_EXAMPLE_H_
