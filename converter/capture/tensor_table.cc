#include "flextorchir/converter/capture/tensor_table.h"

#include <cstring>
#include <exception>
#include <memory>
#include <utility>
#include <vector>

#include "ATen/Functions.h"
#include "c10/core/DispatchKeySet.h"
#include "c10/core/Storage.h"
#include "flextorchir/converter/capture/geometry.h"
#include "flextorchir/torch_bridge/tensor.h"

namespace flextorchir {
namespace {

constexpr c10::DispatchKeySet kModeKeys({
    c10::DispatchKey::FuncTorchDynamicLayerFrontMode,
    c10::DispatchKey::FuncTorchDynamicLayerBackMode,
    c10::DispatchKey::FuncTorchVmapMode,
    c10::DispatchKey::Python,
    c10::DispatchKey::PythonTLSSnapshot,
    c10::DispatchKey::PythonDispatcher,
    c10::DispatchKey::AutocastCPU,
    c10::DispatchKey::Functionalize,
});

bool IsStrided(const at::Tensor& tensor) {
  return tensor.layout() == c10::kStrided && !tensor.is_nested() &&
         tensor.has_storage();
}

// All bytes of a storage, as a tensor over it.
at::Tensor BytesOf(const c10::Storage& storage) {
  return at::empty({0}, at::TensorOptions()
                            .dtype(c10::ScalarType::Byte)
                            .device(storage.device()))
      .set_(storage, 0, {static_cast<int64_t>(storage.nbytes())}, {1});
}

// The same memory in the same geometry, whatever becomes of `tensor`.
at::Tensor ShallowCopyOf(const at::Tensor& tensor) {
  return at::Tensor(tensor.unsafeGetTensorImpl()->shallow_copy_and_detach(
      c10::VariableVersion(0), /*allow_tensor_metadata_change=*/true));
}

// `tensor` as it would be if its memory were `storage`.
at::Tensor OverStorage(const at::Tensor& tensor, const c10::Storage& storage) {
  at::Tensor copy = ShallowCopyOf(tensor);
  copy.unsafeGetTensorImpl()->set_storage_keep_dtype(storage);
  return copy;
}

bool AllZero(const c10::StorageImpl& storage) {
  const char* data = static_cast<const char*>(storage.data());
  const size_t bytes = storage.nbytes();
  return bytes == 0 ||
         (data[0] == 0 && std::memcmp(data, data + 1, bytes - 1) == 0);
}

bool SameGeometry(const at::Tensor& a, const at::Tensor& b) {
  return a.storage().is_alias_of(b.storage()) &&
         a.storage_offset() == b.storage_offset() && a.dtype() == b.dtype() &&
         a.sizes() == b.sizes() && a.strides() == b.strides() &&
         a.is_conj() == b.is_conj();
}

}  // namespace

Unobserved::Unobserved() : no_modes_(kModeKeys) {}

at::Tensor CopyOf(const at::Tensor& tensor) {
  Unobserved unobserved;
  if (!IsStrided(tensor) || tensor.is_non_overlapping_and_dense()) {
    return tensor.detach().clone();
  }
  return OverStorage(tensor, BytesOf(tensor.storage()).clone().storage());
}

TensorTable::TensorTable(Trace* trace) : trace_(trace) {
  constexpr size_t kTensors = 1024;  // no model is much smaller
  trace_->metas.reserve(kTensors);
  tensors_.reserve(kTensors);
  storages_.reserve(kTensors);
  tensor_ids_.reserve(kTensors);
  storage_ids_.reserve(kTensors);
}

TensorUse TensorTable::Use(const at::Tensor& tensor, Origin origin,
                           bool* changed) {
  c10::TensorImpl* impl = tensor.unsafeGetTensorImpl();
  const auto [place, is_new] =
      tensor_ids_.try_emplace(impl, static_cast<TensorId>(tensors_.size()));
  if (is_new) {
    tensors_.push_back(
        {c10::weak_intrusive_ptr<c10::TensorImpl>(tensor.getIntrusivePtr())});
  } else {
    const KnownTensor& known = tensors_[place->second];
    const TensorMeta& last = trace_->metas[known.meta];
    if (!last.strided ||
        (known.storage == impl->unsafe_storage().unsafeGetStorageImpl() &&
         known.offset == impl->storage_offset() &&
         tensor.scalar_type() == last.dtype && impl->sizes() == last.sizes &&
         impl->strides() == last.strides && impl->is_conj() == last.conj)) {
      return {place->second, known.meta};
    }
  }
  *changed = true;
  return NewMeta(tensor, place->second, origin);
}

TensorUse TensorTable::NewMeta(const at::Tensor& tensor, TensorId id,
                               Origin origin) {
  TensorMeta& meta = trace_->metas.emplace_back();
  const MetaId meta_id = static_cast<MetaId>(trace_->metas.size() - 1);
  KnownTensor& known = tensors_[id];
  known.meta = meta_id;
  meta.dtype = tensor.scalar_type();
  meta.strided = IsStrided(tensor);
  meta.wrapped_number = tensor.unsafeGetTensorImpl()->is_wrapped_number();
  if (!tensor.is_nested()) {
    const auto sizes = tensor.sizes();
    meta.sizes.assign(sizes.begin(), sizes.end());
  }
  if (!meta.strided) return {id, meta_id};
  const auto strides = tensor.strides();
  meta.strides.assign(strides.begin(), strides.end());
  meta.conj = tensor.is_conj();
  meta.neg = tensor.is_neg();
  known.storage = tensor.storage().unsafeGetStorageImpl();
  known.offset = tensor.storage_offset();
  const KnownStorage& storage = StorageOf(tensor, origin);
  meta.storage = storage.number;
  meta.offset = known.offset;
  if (storage.byte_offset != 0) {
    meta.offset += storage.byte_offset /
                   static_cast<int64_t>(c10::elementSize(meta.dtype));
  }
  if (tensor.is_quantized()) {
    Unobserved unobserved;
    if (auto type = TypeOf(tensor); type.ok() && type->quantization) {
      meta.quantization =
          std::make_shared<const Quantization>(*std::move(type->quantization));
    }
  }
  return {id, meta_id};
}

const TensorTable::KnownStorage& TensorTable::StorageOf(
    const at::Tensor& tensor, Origin origin) {
  c10::StorageImpl* impl = tensor.storage().unsafeGetStorageImpl();
  const int32_t index = static_cast<int32_t>(storages_.size());
  const auto [place, is_new] = storage_ids_.try_emplace(impl, index);
  if (!is_new) return storages_[place->second];

  KnownStorage storage{tensor.storage().getWeakStorageImpl(), index};
  storage.begin = static_cast<const char*>(impl->data());
  storage.bytes = impl->nbytes();
  if (origin != kMade && storage.begin != nullptr && storage.bytes > 0) {
    for (const KnownStorage& known : storages_) {
      if (storage.begin >= known.begin &&
          storage.begin + storage.bytes <= known.begin + known.bytes &&
          known.weak.use_count() > 0) {
        storage.number = known.number;
        storage.byte_offset = known.byte_offset + (storage.begin - known.begin);
        break;
      }
    }
  }
  storage.external = origin == kUnseen && storage.number == index;
  storages_.push_back(std::move(storage));
  return storages_.back();
}

int32_t TensorTable::AddExternal(TensorUse use, const at::Tensor& tensor) {
  Unobserved unobserved;
  const int32_t index = static_cast<int32_t>(trace_->externals.size());
  ExternalTensor& external = trace_->externals.emplace_back();
  external.tensor = use.tensor;
  external.meta = use.meta;
  external.content = tensor;
  original_of_[tensor.unsafeGetTensorImpl()] =
      static_cast<int32_t>(originals_.size());
  Original& original = originals_.emplace_back(Original{index, tensor, {}});
  const TensorMeta& meta = trace_->metas[use.meta];
  if (meta.storage == kAbsent) return index;
  original.was = ShallowCopyOf(tensor);
  KnownStorage& storage = storages_[meta.storage];
  storage.externals.push_back(index);
  external.content = storage.saved.defined()
                         ? OverStorage(tensor, storage.saved.storage())
                         : original.was;
  return index;
}

ExternalTensor& TensorTable::External(const at::Tensor& tensor) {
  const auto found = original_of_.find(tensor.unsafeGetTensorImpl());
  if (found != original_of_.end()) {
    return trace_->externals[originals_[found->second].external];
  }
  bool changed = false;
  const TensorUse use = Use(tensor, kUnseen, &changed);
  return trace_->externals[AddExternal(use, tensor)];
}

void TensorTable::Discover(const at::Tensor& tensor, TensorUse use) {
  const TensorMeta& meta = trace_->metas[use.meta];
  if (meta.storage != kAbsent) {
    const KnownStorage& storage = storages_[meta.storage];
    if (!storage.external) return;
    const Extent extent = ExtentOf(meta);
    for (int32_t index : storage.externals) {
      const TensorMeta& known = trace_->metas[trace_->externals[index].meta];
      if (ExtentOf(known).Contains(extent)) return;
    }
  }
  AddExternal(use, tensor);
}

void TensorTable::TakeFilled(TensorUse use, bool overwritten) {
  const StorageId number = trace_->metas[use.meta].storage;
  if (number == kAbsent || !storages_[number].unfilled) return;
  KnownStorage& storage = storages_[number];
  storage.unfilled = false;
  --unfilled_;
  const auto impl = storage.weak.lock();
  if (overwritten || !impl || AllZero(*impl)) return;
  // The tensor that aten::empty returned, with what is in its memory now.
  Unobserved unobserved;
  const TensorMeta& allocated = trace_->metas[storage.allocated.meta];
  ExternalTensor& external = trace_->externals.emplace_back();
  external.tensor = storage.allocated.tensor;
  external.meta = storage.allocated.meta;
  external.from_empty = true;
  external.content =
      at::empty({0}, at::TensorOptions().dtype(allocated.dtype))
          .set_(BytesOf(c10::Storage(impl)).clone().storage(), allocated.offset,
                allocated.sizes, allocated.strides);
}

void TensorTable::SetUnfilled(const at::Tensor& tensor, TensorUse use) {
  const TensorMeta& meta = trace_->metas[use.meta];
  if (meta.storage == kAbsent || !tensor.is_cpu()) return;
  KnownStorage& storage = storages_[meta.storage];
  c10::StorageImpl* impl = tensor.storage().unsafeGetStorageImpl();
  if (impl->nbytes() > 0) std::memset(impl->mutable_data(), 0, impl->nbytes());
  storage.unfilled = true;
  storage.allocated = use;
  ++unfilled_;
}

void TensorTable::Save(KnownStorage& storage) {
  const auto impl = storage.weak.lock();
  if (!impl) return;
  Unobserved unobserved;
  storage.saved = BytesOf(c10::Storage(impl)).clone();
  for (int32_t index : storage.externals) {
    ExternalTensor& external = trace_->externals[index];
    external.content = OverStorage(external.content, storage.saved.storage());
  }
}

void TensorTable::BeforeWrite(const at::Tensor& tensor) {
  if (!tensor.defined() || !IsStrided(tensor)) return;
  const auto found = storage_ids_.find(tensor.storage().unsafeGetStorageImpl());
  if (found == storage_ids_.end()) return;
  KnownStorage& storage = storages_[storages_[found->second].number];
  if (storage.external && !storage.saved.defined()) Save(storage);
}

bool TensorTable::AfterWrite(TensorUse use) {
  const StorageId number = trace_->metas[use.meta].storage;
  if (number == kAbsent) return true;
  KnownStorage& storage = storages_[number];
  if (!storage.external || storage.saved.defined()) return true;
  for (int32_t index : storage.externals) {
    trace_->externals[index].content_lost = true;
  }
  return false;
}

void TensorTable::NoteWhatIsLeft() {
  for (const Original& original : originals_) {
    const at::Tensor& tensor = original.tensor;
    const MetaId meta = Argument(tensor, /*overwritten=*/false).meta;
    ExternalTensor& external = trace_->externals[original.external];
    const size_t ours = external.content.is_same(tensor) ? 2 : 1;
    external.outlives = tensor.use_count() > ours;
    external.left_meta = meta;
    external.left = ContentToKeep(tensor);
  }
}

at::Tensor TensorTable::ContentToKeep(const at::Tensor& tensor) const {
  if (!tensor.defined() || !IsStrided(tensor)) return tensor;
  const auto storage =
      storage_ids_.find(tensor.storage().unsafeGetStorageImpl());
  bool put_back = storage != storage_ids_.end() &&
                  storages_[storages_[storage->second].number].saved.defined();
  if (const auto found = original_of_.find(tensor.unsafeGetTensorImpl());
      found != original_of_.end()) {
    put_back |= !SameGeometry(tensor, originals_[found->second].was);
  }
  return put_back ? CopyOf(tensor) : tensor;
}

void TensorTable::PutBack() {
  Unobserved unobserved;
  for (const Original& original : originals_) {
    if (original.was.defined() &&
        !SameGeometry(original.tensor, original.was)) {
      original.tensor.unsafeGetTensorImpl()->shallow_copy_from(
          original.was.getIntrusivePtr());
    }
  }
  originals_.clear();
  original_of_.clear();
  for (KnownStorage& storage : storages_) {
    if (!storage.saved.defined()) continue;
    const auto impl = storage.weak.lock();
    if (!impl) continue;
    // The contents of the trace keep the copy; the memory gets a copy of it.
    if (impl->nbytes() == storage.saved.nbytes()) {
      // For autograd and for the user nothing has happened: no version goes up.
      BytesOf(c10::Storage(impl)).copy_(storage.saved);
    } else {
      at::Tensor bytes = storage.saved.clone();
      impl->set_nbytes(bytes.nbytes());
      impl->set_data_ptr_noswap(std::move(
          bytes.storage().unsafeGetStorageImpl()->mutable_data_ptr()));
    }
    storage.saved.reset();
  }
}

}  // namespace flextorchir
