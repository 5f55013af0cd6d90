#ifndef FLEXTORCHIR_TORCH_BRIDGE_FREE_SIZES_H_
#define FLEXTORCHIR_TORCH_BRIDGE_FREE_SIZES_H_

#include "ATen/core/dispatch/Dispatcher.h"
#include "absl/strings/string_view.h"

namespace flextorchir {

// Whether the sizes of what the operator returns depend on more than the sizes
// of its arguments. Of operators that are not torch's own, nobody knows.
bool HasFreeSizes(const c10::OperatorHandle& op);

// The same of the operators of a standard kind; of other kinds nobody knows.
bool KindHasFreeSizes(absl::string_view kind);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_TORCH_BRIDGE_FREE_SIZES_H_
