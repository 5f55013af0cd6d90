#ifndef FLEXTORCHIR_TORCH_BRIDGE_PACKED_ARGUMENTS_H_
#define FLEXTORCHIR_TORCH_BRIDGE_PACKED_ARGUMENTS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "ATen/core/dispatch/Dispatcher.h"
#include "ATen/core/function_schema.h"
#include "ATen/core/ivalue.h"
#include "absl/status/statusor.h"

namespace flextorchir {

// The operators of quantised layers take their weights as an object of torch's
// own (`torch.classes.quantized.Conv2dPackedParamsBase`), in which they are
// packed for one sort of processor. The IR has no objects. In place of such an
// argument a layer has the arguments of the operator that packs it, under their
// own names: those of `quantized::conv2d_prepack` are weight, bias, stride,
// padding, dilation and groups. Of an argument `w_ih`, one of several, they are
// `weight_ih` and `bias_ih`. Objects may be made of objects (the cells of
// quantised recurrent layers). In place of a list of objects stand lists: the
// weights of each, the biases of each.

// An operator that packs.
struct Packer {
  c10::OperatorHandle op;
  // Where the operator takes several objects: what the names in the layer end
  // in ("_ih"), and the name of the bias.
  std::string suffix;
  std::string bias;
  bool quantized = true;  // whether the weights that it packs are

  // The name in the layer of what the operator calls `argument`.
  std::string LayerName(const std::string& argument) const;
};

// Whether an argument takes a list of objects.
bool TakesObjectList(const c10::Argument& argument);

// The operators that make what argument number `argument` takes (each element,
// of a list); none if that is no packed object, or one that cannot be unpacked.
// Several differ in `quantized`.
std::vector<Packer> FindPackers(const c10::FunctionSchema& schema,
                                size_t argument);

// Whether the operator packs: it returns an object for others to take.
bool IsPacker(const c10::FunctionSchema& schema);

// `argument` under another name.
c10::Argument WithName(const c10::Argument& argument, std::string name);

// The arguments of an operator as a layer has them: each once, in order.
std::vector<c10::Argument> LayerArgumentsOf(const c10::FunctionSchema& schema);

// What tells a packed object, or any other of torch's own, from others; null
// for other values.
const void* ObjectId(const c10::IValue& value);

// The arguments that `packer` would make the object from, in order: objects
// too, where it takes some.
// Errors: kInvalidArgument if it would not: its weights are not (or are)
// quantised, or torch has freed them.
absl::StatusOr<std::vector<c10::IValue>> Unpack(const Packer& packer,
                                                const c10::IValue& object);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_TORCH_BRIDGE_PACKED_ARGUMENTS_H_
