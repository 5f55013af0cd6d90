#ifndef FLEXTORCHIR_TOOLS_LAYER_LOG_H_
#define FLEXTORCHIR_TOOLS_LAYER_LOG_H_

#include <cstdint>
#include <ostream>

#include "absl/strings/string_view.h"
#include "flextorchir/ir/graph.h"

namespace flextorchir {

// What `convert` says while it works: a line for each layer and, on a terminal,
// what it is doing and how far it has got.
class LayerLog {
 public:
  // `out` must outlive the log. A quiet log says nothing.
  LayerLog(std::ostream* out, bool is_terminal, bool quiet);
  ~LayerLog();
  LayerLog(const LayerLog&) = delete;
  LayerLog& operator=(const LayerLog&) = delete;

  // "loading resnet50.pt": shown on a terminal until something else is.
  void Phase(absl::string_view what);
  void Add(const Graph& graph, const Layer& layer, int64_t index,
           int64_t count);
  // Takes what is shown off the terminal: others are going to write there.
  void Clear();

 private:
  void Show(absl::string_view text);

  std::ostream* const out_;
  const bool is_terminal_;
  const bool quiet_;
  bool showing_ = false;
};

}  // namespace flextorchir

#endif  // FLEXTORCHIR_TOOLS_LAYER_LOG_H_
