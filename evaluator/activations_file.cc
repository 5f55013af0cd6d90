#include "flextorchir/evaluator/activations_file.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "ATen/core/ivalue.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "flextorchir/evaluator/compare.h"
#include "flextorchir/evaluator/evaluator.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/sink.h"
#include "flextorchir/ir/weights.h"
#include "flextorchir/ir/weights_file.h"
#include "flextorchir/torch_bridge/tensor.h"

namespace flextorchir {
namespace {

constexpr char kContentsKey[] = "flextorchir.contents";
constexpr char kActivations[] = "activations";

// The tensor of a file as one of `type`, if it is stored as such a one is: with
// a dimension for the bytes of an element.
void AsStored(const TensorType& type, Weights* tensor) {
  TensorType element;
  element.dtype = type.dtype;
  const TensorType stored = StoredType(element);
  std::vector<Dim>& shape = tensor->type.shape;
  if (stored.dtype == type.dtype || stored.dtype != tensor->type.dtype ||
      shape.size() != type.shape.size() + 1 ||
      shape.back() != stored.shape.back()) {
    return;
  }
  shape.pop_back();
  tensor->type.dtype = type.dtype;
  tensor->type.quantization = type.quantization;
}

}  // namespace

absl::StatusOr<ActivationsFile> ActivationsFile::Open(const FileSource& source,
                                                      absl::string_view name) {
  const absl::StatusOr<Bytes> bytes = source.Open(name);
  if (!bytes.ok()) return bytes.status();
  absl::StatusOr<std::vector<Weights>> tensors = ReadSafetensors(*bytes);
  if (!tensors.ok()) return tensors.status();
  return ActivationsFile(*std::move(tensors));
}

std::vector<std::string> ActivationsFile::names() const {
  std::vector<std::string> names;
  for (const Weights& tensor : tensors_) names.push_back(tensor.name);
  return names;
}

int64_t ActivationsFile::Position(absl::string_view name) const {
  const auto found =
      std::lower_bound(tensors_.begin(), tensors_.end(), name,
                       [](const Weights& tensor, absl::string_view key) {
                         return absl::string_view(tensor.name) < key;
                       });
  return found == tensors_.end() || found->name != name
             ? -1
             : found - tensors_.begin();
}

absl::StatusOr<std::optional<c10::IValue>> ActivationsFile::Content(
    const Value& value) const {
  const int64_t position = Position(value.name);
  if (position < 0) return std::nullopt;
  Weights tensor = tensors_[position];  // shares the bytes
  if (value.tensor() != nullptr) AsStored(*value.tensor(), &tensor);
  absl::StatusOr<at::Tensor> content = ToTensor(tensor);
  if (!content.ok()) {
    return absl::Status(content.status().code(),
                        absl::StrCat("tensor \"", value.name,
                                     "\": ", content.status().message()));
  }
  return c10::IValue(*std::move(content));
}

FindActivation ActivationsFile::Find() const {
  return [this](const Value& value) { return Content(value); };
}

absl::StatusOr<std::vector<std::string>> WriteActivations(
    std::map<std::string, at::Tensor> activations, absl::string_view name,
    Sink& sink) {
  std::vector<Weights> tensors;
  std::vector<std::string> left_out;
  tensors.reserve(activations.size());
  while (!activations.empty()) {
    const auto first = activations.begin();
    absl::StatusOr<Weights> tensor =
        ToWeights(first->first, Weights::Role::kConstant, first->second);
    if (tensor.ok()) {
      tensors.push_back(*std::move(tensor));
    } else {
      left_out.push_back(first->first);
    }
    activations.erase(first);
  }
  const auto written =
      WriteSafetensors(tensors, name, {{kContentsKey, kActivations}}, sink);
  if (!written.ok()) return written.status();
  return left_out;
}

absl::StatusOr<std::map<std::string, at::Tensor>> EvaluateActivations(
    const Model& model, const std::vector<c10::IValue>& inputs,
    EvaluatorOptions options) {
  std::map<std::string, at::Tensor> activations;
  const Graph& main = model.main();
  const auto keep = [&](ValueId id, const c10::IValue& content) {
    if (id != kAbsent && content.isTensor() && content.toTensor().defined()) {
      activations[main.value(id).name] = content.toTensor();
    }
  };
  options.in_bodies = false;
  options.observer = [&](const Graph&, const Layer& layer,
                         const std::vector<c10::IValue>& results) {
    size_t next = 0;
    for (const Slot& slot : layer.outputs) {
      for (ValueId id : slot.values) keep(id, results[next++]);
    }
    return absl::OkStatus();
  };
  const auto evaluator = Evaluator::Create(model, options);
  if (!evaluator.ok()) return evaluator.status();
  const auto outputs = (*evaluator)->Run(inputs);
  if (!outputs.ok()) return outputs.status();
  for (size_t i = 0; i < inputs.size(); ++i) keep(main.inputs[i], inputs[i]);
  return activations;
}

}  // namespace flextorchir
