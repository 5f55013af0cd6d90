#ifndef FLEXTORCHIR_CONVERTER_CAPTURE_CAPTURE_FOR_TEST_H_
#define FLEXTORCHIR_CONVERTER_CAPTURE_CAPTURE_FOR_TEST_H_

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "flextorchir/converter/capture/functionalize.h"
#include "flextorchir/converter/capture/recorder.h"

namespace flextorchir {

// A program under test: what it returns for its inputs.
using Program =
    std::function<std::vector<at::Tensor>(const std::vector<at::Tensor>&)>;

struct Captured {
  Trace trace;
  FunctionalGraph graph;            // values and layers have names
  std::vector<at::Tensor> results;  // of the run, as the program returned
  std::vector<std::string> codes;   // of the warnings
};

// Runs the program under a recorder and functionalises what it did. A failure
// on the way is a failure of the test.
Captured Capture(
    const Program& program, const std::vector<at::Tensor>& inputs,
    const std::vector<std::pair<std::string, at::Tensor>>& state = {},
    RecorderOptions options = {/*frames=*/false});

// The layers of the graph as text, one a line, without sources.
std::string LayersOf(const Captured& captured);

// Runs the graph on `inputs`, and the program on copies of them; empty if every
// output (results, then what was made of the inputs in place) has the same
// bits, else what differs. `state` is taken as it is now, and put back.
std::string CompareWithEager(
    const Captured& captured, const Program& program,
    const std::vector<at::Tensor>& inputs,
    const std::vector<std::pair<std::string, at::Tensor>>& state = {});

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_CAPTURE_CAPTURE_FOR_TEST_H_
