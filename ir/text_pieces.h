#ifndef FLEXTORCHIR_IR_TEXT_PIECES_H_
#define FLEXTORCHIR_IR_TEXT_PIECES_H_

#include <variant>

#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/text_cursor.h"
#include "flextorchir/ir/weights.h"

// The rules of the text form that stand for themselves: `type` and `structure`
// of docs/text-form.md. They say whether they could be read; `in` keeps the
// error.

namespace flextorchir {

bool ReadType(TextCursor& in, std::variant<TensorType, ScalarType>* type);
bool ReadStructure(TextCursor& in, Structure* structure);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_IR_TEXT_PIECES_H_
