#include "flextorchir/python/live_plugin.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "flextorchir/python/live_frontend.h"
#include "pybind11/pybind11.h"

namespace flextorchir {
namespace {

namespace py = pybind11;

absl::Status StartInterpreter(const std::string& executable) {
  if (Py_IsInitialized()) return absl::OkStatus();
  PyConfig config;
  PyConfig_InitPythonConfig(&config);
  // The program keeps its signals: Ctrl-C ends it.
  config.install_signal_handlers = 0;
  config.parse_argv = 0;
  // Whose site-packages are seen, also those of a virtual environment.
  PyStatus status =
      PyConfig_SetBytesString(&config, &config.executable, executable.c_str());
  if (!PyStatus_Exception(status)) {
    status = PyConfig_SetBytesString(&config, &config.program_name,
                                     executable.c_str());
  }
  if (!PyStatus_Exception(status)) status = Py_InitializeFromConfig(&config);
  PyConfig_Clear(&config);
  if (!PyStatus_Exception(status)) return absl::OkStatus();
  return absl::InternalError(
      absl::StrCat("cannot start Python (", executable,
                   "): ", status.err_msg == nullptr ? "" : status.err_msg));
}

// The package without its __init__, which would bring along an extension with
// all that this program has already.
py::module_ LiveModule(const std::string& folder) {
  py::dict modules = py::module_::import("sys").attr("modules");
  if (!modules.contains("flextorchir")) {
    py::object package =
        py::module_::import("types").attr("ModuleType")("flextorchir");
    py::list path;
    path.append(absl::StrCat(folder, "/flextorchir"));
    package.attr("__path__") = path;
    modules["flextorchir"] = package;
  }
  return py::module_::import("flextorchir._live");
}

absl::StatusOr<std::unique_ptr<Frontend>> Load(
    const LiveModelRequest& request) {
  absl::Status started = StartInterpreter(request.interpreter);
  if (!started.ok()) return started;
  try {
    py::list path = py::module_::import("sys").attr("path");
    Py_ssize_t position = 0;
    for (const std::string& folder : request.search_path) {
      if (!path.contains(folder)) path.insert(position++, folder);
    }
    for (const std::string& name : request.imports) {
      py::module_::import(name.c_str());
    }
    if (request.spec.empty()) return nullptr;
    py::module_ live = LiveModule(request.package_folder);
    absl::StatusOr<std::unique_ptr<LiveFrontend>> frontend =
        LiveFrontend::Create(live.attr("load")(request.spec), /*bound=*/false);
    if (!frontend.ok()) return frontend.status();
    return std::unique_ptr<Frontend>(*std::move(frontend));
  } catch (const py::error_already_set& error) {
    return absl::InvalidArgumentError(PythonMessage(error));
  }
}

}  // namespace
}  // namespace flextorchir

extern "C" __attribute__((visibility("default"))) void FlexTorchIrLoadLiveModel(
    const flextorchir::LiveModelRequest& request,
    absl::StatusOr<std::unique_ptr<flextorchir::Frontend>>* frontend) {
  *frontend = flextorchir::Load(request);
}
