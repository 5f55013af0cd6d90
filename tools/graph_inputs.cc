#include "flextorchir/tools/graph_inputs.h"

#include <cstddef>
#include <string>
#include <vector>

#include "ATen/core/Dict.h"
#include "ATen/core/ivalue.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace flextorchir {
namespace {

// Takes the tensors out of an argument, in the order in which they stand.
void CollectTensors(const c10::IValue& value,
                    std::vector<c10::IValue>* tensors) {
  if (value.isTensor()) {
    tensors->push_back(value);
  } else if (value.isList()) {
    for (const c10::IValue& element : value.toListRef()) {
      CollectTensors(element, tensors);
    }
  } else if (value.isTuple()) {
    for (const c10::IValue& element : value.toTupleRef().elements()) {
      CollectTensors(element, tensors);
    }
  } else if (value.isGenericDict()) {
    for (const auto& entry : value.toGenericDict()) {
      CollectTensors(entry.value(), tensors);
    }
  }
}

}  // namespace

absl::StatusOr<std::vector<c10::IValue>> GraphInputs(
    const Model& model, const ModelInputs& inputs) {
  const Graph& graph = model.main();
  std::vector<c10::IValue> arranged(graph.inputs.size());
  std::vector<c10::IValue> positional;
  for (const c10::IValue& argument : inputs.args) {
    CollectTensors(argument, &positional);
  }
  size_t given = positional.size();
  for (const auto& [name, argument] : inputs.kwargs) {
    std::vector<c10::IValue> tensors;
    CollectTensors(argument, &tensors);
    given += tensors.size();
    auto next = tensors.begin();
    for (size_t i = 0; i < arranged.size() && next != tensors.end(); ++i) {
      const std::string& input = graph.value(graph.inputs[i]).name;
      if (input == name || absl::StartsWith(input, absl::StrCat(name, "."))) {
        arranged[i] = *next++;
      }
    }
    positional.insert(positional.end(), next, tensors.end());
  }
  if (given != arranged.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--inputs: ", given, " tensors are given, but the file ",
                     "takes ", arranged.size()));
  }
  auto next = positional.begin();
  for (c10::IValue& input : arranged) {
    if (input.isNone()) input = *next++;
  }
  return arranged;
}

}  // namespace flextorchir
