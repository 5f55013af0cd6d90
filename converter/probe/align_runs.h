#ifndef FLEXTORCHIR_CONVERTER_PROBE_ALIGN_RUNS_H_
#define FLEXTORCHIR_CONVERTER_PROBE_ALIGN_RUNS_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "flextorchir/converter/captured_run.h"
#include "flextorchir/ir/graph.h"

namespace flextorchir {

// Which layer of one run is which layer of another.
struct Alignment {
  // By layer of graphs[0] of the base: the layer of the other run, or kAbsent.
  // Increasing, but for what ran in another order. Aligned layers have the same
  // kind and lie in the same module.
  std::vector<int32_t> layers;
  // By value of graphs[0] of the base: the value of the other run, or kAbsent.
  // Inputs go by number, weights by name, results by their aligned layers.
  std::vector<ValueId> values;
  // By FunctionalGraph::reads of the base, likewise.
  std::vector<int32_t> reads;

  // A place where the runs part: these layers of the base executed in one run,
  // and these in the other; one of the ranges may be empty. `reads` is the
  // number of reads of the base before it.
  struct Parting {
    int32_t base_begin = 0;
    int32_t base_end = 0;
    int32_t other_begin = 0;
    int32_t other_end = 0;
    int32_t reads = 0;
  };
  std::vector<Parting> partings;

  // An aligned layer that reads another value in the other run than the one
  // that corresponds (`x if flag else y`). Layer kAbsent: the model's result.
  struct Rewiring {
    int32_t layer = kAbsent;
    // Of Layer::inputs, or of Graph::outputs.
    int32_t slot = 0;
  };
  std::vector<Rewiring> rewirings;

  // Constants without a name, that aligned layers read in the same place: each
  // pair of values once, with the first such place.
  struct ConstantPair {
    ValueId base = kAbsent;
    ValueId other = kAbsent;
    Rewiring place;
  };
  std::vector<ConstantPair> constants;
};

// Aligns the graphs of two runs as `Functionalize` left them; neither has to be
// typed the same. Layers are aligned in order, by operator and module, so that
// the two runs are together again soon after a branch or a loop that differed;
// no more than that is a `Parting`. Equal runs take linear time, others as much
// as they differ.
Alignment AlignRuns(const CapturedRun& base, const CapturedRun& other);

// Pairs of equal keys, in order, as many as can be had (nearly, if the
// sequences differ much): by element of `a` the element of `b`, or kAbsent. For
// tests.
std::vector<int32_t> AlignSequences(const std::vector<int32_t>& a,
                                    const std::vector<int32_t>& b);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_PROBE_ALIGN_RUNS_H_
