#ifndef FLEXTORCHIR_TOOLS_INPUT_SPEC_H_
#define FLEXTORCHIR_TOOLS_INPUT_SPEC_H_

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "flextorchir/ir/dtype.h"

namespace flextorchir {

// What a model is to be called with, as it is written behind --inputs:
//
//   inputs := "()" | input ("," input)*       "()": no arguments at all
//   input  := [NAME "="] value                with a name: a keyword argument
//   value  := tensor | list | dict | scalar | text | file
//   tensor := shape [":" DTYPE] ["<" BOUND]   1x3x224x224, 1x128:i64<1000
//   shape  := SIZE "x" SIZE ("x" SIZE)* | SIZE (with a dtype) | "()" (with one)
//   list   := "[" [value ("," value)*] "]"
//   dict   := "{" [key ":" value ("," key ":" value)*] "}"
//   key    := NAME | text
//   scalar := INTEGER | FLOAT | "true" | "false" | "none"
//   text   := "'" CHARACTER* "'" | '"' CHARACTER* '"'
//   file   := "@" PATH                        a safetensors file
//
// A tensor is f32 unless it says otherwise, and its content is random. A bare
// number is a scalar: `128` is an integer, `128:f32` a tensor of 128 elements.
// Blanks between the parts do not count. In a text a backslash takes the next
// character as it is. A path ends at the next comma or closing bracket.
struct ModelInputSpec {
  struct Tensor {
    DType dtype = DType::kFloat32;
    std::vector<int64_t> shape;
    std::optional<double> bound;  // elements are in [0, bound)
  };
  struct None {};
  struct File {
    std::string path;
  };
  struct List {
    std::vector<ModelInputSpec> elements;  // without names
  };

  struct Dict {
    std::vector<std::string> keys;
    std::vector<ModelInputSpec> values;  // as many, without names
  };

  std::string name;  // empty: a positional argument
  std::variant<None, bool, int64_t, double, std::string, Tensor, List, Dict,
               File>
      value;
  int position = 0;  // where it begins in the text: for messages
};

// Errors: kInvalidArgument, with the place, what stands there and what was
// expected. Sizes are bounded (their product fits an int64_t), lists and dicts
// nest to a depth of 16; positional arguments stand before those with names.
absl::StatusOr<std::vector<ModelInputSpec>> ParseModelInputs(
    absl::string_view text);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_TOOLS_INPUT_SPEC_H_
