#include "flextorchir/converter/probe/differences.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "flextorchir/converter/probe/compare_runs.h"

namespace flextorchir {
namespace {

using Cause = FunctionalGraph::Read::Cause;
using Kind = RunDifference::Kind;

constexpr size_t kShownPlaces = 3;
constexpr size_t kShownBytes = 80;

std::string Shorten(std::string text) {
  if (text.size() <= kShownBytes) return text;
  text.resize(kShownBytes - 3);
  return text + "...";
}

// Where in the user's code.
struct Place {
  std::string module_path;
  std::string source;

  // "net.py:12 in `head`"; empty if nothing is known.
  std::string ToString() const {
    const std::string module =
        module_path.empty() ? "" : absl::StrCat("`", module_path, "`");
    if (source.empty()) return module;
    return module.empty() ? source : absl::StrCat(source, " in ", module);
  }
  friend bool operator<(const Place& a, const Place& b) {
    return std::tie(a.module_path, a.source) <
           std::tie(b.module_path, b.source);
  }
};

std::string SourceText(const std::vector<Source::Frame>& frames) {
  if (frames.empty()) return "";
  return absl::StrCat(frames[0].file, ":", frames[0].line);
}

}  // namespace

class Differences::Impl {
 public:
  explicit Impl(CapturedRun* base) : base_(*base), order_(*base) {}

  void Add(const CapturedRun& other, const Alignment& alignment,
           const std::map<std::string, int64_t>& symbols,
           absl::string_view name) {
    RunComparison found = CompareRuns(base_, order_, other, alignment, symbols);
    for (RunDifference& difference : found.differences) {
      Mark(difference);
      const Key key = KeyOf(difference);
      if (keys_.insert(key).second) {
        changes_.push_back({std::move(difference), key, std::string(name)});
      }
    }
    for (ReadDifference& read : found.reads) {
      Trigger trigger;
      trigger.read = read.read;
      trigger.when = order_.OfRead(read.read);
      trigger.base = Shorten(read.base.ToString());
      trigger.other = Shorten(read.other.ToString());
      trigger.constants.emplace_back(std::move(read.base),
                                     std::move(read.other));
      trigger.run = std::string(name);
      reads_.try_emplace(read.read, std::move(trigger));
    }
    for (int32_t read : found.equal_reads) {
      equal_reads_.try_emplace(read, name);
    }
    for (SizeDifference& size : found.sizes) {
      Trigger trigger;
      trigger.layer = size.layer;
      trigger.when = order_.OfLayer(size.layer);
      trigger.base = std::move(size.base);
      trigger.other = std::move(size.other);
      trigger.constants = std::move(size.constants);
      trigger.run = std::string(name);
      sizes_.try_emplace(size.layer, std::move(trigger));
    }
    for (const Alignment::ConstantPair& pair : found.unknown_constants) {
      unknown_.try_emplace(pair.base, pair.place.layer);
    }
  }

  bool WorthRepeating() const { return !changes_.empty() || !reads_.empty(); }

  void AddRepetition(const CapturedRun& again, const Alignment& alignment,
                     const std::map<std::string, int64_t>& symbols) {
    const RunComparison found =
        CompareRuns(base_, order_, again, alignment, symbols);
    for (const RunDifference& difference : found.differences) {
      repeated_.insert(KeyOf(difference));
    }
    for (const ReadDifference& read : found.reads) {
      repeated_reads_.insert(read.read);
    }
  }

  std::set<std::string> changed_results() const {
    std::set<std::string> paths;
    for (const Change& change : changes_) {
      if (change.difference.kind == Kind::kResult) {
        paths.insert(change.difference.name);
      }
    }
    return paths;
  }

