#ifndef FLEXTORCHIR_TOOLS_MAKE_INPUTS_H_
#define FLEXTORCHIR_TOOLS_MAKE_INPUTS_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "flextorchir/converter/frontends/frontend.h"
#include "flextorchir/tools/input_spec.h"

namespace flextorchir {

// The arguments that `specs` describe. The same seed gives the same content
// (with one version of torch, on one kind of processor):
//  * floating-point and complex elements are normally distributed, with mean 0
//    and deviation 1; real ones with a bound uniformly in [0, bound), then
//    rounded to the element type;
//  * integers are uniformly in [0, bound), without a bound in [0, 10);
//  * booleans are true or false, half of each.
// A file as a whole argument gives a keyword argument for each of its tensors,
// except that those whose names are 0, 1, 2, ... are positional. Behind a name,
// or in a list, it stands for its only tensor.
//
// Relative paths are the caller's (CallerPath).
// Errors: kInvalidArgument for a dtype that cannot be filled, a bound that it
// cannot hold, an argument that a file gives once more; kResourceExhausted for
// tensors larger than the memory; those of reading the files.
absl::StatusOr<ModelInputs> MakeInputs(absl::Span<const ModelInputSpec> specs,
                                       uint64_t seed);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_TOOLS_MAKE_INPUTS_H_
