#include "flextorchir/converter/optimize/model_weights.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "flextorchir/torch_bridge/tensor.h"

namespace flextorchir {

ModelWeights::ModelWeights(Model* model)
    : model_(*model),
      changes_(model->weights.size()),
      bound_(model->weights.size()) {
  for (const StateOutput& state : model->state_outputs) {
    if (state.weights != kAbsent) changes_[state.weights] = true;
  }
  const std::vector<Value>& values = model->main().values;
  for (size_t v = 0; v < values.size(); ++v) {
    value_names_.Make(values[v].name);
    if (values[v].weights != kAbsent) {
      bound_[values[v].weights].push_back(static_cast<ValueId>(v));
    }
  }
  for (const Weights& weights : model->weights) {
    weights_names_.Make(weights.name);
    for (const std::string& alias : weights.aliases) weights_names_.Make(alias);
  }
}

std::optional<at::Tensor> ModelWeights::Constant(ValueId value) const {
  if (value == kAbsent) return std::nullopt;
  const WeightsId id = model_.main().value(value).weights;
  if (id == kAbsent || changes_[id]) return std::nullopt;
  absl::StatusOr<at::Tensor> tensor = ToTensor(model_.weights[id]);
  if (!tensor.ok()) return std::nullopt;
  return *std::move(tensor);
}

absl::Span<const ValueId> ModelWeights::BoundWith(ValueId value) const {
  return bound_[model_.main().value(value).weights];
}

absl::Status ModelWeights::Replace(ValueId value, const at::Tensor& content) {
  const WeightsId id = model_.main().value(value).weights;
  Weights& weights = model_.weights[id];
  const at::Tensor typed = content.to(ToScalarType(weights.type.dtype));
  absl::StatusOr<Weights> replacement =
      ToWeights(weights.name, weights.role,
                WithStrides(typed.contiguous(), weights.type));
  if (!replacement.ok()) return replacement.status();
  for (ValueId bound : bound_[id]) {
    model_.main().values[bound].type = replacement->type;
  }
  weights = *std::move(replacement);
  return absl::OkStatus();
}

absl::Status ModelWeights::Bind(ValueId value, Weights::Role role,
                                const at::Tensor& content) {
  Value& bound = model_.main().values[value];
  absl::StatusOr<Weights> weights =
      ToWeights(weights_names_.Make(bound.name), role, content);
  if (!weights.ok()) return weights.status();
  bound.type = weights->type;
  bound.weights = static_cast<WeightsId>(model_.weights.size());
  model_.weights.push_back(*std::move(weights));
  changes_.push_back(false);
  bound_.push_back({value});
  return absl::OkStatus();
}

absl::StatusOr<ValueId> ModelWeights::Add(absl::string_view name,
                                          Weights::Role role,
                                          const at::Tensor& content) {
  Value value;
  value.name = value_names_.Make(name);
  const ValueId id = model_.main().AddValue(std::move(value));
  if (absl::Status status = Bind(id, role, content); !status.ok()) {
    return status;
  }
  return id;
}

}  // namespace flextorchir
