#ifndef FLEXTORCHIR_CONVERTER_SUMMARIZE_H_
#define FLEXTORCHIR_CONVERTER_SUMMARIZE_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "flextorchir/converter/report.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/serializer.h"

namespace flextorchir {

// Why layers became placeholders, where a rule said so: by graph, and by number
// within it.
using PlaceholderReasons = std::map<std::pair<GraphId, size_t>, std::string>;

// What the report says about a finished model: counts, placeholders (in bodies
// too), and the layers of graphs[0] that a target cannot express.
Report Summarize(const Model& model, const PlaceholderReasons& reasons,
                 absl::Span<const Serializer* const> targets,
                 std::vector<Report::Warning> warnings);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_SUMMARIZE_H_
