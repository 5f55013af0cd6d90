#ifndef FLEXTORCHIR_IR_GRAPH_FILE_H_
#define FLEXTORCHIR_IR_GRAPH_FILE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/serializer.h"
#include "flextorchir/ir/sink.h"
#include "flextorchir/ir/weights_file.h"

namespace flextorchir {

// What the formats of graph files have in common, so that the code of a format
// is its translation and nothing else: versions, the place of the weights, the
// codes of enumerations, and what must hold of a file that was read.

// The lowest format version that can express `model`: what a writer stamps.
int64_t LowestFormatVersion(const Model& model);

// Errors: kFailedPrecondition for a version that is newer than this reader,
// kDataLoss for one that never was.
absl::Status CheckVersions(int64_t format_version, int64_t layer_set_version);

// Sees to weights that are to lie outside the graph, and says what the graph
// file has to tell about them; nothing for weights in the graph file, and for a
// model that has none.
// Errors: those of `WriteSafetensors`.
absl::StatusOr<std::optional<WeightsFileRef>> PlaceWeights(
    const Model& model, absl::string_view stem, const SerializeOptions& options,
    Sink& sink);

// Errors: kInvalidArgument if some weights lack their data, as they do when a
// reader was asked to leave it out.
absl::Status CheckWeightsHaveData(const Model& model);

// Errors: kResourceExhausted if a graph file of `size` bytes is larger than its
// format can be.
absl::Status CheckFileSize(uint64_t size, uint64_t limit,
                           const SerializeOptions& options);

// The end of reading: gives `model` its weights, which are either in
// `weights_file` or, one for each of `model.weights`, in `inline_weights`, and
// checks the whole.
// Errors: kDataLoss for a model that does not pass `Verify` or whose weights
// are not there; those of `AttachSafetensors`.
absl::Status FinishReading(const FileSource& source,
                           const DeserializeOptions& options,
                           const std::optional<WeightsFileRef>& weights_file,
                           const std::vector<Bytes>& inline_weights,
                           Model* model);

// What is wrong with a file that is being translated, and where. Only the first
// complaint counts, so translators are plain functions that carry on.
class FileErrors {
 public:
  // Marks that the translator is in element `index` of `field` while it lives.
  class Scope {
   public:
    Scope(FileErrors* errors, const char* field, size_t index)
        : errors_(errors) {
      errors_->where_.push_back({field, index});
    }
    ~Scope() { errors_->where_.pop_back(); }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    FileErrors* errors_;
  };

  void Add(absl::string_view message);
  bool empty() const { return status_.ok(); }
  // kDataLoss: "graphs[0].layers[12]: no dtype has the code 99".
  const absl::Status& status() const { return status_; }

  // The enumerator of this code; `name` and `count` are the enumeration's.
  template <typename Enum>
  Enum FromCode(int64_t code, int64_t count, absl::string_view name) {
    if (code >= 0 && code < count) return static_cast<Enum>(code);
    AddUnknownCode(code, name);
    return static_cast<Enum>(0);
  }
  DType DTypeOfCode(int64_t code);
  // The parsed expression.
  Dim DimOfText(absl::string_view text);
  // Replaces dimensions of `dims` by an expression.
  void SetSymbolicDim(uint64_t position, absl::string_view expression,
                      std::vector<Dim>* dims);
  // The map's new element; a key that is there already is a complaint.
  template <typename Map>
  typename Map::mapped_type* Insert(std::string key, Map* map) {
    const auto [place, inserted] = map->try_emplace(std::move(key));
    if (!inserted) AddDuplicate(place->first);
    return &place->second;
  }

 private:
  struct Place {
    const char* field;
    size_t index;
  };

  void AddUnknownCode(int64_t code, absl::string_view name);
  void AddDuplicate(absl::string_view key);

  std::vector<Place> where_;
  absl::Status status_;
};

// The sizes of the enumerations of graph.h, whose enumerators are the codes in
// files.
inline constexpr int kNumScalarTypes = 5;
inline constexpr int kNumRoles = 3;
inline constexpr int kNumStructureKinds = 6;

}  // namespace flextorchir

#endif  // FLEXTORCHIR_IR_GRAPH_FILE_H_
