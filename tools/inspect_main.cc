#include "flextorchir/tools/inspect_main.h"

#include <algorithm>
#include <cstdint>
#include <exception>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "flextorchir/converter/report.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/sink.h"
#include "flextorchir/ir/text.h"
#include "flextorchir/ir/weights_file.h"
#include "flextorchir/tools/command_line.h"
#include "flextorchir/tools/diagram.h"
#include "flextorchir/tools/model_explorer.h"

ABSL_FLAG(bool, summary, false,
          "Print what is in the model rather than the model itself.");
ABSL_FLAG(std::string, diagram, "",
          "Draw the graph into this file instead: .svg, .png, .pdf (with "
          "Graphviz) or .dot.");
ABSL_FLAG(
    int, diagram_depth, 0,
    "How many levels of modules the diagram shows open; 0: as many as stay "
    "readable.");
ABSL_FLAG(std::string, model_explorer, "",
          "Write the graph for Model Explorer into this file instead, "
          "PATH.json, and\nbeside it PATH.placeholders.json, which marks the "
          "placeholders\n(docs/model-explorer.md).");
ABSL_FLAG(bool, weights_data, false,
          "Print the bytes of the weights too, in hexadecimal; such a text "
          "reads back whole.");

namespace flextorchir {
namespace {

constexpr char kTool[] = "inspect";

constexpr char kHelp[] =
    R"(Prints the text form of a model, or a summary of it. Needs no LibTorch.

