#include "flextorchir/converter/capture/storage_versions.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ATen/Functions.h"
#include "absl/strings/str_cat.h"
#include "flextorchir/converter/capture/tensor_table.h"

namespace flextorchir {
namespace {

using Kind = ViewRelation::Kind;

Attribute Ints(const c10::DimVector& values) {
  return Attribute::Ints(std::vector<int64_t>(values.begin(), values.end()));
}

}  // namespace

StorageVersions::StorageVersions(GraphBuilder& builder) : builder_(builder) {
  const Trace& trace = builder.trace();
  record_of_tensor_.assign(trace.num_tensors, kAbsent);
  roots_of_storage_.resize(trace.num_storages);
  views_of_storage_.resize(trace.num_storages);
  record_of_external_.assign(trace.externals.size(), kAbsent);
  external_values_.assign(trace.externals.size(), kAbsent);

  // What holds others comes before them, so that it is their root.
  std::vector<int32_t> order(trace.externals.size());
  std::iota(order.begin(), order.end(), 0);
  const auto size = [&](int32_t external) {
    const Extent extent =
        ExtentOf(builder.meta(trace.externals[external].meta));
    return extent.last - extent.first;
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](int32_t a, int32_t b) { return size(a) > size(b); });
  for (int32_t index : order) {
    const ExternalTensor& external = trace.externals[index];
    const TensorUse use{external.tensor, external.meta};
    const RecordId root = FindBase(external.meta);
    const RecordId id = root == kAbsent
                            ? NewRoot(use, kAbsent)
                            : NewView(use, root, kAbsent, kAbsent, {});
    // A part of a larger piece is read from that, unless it has a name.
    const bool own = root == kAbsent || !external.weights_names.empty() ||
                     !external.inputs.empty();
    if (own) {
      records_[id].external = index;
    } else {
      records_[id].version = kNever;
    }
    record_of_external_[index] = id;
  }
}

ValueId StorageVersions::ExternalValue(int32_t index) {
  ValueId& value = external_values_[index];
  if (value != kAbsent) return value;
  const ExternalTensor& external = builder_.trace().externals[index];
  if (!external.inputs.empty()) {
    value = builder_.graph().inputs[external.inputs[0]];
  } else {
    value = builder_.NewValue(TypeOfMeta(builder_.meta(external.meta)));
  }
  return value;
}

bool StorageVersions::WrittenSince(RecordId id, int64_t version) const {
  const std::vector<Extent>& writes = records_[records_[id].root].writes;
  const Extent extent = ExtentOf(meta(id));
  for (size_t i = writes.size(); i-- > static_cast<size_t>(version);) {
    if (writes[i].Overlaps(extent)) return true;
  }
  return false;
}

RecordId StorageVersions::FindBase(MetaId id) const {
  const TensorMeta& wanted = builder_.meta(id);
  if (wanted.storage == kAbsent) return kAbsent;
  const auto find = [&](const std::vector<RecordId>& records) {
    for (size_t i = records.size(); i-- > 0;) {
      if (RelationOf(meta(records[i]), wanted).kind != Kind::kOutside) {
        return records[i];
      }
    }
    return kAbsent;
  };
  const RecordId root = find(roots_of_storage_[wanted.storage]);
  return root != kAbsent ? root : find(views_of_storage_[wanted.storage]);
}

bool StorageVersions::OverlapsSome(MetaId id) const {
  const TensorMeta& wanted = builder_.meta(id);
  if (wanted.storage == kAbsent) return false;
  const Extent extent = ExtentOf(wanted);
  for (RecordId root : roots_of_storage_[wanted.storage]) {
    if (ExtentOf(meta(root)).Overlaps(extent)) return true;
  }
  return false;
}

RecordId StorageVersions::NewRoot(TensorUse use, ValueId value) {
  const RecordId id = static_cast<RecordId>(records_.size());
  Record& record = records_.emplace_back();
  record.root = id;
  record.value = value;
  record.meta = use.meta;
  const StorageId storage = builder_.meta(use.meta).storage;
  if (storage != kAbsent) roots_of_storage_[storage].push_back(id);
  record_of_tensor_[use.tensor] = id;
  return id;
}

