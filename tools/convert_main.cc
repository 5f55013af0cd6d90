#include "flextorchir/tools/convert_main.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <iostream>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "ATen/Context.h"
#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "flextorchir/converter/activations.h"
#include "flextorchir/converter/converter.h"
#include "flextorchir/converter/optimize/optimize.h"
#include "flextorchir/converter/optimize/optimize_conversion.h"
#include "flextorchir/converter/report.h"
#include "flextorchir/evaluator/activations_file.h"
#include "flextorchir/evaluator/compare.h"
#include "flextorchir/ir/sink.h"
#include "flextorchir/tools/command_line.h"
#include "flextorchir/tools/diagram.h"
#include "flextorchir/tools/dynamic_spec.h"
#include "flextorchir/tools/layer_log.h"
#include "flextorchir/tools/model_explorer.h"

ABSL_FLAG(std::vector<std::string>, format, {},
          "The formats to write, comma-separated, as listed above.");
ABSL_FLAG(std::string, output, "",
          "Where to write, without the extension: PATH_PREFIX.ftpb, ... The "
          "default is the\nname of the model, in the current directory.");
ABSL_FLAG(std::string, weights, "external",
          "external: beside the graph, in PATH_PREFIX.safetensors;\n"
          "inline: in each graph file.");
ABSL_FLAG(std::string, layers, "standard",
          "standard: layers of the layer set;\n"
          "raw: one layer an operator, under the operator's own names.");
ABSL_FLAG(
    std::vector<std::string>, blackbox, {},
    "Modules to keep as one layer each: paths (layer1.0) or class names,\n"
    "comma-separated.");
ABSL_FLAG(std::string, probe, "on",
          "on: run the model a second time, on inputs of the same sizes with "
          "other numbers,\nand report what of the graph depends on them "
          "(docs/report.md); off: do not.");
ABSL_FLAG(flextorchir::RepeatedText, dynamic, {},
          "Sizes of inputs that vary, and what they are called: "
          "--dynamic=x:0=batch,2=height.\nSeveral inputs are separated by "
          "\";\"; the same name means equal sizes. The model is run\non "
          "further sizes, of --inputs given again, or made up "
          "(docs/dynamic-sizes.md).");
ABSL_FLAG(flextorchir::OptionalList, optimize, {},
          "Rewrite the finished model: --optimize runs every pass listed "
          "above, and\n--optimize=NAME,... these, in this order "
          "(docs/passes.md).");
ABSL_FLAG(std::string, report, "",
          "Write the summary as JSON into this file (docs/report.md).");
ABSL_FLAG(std::string, diagram, "",
          "Draw the graph into this file: .svg, .png, .pdf (with Graphviz) or "
          ".dot.");
ABSL_FLAG(
    int, diagram_depth, 0,
    "How many levels of modules the diagram shows open; 0: as many as stay "
    "readable.");
ABSL_FLAG(std::string, model_explorer, "",
          "Write the graph for Model Explorer into this file, PATH.json, and "
          "beside it\nPATH.placeholders.json, which marks the placeholders "
          "(docs/model-explorer.md).");
ABSL_FLAG(
    bool, verify, false,
    "Read back what was written, run it on the same inputs, and compare "
    "the results\nwith the model's, bit for bit; within a tolerance where "
    "--optimize rounds in\nanother way (docs/passes.md).");
ABSL_FLAG(flextorchir::OptionalText, save_activations, {},
          "Write the content of every value in this run, with the inputs and "
          "outputs, as\nthe reference for other runtimes (see verify "
          "--activations):\n--save_activations into "
          "PATH_PREFIX.activations.safetensors, or\n"
          "--save_activations=PATH.safetensors.");
ABSL_FLAG(
    bool, fail_on_placeholder, false,
    "Exit with 2 if anything is left that no rule or format can express.");
ABSL_FLAG(bool, quiet, false, "Print no line a layer, and no progress.");

namespace flextorchir {
namespace {

// In the metadata of a model that is not what was demanded.
constexpr char kErrorsKey[] = "flextorchir.errors";

constexpr char kHelp[] =
    R"(Runs a PyTorch model once, and writes the layers that were executed, with their
weights, in one or more formats.

