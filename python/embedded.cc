#include "flextorchir/python/embedded.h"

#include <dlfcn.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace flextorchir {
namespace {

absl::Status OpenError(absl::string_view what) {
  const char* reason = dlerror();
  return absl::FailedPreconditionError(
      absl::StrCat("cannot open ", what, " for a live Python model: ",
                   reason == nullptr ? "no reason given" : reason));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Frontend>> LoadLiveModel(
    LiveModelRequest request, absl::string_view plugin) {
  if (request.interpreter.empty()) {
    request.interpreter = FLEXTORCHIR_PYTHON_EXECUTABLE;
  }
  const std::string library = FLEXTORCHIR_PYTHON_LIBRARY;
  if (request.interpreter.empty() || library.empty()) {
    return absl::FailedPreconditionError(
        "this program was built with a LibTorch that no Python has, so it "
        "cannot run live Python models: build it with FLEXTORCHIR_PYTHON set "
        "to a python3 that has torch");
  }
  // Global: the extension modules of packages expect its symbols there.
  if (dlopen(library.c_str(), RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    return OpenError(library);
  }
  void* handle = dlopen(std::string(plugin).c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return OpenError(plugin);
  auto* function =
      reinterpret_cast<LiveModelFunction*>(dlsym(handle, kLiveModelFunction));
  if (function == nullptr) return OpenError(plugin);
  absl::StatusOr<std::unique_ptr<Frontend>> frontend =
      absl::InternalError("not loaded");
  function(request, &frontend);
  return frontend;
}

}  // namespace flextorchir
