#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <exception>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "caffe2/serialize/inline_container.h"
#include "flextorchir/converter/frontends/torchscript.h"
#include "flextorchir/torch_bridge/error_message.h"
#include "torch/csrc/jit/api/module.h"
#include "torch/csrc/jit/serialization/import.h"

namespace flextorchir {
namespace {

constexpr char kHowToSave[] =
    "save the model with torch.jit.script(model).save(\"model.pt\"), or with "
    "torch.jit.trace(model, example_inputs).save(\"model.pt\")";

absl::Status NotTorchScript(absl::string_view path, absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat(path, " is no TorchScript file: ", what, "; ", kHowToSave));
}

bool HasRecord(const std::vector<std::string>& records,
               absl::string_view name) {
  for (const std::string& record : records) {
    if (record == name) return true;
  }
  return false;
}

bool HasPrefix(const std::vector<std::string>& records,
               absl::string_view prefix) {
  for (const std::string& record : records) {
    if (absl::StartsWith(record, prefix)) return true;
  }
  return false;
}

// What a pickle holds: its opcodes name the classes that it makes.
absl::Status DescribePickle(absl::string_view path, absl::string_view pickle) {
  const bool has_modules = absl::StrContains(pickle, "_modules") &&
                           absl::StrContains(pickle, "_parameters");
  return NotTorchScript(
      path, has_modules
                ? "it is a pickled nn.Module (torch.save(model, ...)), which "
                  "only Python can read"
                : "it holds tensors without a model (torch.save of a "
                  "state_dict or the like)");
}

// Why a file that torch::jit::load would not take is none; OK if it may be one.
absl::Status Inspect(const std::string& path) {
  struct stat status;
  if (stat(path.c_str(), &status) != 0) {
    return errno == ENOENT || errno == ENOTDIR
               ? absl::NotFoundError(absl::StrCat("no such file: ", path))
               : absl::InvalidArgumentError(absl::StrCat(
                     "cannot read ", path, ": ", std::strerror(errno)));
  }
  if (S_ISDIR(status.st_mode)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " is a directory, not a TorchScript file"));
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot read ", path, ": ", std::strerror(errno)));
  }
  // Enough for the graph of objects in a pickle, without the tensors.
  std::string start(size_t{1} << 20, '\0');
  file.read(start.data(), static_cast<std::streamsize>(start.size()));
  start.resize(static_cast<size_t>(file.gcount()));
  if (start.empty()) return NotTorchScript(path, "it is empty");
  if (absl::StartsWith(start, "\x80\x02")) return DescribePickle(path, start);
  if (!absl::StartsWith(start, "PK\x03\x04")) {
    return NotTorchScript(path, "it is no zip archive");
  }
  std::vector<std::string> records;
  std::string pickle;
  try {
    caffe2::serialize::PyTorchStreamReader reader(path);
    records = reader.getAllRecords();
    if (HasRecord(records, "data.pkl") &&
        !HasRecord(records, "constants.pkl")) {
      const auto [data, size] = reader.getRecord("data.pkl");
      pickle.assign(static_cast<const char*>(data.get()), size);
    }
  } catch (const std::exception& error) {
    const std::string message = ErrorMessage(error);
    // A zip archive of another kind is whole, but has no single root folder.
    if (absl::StrContains(message,
                          "file in archive is not in a subdirectory")) {
      return NotTorchScript(path, "it is a zip archive of another kind");
    }
    return absl::DataLossError(
        absl::StrCat(path, " is broken, perhaps cut off: ", message));
  }
  if (!pickle.empty()) return DescribePickle(path, pickle);
  if (HasPrefix(records, "models/")) {
    return NotTorchScript(path,
                          "it is an exported program (torch.export.save)");
  }
  if (!HasRecord(records, "constants.pkl")) {
    return NotTorchScript(path, "it is a zip archive of another kind");
  }
  return absl::OkStatus();
}

absl::Status LoadError(absl::string_view path, const std::string& message) {
  constexpr char kUnknown[] = "Unknown builtin op: ";
  const size_t place = message.find(kUnknown);
  if (place != std::string::npos) {
    std::string op = message.substr(place + std::strlen(kUnknown));
    op = op.substr(0, op.find_first_of(" \n"));
    while (!op.empty() && op.back() == '.') op.pop_back();
    return absl::UnimplementedError(absl::StrCat(
        path, " calls the operator ", op,
        ", which is not in this program; link or load the library that "
        "registers it"));
  }
  if (absl::StrContains(message, "torch.classes.") ||
      absl::StrContains(message, "Unknown type name")) {
    return absl::UnimplementedError(absl::StrCat(
        path,
        " needs a class that is not in this program; link or load the "
        "library that registers it: ",
        message));
  }
  return absl::DataLossError(
      absl::StrCat(path, " cannot be loaded: ", message));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Frontend>> LoadTorchScript(
    absl::string_view path) {
  const std::string name(path);
  if (absl::Status status = Inspect(name); !status.ok()) return status;
  try {
    return FromTorchScript(torch::jit::load(name, c10::Device(c10::kCPU)));
  } catch (const std::exception& error) {
    return LoadError(path, ErrorMessage(error));
  }
}

}  // namespace flextorchir
