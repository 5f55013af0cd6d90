#ifndef FLEXTORCHIR_IR_TEXT_SYNTAX_H_
#define FLEXTORCHIR_IR_TEXT_SYNTAX_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"
#include "flextorchir/ir/graph.h"

// What the printer and the parser of the text form must agree on.

namespace flextorchir {
namespace text_syntax {

// The roles of weights, by their number.
inline constexpr std::array<absl::string_view, 3> kRoles = {
    "parameter", "buffer", "constant"};

// The output that needs no name.
inline constexpr absl::string_view kPlainOutput = "output";

// Words that mean something where an output or a layer begins: outputs and
// kinds of these names are quoted.
inline bool IsReserved(absl::string_view word) {
  for (const absl::string_view reserved :
       {"at", "from", "in", "none", "quantized", "return", "target", "value",
        "weights", "with"}) {
    if (word == reserved) return true;
  }
  return false;
}

// %fc.weight
inline bool IsValueNameMember(unsigned char c) {
  return absl::ascii_isalnum(c) || c == '_' || c == '.';
}

inline Structure LeafNumber(int64_t leaf) {
  Structure structure;
  structure.kind = Structure::Kind::kLeaf;
  structure.leaf = leaf;
  return structure;
}

inline Structure TupleOfLeaves(size_t size) {
  Structure structure;
  for (size_t i = 0; i < size; ++i) {
    structure.children.push_back(
        {Attribute(), LeafNumber(static_cast<int64_t>(i))});
  }
  return structure;
}

// The structures that need not be written: a tuple of the inputs; the output,
// or a tuple of the outputs if there is not exactly one.
inline Structure DefaultInputs(const Model& model) {
  return TupleOfLeaves(model.graphs.empty() ? 0
                                            : model.graphs[0].inputs.size());
}

inline Structure DefaultOutputs(const Model& model) {
  const size_t all = model.graphs.empty() ? 0 : model.graphs[0].outputs.size();
  const size_t state = model.state_outputs.size();
  const size_t user = all > state ? all - state : 0;
  return user == 1 ? LeafNumber(0) : TupleOfLeaves(user);
}

}  // namespace text_syntax
}  // namespace flextorchir

#endif  // FLEXTORCHIR_IR_TEXT_SYNTAX_H_
