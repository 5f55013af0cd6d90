#ifndef FLEXTORCHIR_IR_WEIGHTS_FILE_H_
#define FLEXTORCHIR_IR_WEIGHTS_FILE_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "flextorchir/ir/sink.h"
#include "flextorchir/ir/weights.h"

namespace flextorchir {

// Weights in the safetensors layout
// (https://github.com/huggingface/safetensors: 8 bytes of header length, a JSON
// header, then the tensors without holes). Any safetensors library reads what
// is written here, and files from elsewhere are read here. Tensors are sorted
// by element size, largest first, then by name, so that each is aligned to its
// element without padding between them.
//
// Types that safetensors cannot name are stored as U8 or I8 with one dimension
// more for the bytes of an element; the graph's type is authoritative.

// The type of a tensor of `type` as the file's header states it.
TensorType StoredType(const TensorType& type);

// What a graph file says about its weights file.
struct WeightsFileRef {
  std::string name;   // plain, relative to the graph file
  uint64_t size = 0;  // of the whole file, in bytes
  uint64_t hash = 0;  // XXH3-64 of the whole file
};

// Streams the tensors into a new file of the sink; nothing is copied.
// `metadata` becomes the header's "__metadata__".
// Errors: kInvalidArgument for names that clash or data of the wrong length.
absl::StatusOr<WeightsFileRef> WriteSafetensors(
    absl::Span<const Weights> weights, absl::string_view file_name,
    const std::map<std::string, std::string>& metadata, Sink& sink);

// The tensors of a file, in the order of their names, as views into `file`.
// Dtypes are those that the header names, and all have Role::kConstant.
// Every count, offset and length is checked before it is believed.
// Errors: kDataLoss, saying where; refused are overlapping or holey tensors,
// duplicate keys, headers over 100 MB, unknown dtypes.
absl::StatusOr<std::vector<Weights>> ReadSafetensors(const Bytes& file);

// Fills in `data` of all `weights` (names and types are the graph's) from the
// file `ref` beside the graph. Data that is not aligned for its element type is
// left where it is.
// Errors: kDataLoss if size, hash (when asked for) or a tensor does not match;
// kNotFound if there is no such file.
absl::Status AttachSafetensors(const FileSource& source,
                               const WeightsFileRef& ref, bool check_hash,
                               std::vector<Weights>* weights);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_IR_WEIGHTS_FILE_H_
