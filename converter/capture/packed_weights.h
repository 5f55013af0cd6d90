#ifndef FLEXTORCHIR_CONVERTER_CAPTURE_PACKED_WEIGHTS_H_
#define FLEXTORCHIR_CONVERTER_CAPTURE_PACKED_WEIGHTS_H_

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "ATen/core/Tensor.h"
#include "ATen/core/function_schema.h"
#include "ATen/core/ivalue.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "flextorchir/converter/capture/graph_builder.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/torch_bridge/packed_arguments.h"

namespace flextorchir {

// What layers have in place of packed objects
// (torch_bridge/packed_arguments.h): weights of the model, one each however
// often the object is used, or the values that the model itself has packed.
class PackedWeights {
 public:
  explicit PackedWeights(GraphBuilder& builder);

  // The model has packed `arguments` (inputs and attributes, under the packer's
  // names) into `object`.
  void Add(const c10::IValue& object, Layer arguments);

  // Gives `layer` what stands for `object`, which is argument number `argument`
  // of its operator.
  // Errors: kUnimplemented if that is no object that can be unpacked.
  absl::Status Give(const c10::FunctionSchema& schema, size_t argument,
                    const c10::IValue& object, Layer* layer);

 private:
  // The names that one of the packer's tensors has in the model.
  std::vector<std::string> NamesOf(const void* object,
                                   absl::string_view argument) const;
  // What stands for the object, under the packer's names.
  absl::StatusOr<const Layer*> Find(const c10::FunctionSchema& schema,
                                    size_t argument, const c10::IValue& object);
  absl::Status Unpack(const Packer& packer, const void* id,
                      const std::vector<c10::IValue>& values, Layer* unpacked);
  absl::Status AddTensor(const Packer& packer, const void* id,
                         const c10::Argument& argument,
                         const at::Tensor& tensor, Layer* layer);

  GraphBuilder& builder_;
  std::map<const void*, std::vector<std::string>> names_;
  std::map<const void*, Layer> unpacked_;
};

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_CAPTURE_PACKED_WEIGHTS_H_