  %1$s --model=MODEL --inputs=INPUTS [--output=PATH_PREFIX] [FLAG...]

Models:
%2$s
Formats:
%3$s
Passes, for --optimize:
%6$s
Examples:
  %1$s --model=net.pt --inputs=1x3x224x224
  %1$s --model=net.pt --inputs='tokens=1x128:i64<30000,mask=1x128:bool' \
      --format=flatbuffers --output=out/net --report=out/net.json --verify
  %1$s --model=net.pt --inputs=@sample.safetensors --blackbox=encoder.attention
  %1$s --model=net.pt --inputs=1x3x224x224 --save_activations
  %1$s --model=net.pt --inputs=2x3x224x224 --dynamic=x:0=batch,2=height,3=width
%4$s
Exit status:
  0  converted
  1  bad use or bad input; nothing was written
  2  converted, but not as demanded (--verify, --fail_on_placeholder), or the
     report has an error: the files are written, and marked wrong

Flags:
%5$s)";

std::string Help(const ConvertTool& tool) {
  std::string formats;
  for (const Serializer* serializer : tool.formats.serializers()) {
    absl::StrAppendFormat(&formats, "  %-12s .%-6s %s\n", serializer->name(),
                          serializer->extension(), serializer->description());
  }
  std::string passes;
  for (const OptimizationPass& pass : tool.passes.passes()) {
    absl::StrAppendFormat(&passes, "  %s\n      %s\n", pass.name,
                          pass.description);
  }
  const std::string without =
      tool.default_model.has_value()
          ? absl::StrFormat("\nWithout --model it converts %s.\n",
                            tool.default_model->name)
          : "";
  return absl::StrFormat(kHelp, tool.name, LoadersHelp(tool.loaders), formats,
                         without, FlagsHelp(), passes);
}

struct Settings {
  ModelSource source;
  std::vector<const Serializer*> serializers;
  std::string prefix;
  std::string report_path;   // empty: none
  std::string diagram_path;  // empty: none
  int diagram_depth = 0;
  std::string activations_path;     // empty: none
  std::string model_explorer_path;  // empty: none
  SerializeOptions serialize;
  ConvertOptions convert;
  std::optional<OptimizeOptions> optimize;
  bool verify = false;
  bool fail_on_placeholder = false;
  bool quiet = false;
};

absl::StatusOr<std::vector<const Serializer*>> ChosenFormats(
    const ConvertTool& tool) {
  std::vector<std::string> names = absl::GetFlag(FLAGS_format);
  if (names.empty()) names = tool.default_formats;
  if (names.empty()) return tool.formats.serializers();
  std::vector<const Serializer*> serializers;
  for (const std::string& name : names) {
    auto serializer = tool.formats.FindSerializer(name);
    if (!serializer.ok()) return Annotate("--format", serializer.status());
    if (std::find(serializers.begin(), serializers.end(), *serializer) !=
        serializers.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--format: ", name, " is given twice"));
    }
    serializers.push_back(*serializer);
  }
  return serializers;
}

std::vector<std::string> PathsToWrite(const Settings& settings) {
  std::vector<std::string> paths;
  bool weights_file = false;
  for (const Serializer* serializer : settings.serializers) {
    paths.push_back(
        absl::StrCat(settings.prefix, ".", serializer->extension()));
    weights_file |= serializer->uses_weights_file();
  }
  if (weights_file &&
      settings.serialize.weights == SerializeOptions::WeightsPlace::kExternal) {
    paths.push_back(absl::StrCat(settings.prefix, ".safetensors"));
  }
  for (const std::string& path : {settings.report_path, settings.diagram_path,
                                  settings.activations_path}) {
    if (!path.empty()) paths.push_back(path);
  }
  if (!settings.model_explorer_path.empty()) {
    for (std::string& path : ModelExplorerPaths(settings.model_explorer_path)) {
      paths.push_back(std::move(path));
    }
  }
  return paths;
}

// Everything that can be found wrong before the work begins is found here.
absl::StatusOr<Settings> ReadSettings(const ConvertTool& tool,
                                      const CommandLine& command_line,
                                      absl::string_view program) {
  if (!command_line.arguments.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", command_line.arguments[0],
                     "\" is no flag; a model is named by --model=FILE"));
  }
  Settings settings;
  const std::string weights = absl::GetFlag(FLAGS_weights);
  const std::string layers = absl::GetFlag(FLAGS_layers);
  const std::string probe = absl::GetFlag(FLAGS_probe);
  for (const absl::Status& status :
       {CheckChoice("weights", weights, {"external", "inline"}),
        CheckChoice("layers", layers, {"standard", "raw"}),
        CheckChoice("probe", probe, {"on", "off"})}) {
    if (!status.ok()) return status;
  }
  if (weights == "inline") {
    settings.serialize.weights = SerializeOptions::WeightsPlace::kInline;
  }
  if (layers == "raw") settings.convert.layers = ConvertOptions::Layers::kRaw;
  settings.convert.probe = probe == "on";
  auto serializers = ChosenFormats(tool);
  if (!serializers.ok()) return serializers.status();
  settings.serializers = *std::move(serializers);
  const OptionalList optimize = absl::GetFlag(FLAGS_optimize);
  if (optimize.given) {
    settings.optimize = OptimizeOptions{optimize.items, &tool.passes};
    for (const std::string& name : optimize.items) {
      const auto pass = tool.passes.Find(name);
      if (!pass.ok()) return Annotate("--optimize", pass.status());
    }
  }
  settings.verify = absl::GetFlag(FLAGS_verify);
  settings.fail_on_placeholder = absl::GetFlag(FLAGS_fail_on_placeholder);
  settings.quiet = absl::GetFlag(FLAGS_quiet);
  settings.convert.registry = &tool.layers;
  if (CallerDirectory() != "/") {
    settings.convert.source_root = CallerDirectory();
  }
  settings.convert.blackbox = absl::GetFlag(FLAGS_blackbox);
  const auto dynamic = absl::GetFlag(FLAGS_dynamic);
  if (!dynamic.texts.empty()) {
    auto sizes = ParseDynamicSizes(absl::StrJoin(dynamic.texts, ";"));
    if (!sizes.ok()) return sizes.status();
    settings.convert.dynamic = *std::move(sizes);
  }
  settings.convert.targets = settings.serializers;

  auto source =
      ModelSource::FromFlags(tool.loaders, tool.default_model, program);
  if (!source.ok()) return source.status();
  settings.source = *std::move(source);
  const std::string output = absl::GetFlag(FLAGS_output);
  settings.prefix =
      CallerPath(output.empty() ? settings.source.name() : output);
  settings.report_path = CallerPath(absl::GetFlag(FLAGS_report));
  const OptionalText activations = absl::GetFlag(FLAGS_save_activations);
  if (activations.given) {
    settings.activations_path =
        activations.text.empty()
            ? absl::StrCat(settings.prefix, ".activations.safetensors")
            : CallerPath(activations.text);
  }
  settings.convert.keep_activations = settings.verify || activations.given;
  settings.diagram_path = CallerPath(absl::GetFlag(FLAGS_diagram));
  settings.diagram_depth = absl::GetFlag(FLAGS_diagram_depth);
  if (settings.diagram_depth < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("--diagram_depth=", settings.diagram_depth,
                     ": the flag takes a number that is not negative"));
  }
  if (!settings.diagram_path.empty()) {
    if (absl::Status s = CheckDiagramPath(settings.diagram_path); !s.ok()) {
      return Annotate("--diagram", s);
    }
  }
  settings.model_explorer_path =
      CallerPath(absl::GetFlag(FLAGS_model_explorer));
  if (!settings.model_explorer_path.empty()) {
    absl::Status s = CheckModelExplorerPath(settings.model_explorer_path);
    if (!s.ok()) return Annotate("--model_explorer", s);
  }
  absl::Status status =
      CheckOutputs(PathsToWrite(settings), settings.source.files());
  if (!status.ok()) return status;
  return settings;
}

