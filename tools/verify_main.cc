#include "flextorchir/tools/verify_main.h"

#include <cstdint>
#include <exception>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ATen/Context.h"
#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "flextorchir/converter/converter.h"
#include "flextorchir/evaluator/compare.h"
#include "flextorchir/tools/command_line.h"
#include "nlohmann/json.hpp"

ABSL_FLAG(double, tolerance, 0,
          "What outputs may differ by, absolutely or relatively to their own "
          "size; 0: not\nby a bit.");
ABSL_FLAG(std::string, json, "", "Write the comparison as JSON to this file.");

namespace flextorchir {
namespace {

constexpr char kTool[] = "verify";

constexpr char kHelp[] =
    R"(Runs a converted file, and the model it was made of, on the same inputs, and
compares their outputs. Where they differ, the first layer that does is named.

  verify FILE --model=MODEL --inputs=INPUTS [FLAG...]

Models:
%s
Examples:
  verify net.ftfb --model=net.pt --inputs=1x3x224x224
  verify net.ftpb --model=net.pt --inputs=@sample.safetensors --tolerance=1e-5

On one machine, with one number of threads and one seed, outputs are equal bit
for bit.

Exit status:
  0  the outputs are equal, or within the tolerance
  1  bad use or bad input
  2  they differ

Flags:
%s)";

using Json = nlohmann::ordered_json;

// Bytes that are no UTF-8 are replaced rather than thrown about.
std::string Dump(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

bool Passes(const Difference& difference, double tolerance) {
  if (difference.identical) return true;
  return tolerance > 0 && difference.mismatch.empty() &&
         difference.non_finite == 0 &&
         (difference.max_absolute <= tolerance ||
          difference.max_relative <= tolerance);
}

Json ToJson(const Difference& difference) {
  return {{"identical", difference.identical},
          {"mismatch", difference.mismatch},
          {"elements", difference.elements},
          {"differing", difference.differing},
          {"non_finite", difference.non_finite},
          {"max_absolute", difference.max_absolute},
          {"max_relative", difference.max_relative}};
}

Json ToJson(const Divergence& divergence) {
  return {{"layer", divergence.layer},
          {"kind", divergence.kind},
          {"value", divergence.value},
          {"module_path", divergence.source.module_path},
          {"op", divergence.source.op},
          {"inputs_identical", divergence.inputs_identical},
          {"difference", ToJson(divergence.difference)}};
}

// How output number `index` is called: "output[0]["logits"]", or by the name of
// its value for changed state.
std::string OutputName(const Model& model, size_t index) {
  const std::vector<std::string> paths = LeafPaths(model.outputs);
  if (index < paths.size()) return absl::StrCat("output", paths[index]);
  return absl::StrCat("state ",
                      model.main().value(model.main().outputs[index]).name);
}

// Those activations that mean the same in the file: it may have been made with
// other rules, and lack some values.
std::map<std::string, at::Tensor> SharedActivations(
    const Conversion& conversion, const Model& file) {
  std::map<absl::string_view, const Value*> values;
  for (const Value& value : file.main().values) values[value.name] = &value;
  std::map<std::string, at::Tensor> shared;
  for (const Value& value : conversion.model.main().values) {
    const auto found = values.find(value.name);
    const auto activation = conversion.activations.find(value.name);
    if (found != values.end() && activation != conversion.activations.end() &&
        found->second->type == value.type) {
      shared.insert(*activation);
    }
  }
  return shared;
}

absl::StatusOr<int> Run(int argc, char** argv, const ConvertTool& tool) {
  auto command_line = ParseFlags(argc, argv);
  if (!command_line.ok()) return command_line.status();
  if (command_line->help) {
    std::cout << absl::StrFormat(kHelp, LoadersHelp(tool.loaders), FlagsHelp());
    return kExitOk;
  }
  if (command_line->arguments.size() != 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        command_line->arguments.empty() ? "no file is given"
                                        : "more than one file is given",
        "; write: verify FILE --model=MODEL --inputs=INPUTS "
        "(--help says more)"));
  }
  const std::string path = CallerPath(command_line->arguments[0]);
  const double tolerance = absl::GetFlag(FLAGS_tolerance);
  if (!(tolerance >= 0)) {
    return absl::InvalidArgumentError(absl::StrCat("--tolerance=", tolerance,
                                                   ": the flag takes a number "
                                                   "that is not negative"));
  }
  if (absl::Status s = CheckReadableFile(path); !s.ok()) return s;
  auto source = ModelSource::FromFlags(tool.loaders, std::nullopt, argv[0]);
  if (!source.ok()) return source.status();
  const std::string json_path = CallerPath(absl::GetFlag(FLAGS_json));
  if (!json_path.empty()) {
    std::vector<std::string> read = source->files();
    read.push_back(path);
    if (absl::Status s = CheckOutputs({json_path}, read); !s.ok()) return s;
  }

