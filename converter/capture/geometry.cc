#include "flextorchir/converter/capture/geometry.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "ATen/TensorUtils.h"
#include "c10/core/ScalarType.h"

namespace flextorchir {
namespace {

using Kind = ViewRelation::Kind;

// Whether dimension `i` of `a` walks memory as dimension `j` of `b` does.
bool SameDim(const TensorMeta& a, size_t i, const TensorMeta& b, size_t j) {
  return a.sizes[i] == b.sizes[j] &&
         (a.strides[i] == b.strides[j] || a.sizes[i] == 1);
}

std::optional<ViewRelation> AsSelect(const TensorMeta& base,
                                     const TensorMeta& view) {
  if (view.sizes.size() + 1 != base.sizes.size()) return std::nullopt;
  const int64_t distance = view.offset - base.offset;
  for (size_t dim = 0; dim < base.sizes.size(); ++dim) {
    bool fits = true;
    for (size_t i = 0; i < view.sizes.size() && fits; ++i) {
      fits = SameDim(view, i, base, i < dim ? i : i + 1);
    }
    if (!fits) continue;
    const int64_t stride = base.strides[dim];
    const int64_t index = stride == 0 ? 0 : distance / stride;
    if (index * stride != distance || index < 0 || index >= base.sizes[dim]) {
      continue;
    }
    ViewRelation relation{Kind::kSelect};
    relation.dim = static_cast<int64_t>(dim);
    relation.start = index;
    return relation;
  }
  return std::nullopt;
}

std::optional<ViewRelation> AsSlice(const TensorMeta& base,
                                    const TensorMeta& view) {
  if (view.sizes.size() != base.sizes.size()) return std::nullopt;
  const int64_t distance = view.offset - base.offset;
  for (size_t dim = 0; dim < base.sizes.size(); ++dim) {
    bool fits = true;
    for (size_t i = 0; i < view.sizes.size() && fits; ++i) {
      fits = i == dim || SameDim(view, i, base, i);
    }
    const int64_t stride = base.strides[dim];
    if (!fits || stride == 0 || view.sizes[dim] > base.sizes[dim]) continue;
    int64_t step = view.strides[dim] / stride;
    if (view.sizes[dim] == 1) step = 1;
    if (step < 1 || (view.sizes[dim] > 1 && step * stride != view.strides[dim]))
      continue;
    const int64_t start = distance / stride;
    const int64_t end = start + (view.sizes[dim] - 1) * step + 1;
    if (start * stride != distance || start < 0 || end > base.sizes[dim]) {
      continue;
    }
    ViewRelation relation{Kind::kSlice};
    relation.dim = static_cast<int64_t>(dim);
    relation.start = start;
    relation.end = end;
    relation.step = step;
    return relation;
  }
  return std::nullopt;
}

std::optional<ViewRelation> AsPermute(const TensorMeta& base,
                                      const TensorMeta& view) {
  if (view.sizes.size() != base.sizes.size() || view.offset != base.offset) {
    return std::nullopt;
  }
  ViewRelation relation{Kind::kPermute};
  std::vector<bool> used(base.sizes.size());
  for (size_t i = 0; i < view.sizes.size(); ++i) {
    size_t match = base.sizes.size();
    for (size_t j = 0; j < base.sizes.size() && match == base.sizes.size();
         ++j) {
      if (!used[j] && SameDim(view, i, base, j)) match = j;
    }
    if (match == base.sizes.size()) return std::nullopt;
    used[match] = true;
    relation.permutation.push_back(static_cast<int64_t>(match));
  }
  return relation;
}

bool IsReshape(const TensorMeta& base, const TensorMeta& view) {
  if (view.offset != base.offset || NumElements(view) != NumElements(base)) {
    return false;
  }
  const auto strides = at::detail::computeStride(c10::IntArrayRef(base.sizes),
                                                 c10::IntArrayRef(base.strides),
                                                 c10::DimVector(view.sizes));
  if (!strides.has_value()) return false;
  for (size_t i = 0; i < view.sizes.size(); ++i) {
    if (view.sizes[i] != 1 && (*strides)[i] != view.strides[i]) return false;
  }
  return true;
}

// Whether the dimensions of `a` walk memory as the first ones of `b` do, where
// one element of `b` is `factor` of `a`.
bool SameWalk(const TensorMeta& a, const TensorMeta& b, size_t dims,
              int64_t factor) {
  for (size_t i = 0; i < dims; ++i) {
    if (a.sizes[i] != b.sizes[i] ||
        (a.sizes[i] > 1 && a.strides[i] != factor * b.strides[i])) {
      return false;
    }
  }
  return true;
}

ViewRelation OtherDtype(const TensorMeta& base, const TensorMeta& view) {
  const int64_t base_bytes = c10::elementSize(base.dtype);
  const int64_t view_bytes = c10::elementSize(view.dtype);
  const bool base_complex = c10::isComplexType(base.dtype);
  const bool view_complex = c10::isComplexType(view.dtype);
  const size_t dims = base.sizes.size();
  if (base_complex && !view_complex && base_bytes == 2 * view_bytes &&
      c10::toRealValueType(base.dtype) == view.dtype) {
    const int64_t distance = view.offset - 2 * base.offset;
    if (view.sizes.size() == dims + 1 && distance == 0 &&
        view.sizes[dims] == 2 && view.strides[dims] == 1 && !base.conj &&
        !base.neg && !view.neg && SameWalk(view, base, dims, 2)) {
      return {Kind::kAsReal};
    }
    if (view.sizes.size() == dims && (distance == 0 || distance == 1) &&
        SameWalk(view, base, dims, 2)) {
      ViewRelation relation{Kind::kReal};
      relation.start = distance;
      // The imaginary part of a conjugate is negative.
      relation.neg = view.neg != (base.neg != (base.conj && distance == 1));
      return relation;
    }
  }
  if (base.conj || view.conj || base.neg || view.neg) return {Kind::kOutside};
  if (!base_complex && view_complex &&
      c10::toRealValueType(view.dtype) == base.dtype &&
      view.sizes.size() + 1 == dims && base.sizes[dims - 1] == 2 &&
      base.strides[dims - 1] == 1 && base.offset == 2 * view.offset &&
      SameWalk(base, view, dims - 1, 2)) {
    return {Kind::kAsComplex};
  }
  if (base.offset * base_bytes != view.offset * view_bytes ||
      view.sizes.size() != dims) {
    return {Kind::kOutside};
  }
  if (base_bytes == view_bytes) {
    return {SameWalk(base, view, dims, 1) ? Kind::kBits : Kind::kOutside};
  }
  // The last dimension is divided otherwise; the rest walks as before.
  if (dims == 0 || base.strides[dims - 1] != 1 || view.strides[dims - 1] != 1 ||
      base.sizes[dims - 1] * base_bytes != view.sizes[dims - 1] * view_bytes) {
    return {Kind::kOutside};
  }
  for (size_t i = 0; i + 1 < dims; ++i) {
    if (base.sizes[i] != view.sizes[i] ||
        base.strides[i] * base_bytes != view.strides[i] * view_bytes) {
      return {Kind::kOutside};
    }
  }
  return {Kind::kBits};
}

// Calls `visit` with the place in memory of every element, in row-major order.
template <typename Visit>
void ForEachElement(const TensorMeta& meta, const Visit& visit) {
  const size_t dims = meta.sizes.size();
  std::vector<int64_t> index(dims);
  const int64_t count = NumElements(meta);
  int64_t place = meta.offset;
  for (int64_t element = 0; element < count; ++element) {
    visit(element, place);
    for (size_t dim = dims; dim-- > 0;) {
      place += meta.strides[dim];
      if (++index[dim] < meta.sizes[dim]) break;
      place -= meta.sizes[dim] * meta.strides[dim];
      index[dim] = 0;
    }
  }
}

}  // namespace

int64_t NumElements(const TensorMeta& meta) {
  int64_t count = 1;
  for (int64_t size : meta.sizes) count *= size;
  return count;
}

Extent ExtentOf(const TensorMeta& meta) {
  Extent extent;
  if (NumElements(meta) == 0) return extent;
  int64_t last = meta.offset;
  int64_t first = meta.offset;
  for (size_t i = 0; i < meta.sizes.size(); ++i) {
    const int64_t reach = (meta.sizes[i] - 1) * meta.strides[i];
    (reach < 0 ? first : last) += reach;
  }
  const int64_t bytes = static_cast<int64_t>(c10::elementSize(meta.dtype));
  extent.first = first * bytes;
  extent.last = (last + 1) * bytes - 1;
  return extent;
}

std::optional<std::vector<int64_t>> ElementsOf(const TensorMeta& base,
                                               const TensorMeta& view) {
  if (base.dtype != view.dtype) return std::nullopt;
  const int64_t bytes = static_cast<int64_t>(c10::elementSize(base.dtype));
  const Extent extent = ExtentOf(base);
  if (!extent.Contains(ExtentOf(view))) return std::nullopt;
  const int64_t first = extent.first / bytes;
  std::vector<int64_t> element_at((extent.last + 1 - extent.first) / bytes, -1);
  ForEachElement(base, [&](int64_t element, int64_t place) {
    element_at[place - first] = element;
  });
  std::vector<int64_t> elements(NumElements(view));
  bool all = true;
  ForEachElement(view, [&](int64_t element, int64_t place) {
    elements[element] = element_at[place - first];
    all &= elements[element] >= 0;
  });
  if (!all) return std::nullopt;
  return elements;
}

bool MayOverlapItself(const TensorMeta& meta) {
  if (NumElements(meta) == 0) return false;
  std::vector<std::pair<int64_t, int64_t>> dims;  // stride, size
  for (size_t i = 0; i < meta.sizes.size(); ++i) {
    if (meta.sizes[i] > 1) dims.emplace_back(meta.strides[i], meta.sizes[i]);
  }
  std::sort(dims.begin(), dims.end());
  int64_t reach = 0;
  for (const auto& [stride, size] : dims) {
    if (stride <= reach) return true;
    reach += stride * (size - 1);
  }
  return false;
}

ViewRelation RelationOf(const TensorMeta& base, const TensorMeta& view) {
  if (base.dtype != view.dtype) return OtherDtype(base, view);
  const auto with_bits = [&](ViewRelation relation) {
    relation.conj = base.conj != view.conj;
    relation.neg = base.neg != view.neg;
    return relation;
  };
  if (base.sizes == view.sizes && base.strides == view.strides &&
      base.offset == view.offset) {
    return with_bits({Kind::kSame});
  }
  // Reshapes first: they keep every element, whatever else they look like.
  if (IsReshape(base, view)) return with_bits({Kind::kReshape});
  if (auto relation = AsPermute(base, view)) return with_bits(*relation);
  if (auto relation = AsSelect(base, view)) return with_bits(*relation);
  if (auto relation = AsSlice(base, view)) return with_bits(*relation);
  return with_bits({ExtentOf(base).Contains(ExtentOf(view)) ? Kind::kStrided
                                                            : Kind::kOutside});
}

}  // namespace flextorchir