  std::vector<Report::Warning> Rows() {
    rows_.clear();
    // What each difference comes from.
    std::vector<const Change*> unstable;
    std::vector<Trigger*> triggers;
    for (auto& [read, trigger] : reads_) {
      trigger.changes.clear();
      if (repeated_reads_.count(read) == 0) triggers.push_back(&trigger);
    }
    for (auto& [layer, trigger] : sizes_) {
      trigger.changes.clear();
      triggers.push_back(&trigger);
    }
    std::stable_sort(
        triggers.begin(), triggers.end(),
        [](const Trigger* a, const Trigger* b) { return a->when < b->when; });
    std::vector<const Change*> changes;
    for (const Change& change : changes_) {
      (repeated_.count(change.key) > 0 ? unstable : changes).push_back(&change);
    }
    std::stable_sort(changes.begin(), changes.end(),
                     [](const Change* a, const Change* b) {
                       return a->difference.when < b->difference.when;
                     });
    std::vector<std::vector<const Change*>> alone;
    for (const Change* change : changes) {
      if (Trigger* trigger = TriggerOf(*change, triggers)) {
        trigger->changes.push_back(change);
        continue;
      }
      // The same number in several places is one problem.
      const auto same =
          std::find_if(alone.begin(), alone.end(), [&](const auto& group) {
            return group[0]->difference.kind == change->difference.kind &&
                   Shares(group[0]->difference, change->difference.constants);
          });
      if (same != alone.end()) {
        same->push_back(change);
      } else {
        alone.push_back({change});
      }
    }

    TellReads();
    TellSizes();
    for (const auto& group : alone) TellAlone(group);
    TellUnknownConstants();
    TellUnstable(unstable);
    std::stable_sort(
        rows_.begin(), rows_.end(),
        [](const Row& a, const Row& b) { return a.when < b.when; });
    std::vector<Report::Warning> warnings;
    for (Row& row : rows_) warnings.push_back(std::move(row.warning));
    return warnings;
  }

 private:
  using Key = std::tuple<Kind, int32_t, int32_t, std::string>;

  struct Change {
    RunDifference difference;
    Key key;
    std::string run;
  };
  // What differences may come from: a value that the program read, or a size
  // that depends on the data.
  struct Trigger {
    int32_t read = kAbsent;
    int32_t layer = kAbsent;
    int64_t when = 0;
    std::string base;
    std::string other;
    ConstantsThatDiffer constants;
    std::string run;
    std::vector<const Change*> changes;
  };
  struct Row {
    int64_t when;
    Report::Warning warning;
  };

  static Key KeyOf(const RunDifference& difference) {
    return {difference.kind, difference.layer, difference.end_layer,
            difference.name};
  }

  void Mark(const RunDifference& difference) {
    if (difference.layer == kAbsent) return;
    const int32_t end = difference.kind == Kind::kParting
                            ? difference.end_layer
                            : difference.layer + 1;
    for (int32_t i = difference.layer; i < end; ++i) {
      base_.functional.origins[i].varies = true;
    }
  }

  // Whether one of the constants that differ is one of those that differ there.
  static bool Shares(const ConstantsThatDiffer& one,
                     const ConstantsThatDiffer& two) {
    return std::any_of(one.begin(), one.end(), [&](const auto& pair) {
      return std::find(two.begin(), two.end(), pair) != two.end();
    });
  }
  static bool Shares(const RunDifference& one, const ConstantsThatDiffer& two) {
    return Shares(one.constants, two);
  }

  // The last trigger before the change that has its very numbers; failing that,
  // the last one. (A constant or a result is not ascribed to just anything.)
  static Trigger* TriggerOf(const Change& change,
                            const std::vector<Trigger*>& triggers) {
    const RunDifference& difference = change.difference;
    Trigger* last = nullptr;
    Trigger* same = nullptr;
    for (Trigger* trigger : triggers) {
      if (trigger->when >= difference.when) break;
      last = trigger;
      if (Shares(difference, trigger->constants)) same = trigger;
    }
    if (same != nullptr || difference.kind == Kind::kConstant ||
        difference.kind == Kind::kResult) {
      return same;
    }
    return last;
  }

  Place PlaceOfLayer(int32_t layer) const {
    const auto& layers = base_.functional.model.graphs[0].layers;
    if (layer == kAbsent || layers.empty()) return {};
    const Source& source =
        layers[std::min<size_t>(layer, layers.size() - 1)].source();
    return {source.module_path, SourceText(source.frames)};
  }
  Place PlaceOfCall(int32_t call) const {
    const OperatorCall& at = base_.trace.calls[call];
    return {
        base_.trace.scopes[at.scope].path,
        at.frames == kAbsent ? "" : SourceText(base_.trace.frames[at.frames])};
  }

  void Tell(int64_t when, Report::Severity severity, absl::string_view code,
            std::string message, const Place& place) {
    Row row{when, {}};
    row.warning.severity = severity;
    row.warning.code = std::string(code);
    row.warning.message = std::move(message);
    row.warning.module_path = place.module_path;
    row.warning.source = place.source;
    rows_.push_back(std::move(row));
  }