// One conversion, step by step.
class Job {
 public:
  Job(const ConvertTool& tool, Settings settings)
      : tool_(tool),
        settings_(std::move(settings)),
        log_(&std::cerr, isatty(STDERR_FILENO) != 0, settings_.quiet) {}

  absl::StatusOr<int> Run() {
    if (absl::Status s = Convert(); !s.ok()) return s;
    if (settings_.optimize.has_value()) {
      if (absl::Status s = RunPasses(); !s.ok()) return s;
    }
    if (settings_.fail_on_placeholder) ForbidPlaceholders();
    if (absl::Status s = Write(); !s.ok()) return s;
    if (settings_.verify) {
      Verify();
      // Written once more, with the mark, if this is what was wrong.
      if (!verified_ && !was_marked_) {
        if (absl::Status s = Write(); !s.ok()) return s;
      }
    }
    for (const auto& [step, seconds] : timing_) {
      report().timing[step] = seconds;
    }
    log_.Clear();
    std::cout << ReportToText(report()) << "\n";
    for (const std::string& path : report().files) {
      std::cout << "wrote " << path << " (" << HumanBytes(FileBytes(path))
                << ")\n";
    }
    for (const std::string& note : notes_) std::cout << note << "\n";
    if (absl::Status s = WriteExtras(); !s.ok()) return s;
    std::cout << std::flush;
    if (!report().has_errors()) return kExitOk;
    std::cerr << tool_.name << ": converted, but not as demanded:\n"
              << Errors() << "\n";
    return kExitNotAsDemanded;
  }

