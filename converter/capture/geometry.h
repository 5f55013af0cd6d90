#ifndef FLEXTORCHIR_CONVERTER_CAPTURE_GEOMETRY_H_
#define FLEXTORCHIR_CONVERTER_CAPTURE_GEOMETRY_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "flextorchir/converter/capture/trace.h"

namespace flextorchir {

// How a view lies in the tensor it is a view of, as far as it can be undone by
// one operator. Found from sizes, strides and offsets alone, so that it holds
// for every operator that makes views, also for those nobody has heard of.
struct ViewRelation {
  enum class Kind {
    kSame,       // the whole tensor, as it is
    kSelect,     // index `start` of dimension `dim`, which is gone
    kSlice,      // [start, end) of dimension `dim` by `step`
    kPermute,    // dimension i of the view is dimension permutation[i]
    kReshape,    // the same elements in the same order
    kReal,       // the real (start 0) or imaginary (1) part
    kAsReal,     // torch.view_as_real
    kAsComplex,  // torch.view_as_complex
    kBits,       // another dtype over the same bytes
    kStrided,    // anything else within the tensor
    kOutside,    // reaches beyond it: cannot be expressed
  };
  Kind kind = Kind::kOutside;
  int64_t dim = 0;
  int64_t start = 0;
  int64_t end = 0;
  int64_t step = 1;
  std::vector<int64_t> permutation;
  // What is in the view is besides the conjugate, the negative.
  bool conj = false;
  bool neg = false;
};

ViewRelation RelationOf(const TensorMeta& base, const TensorMeta& view);

// For every element of the view, in row-major order, which element of the
// tensor it is, in row-major order. Nothing if one of them is none.
std::optional<std::vector<int64_t>> ElementsOf(const TensorMeta& base,
                                               const TensorMeta& view);

// Whether several elements of the tensor may lie at one place in memory.
bool MayOverlapItself(const TensorMeta& meta);

int64_t NumElements(const TensorMeta& meta);

// The bytes of the storage that a tensor may touch: [first, last], empty if
// first > last.
struct Extent {
  int64_t first = 0;
  int64_t last = -1;
  bool Overlaps(const Extent& other) const {
    return first <= other.last && other.first <= last;
  }
  bool Contains(const Extent& other) const {
    return other.first > other.last ||
           (first <= other.first && other.last <= last);
  }
};
Extent ExtentOf(const TensorMeta& meta);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_CAPTURE_GEOMETRY_H_
