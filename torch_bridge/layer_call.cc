#include "flextorchir/torch_bridge/layer_call.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "ATen/core/dispatch/Dispatcher.h"
#include "ATen/core/function_schema.h"
#include "ATen/core/ivalue.h"
#include "ATen/core/jit_type.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "flextorchir/ir/attribute.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/layer_set.h"
#include "flextorchir/torch_bridge/attribute.h"
#include "flextorchir/torch_bridge/operator_call.h"
#include "flextorchir/torch_bridge/operator_table.h"
#include "flextorchir/torch_bridge/operator_writes.h"
#include "flextorchir/torch_bridge/packed_arguments.h"

namespace flextorchir {
namespace {

using Use = OperatorBinding::Argument::Use;

const c10::Type* WithoutOptional(const c10::Type* type) {
  if (const auto* optional = type->castRaw<c10::OptionalType>()) {
    return optional->getElementType().get();
  }
  return type;
}

bool IsOptional(const c10::Type& type) {
  return type.kind() == c10::TypeKind::OptionalType ||
         type.kind() == c10::TypeKind::NoneType;
}

// The type of what the argument holds: of the elements, if it is a list.
const c10::Type& ElementType(const c10::Argument& argument, bool* is_list) {
  const c10::Type* type = WithoutOptional(argument.type().get());
  const auto* list = type->castRaw<c10::ListType>();
  *is_list = list != nullptr;
  if (list != nullptr) type = WithoutOptional(list->getElementType().get());
  return *type;
}

bool IsAbsent(const Slot& slot) {
  return !slot.is_list && slot.values[0] == kAbsent;
}

// A list of which elements are computed has none in their places.
bool HasComputedElements(const Attribute& attribute) {
  if (attribute.AsDim() != nullptr) return true;
  const Attribute::List* list = attribute.AsList();
  return list != nullptr &&
         std::any_of(list->begin(), list->end(), HasComputedElements);
}

// With a number in the place of every symbolic size.
Attribute WithNumbers(const Attribute& attribute) {
  if (attribute.AsDim() != nullptr) return Attribute(1);
  if (attribute.AsList() == nullptr) return attribute;
  Attribute::List items;
  for (const Attribute& item : *attribute.AsList()) {
    items.push_back(WithNumbers(item));
  }
  return Attribute(std::move(items));
}

bool HasNumber(const Slot& slot) {
  return std::any_of(slot.values.begin(), slot.values.end(),
                     [](ValueId value) { return value != kAbsent; });
}

// One attempt: the call of a layer by one operator.
class Binder {
 public:
  // `binding` is null for operator layers, which have the schema's own names.
  // `convert`: a number may be passed for a tensor, and the other way round.
  Binder(const Graph& graph, const Layer& layer, const LayerKind* kind,
         const OperatorBinding* binding, bool convert)
      : graph_(graph),
        layer_(layer),
        kind_(kind),
        binding_(binding),
        convert_(convert) {}

  absl::StatusOr<LayerCall> Bind(absl::string_view op_name) {
    const std::optional<c10::OperatorHandle> op = FindOperator(op_name);
    if (!op.has_value()) {
      return Refuse("no such operator is loaded in this process");
    }
    absl::Status status = CheckRow();
    if (status.ok()) status = CheckOutputs(op->schema());
    if (status.ok()) status = CheckNothingLeft(op->schema());
    if (!status.ok()) return status;
    return BindArguments(*op, /*packer=*/nullptr);
  }

 private:
  template <typename... Parts>
  static absl::Status Refuse(const Parts&... parts) {
    return absl::UnimplementedError(absl::StrCat(parts...));
  }

  const OperatorBinding::Argument* RowOf(absl::string_view op_argument) const {
    return binding_ == nullptr ? nullptr : binding_->Find(op_argument);
  }
  std::string LayerName(absl::string_view op_argument) const {
    return binding_ == nullptr ? std::string(op_argument)
                               : binding_->LayerName(op_argument);
  }
  // What the kind says where the layer says nothing; null if it does not.
  const Attribute* KindDefault(absl::string_view name) const {
    if (kind_ == nullptr) return nullptr;
    const AttributeSpec* spec = kind_->FindAttribute(name);
    if (spec == nullptr || !spec->default_value.has_value() ||
        spec->default_value->is_none()) {
      return nullptr;
    }
    return &*spec->default_value;
  }

