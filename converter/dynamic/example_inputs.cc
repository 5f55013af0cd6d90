#include "flextorchir/converter/dynamic/example_inputs.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "ATen/ops/arange.h"
#include "ATen/record_function.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "flextorchir/converter/frontends/script_values.h"

namespace flextorchir {
namespace {

// -- What the inputs are called.

// `images[0]["mask"].x` -> images, 0, mask, x.
std::vector<std::string> Steps(absl::string_view path) {
  std::vector<std::string> steps;
  std::string step;
  for (const char c : path) {
    if (c == '.' || c == '[' || c == ']' || c == '"' || c == '\'') {
      if (!step.empty()) steps.push_back(std::move(step));
      step.clear();
    } else {
      step.push_back(c);
    }
  }
  if (!step.empty()) steps.push_back(std::move(step));
  return steps;
}

std::string Quoted(absl::Span<const std::string> names) {
  return absl::StrJoin(names, ", ",
                       [](std::string* out, const std::string& name) {
                         absl::StrAppend(out, "\"", name, "\"");
                       });
}

absl::StatusOr<int32_t> FindInput(const std::string& name,
                                  const std::vector<std::string>& paths,
                                  absl::Span<const std::string> names) {
  const std::vector<std::string> steps = Steps(name);
  for (size_t i = 0; i < names.size(); ++i) {
    // By the argument's name, or by its number.
    if (steps == Steps(names[i]) ||
        (i < paths.size() && steps == Steps(paths[i]))) {
      return static_cast<int32_t>(i);
    }
  }
  return absl::NotFoundError(
      absl::StrCat("dynamic sizes: the model has no input \"", name, "\"; ",
                   names.empty() ? "it takes no tensors"
                                 : absl::StrCat("there is ", Quoted(names))));
}

absl::Status CheckSymbolName(const std::string& name) {
  const bool good = !name.empty() && !absl::ascii_isdigit(name[0]) &&
                    name != "min" && name != "max" &&
                    std::all_of(name.begin(), name.end(), [](char c) {
                      return absl::ascii_isalnum(c) || c == '_';
                    });
  if (good) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "dynamic sizes: \"", name,
      "\" cannot stand for a size; a name is letters, digits and \"_\", not "
      "\"min\" or \"max\", like \"batch\""));
}

// -- Other sizes.

// A tensor with `size` along `axis`: its content again and again.
at::Tensor Resize(const at::Tensor& tensor, int64_t axis, int64_t size) {
  const int64_t old = tensor.size(axis);
  const at::Tensor index =
      at::arange(size, at::TensorOptions().dtype(at::kLong)).remainder(old);
  return tensor.index_select(axis, index);
}

// In memory as `like` is, as far as the order of its axes goes.
at::Tensor LaidOutAs(const at::Tensor& tensor, const at::Tensor& like) {
  if (like.is_contiguous()) return tensor.contiguous();
  std::vector<int64_t> order(like.dim());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return like.stride(a) > like.stride(b);
  });
  std::vector<int64_t> back(order.size());
  for (size_t i = 0; i < order.size(); ++i) {
    back[order[i]] = static_cast<int64_t>(i);
  }
  return tensor.permute(order).contiguous().permute(back);
}

// How a size is varied: base + step * factor, for one factor a run; a large
// one, larger, also by multiples of a coarse unit, so that what is left of it
// after several halvings can be told from another.
constexpr int64_t kSteps[] = {1,  -1,  2,  -2,  4,  -4,  8,  -8,
                              16, -16, 32, -32, 64, -64, 128};
constexpr size_t kNumSteps = std::size(kSteps);
// By run; symbols start at different places, so that no two vary alike.
constexpr int64_t kFactors[] = {1, 3, 6, 4, 9, 2, 7};
constexpr size_t kNumFactors = std::size(kFactors);
// By symbol and run, modulo their number.
constexpr int64_t kCoarseFactors[4][4] = {
    {1, 3, 0, 2}, {2, 0, 3, 1}, {3, 1, 2, 0}, {0, 2, 1, 3}};

int64_t CoarseUnit(int64_t size) { return size >= 32 ? 32 : size >= 8 ? 8 : 0; }

// How often a model may be run in vain.
constexpr int kMaxFailures = 48;

class SizeTrials {
 public:
  SizeTrials(
      absl::Span<const DynamicSize> dynamic,
      absl::Span<const at::Tensor> inputs, absl::Span<const std::string> names,
      const std::function<absl::Status(const std::vector<at::Tensor>&)>& run)
      : dynamic_(dynamic), inputs_(inputs), names_(names), run_(run) {
    for (const DynamicSize& size : dynamic) {
      if (Find(size.symbol) != nullptr) continue;
      Trial trial;
      trial.symbol = size.symbol;
      trial.base = inputs[size.input].size(size.axis);
      trials_.push_back(std::move(trial));
    }
  }

