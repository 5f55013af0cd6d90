#include "flextorchir/converter/probe/probe.h"

#include <exception>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "flextorchir/converter/probe/perturb_inputs.h"
#include "flextorchir/torch_bridge/error_message.h"

namespace flextorchir {

absl::StatusOr<CapturedRun> RunProbe(Frontend& frontend,
                                     const ModelInputs& inputs) {
  CaptureOptions options;
  options.frames = false;  // those of the base are as good
  absl::Status failed;
  try {
    for (const Perturbation perturbation :
         {Perturbation::kStrong, Perturbation::kMild}) {
      absl::StatusOr<CapturedRun> run = CaptureRun(
          frontend, PerturbInputs(inputs, frontend.state(), perturbation),
          options);
      if (run.ok()) return run;
      failed = run.status();
    }
  } catch (const std::exception& error) {
    return absl::InternalError(ErrorMessage(error));
  }
  return failed;
}

}  // namespace flextorchir
