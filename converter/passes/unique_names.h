#ifndef FLEXTORCHIR_CONVERTER_PASSES_UNIQUE_NAMES_H_
#define FLEXTORCHIR_CONVERTER_PASSES_UNIQUE_NAMES_H_

#include <cstdint>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"

namespace flextorchir {

// Hands out names that are not taken: "relu", "relu_1", "relu_2", ...
class UniqueNames {
 public:
  // `name` itself will not be made up, only given to who asks for it.
  void Reserve(absl::string_view name) { reserved_.emplace(name); }
  // `name`, if nobody has it, else the first free "name_N".
  std::string Make(absl::string_view name);

 private:
  absl::flat_hash_set<std::string> taken_;
  absl::flat_hash_set<std::string> reserved_;
  absl::flat_hash_map<std::string, int64_t> next_;
};

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_PASSES_UNIQUE_NAMES_H_
