#ifndef FLEXTORCHIR_CONVERTER_PROBE_COMPARE_RUNS_H_
#define FLEXTORCHIR_CONVERTER_PROBE_COMPARE_RUNS_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "flextorchir/converter/captured_run.h"
#include "flextorchir/converter/probe/align_runs.h"
#include "flextorchir/ir/attribute.h"

namespace flextorchir {

// Two constants, of the base and of the other run, that should be equal.
using ConstantsThatDiffer = std::vector<std::pair<Attribute, Attribute>>;

// One place where a run differs from the base.
struct RunDifference {
  enum class Kind {
    kParting,    // other layers executed
    kRewiring,   // a layer reads another value
    kAttribute,  // an attribute of a layer
    kConstant,   // the content of a constant
    kResult,     // a number or the structure of the result
  };
  Kind kind;
  // Layers of the base. kParting: the stretch that the other run does not have.
  // Otherwise the first is where it is; kAbsent: the model's result.
  int32_t layer = kAbsent;
  int32_t end_layer = kAbsent;
  // The slot, the attribute, or the path within the result.
  std::string name;
  // For people: what it is in the base and in the other run.
  std::string base;
  std::string other;
  ConstantsThatDiffer constants;
  // When it happens: see RunOrder.
  int64_t when = 0;
};

// A read (by number) that gave the program another value.
struct ReadDifference {
  int32_t read = kAbsent;
  Attribute base;
  Attribute other;
};

// A result of an aligned layer whose size differs although those of what it
// reads agree.
struct SizeDifference {
  int32_t layer = kAbsent;
  std::string base;  // the type, for people
  std::string other;
  ConstantsThatDiffer constants;
};

struct RunComparison {
  std::vector<RunDifference> differences;
  std::vector<ReadDifference> reads;
  std::vector<int32_t> equal_reads;
  std::vector<SizeDifference> sizes;
  // Constants of the base that were made during the run, where nobody saw it,
  // and did not change: the value, and where it is first read.
  std::vector<Alignment::ConstantPair> unknown_constants;
};

// When things of one run happened, comparable with each other.
class RunOrder {
 public:
  explicit RunOrder(const CapturedRun& run);
  int64_t OfRead(int32_t read) const { return reads_[read]; }
  int64_t OfLayer(int32_t layer) const { return layers_[layer]; }
  // Behind everything.
  int64_t OfResult() const { return end_; }

 private:
  std::vector<int64_t> reads_;
  std::vector<int64_t> layers_;
  int64_t end_ = 0;
};

// Symbolic sizes of the base are what `symbols` makes of them.
RunComparison CompareRuns(const CapturedRun& base, const RunOrder& order,
                          const CapturedRun& other, const Alignment& alignment,
                          const std::map<std::string, int64_t>& symbols);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_PROBE_COMPARE_RUNS_H_
