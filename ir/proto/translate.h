#ifndef FLEXTORCHIR_IR_PROTO_TRANSLATE_H_
#define FLEXTORCHIR_IR_PROTO_TRANSLATE_H_

#include <optional>

#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/graph_file.h"
#include "flextorchir/ir/proto/ir.pb.h"
#include "flextorchir/ir/weights_file.h"

namespace flextorchir {

// Between the IR and the messages of ir.proto; free functions, field by field.
// The data of weights is not their business.

// `message` is empty before.
void ModelToMessage(const Model& model,
                    const std::optional<WeightsFileRef>& weights_file,
                    proto::Model* message);

// `model` is empty before; it is of use only if `errors` is empty afterwards,
// and has not passed `Verify`.
void ModelFromMessage(const proto::Model& message, Model* model,
                      std::optional<WeightsFileRef>* weights_file,
                      FileErrors* errors);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_IR_PROTO_TRANSLATE_H_
