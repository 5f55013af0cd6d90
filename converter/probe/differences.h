#ifndef FLEXTORCHIR_CONVERTER_PROBE_DIFFERENCES_H_
#define FLEXTORCHIR_CONVERTER_PROBE_DIFFERENCES_H_

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "flextorchir/converter/captured_run.h"
#include "flextorchir/converter/probe/align_runs.h"
#include "flextorchir/converter/report.h"

namespace flextorchir {

// What further runs of a model say about the graph of the first: what differs
// is part of the graph as it was in the first run, and will not follow other
// inputs. One problem becomes one row of the report: a difference is told where
// the program read the value that led to it, if it was seen to read one.
//
//   Differences differences(&base);
//   differences.Add(probe, AlignRuns(base, probe), {}, "the probe run");
//   for (Report::Warning& row : differences.Rows()) ...
//
// Codes: `data-dependent-branch` (other operators executed), `baked-value` (an
// attribute changed, or the program read a value that may change),
// `baked-constant` (the content of a constant changed), `baked-result` (what
// the model returns that is no tensor changed), `not-repeatable` (it changes
// from run to run on the same inputs), and, of severity info,
// `data-dependent-shape`, `constant-of-unknown-origin`.
class Differences {
 public:
  // `base` is the run whose graph becomes the model, as `Functionalize` left it
  // but for sizes that may have become symbolic. It outlives this object; the
  // origins of layers that differ are marked as `varies`.
  explicit Differences(CapturedRun* base);
  ~Differences();

  // Compares one more run. Symbolic sizes of the base count as equal if they
  // are what `symbols` (their values in that run) makes of them. `name` is for
  // messages: "the probe run".
  void Add(const CapturedRun& other, const Alignment& alignment,
           const std::map<std::string, int64_t>& symbols,
           absl::string_view name);

  // Whether anything was found that another run on the inputs of the base might
  // show too, because it does not come from the inputs.
  bool WorthRepeating() const;
  // Such a run, with what the symbols are in the base. To be called once, after
  // `Add`.
  void AddRepetition(const CapturedRun& again, const Alignment& alignment,
                     const std::map<std::string, int64_t>& symbols);

  // In the order in which things happened. They say all that the rows
  // `baked-value` of `Functionalize` say, and replace them.
  std::vector<Report::Warning> Rows() const;
  // The paths of what is no tensor in the result (`[1]`) and differs.
  std::set<std::string> changed_results() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_PROBE_DIFFERENCES_H_
