#ifndef FLEXTORCHIR_CONVERTER_DYNAMIC_SYMBOLIC_SIZES_H_
#define FLEXTORCHIR_CONVERTER_DYNAMIC_SYMBOLIC_SIZES_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "flextorchir/converter/captured_run.h"
#include "flextorchir/converter/dynamic/size_constants.h"
#include "flextorchir/converter/probe/align_runs.h"

namespace flextorchir {

// A size of an input that varies, and the symbol that stands for it.
struct DynamicSize {
  int32_t input = 0;  // its number
  int64_t axis = 0;
  std::string symbol;
};

// A further run of the model, and how it lies beside the base run. Null
// pointers are not allowed.
struct AlignedRun {
  const CapturedRun* run = nullptr;
  Alignment* alignment = nullptr;
};

struct SymbolicSizes {
  // What the symbols of the model stand for: by run, the base first.
  std::vector<std::map<std::string, int64_t>> assignments;
  // For PlaceSizeConstants. They are no longer among `Alignment::constants`.
  std::vector<SizeConstant> constants;
};

// Writes the sizes of `base` that were not the same in all runs as expressions
// of symbols, which it declares: sizes and strides of values, and integers
// among the attributes (in lists too). Small constants that hold sizes are
// returned, with their expressions. Layers and values keep their numbers.
//
//  * `dynamic` says what the sizes of the inputs are called. Other sizes of
//    inputs that were different get symbols of their own (info
//    `dynamic-size`).
//  * A size of a result that nothing explains, like what aten::nonzero finds,
//    gets a symbol of its own (u0, u1, ...), of which others can be made.
//  * Any other number that nothing explains stays as it is in the base run.
//    Nothing is said of it here.
//
// Where a run is not aligned it says nothing.
// Errors: kInvalidArgument if a symbol stands for two different sizes.
absl::StatusOr<SymbolicSizes> MakeSizesSymbolic(
    absl::Span<const DynamicSize> dynamic,
    absl::Span<const AlignedRun> further_runs, CapturedRun* base);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_DYNAMIC_SYMBOLIC_SIZES_H_
