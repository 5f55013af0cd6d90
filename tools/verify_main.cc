#include "flextorchir/tools/verify_main.h"

#include <algorithm>
#include <cstdint>
#include <exception>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "ATen/Context.h"
#include "ATen/core/Tensor.h"
#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "c10/core/ScalarType.h"
#include "flextorchir/converter/converter.h"
#include "flextorchir/evaluator/activations_file.h"
#include "flextorchir/evaluator/compare.h"
#include "flextorchir/ir/sink.h"
#include "flextorchir/tools/command_line.h"
#include "flextorchir/tools/comparison_report.h"
#include "flextorchir/tools/graph_inputs.h"
#include "flextorchir/torch_bridge/tensor.h"

ABSL_FLAG(double, tolerance, 0,
          "What values may differ by, absolutely or relatively to their own "
          "size; 0: not\nby a bit.");
ABSL_FLAG(std::string, json, "", "Write the comparison as JSON to this file.");
ABSL_FLAG(
    int, fresh, 1,
    "On how many further sets of random inputs, of the seeds that follow, "
    "the file\nis compared with its model as well.");
ABSL_FLAG(std::string, activations, "",
          "Compare what another runtime gave for the values, in this "
          "safetensors file,\ninstead of what the evaluator gives: "
          "DUMP.safetensors.");
ABSL_FLAG(std::string, reference, "",
          "Compare with what `convert --save_activations` wrote, instead of "
          "with the\nmodel: NET.activations.safetensors.");

namespace flextorchir {
namespace {

constexpr char kTool[] = "verify";

constexpr char kHelp[] =
    R"(Runs a converted file, and the model it was made of, on the same inputs, and
compares their outputs. Where they differ, the first layer that does is named.

  verify FILE --model=MODEL --inputs=INPUTS [FLAG...]

Or compares what somebody else's runtime gave for the file's values, layer by
layer: a safetensors file with a tensor for each value, or for some of them,
under the value's name.

