#ifndef FLEXTORCHIR_TOOLS_COMPARISON_REPORT_H_
#define FLEXTORCHIR_TOOLS_COMPARISON_REPORT_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "flextorchir/evaluator/compare.h"
#include "flextorchir/ir/graph.h"
#include "nlohmann/json.hpp"

namespace flextorchir {

// What `verify` says about a comparison: to people, and as JSON.

using ComparisonJson = nlohmann::ordered_json;

// The first layer that differs: where it comes from, and how what it reads and
// what it makes differ.
std::string DivergenceText(const Divergence& divergence);

// A table of the values that are furthest off, in proportion to their size, at
// most `max_rows` of them; empty if all are identical.
std::string WorstValuesText(const Model& model,
                            absl::Span<const ComparedValue> values,
                            int max_rows = 10);

// "a, b, c and 12 more".
std::string ShortList(absl::Span<const std::string> names, int max_names = 12);

ComparisonJson ToJson(const Difference& difference);
ComparisonJson ToJson(const Divergence& divergence);
// Every value, in the order of execution.
ComparisonJson ToJson(const Model& model,
                      absl::Span<const ComparedValue> values, double tolerance);
// The names of the worst, as in the table.
ComparisonJson WorstValuesJson(const Model& model,
                               absl::Span<const ComparedValue> values,
                               int max_rows = 10);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_TOOLS_COMPARISON_REPORT_H_