RecordId StorageVersions::ReplaceRoot(TensorUse use, RecordId old) {
  const RecordId root = records_[old].root;
  if (const StorageId storage = meta(root).storage; storage != kAbsent) {
    const auto drop = [&](std::vector<RecordId>& records) {
      records.erase(std::remove_if(
                        records.begin(), records.end(),
                        [&](RecordId id) { return records_[id].root == root; }),
                    records.end());
    };
    drop(roots_of_storage_[storage]);
    drop(views_of_storage_[storage]);
  }
  return NewRoot(use, kAbsent);
}

RecordId StorageVersions::NewView(
    TensorUse use, RecordId parent, ValueId value, int32_t layer,
    std::vector<std::pair<ValueId, RecordId>> inputs) {
  const RecordId id = static_cast<RecordId>(records_.size());
  Record& record = records_.emplace_back();
  record.parent = parent;
  record.root = records_[parent].root;
  record.value = value;
  record.meta = use.meta;
  record.layer = layer;
  record.layer_result = value;
  record.layer_inputs = std::move(inputs);
  record_of_tensor_[use.tensor] = id;
  record.version = version(id);
  const StorageId storage = builder_.meta(use.meta).storage;
  if (storage != kAbsent) views_of_storage_[storage].push_back(id);
  return id;
}

RecordId StorageVersions::RecordOf(TensorUse use) {
  const RecordId known = record_of_tensor_[use.tensor];
  if (known != kAbsent && (records_[known].meta == use.meta ||
                           meta(known).SameGeometry(builder_.meta(use.meta)))) {
    return known;
  }
  if (const RecordId base = FindBase(use.meta); base != kAbsent) {
    const RecordId id = NewView(use, base, kAbsent, kAbsent, {});
    records_[id].version = kNever;
    return id;
  }
  builder_.Warn(
      Report::Severity::kError, "unknown-tensor",
      OverlapsSome(use.meta)
          ? absl::StrCat(builder_.OpName(),
                         " uses a tensor that overlaps the memory of another "
                         "in part; its content is not in the graph. Give it "
                         "memory of its own (clone)")
          : absl::StrCat(builder_.OpName(),
                         " uses a tensor whose memory was replaced where no "
                         "operator was seen; its content is not in the graph"));
  return NewRoot(use, builder_.NewValue(TypeOfMeta(builder_.meta(use.meta))));
}

ValueId StorageVersions::Read(RecordId id) {
  const int64_t current = version(id);
  const int64_t known = records_[id].version;
  if (known != kNever && (known == current || !WrittenSince(id, known))) {
    Record& record = records_[id];
    if (record.lost) WarnLost(id);
    record.version = current;
    if (record.value == kAbsent && record.external != kAbsent) {
      record.value = ExternalValue(record.external);
    }
    if (record.value != kAbsent) return record.value;
  }
  // Roots are always what was written last, so this is a view.
  const ValueId value =
      records_[id].layer != kAbsent ? RepeatView(id) : ViewByGeometry(id);
  records_[id].value = value;
  records_[id].version = current;
  return value;
}

void StorageVersions::WarnLost(RecordId id) {
  records_[id].lost = false;  // once
  builder_.Warn(Report::Severity::kError, "write-through-view",
                absl::StrCat(builder_.OpName(),
                             " reads memory that was written through another "
                             "tensor which overlaps it in part; what was "
                             "written is not in the graph"));
}

ValueId StorageVersions::RepeatView(RecordId id) {
  // A layer that makes several views is only repeated if there is no simpler
  // way to make the one that is wanted.
  const Layer& original = builder_.graph().layers[records_[id].layer];
  size_t results = 0;
  for (const Slot& slot : original.outputs) results += slot.values.size();
  if (results > 1) {
    const Kind kind = RelationOf(meta(records_[id].parent), meta(id)).kind;
    if (kind != Kind::kStrided && kind != Kind::kOutside) {
      return ViewByGeometry(id);
    }
  }
  Layer layer = original;
  std::vector<std::pair<ValueId, ValueId>> now;
  for (const auto& [then, record] :
       std::vector<std::pair<ValueId, RecordId>>(records_[id].layer_inputs)) {
    now.emplace_back(then, Read(record));
  }
  for (Slot& slot : layer.inputs) {
    for (ValueId& input : slot.values) {
      for (const auto& [then, value] : now) {
        if (input != then) continue;
        input = value;
        break;
      }
    }
  }
  const ValueId value = builder_.NewValue(TypeOfMeta(meta(id)));
  for (Slot& slot : layer.outputs) {
    for (ValueId& output : slot.values) {
      output = output == records_[id].layer_result ? value : kAbsent;
    }
  }
  builder_.Emit(std::move(layer), /*added=*/true);
  return value;
}

