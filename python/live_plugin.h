#ifndef FLEXTORCHIR_PYTHON_LIVE_PLUGIN_H_
#define FLEXTORCHIR_PYTHON_LIVE_PLUGIN_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "flextorchir/converter/frontends/frontend.h"

namespace flextorchir {

// What a program that is not Python asks of python/live_plugin.so, which it
// opens at run time: the only part of it that needs an interpreter. Program and
// plugin come from one build.
struct LiveModelRequest {
  std::string spec;            // "package.module:callable(a=1)"; may be empty
  std::string interpreter;     // the python3 whose packages are to be seen
  std::string package_folder;  // where flextorchir/_live.py is
  std::vector<std::string> search_path;  // before Python's own
  std::vector<std::string> imports;      // packages to import first
};

// Starts the interpreter at the first call and does what is asked: imports,
// then the model, if `spec` is not empty (else `*frontend` is null). Called on
// one thread only, which holds the interpreter's lock from then on. Errors:
// kInvalidArgument with Python's own message.
inline constexpr char kLiveModelFunction[] = "FlexTorchIrLoadLiveModel";
using LiveModelFunction =
    void(const LiveModelRequest& request,
         absl::StatusOr<std::unique_ptr<Frontend>>* frontend);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_PYTHON_LIVE_PLUGIN_H_
