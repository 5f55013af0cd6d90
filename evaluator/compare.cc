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
#include <string>
#include <utility>
#include <vector>

#include "ATen/Context.h"
#include "ATen/core/Generator.h"
#include "ATen/core/Tensor.h"
#include "ATen/core/ivalue.h"
#include "ATen/ops/scalar_tensor.h"
#include "ATen/ops/view_as_real.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "c10/core/GradMode.h"
#include "c10/core/ScalarType.h"
#include "flextorchir/evaluator/evaluator.h"
#include "flextorchir/evaluator/layer_place.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/torch_bridge/attribute.h"
#include "flextorchir/torch_bridge/error_message.h"
#include "flextorchir/torch_bridge/tensor.h"

namespace flextorchir {
namespace {

// Adds to `difference` what two numbers that differ say.
void Measure(double expected, double actual, double distance,
             Difference* difference) {
  if (std::isnan(expected) && std::isnan(actual)) return;
  if (!std::isfinite(expected) || !std::isfinite(actual)) {
    ++difference->non_finite;
    return;
  }
  const double size = std::abs(expected);
  difference->max_absolute = std::max(difference->max_absolute, distance);
  if (expected != 0) {
    difference->max_relative =
        std::max(difference->max_relative, distance / size);
  }
  difference->max_scaled =
      std::max(difference->max_scaled, distance / std::max(1.0, size));
  // The sum, until all are measured.
  difference->mean_absolute += distance;
}

// Adds what every pair says, whether they differ or not.
void Count(double expected, double actual, Difference* difference) {
  difference->expected_nans += std::isnan(expected);
  difference->actual_nans += std::isnan(actual);
  if (std::isfinite(expected)) {
    difference->largest = std::max(difference->largest, std::abs(expected));
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
    const bool differs =
        std::memcmp(left_bytes.data() + i * width,
                    right_bytes.data() + i * width, width) != 0;
    difference.differing += differs;
    if (!has_numbers) continue;
    double a;
    double b;
    double distance;
    if (integers) {
      const int64_t x = left_numbers->const_data_ptr<int64_t>()[i];
      const int64_t y = right_numbers->const_data_ptr<int64_t>()[i];
      a = static_cast<double>(x);
      b = static_cast<double>(y);
      distance = IntegerDistance(x, y);
    } else {
      const double* x = left_numbers->const_data_ptr<double>();
      const double* y = right_numbers->const_data_ptr<double>();
      if (expected.is_complex()) {
        x += 2 * i;
        y += 2 * i;
        a = std::hypot(x[0], x[1]);
        b = std::hypot(y[0], y[1]);
        distance = std::hypot(x[0] - y[0], x[1] - y[1]);
      } else {
        a = x[i];
        b = y[i];
        distance = std::abs(a - b);
      }
    }
    Count(a, b, &difference);
    if (differs) Measure(a, b, distance, &difference);
  }
  if (difference.elements > 0) {
    difference.mean_absolute /= static_cast<double>(difference.elements);
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

// The dtype in which tensors of these two can be compared.
c10::ScalarType CommonType(c10::ScalarType a, c10::ScalarType b) {
  try {
    return c10::promoteTypes(a, b);
  } catch (const std::exception&) {
    return at::kDouble;  // float8s and the like have no common one
  }
}

at::Tensor Plain(const at::Tensor& tensor) {
  return tensor.is_quantized() ? tensor.dequantize() : tensor;
}

std::string TypeName(const at::Tensor& tensor) {
  const std::optional<DType> dtype = ToDType(tensor.scalar_type());
  return dtype.has_value() ? std::string(DTypeName(*dtype))
                           : c10::toString(tensor.scalar_type());
}

// The same elements in another order of dimensions is what is seen most.
std::string ShapeHint(const at::Tensor& expected, const at::Tensor& actual) {
  if (expected.dim() >= 3 && expected.dim() == actual.dim()) {
    std::vector<int64_t> channels_last = expected.sizes().vec();
    std::rotate(channels_last.begin() + 1, channels_last.begin() + 2,
                channels_last.end());
    if (actual.sizes() == c10::IntArrayRef(channels_last)) {
      return "; its channels seem to come last: transpose it first";
    }
  }
  if (expected.numel() == actual.numel()) {
    return "; it has as many elements: reshape it first, if their order is "
           "the same";
  }
  return "";
}

}  // namespace

std::string Difference::ToString() const {
  const std::string note =
      conversion.empty() ? "" : absl::StrCat(" (", conversion, ")");
  if (identical) return absl::StrCat("identical", note);
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
  return text + note;
}

bool Difference::IsWithin(double tolerance) const {
  if (identical) return true;
  return tolerance > 0 && mismatch.empty() && non_finite == 0 &&
         max_scaled <= tolerance;
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

Difference CompareConverted(const c10::IValue& expected,
                            const c10::IValue& actual) {
  try {
    c10::NoGradGuard no_grad;
    if (!actual.isTensor() || !actual.toTensor().defined()) {
      return Compare(expected, actual);
    }
    at::Tensor right = actual.toTensor();
    at::Tensor left;
    if (expected.isTensor() && expected.toTensor().defined()) {
      left = expected.toTensor();
    } else if (expected.isScalar() && right.numel() == 1) {
      left = at::scalar_tensor(
          expected.toScalar(),
          at::TensorOptions(expected.isBool()            ? at::kBool
                            : expected.isInt()           ? at::kLong
                            : expected.isComplexDouble() ? at::kComplexDouble
                                                         : at::kDouble));
      right = right.reshape({});
    } else {
      return Compare(expected, actual);
    }
    std::string conversion;
    if (left.scalar_type() != right.scalar_type()) {
      conversion = absl::StrCat(TypeName(right), " instead of ", TypeName(left),
                                ", compared as ");
      left = Plain(left);
      right = Plain(right);
      const c10::ScalarType common =
          CommonType(left.scalar_type(), right.scalar_type());
      left = left.to(common);
      right = right.to(common);
      absl::StrAppend(&conversion, TypeName(left));
    }
    Difference difference = Compare(left, right);
    if (difference.mismatch.empty()) {
      difference.conversion = std::move(conversion);
    } else if (left.sizes() != right.sizes()) {
      absl::StrAppend(&difference.mismatch, ShapeHint(left, right));
    }
    return difference;
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

  RandomState afterwards;
  random_state.Restore();
  auto values = CompareWithEvaluator(model, inputs, EvaluatorIs::kActual,
                                     ActivationsIn(activations), options);
  afterwards.Restore();
  if (!values.ok()) return values.status();
  comparison.values = *std::move(values);
  comparison.first_divergence = FirstDivergence(model, comparison.values);
  return comparison;
}

}  // namespace flextorchir