  verify FILE --activations=DUMP.safetensors [FLAG...]

It is compared with the model (--model, --inputs), with what `convert
--save_activations` wrote (--reference), or with the reference evaluator, run on
--inputs or on the inputs that the dump itself holds.

Models:
%s
Examples:
  verify net.ftfb --model=net.pt --inputs=1x3x224x224
  verify net.ftpb --model=net.pt --inputs=@sample.safetensors --tolerance=1e-5
  verify net.ftfb --activations=dump.safetensors --tolerance=1e-3
  verify net.ftfb --activations=dump.safetensors \
      --reference=net.activations.safetensors --tolerance=1e-3 --json=diff.json

On one machine, with one number of threads and one seed, outputs are equal bit
for bit.

Exit status:
  0  what was compared is equal, or within the tolerance
  1  bad use or bad input
  2  it differs

Flags:
%s)";

using Json = ComparisonJson;
using Activations = std::map<std::string, at::Tensor>;

// Bytes that are no UTF-8 are replaced rather than thrown about.
std::string Dump(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

// How output number `index` is called: "output[0]["logits"]", or by the name of
// its value for changed state.
std::string OutputName(const Model& model, size_t index) {
  const std::vector<std::string> paths = LeafPaths(model.outputs);
  if (index < paths.size()) return absl::StrCat("output", paths[index]);
  return absl::StrCat("state ",
                      model.main().value(model.main().outputs[index]).name);
}

// Whether what is recorded of a value of one type may be one of the other: of
// symbolic sizes nothing can be said.
bool MayBeSame(const Value& a, const Value& b) {
  const TensorType* left = a.tensor();
  const TensorType* right = b.tensor();
  if (left == nullptr || right == nullptr) return a.type == b.type;
  if (left->dtype != right->dtype ||
      left->quantization != right->quantization ||
      left->shape.size() != right->shape.size()) {
    return false;
  }
  for (size_t i = 0; i < left->shape.size(); ++i) {
    const Dim& x = left->shape[i];
    const Dim& y = right->shape[i];
    if (x.is_number() && y.is_number() && x != y) return false;
  }
  return true;
}

// Those activations that mean the same in the file, with its inputs and
// outputs: it may have been made with other rules, and lack some values. Both
// take and return as many.
Activations SharedActivations(const Conversion& conversion, const Model& file) {
  std::map<absl::string_view, const Value*> values;
  for (const Value& value : file.main().values) values[value.name] = &value;
  Activations shared;
  for (const Value& value : conversion.model.main().values) {
    const auto found = values.find(value.name);
    const auto activation = conversion.activations.find(value.name);
    if (found != values.end() && activation != conversion.activations.end() &&
        MayBeSame(*found->second, value)) {
      shared.insert(*activation);
    }
  }
  const auto add = [&](const std::vector<ValueId>& ids,
                       const std::vector<c10::IValue>& contents) {
    for (size_t i = 0; i < contents.size(); ++i) {
      if (contents[i].isTensor() && contents[i].toTensor().defined()) {
        shared.emplace(file.main().value(ids[i]).name, contents[i].toTensor());
      }
    }
  };
  add(file.main().inputs, conversion.inputs);
  add(file.main().outputs, conversion.outputs);
  return shared;
}

struct Flags {
  std::string file;
  std::string activations;  // empty: the evaluator's
  std::string reference;    // empty: the model's, or the evaluator's
  std::string json;         // empty: none
  double tolerance = 0;
  int fresh = 0;
};

absl::StatusOr<Flags> ReadFlags(const CommandLine& command_line) {
  if (command_line.arguments.size() != 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        command_line.arguments.empty() ? "no file is given"
                                       : "more than one file is given",
        "; write: verify FILE --model=MODEL --inputs=INPUTS "
        "(--help says more)"));
  }
  Flags flags;
  flags.file = CallerPath(command_line.arguments[0]);
  flags.activations = CallerPath(absl::GetFlag(FLAGS_activations));
  flags.reference = CallerPath(absl::GetFlag(FLAGS_reference));
  flags.json = CallerPath(absl::GetFlag(FLAGS_json));
  flags.tolerance = absl::GetFlag(FLAGS_tolerance);
  flags.fresh = absl::GetFlag(FLAGS_fresh);
  if (!(flags.tolerance >= 0)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--tolerance=", flags.tolerance,
                     ": the flag takes a number "
                     "that is not negative"));
  }
  if (flags.fresh < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("--fresh=", flags.fresh,
                     ": the flag takes a number that is not negative"));
  }
  if (absl::Status s = CheckReadableFile(flags.file); !s.ok()) return s;
  for (const auto& [flag, path] :
       {std::make_pair("--activations", flags.activations),
        std::make_pair("--reference", flags.reference)}) {
    if (path.empty()) continue;
    if (absl::Status s = CheckReadableFile(path); !s.ok()) {
      return Annotate(flag, s);
    }
  }
  return flags;
}

absl::StatusOr<std::optional<ActivationsFile>> OpenActivations(
    absl::string_view flag, const std::string& path) {
  if (path.empty()) return std::nullopt;
  const auto [directory, name] = SplitPath(RealPath(path));
  auto file = ActivationsFile::Open(*NewDirectorySource(directory), name);
  if (!file.ok()) {
    return Annotate(absl::StrCat(flag, "=", path), file.status());
  }
  return std::make_optional(*std::move(file));
}

// One verification.
class Verification {
 public:
  Verification(const ConvertTool& tool, Flags flags, ModelSource source)
      : tool_(tool), flags_(std::move(flags)), source_(std::move(source)) {
    evaluator_options_.executors = &tool_.executors;
  }

  absl::StatusOr<int> Run() {
    DeserializeOptions read_options;
    read_options.check_hash = true;
    auto file = tool_.formats.ReadFile(RealPath(flags_.file), read_options);
    if (!file.ok()) return file.status();
    file_ = *std::move(file);
    auto dump = OpenActivations("--activations", flags_.activations);
    if (!dump.ok()) return dump.status();
    dump_ = *std::move(dump);
    auto reference = OpenActivations("--reference", flags_.reference);
    if (!reference.ok()) return reference.status();
    reference_ = *std::move(reference);

    if (source_.has_model()) {
      auto frontend = source_.Load();
      if (!frontend.ok()) return frontend.status();
      frontend_ = *std::move(frontend);
    } else if (absl::Status s = source_.LoadOperators(tool_.loaders); !s.ok()) {
      return s;
    }
    json_ = {{"file", flags_.file},
             {"model", source_.has_model() ? Json(source_.word()) : Json()},
             {"tolerance", flags_.tolerance},
             {"identical", true},
             {"passes", true}};
    absl::Status status = dump_.has_value() || !source_.has_model()
                              ? CompareValues()
                              : CompareWithModels();
    if (!status.ok()) return status;
    json_["identical"] = identical_;
    json_["passes"] = passes_;
    std::cout << std::flush;
    if (!flags_.json.empty()) {
      status = WriteWholeFile(flags_.json, flextorchir::Dump(json_));
      if (!status.ok()) return Annotate("--json", status);
    }
    return passes_ ? kExitOk : kExitNotAsDemanded;
  }