  DeserializeOptions read_options;
  read_options.check_hash = true;
  const auto file = tool.formats.ReadFile(RealPath(path), read_options);
  if (!file.ok()) return file.status();
  auto frontend = source->Load();
  if (!frontend.ok()) return frontend.status();
  const auto inputs = source->Inputs();
  if (!inputs.ok()) return inputs.status();
  ConvertOptions convert_options;
  convert_options.registry = &tool.layers;
  convert_options.keep_activations = true;
  const auto conversion = Convert(**frontend, *inputs, convert_options);
  if (!conversion.ok()) return conversion.status();
  for (const auto& [what, of_file, of_model] :
       {std::make_tuple("takes", file->main().inputs.size(),
                        conversion->inputs.size()),
        std::make_tuple("returns", file->main().outputs.size(),
                        conversion->outputs.size())}) {
    if (of_file != of_model) {
      return absl::InvalidArgumentError(absl::StrCat(
          path, " is not of this model, or was made with other inputs: it ",
          what, " ", of_file, " values, the model ", of_model));
    }
  }

  EvaluatorOptions evaluator_options;
  evaluator_options.executors = &tool.executors;
  // The random numbers that the model drew.
  at::manual_seed(source->seed());
  const auto comparison = CompareWithModel(
      *file, conversion->inputs, conversion->outputs,
      SharedActivations(*conversion, *file), evaluator_options);
  if (!comparison.ok()) return Annotate(path, comparison.status());

  bool passes = true;
  Json json = {{"file", path},
               {"model", source->word()},
               {"tolerance", tolerance},
               {"identical", comparison->identical},
               {"passes", true},
               {"outputs", Json::array()},
               {"first_divergence", nullptr}};
  for (size_t i = 0; i < comparison->outputs.size(); ++i) {
    const Difference& difference = comparison->outputs[i];
    const std::string name = OutputName(*file, i);
    const bool output_passes = Passes(difference, tolerance);
    passes = passes && output_passes;
    std::cout << name << ": " << difference.ToString()
              << (output_passes && !difference.identical
                      ? ", within the tolerance"
                      : "")
              << "\n";
    Json row = {{"name", name}, {"passes", output_passes}};
    row.update(ToJson(difference));
    json["outputs"].push_back(std::move(row));
  }
  json["passes"] = passes;
  if (comparison->first_divergence.has_value()) {
    const Divergence& divergence = *comparison->first_divergence;
    json["first_divergence"] = ToJson(divergence);
    std::cout << "the first layer that differs: " << divergence.kind << " \""
              << divergence.layer << "\"";
    if (!divergence.source.module_path.empty()) {
      std::cout << " in " << divergence.source.module_path;
    }
    std::cout << ", value " << divergence.value << ": "
              << divergence.difference.ToString() << "\n";
  }
  std::cout << std::flush;
  if (!json_path.empty()) {
    absl::Status status = WriteWholeFile(json_path, Dump(json));
    if (!status.ok()) return Annotate("--json", status);
  }
  return passes ? kExitOk : kExitNotAsDemanded;
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
