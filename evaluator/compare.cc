#include "flextorchir/evaluator/compare.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ATen/Context.h"
#include "ATen/core/Generator.h"
#include "ATen/core/Tensor.h"
#include "ATen/core/ivalue.h"
#include "ATen/ops/view_as_real.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "c10/core/GradMode.h"
#include "flextorchir/evaluator/evaluator.h"
#include "flextorchir/evaluator/layer_place.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/torch_bridge/attribute.h"
#include "flextorchir/torch_bridge/error_message.h"
#include "flextorchir/torch_bridge/tensor.h"

namespace flextorchir {
namespace {

// Adds to `difference` what two numbers say.
void Measure(double expected, double actual, double distance,
             Difference* difference) {
  if (!std::isfinite(expected) || !std::isfinite(actual)) {
    ++difference->non_finite;
    return;
  }
  difference->max_absolute = std::max(difference->max_absolute, distance);
  if (expected != 0) {
    difference->max_relative =
        std::max(difference->max_relative, distance / std::abs(expected));
  }
}

// The content as doubles, pairs of them where it is complex; nothing for dtypes
// that stand for no numbers.
std::optional<at::Tensor> AsDoubles(const at::Tensor& tensor) {
  try {
    const at::Tensor plain =
        tensor.is_quantized() ? tensor.dequantize() : tensor;
    if (!plain.is_complex()) return plain.to(at::kDouble).contiguous();
    return at::view_as_real(plain.to(at::kComplexDouble).contiguous());
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

// The differences of integers, which doubles cannot hold.
double IntegerDistance(int64_t a, int64_t b) {
  return static_cast<double>(a > b ? static_cast<uint64_t>(a) - b
                                   : static_cast<uint64_t>(b) - a);
}

Difference CompareTensors(const at::Tensor& expected,
                          const at::Tensor& actual) {
  Difference difference;
  const auto left = ToWeights("", Weights::Role::kConstant, expected);
  const auto right = ToWeights("", Weights::Role::kConstant, actual);
  if (!left.ok() || !right.ok()) {
    difference.mismatch =
        absl::StrCat("cannot be compared: ",
                     (left.ok() ? right.status() : left.status()).message());
    return difference;
  }
  TensorType left_type = left->type;
  TensorType right_type = right->type;
  left_type.strides.clear();  // how they lie in memory is no matter here
  right_type.strides.clear();
  if (left_type != right_type) {
    difference.mismatch = absl::StrCat(right_type.ToString(), " instead of ",
                                       left_type.ToString());
    if (left_type.ToString() == right_type.ToString()) {
      absl::StrAppend(&difference.mismatch,
                      " with other quantisation parameters");
    }
    return difference;
  }
  difference.elements = expected.numel();
  const absl::string_view left_bytes = left->data.data();
  const absl::string_view right_bytes = right->data.data();
  if (left_bytes == right_bytes) {
    difference.identical = true;
    return difference;
  }

  const size_t width = DTypeBytes(left_type.dtype);
  const bool integers = at::isIntegralType(expected.scalar_type(), true) &&
                        expected.scalar_type() != at::kUInt64;
  std::optional<at::Tensor> left_numbers;
  std::optional<at::Tensor> right_numbers;
  if (integers) {
    left_numbers = expected.to(at::kLong).contiguous();
    right_numbers = actual.to(at::kLong).contiguous();
  } else {
    left_numbers = AsDoubles(expected);
    right_numbers = AsDoubles(actual);
  }
  const bool has_numbers =
      left_numbers.has_value() && right_numbers.has_value();
  for (int64_t i = 0; i < difference.elements; ++i) {
    if (std::memcmp(left_bytes.data() + i * width,
                    right_bytes.data() + i * width, width) == 0) {
      continue;
    }
    ++difference.differing;
    if (!has_numbers) continue;
    if (integers) {
      const int64_t a = left_numbers->const_data_ptr<int64_t>()[i];
      const int64_t b = right_numbers->const_data_ptr<int64_t>()[i];
      Measure(static_cast<double>(a), static_cast<double>(b),
              IntegerDistance(a, b), &difference);
      continue;
    }
    const double* a = left_numbers->const_data_ptr<double>();
    const double* b = right_numbers->const_data_ptr<double>();
    if (expected.is_complex()) {
      Measure(std::hypot(a[2 * i], a[2 * i + 1]),
              std::hypot(b[2 * i], b[2 * i + 1]),
              std::hypot(a[2 * i] - b[2 * i], a[2 * i + 1] - b[2 * i + 1]),
              &difference);
    } else {
      Measure(a[i], b[i], std::abs(a[i] - b[i]), &difference);
    }
  }
  return difference;
}

// The number a value stands for, if it is one.
std::optional<double> AsNumber(const c10::IValue& value) {
  if (value.isBool()) return value.toBool() ? 1 : 0;
  if (value.isInt()) return static_cast<double>(value.toInt());
  if (value.isDouble()) return value.toDouble();
  return std::nullopt;
}

Difference CompareConstants(const c10::IValue& expected,
                            const c10::IValue& actual) {
  Difference difference;
  const std::optional<Attribute> left = ToAttribute(expected);
  const std::optional<Attribute> right = ToAttribute(actual);
  if (!left.has_value() || !right.has_value() ||
      left->type() != right->type()) {
    difference.mismatch =
        absl::StrCat(actual.tagKind(), " instead of ", expected.tagKind());
    return difference;
  }
  difference.elements = 1;
  difference.identical = *left == *right;
  if (difference.identical) return difference;
  difference.differing = 1;
  const std::optional<double> a = AsNumber(expected);
  const std::optional<double> b = AsNumber(actual);
  if (a.has_value() && b.has_value()) {
    Measure(*a, *b,
            expected.isInt() ? IntegerDistance(expected.toInt(), actual.toInt())
                             : std::abs(*a - *b),
            &difference);
  } else if (left->AsComplex() != nullptr) {
    Measure(std::abs(*left->AsComplex()), std::abs(*right->AsComplex()),
            std::abs(*left->AsComplex() - *right->AsComplex()), &difference);
  } else {
    difference.mismatch =
        absl::StrCat(right->ToString(), " instead of ", left->ToString());
  }
  return difference;
}

// The state of the generator that random operators draw from.
class RandomState {
 public:
  RandomState() : generator_(at::globalContext().defaultGenerator(at::kCPU)) {
    std::lock_guard<std::mutex> lock(generator_.mutex());
    state_ = generator_.get_state();
  }
  void Restore() {
    std::lock_guard<std::mutex> lock(generator_.mutex());
    generator_.set_state(state_);
  }

 private:
  at::Generator generator_;
  at::Tensor state_;
};

// Looks for the first layer that gives something else than was recorded.
class DivergenceFinder {
 public:
  DivergenceFinder(const Model& model,
                   const std::map<std::string, at::Tensor>& activations)
      : activations_(activations) {
    // Inputs are what the caller gave to both, weights are in the model.
    const Graph& graph = model.main();
    for (ValueId input : graph.inputs) known_.insert(input);
    for (size_t i = 0; i < graph.values.size(); ++i) {
      if (graph.values[i].weights != kAbsent) {
        known_.insert(static_cast<ValueId>(i));
      }
    }
  }

  // Returns false once it is found.
  bool Look(const Graph& graph, const Layer& layer,
            const std::vector<c10::IValue>& results) {
    bool inputs_known = true;
    for (const Slot& slot : layer.inputs) {
      for (ValueId id : slot.values) {
        inputs_known &= id == kAbsent || known_.count(id) > 0;
      }
    }
    size_t next = 0;
    for (const Slot& slot : layer.outputs) {
      for (ValueId id : slot.values) {
        const c10::IValue& result = results[next++];
        if (id == kAbsent) continue;
        const auto recorded = activations_.find(graph.value(id).name);
        if (recorded == activations_.end()) continue;
        Difference difference = Compare(recorded->second, result);
        if (difference.identical) {
          known_.insert(id);
          continue;
        }
        found_ = Divergence{layer.name,
                            layer.kind,
                            recorded->first,
                            layer.source(),
                            std::move(difference),
                            inputs_known};
        return false;
      }
    }
    return true;
  }

  std::optional<Divergence> Found() && { return std::move(found_); }

 private:
  const std::map<std::string, at::Tensor>& activations_;
  std::set<ValueId> known_;  // as in the model that was recorded
  std::optional<Divergence> found_;
};

}  // namespace

std::string Difference::ToString() const {
  if (identical) return "identical";
  if (!mismatch.empty()) return mismatch;
  std::string text = absl::StrCat(differing, " of ", elements,
                                  elements == 1 ? " element" : " elements",
                                  differing == 1 ? " differs" : " differ");
  if (differing > non_finite) {
    absl::StrAppendFormat(&text, ", max abs %.3g, max rel %.3g", max_absolute,
                          max_relative);
  }
  if (non_finite > 0) {
    absl::StrAppend(&text, ", ", non_finite, " of them not finite");
  }
  return text;
}

std::string Comparison::ToString() const {
  if (identical) {
    return absl::StrCat(outputs.size(),
                        outputs.size() == 1 ? " output is" : " outputs are",
                        " bit-identical");
  }
  std::string text;
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (outputs[i].identical) continue;
    absl::StrAppend(&text, text.empty() ? "" : "\n", "output ", i, ": ",
                    outputs[i].ToString());
  }
  if (first_divergence.has_value()) {
    const Divergence& first = *first_divergence;
    absl::StrAppend(
        &text, "\nfirst at ", LayerPlace(first.layer, first.kind, first.source),
        ", value %", first.value, ": ", first.difference.ToString(),
        first.inputs_identical ? "; what it reads is identical"
                               : "; not all that it reads was recorded");
  }
  return text;
}

Difference Compare(const c10::IValue& expected, const c10::IValue& actual) {
  try {
    c10::NoGradGuard no_grad;
    const bool is_tensor = expected.isTensor() && expected.toTensor().defined();
    const bool tensor_found = actual.isTensor() && actual.toTensor().defined();
    if (is_tensor && tensor_found) {
      return CompareTensors(expected.toTensor(), actual.toTensor());
    }
    return CompareConstants(expected, actual);
  } catch (const std::exception& error) {
    Difference difference;
    difference.mismatch = ErrorMessage(error);
    return difference;
  }
}

absl::StatusOr<Comparison> CompareWithModel(
    const Model& model, const std::vector<c10::IValue>& inputs,
    const std::vector<c10::IValue>& expected,
    const std::map<std::string, at::Tensor>& activations,
    EvaluatorOptions options) {
  if (expected.size() != model.main().outputs.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat(expected.size(),
                     " results to compare with, but the "
                     "model has ",
                     model.main().outputs.size()));
  }
  RandomState random_state;
  absl::StatusOr<std::unique_ptr<Evaluator>> evaluator =
      Evaluator::Create(model, options);
  if (!evaluator.ok()) return evaluator.status();
  const auto outputs = (*evaluator)->Run(inputs);
  if (!outputs.ok()) return outputs.status();
  Comparison comparison;
  comparison.identical = true;
  for (size_t i = 0; i < expected.size(); ++i) {
    comparison.outputs.push_back(Compare(expected[i], (*outputs)[i]));
    comparison.identical &= comparison.outputs.back().identical;
  }
  if (comparison.identical || activations.empty()) return comparison;

  DivergenceFinder finder(model, activations);
  bool found = false;
  options.in_bodies = false;
  options.observer = [&](const Graph& graph, const Layer& layer,
                         const std::vector<c10::IValue>& results) {
    found = !finder.Look(graph, layer, results);
    return found ? absl::CancelledError("found") : absl::OkStatus();
  };
  evaluator = Evaluator::Create(model, options);
  if (!evaluator.ok()) return evaluator.status();
  RandomState afterwards;
  random_state.Restore();
  const auto again = (*evaluator)->Run(inputs);
  afterwards.Restore();
  if (!again.ok() && !found) return again.status();
  comparison.first_divergence = std::move(finder).Found();
  return comparison;
}

}  // namespace flextorchir
