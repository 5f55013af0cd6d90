#ifndef FLEXTORCHIR_CONVERTER_OPTIMIZE_MODEL_WEIGHTS_H_
#define FLEXTORCHIR_CONVERTER_OPTIMIZE_MODEL_WEIGHTS_H_

#include <optional>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "flextorchir/converter/passes/unique_names.h"
#include "flextorchir/ir/graph.h"

namespace flextorchir {

// The constant tensors of a model, as passes read, replace and add them.
// (Bodies have no weights: they get them as inputs.)
class ModelWeights {
 public:
  // `model` must outlive it; nobody else adds values to graphs[0], or weights.
  explicit ModelWeights(Model* model);

  // The content of a value of graphs[0] that is the same in every run: it is
  // bound to weights that running the model does not change and that have
  // their data. Nothing for all others.
  std::optional<at::Tensor> Constant(ValueId value) const;

  // All values that are bound to the same weights as `value`, which is bound.
  absl::Span<const ValueId> BoundWith(ValueId value) const;

  // Gives the weights that `value` is bound to another content of the same
  // dtype and shape, laid out as before. Under other names they were something
  // else: aliases go.
  absl::Status Replace(ValueId value, const at::Tensor& content);

  // Binds a value to new weights, which get its name, or the first that is free
  // and begins so.
  absl::Status Bind(ValueId value, Weights::Role role,
                    const at::Tensor& content);
  // Adds a value that is bound to new weights.
  absl::StatusOr<ValueId> Add(absl::string_view name, Weights::Role role,
                              const at::Tensor& content);

 private:
  Model& model_;
  // By weights: whether running the model changes them, and who they are bound
  // to.
  std::vector<bool> changes_;
  std::vector<std::vector<ValueId>> bound_;
  UniqueNames value_names_;
  UniqueNames weights_names_;
};

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_OPTIMIZE_MODEL_WEIGHTS_H_
