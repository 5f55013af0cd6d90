#include "flextorchir/converter/capture/functionalize.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "flextorchir/converter/capture/baked_values.h"
#include "flextorchir/converter/capture/functional_call.h"
#include "flextorchir/converter/capture/graph_builder.h"
#include "flextorchir/converter/capture/packed_weights.h"
#include "flextorchir/converter/capture/state.h"
#include "flextorchir/converter/capture/storage_versions.h"
#include "flextorchir/converter/capture/tensor_table.h"
#include "flextorchir/torch_bridge/attribute.h"
#include "flextorchir/torch_bridge/operator_writes.h"
#include "flextorchir/torch_bridge/tensor.h"

namespace flextorchir {
namespace {

// Turns calls into layers, one after the other.
class Functionalizer {
 public:
  Functionalizer(const Trace& trace, GraphBuilder& builder,
                 StorageVersions& versions)
      : trace_(trace),
        builder_(builder),
        versions_(versions),
        packed_(builder) {
    for (const ExternalTensor& external : trace.externals) {
      external_of_tensor_[external.tensor] = &external;
    }
  }

  void Process(int32_t number);

  // The tensors whose content the program has looked at: the call and the
  // value.
  const std::vector<ValueRead>& value_reads() const { return value_reads_; }

 private:
  // One tensor that a call writes.
  struct Written {
    int32_t argument;
    RecordId record;
    TensorUse use;  // as it lies after the call
  };

  const RecordedArgument& argument(int32_t i) const {
    return trace_.arguments[call_->first_argument + i];
  }
  const RecordedArgument& result(int32_t i) const {
    return trace_.arguments[call_->first_argument + call_->num_arguments + i];
  }
  absl::Span<const TensorUse> UsesOf(const RecordedArgument& recorded) const {
    return absl::MakeConstSpan(trace_.uses.data() + recorded.first_use,
                               recorded.num_uses);
  }
  const TensorMeta& meta(const TensorUse& use) const {
    return trace_.metas[use.meta];
  }

  void FillArguments(Layer& layer);
  void AddInputSlot(const std::string& name, const RecordedArgument& recorded,
                    Layer& layer);
  bool IsWrittenResult(int32_t i) const;
  std::vector<int32_t> WrittenArguments() const;
  std::vector<Written> FindWritten(const std::vector<int32_t>& arguments);
  const std::optional<FunctionalTwin>& TwinOf(const OperatorInfo& info);

  void EmitTwin(Layer layer, const FunctionalTwin& twin,
                const std::vector<Written>& written);
  bool IsInPlaceByFlag(const Layer& layer) const;
  void EmitInPlaceByFlag(Layer layer);
  void EmitPlain(Layer layer, const std::vector<int32_t>& writes,
                 const std::vector<Written>& written);
  void ChangeView(Layer layer);
  bool AdjustStrided(Layer& layer);
  std::vector<std::pair<ValueId, RecordId>> InputsIn(StorageId storage);
  void BindResult(TensorUse use, ValueId value, int32_t layer);
  ValueId NewResult(const TensorUse& use);
  void CheckType(const TensorUse& use);