 private:
  // -- The file's outputs against the model's.
  absl::Status CompareWithModels() {
    const int fresh = source_.inputs_are_random() ? flags_.fresh : 0;
    for (int i = 0; i <= fresh; ++i) {
      const uint64_t seed = source_.seed() + i;
      Json run = Json::object();
      absl::Status status = CompareOnSeed(
          seed, /*is_fresh=*/i > 0,
          fresh > 0 ? absl::StrCat("on inputs of seed ", seed, ":\n") : "",
          &run);
      if (!status.ok()) return status;
      if (i == 0) {
        json_.update(run);
        json_["fresh"] = Json::array();
      } else {
        json_["fresh"].push_back(std::move(run));
      }
    }
    return absl::OkStatus();
  }

  absl::Status CompareOnSeed(uint64_t seed, bool is_fresh,
                             const std::string& title, Json* json) {
    auto conversion = Convert(seed);
    if (!conversion.ok()) return conversion.status();
    const absl::Status fits = CheckFits(*conversion);
    if (!fits.ok() && !is_fresh) return fits;
    absl::StatusOr<Comparison> comparison;
    if (!fits.ok()) {
      comparison = fits;
    } else {
      // The random numbers that the model drew.
      at::manual_seed(seed);
      comparison = CompareWithModel(
          file_, conversion->inputs, conversion->outputs,
          SharedActivations(*conversion, file_), evaluator_options_);
    }
    *json = {{"seed", seed},
             {"identical", false},
             {"passes", false},
             {"outputs", Json::array()},
             {"first_divergence", nullptr}};
    if (!comparison.ok()) {
      if (!is_fresh) return Annotate(flags_.file, comparison.status());
      // What ran may depend on what the inputs hold.
      passes_ = identical_ = false;
      (*json)["error"] = std::string(comparison.status().message());
      std::cout << title << "the file does not run as the model does: "
                << comparison.status().message() << "\n";
      return absl::OkStatus();
    }

    std::cout << title;
    bool passes = true;
    for (size_t i = 0; i < comparison->outputs.size(); ++i) {
      const Difference& difference = comparison->outputs[i];
      const std::string name = OutputName(file_, i);
      const bool output_passes = difference.IsWithin(flags_.tolerance);
      passes = passes && output_passes;
      std::cout << name << ": " << difference.ToString()
                << Within(output_passes, difference) << "\n";
      Json row = {{"name", name}, {"passes", output_passes}};
      row.update(ToJson(difference));
      (*json)["outputs"].push_back(std::move(row));
    }
    (*json)["identical"] = comparison->identical;
    (*json)["passes"] = passes;
    identical_ = identical_ && comparison->identical;
    passes_ = passes_ && passes;
    TellWhere(comparison->values, json);
    return absl::OkStatus();
  }

  // -- Values, one by one.
  absl::Status CompareValues() {
    std::string with;  // what it is compared with
    absl::StatusOr<std::vector<ComparedValue>> values;
    if (source_.has_model()) {
      with = "the model's";
      auto conversion = Convert(source_.seed());
      if (!conversion.ok()) return conversion.status();
      if (absl::Status s = CheckFits(*conversion); !s.ok()) return s;
      const Activations shared = SharedActivations(*conversion, file_);
      values = CompareActivations(file_, ActivationsIn(shared), dump_->Find());
    } else if (reference_.has_value() && dump_.has_value()) {
      with = absl::StrCat("those of ", flags_.reference);
      values = CompareActivations(file_, reference_->Find(), dump_->Find());
    } else {
      with = reference_.has_value()
                 ? absl::StrCat("those of ", flags_.reference)
                 : "the evaluator's";
      auto inputs = EvaluatorInputs();
      if (!inputs.ok()) return inputs.status();
      at::manual_seed(source_.seed());
      values =
          CompareWithEvaluator(file_, *inputs,
                               reference_.has_value() ? EvaluatorIs::kActual
                                                      : EvaluatorIs::kExpected,
                               Recorded().Find(), evaluator_options_);
    }
    if (!values.ok()) return Annotate(flags_.file, values.status());
    json_["activations"] =
        dump_.has_value() ? Json(flags_.activations) : Json();
    json_["reference"] =
        reference_.has_value() ? Json(flags_.reference) : Json();
    return TellValues(*values, with);
  }

