#ifndef FLEXTORCHIR_TORCH_BRIDGE_QUANTIZED_ENGINE_H_
#define FLEXTORCHIR_TORCH_BRIDGE_QUANTIZED_ENGINE_H_

#include <mutex>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "c10/core/QEngine.h"

namespace flextorchir {

// Torch runs quantised layers by one of several libraries ("engines"), which
// round differently. A model of quantised layers says under this key of its
// metadata which one it ran on: "x86", "fbgemm", "onednn" or "qnnpack", as
// torch.backends.quantized.engine has them.
inline constexpr char kQuantizedEngine[] = "torch.quantized_engine";

// The engine of this process.
std::string QuantizedEngine();

// Errors: kInvalidArgument for a name that is no engine's, kUnimplemented for
// an engine that this build of torch, or this processor, has not.
absl::Status CheckQuantizedEngine(absl::string_view name);

// While one is alive, the process has this engine (which CheckQuantizedEngine
// has found to be well); then the one that it had. The engine belongs to the
// whole process, so that threads wait for each other here. Empty: nothing is
// changed, and nobody waits.
class WithQuantizedEngine {
 public:
  explicit WithQuantizedEngine(absl::string_view name);
  ~WithQuantizedEngine();
  WithQuantizedEngine(const WithQuantizedEngine&) = delete;
  WithQuantizedEngine& operator=(const WithQuantizedEngine&) = delete;

 private:
  std::unique_lock<std::recursive_mutex> lock_;
  std::optional<at::QEngine> before_;
};

}  // namespace flextorchir

#endif  // FLEXTORCHIR_TORCH_BRIDGE_QUANTIZED_ENGINE_H_