  // "`other` of aten::mul.Scalar (net.py:12)".
  std::string WhatChanged(const Change& change) const {
    const RunDifference& difference = change.difference;
    const auto& layers = base_.functional.model.graphs[0].layers;
    std::string text;
    switch (difference.kind) {
      case Kind::kParting:
        return absl::StrCat(difference.base, " executed, and in ", change.run,
                            " ", difference.other);
      case Kind::kRewiring:
        if (difference.layer == kAbsent) {
          text = difference.name;
        } else {
          text = absl::StrCat("`", difference.name, "` of ",
                              layers[difference.layer].kind);
        }
        absl::StrAppend(&text, " is ", difference.base, ", and in ", change.run,
                        " ", difference.other);
        break;
      case Kind::kAttribute:
        text = absl::StrCat("`", difference.name, "` of ",
                            layers[difference.layer].kind, " is ",
                            Shorten(difference.base), ", and ",
                            Shorten(difference.other), " in ", change.run);
        break;
      case Kind::kConstant:
        text = absl::StrCat(
            "a constant ", difference.name,
            difference.layer == kAbsent
                ? std::string(" that is returned")
                : absl::StrCat(" that ", layers[difference.layer].kind,
                               " reads"),
            " holds ", difference.base, ", and ", difference.other, " in ",
            change.run);
        break;
      case Kind::kResult:
        return absl::StrCat(
            difference.name.empty()
                ? std::string("the result")
                : absl::StrCat("`", difference.name, "` of the result"),
            " is ", Shorten(difference.base), ", and ",
            Shorten(difference.other), " in ", change.run);
    }
    const std::string place = PlaceOfLayer(difference.layer).ToString();
    if (!place.empty()) absl::StrAppend(&text, " (", place, ")");
    return text;
  }

  std::string WhatChanged(const std::vector<const Change*>& changes) const {
    std::string text;
    for (size_t i = 0; i < std::min(changes.size(), kShownPlaces); ++i) {
      absl::StrAppend(&text, i == 0 ? "" : "; ", WhatChanged(*changes[i]));
    }
    if (changes.size() > kShownPlaces) {
      absl::StrAppend(&text, "; and ", changes.size() - kShownPlaces,
                      " more places");
    }
    return text;
  }

  static bool HasBranch(const std::vector<const Change*>& changes) {
    return std::any_of(changes.begin(), changes.end(), [](const Change* c) {
      return c->difference.kind == Kind::kParting ||
             c->difference.kind == Kind::kRewiring;
    });
  }

  // -- Reads: one row for those in one line that say the same.
  void TellReads() {
    struct Group {
      std::vector<int32_t> reads;
      std::vector<const Change*> changes;
    };
    // By operator, place, and whether anything changed.
    std::map<std::tuple<std::string, Place, bool>, Group> groups;
    for (size_t i = 0; i < base_.functional.reads.size(); ++i) {
      const int32_t read = static_cast<int32_t>(i);
      const FunctionalGraph::Read& at = base_.functional.reads[i];
      const auto changed = reads_.find(read);
      const bool has_changes =
          changed != reads_.end() && !changed->second.changes.empty();
      if (at.cause == Cause::kConstants && !has_changes) continue;
      Group& group = groups[{base_.trace.calls[at.call].info->name,
                             PlaceOfCall(at.call), has_changes}];
      group.reads.push_back(read);
      if (has_changes) {
        group.changes.insert(group.changes.end(),
                             changed->second.changes.begin(),
                             changed->second.changes.end());
      }
    }
    for (const auto& [key, group] : groups) {
      TellRead(std::get<std::string>(key), std::get<Place>(key), group.reads,
               group.changes);
    }
  }

