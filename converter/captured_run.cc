#include "flextorchir/converter/captured_run.h"

#include <cstddef>
#include <cstdint>
#include <exception>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "c10/core/GradMode.h"
#include "flextorchir/converter/capture/recorder.h"
#include "flextorchir/converter/structure.h"
#include "flextorchir/evaluator/evaluator.h"
#include "flextorchir/torch_bridge/error_message.h"
#include "flextorchir/torch_bridge/quantized_engine.h"
#include "flextorchir/torch_bridge/tensor.h"

namespace flextorchir {
namespace {

absl::StatusOr<c10::IValue> RunModel(Frontend& frontend,
                                     const ModelInputs& inputs,
                                     Recorder& recorder) {
  Recorder::Session session(recorder);
  try {
    return frontend.Run(inputs, recorder);
  } catch (const std::exception& error) {
    return absl::InvalidArgumentError(ErrorMessage(error));
  } catch (...) {
    return absl::InvalidArgumentError(
        "the model threw something that is no exception");
  }
}

void NoteParametersWithoutGrad(const std::vector<NamedTensor>& state,
                               Model* model) {
  std::vector<std::string> without;
  std::set<absl::string_view> names;
  bool all = true;
  for (const NamedTensor& parameter : state) {
    names.insert(parameter.name);
    const at::Tensor& tensor = parameter.tensor;
    if (parameter.role != Weights::Role::kParameter || !tensor.defined() ||
        !(tensor.is_floating_point() || tensor.is_complex())) {
      continue;
    }
    if (tensor.requires_grad()) {
      all = false;
    } else {
      without.push_back(parameter.name);
    }
  }
  // Those that were packed want none.
  for (const Weights& weights : model->weights) {
    if (weights.role == Weights::Role::kParameter &&
        names.count(weights.name) == 0) {
      without.push_back(weights.name);
    }
  }
  if (without.empty()) return;
  model->metadata[kParametersWithoutGrad] =
      all ? "*" : absl::StrJoin(without, ",");
}

void NoteQuantizedEngine(Model* model) {
  const auto is_quantized = [](const Value& value) {
    return value.tensor() != nullptr &&
           value.tensor()->quantization.has_value();
  };
  const auto runs_on_engine = [](const Layer& layer) {
    return absl::StartsWith(layer.target, "quantized::");
  };
  if (absl::c_any_of(model->main().values, is_quantized) ||
      absl::c_any_of(model->main().layers, runs_on_engine)) {
    model->metadata[kQuantizedEngine] = QuantizedEngine();
  }
}

void TakeOutputs(CapturedRun* run) {
  for (const at::Tensor& content : run->trace.result_contents) {
    run->outputs.push_back(content.detach());
  }
  // They may hold what autograd kept of the whole run.
  run->trace.result_contents.clear();
  const Model& model = run->functional.model;
  for (const StateOutput& changed : model.state_outputs) {
    at::Tensor left;
    for (const ExternalTensor& external : run->trace.externals) {
      const std::vector<std::string>& names = external.weights_names;
      const bool is_it =
          changed.input != kAbsent
              ? absl::c_linear_search(external.inputs, changed.input)
              : absl::c_linear_search(names,
                                      model.weights[changed.weights].name);
      if (is_it) left = external.left;
    }
    run->outputs.push_back(left);
  }
}

void TakeContents(const Recorder& recorder, CapturedRun* run) {
  for (const FunctionalGraph::Result& result : run->functional.results) {
    at::Tensor content;
    if (result.call != kAbsent) {
      const auto& results = recorder.results_of(result.call);
      if (result.index < static_cast<int32_t>(results.size())) {
        content = results[result.index];
      }
    }
    run->contents.push_back(std::move(content));
  }
}

}  // namespace

absl::StatusOr<CapturedRun> CaptureRun(Frontend& frontend,
                                       const ModelInputs& inputs,
                                       const CaptureOptions& options) {
  CapturedRun run;
  absl::StatusOr<Flattened> flattened =
      FlattenInputs(inputs, frontend.input_structure());
  if (!flattened.ok()) return flattened.status();
  run.input_structure = std::move(flattened->structure);
  run.inputs = std::move(flattened->leaves);
  run.input_names = InputNames(run.input_structure, frontend.argument_names());
  std::vector<InputLeaf> leaves;
  for (size_t i = 0; i < run.inputs.size(); ++i) {
    absl::StatusOr<TensorType> type = TypeOf(run.inputs[i]);
    if (!type.ok()) {
      return absl::Status(type.status().code(),
                          absl::StrCat("input \"", run.input_names[i],
                                       "\": ", type.status().message()));
    }
    leaves.push_back({run.input_names[i], *std::move(type)});
  }

  RecorderOptions recorder_options;
  recorder_options.frames = options.frames;
  recorder_options.keep_results = options.keep_contents;
  Recorder recorder(recorder_options);
  const std::vector<NamedTensor> state = frontend.state();
  for (const NamedTensor& tensor : state) {
    recorder.AddState(tensor.name, tensor.role, tensor.tensor);
  }
  for (const NamedObject& object : frontend.objects()) {
    recorder.AddObject(object.name, object.object);
  }
  for (size_t i = 0; i < run.inputs.size(); ++i) {
    recorder.AddInput(static_cast<int32_t>(i), run.inputs[i]);
  }
  absl::StatusOr<c10::IValue> returned = RunModel(frontend, inputs, recorder);
  absl::StatusOr<Flattened> outputs =
      returned.ok() ? FlattenResult(*returned, frontend.result_structure())
                    : absl::StatusOr<Flattened>(returned.status());
  // In any case, because it puts back what the model changed.
  run.trace = recorder.Finish(outputs.ok() ? outputs->leaves
                                           : std::vector<at::Tensor>());
  if (!outputs.ok()) return outputs.status();
  run.output_structure = std::move(outputs->structure);

  absl::StatusOr<FunctionalGraph> graph = Functionalize(run.trace, leaves);
  if (!graph.ok()) return graph.status();
  run.functional = *std::move(graph);
  if (!c10::GradMode::is_enabled()) {
    run.functional.model.metadata[kGradMode] = "off";
  }
  NoteParametersWithoutGrad(state, &run.functional.model);
  NoteQuantizedEngine(&run.functional.model);
  TakeOutputs(&run);
  if (options.keep_contents) TakeContents(recorder, &run);
  return run;
}

}  // namespace flextorchir
