#include "flextorchir/converter/optimize/optimize_conversion.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "ATen/core/ivalue.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "flextorchir/converter/report.h"
#include "flextorchir/converter/summarize.h"

namespace flextorchir {
namespace {

// Why the layers that are placeholders in `model` are so, as the report said it
// of them before.
PlaceholderReasons ReasonsIn(const Report& report, const Model& model) {
  std::map<std::pair<std::string, std::string>, std::string> by_place;
  for (const Report::Placeholder& row : report.placeholders) {
    if (!row.format.empty()) continue;
    for (const Report::Place& place : row.places) {
      by_place[{row.target, place.layer}] = row.reason;
    }
  }
  PlaceholderReasons reasons;
  for (size_t g = 0; g < model.graphs.size(); ++g) {
    const std::vector<Layer>& layers = model.graphs[g].layers;
    for (size_t i = 0; i < layers.size(); ++i) {
      const auto found = by_place.find({layers[i].target, layers[i].name});
      if (found == by_place.end()) continue;
      reasons[{static_cast<GraphId>(g), i}] = found->second;
    }
  }
  return reasons;
}

// The largest magnitude among the elements that are finite.
double LargestOf(const c10::IValue& value) {
  if (!value.isTensor()) {
    return value.isDouble() ? std::abs(value.toDouble()) : 0;
  }
  const at::Tensor tensor = value.toTensor();
  if (tensor.numel() == 0) return 0;
  const at::Tensor magnitudes = tensor.abs().to(at::kDouble);
  return magnitudes.where(magnitudes.isfinite(), 0).max().item<double>();
}

}  // namespace

absl::StatusOr<Optimization> OptimizeConversion(
    Conversion* conversion, const OptimizeOptions& options,
    absl::Span<const Serializer* const> targets) {
  absl::StatusOr<Optimization> done = Optimize(&conversion->model, options);
  if (!done.ok() || done->rewrites() == 0) return done;
  Report& report = conversion->report;
  Report fresh =
      Summarize(conversion->model, ReasonsIn(report, conversion->model),
                targets, std::move(report.warnings));
  report.warnings = std::move(fresh.warnings);
  report.layers = fresh.layers;
  report.layers_by_kind = std::move(fresh.layers_by_kind);
  report.placeholders = std::move(fresh.placeholders);
  report.parameters = fresh.parameters;
  report.weights_bytes = fresh.weights_bytes;
  report.macs = fresh.macs;
  return done;
}

bool IsNearEnough(const Model& model, const c10::IValue& expected,
                  const Difference& difference) {
  if (difference.identical) return true;
  if (!difference.mismatch.empty() || difference.non_finite > 0) return false;
  // Truth values and quantised integers have no distance to speak of.
  if (expected.isTensor() && !expected.toTensor().is_floating_point() &&
      !expected.toTensor().is_complex()) {
    return false;
  }
  return difference.max_absolute <=
         OptimizationTolerance(model) * std::max(1.0, LargestOf(expected));
}

}  // namespace flextorchir