  void TellRead(const std::string& op, const Place& place,
                const std::vector<int32_t>& reads,
                const std::vector<const Change*>& changes) {
    const int32_t read = reads[0];
    const FunctionalGraph::Read& at = base_.functional.reads[read];
    const auto changed = reads_.find(read);
    const auto equal = equal_reads_.find(read);
    std::string text = absl::StrCat(op, " reads a value that depends on ",
                                    CauseName(at.cause));
    if (changed != reads_.end()) {
      absl::StrAppend(&text, " (", changed->second.base, ", and ",
                      changed->second.other, " in ", changed->second.run, ")");
    }
    if (reads.size() > 1) {
      absl::StrAppend(&text, ", ", reads.size(), " times");
    }
    if (changes.empty()) {
      absl::StrAppend(&text,
                      op == "aten::is_nonzero"
                          ? ": the branch that was taken"
                          : ": what the program did with it",
                      " is part of the graph, and will not follow other "
                      "values");
      if (changed != reads_.end()) {
        absl::StrAppend(&text, "; in ", changed->second.run,
                        " nothing of the graph changed with it");
      } else if (equal != equal_reads_.end() && at.cause == Cause::kInput) {
        absl::StrAppend(&text, "; it was the same in ", equal->second);
      }
      Tell(order_.OfRead(read), Report::Severity::kWarning, "baked-value",
           std::move(text), place);
      return;
    }
    if (HasBranch(changes)) {
      Tell(order_.OfRead(read), Report::Severity::kWarning,
           "data-dependent-branch",
           absl::StrCat(text,
                        ", and goes another way then: ", WhatChanged(changes),
                        ". The graph has only the first; compute both and use "
                        "torch.where, or convert each case by itself"),
           place);
      return;
    }
    const bool result =
        std::all_of(changes.begin(), changes.end(), [](const Change* change) {
          return change->difference.kind == Kind::kResult;
        });
    Tell(order_.OfRead(read), Report::Severity::kWarning,
         result ? "baked-result" : "baked-value",
         absl::StrCat(text,
                      ", and it is part of the graph: ", WhatChanged(changes),
                      result ? ". Return the tensor"
                             : ". Compute with tensors, so that it follows "
                               "the input"),
         place);
  }

  // -- Sizes that depend on the data: those of one line together.
  void TellSizes() {
    std::map<std::pair<std::string, Place>, std::vector<const Trigger*>> groups;
    for (const auto& [layer, trigger] : sizes_) {
      const std::string& op =
          base_.functional.model.graphs[0].layers[layer].kind;
      groups[{op, PlaceOfLayer(layer)}].push_back(&trigger);
    }
    for (const auto& [key, triggers] : groups) {
      TellSize(key.first, key.second, triggers);
    }
  }

  void TellSize(const std::string& op, const Place& place,
                const std::vector<const Trigger*>& triggers) {
    std::vector<const Change*> changes;
    for (const Trigger* trigger : triggers) {
      changes.insert(changes.end(), trigger->changes.begin(),
                     trigger->changes.end());
    }
    const Trigger& first = *triggers[0];
    std::string text =
        absl::StrCat("the size of what ", op, " returns depends on the data (",
                     first.base, ", and ", first.other, " in ", first.run, ")");
    if (triggers.size() > 1) {
      absl::StrAppend(&text, ", ", triggers.size(), " times");
    }
    if (changes.empty()) {
      absl::StrAppend(&text, "; nothing else in the graph depends on it");
    }
    Tell(first.when, Report::Severity::kInfo, "data-dependent-shape",
         std::move(text), place);
    if (changes.empty()) return;
    const RunDifference& difference = changes[0]->difference;
    const bool branch = HasBranch(changes);
    const std::string origin = place.ToString();
    Tell(difference.when, Report::Severity::kWarning,
         branch ? "data-dependent-branch" : "baked-value",
         absl::StrCat(
             "a size that depends on the data (that of ", op,
             origin.empty() ? "" : absl::StrCat(", ", origin), ") ",
             branch ? "leads another way: " : "is part of the graph: ",
             WhatChanged(changes),
             ". Use operators that take no size (-1 in a view, expand_as, "
             "zeros_like), or check that it is the same for all inputs"),
         PlaceOfLayer(difference.layer));
  }

