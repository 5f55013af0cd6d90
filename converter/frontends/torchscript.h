#ifndef FLEXTORCHIR_CONVERTER_FRONTENDS_TORCHSCRIPT_H_
#define FLEXTORCHIR_CONVERTER_FRONTENDS_TORCHSCRIPT_H_

#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "flextorchir/converter/frontends/frontend.h"

namespace torch::jit {
struct Module;
}

namespace flextorchir {

// A TorchScript file, scripted or traced (torch.jit.save).
// Errors: kNotFound, kInvalidArgument if it is no TorchScript file, kDataLoss
// if it is a broken one; an operator that is not linked in is named.
absl::StatusOr<std::unique_ptr<Frontend>> LoadTorchScript(
    absl::string_view path);

// A module that is already loaded. Its weights are shared; it is not changed.
absl::StatusOr<std::unique_ptr<Frontend>> FromTorchScript(
    const torch::jit::Module& module);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_FRONTENDS_TORCHSCRIPT_H_
