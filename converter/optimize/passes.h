#ifndef FLEXTORCHIR_CONVERTER_OPTIMIZE_PASSES_H_
#define FLEXTORCHIR_CONVERTER_OPTIMIZE_PASSES_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "flextorchir/ir/graph.h"

namespace flextorchir {

// The passes of PassRegistry::Standard(), each in a file of its own name; see
// OptimizationPass for what they promise. They may throw what ATen throws.
absl::StatusOr<int64_t> DropNoOps(Model& model);
absl::StatusOr<int64_t> MergeReshapes(Model& model);
absl::StatusOr<int64_t> FoldRemainingConstants(Model& model);
absl::StatusOr<int64_t> FoldBatchNorm(Model& model);
absl::StatusOr<int64_t> WarpAffine(Model& model);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_OPTIMIZE_PASSES_H_