  inspect FILE [--summary] [--weights_data]

FILE is of one of these formats, told by its content, or a safetensors file, of
which the tensors are listed:
%s
Examples:
  inspect net.ftfb
  inspect net.ftpb --summary
  inspect net.safetensors
  inspect net.ftfb --weights_data > net.fttxt
  inspect net.ftfb --diagram=net.svg
  inspect net.ftfb --model_explorer=net.json

Exit status:
  0  printed
  1  bad use, or a file that cannot be read

Flags:
%s)";

std::string Help(const FormatRegistry& registry) {
  std::string formats;
  for (const Deserializer* deserializer : registry.deserializers()) {
    absl::StrAppendFormat(&formats, "  %-12s .%s\n", deserializer->name(),
                          deserializer->extension());
  }
  return absl::StrFormat(kHelp, formats, FlagsHelp());
}

using Rows = std::vector<std::pair<std::string, std::string>>;

// Two columns, of which the first is as wide as it must be.
std::string Table(const Rows& rows) {
  size_t width = 0;
  for (const auto& row : rows) width = std::max(width, row.first.size());
  std::string text;
  for (const auto& [left, right] : rows) {
    absl::StrAppend(&text, "  ", left,
                    std::string(width - left.size() + 2, ' '), right, "\n");
  }
  return text;
}

Rows SortedByCount(const std::map<std::string, int64_t>& counts) {
  std::vector<std::pair<std::string, int64_t>> sorted(counts.begin(),
                                                      counts.end());
  std::stable_sort(
      sorted.begin(), sorted.end(),
      [](const auto& a, const auto& b) { return a.second > b.second; });
  Rows rows;
  for (const auto& [name, count] : sorted) {
    rows.emplace_back(name, absl::StrCat(count));
  }
  return rows;
}

Rows ValueRows(const Graph& graph, const std::vector<ValueId>& ids,
               const std::vector<std::string>& paths) {
  Rows rows;
  for (size_t i = 0; i < ids.size(); ++i) {
    const Value& value = graph.value(ids[i]);
    std::string type = value.TypeString();
    if (i < paths.size() && !paths[i].empty()) {
      absl::StrAppend(&type, "  ", paths[i]);
    } else if (i >= paths.size()) {
      absl::StrAppend(&type, "  (changed state)");
    }
    rows.emplace_back(value.name, std::move(type));
  }
  return rows;
}

std::string Summary(const Model& model) {
  int64_t parameters = 0;
  int64_t bytes = 0;
  for (const Weights& weights : model.weights) {
    bytes += weights.type.NumBytes().value_or(0);
    if (weights.role == Weights::Role::kParameter) {
      parameters += weights.type.NumElements().value_or(0);
    }
  }
  std::map<std::string, int64_t> kinds;
  std::map<std::string, int64_t> placeholders;
  std::optional<int64_t> macs = 0;
  for (const Layer& layer : model.main().layers) {
    ++kinds[layer.kind];
    const auto of_layer = LayerMacs(model, model.main(), layer);
    macs = macs && of_layer ? std::optional(*macs + *of_layer) : std::nullopt;
  }
  for (const Graph& graph : model.graphs) {
    for (const Layer& layer : graph.layers) {
      if (layer.kind == kPlaceholder) ++placeholders[layer.target];
    }
  }
  std::string text = absl::StrCat(
      model.name, "\n",
      Table({{"producer", model.producer},
             {"format version", absl::StrCat(model.format_version)},
             {"layer set version", absl::StrCat(model.layer_set_version)},
             {"layers", absl::StrCat(model.main().layers.size())},
             {"parameters", absl::StrCat(parameters)},
             {"multiply-accumulates", macs ? absl::StrCat(*macs) : "unknown"},
             {"weights",
              absl::StrCat(model.weights.size(), ", ", HumanBytes(bytes))}}));
  const auto section = [&text](absl::string_view title, const Rows& rows) {
    if (!rows.empty()) absl::StrAppend(&text, title, "\n", Table(rows));
  };
  section("inputs", ValueRows(model.main(), model.main().inputs,
                              LeafPaths(model.inputs)));
  section("outputs", ValueRows(model.main(), model.main().outputs,
                               LeafPaths(model.outputs)));
  section("layers by kind", SortedByCount(kinds));
  section("placeholders", SortedByCount(placeholders));
  if (model.graphs.size() > 1) {
    Rows bodies;
    for (size_t i = 1; i < model.graphs.size(); ++i) {
      bodies.emplace_back(
          model.graphs[i].name,
          absl::StrCat(
              model.graphs[i].layers.size(),
              model.graphs[i].layers.size() == 1 ? " layer" : " layers"));
    }
    section("bodies", bodies);
  }
  Rows metadata;
  for (const auto& [key, value] : model.metadata) {
    bool first = true;
    for (absl::string_view line : absl::StrSplit(value, '\n')) {
      metadata.emplace_back(first ? key : "", std::string(line));
      first = false;
    }
  }
  section("metadata", metadata);
  return text;
}

absl::StatusOr<std::string> ListTensors(const std::string& path) {
  const auto [directory, name] = SplitPath(RealPath(path));
  auto bytes = NewDirectorySource(directory)->Open(name);
  if (!bytes.ok()) return bytes.status();
  auto tensors = ReadSafetensors(*bytes);
  if (!tensors.ok()) return Annotate(path, tensors.status());
  Rows rows;
  int64_t total = 0;
  for (const Weights& weights : *tensors) {
    rows.emplace_back(weights.name, weights.type.ToString());
    total += weights.data.size();
  }
  return absl::StrCat(SplitPath(path).second, ": ", tensors->size(),
                      tensors->size() == 1 ? " tensor, " : " tensors, ",
                      HumanBytes(total), "\n", Table(rows));
}

absl::StatusOr<std::string> Draw(const Model& model, const std::string& path,
                                 const std::string& diagram) {
  IgnoreWriteSignals();
  DiagramOptions options;
  options.depth = absl::GetFlag(FLAGS_diagram_depth);
  absl::Status status = CheckOutputs({diagram}, {path});
  if (status.ok()) status = WriteDiagram(ModelToDot(model, options), diagram);
  if (!status.ok()) return Annotate("--diagram", status);
  return absl::StrCat("wrote ", diagram, "\n");
}

absl::StatusOr<std::string> Export(const Model& model, const std::string& path,
                                   const std::string& graphs) {
  IgnoreWriteSignals();
  absl::Status status = CheckModelExplorerPath(graphs);
  const std::vector<std::string> paths = ModelExplorerPaths(graphs);
  if (status.ok()) status = CheckOutputs(paths, {path});
  if (status.ok()) status = WriteModelExplorer(model, graphs);
  if (!status.ok()) return Annotate("--model_explorer", status);
  return absl::StrCat("wrote ", absl::StrJoin(paths, "\nwrote "), "\n");
}

absl::StatusOr<std::string> Inspect(const std::string& path,
                                    const FormatRegistry& formats) {
  if (absl::Status s = CheckReadableFile(path); !s.ok()) return s;
  if (absl::EndsWithIgnoreCase(path, ".safetensors")) return ListTensors(path);
  const bool weights_data = absl::GetFlag(FLAGS_weights_data);
  DeserializeOptions options;
  options.skip_weights = !weights_data;
  // A link is what the caller means by it; a reader would not follow it out of
  // its directory.
  auto model = formats.ReadFile(RealPath(path), options);
  if (!model.ok()) return model.status();
  const std::string diagram = CallerPath(absl::GetFlag(FLAGS_diagram));
  const std::string graphs = CallerPath(absl::GetFlag(FLAGS_model_explorer));
  if (!diagram.empty() && !graphs.empty()) {
    return absl::InvalidArgumentError(
        "--diagram and --model_explorer: give one of them at a time");
  }
  if (!diagram.empty()) return Draw(*model, path, diagram);
  if (!graphs.empty()) return Export(*model, path, graphs);
  if (absl::GetFlag(FLAGS_summary)) return Summary(*model);
  TextOptions text;
  text.weights_data = weights_data;
  return ToText(*model, text);
}

absl::StatusOr<std::string> Run(int argc, char** argv,
                                const FormatRegistry& formats) {
  auto command_line = ParseFlags(argc, argv);
  if (!command_line.ok()) return command_line.status();
  if (command_line->help) return Help(formats);
  if (command_line->arguments.size() != 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        command_line->arguments.empty() ? "no file is given"
                                        : "more than one file is given",
        "; write: inspect FILE (--help says more)"));
  }
  return Inspect(CallerPath(command_line->arguments[0]), formats);
}

}  // namespace

int InspectMain(int argc, char** argv, const FormatRegistry& formats) {
  try {
    auto text = Run(argc, argv, formats);
    if (!text.ok()) return Fail(kTool, text.status());
    std::cout << *text << std::flush;
    if (!std::cout) {
      return Fail(kTool, absl::ResourceExhaustedError(
                             "cannot write to the standard output"));
    }
    return kExitOk;
  } catch (const std::exception& error) {
    return Fail(kTool, absl::InternalError(error.what()));
  }
}

}  // namespace flextorchir
