#ifndef FLEXTORCHIR_CONVERTER_STRUCTURE_H_
#define FLEXTORCHIR_CONVERTER_STRUCTURE_H_

#include <string>
#include <vector>

#include "ATen/core/ivalue.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "flextorchir/converter/frontends/frontend.h"
#include "flextorchir/ir/graph.h"

namespace flextorchir {

// The arguments or results of a model, taken apart: tensors are leaves, in the
// order in which Python would visit them; numbers, strings and None are
// constants of the structure (torch bakes them into the operators).
struct Flattened {
  Structure structure;
  std::vector<at::Tensor> leaves;
};

// The structure is a tuple of the positional arguments; with keyword arguments
// it is a dict whose keys are positions (integers) and keywords (strings).
// Errors: kUnimplemented for objects that are neither tensors, constants nor
// containers, for keys that are neither strings nor integers, and for nesting
// deeper than 64 (a list that holds itself).
// `structure` is what a frontend says it is, if that is not null: the arguments
// (the elements of the result) are its leaves then.
absl::StatusOr<Flattened> FlattenInputs(const ModelInputs& inputs,
                                        const Structure* structure = nullptr);
absl::StatusOr<Flattened> FlattenResult(const c10::IValue& result,
                                        const Structure* structure = nullptr);

// The paths of the numbers and strings in it: `[0]["scale"]`.
std::vector<std::string> ConstantPaths(const Structure& structure);

// A name for each leaf of the inputs: "x" for the argument `x`, "boxes.0" for
// the first element of the list `boxes`. Arguments that are not named are
// "input", or "input_0", "input_1", ... where there are several.
std::vector<std::string> InputNames(
    const Structure& inputs, absl::Span<const std::string> argument_names);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_STRUCTURE_H_
