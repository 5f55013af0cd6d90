#include "flextorchir/converter/summarize.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "flextorchir/converter/passes/graph_walk.h"

namespace flextorchir {
namespace {

Report::Place PlaceOf(const Graph& graph, const Layer& layer) {
  Report::Place place;
  place.layer = layer.name;
  place.module_path = layer.source().module_path;
  if (!layer.source().frames.empty()) {
    const Source::Frame& frame = layer.source().frames[0];
    place.source = absl::StrCat(frame.file, ":", frame.line);
  }
  for (ValueId input : PresentValues(layer.inputs)) {
    place.shapes.push_back(graph.value(input).TypeString());
  }
  return place;
}

// Rows of the same target, reason and format are one, in order of appearance.
class PlaceholderRows {
 public:
  void Add(const std::string& target, const std::string& reason,
           const std::string& format, Report::Place place) {
    const auto [row, is_new] = rows_.try_emplace(
        std::make_tuple(target, reason, format), placeholders_.size());
    if (is_new) {
      Report::Placeholder placeholder;
      placeholder.target = target;
      placeholder.reason = reason;
      placeholder.format = format;
      placeholders_.push_back(std::move(placeholder));
    }
    Report::Placeholder& placeholder = placeholders_[row->second];
    ++placeholder.count;
    placeholder.places.push_back(std::move(place));
  }
  std::vector<Report::Placeholder> Take() { return std::move(placeholders_); }

 private:
  std::vector<Report::Placeholder> placeholders_;
  std::map<std::tuple<std::string, std::string, std::string>, size_t> rows_;
};

// A row that says the same of the same place again says nothing new.
std::vector<Report::Warning> WithoutRepetitions(
    std::vector<Report::Warning> warnings) {
  std::set<std::tuple<std::string, std::string, std::string, std::string>> seen;
  std::vector<Report::Warning> unique;
  for (Report::Warning& row : warnings) {
    if (seen.emplace(row.code, row.message, row.module_path, row.source)
            .second) {
      unique.push_back(std::move(row));
    }
  }
  return unique;
}

}  // namespace

Report Summarize(const Model& model, const PlaceholderReasons& reasons,
                 absl::Span<const Serializer* const> targets,
                 std::vector<Report::Warning> warnings) {
  Report report;
  report.model = model.name;
  report.warnings = WithoutRepetitions(std::move(warnings));

  const Graph& main = model.main();
  report.layers = static_cast<int64_t>(main.layers.size());
  report.macs = 0;
  for (const Layer& layer : main.layers) {
    ++report.layers_by_kind[layer.kind];
    const std::optional<int64_t> macs = LayerMacs(model, main, layer);
    int64_t sum;
    if (!report.macs.has_value() || !macs.has_value() ||
        __builtin_add_overflow(*report.macs, *macs, &sum)) {
      report.macs.reset();
    } else {
      report.macs = sum;
    }
  }
  for (const Weights& weights : model.weights) {
    if (weights.role == Weights::Role::kParameter) {
      report.parameters += weights.type.NumElements().value_or(0);
    }
    report.weights_bytes += static_cast<int64_t>(weights.data.size());
  }

  PlaceholderRows rows;
  for (size_t g = 0; g < model.graphs.size(); ++g) {
    const Graph& graph = model.graphs[g];
    for (size_t i = 0; i < graph.layers.size(); ++i) {
      const Layer& layer = graph.layers[i];
      if (layer.kind != kPlaceholder) continue;
      const auto reason = reasons.find({static_cast<GraphId>(g), i});
      rows.Add(layer.target,
               reason == reasons.end() ? std::string() : reason->second, "",
               PlaceOf(graph, layer));
    }
  }
  for (const Serializer* target : targets) {
    for (const Layer& layer : main.layers) {
      const absl::Status status = target->CheckLayer(model, main, layer);
      if (status.ok()) continue;
      rows.Add(layer.kind == kPlaceholder ? layer.target : layer.kind,
               std::string(status.message()), std::string(target->name()),
               PlaceOf(main, layer));
    }
  }
  report.placeholders = rows.Take();
  return report;
}

}  // namespace flextorchir
