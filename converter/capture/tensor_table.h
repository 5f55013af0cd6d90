#ifndef FLEXTORCHIR_CONVERTER_CAPTURE_TENSOR_TABLE_H_
#define FLEXTORCHIR_CONVERTER_CAPTURE_TENSOR_TABLE_H_

#include <cstddef>
#include <vector>

#include "ATen/core/Tensor.h"
#include "ATen/record_function.h"
#include "absl/container/flat_hash_map.h"
#include "c10/core/GradMode.h"
#include "c10/core/StorageImpl.h"
#include "c10/core/TensorImpl.h"
#include "c10/core/impl/LocalDispatchKeySet.h"
#include "c10/util/intrusive_ptr.h"
#include "flextorchir/converter/capture/trace.h"

namespace flextorchir {

// While one is alive, operators of this thread are nobody's business but ours:
// they are not recorded, not differentiated, and no mode or transform of the
// model's (autocast, vmap, __torch_dispatch__) sees them.
class Unobserved {
 public:
  Unobserved();

 private:
  at::RecordFunctionGuard do_not_record_{/*is_enabled=*/false};
  c10::AutoGradMode no_grad_{false};
  c10::impl::ExcludeDispatchKeyGuard no_modes_;
};

// A copy with the same strides, in memory of its own.
at::Tensor CopyOf(const at::Tensor& tensor);

// Which number every tensor and every storage has in a trace, and what has to
// be put back after the run. Fills the `metas` and `externals` of the trace.
//
// Objects are told apart by address; weak references keep an address from being
// used again. Memory is shared behind torch's back too (from_numpy(x.numpy())),
// so that memory nobody made is first looked for in the live storages.
// Not synchronised.
class TensorTable {
 public:
  explicit TensorTable(Trace* trace);

  // A parameter, a buffer or an input, before recording: its row, which is made
  // if need be.
  ExternalTensor& External(const at::Tensor& tensor);

  // A tensor as an argument of a call, before it runs. `overwritten`: the call
  // gives all of it new content and does not look at the old. Inline: most
  // tensors were used before and are what they were.
  TensorUse Argument(const at::Tensor& tensor, bool overwritten) {
    if (!tensor.defined()) return {};
    bool changed = false;
    const TensorUse use = Use(tensor, kUnseen, &changed);
    if (unfilled_ > 0) TakeFilled(use, overwritten);
    if (changed) Discover(tensor, use);
    return use;
  }
  // A tensor as a result, after the call. `trusted`: the operator does not
  // return memory of its arguments under a storage of its own.
  TensorUse Result(const at::Tensor& tensor, bool trusted) {
    if (!tensor.defined()) return {};
    bool changed = false;
    return Use(tensor, trusted ? kMade : kMadeSomehow, &changed);
  }
  // The result of aten::empty: zeroed here, so that what its bytes are when
  // they are first read tells whether somebody has filled them unseen.
  void SetUnfilled(const at::Tensor& tensor, TensorUse use);

  // To be called before a tensor is written: keeps what was there before.
  void BeforeWrite(const at::Tensor& tensor);
  // A write that was noticed afterwards. False if it destroyed what was there.
  bool AfterWrite(TensorUse use);

  // Notes what the run left of the tensors that were there before it.
  void NoteWhatIsLeft();
  // The content of a tensor that the model returned: a copy if PutBack will
  // change it.
  at::Tensor ContentToKeep(const at::Tensor& tensor) const;
  // Gives everything that was there before the run its content, its memory and
  // its geometry back.
  void PutBack();

  int32_t num_tensors() const { return static_cast<int32_t>(tensors_.size()); }
  int32_t num_storages() const {
    return static_cast<int32_t>(storages_.size());
  }

 private:
  struct KnownTensor {
    c10::weak_intrusive_ptr<c10::TensorImpl> weak;
    MetaId meta = kAbsent;  // the last one
    const c10::StorageImpl* storage = nullptr;
    int64_t offset = 0;  // in `storage`
  };
  struct KnownStorage {
    c10::weak_intrusive_ptr<c10::StorageImpl> weak;
    // Where it lies in the storage that has its number.
    StorageId number = kAbsent;
    int64_t byte_offset = 0;
    const char* begin = nullptr;
    size_t bytes = 0;
    bool external = false;           // no recorded operator made it
    std::vector<int32_t> externals;  // the rows that lie in it, if it is
    at::Tensor saved;                // its bytes before the first write
    bool unfilled = false;
    TensorUse allocated;  // if unfilled
  };
  // A tensor that was there before the run, and what it was then.
  struct Original {
    int32_t external;
    at::Tensor tensor;
    at::Tensor was;  // the geometry; undefined if it is not strided
  };

  // Where memory comes from that is seen for the first time.
  enum Origin { kUnseen, kMade, kMadeSomehow };

  TensorUse Use(const at::Tensor& tensor, Origin origin, bool* changed);
  TensorUse NewMeta(const at::Tensor& tensor, TensorId id, Origin origin);
  const KnownStorage& StorageOf(const at::Tensor& tensor, Origin origin);
  void Discover(const at::Tensor& tensor, TensorUse use);
  void TakeFilled(TensorUse use, bool overwritten);
  int32_t AddExternal(TensorUse use, const at::Tensor& tensor);
  void Save(KnownStorage& storage);

  Trace* trace_;
  absl::flat_hash_map<const c10::TensorImpl*, TensorId> tensor_ids_;
  std::vector<KnownTensor> tensors_;
  absl::flat_hash_map<const c10::StorageImpl*, int32_t> storage_ids_;
  std::vector<KnownStorage> storages_;
  std::vector<Original> originals_;
  absl::flat_hash_map<const c10::TensorImpl*, int32_t> original_of_;
  int unfilled_ = 0;  // storages
};

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_CAPTURE_TENSOR_TABLE_H_
