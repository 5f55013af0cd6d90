#ifndef FLEXTORCHIR_EVALUATOR_COMPARE_H_
#define FLEXTORCHIR_EVALUATOR_COMPARE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ATen/core/ivalue.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "flextorchir/evaluator/evaluator.h"
#include "flextorchir/ir/graph.h"

namespace flextorchir {

// How two tensors (or numbers) differ.
struct Difference {
  bool identical = false;  // dtype, shape and every bit
  std::string mismatch;    // another dtype or shape: says which; else empty
  // Not empty: the dtypes differ; says which, and in which both were compared.
  std::string conversion;
  double max_absolute = 0;  // over elements that are finite in both
  double max_relative = 0;
  double max_scaled = 0;     // relative to 1 where the expected is below it
  double mean_absolute = 0;  // over all elements
  double largest = 0;        // magnitude of a finite expected element
  int64_t elements = 0;      // compared
  int64_t differing = 0;     // bits differ
  // Of these, how many are not finite in one or in both: not in the maxima. A
  // NaN for a NaN, with other bits, is not counted.
  int64_t non_finite = 0;
  int64_t expected_nans = 0;  // if not identical
  int64_t actual_nans = 0;

  // Identical, or no element is off by more than the tolerance, absolutely or
  // relatively to its expected size. A tolerance of 0: identical.
  bool IsWithin(double tolerance) const;
  std::string ToString() const;
};
Difference Compare(const c10::IValue& expected, const c10::IValue& actual);
// The same for what another runtime has made: tensors of different dtypes are
// compared in one that holds both, quantised ones as the real numbers they
// stand for, a number with a tensor of one element.
Difference CompareConverted(const c10::IValue& expected,
                            const c10::IValue& actual);

// One value of graphs[0], compared.
struct ComparedValue {
  ValueId value = kAbsent;
  int32_t layer = kAbsent;  // that makes it; kAbsent: an input, or weights
  Difference difference;
};

// The first layer whose results are not what was recorded.
struct Divergence {
  struct Part {
    std::string value;
    std::optional<Difference> difference;  // absent: was not recorded
  };
  std::string layer;  // its name; empty: an input of the graph, or weights
  std::string kind;   // "input" or "weights" if there is no layer
  std::string value;  // the first differing value
  Source source;
  Difference difference;
  bool inputs_identical = true;  // false: an input with no recording differs
  // What the layer reads, without weights that were not compared, and all that
  // it makes.
  std::vector<Part> inputs;
  std::vector<Part> outputs;
};

struct Comparison {
  bool identical = false;
  std::vector<Difference> outputs;             // of graphs[0], in order
  std::optional<Divergence> first_divergence;  // if activations were given
  // Every value that was recorded, as CompareActivations() returns it, if
  // activations were given and the outputs differ.
  std::vector<ComparedValue> values;
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

// The recorded content of a value of graphs[0], or nothing. Asked once for each
// value, and let go of once it is compared: nobody has to hold them all.
using FindActivation =
    std::function<absl::StatusOr<std::optional<c10::IValue>>(const Value&)>;
FindActivation ActivationsIn(
    const std::map<std::string, at::Tensor>& activations);

// Compares two recordings (`CompareConverted`): of every value that is in both,
// in the order of execution: inputs, weights, then what the layers make.
absl::StatusOr<std::vector<ComparedValue>> CompareActivations(
    const Model& model, const FindActivation& expected,
    const FindActivation& actual);

// The same, where one of the two is what the evaluator gives on `inputs`.
// Errors: those of the evaluator and of `recorded`.
enum class EvaluatorIs { kExpected, kActual };
absl::StatusOr<std::vector<ComparedValue>> CompareWithEvaluator(
    const Model& model, const std::vector<c10::IValue>& inputs,
    EvaluatorIs evaluator_is, const FindActivation& recorded,
    EvaluatorOptions options = {});

// The first that is not within the tolerance.
std::optional<Divergence> FirstDivergence(
    const Model& model, absl::Span<const ComparedValue> values,
    double tolerance = 0);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_EVALUATOR_COMPARE_H_
