#ifndef FLEXTORCHIR_IR_TEXT_H_
#define FLEXTORCHIR_IR_TEXT_H_

#include <ostream>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "flextorchir/ir/graph.h"

namespace flextorchir {

// The textual form of a model: what people read and what tests compare. It says
// everything the IR can say, and is parsed as well as printed:
// ParseText(ToText(m)) == m (with `weights_data`), and printing what was parsed
// gives the same text. The grammar is docs/text-form.md.
//
//   flextorchir 1 layer_set 1
//   name "Net"
//   weights "fc.weight" parameter f32[10,4]
//   graph "main" (%x: f32[1,4]) {
//     %fc.weight = weights "fc.weight"
//     %fc: f32[1,10] = Linear "fc" (input=%x, weight=%fc.weight, bias=none)
//         from "aten::linear" in "fc" ("torch.nn.Linear", 0) at "net.py":12
//         "forward"
//     %y: f32[1,10] = Softmax "softmax" (input=%fc) {dim=-1, dtype=none}
//     return %y
//   }
struct TextOptions {
  // Print the bytes of weights (as hexadecimal). Without them the text reads
  // back as a model whose weights have no data.
  bool weights_data = false;
  // Print where layers come from.
  bool sources = true;
};

std::string ToText(const Model& model, const TextOptions& options = {});

// One layer without its source, as it stands in the text: for messages and
// logs.
std::string LayerToText(const Graph& graph, const Layer& layer);

// Errors: kInvalidArgument with line and column, what was expected, what stands
// there; kFailedPrecondition for a newer version. Does not call Verify: a model
// that breaks its rules can be written down too, except that a value needs a
// name of its own.
absl::StatusOr<Model> ParseText(absl::string_view text);

// For gtest's failure messages.
std::ostream& operator<<(std::ostream& out, const Model& model);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_IR_TEXT_H_
