#include "flextorchir/converter/capture/packed_weights.h"

#include <string>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "flextorchir/converter/capture/functional_call.h"
#include "flextorchir/converter/capture/tensor_table.h"
#include "flextorchir/torch_bridge/attribute.h"
#include "flextorchir/torch_bridge/packed_arguments.h"
#include "flextorchir/torch_bridge/tensor.h"

namespace flextorchir {
namespace {

// Attributes in which modules keep an object; they are no part of the names
// that the weights had before they were packed.
constexpr absl::string_view kHolders[] = {
    "_packed_params",    "_packed_weight", "_packed_weight_ih",
    "_packed_weight_hh", "param",
};

// "fc._packed_params._packed_params" -> "fc".
absl::string_view WithoutHolders(absl::string_view name) {
  while (true) {
    const size_t dot = name.rfind('.');
    const absl::string_view last =
        dot == absl::string_view::npos ? name : name.substr(dot + 1);
    bool is_holder = false;
    for (absl::string_view holder : kHolders) is_holder |= last == holder;
    if (!is_holder) return name;
    if (dot == absl::string_view::npos) return "";
    name = name.substr(0, dot);
  }
}

// The name that modules have for a packer's argument.
absl::string_view ModuleName(absl::string_view argument) {
  if (argument == "W") return "weight";
  return argument == "B" ? "bias" : argument;
}

absl::Status Refuse(absl::string_view what) {
  return absl::UnimplementedError(what);
}
constexpr absl::string_view kNoType = "which the IR has no type for";

}  // namespace

PackedWeights::PackedWeights(GraphBuilder& builder) : builder_(builder) {
  for (const NamedObject& object : builder.trace().objects) {
    names_[ObjectId(object.object)].push_back(object.name);
  }
}

void PackedWeights::Add(const c10::IValue& object, Layer arguments) {
  if (const void* id = ObjectId(object); id != nullptr) {
    unpacked_[id] = std::move(arguments);
  }
}

std::vector<std::string> PackedWeights::NamesOf(
    const void* object, absl::string_view argument) const {
  std::vector<std::string> names;
  const auto found = names_.find(object);
  if (found == names_.end()) return names;
  for (const std::string& name : found->second) {
    const absl::string_view base = WithoutHolders(name);
    names.push_back(
        absl::StrCat(base, base.empty() ? "" : ".", ModuleName(argument)));
  }
  return names;
}

absl::Status PackedWeights::Unpack(const Packer& packer, const void* id,
                                   const std::vector<c10::IValue>& values,
                                   Layer* unpacked) {
  const c10::FunctionSchema& schema = packer.op.schema();
  for (size_t i = 0; i < values.size(); ++i) {
    const c10::Argument& argument = schema.arguments()[i];
    const c10::IValue& value = values[i];
    if (ObjectId(value) != nullptr) {
      names_.emplace(ObjectId(value), names_[id]);
      absl::Status status = Give(schema, i, value, unpacked);
      if (!status.ok()) return status;
    } else if (value.isTensor()) {
      absl::Status status =
          AddTensor(packer, id, argument, value.toTensor(), unpacked);
      if (!status.ok()) return status;
    } else if (TakesTensor(*argument.type())) {
      unpacked->inputs.push_back(Slot::One(argument.name(), kAbsent));
    } else {
      unpacked->attributes[argument.name()] =
          ToAttribute(value, &argument).value_or(Attribute());
    }
  }
  return absl::OkStatus();
}

absl::Status PackedWeights::AddTensor(const Packer& packer, const void* id,
                                      const c10::Argument& argument,
                                      const at::Tensor& tensor, Layer* layer) {
  // A bias that is packed already: torch does not look at the other one.
  if (layer->FindInput(argument.name()) != nullptr) return absl::OkStatus();
  // Some dtypes cannot be written.
  if (absl::Status status =
          ToWeights("", Weights::Role::kConstant, tensor).status();
      !status.ok()) {
    return Refuse(absl::StrCat("which cannot be unpacked: ", status.message()));
  }
  layer->inputs.push_back(
      Slot::One(argument.name(),
                builder_.NewConstant(
                    tensor, NamesOf(id, packer.LayerName(argument.name())))));
  return absl::OkStatus();
}

absl::StatusOr<const Layer*> PackedWeights::Find(
    const c10::FunctionSchema& schema, size_t argument,
    const c10::IValue& object) {
  const void* id = ObjectId(object);
  if (id == nullptr) return Refuse(kNoType);
  if (const auto found = unpacked_.find(id); found != unpacked_.end()) {
    return &found->second;
  }
  absl::Status status = Refuse(kNoType);
  for (const Packer& packer : FindPackers(schema, argument)) {
    Unobserved unobserved;
    const absl::StatusOr<std::vector<c10::IValue>> values =
        flextorchir::Unpack(packer, object);
    if (!values.ok()) {
      status = Refuse(absl::StrCat("which cannot be unpacked (",
                                   values.status().message(), ")"));
      continue;
    }
    Layer unpacked;
    status = Unpack(packer, id, *values, &unpacked);
    if (status.ok()) {
      return &unpacked_.emplace(id, std::move(unpacked)).first->second;
    }
  }
  return status;
}

absl::Status PackedWeights::Give(const c10::FunctionSchema& schema,
                                 size_t argument, const c10::IValue& object,
                                 Layer* layer) {
  const std::vector<Packer> packers = FindPackers(schema, argument);
  if (packers.empty()) return Refuse(kNoType);
  const Packer& packer = packers[0];  // the others name alike
  const bool is_list = TakesObjectList(schema.arguments()[argument]);
  std::vector<c10::IValue> objects = {object};
  if (is_list) objects = object.toListRef().vec();
  Layer given;
  for (size_t i = 0; i < objects.size(); ++i) {
    const absl::StatusOr<const Layer*> unpacked =
        Find(schema, argument, objects[i]);
    if (!unpacked.ok()) return unpacked.status();
    if (i > 0 && ((*unpacked)->inputs.size() != given.inputs.size() ||
                  (*unpacked)->attributes != given.attributes)) {
      return Refuse("whose elements differ in more than their tensors");
    }
    if (i == 0) {
      given.inputs = (*unpacked)->inputs;
      given.attributes = (*unpacked)->attributes;
      for (Slot& slot : given.inputs) slot.is_list = is_list;
      continue;
    }
    for (size_t k = 0; k < given.inputs.size(); ++k) {
      given.inputs[k].values.push_back((*unpacked)->inputs[k].values[0]);
    }
  }
  for (Slot& slot : given.inputs) {
    slot.name = packer.LayerName(slot.name);
    layer->inputs.push_back(std::move(slot));
  }
  for (const auto& [name, value] : given.attributes) {
    layer->attributes[packer.LayerName(name)] = value;
  }
  return absl::OkStatus();
}

}  // namespace flextorchir
