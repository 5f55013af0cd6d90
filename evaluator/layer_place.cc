#include "flextorchir/evaluator/layer_place.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "flextorchir/ir/graph.h"

namespace flextorchir {

std::string LayerPlace(absl::string_view name, absl::string_view kind,
                       const Source& source) {
  std::string place = absl::StrCat("layer \"", name, "\" (", kind, ")");
  if (!source.module_path.empty()) {
    absl::StrAppend(&place, " in module \"", source.module_path, "\"");
  }
  if (!source.frames.empty()) {
    absl::StrAppend(&place, " at ", source.frames[0].file, ":",
                    source.frames[0].line);
  }
  return place;
}

std::string LayerPlace(const Layer& layer) {
  std::string kind = layer.kind;
  if (kind == kPlaceholder) absl::StrAppend(&kind, " of ", layer.target);
  return LayerPlace(layer.name, kind, layer.source());
}

}  // namespace flextorchir
