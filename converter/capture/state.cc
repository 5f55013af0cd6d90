#include "flextorchir/converter/capture/state.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "flextorchir/torch_bridge/tensor.h"

namespace flextorchir {
namespace {

// Where a tensor lies: the same memory under another TensorImpl is the same
// weights.
using Place = std::tuple<StorageId, int64_t, std::vector<int64_t>,
                         std::vector<int64_t>, c10::ScalarType, bool, bool>;

Place PlaceOf(const TensorMeta& meta) {
  return {meta.storage,
          meta.offset,
          {meta.sizes.begin(), meta.sizes.end()},
          {meta.strides.begin(), meta.strides.end()},
          meta.dtype,
          meta.conj,
          meta.neg};
}

std::string NameOf(const ExternalTensor& external) {
  if (!external.inputs.empty()) {
    return absl::StrCat("input ", external.inputs[0]);
  }
  return absl::StrCat("`", external.weights_names[0], "`");
}

// What is said of tensors that are several things at once.
void ReportAliases(const ExternalTensor& external, GraphBuilder& builder) {
  if (external.inputs.size() + (external.weights_names.empty() ? 0 : 1) < 2) {
    return;
  }
  std::vector<std::string> names;
  for (int32_t input : external.inputs) {
    names.push_back(absl::StrCat("input ", input));
  }
  if (!external.weights_names.empty()) {
    names.push_back(absl::StrCat("`", external.weights_names[0], "`"));
  }
  builder.Warn(Report::Severity::kWarning, "aliased-inputs",
               absl::StrCat(absl::StrJoin(names, " and "),
                            " are the same tensor: the graph reads ", names[0],
                            " wherever the model reads one of them. Convert "
                            "with separate tensors if they may differ"));
}

class WeightsBinder {
 public:
  WeightsBinder(GraphBuilder& builder) : builder_(builder) {
    for (const ExternalTensor& external : builder.trace().externals) {
      taken_.insert(external.weights_names.begin(),
                    external.weights_names.end());
    }
  }

  // `number`: of the row in Trace::externals.
  absl::Status Bind(int32_t number, ValueId value) {
    const ExternalTensor& external = builder_.trace().externals[number];
    Model& model = builder_.out().model;
    const TensorMeta& meta = builder_.meta(external.meta);
    const bool shareable = meta.storage != kAbsent && !external.from_empty;
    const Place place = PlaceOf(meta);
    if (const auto found = at_.find(place); shareable && found != at_.end()) {
      Weights& weights = model.weights[found->second];
      for (const std::string& name : external.weights_names) {
        if (name != weights.name) weights.aliases.push_back(name);
      }
      builder_.graph().values[value].type = weights.type;
      builder_.graph().values[value].weights = found->second;
      return absl::OkStatus();
    }
    const std::string name =
        external.weights_names.empty() ? NewName() : external.weights_names[0];
    if (absl::Status status =
            Bind(name, external.role, external.content, number, value);
        !status.ok()) {
      return status;
    }
    if (external.weights_names.size() > 1) {
      model.weights.back().aliases.assign(external.weights_names.begin() + 1,
                                          external.weights_names.end());
    }
    if (shareable) at_[place] = builder_.graph().values[value].weights;
    return absl::OkStatus();
  }

  absl::Status Bind(const GraphBuilder::Constant& constant) {
    std::vector<std::string> names;  // that nothing else has
    for (const std::string& name : constant.names) {
      if (taken_.insert(name).second) names.push_back(name);
    }
    absl::Status status =
        Bind(names.empty() ? NewName() : names[0],
             constant.names.empty() ? Weights::Role::kConstant
                                    : Weights::Role::kParameter,
             constant.content, kAbsent, constant.value);
    if (status.ok() && names.size() > 1) {
      builder_.out().model.weights.back().aliases.assign(names.begin() + 1,
                                                         names.end());
    }
    return status;
  }

