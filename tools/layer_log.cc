#include "flextorchir/tools/layer_log.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "flextorchir/tools/layer_line.h"

namespace flextorchir {
namespace {

constexpr int kBarWidth = 32;
constexpr char kClearLine[] = "\r\x1b[K";

}  // namespace

LayerLog::LayerLog(std::ostream* out, bool is_terminal, bool quiet)
    : out_(out), is_terminal_(is_terminal), quiet_(quiet) {}

LayerLog::~LayerLog() { Clear(); }

void LayerLog::Phase(absl::string_view what) {
  Show(absl::StrCat(what, " ..."));
}

void LayerLog::Add(const Graph& graph, const Layer& layer, int64_t index,
                   int64_t count) {
  if (quiet_) return;
  Clear();
  // In one piece: the standard error is not buffered.
  *out_ << absl::StrCat(LayerLine(graph, layer), "\n");
  const int64_t done = index + 1;
  const int filled =
      count > 0 ? static_cast<int>(kBarWidth * std::min(done, count) / count)
                : kBarWidth;
  Show(absl::StrCat("[", std::string(filled, '='),
                    std::string(kBarWidth - filled, ' '), "] ", done, "/",
                    count, count == 1 ? " layer" : " layers"));
}

void LayerLog::Clear() {
  if (showing_) *out_ << kClearLine << std::flush;
  showing_ = false;
}

void LayerLog::Show(absl::string_view text) {
  if (quiet_ || !is_terminal_) return;
  *out_ << kClearLine << text << std::flush;
  showing_ = true;
}

}  // namespace flextorchir