ValueId StorageVersions::ElementIndex(const TensorMeta& base,
                                      const TensorMeta& view) {
  std::optional<std::vector<int64_t>> elements = ElementsOf(base, view);
  if (!elements.has_value()) return kAbsent;
  Unobserved unobserved;
  return builder_.NewConstant(
      at::from_blob(elements->data(), view.sizes, at::kLong).clone());
}

ValueId StorageVersions::ViewByGeometry(RecordId id) {
  // A parent that does not hold all of the view is passed over.
  RecordId base = records_[id].parent;
  ViewRelation relation = RelationOf(meta(base), meta(id));
  while (relation.kind == Kind::kOutside && records_[base].parent != kAbsent) {
    base = records_[base].parent;
    relation = RelationOf(meta(base), meta(id));
  }
  const ValueId content = Read(base);
  TensorType type = TypeOfMeta(meta(id));
  ValueId value = kAbsent;
  const auto view = [&](std::string op,
                        std::map<std::string, Attribute> attributes) {
    value = builder_.Add(std::move(op), {{"self", content}},
                         std::move(attributes), type);
  };
  switch (relation.kind) {
    case Kind::kSame:
      value = content;
      break;
    case Kind::kSelect:
      view("aten::select.int",
           {{"dim", relation.dim}, {"index", relation.start}});
      break;
    case Kind::kSlice:
      view("aten::slice.Tensor", {{"dim", relation.dim},
                                  {"start", relation.start},
                                  {"end", relation.end},
                                  {"step", relation.step}});
      break;
    case Kind::kPermute:
      view("aten::permute", {{"dims", Attribute::Ints(relation.permutation)}});
      break;
    case Kind::kReshape:
      view("aten::reshape", {{"shape", Ints(meta(id).sizes)}});
      break;
    case Kind::kReal:
      view(relation.start == 0 ? "aten::real" : "aten::imag", {});
      break;
    case Kind::kAsReal:
      view("aten::view_as_real", {});
      break;
    case Kind::kAsComplex:
      view("aten::view_as_complex", {});
      break;
    case Kind::kBits:
      view("aten::view.dtype", {{"dtype", type.dtype}});
      break;
    case Kind::kStrided: {
      const ValueId index = ElementIndex(meta(base), meta(id));
      if (index == kAbsent) break;
      value = builder_.Add("aten::take", {{"self", content}, {"index", index}},
                           {}, type);
      break;
    }
    case Kind::kOutside:
      break;
  }
  if (value == kAbsent) {
    WarnLost(id);
    return builder_.NewValue(type);
  }
  if (relation.conj) {
    value = builder_.Add("aten::conj_physical", {{"self", value}}, {}, type);
  }
  if (relation.neg) {
    value = builder_.Add("aten::neg", {{"self", value}}, {}, type);
  }
  return value;
}