 private:
  Report& report() { return conversion_.report; }

  // The time that a step takes, for the report.
  class Timer {
   public:
    Timer(Job& job, std::string what)
        : job_(job), what_(std::move(what)), start_(absl::Now()) {}
    ~Timer() {
      job_.timing_[what_] += absl::ToDoubleSeconds(absl::Now() - start_);
    }

   private:
    Job& job_;
    const std::string what_;
    const absl::Time start_;
  };

  absl::Status Convert() {
    std::unique_ptr<Frontend> frontend;
    {
      log_.Phase(absl::StrCat("loading ", settings_.source.word()));
      const Timer timer(*this, "load");
      auto loaded = settings_.source.Load();
      if (!loaded.ok()) return loaded.status();
      frontend = *std::move(loaded);
    }
    auto inputs = settings_.source.Inputs();
    if (!inputs.ok()) return inputs.status();
    auto examples = settings_.source.Examples();
    if (!examples.ok()) return examples.status();
    settings_.convert.examples = *std::move(examples);
    log_.Phase(absl::StrCat("running ", frontend->name()));
    settings_.convert.on_layer = [this](const Model& model, const Layer& layer,
                                        int64_t index, int64_t count) {
      log_.Add(model.main(), layer, index, count);
    };
    auto conversion =
        flextorchir::Convert(*frontend, *inputs, settings_.convert);
    if (!conversion.ok()) {
      return absl::Status(conversion.status().code(),
                          absl::StrCat(conversion.status().message(),
                                       "\nit was called with --inputs=",
                                       settings_.source.inputs_text()));
    }
    conversion_ = *std::move(conversion);
    return absl::OkStatus();
  }

  absl::Status RunPasses() {
    log_.Phase("optimizing");
    const Timer timer(*this, "optimize");
    const auto done = OptimizeConversion(&conversion_, *settings_.optimize,
                                         settings_.convert.targets);
    if (!done.ok()) return Annotate("--optimize", done.status());
    exact_ = done->exact;
    notes_.push_back(absl::StrCat("optimized: ", done->ToString()));
    return absl::OkStatus();
  }

  void ForbidPlaceholders() {
    int64_t count = 0;
    std::set<std::string> targets;
    for (const Report::Placeholder& placeholder : report().placeholders) {
      count += placeholder.count;
      targets.insert(placeholder.target);
    }
    if (count == 0) return;
    AddError("placeholder",
             absl::StrCat(count, count == 1 ? " layer is" : " layers are",
                          " not expressed, which --fail_on_placeholder "
                          "forbids: ",
                          absl::StrJoin(targets, ", ")));
  }

