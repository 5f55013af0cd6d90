#include "flextorchir/converter/capture/capture_for_test.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "ATen/core/Formatting.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "flextorchir/converter/capture/tensor_table.h"
#include "flextorchir/evaluator/evaluator.h"
#include "flextorchir/ir/text.h"
#include "flextorchir/ir/verify.h"
#include "flextorchir/torch_bridge/tensor.h"
#include "gtest/gtest.h"

namespace flextorchir {
namespace {

void NameEverything(Model& model) {
  Graph& graph = model.graphs[0];
  for (size_t i = 0; i < graph.values.size(); ++i) {
    graph.values[i].name = absl::StrCat(i);
  }
  for (size_t i = 0; i < graph.values.size(); ++i) {
    const WeightsId weights = graph.values[i].weights;
    if (weights != kAbsent) {
      graph.values[i].name = absl::StrCat(model.weights[weights].name, ".", i);
    }
  }
  for (size_t i = 0; i < graph.inputs.size(); ++i) {
    graph.values[graph.inputs[i]].name = absl::StrCat("in", i);
  }
  for (size_t i = 0; i < graph.layers.size(); ++i) {
    graph.layers[i].name = absl::StrCat(i);
  }
  const auto leaves = [](size_t count) {
    Structure structure;
    structure.kind = Structure::Kind::kTuple;
    for (size_t i = 0; i < count; ++i) {
      Structure leaf;
      leaf.kind = Structure::Kind::kLeaf;
      leaf.leaf = static_cast<int64_t>(i);
      structure.children.push_back({Attribute(), leaf});
    }
    return structure;
  };
  model.inputs = leaves(graph.inputs.size());
  model.outputs = leaves(graph.outputs.size() - model.state_outputs.size());
}

}  // namespace

Captured Capture(const Program& program, const std::vector<at::Tensor>& inputs,
                 const std::vector<std::pair<std::string, at::Tensor>>& state,
                 RecorderOptions options) {
  Recorder recorder(options);
  for (const auto& [name, tensor] : state) {
    recorder.AddState(name, Weights::Role::kBuffer, tensor);
  }
  std::vector<InputLeaf> leaves;
  for (size_t i = 0; i < inputs.size(); ++i) {
    recorder.AddInput(static_cast<int32_t>(i), inputs[i]);
    leaves.push_back({absl::StrCat("in", i), *TypeOf(inputs[i])});
  }
  std::vector<at::Tensor> results;
  {
    Recorder::Session session(recorder);
    results = program(inputs);
  }
  Captured captured;
  captured.trace = recorder.Finish(results);
  captured.results = captured.trace.result_contents;
  absl::StatusOr<FunctionalGraph> graph = Functionalize(captured.trace, leaves);
  EXPECT_TRUE(graph.ok()) << graph.status();
  if (!graph.ok()) return captured;
  captured.graph = *std::move(graph);
  bool wrong = false;
  for (const Report::Warning& warning : captured.graph.warnings) {
    captured.codes.push_back(warning.code);
    wrong |= warning.severity == Report::Severity::kError;
  }
  NameEverything(captured.graph.model);
  // What is unknown is read but made by nobody (see Functionalize).
  if (wrong) return captured;
  const absl::Status verified = Verify(captured.graph.model);
  EXPECT_TRUE(verified.ok()) << verified << "\n" << LayersOf(captured);
  return captured;
}

std::string LayersOf(const Captured& captured) {
  const Graph& graph = captured.graph.model.graphs[0];
  std::string text;
  for (Layer layer : graph.layers) {
    // Without its name and target, which say nothing here.
    layer.name.clear();
    layer.target.clear();
    std::string line = LayerToText(graph, layer);
    absl::StrReplaceAll({{" \"\" ", " "}}, &line);
    absl::StrAppend(&text, line, "\n");
  }
  std::string separator = "return ";
  for (ValueId output : graph.outputs) {
    absl::StrAppend(&text, separator, "%", graph.value(output).name);
    separator = ", ";
  }
  return text + "\n";
}

std::string CompareWithEager(
    const Captured& captured, const Program& program,
    const std::vector<at::Tensor>& inputs,
    const std::vector<std::pair<std::string, at::Tensor>>& state) {
  const Model& model = captured.graph.model;
  auto evaluator = Evaluator::Create(model);
  if (!evaluator.ok()) return std::string(evaluator.status().message());
  std::vector<c10::IValue> arguments(inputs.begin(), inputs.end());
  auto actual = (*evaluator)->Run(arguments);
  if (!actual.ok()) return std::string(actual.status().message());

  std::vector<at::Tensor> copies;
  for (const at::Tensor& input : inputs) copies.push_back(CopyOf(input));
  std::vector<std::pair<at::Tensor, at::Tensor>> before;  // as it lay; content
  for (const auto& [name, tensor] : state) {
    before.emplace_back(tensor.variable_data(), CopyOf(tensor));
  }
  std::vector<at::Tensor> expected;
  for (const at::Tensor& result : program(copies)) {
    expected.push_back(result.detach().clone());
  }
  for (const StateOutput& output : model.state_outputs) {
    if (output.input != kAbsent) {
      expected.push_back(copies[output.input].clone());
      continue;
    }
    for (const auto& [name, tensor] : state) {
      if (name == model.weights[output.weights].name) {
        expected.push_back(tensor.clone());
      }
    }
  }
  for (size_t i = 0; i < state.size(); ++i) {
    Unobserved unobserved;
    at::Tensor(state[i].second).set_data(before[i].first);
    before[i].first.copy_(before[i].second);
  }
  if (expected.size() != actual->size()) {
    return absl::StrCat(expected.size(), " outputs expected, ", actual->size(),
                        " returned");
  }
  for (size_t i = 0; i < expected.size(); ++i) {
    if (!BitIdentical(expected[i], (*actual)[i].toTensor())) {
      return absl::StrCat("output ", i, " differs: expected ",
                          expected[i].toString(), " ", c10::str(expected[i]),
                          "\ngot ", c10::str((*actual)[i].toTensor()));
    }
  }
  return "";
}

}  // namespace flextorchir