  // Constants and ranks.
  absl::Status CheckRow() const {
    if (binding_ == nullptr) return absl::OkStatus();
    for (const auto& [name, wanted] : binding_->constants) {
      const Attribute* given = layer_.FindAttribute(name);
      if (given == nullptr) given = KindDefault(name);
      if (given == nullptr || !SameValue(wanted, *given) ||
          layer_.FindInput(name) != nullptr) {
        return Refuse("`", name, "` is not ", wanted.ToString());
      }
    }
    for (const OperatorBinding::Rank& rank : binding_->ranks) {
      const ValueId value = layer_.Input(LayerName(rank.op_name));
      const TensorType* type =
          value == kAbsent ? nullptr : graph_.value(value).tensor();
      if (type == nullptr || type->shape.size() != rank.rank) {
        return Refuse("`", LayerName(rank.op_name), "` has not ", rank.rank,
                      " dimensions");
      }
    }
    return absl::OkStatus();
  }

  absl::Status CheckOutputs(const c10::FunctionSchema& schema) const {
    const size_t results = schema.returns().size();
    const size_t slots = layer_.outputs.size();
    // Operator layers have new contents of written arguments behind results.
    if (binding_ == nullptr || slots == results) return absl::OkStatus();
    size_t written = 0;  // those that a kind has
    for (const c10::Argument& argument : schema.arguments()) {
      written +=
          IsWritten(argument) && results + written < slots &&
          layer_.outputs[results + written].name == LayerName(argument.name());
    }
    if (slots == results + written) return absl::OkStatus();
    return Refuse("it returns ", results, " results, the layer ", slots);
  }

  // Everything that the layer gives must reach the operator.
  absl::Status CheckNothingLeft(const c10::FunctionSchema& schema) const {
    const std::vector<c10::Argument> arguments = LayerArgumentsOf(schema);
    const auto reaches = [&](absl::string_view name) {
      for (const c10::Argument& argument : arguments) {
        const OperatorBinding::Argument* row = RowOf(argument.name());
        if (row != nullptr && row->use != Use::kRename) continue;
        if (LayerName(argument.name()) == name) return true;
      }
      if (binding_ == nullptr) return false;
      const auto& remarks = binding_->remarks;
      return binding_->constants.count(std::string(name)) > 0 ||
             std::find(remarks.begin(), remarks.end(), name) != remarks.end();
    };
    for (const Slot& slot : layer_.inputs) {
      if (!IsAbsent(slot) && !reaches(slot.name)) {
        return Refuse("it takes no `", slot.name, "`");
      }
    }
    for (const auto& [name, value] : layer_.attributes) {
      if (value.is_none() || reaches(name)) continue;
      const Attribute* usual = KindDefault(name);
      if (usual == nullptr || !SameValue(*usual, value)) {
        return Refuse("it takes no `", name, "`");
      }
    }
    return absl::OkStatus();
  }

  absl::StatusOr<LayerCall::Argument> Constant(
      const Attribute& attribute, const c10::Argument& argument) const {
    absl::StatusOr<c10::IValue> value = ToIValue(attribute, argument);
    if (!value.ok()) return Refuse(value.status().message());
    return LayerCall::Argument{"", *std::move(value), {}};
  }

  // `packer`: the operator packs, and its arguments are called so in the layer.
  absl::StatusOr<LayerCall> BindArguments(const c10::OperatorHandle& op,
                                          const Packer* packer) const {
    LayerCall call{op, {}};
    const auto& arguments = op.schema().arguments();
    call.arguments.reserve(arguments.size());
    for (size_t i = 0; i < arguments.size(); ++i) {
      const std::string& name = arguments[i].name();
      absl::StatusOr<LayerCall::Argument> bound =
          FindPackers(op.schema(), i).empty()
              ? BindArgument(
                    packer == nullptr
                        ? arguments[i]
                        : WithName(arguments[i], packer->LayerName(name)))
          : TakesObjectList(arguments[i]) ? BindPackedList(op.schema(), i)
                                          : BindPacked(op.schema(), i);
      if (!bound.ok()) return bound.status();
      call.arguments.push_back(*std::move(bound));
    }
    return call;
  }

