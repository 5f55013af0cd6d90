#ifndef FLEXTORCHIR_CONVERTER_REPORT_H_
#define FLEXTORCHIR_CONVERTER_REPORT_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "flextorchir/ir/graph.h"

namespace flextorchir {

// What one conversion has to say, for people (the summary of `convert`) and for
// scripts (--report; the schema is docs/report.schema.json, and `version` its
// version). Source paths are relative to a root where one is known.
struct Report {
  struct Place {
    std::string layer;
    std::string module_path;
    std::string source;               // "net.py:12"
    std::vector<std::string> shapes;  // of the inputs: "f32[1,3,224,224]"
  };
  // Work that remains: an operator no rule understands, or (with `target_name`)
  // a layer that one of the formats cannot express.
  struct Placeholder {
    std::string target;  // "mylib::swish"
    std::string reason;  // empty: no rule
    std::string format;  // empty, or the serializer that refuses it
    int64_t count = 0;
    std::vector<Place> places;
  };
  enum class Severity { kInfo, kWarning, kError };
  // A row of severity kError marks the conversion wrong.
  struct Warning {
    std::string code;  // "write-through-view"; listed in docs/report.md
    Severity severity = Severity::kWarning;
    std::string message;
    std::string module_path;
    std::string source;
  };

  std::string model;
  int64_t layers = 0;  // of graphs[0]
  std::map<std::string, int64_t> layers_by_kind;
  std::vector<Placeholder> placeholders;
  std::vector<Warning> warnings;
  int64_t parameters = 0;          // elements of Role::kParameter
  int64_t weights_bytes = 0;       // of all weights
  std::optional<int64_t> macs;     // multiply-accumulates; absent: unknown
  std::vector<std::string> files;  // what was written
  int64_t file_bytes = 0;
  std::map<std::string, double> timing;  // seconds: load, capture, write, ...

  bool has_errors() const;
};

// Multiply-accumulates of a layer, from its shapes: 0 for kinds that do none,
// nothing where a size is symbolic or the kind unknown.
std::optional<int64_t> LayerMacs(const Model& model, const Graph& graph,
                                 const Layer& layer);

// The JSON of --report. `with_timing` false leaves the key out, so that two
// reports of the same model are equal.
std::string ReportToJson(const Report& report, bool with_timing = true);

// The summary table of `convert`.
std::string ReportToText(const Report& report);

// "97.7 MiB": for people.
std::string HumanBytes(int64_t bytes);

absl::string_view SeverityName(Report::Severity severity);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_REPORT_H_
