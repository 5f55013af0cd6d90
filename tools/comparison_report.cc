#include "flextorchir/tools/comparison_report.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace flextorchir {
namespace {

using Json = ComparisonJson;

// How far off it is, in proportion to the tensor: elements near zero would make
// a mountain of nothing.
double Badness(const Difference& difference) {
  if (difference.identical) return 0;
  if (!difference.mismatch.empty() || difference.non_finite > 0) {
    return std::numeric_limits<double>::infinity();
  }
  if (difference.max_absolute == 0) return 0;
  return difference.largest > 0 ? difference.max_absolute / difference.largest
                                : std::numeric_limits<double>::infinity();
}

std::vector<const ComparedValue*> Worst(absl::Span<const ComparedValue> values,
                                        int max_rows) {
  std::vector<const ComparedValue*> worst;
  for (const ComparedValue& value : values) {
    if (!value.difference.identical) worst.push_back(&value);
  }
  std::stable_sort(worst.begin(), worst.end(),
                   [](const ComparedValue* a, const ComparedValue* b) {
                     return Badness(a->difference) > Badness(b->difference);
                   });
  if (worst.size() > static_cast<size_t>(max_rows)) worst.resize(max_rows);
  return worst;
}

// The kind of the layer that makes it.
std::string KindOf(const Model& model, const ComparedValue& compared) {
  const Graph& graph = model.main();
  if (compared.layer != kAbsent) return graph.layers[compared.layer].kind;
  return graph.value(compared.value).weights == kAbsent ? "input" : "weights";
}

using Row = std::vector<std::string>;

// Columns as wide as they must be; the first two are text, the others numbers.
std::string AlignedTable(const std::vector<Row>& rows) {
  std::vector<size_t> widths;
  for (const Row& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], row[i].size());
    }
  }
  std::string text;
  for (const Row& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      const bool is_last = i + 1 == row.size();
      const std::string blanks(widths[i] - row[i].size(), ' ');
      absl::StrAppend(&text, "  ", i < 2 ? row[i] : blanks,
                      i >= 2    ? row[i]
                      : is_last ? ""
                                : blanks);
    }
    text += "\n";
  }
  return text;
}

Row RowOf(const Model& model, const ComparedValue& compared) {
  const Difference& difference = compared.difference;
  Row row = {model.main().value(compared.value).name, KindOf(model, compared)};
  if (!difference.mismatch.empty()) {
    row.push_back(difference.mismatch);
    return row;
  }
  for (const double number : {difference.max_absolute, difference.mean_absolute,
                              difference.max_relative}) {
    row.push_back(absl::StrFormat("%.3g", number));
  }
  row.push_back(difference.largest > 0
                    ? absl::StrFormat(
                          "%.3g", difference.max_absolute / difference.largest)
                    : "-");
  row.push_back(
      absl::StrCat(difference.differing, " of ", difference.elements));
  row.push_back(absl::StrCat(difference.actual_nans));
  return row;
}

std::string PartsText(absl::string_view what,
                      const std::vector<Divergence::Part>& parts) {
  std::string text;
  for (const Divergence::Part& part : parts) {
    absl::StrAppend(&text, "  ", what, " ", part.value, ": ",
                    part.difference.has_value() ? part.difference->ToString()
                                                : "not recorded");
    if (part.difference.has_value() && !part.difference->identical &&
        part.difference->mismatch.empty()) {
      absl::StrAppendFormat(&text, ", mean abs %.3g of at most %.3g",
                            part.difference->mean_absolute,
                            part.difference->largest);
      if (part.difference->expected_nans != part.difference->actual_nans) {
        absl::StrAppend(&text, ", ", part.difference->actual_nans,
                        " NaN instead of ", part.difference->expected_nans);
      }
    }
    text += "\n";
  }
  return text;
}

