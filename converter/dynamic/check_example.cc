#include "flextorchir/converter/dynamic/check_example.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "ATen/core/ivalue.h"
#include "ATen/record_function.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "flextorchir/converter/frontends/random_state.h"
#include "flextorchir/evaluator/compare.h"
#include "flextorchir/evaluator/evaluator.h"
#include "flextorchir/torch_bridge/tensor.h"

namespace flextorchir {
namespace {

// Of the largest element of an output. Strides that no expression was found
// for, and other sizes of a matrix product, round otherwise.
constexpr double kTolerance = 1e-3;

bool IsNear(const at::Tensor& expected, const Difference& difference) {
  if (difference.identical) return true;
  if (!difference.mismatch.empty() || difference.non_finite > 0) return false;
  if (!expected.is_floating_point() && !expected.is_complex()) return false;
  double largest = 0;
  if (expected.numel() > 0) {
    largest =
        expected.abs().to(at::kDouble).nan_to_num(0, 0, 0).max().item<double>();
  }
  return difference.max_absolute <= kTolerance * largest;
}

Report::Warning Row(std::string code, Report::Severity severity,
                    const CapturedRun& example, absl::string_view what) {
  std::string inputs;
  for (size_t i = 0; i < example.inputs.size(); ++i) {
    const absl::StatusOr<TensorType> type = TypeOf(example.inputs[i]);
    absl::StrAppend(&inputs, i == 0 ? "" : ", ", example.input_names[i], ": ",
                    type.ok() ? type->ToString() : "?");
  }
  Report::Warning row;
  row.code = std::move(code);
  row.severity = severity;
  row.message = absl::StrCat(what, ", on the further example ", inputs);
  return row;
}

}  // namespace

std::optional<Report::Warning> CheckExample(const Model& model,
                                            const CapturedRun& example) {
  const auto mismatch = [&](absl::string_view what) {
    return Row("dynamic-mismatch", Report::Severity::kWarning, example, what);
  };
  at::RecordFunctionGuard do_not_record(/*is_enabled=*/false);
  // The numbers that the model drew.
  KeepRandomState keep_random_state;
  EvaluatorOptions options;
  if (auto evaluator = Evaluator::Create(model, options); !evaluator.ok()) {
    return Row("dynamic-unchecked", Report::Severity::kInfo, example,
               absl::StrCat("the graph was not run by the evaluator (",
                            evaluator.status().message(), ")"));
  }
  const std::vector<c10::IValue> inputs(example.inputs.begin(),
                                        example.inputs.end());
  const std::vector<c10::IValue> outputs(example.outputs.begin(),
                                         example.outputs.end());
  if (outputs.size() != model.main().outputs.size()) {
    return mismatch(absl::StrCat("the model returns ", outputs.size(),
                                 " tensors, the graph ",
                                 model.main().outputs.size()));
  }
  const absl::StatusOr<Comparison> comparison =
      CompareWithModel(model, inputs, outputs);
  if (!comparison.ok()) {
    return mismatch(absl::StrCat("the graph cannot be run: ",
                                 comparison.status().message()));
  }
  for (size_t i = 0; i < comparison->outputs.size(); ++i) {
    if (IsNear(example.outputs[i], comparison->outputs[i])) continue;
    return mismatch(absl::StrCat("output ", i,
                                 " of the graph is not the "
                                 "model's: ",
                                 comparison->outputs[i].ToString()));
  }
  return std::nullopt;
}

}  // namespace flextorchir
