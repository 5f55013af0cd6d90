#ifndef FLEXTORCHIR_TOOLS_DIAGRAM_H_
#define FLEXTORCHIR_TOOLS_DIAGRAM_H_

#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "flextorchir/ir/graph.h"

namespace flextorchir {

struct DiagramOptions {
  // How many levels of modules are drawn open; modules below are one node each.
  // 0: as many as give a picture of at most `max_nodes`.
  int depth = 0;
  int max_nodes = 160;
  // Paths of modules that the report has a warning for: drawn amber.
  std::set<std::string> warned_modules;
};

// The main graph of a model in Graphviz' language. Modules are nested boxes,
// layers say what LayerLine() says. Placeholders are red, and so are the edges
// of a closed module that holds one; composites have a double line.
std::string ModelToDot(const Model& model, const DiagramOptions& options = {});

// Errors: kInvalidArgument for an extension that WriteDiagram does not know,
// kFailedPrecondition if Graphviz is wanted and not installed.
absl::Status CheckDiagramPath(absl::string_view path);

// Writes what ModelToDot() returned, as it is (.dot), or drawn by Graphviz'
// program `dot` (.svg, .png, .pdf); whole or not at all.
// Errors: as above; kInternal with dot's own message; kDeadlineExceeded after a
// minute.
absl::Status WriteDiagram(absl::string_view dot, absl::string_view path);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_TOOLS_DIAGRAM_H_
