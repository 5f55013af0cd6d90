#include "flextorchir/converter/capture/functional_call.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ATen/core/dispatch/Dispatcher.h"
#include "ATen/ops/empty_strided.h"
#include "absl/strings/str_cat.h"
#include "flextorchir/converter/capture/tensor_table.h"
#include "flextorchir/torch_bridge/tensor.h"

namespace flextorchir {
namespace {

at::Tensor WithoutData(const TensorMeta& meta) {
  at::Tensor tensor = at::empty_strided(
      meta.sizes, meta.strides,
      at::TensorOptions().dtype(meta.dtype).device(c10::kMeta));
  if (meta.wrapped_number) {
    tensor.unsafeGetTensorImpl()->set_wrapped_number(true);
  }
  return tensor;
}

}  // namespace

bool TakesTensor(const c10::Type& type) {
  if (type.kind() == c10::TypeKind::TensorType) return true;
  if (const auto* optional = type.castRaw<c10::OptionalType>()) {
    return optional->getElementType()->kind() == c10::TypeKind::TensorType;
  }
  return false;
}

bool TakesTensorList(const c10::Type& type) {
  if (const auto* list = type.castRaw<c10::ListType>()) {
    return TakesTensor(*list->getElementType());
  }
  if (const auto* optional = type.castRaw<c10::OptionalType>()) {
    return TakesTensorList(*optional->getElementType());
  }
  return false;
}

std::string OutputName(const c10::FunctionSchema& schema, size_t index,
                       size_t count) {
  const std::string& name = schema.returns()[index].name();
  if (!name.empty()) return name;
  return count == 1 ? "output" : absl::StrCat("output_", index);
}

void RenameToTwin(const OperatorInfo& info, const FunctionalTwin& twin,
                  Layer& layer) {
  layer.kind = twin.name;
  layer.target = twin.name;
  std::vector<bool> taken(info.schema->arguments().size());
  for (int32_t argument : twin.arguments) taken[argument] = true;
  for (size_t i = 0; i < taken.size(); ++i) {
    if (taken[i]) continue;
    const std::string& name = info.schema->arguments()[i].name();
    layer.attributes.erase(name);
    for (auto slot = layer.inputs.begin(); slot != layer.inputs.end(); ++slot) {
      if (slot->name != name) continue;
      layer.inputs.erase(slot);
      break;
    }
  }
}

std::vector<DType> TwinResultDTypes(const Trace& trace,
                                    const OperatorCall& call,
                                    const FunctionalTwin& twin) {
  if (call.info->overwrites_self) return {};  // they take the target's
  const auto without_data = [&](const TensorUse& use) -> c10::IValue {
    if (use.tensor == kAbsent) return at::Tensor();
    return WithoutData(trace.metas[use.meta]);
  };
  Unobserved unobserved;
  std::vector<DType> dtypes;
  try {
    torch::jit::Stack stack;
    for (size_t i = 0; i < twin.arguments.size(); ++i) {
      const RecordedArgument& recorded =
          trace.arguments[call.first_argument + twin.arguments[i]];
      if (recorded.kind == RecordedArgument::Kind::kConstant) {
        stack.push_back(recorded.constant);
      } else if (recorded.kind == RecordedArgument::Kind::kTensor) {
        stack.push_back(without_data(trace.uses[recorded.first_use]));
      } else if (recorded.num_uses > 0) {
        c10::impl::GenericList list(
            twin.schema->arguments()[i].type()->containedType(0));
        for (int32_t u = 0; u < recorded.num_uses; ++u) {
          const TensorUse& use = trace.uses[recorded.first_use + u];
          list.push_back(use.tensor == kAbsent ? c10::IValue()
                                               : without_data(use));
        }
        stack.emplace_back(std::move(list));
      } else {
        return {};
      }
    }
    c10::Dispatcher::singleton()
        .findSchemaOrThrow(twin.schema->name().c_str(),
                           twin.schema->overload_name().c_str())
        .callBoxed(stack);
    for (const c10::IValue& result : stack) {
      if (result.isTensor()) {
        dtypes.push_back(*ToDType(result.toTensor().scalar_type()));
      } else {
        for (const at::Tensor& tensor : result.toTensorVector()) {
          dtypes.push_back(*ToDType(tensor.scalar_type()));
        }
      }
    }
  } catch (const std::exception&) {
    return {};  // depends on the data, or has no such kernel
  }
  return dtypes;
}

std::optional<ScalarType> ScalarTypeOf(const c10::IValue& value) {
  if (value.isBool()) return ScalarType::kBool;
  if (value.isInt()) return ScalarType::kInt;
  if (value.isDouble()) return ScalarType::kFloat;
  if (value.isComplexDouble()) return ScalarType::kComplex;
  if (value.isString()) return ScalarType::kString;
  return std::nullopt;
}

}  // namespace flextorchir
