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

// A tensor like the recorded one. On the meta device it has no data.
at::Tensor StandIn(const TensorMeta& meta, c10::Device device) {
  at::Tensor tensor =
      at::empty_strided(meta.sizes, meta.strides,
                        at::TensorOptions().dtype(meta.dtype).device(device));
  if (!device.is_meta()) tensor.zero_();
  if (meta.wrapped_number) {
    tensor.unsafeGetTensorImpl()->set_wrapped_number(true);
  }
  return tensor;
}

// Runs the twin on stand-ins; throws what it throws.
std::vector<DType> RunTwin(const Trace& trace, const OperatorCall& call,
                           const FunctionalTwin& twin, c10::Device device) {
  const auto stand_in = [&](int32_t index) -> c10::IValue {
    const TensorUse& use = trace.uses[index];
    if (use.tensor == kAbsent) return c10::IValue();
    return StandIn(trace.metas[use.meta], device);
  };
  torch::jit::Stack stack;
  for (size_t i = 0; i < twin.arguments.size(); ++i) {
    const RecordedArgument& recorded =
        trace.arguments[call.first_argument + twin.arguments[i]];
    switch (recorded.kind) {
      case RecordedArgument::Kind::kConstant:
        stack.push_back(recorded.constant);
        break;
      case RecordedArgument::Kind::kTensor:
        stack.push_back(stand_in(recorded.first_use));
        break;
      case RecordedArgument::Kind::kTensorList: {
        c10::impl::GenericList list(
            twin.schema->arguments()[i].type()->containedType(0));
        for (int32_t u = 0; u < recorded.num_uses; ++u) {
          list.push_back(stand_in(recorded.first_use + u));
        }
        stack.emplace_back(std::move(list));
        break;
      }
    }
  }
  c10::Dispatcher::singleton()
      .findSchemaOrThrow(twin.schema->name().c_str(),
                         twin.schema->overload_name().c_str())
      .callBoxed(stack);
  std::vector<DType> dtypes;
  for (const c10::IValue& result : stack) {
    if (result.isTensor()) {
      dtypes.push_back(*ToDType(result.toTensor().scalar_type()));
    } else {
      for (const at::Tensor& tensor : result.toTensorVector()) {
        dtypes.push_back(*ToDType(tensor.scalar_type()));
      }
    }
  }
  return dtypes;
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
  // They take the dtype of their target, and may draw random numbers.
  if (call.info->overwrites_self || call.info->random) return {};
  Unobserved unobserved;
  // Not every operator runs without data.
  for (const c10::DeviceType device : {c10::kMeta, c10::kCPU}) {
    try {
      return RunTwin(trace, call, twin, device);
    } catch (const std::exception&) {
      continue;
    }
  }
  return {};
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
