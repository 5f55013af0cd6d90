#ifndef FLEXTORCHIR_EVALUATOR_VALUE_TYPE_H_
#define FLEXTORCHIR_EVALUATOR_VALUE_TYPE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "ATen/core/Tensor.h"
#include "ATen/core/ivalue.h"
#include "absl/status/status.h"
#include "flextorchir/evaluator/arguments.h"
#include "flextorchir/ir/graph.h"

namespace flextorchir {

// Holds what flows in one run against the types that were recorded, and learns
// from it what the symbols stand for. One for each run.
class TypeBinder {
 public:
  explicit TypeBinder(const Model& model) : model_(model) {}

  const SymbolValues& symbols() const { return symbols_; }

  // Takes the symbols that stand in the input's shape from the tensor given.
  // Errors: kInvalidArgument if they contradict what is known of them.
  absl::Status BindInput(const Value& value, const c10::IValue& given);
  // Checks type and sizes, once every input is bound.
  // Errors: kInvalidArgument, without saying which input.
  absl::Status CheckInput(const Value& value, const c10::IValue& given) const;

  // Checks what a layer has returned; sizes that are only known now become
  // symbols. If `sizes_may_differ` they do not depend on sizes alone, and once
  // they are others than recorded, so may all be that follow. Expressions whose
  // symbols are known hold even then.
  // Errors: kInternal, without saying of which layer.
  absl::Status TakeResult(const Value& value, const c10::IValue& result,
                          bool sizes_may_differ);

  // As it was recorded: a number in its type, and, if `strides`, a tensor with
  // its strides (where its sizes are those that were recorded).
  c10::IValue AsRecorded(const Value& value, c10::IValue content,
                         bool strides) const;

 private:
  // Nothing where it depends on a symbol that is not known.
  std::optional<int64_t> Size(const Dim& dim) const;
  // Whether it has the recorded kind and dtype.
  static bool HasType(const Value& value, const c10::IValue& content);
  bool HasSizes(const TensorType& type, const at::Tensor& tensor) const;
  // Only those sizes that are expressions.
  bool HasSymbolicSizes(const TensorType& type, const at::Tensor& tensor) const;

  const Model& model_;
  SymbolValues symbols_;
  bool sizes_may_differ_ = false;
};

}  // namespace flextorchir

#endif  // FLEXTORCHIR_EVALUATOR_VALUE_TYPE_H_