 private:
  std::string NewName() {
    std::string name;
    do {
      name = absl::StrCat("constant_", constants_++);
    } while (taken_.count(name) > 0);
    return name;
  }
  absl::Status Bind(const std::string& name, Weights::Role role,
                    const at::Tensor& content, int32_t number, ValueId value) {
    absl::StatusOr<Weights> weights = ToWeights(name, role, content);
    if (!weights.ok()) return weights.status();
    Model& model = builder_.out().model;
    builder_.graph().values[value].type = weights->type;
    builder_.graph().values[value].weights =
        static_cast<WeightsId>(model.weights.size());
    model.weights.push_back(*std::move(weights));
    builder_.out().externals.push_back(number);
    return absl::OkStatus();
  }

  GraphBuilder& builder_;
  std::map<Place, WeightsId> at_;
  std::set<std::string> taken_;
  int64_t constants_ = 0;
};

}  // namespace

std::vector<int32_t> AddStateOutputs(GraphBuilder& builder,
                                     StorageVersions& versions) {
  const Trace& trace = builder.trace();
  std::vector<int32_t> state;
  std::set<Place> done;
  for (size_t i = 0; i < trace.externals.size(); ++i) {
    const ExternalTensor& external = trace.externals[i];
    const int32_t index = static_cast<int32_t>(i);
    ReportAliases(external, builder);
    if (external.content_lost) {
      builder.Warn(
          Report::Severity::kError, "unseen-write",
          absl::StrCat("an operator wrote ",
                       external.weights_names.empty() && external.inputs.empty()
                           ? "a constant"
                           : NameOf(external),
                       ", which its schema does not say; what was there before "
                       "is not known. Mark the argument as written in the "
                       "operator's schema (\"Tensor(a!)\")"));
    }
    if (external.from_empty) continue;
    const RecordId record = versions.RecordOfExternal(index);
    const TensorMeta& before = builder.meta(external.meta);
    const TensorUse left{external.tensor, external.left_meta};
    const bool moved = external.left_meta != kAbsent &&
                       !before.SameGeometry(builder.meta(external.left_meta));
    if (!moved && !versions.Written(record)) continue;
    if (external.weights_names.empty() && external.inputs.empty()) {
      if (external.outlives) {
        builder.Warn(Report::Severity::kWarning, "unnamed-state",
                     "the model changes a tensor that it keeps, but that is "
                     "neither a parameter nor a buffer; the change is not in "
                     "the graph. Register it as a buffer");
      }
      continue;
    }
    if (!done.insert(PlaceOf(before)).second) continue;
    builder.graph().outputs.push_back(moved ? versions.Read(left)
                                            : versions.Read(record));
    StateOutput output;
    if (!external.inputs.empty()) output.input = external.inputs[0];
    builder.out().model.state_outputs.push_back(output);
    state.push_back(index);
  }
  return state;
}

absl::Status BindWeights(GraphBuilder& builder, StorageVersions& versions,
                         const std::vector<int32_t>& state) {
  const Trace& trace = builder.trace();
  std::vector<bool> read(builder.graph().values.size());
  for (const Layer& layer : builder.graph().layers) {
    for (const Slot& slot : layer.inputs) {
      for (ValueId value : slot.values) {
        if (value != kAbsent) read[value] = true;
      }
    }
  }
  for (ValueId value : builder.graph().outputs) {
    if (value != kAbsent) read[value] = true;
  }
  WeightsBinder binder(builder);
  for (size_t i = 0; i < trace.externals.size(); ++i) {
    const ExternalTensor& external = trace.externals[i];
    if (!external.inputs.empty()) continue;
    const int32_t index = static_cast<int32_t>(i);
    const auto output = std::find(state.begin(), state.end(), index);
    ValueId value = versions.external_value(index);
    if (output != state.end()) {
      value = versions.ExternalValue(index);
    } else if (value == kAbsent || !read[value]) {
      continue;
    }
    if (absl::Status status = binder.Bind(index, value); !status.ok()) {
      return status;
    }
    if (output != state.end()) {
      builder.out().model.state_outputs[output - state.begin()].weights =
          builder.graph().values[value].weights;
    }
  }
  for (const GraphBuilder::Constant& constant : builder.constants()) {
    if (!read[constant.value]) continue;
    if (absl::Status status = binder.Bind(constant); !status.ok()) {
      return status;
    }
  }
  for (Weights& weights : builder.out().model.weights) {
    std::sort(weights.aliases.begin(), weights.aliases.end());
  }
  return absl::OkStatus();
}

}  // namespace flextorchir