  absl::StatusOr<LayerCall::Argument> BindPacked(
      const c10::FunctionSchema& schema, size_t argument) const {
    absl::Status status;
    for (const Packer& packer : FindPackers(schema, argument)) {
      absl::StatusOr<LayerCall> call = BindArguments(packer.op, &packer);
      if (call.ok() && packer.quantized != HasQuantizedWeight(*call)) {
        call = Refuse(c10::toString(packer.op.operator_name()), " takes ",
                      packer.quantized ? "" : "no ", "quantized weights");
      }
      if (call.ok()) {
        LayerCall::Argument bound;
        bound.packers = {std::make_shared<const LayerCall>(*std::move(call))};
        return bound;
      }
      status.Update(call.status());
    }
    return status;
  }

  // Each object from a layer that has one element of each list.
  absl::StatusOr<LayerCall::Argument> BindPackedList(
      const c10::FunctionSchema& schema, size_t argument) const {
    std::vector<std::string> names;
    for (const Packer& packer : FindPackers(schema, argument)) {
      for (const auto& inner : LayerArgumentsOf(packer.op.schema())) {
        names.push_back(LayerName(packer.LayerName(inner.name())));
      }
    }
    const auto is_packed = [&](const Slot& slot) {
      return slot.is_list && std::count(names.begin(), names.end(), slot.name);
    };
    LayerCall::Argument list;
    list.is_list = true;
    const Slot* weights = layer_.FindInput(names[0]);
    const size_t count = weights == nullptr ? 0 : weights->values.size();
    for (size_t i = 0; i < count; ++i) {
      Layer one = layer_;
      for (Slot& slot : one.inputs) {
        if (!is_packed(slot)) continue;
        if (slot.values.size() != count) {
          return Refuse("`", slot.name, "` has ", slot.values.size(),
                        " elements, `", names[0], "` ", count);
        }
        slot = Slot::One(slot.name, slot.values[i]);
      }
      absl::StatusOr<LayerCall::Argument> bound =
          Binder(graph_, one, kind_, binding_, convert_)
              .BindPacked(schema, argument);
      if (!bound.ok()) return bound.status();
      const auto element = [&](absl::string_view name) {
        const Slot* slot = layer_.FindInput(name);
        return slot != nullptr && is_packed(*slot) ? static_cast<int32_t>(i)
                                                   : -1;
      };
      list.packers.push_back(OfElement(*bound->packers[0], element));
    }
    return list;
  }

  template <typename Element>
  static std::shared_ptr<const LayerCall> OfElement(LayerCall call,
                                                    const Element& element) {
    for (LayerCall::Argument& argument : call.arguments) {
      if (!argument.layer_name.empty()) {
        argument.element = element(argument.layer_name);
      }
      for (auto& packer : argument.packers) {
        packer = OfElement(*packer, element);
      }
    }
    return std::make_shared<const LayerCall>(std::move(call));
  }

  // Whether the first argument is a quantised tensor of the layer, or packed of
  // one.
  bool HasQuantizedWeight(const LayerCall& call) const {
    const LayerCall::Argument& weight = call.arguments[0];
    if (!weight.packers.empty()) return HasQuantizedWeight(*weight.packers[0]);
    const ValueId value = layer_.Input(weight.layer_name);
    const TensorType* type =
        value == kAbsent ? nullptr : graph_.value(value).tensor();
    return type != nullptr && type->quantization.has_value();
  }

  absl::StatusOr<LayerCall::Argument> BindArgument(
      const c10::Argument& argument) const {
    const OperatorBinding::Argument* row = RowOf(argument.name());
    if (row != nullptr && row->use != Use::kRename) {
      return Constant(row->value, argument);
    }
    const std::string name = LayerName(argument.name());
    const Slot* slot = layer_.FindInput(name);
    const Attribute* attribute = layer_.FindAttribute(name);
    if (slot != nullptr && !IsAbsent(*slot)) {
      return BindInput(*slot, attribute, argument);
    }
    if (attribute == nullptr || attribute->is_none()) {
      // Operator layers say None where they mean it; a kind's argument that is
      // not given has its default.
      if (attribute != nullptr && binding_ == nullptr &&
          IsOptional(*argument.type())) {
        return LayerCall::Argument{};
      }
      attribute = KindDefault(name);
    }
    if (attribute != nullptr)
      return BindAttribute(name, *attribute, row, argument);
    return BindNothing(name, slot != nullptr, argument);
  }

