#include "flextorchir/converter/passes/unique_names.h"

#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace flextorchir {

std::string UniqueNames::Make(absl::string_view name) {
  if (taken_.emplace(name).second) return std::string(name);
  int64_t& next = next_[name];
  while (true) {
    std::string candidate = absl::StrCat(name, "_", ++next);
    if (reserved_.contains(candidate)) continue;
    if (taken_.insert(candidate).second) return candidate;
  }
}

}  // namespace flextorchir