  const Trace& trace_;
  GraphBuilder& builder_;
  StorageVersions& versions_;
  PackedWeights packed_;
  const OperatorCall* call_ = nullptr;
  int32_t number_ = 0;
  absl::flat_hash_map<TensorId, const ExternalTensor*> external_of_tensor_;
  std::map<const OperatorInfo*, std::optional<FunctionalTwin>> twins_;
  std::vector<ValueRead> value_reads_;
};

void Functionalizer::AddInputSlot(const std::string& name,
                                  const RecordedArgument& recorded,
                                  Layer& layer) {
  const auto uses = UsesOf(recorded);
  if (recorded.kind == RecordedArgument::Kind::kTensorList) {
    Slot slot = Slot::ListOf(name, {});
    for (const TensorUse& use : uses)
      slot.values.push_back(versions_.Read(use));
    layer.inputs.push_back(std::move(slot));
    return;
  }
  // A number of the program that torch has made into a tensor is a number.
  if (uses[0].tensor != kAbsent && meta(uses[0]).wrapped_number) {
    const auto external = external_of_tensor_.find(uses[0].tensor);
    if (external != external_of_tensor_.end()) {
      Unobserved unobserved;
      const at::Scalar number = external->second->content.item();
      if (auto attribute = ToAttribute(c10::IValue(number))) {
        layer.attributes[name] = *std::move(attribute);
        return;
      }
    }
  }
  // Single steps of recurrent layers take their biases packed, and again as
  // tensors, which torch does not look at.
  if (layer.FindInput(name) != nullptr) return;
  layer.inputs.push_back(Slot::One(name, versions_.Read(uses[0])));
}

void Functionalizer::FillArguments(Layer& layer) {
  const auto& schema = call_->info->schema->arguments();
  for (int32_t i = 0; i < call_->num_arguments; ++i) {
    const RecordedArgument& recorded = argument(i);
    const std::string& name = schema[i].name();
    if (recorded.kind != RecordedArgument::Kind::kConstant) {
      AddInputSlot(name, recorded, layer);
      continue;
    }
    const c10::IValue& constant = recorded.constant;
    if (constant.isNone() && TakesTensor(*schema[i].type())) {
      layer.inputs.push_back(Slot::One(name, kAbsent));
      continue;
    }
    if (constant.isList() && TakesTensorList(*schema[i].type())) {
      layer.inputs.push_back(Slot::ListOf(
          name, std::vector<ValueId>(constant.toListRef().size(), kAbsent)));
      continue;
    }
    if (auto attribute = ToAttribute(constant, &schema[i])) {
      layer.attributes[name] = *std::move(attribute);
      continue;
    }
    const absl::Status unpacked =
        packed_.Give(*call_->info->schema, i, constant, &layer);
    if (unpacked.ok()) continue;
    layer.attributes[name] = Attribute();
    builder_.Warn(Report::Severity::kError, "argument-without-type",
                  absl::StrCat("argument `", name, "` of ", call_->info->name,
                               " is of type ", schema[i].type()->str(), ", ",
                               unpacked.message(),
                               "; the layer cannot be run without it"));
  }
}

bool Functionalizer::IsWrittenResult(int32_t i) const {
  const auto& returns = call_->info->schema->returns();
  return i < returns.size() && IsWritten(returns[i]);
}

std::vector<int32_t> Functionalizer::WrittenArguments() const {
  std::vector<int32_t> writes = call_->info->writes;
  writes.insert(writes.end(), call_->unannotated_writes.begin(),
                call_->unannotated_writes.end());
  return writes;
}

std::vector<Functionalizer::Written> Functionalizer::FindWritten(
    const std::vector<int32_t>& arguments) {
  std::vector<Written> written;
  for (int32_t i : arguments) {
    for (const TensorUse& use : UsesOf(argument(i))) {
      if (use.tensor == kAbsent) continue;
      written.push_back({i, versions_.RecordOf(use), use});
    }
  }
  // A result that is a written argument shows how that lies now: an out=
  // argument may have been resized, and its old content is gone.
  for (int32_t i = 0; i < call_->num_results; ++i) {
    if (!IsWrittenResult(i)) continue;
    for (const TensorUse& use : UsesOf(result(i))) {
      for (Written& one : written) {
        if (one.use.tensor != use.tensor ||
            meta(one.use).SameGeometry(meta(use))) {
          continue;
        }
        one.use = use;
        one.record = versions_.ReplaceRoot(use, one.record);
      }
    }
  }
  return written;
}

const std::optional<FunctionalTwin>& Functionalizer::TwinOf(
    const OperatorInfo& info) {
  auto [place, is_new] = twins_.try_emplace(&info);
  if (is_new) place->second = FindFunctionalTwin(info);
  return place->second;
}

void Functionalizer::CheckType(const TensorUse& use) {
  if (meta(use).strided) return;
  builder_.Warn(Report::Severity::kError, "tensor-without-type",
                absl::StrCat(call_->info->name,
                             " returns a tensor that is not strided (sparse or "
                             "nested), which the IR has no type for"));
}

ValueId Functionalizer::NewResult(const TensorUse& use) {
  CheckType(use);
  return builder_.NewValue(TypeOfMeta(meta(use)));
}

void Functionalizer::Process(int32_t number) {
  number_ = number;
  call_ = &trace_.calls[number];
  builder_.SetCall(number);
  const OperatorInfo& info = *call_->info;

  if (info.reads_value) {
    for (int32_t i = 0; i < call_->num_arguments; ++i) {
      for (const TensorUse& use : UsesOf(argument(i))) {
        if (use.tensor != kAbsent) {
          value_reads_.push_back({number, versions_.Read(use)});
        }
      }
    }
  }
  if (info.no_layer) return;
  if (info.packs && call_->num_results == 1) {
    Layer arguments;
    FillArguments(arguments);
    packed_.Add(result(0).constant, std::move(arguments));
    return;
  }
  if (info.allocates_only && call_->num_results == 1 &&
      result(0).kind == RecordedArgument::Kind::kTensor) {
    const TensorUse use = UsesOf(result(0))[0];
    // Memory that was filled unseen is a constant, and there already.
    if (meta(use).strided) {
      if (!versions_.HasRecord(use.tensor)) {
        versions_.NewRoot(use, builder_.AddZeros(meta(use)));
      }
      return;
    }
  }

  Layer layer = builder_.NewLayer(info.name);
  FillArguments(layer);
  if (info.changes_view_only) {
    ChangeView(std::move(layer));
    return;
  }
  const std::vector<int32_t> writes = WrittenArguments();
  if (writes.empty()) {
    if (absl::StartsWith(info.name, "aten::as_strided") &&
        !AdjustStrided(layer)) {
      return;
    }
    EmitPlain(std::move(layer), writes, {});
    return;
  }
  if (IsInPlaceByFlag(layer)) {
    EmitInPlaceByFlag(std::move(layer));
    return;
  }
  // Before anything changes.
  const std::vector<Written> written = FindWritten(writes);
  if (const auto& twin = TwinOf(info);
      twin.has_value() && call_->unannotated_writes.empty()) {
    EmitTwin(std::move(layer), *twin, written);
  } else {
    EmitPlain(std::move(layer), writes, written);
  }
}

void Functionalizer::EmitTwin(Layer layer, const FunctionalTwin& twin,
                              const std::vector<Written>& written) {
  const OperatorInfo& info = *call_->info;
  RenameToTwin(info, twin, layer);
  const std::vector<DType> dtypes = TwinResultDTypes(trace_, *call_, twin);
  std::vector<ValueId> contents;
  size_t next = 0;
  for (size_t i = 0; i < info.writes.size(); ++i) {
    const RecordedArgument& target = argument(info.writes[i]);
    Slot slot;
    slot.name = OutputName(*twin.schema, i, info.writes.size());
    slot.is_list = target.kind == RecordedArgument::Kind::kTensorList;
    for (const TensorUse& use : UsesOf(target)) {
      if (use.tensor == kAbsent) {
        slot.values.push_back(kAbsent);
        continue;
      }
      CheckType(use);
      TensorType type = TypeOfMeta(meta(written[next].use));
      const DType wanted = type.dtype;
      if (next < dtypes.size()) type.dtype = dtypes[next];
      const ValueId value = builder_.NewValue(type);
      if (type.dtype == wanted && call_->num_results == info.writes.size()) {
        builder_.out().results[value] = {number_, static_cast<int32_t>(next)};
      }
      slot.values.push_back(value);
      contents.push_back(value);
      ++next;
    }
    layer.outputs.push_back(std::move(slot));
  }
  builder_.Emit(std::move(layer), /*added=*/false);
  for (size_t i = 0; i < written.size(); ++i) {
    // x_half.add_(y_float) computes in float and stores halves.
    const TensorType type = TypeOfMeta(meta(written[i].use));
    if (builder_.graph().value(contents[i]).tensor()->dtype != type.dtype) {
      contents[i] = builder_.Add("aten::to.dtype", {{"self", contents[i]}},
                                 {{"dtype", type.dtype},
                                  {"non_blocking", false},
                                  {"copy", false},
                                  {"memory_format", Attribute()}},
                                 type);
    }
    versions_.Write(written[i].record, contents[i]);
  }
}

// quantized::relu6(x, inplace=True), whose schema says nothing of a write: it
// returned its first argument, which it has written.
bool Functionalizer::IsInPlaceByFlag(const Layer& layer) const {
  const Attribute* flag = layer.FindAttribute("inplace");
  return absl::StartsWith(layer.kind, "quantized::") && flag != nullptr &&
         *flag == Attribute(true) && call_->info->writes.empty() &&
         call_->unannotated_writes == std::vector<int32_t>{0} &&
         call_->num_results == 1 && UsesOf(result(0)).size() == 1 &&
         UsesOf(result(0))[0].tensor == UsesOf(argument(0))[0].tensor;
}

void Functionalizer::EmitInPlaceByFlag(Layer layer) {
  const TensorUse use = UsesOf(argument(0))[0];
  const RecordId record = versions_.RecordOf(use);
  const ValueId value = NewResult(use);
  builder_.out().results[value] = {number_, 0};
  layer.attributes["inplace"] = false;
  layer.outputs.push_back(
      Slot::One(OutputName(*call_->info->schema, 0, 1), value));
  builder_.Emit(std::move(layer), /*added=*/false);
  versions_.Write(record, value);
}

void Functionalizer::EmitPlain(Layer layer, const std::vector<int32_t>& writes,
                               const std::vector<Written>& written) {
  const OperatorInfo& info = *call_->info;
  int32_t fresh_results = 0;
  for (int32_t i = 0; i < call_->num_results; ++i) {
    fresh_results += IsWrittenResult(i) ? 0 : 1;
  }
  int32_t index = 0;  // among the tensors of the results
  std::vector<std::pair<TensorUse, ValueId>> results;
  for (int32_t i = 0; i < call_->num_results; ++i) {
    const RecordedArgument& recorded = result(i);
    if (IsWrittenResult(i)) {
      index += recorded.num_uses;
      continue;
    }
    Slot slot;
    slot.name = OutputName(*info.schema, i, fresh_results);
    slot.is_list = recorded.kind == RecordedArgument::Kind::kTensorList;
    for (const TensorUse& use : UsesOf(recorded)) {
      ValueId value = kAbsent;
      if (use.tensor != kAbsent) {
        value = NewResult(use);
        builder_.out().results[value] = {number_, index};
        results.emplace_back(use, value);
      }
      slot.values.push_back(value);
      ++index;
    }
    if (recorded.kind == RecordedArgument::Kind::kConstant) {
      const auto type = ScalarTypeOf(recorded.constant);
      slot.values.push_back(type.has_value() ? builder_.NewValue(*type)
                                             : kAbsent);
    }
    layer.outputs.push_back(std::move(slot));
  }
  // The new contents come behind the results.
  std::vector<ValueId> contents;
  for (int32_t i : writes) {
    const RecordedArgument& recorded = argument(i);
    Slot slot;
    slot.name = info.schema->arguments()[i].name();
    slot.is_list = recorded.kind == RecordedArgument::Kind::kTensorList;
    for (const TensorUse& use : UsesOf(recorded)) {
      if (use.tensor != kAbsent) {
        contents.push_back(NewResult(written[contents.size()].use));
      }
      slot.values.push_back(use.tensor == kAbsent ? kAbsent : contents.back());
    }
    if (slot.values.empty() && !slot.is_list) slot.values.push_back(kAbsent);
    layer.outputs.push_back(std::move(slot));
  }
  const int32_t number = static_cast<int32_t>(builder_.graph().layers.size());
  builder_.Emit(std::move(layer), /*added=*/false);
  for (size_t i = 0; i < written.size(); ++i) {
    versions_.Write(written[i].record, contents[i]);
  }
  // A view of an argument that is written shows what was written.
  const int32_t repeatable = written.empty() ? number : kAbsent;
  for (const auto& [use, value] : results) BindResult(use, value, repeatable);
}

// t_, squeeze_, set_: the tensor is another view afterwards; no data changes.
void Functionalizer::ChangeView(Layer layer) {
  const OperatorInfo& info = *call_->info;
  if (call_->num_results == 0 || UsesOf(result(0)).empty() ||
      UsesOf(argument(0)).empty()) {
    return;
  }
  const TensorUse before = UsesOf(argument(0))[0];
  const TensorUse now = UsesOf(result(0))[0];
  if (now.tensor == kAbsent || before.tensor == kAbsent) return;
  const StorageId storage = meta(now).storage;
  const auto& twin = TwinOf(info);
  const bool is_resize = absl::StartsWith(info.name, "aten::resize");
  const bool is_view_of_itself =
      !is_resize && !absl::StartsWith(info.name, "aten::set_");
  if (twin.has_value() && is_view_of_itself && storage != kAbsent &&
      meta(before).storage == storage) {
    const RecordId parent = versions_.RecordOf(before);
    RenameToTwin(info, *twin, layer);
    if (absl::StartsWith(twin->name, "aten::as_strided") &&
        !AdjustStrided(layer)) {
      return;
    }
    const ValueId value = NewResult(now);
    builder_.out().results[value] = {number_, 0};
    layer.outputs.push_back(Slot::One("output", value));
    const int32_t number = static_cast<int32_t>(builder_.graph().layers.size());
    const ValueId content = versions_.Read(parent);
    builder_.Emit(std::move(layer), /*added=*/false);
    versions_.NewView(now, parent, value, number, {{content, parent}});
    return;
  }
  // set_ and resize_: whatever memory it has now says what it is.
  if (versions_.Knows(now.meta)) {
    versions_.RecordOf(now);
    return;
  }
  // Memory that grew: what lies behind the old end is not filled.
  if (is_resize) {
    const RecordId old = versions_.RecordOf(before);
    if (NumElements(meta(before)) == 0) {
      const RecordId root = versions_.ReplaceRoot(now, old);
      versions_.Rename(root, builder_.AddZeros(meta(now)));
      return;
    }
  }
  versions_.RecordOf(now);  // reports it
}

// An as_strided layer counts from the first element of its input. False if it
// reaches beyond its input: then the result is what its geometry says.
bool Functionalizer::AdjustStrided(Layer& layer) {
  const TensorUse self = UsesOf(argument(0))[0];
  const TensorUse now = UsesOf(result(0))[0];
  if (!absl::StartsWith(layer.kind, "aten::as_strided_scatter") &&
      meta(self).storage == meta(now).storage &&
      !ElementsOf(meta(self), meta(now)).has_value()) {
    versions_.RecordOf(now);
    return false;
  }
  const Attribute* offset = layer.FindAttribute("storage_offset");
  const int64_t* absolute = offset == nullptr ? nullptr : offset->AsInt();
  layer.attributes["storage_offset"] =
      absolute == nullptr ? int64_t{0} : *absolute - meta(self).offset;
  return true;
}

std::vector<std::pair<ValueId, RecordId>> Functionalizer::InputsIn(
    StorageId storage) {
  std::vector<std::pair<ValueId, RecordId>> inputs;
  for (int32_t i = 0; i < call_->num_arguments; ++i) {
    for (const TensorUse& use : UsesOf(argument(i))) {
      if (use.tensor == kAbsent || meta(use).storage != storage) continue;
      const RecordId record = versions_.RecordOf(use);
      inputs.emplace_back(versions_.Read(record), record);
    }
  }
  return inputs;
}

void Functionalizer::BindResult(TensorUse use, ValueId value, int32_t layer) {
  const StorageId storage = meta(use).storage;
  for (int32_t i = 0; i < call_->num_arguments; ++i) {
    for (const TensorUse& input : UsesOf(argument(i))) {
      if (input.tensor != use.tensor) continue;
      // The operator returned its argument itself (contiguous, dropout in
      // evaluation): from here on the tensor is the layer's result.
      const RecordId id = versions_.RecordOf(use);
      versions_.Read(id);
      if (layer != kAbsent) versions_.Rename(id, value);
      return;
    }
  }
  if (storage != kAbsent && layer != kAbsent) {
    auto inputs = InputsIn(storage);
    if (!inputs.empty()) {
      const RecordId parent = inputs[0].second;
      versions_.NewView(use, parent, value, layer, std::move(inputs));
      return;
    }
  }
  if (storage != kAbsent && versions_.Knows(use.meta)) {
    versions_.RecordOf(use);  // as its geometry says
  } else {
    versions_.NewRoot(use, value);
  }
}

}  // namespace

absl::StatusOr<FunctionalGraph> Functionalize(
    const Trace& trace, const std::vector<InputLeaf>& inputs) {
  GraphBuilder builder(trace);
  for (const InputLeaf& input : inputs) {
    builder.graph().inputs.push_back(builder.NewValue(input.type));
  }
  for (const std::string& failure : trace.failures) {
    builder.Warn(Report::Severity::kError, "not-recorded",
                 absl::StrCat("a call could not be recorded: ", failure));
  }
  for (const Trace::Note& note : trace.notes) builder.WarnOf(note);
  StorageVersions versions(builder);
  Functionalizer functionalizer(trace, builder, versions);
  for (size_t i = 0; i < trace.calls.size(); ++i) {
    functionalizer.Process(static_cast<int32_t>(i));
  }
  builder.SetCall(kAbsent);
  for (const TensorUse& result : trace.results) {
    builder.graph().outputs.push_back(versions.Read(result));
  }
  const std::vector<int32_t> changed = AddStateOutputs(builder, versions);
  if (absl::Status status = BindWeights(builder, versions, changed);
      !status.ok()) {
    return status;
  }
  ReportBakedValues(builder, versions, changed, functionalizer.value_reads());
  return std::move(builder).Build();
}

}  // namespace flextorchir
