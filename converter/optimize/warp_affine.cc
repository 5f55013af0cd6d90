#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "flextorchir/converter/optimize/graph_rewriter.h"
#include "flextorchir/converter/optimize/passes.h"
#include "flextorchir/converter/passes/drop_unused.h"

namespace flextorchir {
namespace {

// How many sizes stand before the spatial ones: batch and channels.
constexpr size_t kLeading = 2;

// The samplings by grid.
int64_t FuseGrids(Graph* graph) {
  GraphRewriter rewriter(graph);
  // By value: the layers that sample with it.
  std::vector<std::vector<int32_t>> samplings(graph->values.size());
  for (int32_t i = 0; i < rewriter.num_layers(); ++i) {
    const Layer& layer = rewriter.layer(i);
    if (layer.kind != "GridSample" || !IsStandard(layer)) continue;
    samplings[layer.Input("grid")].push_back(i);
  }
  int64_t rewrites = 0;
  for (int32_t i = 0; i < rewriter.num_layers(); ++i) {
    const Layer grid = rewriter.layer(i);
    if (grid.kind != "AffineGrid" || !IsStandard(grid)) continue;
    // The sizes may be computed, in whole or in part: the same part of them is
    // taken from the attribute and from the input.
    const Attribute* sizes = grid.FindAttribute("size");
    const Slot* computed = grid.FindInput("size");
    const bool sizes_known =
        (sizes == nullptr ||
         (sizes->AsList() != nullptr && sizes->AsList()->size() > kLeading)) &&
        (computed == nullptr ||
         (computed->is_list && computed->values.size() > kLeading));
    const ValueId made = OutputOf(grid);
    const Attribute* corners = ConstantArgument(grid, "align_corners");
    if (!sizes_known || corners == nullptr || made == kAbsent ||
        rewriter.IsOutput(made)) {
      continue;
    }
    const std::vector<int32_t>& readers = samplings[made];
    // With a reader of any other sort the grid has to be made anyway.
    const bool all_fit =
        !readers.empty() &&
        rewriter.Reads(made) == static_cast<int32_t>(readers.size()) &&
        std::all_of(readers.begin(), readers.end(), [&](int32_t reader) {
          const Layer& sampling = rewriter.layer(reader);
          const Attribute* own = ConstantArgument(sampling, "align_corners");
          return own != nullptr && *own == *corners;
        });
    if (!all_fit) continue;
    for (int32_t reader : readers) {
      Layer& warp = rewriter.layer(reader);
      warp.kind = "WarpAffine";
      AddSources(grid, &warp);
      std::vector<Slot> inputs;
      for (const Slot& slot : warp.inputs) {
        inputs.push_back(slot.name == "grid"
                             ? Slot::One("theta", grid.Input("theta"))
                             : slot);
      }
      if (sizes != nullptr) {
        warp.attributes["output_size"] = Attribute::List(
            sizes->AsList()->begin() + kLeading, sizes->AsList()->end());
      }
      if (computed != nullptr) {
        inputs.push_back(Slot::ListOf(
            "output_size",
            {computed->values.begin() + kLeading, computed->values.end()}));
      }
      rewriter.SetInputs(reader, std::move(inputs));
    }
    rewriter.Drop(i);
    rewrites += static_cast<int64_t>(readers.size());
  }
  rewriter.Finish();
  return rewrites;
}

}  // namespace

absl::StatusOr<int64_t> WarpAffine(Model& model) {
  int64_t rewrites = 0;
  for (Graph& graph : model.graphs) rewrites += FuseGrids(&graph);
  if (rewrites > 0) DropUnused(&model);
  return rewrites;
}

}  // namespace flextorchir
