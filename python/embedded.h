#ifndef FLEXTORCHIR_PYTHON_EMBEDDED_H_
#define FLEXTORCHIR_PYTHON_EMBEDDED_H_

#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "flextorchir/converter/frontends/frontend.h"
#include "flextorchir/python/live_plugin.h"

namespace flextorchir {

// Does what `request` asks, in an interpreter that this opens when it is first
// called: a program that never calls it runs without Python. Where
// `request.interpreter` is empty, it is the one that LibTorch was found in.
// `plugin` is the path of live_plugin.so. One thread only.
// Errors: kFailedPrecondition if there is no interpreter to be opened, and
// those of LiveModelFunction.
absl::StatusOr<std::unique_ptr<Frontend>> LoadLiveModel(
    LiveModelRequest request, absl::string_view plugin);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_PYTHON_EMBEDDED_H_
