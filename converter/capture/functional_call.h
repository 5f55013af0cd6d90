#ifndef FLEXTORCHIR_CONVERTER_CAPTURE_FUNCTIONAL_CALL_H_
#define FLEXTORCHIR_CONVERTER_CAPTURE_FUNCTIONAL_CALL_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ATen/core/function_schema.h"
#include "ATen/core/ivalue.h"
#include "ATen/core/jit_type.h"
#include "flextorchir/converter/capture/operator_info.h"
#include "flextorchir/converter/capture/trace.h"
#include "flextorchir/ir/graph.h"

namespace flextorchir {

// How one recorded call becomes an operator layer without mutation.

// Whether an argument of this type is a tensor or a list of tensors, so that
// None means "absent".
bool TakesTensor(const c10::Type& type);
bool TakesTensorList(const c10::Type& type);

// The name of result number `index` of `count`: the schema's own, else "output"
// or "output_N".
std::string OutputName(const c10::FunctionSchema& schema, size_t index,
                       size_t count);

// Turns a layer that has the arguments of `info` into one of its twin.
void RenameToTwin(const OperatorInfo& info, const FunctionalTwin& twin,
                  Layer& layer);

// The dtypes of the results of the twin, tensor lists flattened. They may
// differ from those of what the call wrote to: an in-place operator casts back
// to the dtype of its target. Found by running the twin on tensors without
// data; empty where that is not possible.
std::vector<DType> TwinResultDTypes(const Trace& trace,
                                    const OperatorCall& call,
                                    const FunctionalTwin& twin);

// The type of a result that is no tensor; nothing for None and for what the IR
// has no type for.
std::optional<ScalarType> ScalarTypeOf(const c10::IValue& value);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_CAPTURE_FUNCTIONAL_CALL_H_
