#ifndef FLEXTORCHIR_TORCH_BRIDGE_OPERATOR_TABLE_H_
#define FLEXTORCHIR_TORCH_BRIDGE_OPERATOR_TABLE_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "flextorchir/ir/attribute.h"

namespace flextorchir {

// Which operator is which layer kind, read in both directions: the converter
// turns operators into kinds with it, the evaluator runs kinds by it. Operators
// that differ by more than a row have code in converter/layers and, where the
// operator cannot be found back from the layer, in evaluator/executors.
//
// An argument keeps its name, and `self` is called `input`, unless the row says
// otherwise. Arguments are bound by name; which are inputs and which attributes
// follows from what they hold.
struct OperatorRow {
  // With the overload, as the dispatcher knows it: "aten::add.Tensor".
  absl::string_view op;
  absl::string_view kind;
  // Comma separated, in the order of the schema:
  //   "other=value"    the operator's `other` is the layer's `value`
  //   "alpha:=1"       the layer has no such argument; this row only applies
  //                    (forward) if it is 1, and (backward) passes 1
  //   "inplace~=false" not part of the layer; ignored forward, passed backward
  absl::string_view arguments = "";
};

// A row with its arguments parsed.
struct OperatorBinding {
  struct Argument {
    enum class Use {
      kRename,   // the operator's `op_name` is the layer's `layer_name`
      kRequire,  // must be `value`
      kIgnore,   // is passed as `value`
    };
    std::string op_name;
    Use use = Use::kRename;
    std::string layer_name;
    Attribute value;
  };

  std::string op;
  std::string kind;
  std::vector<Argument> arguments;

  // The layer's name for an argument of the operator.
  std::string LayerName(absl::string_view op_argument) const;
  // Null if the row does not mention it.
  const Argument* Find(absl::string_view op_argument) const;
};

// Every row, in the order of the table. A kind may have several operators (the
// evaluator takes the first whose arguments the layer can give), an operator
// several kinds (the converter takes the first whose conditions hold).
absl::Span<const OperatorBinding> OperatorTable();
std::vector<const OperatorBinding*> BindingsOfOperator(absl::string_view op);
std::vector<const OperatorBinding*> BindingsOfKind(absl::string_view kind);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_TORCH_BRIDGE_OPERATOR_TABLE_H_
