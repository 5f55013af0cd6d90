#ifndef FLEXTORCHIR_CONVERTER_DYNAMIC_EXAMPLE_INPUTS_H_
#define FLEXTORCHIR_CONVERTER_DYNAMIC_EXAMPLE_INPUTS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "flextorchir/converter/captured_run.h"
#include "flextorchir/converter/dynamic/symbolic_sizes.h"
#include "flextorchir/converter/frontends/frontend.h"
#include "flextorchir/converter/report.h"
#include "flextorchir/ir/graph.h"

namespace flextorchir {

// By input, then by axis (negative ones count from the end): the symbol that
// stands for the size. An input is named as the model's argument is ("x"), by
// its path ("images[0]", "batch[\"mask\"]", "images.0"), or, where arguments
// have no names, by its number ("0").
using DynamicSizeNames = std::map<std::string, std::map<int64_t, std::string>>;

// Finds the inputs that are meant. `names` are those of the leaves of
// `structure`.
// Errors: kNotFound for an input that is not there (saying what there is);
// kInvalidArgument for axes out of range, for names that no symbol can have,
// and where one symbol stands for two sizes.
absl::StatusOr<std::vector<DynamicSize>> FindDynamicSizes(
    const DynamicSizeNames& dynamic, const Structure& structure,
    absl::Span<const std::string> names, absl::Span<const at::Tensor> inputs);

// The same arguments with other tensors: leaf number i becomes leaves[i].
ModelInputs WithLeaves(const ModelInputs& inputs,
                       absl::Span<const at::Tensor> leaves);

// Whether the inputs of a further run differ from those of the base in their
// sizes alone.
// Errors: kInvalidArgument, saying where.
absl::Status CheckSameInputs(const CapturedRun& base,
                             const CapturedRun& further);

// Runs a model on inputs of other sizes, which are made of those given by
// repeating their content (or leaving its end out), `count` times. The sizes
// are such that products, sums and quotients of them can be told apart. Where
// the model does not run on a size, others are tried: larger and smaller ones,
// and those that are multiples of powers of two.
//
// `run` runs the model; it is called with all inputs. What is said of sizes
// that the model refused goes to `notes`. Errors: kInvalidArgument if a size
// cannot be another than that given: which, what was tried, and what the model
// said.
absl::Status RunOtherSizes(
    absl::Span<const DynamicSize> dynamic, absl::Span<const at::Tensor> inputs,
    absl::Span<const std::string> names, size_t count,
    const std::function<absl::Status(const std::vector<at::Tensor>&)>& run,
    std::vector<Report::Warning>* notes);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_DYNAMIC_EXAMPLE_INPUTS_H_
