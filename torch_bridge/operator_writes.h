#ifndef FLEXTORCHIR_TORCH_BRIDGE_OPERATOR_WRITES_H_
#define FLEXTORCHIR_TORCH_BRIDGE_OPERATOR_WRITES_H_

#include <cstdint>
#include <vector>

#include "ATen/core/function_schema.h"

namespace flextorchir {

// The arguments that an operator writes to, by number.
struct OperatorWrites {
  std::vector<int32_t> marked;  // by the schema: `Tensor(a!)`, `Tensor(a!)[]`
  // What the schema keeps silent about: running statistics are written if the
  // boolean argument number `silent_flag` is true (batch norm in training
  // mode). -1 and empty for other operators.
  int32_t silent_flag = -1;
  std::vector<int32_t> silent;
};

OperatorWrites FindOperatorWrites(const c10::FunctionSchema& schema);

// Whether the schema marks this argument, or this result, as written.
bool IsWritten(const c10::Argument& argument);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_TORCH_BRIDGE_OPERATOR_WRITES_H_