  absl::StatusOr<LayerCall::Argument> BindInput(
      const Slot& slot, const Attribute* attribute,
      const c10::Argument& argument) const {
    bool takes_list;
    const c10::Type& element = ElementType(argument, &takes_list);
    const bool takes_tensors = element.kind() == c10::TypeKind::TensorType;
    if (slot.is_list != takes_list) {
      return Refuse("`", slot.name, "` is ",
                    slot.is_list ? "a list" : "no list", ", which ",
                    argument.real_type()->str(), " is",
                    slot.is_list ? " not" : "");
    }
    for (ValueId id : slot.values) {
      if (id == kAbsent) continue;
      const Value& value = graph_.value(id);
      if ((value.tensor() != nullptr) == takes_tensors) continue;
      // A number is wrapped into a tensor, a tensor of one element read.
      if (convert_ && (takes_tensors || value.tensor()->shape.empty())) {
        continue;
      }
      return Refuse("`", slot.name, "` is a ", value.TypeString(), ", not ",
                    argument.real_type()->str());
    }
    if (attribute != nullptr && attribute->AsList() != nullptr &&
        !HasNumber(slot)) {
      return BindAttribute(slot.name, *attribute, nullptr, argument);
    }
    return LayerCall::Argument{slot.name, {}, {}};
  }

  absl::StatusOr<LayerCall::Argument> BindAttribute(
      const std::string& name, const Attribute& attribute,
      const OperatorBinding::Argument* row,
      const c10::Argument& argument) const {
    if (row != nullptr && !row->names.empty()) {
      const std::string* word = attribute.AsString();
      const auto found = std::find_if(
          row->names.begin(), row->names.end(),
          [&](const std::string& n) { return word && n == *word; });
      if (found == row->names.end()) {
        return Refuse("`", name, "` may not be ", attribute.ToString());
      }
      return Constant(static_cast<int64_t>(found - row->names.begin()),
                      argument);
    }
    if (!HasComputedElements(attribute)) return Constant(attribute, argument);
    // Any number shows whether the argument takes one, or a list of them.
    const absl::Status fits =
        Constant(WithNumbers(attribute), argument).status();
    if (!fits.ok()) return fits;
    return LayerCall::Argument{name, {}, {}};
  }

  absl::StatusOr<LayerCall::Argument> BindNothing(
      const std::string& name, bool is_absent_input,
      const c10::Argument& argument) const {
    if (IsOptional(*argument.type()) && is_absent_input) {
      return LayerCall::Argument{};
    }
    if (argument.default_value().has_value()) {
      return LayerCall::Argument{"", *argument.default_value(), {}};
    }
    if (IsOptional(*argument.type())) return LayerCall::Argument{};
    if (is_absent_input) return LayerCall::Argument{"", at::Tensor(), {}};
    return Refuse("the layer has no `", name, "`");
  }

  const Graph& graph_;
  const Layer& layer_;
  const LayerKind* kind_;
  const OperatorBinding* binding_;
  const bool convert_;
};

}  // namespace

absl::StatusOr<LayerCall> FindLayerCall(const Graph& graph,
                                        const Layer& layer) {
  const LayerKind* kind = FindLayerKind(layer.kind);
  std::string reasons;
  // An operator that takes what there is goes before one that takes it only
  // when it is converted.
  for (const bool convert : {false, true}) {
    reasons.clear();
    const auto attempt = [&](absl::string_view op,
                             const OperatorBinding* binding) {
      absl::StatusOr<LayerCall> call =
          Binder(graph, layer, kind, binding, convert).Bind(op);
      if (!call.ok()) {
        absl::StrAppend(&reasons, reasons.empty() ? "" : "; ", op, ": ",
                        call.status().message());
      }
      return call;
    };
    if (kind == nullptr) {
      if (layer.target.empty()) break;
      if (auto call = attempt(layer.target, nullptr); call.ok()) return call;
      continue;
    }
    for (const OperatorBinding* binding : BindingsOfKind(layer.kind)) {
      if (auto call = attempt(binding->op, binding); call.ok()) return call;
    }
  }
  return absl::UnimplementedError(
      absl::StrCat("no operator runs this ", layer.kind,
                   reasons.empty() ? "" : absl::StrCat(" (", reasons, ")")));
}

}  // namespace flextorchir