  absl::Status Write() {
    log_.Phase(absl::StrCat("writing ", settings_.prefix));
    if (report().has_errors()) {
      conversion_.model.metadata[kErrorsKey] = Errors();
      was_marked_ = true;
    }
    const Timer timer(*this, "write");
    auto paths = WriteFiles(conversion_.model, settings_.serializers,
                            settings_.prefix, settings_.serialize);
    if (!paths.ok()) return paths.status();
    report().files = *std::move(paths);
    report().file_bytes = 0;
    for (const std::string& path : report().files) {
      report().file_bytes += FileBytes(path);
    }
    return absl::OkStatus();
  }

  // What is for people and scripts rather than for the target.
  absl::Status WriteExtras() {
    if (!settings_.report_path.empty()) {
      absl::Status status =
          WriteWholeFile(settings_.report_path, ReportToJson(report()));
      if (!status.ok()) return Annotate("--report", status);
      std::cout << "wrote " << settings_.report_path << "\n";
    }
    std::set<std::string> warned_modules;
    for (const Report::Warning& warning : report().warnings) {
      if (warning.severity != Report::Severity::kInfo) {
        warned_modules.insert(warning.module_path);
      }
    }
    if (!settings_.diagram_path.empty()) {
      DiagramOptions options;
      options.depth = settings_.diagram_depth;
      options.warned_modules = warned_modules;
      absl::Status status = WriteDiagram(ModelToDot(conversion_.model, options),
                                         settings_.diagram_path);
      if (!status.ok()) return Annotate("--diagram", status);
      std::cout << "wrote " << settings_.diagram_path << "\n";
    }
    if (!settings_.model_explorer_path.empty()) {
      absl::Status status =
          WriteModelExplorer(conversion_.model, settings_.model_explorer_path,
                             {std::move(warned_modules)});
      if (!status.ok()) return Annotate("--model_explorer", status);
      for (const std::string& path :
           ModelExplorerPaths(settings_.model_explorer_path)) {
        std::cout << "wrote " << path << "\n";
      }
    }
    if (!settings_.activations_path.empty()) {
      absl::Status status = SaveActivations();
      if (!status.ok()) return Annotate("--save_activations", status);
    }
    return absl::OkStatus();
  }

  // What the original computed; where --optimize has changed what the values
  // are, what the model that was written computes.
  absl::Status SaveActivations() {
    std::map<std::string, at::Tensor> activations;
    if (settings_.optimize.has_value()) {
      EvaluatorOptions options;
      options.executors = &tool_.executors;
      at::manual_seed(settings_.source.seed());
      auto evaluated =
          EvaluateActivations(conversion_.model, conversion_.inputs, options);
      if (!evaluated.ok()) return evaluated.status();
      activations = *std::move(evaluated);
    } else {
      activations = AllActivations(conversion_);
      conversion_.activations.clear();
    }
    const auto [directory, name] = SplitPath(settings_.activations_path);
    auto sink = NewDirectorySink(directory);
    if (!sink.ok()) return sink.status();
    const auto left_out =
        WriteActivations(std::move(activations), name, **sink);
    if (!left_out.ok()) return left_out.status();
    if (absl::Status s = (*sink)->Commit(); !s.ok()) return s;
    std::cout << "wrote " << settings_.activations_path;
    if (!left_out->empty()) {
      std::cout << ", without what no safetensors file can hold: "
                << absl::StrJoin(*left_out, ", ");
    }
    std::cout << "\n";
    return absl::OkStatus();
  }

  // Every file must read back as the model that was converted; that model must
  // return what the original returned.
  void Verify() {
    const Timer timer(*this, "verify");
    std::optional<Model> same;
    for (const Serializer* serializer : settings_.serializers) {
      const std::string path =
          absl::StrCat(settings_.prefix, ".", serializer->extension());
      if (!tool_.formats.FindDeserializer(serializer->name()).ok()) {
        notes_.push_back(absl::StrCat("not verified: ", path,
                                      ", of a format that nothing here reads"));
        continue;
      }
      log_.Phase(absl::StrCat("verifying ", path));
      DeserializeOptions options;
      options.check_hash = true;
      auto model = tool_.formats.ReadFile(path, options);
      if (!model.ok()) {
        VerifyFailed(absl::StrCat(
            path, " cannot be read back: ", model.status().message()));
      } else if (*model != conversion_.model) {
        VerifyFailed(absl::StrCat(
            path, " reads back as another model than was written"));
      } else {
        same = *std::move(model);
      }
    }
    CompareResults(same.has_value() ? *same : conversion_.model);
  }

