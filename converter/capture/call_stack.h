#ifndef FLEXTORCHIR_CONVERTER_CAPTURE_CALL_STACK_H_
#define FLEXTORCHIR_CONVERTER_CAPTURE_CALL_STACK_H_

#include <memory>
#include <vector>

#include "flextorchir/ir/graph.h"

namespace torch {
struct CapturedTraceback;
}  // namespace torch
namespace torch::jit {
struct StackEntry;
}  // namespace torch::jit

namespace flextorchir {

// The Python and TorchScript stack at one moment, kept cheaply: names are
// looked up later, for all stacks together.
struct CallStack {
  std::shared_ptr<torch::CapturedTraceback> python;
  std::shared_ptr<std::vector<torch::jit::StackEntry>> script;

  static CallStack Here();
};

// The user's frames of each stack, innermost first: frames inside the torch
// package are left out where there are others. Files are as the interpreter (or
// the source map in a TorchScript file) names them.
std::vector<std::vector<Source::Frame>> Symbolize(
    const std::vector<CallStack>& stacks);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_CAPTURE_CALL_STACK_H_
