#include "flextorchir/evaluator/evaluator.h"

#include <algorithm>
#include <cstdint>
#include <exception>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "ATen/core/dispatch/Dispatcher.h"
#include "ATen/core/ivalue.h"
#include "ATen/ops/empty_strided.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "c10/core/DispatchKeySet.h"
#include "c10/core/GradMode.h"
#include "c10/core/InferenceMode.h"
#include "c10/core/impl/LocalDispatchKeySet.h"
#include "flextorchir/evaluator/arguments.h"
#include "flextorchir/evaluator/layer_place.h"
#include "flextorchir/evaluator/value_type.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/layer_set.h"
#include "flextorchir/torch_bridge/error_message.h"
#include "flextorchir/torch_bridge/free_sizes.h"
#include "flextorchir/torch_bridge/layer_call.h"
#include "flextorchir/torch_bridge/operator_call.h"
#include "flextorchir/torch_bridge/operator_writes.h"
#include "flextorchir/torch_bridge/quantized_engine.h"
#include "flextorchir/torch_bridge/tensor.h"

namespace flextorchir {
namespace {

struct Program;

// How one layer is run: by exactly one of `executor`, `call` and `body`.
struct Step {
  const Layer* layer = nullptr;
  Executor executor;
  std::optional<LayerCall> call;
  OperatorWrites writes;  // of `call`
  const Program* body = nullptr;
  // The sizes of what it returns may depend on data.
  bool free_sizes = false;
  // The values that nobody reads any more after it.
  std::vector<ValueId> dead;
};

// How one graph is run.
struct Program {
  const Graph* graph = nullptr;
  std::vector<Step> steps;
};

// Why an operator cannot be found, and what to do.
std::string UnknownOperator(absl::string_view name) {
  const absl::string_view library = name.substr(0, name.find("::"));
  if (library == "aten") {
    return absl::StrCat("this version of LibTorch has no operator ", name);
  }
  if (library == "torchvision") {
    return absl::StrCat(
        "the operator ", name,
        " is not known here; it is in torchvision's library, which needs "
        "Python: `import torchvision` in a process that embeds it");
  }
  return absl::StrCat(
      "the operator ", name,
      " is not known here; load the library that "
      "registers \"",
      library,
      "\" (link it, or open it with dlopen or "
      "torch.ops.load_library), or add an executor for the kind");
}

// -- Planning.

class Planner {
 public:
  Planner(const Model& model, const ExecutorRegistry& executors)
      : model_(model), executors_(executors) {
    programs_.resize(model.graphs.size());
  }

  // The programs by graph, null for graphs that are not run.
  absl::StatusOr<std::vector<std::unique_ptr<Program>>> Plan() && {
    PlanGraph(0);
    if (missing_.empty()) return std::move(programs_);
    std::string message = "the evaluator cannot run:";
    for (const Missing& missing : missing_) {
      absl::StrAppend(&message, "\n  ", missing.kind, ", ", missing.count,
                      missing.count == 1 ? " layer: " : " layers, the first: ",
                      LayerPlace(*missing.first), ": ", missing.reason);
    }
    return absl::UnimplementedError(message);
  }

 private:
  struct Missing {
    std::string kind;
    std::string reason;
    const Layer* first;
    int64_t count = 1;
  };

  const Program* PlanGraph(GraphId id) {
    auto program = std::make_unique<Program>();
    const Graph& graph = model_.graphs[id];
    program->graph = &graph;
    for (const Layer& layer : graph.layers) {
      program->steps.push_back(PlanLayer(graph, layer));
    }
    FindLastUses(*program);
    programs_[id] = std::move(program);
    return programs_[id].get();
  }

  Step PlanLayer(const Graph& graph, const Layer& layer) {
    Step step;
    step.layer = &layer;
    if (const Executor* executor = executors_.Find(layer.kind)) {
      step.executor = *executor;
      step.free_sizes = KindHasFreeSizes(layer.kind);
      return step;
    }
    std::string reason;
    if (FindLayerKind(layer.kind) != nullptr &&
        PlanCall(graph, layer, step, reason)) {
      return step;
    }
    if (const auto body = layer.bodies.find("body");
        body != layer.bodies.end()) {
      step.body = PlanGraph(body->second);
      return step;
    }
    if (reason.empty() && PlanCall(graph, layer, step, reason)) return step;
    Note(layer, std::move(reason));
    return step;
  }