  // What is compared with the values that are right, or holds them if the
  // evaluator is what is compared.
  const ActivationsFile& Recorded() const {
    return dump_.has_value() ? *dump_ : *reference_;
  }
  const std::string& RecordedPath() const {
    return dump_.has_value() ? flags_.activations : flags_.reference;
  }

  absl::Status TellValues(const std::vector<ComparedValue>& values,
                          absl::string_view with) {
    const Graph& graph = file_.main();
    std::set<std::string> known;
    std::vector<std::string> missing;
    std::set<ValueId> compared;
    for (const ComparedValue& value : values) compared.insert(value.value);
    for (size_t i = 0; i < graph.values.size(); ++i) {
      known.insert(graph.values[i].name);
      if (graph.values[i].weights == kAbsent &&
          compared.count(static_cast<ValueId>(i)) == 0) {
        missing.push_back(graph.values[i].name);
      }
    }
    std::vector<std::string> unknown;
    for (std::string& name : Recorded().names()) {
      if (known.count(name) == 0) unknown.push_back(std::move(name));
    }
    if (values.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(
          RecordedPath(), ": no tensor in it has the name of a value of ",
          flags_.file, " that can be compared; in it are ",
          unknown.empty() ? "none" : ShortList(unknown, 5),
          "; the values are called ", ShortList(missing, 5),
          " (inspect lists them)"));
    }

    int64_t identical = 0;
    int64_t within = 0;
    std::map<std::string, int64_t> conversions;
    for (const ComparedValue& value : values) {
      const Difference& difference = value.difference;
      identical += difference.identical;
      within += difference.IsWithin(flags_.tolerance);
      if (!difference.conversion.empty()) ++conversions[difference.conversion];
    }
    const int64_t count = static_cast<int64_t>(values.size());
    identical_ = identical == count;
    passes_ = within == count;
    std::cout << count << (count == 1 ? " value" : " values")
              << " compared with " << with << ": " << identical << " identical";
    if (within > identical) {
      std::cout << ", " << within - identical << " within the tolerance";
    }
    if (within < count) std::cout << ", " << count - within << " different";
    std::cout << "\n";
    for (const auto& [conversion, times] : conversions) {
      std::cout << times << (times == 1 ? " is " : " are ") << conversion
                << "\n";
    }
    TellWhere(values, &json_);
    if (!missing.empty()) {
      std::cout << "not compared, for they are not recorded: "
                << ShortList(missing) << "\n";
    }
    if (!unknown.empty()) {
      std::cout << RecordedPath()
                << " has what is no value of the file: " << ShortList(unknown)
                << "\n";
    }
    if (!passes_ && flags_.tolerance == 0) {
      std::cout << "every bit counts: --tolerance=X allows for other "
                   "arithmetic\n";
    }
    json_["values"] = ToJson(file_, values, flags_.tolerance);
    json_["missing"] = missing;
    json_["unknown"] = unknown;
    return absl::OkStatus();
  }

  // -- Both.
  absl::StatusOr<Conversion> Convert(uint64_t seed) {
    const auto inputs = source_.Inputs(seed);
    if (!inputs.ok()) return inputs.status();
    ConvertOptions options;
    options.registry = &tool_.layers;
    options.keep_activations = true;
    options.probe = false;  // `convert` has said what there is to say
    return flextorchir::Convert(*frontend_, *inputs, options);
  }

  absl::Status CheckFits(const Conversion& conversion) const {
    for (const auto& [what, of_file, of_model] :
         {std::make_tuple("takes", file_.main().inputs.size(),
                          conversion.inputs.size()),
          std::make_tuple("returns", file_.main().outputs.size(),
                          conversion.outputs.size())}) {
      if (of_file != of_model) {
        return absl::InvalidArgumentError(absl::StrCat(
            flags_.file,
            " is not of this model, or was made with other inputs: it ", what,
            " ", of_file, " values, the model ", of_model));
      }
    }
    return absl::OkStatus();
  }

  // From --inputs, or as they are recorded.
  absl::StatusOr<std::vector<c10::IValue>> EvaluatorInputs() const {
    if (source_.has_inputs()) {
      const auto inputs = source_.Inputs();
      if (!inputs.ok()) return inputs.status();
      return GraphInputs(file_, *inputs);
    }
    std::vector<c10::IValue> inputs;
    std::vector<std::string> missing;
    for (ValueId id : file_.main().inputs) {
      const Value& value = file_.main().value(id);
      auto content = Recorded().Content(value);
      if (!content.ok()) return Annotate(RecordedPath(), content.status());
      if (content->has_value()) {
        inputs.push_back(InRecordedType(value, **content));
      } else {
        missing.push_back(value.name);
      }
    }
    if (missing.empty()) return inputs;
    return absl::InvalidArgumentError(absl::StrCat(
        RecordedPath(), " does not hold the inputs ", ShortList(missing),
        ": give --inputs, those that the runtime was given, or --reference, "
        "which `convert --save_activations` writes"));
  }

  // A runtime that computes in another type may have dumped its inputs so.
  static c10::IValue InRecordedType(const Value& value, c10::IValue content) {
    if (value.tensor() == nullptr || !content.isTensor()) return content;
    const c10::ScalarType type = ToScalarType(value.tensor()->dtype);
    const at::Tensor& tensor = content.toTensor();
    if (tensor.scalar_type() == type || tensor.is_quantized() ||
        c10::isQIntType(type)) {
      return content;
    }
    return tensor.to(type);
  }

  std::string Within(bool passes, const Difference& difference) const {
    return passes && !difference.identical ? ", within the tolerance" : "";
  }

  // The first layer that is not within the tolerance; if there is none, the
  // first that differs.
  void TellWhere(const std::vector<ComparedValue>& values, Json* json) const {
    std::optional<Divergence> first =
        FirstDivergence(file_, values, flags_.tolerance);
    if (!first.has_value()) first = FirstDivergence(file_, values);
    (*json)["first_divergence"] = first.has_value() ? ToJson(*first) : Json();
    (*json)["worst"] = WorstValuesJson(file_, values);
    if (first.has_value()) std::cout << DivergenceText(*first);
    std::cout << WorstValuesText(file_, values);
  }

  const ConvertTool& tool_;
  const Flags flags_;
  const ModelSource source_;
  EvaluatorOptions evaluator_options_;
  Model file_;
  std::optional<ActivationsFile> dump_;
  std::optional<ActivationsFile> reference_;
  std::unique_ptr<Frontend> frontend_;  // null: there is no model
  bool identical_ = true;
  bool passes_ = true;
  Json json_;
};

