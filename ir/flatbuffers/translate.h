#ifndef FLEXTORCHIR_IR_FLATBUFFERS_TRANSLATE_H_
#define FLEXTORCHIR_IR_FLATBUFFERS_TRANSLATE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "flatbuffers/flatbuffer_builder.h"
#include "flextorchir/ir/flatbuffers/ir_generated.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/graph_file.h"
#include "flextorchir/ir/weights_file.h"

namespace flextorchir {

// Between the IR and the tables of ir.fbs; free functions, field by field.

// The file is as large as the library's offsets reach.
inline constexpr uint64_t kMaxFlatBufferSize = FLATBUFFERS_MAX_BUFFER_SIZE;

// Builds the whole file in `builder`, which is empty before; with the data of
// weights if `with_data`. False if the file would be too large; the builder is
// of no use then.
bool ModelToFlatBuffer(const Model& model,
                       const std::optional<WeightsFileRef>& weights_file,
                       bool with_data, flatbuffers::FlatBufferBuilder* builder);

// `root` has passed the library's verifier and lies in a file of `file_size`
// bytes. `model` is empty before; it is of use only if `errors` is empty
// afterwards, and has not passed `Verify`. `inline_weights` become views, kept
// alive by `owner`, of the data in the file: one for each of the weights if any
// has data.
void ModelFromFlatBuffer(const fbs::Model& root, size_t file_size,
                         const std::shared_ptr<const void>& owner, Model* model,
                         std::optional<WeightsFileRef>* weights_file,
                         std::vector<Bytes>* inline_weights,
                         FileErrors* errors);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_IR_FLATBUFFERS_TRANSLATE_H_
