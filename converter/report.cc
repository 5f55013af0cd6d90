#include "flextorchir/converter/report.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"

namespace flextorchir {
namespace {

// The version of docs/report.schema.json: it goes up when a key is removed or
// changes its meaning, not when one is added.
constexpr int64_t kReportVersion = 1;

// nlohmann::json keeps keys in this order.
using Json = nlohmann::ordered_json;

Json ToJson(const Report::Place& place) {
  return Json{{"layer", place.layer},
              {"module_path", place.module_path},
              {"source", place.source},
              {"shapes", place.shapes}};
}

Json ToJson(const Report::Placeholder& placeholder) {
  Json places = Json::array();
  for (const Report::Place& place : placeholder.places) {
    places.push_back(ToJson(place));
  }
  return Json{{"target", placeholder.target},
              {"reason", placeholder.reason},
              {"format", placeholder.format},
              {"count", placeholder.count},
              {"places", std::move(places)}};
}

Json ToJson(const Report::Warning& warning) {
  return Json{{"code", warning.code},
              {"severity", std::string(SeverityName(warning.severity))},
              {"message", warning.message},
              {"module_path", warning.module_path},
              {"source", warning.source}};
}

// "25557032" as "25,557,032".
std::string WithCommas(int64_t number) {
  std::string digits = absl::StrCat(number);
  const size_t first = number < 0 ? 1 : 0;
  for (size_t i = digits.size(); i > first + 3;) {
    i -= 3;
    digits.insert(i, 1, ',');
  }
  return digits;
}

std::string HumanMacs(int64_t macs) {
  const double amount = static_cast<double>(macs);
  if (macs >= 1000000000) return absl::StrFormat("%.2f G", amount / 1e9);
  if (macs >= 1000000) return absl::StrFormat("%.2f M", amount / 1e6);
  return WithCommas(macs);
}

// Lines of cells: the first column to the left, the others to the right.
class Table {
 public:
  void Add(std::vector<std::string> cells) {
    for (size_t i = 0; i < cells.size(); ++i) {
      if (i >= widths_.size()) widths_.push_back(0);
      widths_[i] = std::max(widths_[i], cells[i].size());
    }
    rows_.push_back(std::move(cells));
  }
  std::string ToString() const {
    std::string text;
    for (const auto& cells : rows_) {
      std::string line = "  ";
      for (size_t i = 0; i < cells.size(); ++i) {
        const std::string fill(widths_[i] - cells[i].size(), ' ');
        if (i > 0) line += "  ";
        line += i == 0 ? cells[i] + fill : fill + cells[i];
      }
      absl::StrAppend(&text, line, "\n");
    }
    return text;
  }

