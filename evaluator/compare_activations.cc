// The part of compare.h that goes through the values of a graph.

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "ATen/core/ivalue.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "flextorchir/evaluator/compare.h"
#include "flextorchir/evaluator/evaluator.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/torch_bridge/tensor.h"

namespace flextorchir {
namespace {

// The values of graphs[0] in the order of execution.
class ActivationComparer {
 public:
  ActivationComparer(const Model& model, const FindActivation& recorded)
      : graph_(model.main()), model_(model), recorded_(recorded) {}

  // Inputs and weights; `inputs` are what the model was given.
  absl::Status AddGiven(const std::vector<c10::IValue>& inputs,
                        EvaluatorIs other_is) {
    for (size_t i = 0; i < graph_.inputs.size() && i < inputs.size(); ++i) {
      absl::Status status = Add(graph_.inputs[i], kAbsent, inputs[i], other_is);
      if (!status.ok()) return status;
    }
    for (size_t i = 0; i < graph_.values.size(); ++i) {
      const WeightsId id = graph_.values[i].weights;
      if (id == kAbsent) continue;
      const auto content = [&]() -> absl::StatusOr<c10::IValue> {
        auto tensor = ToTensor(model_.weights[id]);
        if (!tensor.ok()) return tensor.status();
        return c10::IValue(*std::move(tensor));
      };
      absl::Status status =
          AddLazily(static_cast<ValueId>(i), kAbsent, content, other_is);
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status AddResults(const Layer& layer,
                          const std::vector<c10::IValue>& results,
                          EvaluatorIs other_is) {
    const int32_t index = static_cast<int32_t>(&layer - graph_.layers.data());
    size_t next = 0;
    for (const Slot& slot : layer.outputs) {
      for (ValueId id : slot.values) {
        const c10::IValue& result = results[next++];
        if (id == kAbsent) continue;
        absl::Status status = Add(id, index, result, other_is);
        if (!status.ok()) return status;
      }
    }
    return absl::OkStatus();
  }

  // Compares what is recorded of a value, if anything is, with what `content`
  // then returns.
  template <typename Content>
  absl::Status AddLazily(ValueId id, int32_t layer, const Content& content,
                         EvaluatorIs other_is) {
    const absl::StatusOr<std::optional<c10::IValue>> recorded =
        recorded_(graph_.value(id));
    if (!recorded.ok()) return recorded.status();
    if (!recorded->has_value()) return absl::OkStatus();
    const absl::StatusOr<c10::IValue> other = content();
    if (!other.ok()) return other.status();
    if (other->isNone()) return absl::OkStatus();
    values_.push_back({id, layer,
                       other_is == EvaluatorIs::kExpected
                           ? CompareConverted(*other, **recorded)
                           : CompareConverted(**recorded, *other)});
    return absl::OkStatus();
  }

  std::vector<ComparedValue> Take() && { return std::move(values_); }

 private:
  absl::Status Add(ValueId id, int32_t layer, const c10::IValue& content,
                   EvaluatorIs other_is) {
    return AddLazily(
        id, layer, [&] { return absl::StatusOr<c10::IValue>(content); },
        other_is);
  }

  const Graph& graph_;
  const Model& model_;
  const FindActivation& recorded_;
  std::vector<ComparedValue> values_;
};

}  // namespace

FindActivation ActivationsIn(
    const std::map<std::string, at::Tensor>& activations) {
  return [&activations](
             const Value& value) -> absl::StatusOr<std::optional<c10::IValue>> {
    const auto found = activations.find(value.name);
    if (found == activations.end()) return std::nullopt;
    return c10::IValue(found->second);
  };
}

absl::StatusOr<std::vector<ComparedValue>> CompareActivations(
    const Model& model, const FindActivation& expected,
    const FindActivation& actual) {
  const Graph& graph = model.main();
  ActivationComparer comparer(model, actual);
  const auto add = [&](ValueId id, int32_t layer) {
    return comparer.AddLazily(
        id, layer,
        [&]() -> absl::StatusOr<c10::IValue> {
          auto content = expected(graph.value(id));
          if (!content.ok()) return content.status();
          return content->value_or(c10::IValue());
        },
        EvaluatorIs::kExpected);
  };
  for (ValueId id : graph.inputs) {
    if (absl::Status s = add(id, kAbsent); !s.ok()) return s;
  }
  for (size_t i = 0; i < graph.values.size(); ++i) {
    if (graph.values[i].weights == kAbsent) continue;
    absl::Status s = add(static_cast<ValueId>(i), kAbsent);
    if (!s.ok()) return s;
  }
  for (size_t i = 0; i < graph.layers.size(); ++i) {
    for (const Slot& slot : graph.layers[i].outputs) {
      for (ValueId id : slot.values) {
        if (id == kAbsent) continue;
        absl::Status s = add(id, static_cast<int32_t>(i));
        if (!s.ok()) return s;
      }
    }
  }
  return std::move(comparer).Take();
}

absl::StatusOr<std::vector<ComparedValue>> CompareWithEvaluator(
    const Model& model, const std::vector<c10::IValue>& inputs,
    EvaluatorIs evaluator_is, const FindActivation& recorded,
    EvaluatorOptions options) {
  ActivationComparer comparer(model, recorded);
  options.in_bodies = false;
  options.observer = [&](const Graph&, const Layer& layer,
                         const std::vector<c10::IValue>& results) {
    return comparer.AddResults(layer, results, evaluator_is);
  };
  const auto evaluator = Evaluator::Create(model, options);
  if (!evaluator.ok()) return evaluator.status();
  if (absl::Status s = comparer.AddGiven(inputs, evaluator_is); !s.ok()) {
    return s;
  }
  const auto outputs = (*evaluator)->Run(inputs);
  if (!outputs.ok()) return outputs.status();
  return std::move(comparer).Take();
}

std::optional<Divergence> FirstDivergence(
    const Model& model, absl::Span<const ComparedValue> values,
    double tolerance) {
  const Graph& graph = model.main();
  const auto first = std::find_if(
      values.begin(), values.end(), [&](const ComparedValue& value) {
        return !value.difference.IsWithin(tolerance);
      });
  if (first == values.end()) return std::nullopt;
  Divergence divergence;
  divergence.value = graph.value(first->value).name;
  divergence.difference = first->difference;
  if (first->layer == kAbsent) {
    divergence.kind =
        graph.value(first->value).weights == kAbsent ? "input" : "weights";
    return divergence;
  }
  std::map<ValueId, const Difference*> compared;
  for (const ComparedValue& value : values) {
    compared[value.value] = &value.difference;
  }
  const Layer& layer = graph.layers[first->layer];
  divergence.layer = layer.name;
  divergence.kind = layer.kind;
  divergence.source = layer.source();
  const std::set<ValueId> given(graph.inputs.begin(), graph.inputs.end());
  for (const auto* slots : {&layer.inputs, &layer.outputs}) {
    const bool reads = slots == &layer.inputs;
    for (const Slot& slot : *slots) {
      for (ValueId id : slot.values) {
        if (id == kAbsent) continue;
        const auto found = compared.find(id);
        Divergence::Part part{graph.value(id).name, std::nullopt};
        if (found != compared.end()) {
          part.difference = *found->second;
          if (reads) divergence.inputs_identical &= part.difference->identical;
        } else if (reads) {
          // Weights are in the model; inputs are what both were given.
          if (graph.value(id).weights != kAbsent) continue;
          divergence.inputs_identical &= given.count(id) > 0;
        }
        (reads ? divergence.inputs : divergence.outputs)
            .push_back(std::move(part));
      }
    }
  }
  return divergence;
}

}  // namespace flextorchir