  // Gives `step` an operator, or says why there is none.
  static bool PlanCall(const Graph& graph, const Layer& layer, Step& step,
                       std::string& reason) {
    if (FindLayerKind(layer.kind) == nullptr) {
      if (layer.target.empty()) {
        reason = layer.bodies.empty()
                     ? "it has no executor, no body and no target operator; "
                       "add an executor for the kind"
                     : "only a body called \"body\" is run by itself; add an "
                       "executor for the kind";
        return false;
      }
      if (!FindOperator(layer.target).has_value()) {
        reason = UnknownOperator(layer.target);
        return false;
      }
    }
    absl::StatusOr<LayerCall> call = FindLayerCall(graph, layer);
    if (!call.ok()) {
      reason = std::string(call.status().message());
      return false;
    }
    step.writes = FindOperatorWrites(call->op.schema());
    AddUnmarkedWrites(layer, call->op.schema(), step.writes);
    step.free_sizes = HasFreeSizes(call->op);
    step.call = *std::move(call);
    return true;
  }

  // A user's operator may write what its schema does not mark; the capture saw
  // it and gave the layer an output for it.
  static void AddUnmarkedWrites(const Layer& layer,
                                const c10::FunctionSchema& schema,
                                OperatorWrites& writes) {
    const size_t results = static_cast<size_t>(
        std::count_if(schema.returns().begin(), schema.returns().end(),
                      [](const c10::Argument& r) { return !IsWritten(r); }));
    for (size_t i = results; i < layer.outputs.size(); ++i) {
      const auto index = schema.argumentIndexWithName(layer.outputs[i].name);
      if (!index.has_value()) continue;
      for (const auto* known : {&writes.marked, &writes.silent}) {
        if (std::count(known->begin(), known->end(), *index) > 0) break;
        if (known == &writes.silent) writes.marked.push_back(*index);
      }
    }
  }

  void Note(const Layer& layer, std::string reason) {
    const std::string& kind =
        layer.kind == kPlaceholder ? layer.target : layer.kind;
    for (Missing& missing : missing_) {
      if (missing.kind != kind || missing.reason != reason) continue;
      ++missing.count;
      return;
    }
    missing_.push_back(Missing{kind, std::move(reason), &layer});
  }

  static void FindLastUses(Program& program) {
    const Graph& graph = *program.graph;
    constexpr size_t kNever = std::numeric_limits<size_t>::max();
    std::vector<size_t> last(graph.values.size(), kNever);
    for (size_t i = 0; i < program.steps.size(); ++i) {
      const Layer& layer = *program.steps[i].layer;
      for (const auto* slots : {&layer.inputs, &layer.outputs}) {
        for (const Slot& slot : *slots) {
          for (ValueId value : slot.values) {
            if (value != kAbsent) last[value] = i;
          }
        }
      }
    }
    for (ValueId value : graph.outputs) last[value] = kNever;
    for (size_t value = 0; value < last.size(); ++value) {
      if (last[value] == kNever) continue;
      program.steps[last[value]].dead.push_back(static_cast<ValueId>(value));
    }
  }

  const Model& model_;
  const ExecutorRegistry& executors_;
  std::vector<std::unique_ptr<Program>> programs_;
  std::vector<Missing> missing_;
};

// -- Running.

using Results = std::vector<c10::IValue>;

// A tensor that an operator may write to in place of `tensor`, laid out in the
// same way: the last bits of a result depend on it.
at::Tensor CopyToWrite(const at::Tensor& tensor) {
  if (!tensor.defined()) return tensor;
  const absl::StatusOr<TensorType> type = TypeOf(tensor);
  at::Tensor copy = tensor.clone();
  return type.ok() ? WithStrides(copy, *type) : copy;
}

c10::IValue CopyToWrite(const c10::IValue& value) {
  if (value.isTensor()) return CopyToWrite(value.toTensor());
  if (!value.isTensorList()) return value;
  c10::List<at::Tensor> copies;
  for (const at::Tensor& tensor : value.toTensorVector()) {
    copies.push_back(CopyToWrite(tensor));
  }
  return copies;
}

absl::Status Failed(const Layer& layer, absl::string_view message) {
  return absl::InternalError(absl::StrCat(LayerPlace(layer), ": ", message));
}

class ModelEvaluator final : public Evaluator {
 public:
  ModelEvaluator(const Model& model, EvaluatorOptions options,
                 std::vector<std::unique_ptr<Program>> programs,
                 std::map<WeightsId, at::Tensor> weights, std::string engine)
      : model_(model),
        options_(std::move(options)),
        programs_(std::move(programs)),
        weights_(std::move(weights)),
        engine_(std::move(engine)) {}

