#ifndef FLEXTORCHIR_EVALUATOR_ARGUMENTS_H_
#define FLEXTORCHIR_EVALUATOR_ARGUMENTS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "ATen/core/function_schema.h"
#include "ATen/core/ivalue.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "flextorchir/evaluator/evaluator.h"
#include "flextorchir/ir/graph.h"

namespace flextorchir {

// The sizes that symbols stand for in one run.
using SymbolValues = std::map<std::string, int64_t>;

// The arguments of one layer of a running graph. Refers to all it is made of.
class GraphArguments final : public LayerArguments {
 public:
  // `values` are those of the layer's graph.
  GraphArguments(const Layer& layer, const std::vector<c10::IValue>& values,
                 const SymbolValues& symbols)
      : layer_(layer), values_(values), symbols_(symbols) {}

  const Layer& layer() const override { return layer_; }
  absl::StatusOr<c10::IValue> Get(absl::string_view name) const override;

 private:
  const Layer& layer_;
  const std::vector<c10::IValue>& values_;
  const SymbolValues& symbols_;
};

// `value` as the operator's argument takes it: a number for a float, a tensor
// without dimensions for a number, a number for a tensor, and lists of them,
// as torch converts them when it is called from Python.
// Errors: kInvalidArgument, naming the argument and what it takes.
absl::StatusOr<c10::IValue> FitToArgument(const c10::IValue& value,
                                          const c10::Argument& argument);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_EVALUATOR_ARGUMENTS_H_