void StorageVersions::Write(RecordId id, ValueId value) {
  if (NumElements(meta(id)) == 0) {
    // Nobody else sees it; but an out= argument that was resized has no value
    // so far.
    records_[id].value = value;
    return;
  }
  if (MayOverlapItself(meta(id))) {
    builder_.Warn(
        Report::Severity::kError, "write-through-view",
        absl::StrCat(builder_.OpName(),
                     " writes to a tensor whose elements share memory "
                     "(an expanded one), so that what it holds is not "
                     "defined; write to a clone of it"));
  }
  // Ancestors must hold the content from before the write when it is scattered
  // into them. Those with several elements at one place (expanded ones) are
  // made anew from theirs when they are next read.
  std::vector<std::pair<RecordId, ValueId>> ancestors;
  for (RecordId a = records_[id].parent; a != kAbsent; a = records_[a].parent) {
    if (!MayOverlapItself(meta(a))) ancestors.emplace_back(a, Read(a));
  }
  const RecordId root = records_[id].root;
  const Extent extent = ExtentOf(meta(id));
  records_[root].writes.push_back(extent);
  const auto set = [&](RecordId record, ValueId content) {
    records_[record].value = content;
    records_[record].version = version(root);
    if (record == root) records_[record].lost = false;
  };
  set(id, value);
  RecordId part = id;
  for (const auto& [ancestor, before] : ancestors) {
    const ViewRelation relation = RelationOf(meta(ancestor), meta(part));
    if (relation.kind == Kind::kOutside) continue;
    value = Scatter(before, ancestor, value, part, relation);
    if (value == kAbsent) break;
    set(ancestor, value);
    part = ancestor;
  }
  if (part != root) {
    builder_.Warn(
        Report::Severity::kError, "write-through-view",
        absl::StrCat(builder_.OpName(),
                     " writes to a tensor that shares memory with others in a "
                     "way that no operator expresses; they do not see what was "
                     "written"));
    records_[root].version = version(root);
  }
  const StorageId storage = meta(root).storage;
  if (storage == kAbsent) return;
  for (RecordId other : roots_of_storage_[storage]) {
    if (other != root && ExtentOf(meta(other)).Overlaps(extent)) {
      records_[other].lost = true;
    }
  }
}

ValueId StorageVersions::Scatter(ValueId before, RecordId base, ValueId part,
                                 RecordId view, const ViewRelation& relation) {
  const TensorMeta& base_meta = meta(base);
  const TensorType type = TypeOfMeta(base_meta);
  const TensorType view_type = TypeOfMeta(meta(view));
  if (relation.conj) {
    part = builder_.Add("aten::conj_physical", {{"self", part}}, {}, view_type);
  }
  if (relation.neg) {
    part = builder_.Add("aten::neg", {{"self", part}}, {}, view_type);
  }
  switch (relation.kind) {
    case Kind::kSame:
      return part;
    case Kind::kSelect:
      return builder_.Add(
          "aten::select_scatter", {{"self", before}, {"src", part}},
          {{"dim", relation.dim}, {"index", relation.start}}, type);
    case Kind::kSlice:
      return builder_.Add("aten::slice_scatter",
                          {{"self", before}, {"src", part}},
                          {{"dim", relation.dim},
                           {"start", relation.start},
                           {"end", relation.end},
                           {"step", relation.step}},
                          type);
    case Kind::kPermute: {
      std::vector<int64_t> inverse(relation.permutation.size());
      for (size_t i = 0; i < inverse.size(); ++i) {
        inverse[relation.permutation[i]] = static_cast<int64_t>(i);
      }
      return builder_.Add("aten::permute", {{"self", part}},
                          {{"dims", Attribute::Ints(inverse)}}, type);
    }
    case Kind::kReshape:
      return builder_.Add("aten::reshape", {{"self", part}},
                          {{"shape", Ints(base_meta.sizes)}}, type);
    case Kind::kBits:
      return builder_.Add("aten::view.dtype", {{"self", part}},
                          {{"dtype", type.dtype}}, type);
    case Kind::kAsReal:
      return builder_.Add("aten::view_as_complex", {{"self", part}}, {}, type);
    case Kind::kAsComplex:
      return builder_.Add("aten::view_as_real", {{"self", part}}, {}, type);
    case Kind::kReal: {
      if (base_meta.conj) {
        before =
            builder_.Add("aten::resolve_conj", {{"self", before}}, {}, type);
      }
      TensorType both = view_type;
      both.shape.push_back(2);
      both.strides.clear();
      const ValueId parts =
          builder_.Add("aten::view_as_real", {{"self", before}}, {}, both);
      const ValueId changed =
          builder_.Add("aten::select_scatter", {{"self", parts}, {"src", part}},
                       {{"dim", static_cast<int64_t>(base_meta.sizes.size())},
                        {"index", relation.start}},
                       both);
      return builder_.Add("aten::view_as_complex", {{"self", changed}}, {},
                          type);
    }
    case Kind::kStrided: {
      const ValueId index = ElementIndex(base_meta, meta(view));
      if (index == kAbsent) return kAbsent;
      return builder_.Add(
          "aten::put", {{"self", before}, {"index", index}, {"source", part}},
          {{"accumulate", false}}, type);
    }
    case Kind::kOutside:
      break;
  }
  return kAbsent;
}

}  // namespace flextorchir
