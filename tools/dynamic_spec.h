#ifndef FLEXTORCHIR_TOOLS_DYNAMIC_SPEC_H_
#define FLEXTORCHIR_TOOLS_DYNAMIC_SPEC_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace flextorchir {

// What stands behind --dynamic, the sizes of inputs that vary:
//
//   dynamic := input (";" input)*
//   input   := NAME ":" size ("," size)*     x:0=batch,2=height;mask:0=batch
//   size    := AXIS "=" SYMBOL               a negative axis counts from the
//   end
//
// By input and axis: the symbol. Blanks between the parts do not count.
// Errors: kInvalidArgument, saying where and what is expected; also for a size
// that is given twice.
absl::StatusOr<std::map<std::string, std::map<int64_t, std::string>>>
ParseDynamicSizes(absl::string_view text);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_TOOLS_DYNAMIC_SPEC_H_