  void CompareResults(const Model& model) {
    EvaluatorOptions options;
    options.executors = &tool_.executors;
    // The random numbers that the model drew.
    at::manual_seed(settings_.source.seed());
    const auto comparison =
        CompareWithModel(model, conversion_.inputs, conversion_.outputs,
                         conversion_.activations, options);
    if (!comparison.ok()) {
      VerifyFailed(absl::StrCat("what was written cannot be run: ",
                                comparison.status().message()));
    } else if (!comparison->identical && (exact_ || !IsNear(*comparison))) {
      VerifyFailed(
          absl::StrCat("what was written does not return what the model "
                       "returns: ",
                       comparison->ToString()));
    } else if (verified_) {
      notes_.push_back(absl::StrCat(
          "verified: read back and run; ", comparison->outputs.size(),
          comparison->outputs.size() == 1 ? " output is" : " outputs are",
          " the model's, ",
          comparison->identical
              ? std::string("bit for bit")
              : absl::StrCat("to within ",
                             OptimizationTolerance(conversion_.model),
                             " of the largest element, after --optimize")));
    }
  }

  bool IsNear(const Comparison& comparison) const {
    for (size_t i = 0; i < comparison.outputs.size(); ++i) {
      if (!IsNearEnough(conversion_.model, conversion_.outputs[i],
                        comparison.outputs[i])) {
        return false;
      }
    }
    return true;
  }

  void VerifyFailed(std::string message) {
    verified_ = false;
    AddError("verify", std::move(message));
  }

  void AddError(std::string code, std::string message) {
    report().warnings.push_back({std::move(code), Report::Severity::kError,
                                 std::move(message), "", ""});
  }

  // One line an error.
  std::string Errors() {
    std::vector<std::string> lines;
    for (const Report::Warning& warning : report().warnings) {
      if (warning.severity != Report::Severity::kError) continue;
      std::string line = absl::StrCat(warning.code, ": ", warning.message);
      for (const std::string& place : {warning.module_path, warning.source}) {
        if (!place.empty()) absl::StrAppend(&line, " (", place, ")");
      }
      lines.push_back(std::move(line));
    }
    return absl::StrJoin(lines, "\n");
  }

  static int64_t FileBytes(const std::string& path) {
    struct stat info;
    return stat(path.c_str(), &info) == 0 ? info.st_size : 0;
  }

  const ConvertTool& tool_;
  Settings settings_;
  LayerLog log_;
  Conversion conversion_;
  std::map<std::string, double> timing_;
  std::vector<std::string> notes_;
  bool exact_ = true;  // no pass has rounded anything in another way
  bool verified_ = true;
  bool was_marked_ = false;
};

absl::StatusOr<int> Run(int argc, char** argv, const ConvertTool& tool) {
  auto command_line = ParseFlags(argc, argv);
  if (!command_line.ok()) return command_line.status();
  if (command_line->help) {
    std::cout << Help(tool);
    return kExitOk;
  }
  auto settings = ReadSettings(tool, *command_line, argv[0]);
  if (!settings.ok()) return settings.status();
  return Job(tool, *std::move(settings)).Run();
}

}  // namespace

int ConvertMain(int argc, char** argv, ConvertTool tool) {
  IgnoreWriteSignals();
  try {
    auto exit_status = Run(argc, argv, tool);
    return exit_status.ok() ? *exit_status
                            : Fail(tool.name, exit_status.status());
  } catch (const std::exception& error) {
    // The memory is at an end, or an extension broke its promise.
    return Fail(tool.name, absl::InternalError(error.what()));
  }
}

}  // namespace flextorchir
