#include "flextorchir/torch_bridge/packed_arguments.h"

#include <algorithm>
#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "ATen/core/class_type.h"
#include "ATen/core/function.h"
#include "ATen/core/ivalue.h"
#include "ATen/core/jit_type.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "flextorchir/torch_bridge/error_message.h"
#include "flextorchir/torch_bridge/operator_call.h"

namespace flextorchir {
namespace {

// How objects are packed, and read again.
struct PackerRow {
  // The operators that take the object begin like this.
  absl::string_view users;
  absl::string_view packer;
  bool quantized;
  // The operator that returns the packer's tensors. For cells of recurrent
  // layers the word by which their state begins.
  absl::string_view unpacker;
  // With the name of one of the packer's other arguments behind it: the
  // operator that tells it.
  absl::string_view getters = "";
};
constexpr PackerRow kRows[] = {
    {"quantized::conv1d", "quantized::conv1d_prepack", true,
     "quantized::conv1d_unpack", "quantized::conv2d_"},
    {"quantized::conv2d", "quantized::conv2d_prepack", true,
     "quantized::conv2d_unpack", "quantized::conv2d_"},
    {"quantized::conv3d", "quantized::conv3d_prepack", true,
     "quantized::conv3d_unpack", "quantized::conv3d_"},
    {"quantized::conv_transpose1d", "quantized::conv_transpose1d_prepack", true,
     "quantized::conv_transpose1d_unpack", "quantized::conv_transpose2d_"},
    {"quantized::conv_transpose2d", "quantized::conv_transpose2d_prepack", true,
     "quantized::conv_transpose2d_unpack", "quantized::conv_transpose2d_"},
    {"quantized::conv_transpose3d", "quantized::conv_transpose3d_prepack", true,
     "quantized::conv_transpose3d_unpack", "quantized::conv_transpose3d_"},
    {"quantized::linear", "quantized::linear_prepack", true,
     "quantized::linear_unpack"},
    {"quantized::linear", "quantized::linear_prepack_fp16", false,
     "quantized::linear_unpack_fp16"},
    {"quantized::embedding", "quantized::embedding_bag_prepack", true,
     "quantized::embedding_bag_unpack"},
    // Single steps of recurrent layers.
    {"quantized::quantized_", "quantized::linear_prepack", true,
     "quantized::linear_unpack"},
    {"quantized::quantized_", "quantized::linear_prepack_fp16", false,
     "quantized::linear_unpack_fp16"},
    // Recurrent layers take a list of cells, which hold packed weights.
    {"aten::quantized_", "quantized::make_quantized_cell_params_dynamic", true,
     "quantized_dynamic"},
    {"aten::quantized_", "quantized::make_quantized_cell_params_fp16", false,
     "quantized_fp16"},
    {"quantized::make_quantized_cell_params_dynamic",
     "quantized::linear_prepack", true, "quantized::linear_unpack"},
    {"quantized::make_quantized_cell_params_fp16",
     "quantized::linear_prepack_fp16", false, "quantized::linear_unpack_fp16"},
};

absl::Status Refuse(const Packer& packer, absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat(c10::toString(packer.op.operator_name()), " ", what));
}

bool IsObject(const c10::Argument& argument) {
  return argument.type()->kind() == c10::TypeKind::ClassType ||
         TakesObjectList(argument);
}

// A list of what the argument takes, if that is tensors.
c10::Argument ListOf(const c10::Argument& argument) {
  const auto of_tensors = [](const c10::TypePtr& type) {
    return type->isSubtypeOf(*c10::OptionalType::ofTensor());
  };
  if (!of_tensors(argument.type())) return argument;
  return c10::Argument(argument.name(), c10::ListType::create(argument.type()));
}

// The state of a recurrent layer's cell: a word, tensors, floats, integers,
// packed weights.
absl::StatusOr<std::vector<c10::IValue>> UnpackCell(absl::string_view word,
                                                    const Packer& packer,
                                                    const c10::IValue& object) {
  std::vector<c10::IValue> values;
  try {
    const torch::jit::Function& get_state =
        object.toObjectRef().type()->getMethod("__getstate__");
    const c10::IValue state =
        const_cast<torch::jit::Function&>(get_state)({object});
    const auto& parts = state.toTupleRef().elements();
    if (parts.size() != 5 ||
        parts[0].toStringRef() != std::string(word.data(), word.size())) {
      return Refuse(packer, absl::StrCat("makes another sort of cell than ",
                                         parts[0].toStringRef()));
    }
    size_t tensors = 0, flags = 0, objects = 0;
    for (const c10::Argument& argument : packer.op.schema().arguments()) {
      if (IsObject(argument)) {
        values.push_back(parts[4].toListRef().at(objects++));
      } else if (argument.type()->kind() == c10::TypeKind::BoolType) {
        values.emplace_back(parts[3].toListRef().at(flags++).toInt() != 0);
      } else {
        values.push_back(parts[1].toListRef().at(tensors++));
      }
    }
    return values;
  } catch (const std::exception& error) {
    return Refuse(packer,
                  absl::StrCat("makes no such object: ", ErrorMessage(error)));
  }
}

absl::StatusOr<std::vector<c10::IValue>> Ask(absl::string_view op,
                                             const c10::IValue& object) {
  const std::optional<c10::OperatorHandle> handle = FindOperator(op);
  if (!handle.has_value()) {
    return absl::UnimplementedError(absl::StrCat("there is no operator ", op));
  }
  return CallOperator(*handle, {object});
}

// The operators of one dimension keep two: what they were given stands behind.
c10::IValue Last(const c10::IValue& value) {
  c10::List<int64_t> list;
  list.push_back(value.toIntVector().back());
  return list;
}

}  // namespace

