#include "flextorchir/converter/converter.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "flextorchir/converter/apply_rules.h"
#include "flextorchir/converter/capture/functionalize.h"
#include "flextorchir/converter/capture/recorder.h"
#include "flextorchir/converter/names.h"
#include "flextorchir/converter/passes/composites.h"
#include "flextorchir/converter/passes/drop_unused.h"
#include "flextorchir/converter/passes/fold_constants.h"
#include "flextorchir/converter/passes/graph_walk.h"
#include "flextorchir/converter/structure.h"
#include "flextorchir/converter/summarize.h"
#include "flextorchir/converter/version.h"
#include "flextorchir/evaluator/evaluator.h"
#include "flextorchir/ir/layer_set.h"
#include "flextorchir/ir/verify.h"
#include "flextorchir/torch_bridge/error_message.h"
#include "flextorchir/torch_bridge/tensor.h"
#include "torch/version.h"

namespace flextorchir {
namespace {

double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
      .count();
}

// The target of a layer that stands for a value of which nobody saw where it
// comes from. No such operator exists, so that nothing runs it by mistake.
constexpr char kUnknownValue[] = "flextorchir::unknown_value";

// One conversion, stage by stage; each stage leaves `functional_`, a graph of
// what ran, closer to the model that is returned.
class Pipeline {
 public:
  Pipeline(Frontend& frontend, const ModelInputs& inputs,
           const ConvertOptions& options)
      : frontend_(frontend), arguments_(inputs), options_(options) {}

  absl::StatusOr<Conversion> Run() {
    auto start = std::chrono::steady_clock::now();
    if (absl::Status status = Capture(); !status.ok()) return status;
    const double capture_seconds = SecondsSince(start);

    start = std::chrono::steady_clock::now();
    if (absl::Status status = BuildModel(); !status.ok()) return status;
    Model& model = functional_.model;
    if (absl::Status status = Verify(model); !status.ok()) {
      return absl::InternalError(absl::StrCat(
          "the graph that was made of the model is not right (this is a bug of "
          "FlexTorchIR, or of a rule): ",
          status.message()));
    }
    const int64_t count = static_cast<int64_t>(model.main().layers.size());
    for (int64_t i = 0; options_.on_layer && i < count; ++i) {
      options_.on_layer(model, model.main().layers[i], i, count);
    }
    result_.report = Summarize(model, reasons_, options_.targets,
                               std::move(functional_.warnings));
    result_.report.timing["capture"] = capture_seconds;
    result_.report.timing["build"] = SecondsSince(start);
    result_.model = std::move(model);
    return std::move(result_);
  }

 private:
  // -- The run.
  absl::Status Capture() {
    absl::StatusOr<Flattened> inputs =
        FlattenInputs(arguments_, frontend_.input_structure());
    if (!inputs.ok()) return inputs.status();
    input_structure_ = inputs->structure;
    input_names_ = InputNames(input_structure_, frontend_.argument_names());
    std::vector<InputLeaf> leaves;
    for (size_t i = 0; i < inputs->leaves.size(); ++i) {
      absl::StatusOr<TensorType> type = TypeOf(inputs->leaves[i]);
      if (!type.ok()) {
        return absl::Status(type.status().code(),
                            absl::StrCat("input \"", input_names_[i],
                                         "\": ", type.status().message()));
      }
      leaves.push_back({input_names_[i], *std::move(type)});
      result_.inputs.emplace_back(inputs->leaves[i]);
    }

    RecorderOptions recorder_options;
    recorder_options.frames = options_.frames;
    recorder_options.keep_results = options_.keep_activations;
    Recorder recorder(recorder_options);
    const std::vector<NamedTensor> state = frontend_.state();
    for (const NamedTensor& tensor : state) {
      recorder.AddState(tensor.name, tensor.role, tensor.tensor);
    }
    for (size_t i = 0; i < inputs->leaves.size(); ++i) {
      recorder.AddInput(static_cast<int32_t>(i), inputs->leaves[i]);
    }
    absl::StatusOr<c10::IValue> returned = RunModel(recorder);
    absl::StatusOr<Flattened> outputs =
        returned.ok() ? FlattenResult(*returned, frontend_.result_structure())
                      : absl::StatusOr<Flattened>(returned.status());
    // In any case, because it puts back what the model changed.
    trace_ = recorder.Finish(outputs.ok() ? outputs->leaves
                                          : std::vector<at::Tensor>());
    if (!outputs.ok()) return outputs.status();
    output_structure_ = std::move(outputs->structure);

    absl::StatusOr<FunctionalGraph> graph = Functionalize(trace_, leaves);
    if (!graph.ok()) return graph.status();
    functional_ = *std::move(graph);
    NoteParametersWithoutGrad(state);
    TakeOutputs();
    if (options_.keep_activations) TakeActivations(recorder);
    TellBaked("baked-input", input_structure_,
              "is no tensor: its value is part of the graph");
    TellBaked("baked-result", output_structure_,
              "is no tensor: it is returned as it was in this run");
    return absl::OkStatus();
  }

