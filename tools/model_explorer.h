#ifndef FLEXTORCHIR_TOOLS_MODEL_EXPLORER_H_
#define FLEXTORCHIR_TOOLS_MODEL_EXPLORER_H_

#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "flextorchir/ir/graph.h"

namespace flextorchir {

// A model for Model Explorer (PyPI ai-edge-model-explorer), which shows large
// graphs in a browser: docs/model-explorer.md.

struct ModelExplorerOptions {
  // Paths of modules that the report has a warning for: drawn amber.
  std::set<std::string> warned_modules;
};

// The graphs as Model Explorer's JSON: a node for each layer, with its
// attributes, the shapes of what it makes and, as its namespace, its module.
// The body of a composite is a graph of its own, which its node leads to.
// Placeholders are red.
std::string ModelExplorerGraphs(const Model& model,
                                const ModelExplorerOptions& options = {});

// The overlay to that, "node data" in Model Explorer's terms: marks the
// placeholders, so that closed modules show how much of them they are.
std::string ModelExplorerPlaceholders(const Model& model);

// Where WriteModelExplorer() writes: `path`, and for net.json the overlay
// net.placeholders.json.
std::vector<std::string> ModelExplorerPaths(absl::string_view path);

// Errors: kInvalidArgument for a path that does not end in .json, by which
// Model Explorer knows such a file.
absl::Status CheckModelExplorerPath(absl::string_view path);

// Writes both files, whole or not at all.
absl::Status WriteModelExplorer(const Model& model, absl::string_view path,
                                const ModelExplorerOptions& options = {});

}  // namespace flextorchir

#endif  // FLEXTORCHIR_TOOLS_MODEL_EXPLORER_H_
