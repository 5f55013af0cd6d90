#include "flextorchir/torch_bridge/operator_writes.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include "ATen/core/alias_info.h"
#include "ATen/core/function_schema.h"
#include "absl/strings/string_view.h"

namespace flextorchir {
namespace {

struct SilentWriter {
  absl::string_view op;
  absl::string_view flag;
};
// Each writes `running_mean` and `running_var` if the flag is true.
constexpr SilentWriter kSilentWriters[] = {
    {"aten::batch_norm", "training"},
    {"aten::native_batch_norm", "training"},
    {"aten::_batch_norm_impl_index", "training"},
    {"aten::cudnn_batch_norm", "training"},
    {"aten::miopen_batch_norm", "training"},
    {"aten::instance_norm", "use_input_stats"},
};

int32_t ArgumentIndex(const c10::FunctionSchema& schema,
                      absl::string_view name) {
  const auto index =
      schema.argumentIndexWithName(std::string_view(name.data(), name.size()));
  return index.has_value() ? *index : -1;
}

}  // namespace

bool IsWritten(const c10::Argument& argument) {
  const c10::AliasInfo* alias = argument.alias_info();
  if (alias == nullptr) return false;
  const auto& elements = alias->containedTypes();  // of a list
  return alias->isWrite() ||
         std::any_of(elements.begin(), elements.end(),
                     [](const c10::AliasInfo& info) { return info.isWrite(); });
}

OperatorWrites FindOperatorWrites(const c10::FunctionSchema& schema) {
  OperatorWrites writes;
  for (size_t i = 0; i < schema.arguments().size(); ++i) {
    if (IsWritten(schema.arguments()[i])) {
      writes.marked.push_back(static_cast<int32_t>(i));
    }
  }
  for (const SilentWriter& writer : kSilentWriters) {
    if (schema.name() != writer.op) continue;
    const int32_t flag = ArgumentIndex(schema, writer.flag);
    if (flag < 0) continue;
    writes.silent_flag = flag;
    for (absl::string_view written : {"running_mean", "running_var"}) {
      const int32_t index = ArgumentIndex(schema, written);
      // Some overloads of the same name do mark them.
      if (index >= 0 &&
          std::count(writes.marked.begin(), writes.marked.end(), index) == 0) {
        writes.silent.push_back(index);
      }
    }
  }
  return writes;
}

}  // namespace flextorchir
