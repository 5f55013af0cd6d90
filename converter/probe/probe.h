#ifndef FLEXTORCHIR_CONVERTER_PROBE_PROBE_H_
#define FLEXTORCHIR_CONVERTER_PROBE_PROBE_H_

#include "absl/status/statusor.h"
#include "flextorchir/converter/captured_run.h"
#include "flextorchir/converter/frontends/frontend.h"

namespace flextorchir {

// Runs the model on the same arguments with other numbers (PerturbInputs), from
// the same state and the same random numbers. If it does not take them it gets
// some that differ less.
// Errors: what the model says of the latter.
absl::StatusOr<CapturedRun> RunProbe(Frontend& frontend,
                                     const ModelInputs& inputs);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_PROBE_PROBE_H_