absl::StatusOr<int> Run(int argc, char** argv, const ConvertTool& tool) {
  auto command_line = ParseFlags(argc, argv);
  if (!command_line.ok()) return command_line.status();
  if (command_line->help) {
    std::cout << absl::StrFormat(kHelp, LoadersHelp(tool.loaders), FlagsHelp());
    return kExitOk;
  }
  auto flags = ReadFlags(*command_line);
  if (!flags.ok()) return flags.status();
  auto source = ModelSource::FromFlags(
      tool.loaders, std::nullopt, argv[0],
      /*needs_model=*/flags->activations.empty() && flags->reference.empty());
  if (!source.ok()) return source.status();
  if (source->num_examples() > 0) {
    return absl::InvalidArgumentError(
        "--inputs is given twice; verify takes one set of inputs at a time");
  }
  if (source->has_model() && !flags->reference.empty()) {
    return absl::InvalidArgumentError(
        "--model and --reference: both say what is right; give one of them");
  }
  if (!flags->json.empty()) {
    std::vector<std::string> read = source->files();
    for (const std::string& path :
         {flags->file, flags->activations, flags->reference}) {
      if (!path.empty()) read.push_back(path);
    }
    if (absl::Status s = CheckOutputs({flags->json}, read); !s.ok()) return s;
  }
  return Verification(tool, *std::move(flags), *std::move(source)).Run();
}

}  // namespace

int VerifyMain(int argc, char** argv, const ConvertTool& tool) {
  IgnoreWriteSignals();
  try {
    auto exit_status = Run(argc, argv, tool);
    return exit_status.ok() ? *exit_status : Fail(kTool, exit_status.status());
  } catch (const std::exception& error) {
    return Fail(kTool, absl::InternalError(error.what()));
  }
}

}  // namespace flextorchir