 private:
  std::vector<size_t> widths_;
  std::vector<std::vector<std::string>> rows_;
};

std::string PlaceText(const std::string& module_path,
                      const std::string& source) {
  std::string place;
  if (!module_path.empty()) absl::StrAppend(&place, " in ", module_path);
  if (!source.empty()) absl::StrAppend(&place, " at ", source);
  return place;
}

// The most that is listed of each; the JSON has all.
constexpr size_t kMaxPlaces = 3;
constexpr size_t kMaxWarnings = 20;

void AppendPlaceholders(const std::vector<Report::Placeholder>& placeholders,
                        std::string* text) {
  for (const Report::Placeholder& row : placeholders) {
    absl::StrAppend(text, "  ", row.target, "  x", row.count);
    if (!row.format.empty()) {
      absl::StrAppend(text, "  not in format ", row.format);
    }
    if (!row.reason.empty()) absl::StrAppend(text, "  (", row.reason, ")");
    absl::StrAppend(text, "\n");
    for (size_t i = 0; i < row.places.size(); ++i) {
      if (i == kMaxPlaces) {
        absl::StrAppend(text, "    ... and ", row.places.size() - i, " more\n");
        break;
      }
      const Report::Place& place = row.places[i];
      absl::StrAppend(
          text, "    ", place.layer,
          PlaceText(place.module_path == place.layer ? std::string()
                                                     : place.module_path,
                    place.source),
          "  (", absl::StrJoin(place.shapes, ", "), ")\n");
    }
  }
}

}  // namespace

bool Report::has_errors() const {
  return std::any_of(warnings.begin(), warnings.end(), [](const Warning& w) {
    return w.severity == Severity::kError;
  });
}

std::string HumanBytes(int64_t bytes) {
  static constexpr absl::string_view kUnits[] = {"B", "KiB", "MiB", "GiB",
                                                 "TiB"};
  double amount = static_cast<double>(bytes);
  size_t unit = 0;
  while (amount >= 1024 && unit + 1 < std::size(kUnits)) {
    amount /= 1024;
    ++unit;
  }
  return absl::StrFormat("%.*f %s", unit == 0 ? 0 : 1, amount,
                         std::string(kUnits[unit]));
}

absl::string_view SeverityName(Report::Severity severity) {
  switch (severity) {
    case Report::Severity::kInfo:
      return "info";
    case Report::Severity::kWarning:
      return "warning";
    case Report::Severity::kError:
      return "error";
  }
  return "error";
}

std::string ReportToJson(const Report& report, bool with_timing) {
  Json placeholders = Json::array();
  for (const Report::Placeholder& row : report.placeholders) {
    placeholders.push_back(ToJson(row));
  }
  Json warnings = Json::array();
  for (const Report::Warning& row : report.warnings) {
    warnings.push_back(ToJson(row));
  }
  Json by_kind = Json::object();
  for (const auto& [kind, count] : report.layers_by_kind) by_kind[kind] = count;
  Json json{{"version", kReportVersion},
            {"model", report.model},
            {"layers", report.layers},
            {"layers_by_kind", std::move(by_kind)},
            {"placeholders", std::move(placeholders)},
            {"warnings", std::move(warnings)},
            {"parameters", report.parameters},
            {"weights_bytes", report.weights_bytes}};
  json["macs"] = report.macs.has_value() ? Json(*report.macs) : Json();
  json["files"] = report.files;
  json["file_bytes"] = report.file_bytes;
  if (with_timing) {
    Json timing = Json::object();
    for (const auto& [phase, seconds] : report.timing) timing[phase] = seconds;
    json["timing"] = std::move(timing);
  }
  // Names and paths of the user's may be anything; JSON is UTF-8.
  return json.dump(2, ' ', /*ensure_ascii=*/false,
                   Json::error_handler_t::replace) +
         "\n";
}

std::string ReportToText(const Report& report) {
  std::string text = absl::StrCat(
      report.model.empty() ? "Model" : report.model, ": ",
      WithCommas(report.layers), report.layers == 1 ? " layer\n" : " layers\n");
  std::vector<std::pair<std::string, int64_t>> kinds(
      report.layers_by_kind.begin(), report.layers_by_kind.end());
  std::stable_sort(
      kinds.begin(), kinds.end(),
      [](const auto& a, const auto& b) { return a.second > b.second; });
  Table by_kind;
  for (const auto& [kind, count] : kinds) {
    by_kind.Add({kind, WithCommas(count)});
  }
  absl::StrAppend(&text, by_kind.ToString(), "\n");

  Table numbers;
  numbers.Add({"parameters", WithCommas(report.parameters)});
  numbers.Add({"weights", HumanBytes(report.weights_bytes)});
  numbers.Add({"multiply-accumulates",
               report.macs.has_value() ? HumanMacs(*report.macs) : "unknown"});
  if (!report.files.empty()) {
    numbers.Add({"files", HumanBytes(report.file_bytes)});
  }
  for (const auto& [phase, seconds] : report.timing) {
    numbers.Add(
        {absl::StrCat("time: ", phase), absl::StrFormat("%.3f s", seconds)});
  }
  absl::StrAppend(&text, numbers.ToString());

  if (!report.placeholders.empty()) {
    absl::StrAppend(&text, "\nPlaceholders (no rule for these operators, or ",
                    "not in a format):\n");
    AppendPlaceholders(report.placeholders, &text);
  }
  if (!report.warnings.empty()) {
    absl::StrAppend(&text, "\nNotes:\n");
    std::vector<Report::Warning> rows = report.warnings;
    std::stable_sort(
        rows.begin(), rows.end(),
        [](const auto& a, const auto& b) { return a.severity > b.severity; });
    for (size_t i = 0; i < rows.size(); ++i) {
      if (i == kMaxWarnings) {
        absl::StrAppend(&text, "  ... and ", rows.size() - i, " more\n");
        break;
      }
      const Report::Warning& row = rows[i];
      absl::StrAppend(&text, "  ", SeverityName(row.severity), " [", row.code,
                      "] ", row.message, PlaceText(row.module_path, row.source),
                      "\n");
    }
  }
  return text;
}

}  // namespace flextorchir
