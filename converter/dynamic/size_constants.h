#ifndef FLEXTORCHIR_CONVERTER_DYNAMIC_SIZE_CONSTANTS_H_
#define FLEXTORCHIR_CONVERTER_DYNAMIC_SIZE_CONSTANTS_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "flextorchir/converter/captured_run.h"
#include "flextorchir/ir/dim.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/weights.h"

namespace flextorchir {

// A constant of the graph that holds sizes (`torch.tensor(x.shape[0])`), and
// what its elements are.
struct SizeConstant {
  ValueId value = kAbsent;
  std::vector<Dim> elements;
};

// The elements of a small constant, or nothing if one of them is no integer.
std::optional<std::vector<int64_t>> IntegersOf(const Weights& weights);

// Puts layers (aten::full) in the place of the constants, in front of all
// others: numbers of layers change.
void PlaceSizeConstants(const std::vector<SizeConstant>& constants,
                        CapturedRun* base);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_DYNAMIC_SIZE_CONSTANTS_H_