  absl::StatusOr<Results> Run(const Results& inputs) override {
    std::optional<c10::InferenceMode> inference_mode;
    std::optional<c10::AutoGradMode> grad_mode;
    if (options_.inference_mode) {
      inference_mode.emplace();
      // What operators look at. There are no gradients in inference mode.
      const auto mode = model_.metadata.find(kGradMode);
      grad_mode.emplace(mode == model_.metadata.end() || mode->second != "off");
    }
    const WithQuantizedEngine with_engine(engine_);
    c10::impl::ExcludeDispatchKeyGuard no_autocast(
        c10::autocast_dispatch_keyset);
    try {
      TypeBinder binder(model_);
      absl::StatusOr<Results> taken = TakeInputs(inputs, binder);
      if (!taken.ok()) return taken.status();
      return RunProgram(*programs_[0], *std::move(taken), binder);
    } catch (const std::exception& error) {
      return absl::InternalError(ErrorMessage(error));
    }
  }

 private:
  absl::StatusOr<Results> TakeInputs(const Results& inputs,
                                     TypeBinder& binder) const {
    const Graph& graph = model_.main();
    if (inputs.size() != graph.inputs.size()) {
      return absl::InvalidArgumentError(
          absl::StrCat("the model takes ", graph.inputs.size(), " inputs, not ",
                       inputs.size()));
    }
    std::vector<std::string> paths = LeafPaths(model_.inputs);
    paths.resize(inputs.size());
    Results taken;
    // Symbols first, what is computed of them afterwards.
    for (bool bind : {true, false}) {
      for (size_t i = 0; i < inputs.size(); ++i) {
        const Value& value = graph.value(graph.inputs[i]);
        absl::Status status = bind ? binder.BindInput(value, inputs[i])
                                   : binder.CheckInput(value, inputs[i]);
        if (status.ok()) continue;
        return absl::InvalidArgumentError(absl::StrCat(
            "input ", i, " (", value.name, paths[i].empty() ? "" : ", ",
            paths[i], "): ", status.message()));
      }
    }
    for (size_t i = 0; i < inputs.size(); ++i) {
      const Value& value = graph.value(graph.inputs[i]);
      taken.push_back(binder.AsRecorded(value, inputs[i], /*strides=*/true));
    }
    return taken;
  }

  absl::StatusOr<Results> RunProgram(const Program& program, Results inputs,
                                     TypeBinder& binder) const {
    const Graph& graph = *program.graph;
    Results values(graph.values.size());
    for (size_t i = 0; i < inputs.size(); ++i) {
      values[graph.inputs[i]] = std::move(inputs[i]);
    }
    for (size_t i = 0; i < graph.values.size(); ++i) {
      const WeightsId id = graph.values[i].weights;
      if (id != kAbsent) values[i] = weights_.at(id);
    }
    for (const Step& step : program.steps) {
      if (absl::Status status = RunStep(graph, step, values, binder);
          !status.ok()) {
        return status;
      }
      for (ValueId dead : step.dead) values[dead] = c10::IValue();
    }
    Results outputs;
    for (ValueId output : graph.outputs) outputs.push_back(values[output]);
    return outputs;
  }

  absl::Status RunStep(const Graph& graph, const Step& step, Results& values,
                       TypeBinder& binder) const {
    const Layer& layer = *step.layer;
    absl::StatusOr<Results> results;  // by output slot
    try {
      if (step.body != nullptr) {
        results = RunBody(step, values, binder);
      } else {
        const GraphArguments arguments(layer, values, binder.symbols());
        results = step.call.has_value() ? RunCall(step, arguments)
                                        : step.executor(arguments);
        if (results.ok()) results = Flatten(layer, *results);
      }
    } catch (const std::exception& error) {
      return Failed(layer, ErrorMessage(error));
    } catch (...) {
      return Failed(layer, "threw something that is no std::exception");
    }
    if (!results.ok()) {
      // Within a body the layer that failed has said so.
      return step.body != nullptr ? results.status()
                                  : Failed(layer, results.status().message());
    }

    const bool free_sizes = step.free_sizes || ReadsNumber(graph, layer);
    size_t next = 0;
    for (const Slot& slot : layer.outputs) {
      for (ValueId id : slot.values) {
        c10::IValue& result = (*results)[next++];
        if (id == kAbsent) continue;
        const Value& value = graph.value(id);
        if (absl::Status status = binder.TakeResult(value, result, free_sizes);
            !status.ok()) {
          return Failed(layer, absl::StrCat("result `", slot.name, "` ",
                                            status.message()));
        }
        result = binder.AsRecorded(value, std::move(result),
                                   options_.restore_strides);
        values[id] = result;
      }
    }
    if (options_.observer && (&graph == &model_.main() || options_.in_bodies)) {
      return options_.observer(graph, layer, *results);
    }
    return absl::OkStatus();
  }

