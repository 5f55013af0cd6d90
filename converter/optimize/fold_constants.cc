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
#include "ATen/record_function.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "flextorchir/converter/optimize/graph_rewriter.h"
#include "flextorchir/converter/optimize/model_weights.h"
#include "flextorchir/converter/optimize/passes.h"
#include "flextorchir/converter/passes/drop_unused.h"
#include "flextorchir/converter/passes/graph_walk.h"
#include "flextorchir/evaluator/evaluator.h"
#include "flextorchir/torch_bridge/layer_call.h"
#include "flextorchir/torch_bridge/operator_writes.h"

namespace flextorchir {
namespace {

// They make something large of something small, and cost nothing: what reads
// them may be folded, they themselves are not worth it.
constexpr absl::string_view kExpanders[] = {
    "Expand",   "ExpandAs", "BroadcastTensors", "Zeros",
    "Ones",     "Full",     "ZerosLike",        "OnesLike",
    "FullLike", "NewZeros", "NewOnes",          "NewFull",
    "Fill",
};

bool IsExpander(const Layer& layer) {
  return std::find(std::begin(kExpanders), std::end(kExpanders), layer.kind) !=
         std::end(kExpanders);
}

// Same arguments, same results, and nothing else.
bool IsPure(const Graph& graph, const Layer& layer) {
  if (!IsStandard(layer)) return false;
  const absl::StatusOr<LayerCall> call = FindLayerCall(graph, layer);
  if (!call.ok() || call->op.hasTag(at::Tag::nondeterministic_seeded)) {
    return false;
  }
  const OperatorWrites writes = FindOperatorWrites(call->op.schema());
  return writes.marked.empty() && writes.silent_flag < 0;
}

bool IsNumeric(const TensorType* type) {
  return type != nullptr &&
         std::all_of(type->shape.begin(), type->shape.end(),
                     [](const Dim& dim) { return dim.is_number(); });
}

// Elements on top of each other, as an expander makes them.
bool Overlaps(const at::Tensor& tensor) {
  for (int64_t i = 0; i < tensor.dim(); ++i) {
    if (tensor.stride(i) == 0 && tensor.size(i) > 1) return true;
  }
  return false;
}

class Folder {
 public:
  explicit Folder(Model* model)
      : model_(*model),
        graph_(model->main()),
        weights_(model),
        rewriter_(&model->main()) {}

  absl::StatusOr<int64_t> Run() {
    at::RecordFunctionGuard do_not_record(/*is_enabled=*/false);
    for (int32_t i = 0; i < rewriter_.num_layers(); ++i) {
      computed_.push_back(Compute(rewriter_.layer(i)));
    }
    // From the end: a layer goes when all that is read of it is a constant.
    int64_t rewrites = 0;
    for (int32_t i = rewriter_.num_layers(); i-- > 0;) {
      if (!computed_[i] || !IsWorthFolding(rewriter_.layer(i))) continue;
      if (absl::Status status = Fold(i); !status.ok()) return status;
      ++rewrites;
    }
    rewriter_.Finish();
    if (rewrites > 0) DropUnused(&model_);
    return rewrites;
  }

 private:
  bool MayBeConstant(ValueId value) const {
    return graph_.value(value).weights != kAbsent || contents_.count(value) > 0;
  }
  bool IsConstant(ValueId value) const {
    return contents_.count(value) > 0 || weights_.Constant(value).has_value();
  }

  // Computes the layer's results, if they depend on constants alone.
  bool Compute(const Layer& layer) {
    const std::vector<ValueId> inputs = PresentValues(layer.inputs);
    const std::vector<ValueId> outputs = PresentValues(layer.outputs);
    if (outputs.empty() ||
        !std::all_of(inputs.begin(), inputs.end(),
                     [&](ValueId v) { return MayBeConstant(v); }) ||
        !std::all_of(
            outputs.begin(), outputs.end(),
            [&](ValueId v) { return IsNumeric(graph_.value(v).tensor()); }) ||
        !IsPure(graph_, layer) ||
        !std::all_of(inputs.begin(), inputs.end(),
                     [&](ValueId v) { return IsConstant(v); })) {
      return false;
    }
    const auto results = RunAlone(layer);
    if (!results.ok()) return false;  // it fails for whoever runs the model
    for (size_t k = 0; k < outputs.size(); ++k) {
      contents_[outputs[k]] = (*results)[k].toTensor();
    }
    return true;
  }

  // Runs a layer by itself; the results are those of its output values. Weights
  // are bound as they were: the evaluator treats parameters in their own way.
  absl::StatusOr<std::vector<c10::IValue>> RunAlone(const Layer& layer) {
    Model model;
    model.metadata = model_.metadata;
    model.graphs.emplace_back();
    Graph& alone = model.main();
    alone.layers = {layer};
    std::map<ValueId, ValueId> ids;
    std::vector<c10::IValue> inputs;
    const auto take = [&](ValueId* value) {
      const auto [place, is_new] = ids.try_emplace(*value, kAbsent);
      if (is_new) {
        place->second = alone.AddValue(graph_.value(*value));
      }
      *value = place->second;
      return is_new;
    };
    ForEachValue(&alone.layers[0].inputs, [&](ValueId* value) {
      const ValueId original = *value;
      if (!take(value)) return;
      const auto computed = contents_.find(original);
      if (computed == contents_.end()) {
        const WeightsId weights = graph_.value(original).weights;
        alone.values[*value].weights =
            static_cast<WeightsId>(model.weights.size());
        model.weights.push_back(model_.weights[weights]);
        return;
      }
      alone.inputs.push_back(*value);
      inputs.emplace_back(computed->second);
    });
    ForEachValue(&alone.layers[0].outputs, take);
    alone.outputs = PresentValues(alone.layers[0].outputs);
    absl::StatusOr<std::unique_ptr<Evaluator>> evaluator =
        Evaluator::Create(model);
    if (!evaluator.ok()) return evaluator.status();
    return (*evaluator)->Run(inputs);
  }

  std::vector<ValueId> ReadResults(const Layer& layer) const {
    std::vector<ValueId> read;
    for (ValueId output : PresentValues(layer.outputs)) {
      if (rewriter_.Reads(output) > 0) read.push_back(output);
    }
    return read;
  }

  bool IsWorthFolding(const Layer& layer) const {
    const std::vector<ValueId> read = ReadResults(layer);
    return read.empty() ||
           (!IsExpander(layer) &&
            std::none_of(read.begin(), read.end(),
                         [&](ValueId v) { return Overlaps(contents_.at(v)); }));
  }

  // Makes constants of what is read of the layer, and takes it out.
  absl::Status Fold(int32_t i) {
    for (ValueId value : ReadResults(rewriter_.layer(i))) {
      // A parameter passed on as it is still wants gradients: see
      // kParametersWithoutGrad.
      const at::Tensor& content = contents_.at(value);
      const absl::Status status =
          weights_.Bind(value,
                        content.requires_grad() ? Weights::Role::kParameter
                                                : Weights::Role::kConstant,
                        content);
      if (!status.ok()) return status;
    }
    rewriter_.Drop(i);
    return absl::OkStatus();
  }

  Model& model_;
  Graph& graph_;
  ModelWeights weights_;
  GraphRewriter rewriter_;
  std::map<ValueId, at::Tensor> contents_;  // of what was computed
  std::vector<bool> computed_;              // by layer
};

}  // namespace

absl::StatusOr<int64_t> FoldRemainingConstants(Model& model) {
  return Folder(&model).Run();
}

}  // namespace flextorchir