std::string Packer::LayerName(const std::string& argument) const {
  if (suffix.empty()) return argument;
  if (argument == "W") return "weight" + suffix;
  return argument == "B" ? bias : argument + suffix;
}

bool TakesObjectList(const c10::Argument& argument) {
  const auto* list = argument.type()->castRaw<c10::ListType>();
  return list != nullptr &&
         list->getElementType()->kind() == c10::TypeKind::ClassType;
}

std::vector<Packer> FindPackers(const c10::FunctionSchema& schema,
                                size_t argument) {
  std::vector<Packer> packers;
  if (!IsObject(schema.arguments()[argument])) return packers;
  // "w_ih": the weights are `weight_ih`.
  absl::string_view suffix = schema.arguments()[argument].name();
  if (!absl::ConsumePrefix(&suffix, "w") || !absl::StartsWith(suffix, "_")) {
    suffix = "";
  }
  // Some operators take the packed bias besides, as `b_ih`: it is the same.
  std::string bias = absl::StrCat("b", suffix);
  if (!schema.argumentIndexWithName(bias).has_value()) {
    bias = absl::StrCat("bias", suffix);
  }
  for (const PackerRow& row : kRows) {
    if (!absl::StartsWith(schema.name(), row.users)) continue;
    const auto op = FindOperator(row.packer);
    if (!op.has_value()) continue;
    packers.push_back({*op, std::string(suffix), bias, row.quantized});
  }
  return packers;
}

bool IsPacker(const c10::FunctionSchema& schema) {
  return std::any_of(
      std::begin(kRows), std::end(kRows),
      [&](const PackerRow& row) { return row.packer == schema.name(); });
}

c10::Argument WithName(const c10::Argument& argument, std::string name) {
  if (name == argument.name()) return argument;
  return c10::Argument(std::move(name), argument.type(), argument.real_type(),
                       argument.N(), argument.default_value(),
                       argument.kwarg_only());
}

std::vector<c10::Argument> LayerArgumentsOf(const c10::FunctionSchema& schema) {
  if (std::none_of(schema.arguments().begin(), schema.arguments().end(),
                   IsObject)) {
    return schema.arguments();
  }
  std::vector<c10::Argument> arguments;
  const auto add = [&](const c10::Argument& argument) {
    for (const c10::Argument& known : arguments) {
      if (known.name() == argument.name()) return;
    }
    arguments.push_back(argument);
  };
  for (size_t i = 0; i < schema.arguments().size(); ++i) {
    const c10::Argument& argument = schema.arguments()[i];
    const std::vector<Packer> packers = FindPackers(schema, i);
    if (packers.empty()) add(argument);
    for (const Packer& packer : packers) {
      for (const c10::Argument& inner : LayerArgumentsOf(packer.op.schema())) {
        const c10::Argument named =
            WithName(inner, packer.LayerName(inner.name()));
        add(TakesObjectList(argument) ? ListOf(named) : named);
      }
    }
  }
  return arguments;
}

const void* ObjectId(const c10::IValue& value) {
  if (!value.isObject()) return nullptr;
  const c10::ivalue::Object& object = value.toObjectRef();
  if (object.slots().size() != 1 || !object.getSlot(0).isCapsule()) {
    return nullptr;
  }
  return object.getSlot(0).toCapsule().get();
}

absl::StatusOr<std::vector<c10::IValue>> Unpack(const Packer& packer,
                                                const c10::IValue& object) {
  const c10::FunctionSchema& schema = packer.op.schema();
  const auto row = std::find_if(
      std::begin(kRows), std::end(kRows),
      [&](const PackerRow& one) { return one.packer == schema.name(); });
  if (row == std::end(kRows)) return Refuse(packer, "packs nothing");
  if (!absl::StrContains(row->unpacker, "::")) {
    return UnpackCell(row->unpacker, packer, object);
  }
  absl::StatusOr<std::vector<c10::IValue>> tensors = Ask(row->unpacker, object);
  if (!tensors.ok()) return tensors.status();
  if (!(*tensors)[0].isTensor() || !(*tensors)[0].toTensor().defined()) {
    return Refuse(packer, "packs a weight, and the object has none");
  }
  if ((*tensors)[0].toTensor().is_quantized() != row->quantized) {
    return Refuse(packer, row->quantized ? "packs quantised weights only"
                                         : "packs no quantised weights");
  }
  std::vector<c10::IValue> values;
  for (const c10::Argument& argument : schema.arguments()) {
    if (values.size() < tensors->size()) {  // they come first
      values.push_back((*tensors)[values.size()]);
      continue;
    }
    absl::StatusOr<std::vector<c10::IValue>> value =
        Ask(absl::StrCat(row->getters, argument.name()), object);
    if (!value.ok()) return value.status();
    const bool is_1d = absl::StrContains(row->packer, "1d_");
    values.push_back(is_1d && value->at(0).isIntList() ? Last(value->at(0))
                                                       : value->at(0));
  }
  return values;
}

}  // namespace flextorchir
