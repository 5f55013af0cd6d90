#include "flextorchir/torch_bridge/quantized_engine.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "ATen/Context.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "c10/core/QEngine.h"

namespace flextorchir {
namespace {

struct EngineName {
  at::QEngine engine;
  absl::string_view name;
};
constexpr EngineName kEngines[] = {
    {at::QEngine::NoQEngine, "none"},  {at::QEngine::FBGEMM, "fbgemm"},
    {at::QEngine::QNNPACK, "qnnpack"}, {at::QEngine::ONEDNN, "onednn"},
    {at::QEngine::X86, "x86"},
};

std::optional<at::QEngine> FindEngine(absl::string_view name) {
  for (const EngineName& row : kEngines) {
    if (row.name == name) return row.engine;
  }
  return std::nullopt;
}

std::string NameOf(at::QEngine engine) {
  for (const EngineName& row : kEngines) {
    if (row.engine == engine) return std::string(row.name);
  }
  return "unknown";
}

std::recursive_mutex& EngineMutex() {
  static auto* const mutex = new std::recursive_mutex;
  return *mutex;
}

}  // namespace

std::string QuantizedEngine() { return NameOf(at::globalContext().qEngine()); }

absl::Status CheckQuantizedEngine(absl::string_view name) {
  const std::optional<at::QEngine> engine = FindEngine(name);
  if (!engine.has_value()) {
    return absl::InvalidArgumentError(
        absl::StrCat("metadata `", kQuantizedEngine, "`: \"", name,
                     "\" is no engine of torch's"));
  }
  const std::vector<at::QEngine>& here = at::Context::supportedQEngines();
  if (std::find(here.begin(), here.end(), *engine) != here.end()) {
    return absl::OkStatus();
  }
  return absl::UnimplementedError(absl::StrCat(
      "the model's quantized layers ran on the engine ", name,
      ", which torch has not here (it has ",
      absl::StrJoin(here, ", ",
                    [](std::string* out, at::QEngine one) {
                      absl::StrAppend(out, NameOf(one));
                    }),
      "); change or remove the model's metadata `", kQuantizedEngine,
      "` to run it on another, with other rounding"));
}

WithQuantizedEngine::WithQuantizedEngine(absl::string_view name) {
  const std::optional<at::QEngine> engine = FindEngine(name);
  if (!engine.has_value()) return;
  lock_ = std::unique_lock<std::recursive_mutex>(EngineMutex());
  at::Context& context = at::globalContext();
  if (context.qEngine() == *engine) return;
  before_ = context.qEngine();
  context.setQEngine(*engine);
}

WithQuantizedEngine::~WithQuantizedEngine() {
  if (before_.has_value()) at::globalContext().setQEngine(*before_);
}

}  // namespace flextorchir
