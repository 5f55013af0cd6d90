#ifndef FLEXTORCHIR_EVALUATOR_ACTIVATIONS_FILE_H_
#define FLEXTORCHIR_EVALUATOR_ACTIVATIONS_FILE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "ATen/core/ivalue.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "flextorchir/evaluator/compare.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/sink.h"
#include "flextorchir/ir/weights.h"

namespace flextorchir {

// The contents of a model's values in one run, as a safetensors file: a tensor
// for each value of graphs[0], under the value's name. Any safetensors library
// reads and writes such a file; it need not have all values.
class ActivationsFile {
 public:
  // Maps the file: contents are read as they are asked for.
  // Errors: kNotFound, kDataLoss, as of ReadSafetensors.
  static absl::StatusOr<ActivationsFile> Open(const FileSource& source,
                                              absl::string_view name);

  // Sorted.
  std::vector<std::string> names() const;
  bool Has(absl::string_view name) const { return Position(name) >= 0; }

  // For the Compare functions; refers to this file. A tensor whose dtype
  // safetensors cannot name comes in the value's own type, if it was stored as
  // WriteActivations does.
  FindActivation Find() const;
  absl::StatusOr<std::optional<c10::IValue>> Content(const Value& value) const;

 private:
  explicit ActivationsFile(std::vector<Weights> tensors)
      : tensors_(std::move(tensors)) {}
  int64_t Position(absl::string_view name) const;

  std::vector<Weights> tensors_;
};

// Writes such a file. Contents are let go of one by one where that frees
// memory: a tensor that is not contiguous is copied. Returns the names of those
// that such a file cannot hold, which are left out: sparse tensors and the
// like. Errors: those of the sink.
absl::StatusOr<std::vector<std::string>> WriteActivations(
    std::map<std::string, at::Tensor> activations, absl::string_view name,
    Sink& sink);

// The contents of all tensors of graphs[0] in the run of `inputs` by the
// evaluator, its inputs among them, without the weights.
// Errors: those of the evaluator.
absl::StatusOr<std::map<std::string, at::Tensor>> EvaluateActivations(
    const Model& model, const std::vector<c10::IValue>& inputs,
    EvaluatorOptions options = {});

}  // namespace flextorchir

#endif  // FLEXTORCHIR_EVALUATOR_ACTIVATIONS_FILE_H_