  // A number that was computed may be a size.
  static bool ReadsNumber(const Graph& graph, const Layer& layer) {
    for (const Slot& slot : layer.inputs) {
      for (ValueId id : slot.values) {
        if (id != kAbsent && graph.value(id).tensor() == nullptr) return true;
      }
    }
    return false;
  }

  absl::StatusOr<Results> RunBody(const Step& step, const Results& values,
                                  TypeBinder& binder) const {
    Results inputs;
    for (const Slot& slot : step.layer->inputs) {
      for (ValueId id : slot.values) {
        if (id != kAbsent) inputs.push_back(values[id]);
      }
    }
    absl::StatusOr<Results> outputs =
        RunProgram(*step.body, std::move(inputs), binder);
    if (!outputs.ok()) return outputs.status();
    Results results;
    size_t next = 0;
    for (const Slot& slot : step.layer->outputs) {
      for (ValueId id : slot.values) {
        results.push_back(id == kAbsent ? c10::IValue() : (*outputs)[next++]);
      }
    }
    return results;
  }

  // The object that an argument takes, or the list of objects.
  static absl::StatusOr<c10::IValue> Packed(const LayerCall::Argument& argument,
                                            const c10::Argument& taken_by,
                                            const GraphArguments& arguments) {
    Results objects;
    for (const auto& packer : argument.packers) {
      absl::StatusOr<Results> packed = PassedTo(*packer, arguments);
      if (packed.ok()) packed = CallOperator(packer->op, *std::move(packed));
      if (!packed.ok()) return packed.status();
      objects.push_back(packed->at(0));
    }
    if (!argument.is_list) return objects[0];
    c10::impl::GenericList list(taken_by.type()->containedType(0));
    for (c10::IValue& object : objects) list.push_back(std::move(object));
    return c10::IValue(std::move(list));
  }

  // What the operator is called with.
  static absl::StatusOr<Results> PassedTo(const LayerCall& call,
                                          const GraphArguments& arguments) {
    const auto& schema = call.op.schema();
    Results stack;
    for (size_t i = 0; i < call.arguments.size(); ++i) {
      const LayerCall::Argument& argument = call.arguments[i];
      absl::StatusOr<c10::IValue> value = argument.constant;
      if (argument.is_list || !argument.packers.empty()) {
        value = Packed(argument, schema.arguments()[i], arguments);
      } else if (!argument.layer_name.empty()) {
        value = arguments.Get(argument.layer_name);
        if (value.ok() && argument.element >= 0) {
          value = value->toList().get(argument.element);
        }
        if (value.ok()) value = FitToArgument(*value, schema.arguments()[i]);
      }
      if (!value.ok()) return value.status();
      stack.push_back(*std::move(value));
    }
    return stack;
  }

  // Calls the operator, on copies of what it writes. Returns what the layer's
  // output slots hold: the results that are not arguments, then the new
  // contents, which are found by the argument's name.
  absl::StatusOr<Results> RunCall(const Step& step,
                                  const GraphArguments& arguments) const {
    const LayerCall& call = *step.call;
    const auto& schema = call.op.schema();
    absl::StatusOr<Results> passed = PassedTo(call, arguments);
    if (!passed.ok()) return passed.status();
    Results& stack = *passed;

    std::map<std::string, c10::IValue, std::less<>> new_contents;
    const auto copy = [&](int32_t argument) {
      stack[argument] = CopyToWrite(stack[argument]);
      const std::string& name = call.arguments[argument].layer_name;
      new_contents[name.empty() ? schema.arguments()[argument].name() : name] =
          stack[argument];
    };
    for (int32_t argument : step.writes.marked) copy(argument);
    if (step.writes.silent_flag >= 0 &&
        stack[step.writes.silent_flag].toBool()) {
      for (int32_t argument : step.writes.silent) copy(argument);
    }

    absl::StatusOr<Results> returned = CallOperator(call.op, std::move(stack));
    if (!returned.ok()) return returned.status();
    Results fresh;
    for (size_t i = 0; i < returned->size(); ++i) {
      if (!IsWritten(schema.returns()[i])) {
        fresh.push_back(std::move((*returned)[i]));
      }
    }
    Results results;
    for (const Slot& slot : step.layer->outputs) {
      if (results.size() < fresh.size()) {
        results.push_back(fresh[results.size()]);
      } else if (const auto content = new_contents.find(slot.name);
                 content != new_contents.end()) {
        results.push_back(content->second);
      } else {
        results.emplace_back();  // an error unless the slot is absent
      }
    }
    return results;
  }

