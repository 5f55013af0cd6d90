#ifndef FLEXTORCHIR_EVALUATOR_COMPARE_H_
#define FLEXTORCHIR_EVALUATOR_COMPARE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ATen/core/ivalue.h"
#include "absl/status/statusor.h"
#include "flextorchir/evaluator/evaluator.h"
#include "flextorchir/ir/graph.h"

namespace flextorchir {

// How two tensors (or numbers) differ.
struct Difference {
  bool identical = false;   // dtype, shape and every bit
  std::string mismatch;     // another dtype or shape: says which; else empty
  double max_absolute = 0;  // over elements that are finite in both
  double max_relative = 0;
  int64_t elements = 0;   // compared
  int64_t differing = 0;  // bits differ
  // Of these, how many are not finite in one or in both: not in the maxima.
  int64_t non_finite = 0;
  std::string ToString() const;
};
Difference Compare(const c10::IValue& expected, const c10::IValue& actual);

// The first layer whose results are not what was recorded.
struct Divergence {
  std::string layer;  // its name
  std::string kind;
  std::string value;  // the first differing value
  Source source;
  Difference difference;
  bool inputs_identical = true;  // false: an input with no recording differs
};

struct Comparison {
  bool identical = false;
  std::vector<Difference> outputs;             // of graphs[0], in order
  std::optional<Divergence> first_divergence;  // if activations were given
  std::string ToString() const;
};

// Runs `model` on `inputs` and compares its outputs with `expected`, bit for
// bit. `activations` (value name of graphs[0] -> recorded content; may be empty
// or partial) are compared layer by layer if the outputs differ.
// Errors: those of the evaluator.
absl::StatusOr<Comparison> CompareWithModel(
    const Model& model, const std::vector<c10::IValue>& inputs,
    const std::vector<c10::IValue>& expected,
    const std::map<std::string, at::Tensor>& activations = {},
    EvaluatorOptions options = {});

}  // namespace flextorchir

#endif  // FLEXTORCHIR_EVALUATOR_COMPARE_H_
