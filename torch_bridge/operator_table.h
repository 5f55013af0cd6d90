#ifndef FLEXTORCHIR_TORCH_BRIDGE_OPERATOR_TABLE_H_
#define FLEXTORCHIR_TORCH_BRIDGE_OPERATOR_TABLE_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "flextorchir/ir/attribute.h"

namespace flextorchir {

// Which operator is which layer kind, read in both directions: the converter
// turns operators into kinds with it (converter/layers), the evaluator runs
// kinds by it (torch_bridge/layer_call.h). Operators that differ by more than a
// row have code in converter/layers and, where the operator cannot be found
// back from the layer, in evaluator/executors.
//
// An argument keeps its name, and `self` is called `input`, unless the row says
// otherwise. Arguments are bound by name; which are inputs and which attributes
// follows from what they hold. Results are the kind's outputs, in order.
struct OperatorRow {
  // With the overload, as the dispatcher knows it: "aten::add.Tensor".
  absl::string_view op;
  absl::string_view kind;
  // Comma separated, in the order of the schema:
  //   "other=value"    the operator's `other` is the layer's `value`
  //   "mode=how{a|b}"  the same, and the operator's 0 is the layer's "a", its 1
  //                    "b"
  //   "alpha:=1"       the layer has no such argument; this row only applies
  //                    (forward) if it is 1, and (backward) passes 1
  //   "inplace~=false" not part of the layer; ignored forward, passed backward
  //   "+mode="bilinear"" the operator has no such argument: the layer gets the
  //                    attribute `mode` forward, and must have it backward
  //   "?stride"        the layer's attribute `stride` is a remark that a rule
  //   may
  //                    make; the operator does not need it
  //   "weight#4"       this row only applies if the operator's `weight` has 4
  //                    dimensions
  // Values are true, false, none, numbers, "strings" and [lists] of them.
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
    // Not empty: the operator's number i is the layer's string names[i].
    std::vector<std::string> names;
    Attribute value;
  };
  struct Rank {
    std::string op_name;
    int64_t rank = 0;
  };

  std::string op;
  std::string kind;
  std::vector<Argument> arguments;
  std::map<std::string, Attribute>
      constants;  // the layer's, from "+name=value"
  std::vector<Rank> ranks;
  std::vector<std::string> remarks;  // attributes of the layer

  // The layer's name for an argument of the operator.
  std::string LayerName(absl::string_view op_argument) const;
  // Null if the row does not mention it.
  const Argument* Find(absl::string_view op_argument) const;
};

// Errors: kInvalidArgument, naming the row and what it should say.
absl::StatusOr<OperatorBinding> ParseOperatorRow(const OperatorRow& row);

// Whether an argument that a row requires to be `wanted` is: numbers compare by
// value and sign (1 is 1.0 and true, 0 is not -0.0), all else as it is.
bool SameValue(const Attribute& wanted, const Attribute& given);

// Every row, in the order of the table. A kind may have several operators (the
// evaluator takes the first whose arguments the layer can give), an operator
// several kinds (the converter takes the first whose conditions hold).
absl::Span<const OperatorBinding> OperatorTable();
absl::Span<const OperatorBinding* const> BindingsOfOperator(
    absl::string_view op);
absl::Span<const OperatorBinding* const> BindingsOfKind(absl::string_view kind);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_TORCH_BRIDGE_OPERATOR_TABLE_H_
