#ifndef FLEXTORCHIR_CONVERTER_CAPTURE_STORAGE_VERSIONS_H_
#define FLEXTORCHIR_CONVERTER_CAPTURE_STORAGE_VERSIONS_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "flextorchir/converter/capture/geometry.h"
#include "flextorchir/converter/capture/graph_builder.h"
#include "flextorchir/converter/capture/trace.h"
#include "flextorchir/ir/graph.h"

namespace flextorchir {

using RecordId = int32_t;

// Which value of the graph holds the content of each tensor: values are
// versions of storage (see `Functionalize`).
//
// Each piece of memory that was allocated has a root record, and each tensor
// over it a record that is a view of another, up to the root. A write gives the
// written record a new value, which is scattered up to the root, and is noted
// in the root's log. A record is stale if the log has a write that touches it
// and is newer than its value; it is made anew when it is next read, from its
// parent.
//
// Where the layer that made a view is known and makes nothing else it is
// repeated; otherwise the view is what its geometry says.
class StorageVersions {
 public:
  // Makes the records of everything that was there before the run.
  explicit StorageVersions(GraphBuilder& builder);

  // The record of a tensor as it is used here. Makes it if nobody has, or if
  // the tensor is not what it was (`x.data = y`).
  RecordId RecordOf(TensorUse use);
  // The value that holds the record's content now.
  ValueId Read(RecordId id);
  ValueId Read(TensorUse use) {
    return use.tensor == kAbsent ? kAbsent : Read(RecordOf(use));
  }
  // Whether anything is known about this memory.
  bool Knows(MetaId id) const { return FindBase(id) != kAbsent; }
  // Whether the tensor has a record.
  bool HasRecord(TensorId tensor) const {
    return record_of_tensor_[tensor] != kAbsent;
  }
  MetaId meta_of(RecordId id) const { return records_[id].meta; }

  // A new piece of memory with this content.
  RecordId NewRoot(TensorUse use, ValueId value);
  // The same, in the place of what was there: an out= argument was resized.
  RecordId ReplaceRoot(TensorUse use, RecordId old);
  // A view of `parent` with this content, made by layer number `layer` (or
  // kAbsent) from `inputs`: the records in the same memory that it reads, with
  // the values that it read.
  RecordId NewView(TensorUse use, RecordId parent, ValueId value, int32_t layer,
                   std::vector<std::pair<ValueId, RecordId>> inputs);
  // The record has this value too (an operator returned its argument).
  void Rename(RecordId id, ValueId value) { records_[id].value = value; }

  // The record's content is this value from here on.
  void Write(RecordId id, ValueId value);

  // For the end: the record of a row of Trace::externals, whether it was
  // written, and the value of what it held before the run (kAbsent if nobody
  // needed it so far).
  RecordId RecordOfExternal(int32_t external) const {
    return record_of_external_[external];
  }
  bool Written(RecordId id) const { return WrittenSince(id, 0); }
  ValueId ExternalValue(int32_t external);
  ValueId external_value(int32_t external) const {
    return external_values_[external];
  }

 private:
  static constexpr int64_t kNever = -1;

  struct Record {
    RecordId parent = kAbsent;  // kAbsent: it is the root
    RecordId root = kAbsent;
    MetaId meta = kAbsent;
    ValueId value = kAbsent;  // kAbsent: not made so far
    int64_t version = 0;      // the root's, when `value` was its content
    int32_t external = kAbsent;
    int32_t layer = kAbsent;  // that made the view, as number in the graph
    ValueId layer_result = kAbsent;
    std::vector<std::pair<ValueId, RecordId>> layer_inputs;
    // Of a root: what was written, by version; and whether another root that
    // overlaps it has been written.
    std::vector<Extent> writes;
    bool lost = false;
  };

  const TensorMeta& meta(RecordId id) const {
    return builder_.meta(records_[id].meta);
  }
  int64_t version(RecordId id) const {
    return static_cast<int64_t>(records_[records_[id].root].writes.size());
  }
  bool WrittenSince(RecordId id, int64_t version) const;
  // A record that this is a view of, preferably a root.
  RecordId FindBase(MetaId id) const;
  bool OverlapsSome(MetaId id) const;
  ValueId RepeatView(RecordId id);
  ValueId ViewByGeometry(RecordId id);
  // `before` (the content of `base`) with `part` where `view` lies in it.
  ValueId Scatter(ValueId before, RecordId base, ValueId part, RecordId view,
                  const ViewRelation& relation);
  ValueId ElementIndex(const TensorMeta& base, const TensorMeta& view);
  void WarnLost(RecordId id);

  GraphBuilder& builder_;
  std::vector<Record> records_;
  std::vector<RecordId> record_of_tensor_;
  std::vector<RecordId> record_of_external_;
  std::vector<ValueId> external_values_;
  std::vector<std::vector<RecordId>> roots_of_storage_;
  std::vector<std::vector<RecordId>> views_of_storage_;
};

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_CAPTURE_STORAGE_VERSIONS_H_