Json ToJson(const std::vector<Divergence::Part>& parts) {
  Json rows = Json::array();
  for (const Divergence::Part& part : parts) {
    Json row = {{"value", part.value}, {"difference", nullptr}};
    if (part.difference.has_value()) {
      row["difference"] = flextorchir::ToJson(*part.difference);
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string SourceLine(const Source& source) {
  return source.frames.empty()
             ? ""
             : absl::StrCat(source.frames[0].file, ":", source.frames[0].line);
}

}  // namespace

std::string DivergenceText(const Divergence& divergence) {
  std::string text;
  if (divergence.layer.empty()) {
    text = absl::StrCat("the first value that differs: the ", divergence.kind);
  } else {
    text = absl::StrCat("the first layer that differs: ", divergence.kind,
                        " \"", divergence.layer, "\"");
  }
  if (!divergence.source.module_path.empty()) {
    absl::StrAppend(&text, " in ", divergence.source.module_path);
  }
  const std::string line = SourceLine(divergence.source);
  if (!line.empty()) absl::StrAppend(&text, " at ", line);
  absl::StrAppend(&text, ", value ", divergence.value, ": ",
                  divergence.difference.ToString(), "\n",
                  PartsText("reads", divergence.inputs),
                  PartsText("makes", divergence.outputs));
  return text;
}

std::string WorstValuesText(const Model& model,
                            absl::Span<const ComparedValue> values,
                            int max_rows) {
  const std::vector<const ComparedValue*> worst = Worst(values, max_rows);
  if (worst.empty()) return "";
  std::vector<Row> rows = {{"value", "made by", "max abs", "mean abs",
                            "max rel", "of largest", "differing", "NaN"}};
  std::vector<std::string> mismatches;
  for (const ComparedValue* compared : worst) {
    Row row = RowOf(model, *compared);
    if (row.size() == 3) {  // no numbers: not to widen their columns
      mismatches.push_back(absl::StrJoin(row, "  "));
    } else {
      rows.push_back(std::move(row));
    }
  }
  std::string text = "the worst layers:\n";
  for (const std::string& line : mismatches) {
    absl::StrAppend(&text, "  ", line, "\n");
  }
  if (rows.size() > 1) absl::StrAppend(&text, AlignedTable(rows));
  return text;
}

std::string ShortList(absl::Span<const std::string> names, int max_names) {
  const size_t shown =
      std::min(names.size(), static_cast<size_t>(std::max(1, max_names)));
  return absl::StrCat(absl::StrJoin(names.subspan(0, shown), ", "),
                      shown < names.size()
                          ? absl::StrCat(" and ", names.size() - shown, " more")
                          : "");
}

Json ToJson(const Difference& difference) {
  return {{"identical", difference.identical},
          {"mismatch", difference.mismatch},
          {"conversion", difference.conversion},
          {"elements", difference.elements},
          {"differing", difference.differing},
          {"non_finite", difference.non_finite},
          {"expected_nans", difference.expected_nans},
          {"actual_nans", difference.actual_nans},
          {"max_absolute", difference.max_absolute},
          {"max_relative", difference.max_relative},
          {"mean_absolute", difference.mean_absolute},
          {"largest", difference.largest}};
}

Json ToJson(const Divergence& divergence) {
  return {{"layer", divergence.layer},
          {"kind", divergence.kind},
          {"value", divergence.value},
          {"module_path", divergence.source.module_path},
          {"source", SourceLine(divergence.source)},
          {"op", divergence.source.op},
          {"inputs_identical", divergence.inputs_identical},
          {"difference", ToJson(divergence.difference)},
          {"inputs", ToJson(divergence.inputs)},
          {"outputs", ToJson(divergence.outputs)}};
}

Json ToJson(const Model& model, absl::Span<const ComparedValue> values,
            double tolerance) {
  Json rows = Json::array();
  for (const ComparedValue& compared : values) {
    const bool has_layer = compared.layer != kAbsent;
    Json row = {
        {"value", model.main().value(compared.value).name},
        {"layer", has_layer ? model.main().layers[compared.layer].name : ""},
        {"kind", KindOf(model, compared)},
        {"passes", compared.difference.IsWithin(tolerance)}};
    row.update(ToJson(compared.difference));
    rows.push_back(std::move(row));
  }
  return rows;
}

Json WorstValuesJson(const Model& model, absl::Span<const ComparedValue> values,
                     int max_rows) {
  Json names = Json::array();
  for (const ComparedValue* compared : Worst(values, max_rows)) {
    names.push_back(model.main().value(compared->value).name);
  }
  return names;
}

}  // namespace flextorchir