  absl::StatusOr<c10::IValue> RunModel(Recorder& recorder) {
    Recorder::Session session(recorder);
    try {
      return frontend_.Run(arguments_, recorder);
    } catch (const std::exception& error) {
      return absl::InvalidArgumentError(ErrorMessage(error));
    } catch (...) {
      return absl::InvalidArgumentError(
          "the model threw something that is no exception");
    }
  }

  void NoteParametersWithoutGrad(const std::vector<NamedTensor>& state) {
    std::vector<std::string> without;
    bool all = true;
    for (const NamedTensor& parameter : state) {
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
    if (without.empty()) return;
    functional_.model.metadata[kParametersWithoutGrad] =
        all ? "*" : absl::StrJoin(without, ",");
  }

  // The outputs of graphs[0] as the run left them: the model's results, then
  // what it made of its state and inputs.
  void TakeOutputs() {
    for (const at::Tensor& content : trace_.result_contents) {
      result_.outputs.emplace_back(content.detach());
    }
    const Model& model = functional_.model;
    for (const StateOutput& changed : model.state_outputs) {
      at::Tensor left;
      for (const ExternalTensor& external : trace_.externals) {
        const std::vector<std::string>& names = external.weights_names;
        const bool is_it =
            changed.input != kAbsent
                ? absl::c_linear_search(external.inputs, changed.input)
                : absl::c_linear_search(names,
                                        model.weights[changed.weights].name);
        if (is_it) left = external.left;
      }
      result_.outputs.emplace_back(left);
    }
  }

  void TakeActivations(const Recorder& recorder) {
    for (const FunctionalGraph::Result& result : functional_.results) {
      at::Tensor content;
      if (result.call != kAbsent) {
        const auto& results = recorder.results_of(result.call);
        if (result.index < static_cast<int32_t>(results.size())) {
          content = results[result.index];
        }
      }
      contents_.push_back(std::move(content));
    }
    // From here on a value's result says where its content is.
    for (size_t v = 0; v < functional_.results.size(); ++v) {
      functional_.results[v] = {static_cast<int32_t>(v), 0};
    }
  }

  void TellBaked(absl::string_view code, const Structure& structure,
                 absl::string_view what) {
    for (const std::string& path : ConstantPaths(structure)) {
      Report::Warning warning;
      warning.code = std::string(code);
      warning.severity = Report::Severity::kInfo;
      warning.message = absl::StrCat("`", path, "` ", what);
      functional_.warnings.push_back(std::move(warning));
    }
  }

  // -- From what ran to the model.
  absl::Status BuildModel() {
    PlaceUnknownValues();
    PathsFromParameters();
    CutSourceRoot();

    const bool raw = options_.layers == ConvertOptions::Layers::kRaw;
    std::optional<LayerConverterRegistry> standard;
    const LayerConverterRegistry* registry = options_.registry;
    if (registry == nullptr && !raw) {
      registry = &standard.emplace(LayerConverterRegistry::Standard());
    }
    CompositeOptions composites;
    composites.blackbox = options_.blackbox;
    composites.registry = raw ? nullptr : registry;
    const ChosenScopes chosen =
        ChooseScopes(trace_.scopes, composites, &functional_.warnings);

    FoldOptions fold;
    fold.fold = !raw;
    fold.keep = [&](ScopeId scope) {
      return chosen.Within(trace_.scopes, scope);
    };
    FoldConstants(fold, &functional_);
    absl::StatusOr<LayerScopes> layer_scopes =
        CutComposites(trace_.scopes, chosen, &functional_);
    if (!layer_scopes.ok()) return layer_scopes.status();

    Model& model = functional_.model;
    NameLayers(trace_.scopes, *layer_scopes, &model);
    if (!raw) {
      absl::Status status = ApplyRules(*registry, &model, &reasons_);
      if (!status.ok()) return status;
    }
    const std::vector<ValueId> old_ids = DropUnused(&model);
    NameValues(input_names_, &model);
    if (options_.keep_activations) NameActivations(old_ids);
    Describe(&model);
    return absl::OkStatus();
  }

  // A value that is read but that nobody writes (its error is in the report
  // already) comes from a placeholder, so that the rest of the graph is sound.
  void PlaceUnknownValues() {
    Graph& graph = functional_.model.graphs[0];
    std::vector<bool> known(graph.values.size());
    for (size_t v = 0; v < known.size(); ++v) {
      known[v] = graph.values[v].weights != kAbsent;
    }
    ForEachWrite(&graph, [&](ValueId* value) { known[*value] = true; });
    std::vector<Layer> unknown;
    ForEachRead(&graph, [&](ValueId* value) {
      if (known[*value]) return;
      known[*value] = true;
      Layer layer;
      layer.kind = kUnknownValue;
      layer.target = kUnknownValue;
      layer.outputs.push_back(Slot::One("output", *value));
      layer.sources.push_back({kUnknownValue, "", "", 0, {}});
      unknown.push_back(std::move(layer));
    });
    graph.layers.insert(graph.layers.begin(), unknown.begin(), unknown.end());
    functional_.origins.insert(functional_.origins.begin(), unknown.size(),
                               FunctionalGraph::Origin());
  }

  // Where no module said that it was entered (C++ modules have no hooks), a
  // layer belongs to the module whose parameters it reads.
  void PathsFromParameters() {
    if (trace_.scopes.size() > 1) return;
    const Model& model = functional_.model;
    for (Layer& layer : functional_.model.graphs[0].layers) {
      for (ValueId input : PresentValues(layer.inputs)) {
        const WeightsId id = model.graphs[0].value(input).weights;
        if (id == kAbsent || layer.sources.empty() ||
            model.weights[id].role == Weights::Role::kConstant) {
          continue;
        }
        const std::string& name = model.weights[id].name;
        const size_t dot = name.rfind('.');
        if (dot == std::string::npos) continue;
        layer.sources[0].module_path = name.substr(0, dot);
        break;
      }
    }
  }

  void CutSourceRoot() {
    std::string root = options_.source_root;
    if (root.empty()) return;
    if (!absl::EndsWith(root, "/")) root += "/";
    const auto cut = [&](std::string* path) {
      absl::string_view rest = *path;
      if (absl::ConsumePrefix(&rest, root)) *path = std::string(rest);
    };
    for (Layer& layer : functional_.model.graphs[0].layers) {
      for (Source& source : layer.sources) {
        for (Source::Frame& frame : source.frames) cut(&frame.file);
      }
    }
    for (Report::Warning& warning : functional_.warnings) cut(&warning.source);
  }

  void NameActivations(const std::vector<ValueId>& old_ids) {
    const Graph& graph = functional_.model.graphs[0];
    for (size_t v = 0; v < graph.values.size(); ++v) {
      // CutComposites adds no values to graphs[0]: the table still holds.
      const at::Tensor& content =
          contents_[functional_.results[old_ids[v]].call];
      if (content.defined()) {
        result_.activations[graph.values[v].name] = content;
      }
    }
  }

  void Describe(Model* model) {
    model->name = frontend_.name();
    model->producer = absl::StrCat("FlexTorchIR ", kVersion);
    model->metadata["torch"] = TORCH_VERSION;
    model->inputs = std::move(input_structure_);
    model->outputs = std::move(output_structure_);
    model->layer_set_version = 1;
    for (const Graph& graph : model->graphs) {
      for (const Layer& layer : graph.layers) {
        const LayerKind* kind = FindLayerKind(layer.kind);
        if (kind == nullptr) continue;
        model->layer_set_version =
            std::max(model->layer_set_version, kind->since);
      }
    }
  }

  Frontend& frontend_;
  const ModelInputs& arguments_;
  const ConvertOptions& options_;
  Structure input_structure_;
  Structure output_structure_;
  std::vector<std::string> input_names_;
  Trace trace_;
  FunctionalGraph functional_;
  std::vector<at::Tensor> contents_;  // by value as first numbered; if kept
  PlaceholderReasons reasons_;
  Conversion result_;
};

thread_local bool converting = false;

}  // namespace

absl::StatusOr<Conversion> Convert(Frontend& frontend,
                                   const ModelInputs& inputs,
                                   const ConvertOptions& options) {
  if (converting) {
    return absl::FailedPreconditionError(
        "another conversion is running on this thread; convert the models one "
        "after the other, or on threads of their own");
  }
  struct Running {
    Running() { converting = true; }
    ~Running() { converting = false; }
  } running;
  try {
    return Pipeline(frontend, inputs, options).Run();
  } catch (const std::exception& error) {
    return absl::InternalError(
        absl::StrCat("the conversion failed: ", ErrorMessage(error)));
  } catch (...) {
    return absl::InternalError(
        "the conversion failed: something was thrown that is no exception");
  }
}

}  // namespace flextorchir