  // One result for each value of the output slots. Those of unused results,
  // which hold no value, may be missing at the end.
  static absl::StatusOr<Results> Flatten(const Layer& layer,
                                         const Results& by_slot) {
    const auto is_absent = [](const Slot& slot) {
      return std::all_of(slot.values.begin(), slot.values.end(),
                         [](ValueId id) { return id == kAbsent; });
    };
    Results results;
    for (size_t i = 0; i < layer.outputs.size(); ++i) {
      const Slot& slot = layer.outputs[i];
      const bool is_missing = i >= by_slot.size() || by_slot[i].isNone();
      if (is_missing && is_absent(slot)) {
        results.resize(results.size() + slot.values.size());
        continue;
      }
      if (i >= by_slot.size()) break;
      if (!slot.is_list) {
        results.push_back(by_slot[i]);
        continue;
      }
      if (!by_slot[i].isList()) {
        return absl::InternalError(
            absl::StrCat("result `", slot.name, "` is no list"));
      }
      const c10::List<c10::IValue> items = by_slot[i].toList();
      if (items.size() != slot.values.size()) {
        return absl::InternalError(absl::StrCat("result `", slot.name, "` has ",
                                                items.size(), " elements, not ",
                                                slot.values.size()));
      }
      for (size_t j = 0; j < items.size(); ++j) results.push_back(items.get(j));
    }
    size_t wanted = 0;
    for (const Slot& slot : layer.outputs) wanted += slot.values.size();
    if (by_slot.size() > layer.outputs.size() || results.size() != wanted) {
      return absl::InternalError(
          absl::StrCat("gave ", by_slot.size(), " results for ",
                       layer.outputs.size(), " outputs"));
    }
    return results;
  }

  const Model& model_;
  const EvaluatorOptions options_;
  const std::vector<std::unique_ptr<Program>> programs_;
  const std::map<WeightsId, at::Tensor> weights_;
  const std::string engine_;  // of quantised layers; empty if there are none
};

// Whether a parameter of the original wanted gradients.
bool WantsGrad(const Model& model, const Weights& weights,
               const at::Tensor& tensor) {
  if (weights.role != Weights::Role::kParameter || tensor.is_inference() ||
      !(tensor.is_floating_point() || tensor.is_complex())) {
    return false;
  }
  const auto without = model.metadata.find(kParametersWithoutGrad);
  if (without == model.metadata.end()) return true;
  const std::vector<std::string> names = absl::StrSplit(without->second, ',');
  return std::none_of(names.begin(), names.end(), [&](const auto& name) {
    return name == "*" || name == weights.name;
  });
}

}  // namespace

absl::StatusOr<std::unique_ptr<Evaluator>> Evaluator::Create(
    const Model& model, EvaluatorOptions options) {
  std::optional<ExecutorRegistry> standard;
  if (options.executors == nullptr) {
    standard = ExecutorRegistry::Standard();
  }
  const ExecutorRegistry& executors =
      standard.has_value() ? *standard : *options.executors;
  absl::StatusOr<std::vector<std::unique_ptr<Program>>> programs =
      Planner(model, executors).Plan();
  if (!programs.ok()) return programs.status();
  std::map<WeightsId, at::Tensor> weights;
  for (const Value& value : model.main().values) {
    if (value.weights == kAbsent || weights.count(value.weights) > 0) continue;
    absl::StatusOr<at::Tensor> tensor = ToTensor(model.weights[value.weights]);
    if (!tensor.ok()) return tensor.status();
    if (WantsGrad(model, model.weights[value.weights], *tensor)) {
      tensor->set_requires_grad(true);
    }
    weights.emplace(value.weights, *std::move(tensor));
  }
  std::string engine;
  if (const auto entry = model.metadata.find(kQuantizedEngine);
      entry != model.metadata.end()) {
    engine = entry->second;
    if (absl::Status status = CheckQuantizedEngine(engine); !status.ok()) {
      return status;
    }
  }
  options.executors = nullptr;  // copied, where they are needed
  return std::make_unique<ModelEvaluator>(
      model, std::move(options), *std::move(programs), std::move(weights),
      std::move(engine));
}

}  // namespace flextorchir