  // -- Differences that no read explains.
  void TellAlone(const std::vector<const Change*>& group) {
    const Change& first = *group[0];
    const RunDifference& difference = first.difference;
    std::string text = WhatChanged(group);
    absl::string_view code = "baked-value";
    switch (difference.kind) {
      case Kind::kParting:
      case Kind::kRewiring:
        code = "data-dependent-branch";
        absl::StrAppend(&text,
                        ": the program looked at data where no operator is "
                        "seen (.tolist(), numpy), and went another way. The "
                        "graph has only the first; compute both and use "
                        "torch.where, or convert each case by itself");
        break;
      case Kind::kAttribute:
        absl::StrAppend(&text,
                        ": the program computed it from data where no "
                        "operator is seen (.tolist(), numpy), and it is part "
                        "of the graph. Compute with tensors, so that it "
                        "follows the input");
        break;
      case Kind::kConstant:
        code = "baked-constant";
        absl::StrAppend(&text,
                        ": it was computed from data where no operator is seen "
                        "(numpy, .tolist(), another thread), and is part of "
                        "the graph as it was. Use torch's operators, on the "
                        "thread that runs the model");
        break;
      case Kind::kResult:
        code = "baked-result";
        absl::StrAppend(&text,
                        ": it is no tensor, and is returned as it was in the "
                        "first run. Return tensors");
        break;
    }
    Tell(difference.when, Report::Severity::kWarning, code, std::move(text),
         PlaceOfLayer(difference.layer));
  }

  // -- Constants that did not change.
  void TellUnknownConstants() {
    std::map<Place, std::vector<ValueId>> places;
    std::map<Place, int64_t> when;
    for (const auto& [value, layer] : unknown_) {
      if (ChangedElsewhere(value)) continue;
      const Place place = PlaceOfLayer(layer);
      places[place].push_back(value);
      when.try_emplace(
          place, layer == kAbsent ? order_.OfResult() : order_.OfLayer(layer));
    }
    const Graph& graph = base_.functional.model.graphs[0];
    for (const auto& [place, values] : places) {
      std::string text = absl::StrCat(
          "a tensor ", graph.value(values[0]).TypeString(),
          values.size() > 1 ? absl::StrCat(" and ", values.size() - 1, " more")
                            : "",
          " was made while the model ran, where no operator is seen (numpy, "
          "another thread); it did not change with the inputs, and is a "
          "constant of the graph");
      Tell(when[place], Report::Severity::kInfo, "constant-of-unknown-origin",
           std::move(text), place);
    }
  }

  // One further run may have shown what another has not.
  bool ChangedElsewhere(ValueId value) const {
    const Graph& graph = base_.functional.model.graphs[0];
    const auto reads = [&](int32_t layer) {
      if (layer == kAbsent) {
        return std::count(graph.outputs.begin(), graph.outputs.end(), value) >
               0;
      }
      for (const Slot& slot : graph.layers[layer].inputs) {
        if (std::count(slot.values.begin(), slot.values.end(), value) > 0) {
          return true;
        }
      }
      return false;
    };
    return std::any_of(changes_.begin(), changes_.end(), [&](const Change& c) {
      return c.difference.kind == Kind::kConstant && reads(c.difference.layer);
    });
  }

  void TellUnstable(const std::vector<const Change*>& unstable) {
    if (unstable.empty()) return;
    Tell(order_.OfResult(), Report::Severity::kWarning, "not-repeatable",
         absl::StrCat(
             "the model does not do the same when it runs again on the same "
             "inputs: ",
             WhatChanged(unstable),
             ". The graph is that of its first run; something outside of the "
             "model (a cache, a counter, the time) decides"),
         PlaceOfLayer(unstable[0]->difference.layer));
  }

  CapturedRun& base_;
  const RunOrder order_;
  std::vector<Change> changes_;
  std::set<Key> keys_;
  std::map<int32_t, Trigger> reads_;            // by read
  std::map<int32_t, std::string> equal_reads_;  // ... and the run
  std::map<int32_t, Trigger> sizes_;            // by layer
  std::map<ValueId, int32_t> unknown_;          // the layer that reads it
  std::set<Key> repeated_;
  std::set<int32_t> repeated_reads_;
  std::vector<Row> rows_;
};

Differences::Differences(CapturedRun* base)
    : impl_(std::make_unique<Impl>(base)) {}
Differences::~Differences() = default;

void Differences::Add(const CapturedRun& other, const Alignment& alignment,
                      const std::map<std::string, int64_t>& symbols,
                      absl::string_view name) {
  impl_->Add(other, alignment, symbols, name);
}

bool Differences::WorthRepeating() const { return impl_->WorthRepeating(); }

void Differences::AddRepetition(const CapturedRun& again,
                                const Alignment& alignment,
                                const std::map<std::string, int64_t>& symbols) {
  impl_->AddRepetition(again, alignment, symbols);
}

std::vector<Report::Warning> Differences::Rows() const { return impl_->Rows(); }

std::set<std::string> Differences::changed_results() const {
  return impl_->changed_results();
}

}  // namespace flextorchir
