#ifndef FLEXTORCHIR_CONVERTER_CAPTURED_RUN_H_
#define FLEXTORCHIR_CONVERTER_CAPTURED_RUN_H_

#include <string>
#include <vector>

#include "ATen/core/Tensor.h"
#include "ATen/core/ivalue.h"
#include "absl/status/statusor.h"
#include "flextorchir/converter/capture/functionalize.h"
#include "flextorchir/converter/capture/trace.h"
#include "flextorchir/converter/frontends/frontend.h"
#include "flextorchir/ir/graph.h"

namespace flextorchir {

struct CaptureOptions {
  // Record the user's stack frames.
  bool frames = true;
  // Keep the content of every value: `CapturedRun::contents`.
  bool keep_contents = false;
};

// One run of a model: what executed, and the graph without mutation that was
// made of it. The base run, from which the model of the IR is made, is one; so
// is each further run that it is compared with.
struct CapturedRun {
  // How the arguments and the result are put together; their leaves are the
  // inputs of graphs[0], and its outputs without the state.
  Structure input_structure;
  Structure output_structure;
  std::vector<std::string> input_names;  // by leaf
  // The leaves of the arguments. They are the caller's own tensors.
  std::vector<at::Tensor> inputs;
  // What the run left in the outputs of graphs[0], in their order: the model's
  // results, then what it made of its state and inputs. Detached.
  std::vector<at::Tensor> outputs;
  // `result_contents` are in `outputs`, and no longer here.
  Trace trace;
  FunctionalGraph functional;
  // With keep_contents: by value of graphs[0]; undefined where it is not known.
  std::vector<at::Tensor> contents;
};

// Runs the model once under a recorder, puts back what it changed, and makes
// the graph.
// Errors: kInvalidArgument when the model itself fails on these inputs (its own
// message, with the module path), kUnimplemented for arguments and results that
// the IR has no type for.
absl::StatusOr<CapturedRun> CaptureRun(Frontend& frontend,
                                       const ModelInputs& inputs,
                                       const CaptureOptions& options = {});

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_CAPTURED_RUN_H_
