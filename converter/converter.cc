#include "flextorchir/converter/converter.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "flextorchir/converter/apply_rules.h"
#include "flextorchir/converter/capture/functionalize.h"
#include "flextorchir/converter/captured_run.h"
#include "flextorchir/converter/dynamic/check_example.h"
#include "flextorchir/converter/dynamic/example_inputs.h"
#include "flextorchir/converter/dynamic/symbolic_sizes.h"
#include "flextorchir/converter/names.h"
#include "flextorchir/converter/passes/composites.h"
#include "flextorchir/converter/passes/drop_unused.h"
#include "flextorchir/converter/passes/fold_constants.h"
#include "flextorchir/converter/passes/graph_walk.h"
#include "flextorchir/converter/probe/align_runs.h"
#include "flextorchir/converter/probe/differences.h"
#include "flextorchir/converter/probe/probe.h"
#include "flextorchir/converter/structure.h"
#include "flextorchir/converter/summarize.h"
#include "flextorchir/converter/version.h"
#include "flextorchir/ir/layer_set.h"
#include "flextorchir/ir/verify.h"
#include "flextorchir/torch_bridge/error_message.h"
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

// Runs on other sizes from which the base run's can be told: expressions with
// two numbers of their own need three, and one more bears them out.
constexpr size_t kEnoughExamples = 4;

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
    const absl::StatusOr<std::set<std::string>> changed_results = RunAgain();
    if (!changed_results.ok()) return changed_results.status();
    TellBaked("baked-result", base_.output_structure,
              "is no tensor: it is returned as it was in this run",
              *changed_results);
    const double probe_seconds = SecondsSince(start);

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
    if (last_example_.has_value()) {
      auto row = CheckExample(model, *last_example_);
      if (row.has_value()) functional_.warnings.push_back(*std::move(row));
    }
    result_.report = Summarize(model, reasons_, options_.targets,
                               std::move(functional_.warnings));
    result_.report.timing["capture"] = capture_seconds;
    if (options_.probe) result_.report.timing["probe"] = probe_seconds;
    result_.report.timing["build"] = SecondsSince(start);
    result_.model = std::move(model);
    return std::move(result_);
  }

 private:
  // -- The runs.
  absl::Status Capture() {
    CaptureOptions options;
    options.frames = options_.frames;
    options.keep_contents = options_.keep_activations;
    absl::StatusOr<CapturedRun> run =
        CaptureRun(frontend_, arguments_, options);
    if (!run.ok()) return run.status();
    base_ = *std::move(run);
    for (const at::Tensor& input : base_.inputs) {
      result_.inputs.emplace_back(input);
    }
    for (const at::Tensor& output : base_.outputs) {
      result_.outputs.emplace_back(output);
    }
    CutSourceRoot();
    TellBaked("baked-input", base_.input_structure,
              "is no tensor: its value is part of the graph", {});
    return absl::OkStatus();
  }

  // A further run, and what its layers and values are in the base.
  struct FurtherRun {
    std::string name;  // for messages: "the probe run"
    CapturedRun run;
    Alignment alignment;
    // Of the symbols that the base's sizes are made of.
    std::map<std::string, int64_t> symbols;
  };

  // Runs the model on other inputs, writes sizes that differ as expressions,
  // and tells what else differs. Returns the parts of the result about which it
  // has done so.
  absl::StatusOr<std::set<std::string>> RunAgain() {
    std::vector<FurtherRun> further;
    auto dynamic = FindDynamicSizes(options_.dynamic, base_.input_structure,
                                    base_.input_names, base_.inputs);
    if (!dynamic.ok()) return dynamic.status();
    if (absl::Status status = RunExamples(*dynamic, &further); !status.ok()) {
      return status;
    }
    const size_t examples = further.size();
    if (options_.probe) {
      absl::StatusOr<CapturedRun> run = RunProbe(frontend_, arguments_);
      if (run.ok()) {
        Add("the probe run", *std::move(run), &further);
      } else {
        TellProbeFailed(run.status());
      }
    }
    if (further.empty()) return std::set<std::string>();
    const auto constants = MakeSymbolic(*dynamic, &further);
    if (!constants.ok()) return constants.status();
    std::set<std::string> told = TellDifferences(further);
    PlaceSizeConstants(*constants, &base_);
    if (examples > 0) last_example_ = std::move(further[examples - 1].run);
    return told;
  }

  void Add(std::string name, CapturedRun run,
           std::vector<FurtherRun>* further) const {
    Alignment alignment = AlignRuns(base_, run);
    further->push_back(
        {std::move(name), std::move(run), std::move(alignment), {}});
  }

  // Runs on the caller's examples, then, for sizes that are declared dynamic,
  // on some that are made.
  absl::Status RunExamples(const std::vector<DynamicSize>& dynamic,
                           std::vector<FurtherRun>* further) {
    const auto run_one = [&](const ModelInputs& inputs) {
      const std::string name = absl::StrCat("example ", further->size() + 1);
      CaptureOptions options;
      options.frames = false;
      absl::StatusOr<CapturedRun> run = CaptureRun(frontend_, inputs, options);
      if (!run.ok()) return run.status();
      absl::Status status = CheckSameInputs(base_, *run);
      if (status.ok()) Add(name, *std::move(run), further);
      return status;
    };
    for (size_t i = 0; i < options_.examples.size(); ++i) {
      const absl::Status status = run_one(options_.examples[i]);
      if (status.ok()) continue;
      return absl::Status(status.code(), absl::StrCat("example ", i + 1, ": ",
                                                      status.message()));
    }
    const size_t given = further->size();
    if (dynamic.empty() || given >= kEnoughExamples) return absl::OkStatus();
    const absl::Status made = RunOtherSizes(
        dynamic, base_.inputs, base_.input_names, kEnoughExamples - given,
        [&](const std::vector<at::Tensor>& inputs) {
          return run_one(WithLeaves(arguments_, inputs));
        },
        &functional_.warnings);
    // The caller's own may be all that there are.
    return given > 0 ? absl::OkStatus() : made;
  }

  absl::StatusOr<std::vector<SizeConstant>> MakeSymbolic(
      const std::vector<DynamicSize>& dynamic,
      std::vector<FurtherRun>* further) {
    std::vector<AlignedRun> runs;
    for (FurtherRun& run : *further) runs.push_back({&run.run, &run.alignment});
    auto sizes = MakeSizesSymbolic(dynamic, runs, &base_);
    if (!sizes.ok()) return sizes.status();
    symbols_ = std::move(sizes->assignments[0]);
    for (size_t i = 0; i < further->size(); ++i) {
      (*further)[i].symbols = std::move(sizes->assignments[i + 1]);
    }
    return std::move(sizes->constants);
  }

  void TellProbeFailed(const absl::Status& status) {
    Report::Warning warning;
    warning.code = "probe-failed";
    warning.severity = Report::Severity::kWarning;
    warning.message = absl::StrCat(
        "the model does not run on the same inputs with other numbers, so that "
        "nothing can be said of what depends on them: ",
        status.message(),
        ". Give further inputs that it takes, or switch the probe off");
    functional_.warnings.push_back(std::move(warning));
  }

  std::set<std::string> TellDifferences(
      const std::vector<FurtherRun>& further) {
    Differences differences(&base_);
    for (const FurtherRun& run : further) {
      differences.Add(run.run, run.alignment, run.symbols, run.name);
    }
    if (differences.WorthRepeating()) {
      CaptureOptions options;
      options.frames = false;
      const absl::StatusOr<CapturedRun> again =
          CaptureRun(frontend_, arguments_, options);
      if (again.ok()) {
        differences.AddRepetition(*again, AlignRuns(base_, *again), symbols_);
      }
    }
    // What the base alone says of values that were read is said better now.
    std::vector<Report::Warning>& rows = functional_.warnings;
    const auto is_told = [&](const Report::Warning& row) {
      return row.code == "baked-value";
    };
    rows.erase(std::remove_if(rows.begin(), rows.end(), is_told), rows.end());
    std::vector<Report::Warning> found = differences.Rows();
    std::move(found.begin(), found.end(), std::back_inserter(rows));
    return differences.changed_results();
  }

  void TellBaked(absl::string_view code, const Structure& structure,
                 absl::string_view what, const std::set<std::string>& but) {
    for (const std::string& path : ConstantPaths(structure)) {
      if (but.count(path) > 0) continue;
      Report::Warning warning;
      warning.code = std::string(code);
      warning.severity = Report::Severity::kInfo;
      warning.message = absl::StrCat("`", path, "` ", what);
      functional_.warnings.push_back(std::move(warning));
    }
  }

  // -- From what ran to the model.
  absl::Status BuildModel() {
    // From here on a value's result says where its content is.
    for (size_t v = 0; v < base_.contents.size(); ++v) {
      functional_.results[v] = {static_cast<int32_t>(v), 0};
    }
    PlaceUnknownValues();
    PathsFromParameters();

    const bool raw = options_.layers == ConvertOptions::Layers::kRaw;
    std::optional<LayerConverterRegistry> standard;
    const LayerConverterRegistry* registry = options_.registry;
    if (registry == nullptr && !raw) {
      registry = &standard.emplace(LayerConverterRegistry::Standard());
    }
    CompositeOptions composites;
    composites.blackbox = options_.blackbox;
    composites.registry = raw ? nullptr : registry;
    composites.attributes = [this](const std::string& path) {
      return frontend_.module_attributes(path);
    };
    const ChosenScopes chosen =
        ChooseScopes(base_.trace.scopes, composites, &functional_.warnings);

    FoldOptions fold;
    fold.fold = !raw;
    fold.keep = [&](ScopeId scope) {
      return chosen.Within(base_.trace.scopes, scope);
    };
    FoldConstants(fold, &functional_);
    absl::StatusOr<LayerScopes> layer_scopes =
        CutComposites(base_.trace.scopes, chosen, &functional_);
    if (!layer_scopes.ok()) return layer_scopes.status();

    Model& model = functional_.model;
    NameLayers(base_.trace.scopes, *layer_scopes, &model);
    if (!raw) {
      absl::Status status = ApplyRules(*registry, &model, &reasons_);
      if (!status.ok()) return status;
    }
    const std::vector<ValueId> old_ids = DropUnused(&model);
    NameValues(base_.input_names, &model);
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
    if (base_.trace.scopes.size() > 1) return;
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
    for (auto& frames : base_.trace.frames) {
      for (Source::Frame& frame : frames) cut(&frame.file);
    }
    for (Report::Warning& warning : functional_.warnings) cut(&warning.source);
  }

  void NameActivations(const std::vector<ValueId>& old_ids) {
    const Graph& graph = functional_.model.graphs[0];
    for (size_t v = 0; v < graph.values.size(); ++v) {
      // CutComposites adds no values to graphs[0]: the table still holds.
      const at::Tensor& content =
          base_.contents[functional_.results[old_ids[v]].call];
      if (content.defined()) {
        result_.activations[graph.values[v].name] = content;
      }
    }
  }

  void Describe(Model* model) {
    model->name = frontend_.name();
    model->producer = absl::StrCat("FlexTorchIR ", kVersion);
    model->metadata["torch"] = TORCH_VERSION;
    model->inputs = std::move(base_.input_structure);
    model->outputs = std::move(base_.output_structure);
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
  CapturedRun base_;
  FunctionalGraph& functional_ = base_.functional;
  std::optional<CapturedRun> last_example_;
  std::map<std::string, int64_t> symbols_;  // what they are in the base
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