  absl::Status Run(size_t count) {
    for (size_t run = 0; run < count; ++run) {
      absl::Status status = RunOnce(run);
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  void TakeNotes(std::vector<Report::Warning>* notes) const {
    for (const Trial& trial : trials_) {
      if (trial.refused.empty()) continue;
      Report::Warning note;
      note.code = "dynamic-size-refused";
      note.severity = Report::Severity::kInfo;
      note.message = absl::StrCat(
          "the model does not run with ", trial.symbol, " = ",
          absl::StrJoin(trial.refused, ", "), " (", trial.first_error,
          "); the expressions of ", trial.symbol, " were found with steps of ",
          std::abs(kSteps[trial.step]), " from ", trial.base);
      notes->push_back(std::move(note));
    }
  }

 private:
  struct Trial {
    std::string symbol;
    int64_t base = 0;
    size_t step = 0;  // of kSteps
    std::set<int64_t> refused;
    std::string first_error;
  };
  using Sizes = std::map<std::string, int64_t>;

  Trial* Find(const std::string& symbol) {
    for (Trial& trial : trials_) {
      if (trial.symbol == symbol) return &trial;
    }
    return nullptr;
  }

  // The size in run `run`, or nothing where there is none left to try.
  std::optional<int64_t> SizeIn(const Trial& trial, size_t index,
                                size_t run) const {
    if (trial.step >= kNumSteps) return std::nullopt;
    const int64_t factor = kFactors[(run + 2 * index) % kNumFactors];
    const int64_t step = kSteps[trial.step];
    const int64_t unit =
        step < 0 ? 0 : std::max(CoarseUnit(trial.base), step == 1 ? 0 : step);
    return trial.base + step * factor +
           unit * kCoarseFactors[index % 4][run % 4];
  }

  // Goes on to the next step with which all sizes of all runs are at least 2.
  // (A size of 1 is broadcast: it says little of others.)
  bool Advance(Trial* trial) const {
    const int64_t most =
        *std::max_element(std::begin(kFactors), std::end(kFactors));
    do {
      ++trial->step;
    } while (trial->step < kNumSteps &&
             trial->base + kSteps[trial->step] * most < 2);
    return trial->step < kNumSteps;
  }

  absl::Status RunOnce(size_t run) {
    while (true) {
      Sizes all;
      for (size_t i = 0; i < trials_.size(); ++i) {
        all[trials_[i].symbol] = *SizeIn(trials_[i], i, run);
      }
      const absl::Status together = Try(all);
      if (together.ok()) return together;
      // Which of them is it?
      bool advanced = false;
      for (size_t i = 0; i < trials_.size(); ++i) {
        Trial& trial = trials_[i];
        const int64_t size = all[trial.symbol];
        const absl::Status alone =
            trials_.size() == 1 ? together : Try({{trial.symbol, size}});
        if (alone.ok()) continue;
        trial.refused.insert(size);
        if (trial.first_error.empty()) {
          trial.first_error = std::string(alone.message());
        }
        if (!Advance(&trial)) return Refused(trial);
        advanced = true;
      }
      if (!advanced) {
        return absl::InvalidArgumentError(absl::StrCat(
            "the model runs with each of the dynamic sizes changed alone, but "
            "not with ",
            Describe(all), " together: ", together.message(),
            "; sizes that must be equal are one symbol, and example_inputs "
            "(--inputs, given again) can show sizes that go together"));
      }
      if (++failures_ > kMaxFailures) {
        return absl::InvalidArgumentError(absl::StrCat(
            "no sizes were found on which the model runs, besides those given; "
            "the last were ",
            Describe(all), ": ", together.message()));
      }
    }
  }

  static std::string Describe(const Sizes& sizes) {
    return absl::StrJoin(sizes, ", ", [](std::string* out, const auto& size) {
      absl::StrAppend(out, size.first, " = ", size.second);
    });
  }

  absl::Status Refused(const Trial& trial) const {
    std::string where;
    for (const DynamicSize& size : dynamic_) {
      if (size.symbol != trial.symbol) continue;
      absl::StrAppend(&where, where.empty() ? "" : ", ", "size ", size.axis,
                      " of \"", names_[size.input], "\"");
    }
    return absl::InvalidArgumentError(absl::StrCat(
        "the dynamic size \"", trial.symbol, "\" (", where,
        "): the model runs with ", trial.base, " only; tried ",
        absl::StrJoin(trial.refused, ", "), "; it said: ", trial.first_error,
        "; if it runs with others, show them by example_inputs (--inputs, "
        "given again), else declare no dynamic size here"));
  }

  absl::Status Try(const Sizes& sizes) const {
    std::vector<at::Tensor> inputs(inputs_.begin(), inputs_.end());
    {
      at::RecordFunctionGuard do_not_record(/*is_enabled=*/false);
      std::set<int32_t> changed;
      for (const DynamicSize& size : dynamic_) {
        const auto found = sizes.find(size.symbol);
        if (found == sizes.end()) continue;
        at::Tensor& input = inputs[size.input];
        input = Resize(input, size.axis, found->second);
        changed.insert(size.input);
      }
      for (const int32_t i : changed) {
        inputs[i] = LaidOutAs(inputs[i].detach(), inputs_[i])
                        .set_requires_grad(inputs_[i].requires_grad());
      }
    }
    return run_(inputs);
  }

  const absl::Span<const DynamicSize> dynamic_;
  const absl::Span<const at::Tensor> inputs_;
  const absl::Span<const std::string> names_;
  const std::function<absl::Status(const std::vector<at::Tensor>&)>& run_;
  std::vector<Trial> trials_;
  int failures_ = 0;
};

}  // namespace

absl::StatusOr<std::vector<DynamicSize>> FindDynamicSizes(
    const DynamicSizeNames& dynamic, const Structure& structure,
    absl::Span<const std::string> names, absl::Span<const at::Tensor> inputs) {
  const std::vector<std::string> paths = LeafPaths(structure);
  std::vector<DynamicSize> sizes;
  std::map<std::pair<int32_t, int64_t>, std::string> symbol_of;
  std::map<std::string, std::pair<int64_t, std::string>> size_of;
  for (const auto& [name, axes] : dynamic) {
    const absl::StatusOr<int32_t> input = FindInput(name, paths, names);
    if (!input.ok()) return input.status();
    const at::Tensor& tensor = inputs[*input];
    for (const auto& [given, symbol] : axes) {
      if (absl::Status status = CheckSymbolName(symbol); !status.ok()) {
        return status;
      }
      const int64_t axis = given < 0 ? given + tensor.dim() : given;
      if (axis < 0 || axis >= tensor.dim()) {
        return absl::InvalidArgumentError(absl::StrCat(
            "dynamic sizes: input \"", name, "\" has ", tensor.dim(),
            " dimensions; there is no size ", given, " (\"", symbol, "\")"));
      }
      const std::string where =
          absl::StrCat("size ", axis, " of \"", names[*input], "\"");
      const auto [place, is_new] =
          symbol_of.emplace(std::make_pair(*input, axis), symbol);
      if (!is_new) {
        if (place->second == symbol) continue;
        return absl::InvalidArgumentError(
            absl::StrCat("dynamic sizes: ", where, " is both \"", place->second,
                         "\" and \"", symbol, "\""));
      }
      const int64_t size = tensor.size(axis);
      const auto [known, is_first] =
          size_of.emplace(symbol, std::make_pair(size, where));
      if (known->second.first != size) {
        return absl::InvalidArgumentError(absl::StrCat(
            "dynamic sizes: \"", symbol, "\" stands for ", known->second.second,
            ", which is ", known->second.first, ", and for ", where,
            ", which is ", size,
            "; sizes that differ need symbols of their own"));
      }
      sizes.push_back({*input, axis, symbol});
    }
  }
  return sizes;
}

ModelInputs WithLeaves(const ModelInputs& inputs,
                       absl::Span<const at::Tensor> leaves) {
  size_t next = 0;
  return ReplaceTensors(inputs,
                        [&](const at::Tensor&) { return leaves[next++]; });
}

absl::Status CheckSameInputs(const CapturedRun& base,
                             const CapturedRun& further) {
  if (further.input_names != base.input_names) {
    return absl::InvalidArgumentError(absl::StrCat("its inputs are ",
                                                   Quoted(further.input_names),
                                                   "; the model is "
                                                   "converted with ",
                                                   Quoted(base.input_names)));
  }
  if (!(further.input_structure == base.input_structure)) {
    return absl::InvalidArgumentError(
        "its arguments are put together in another way, or have other numbers "
        "among them, than those the model is converted with; only the sizes of "
        "tensors may differ");
  }
  for (size_t i = 0; i < base.inputs.size(); ++i) {
    const at::Tensor& a = base.inputs[i];
    const at::Tensor& b = further.inputs[i];
    if (a.dim() == b.dim() && a.scalar_type() == b.scalar_type()) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("input \"", base.input_names[i], "\" has ", b.dim(),
                     " dimensions of dtype ", c10::toString(b.scalar_type()),
                     "; the model is converted with ", a.dim(), " of ",
                     c10::toString(a.scalar_type())));
  }
  return absl::OkStatus();
}

absl::Status RunOtherSizes(
    absl::Span<const DynamicSize> dynamic, absl::Span<const at::Tensor> inputs,
    absl::Span<const std::string> names, size_t count,
    const std::function<absl::Status(const std::vector<at::Tensor>&)>& run,
    std::vector<Report::Warning>* notes) {
  for (const DynamicSize& size : dynamic) {
    if (inputs[size.input].size(size.axis) == 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          "dynamic sizes: size ", size.axis, " of \"", names[size.input],
          "\" is 0: convert the model with one that is not"));
    }
  }
  SizeTrials trials(dynamic, inputs, names, run);
  const absl::Status status = trials.Run(count);
  if (status.ok()) trials.TakeNotes(notes);
  return status;
}

}  // namespace flextorchir
