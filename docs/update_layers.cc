// Writes docs/layers.md from the table of the layer set:
//
//     bazel run //docs:update_layers

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>

#include "flextorchir/ir/layer_set.h"

int main() {
  // Set by `bazel run`, which starts programs in a folder of its own.
  const char* workspace = std::getenv("BUILD_WORKSPACE_DIRECTORY");
  if (workspace == nullptr) {
    std::cerr
        << "update_layers: run it with `bazel run //docs:update_layers`\n";
    return 1;
  }
  const std::string path = std::string(workspace) + "/docs/layers.md";
  std::ofstream page(path, std::ios::binary);
  page << flextorchir::LayerSetMarkdown();
  page.close();
  if (!page) {
    std::cerr << "update_layers: cannot write " << path << "\n";
    return 1;
  }
  std::cout << "wrote " << path << "\n";
  return 0;
}
