#ifndef FLEXTORCHIR_CONVERTER_CAPTURE_FUNCTIONALIZE_H_
#define FLEXTORCHIR_CONVERTER_CAPTURE_FUNCTIONALIZE_H_

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "flextorchir/converter/capture/trace.h"
#include "flextorchir/converter/report.h"
#include "flextorchir/ir/graph.h"

namespace flextorchir {

// A leaf of the model's arguments: a tensor, or a number.
struct InputLeaf {
  std::string name;  // a hint: "input", "boxes"
  std::variant<TensorType, ScalarType> type;
};

// A graph of operator layers (as --layers=raw has them) without mutation.
struct FunctionalGraph {
  // graphs[0], weights (named) and state outputs; values and layers have no
  // names yet, and there are no structures.
  Model model;
  // By layer of graphs[0]: the module call it belongs to, and the recorded call
  // it stands for (kAbsent for layers that functionalisation added).
  struct Origin {
    ScopeId scope = 0;
    int32_t call = kAbsent;
    // Another run of the model has shown that the layer, or a constant that it
    // reads, is not always the same: it is not to be folded.
    bool varies = false;
  };
  std::vector<Origin> origins;
  // By value of graphs[0]: the result it is, or kAbsent.
  struct Result {
    int32_t call = kAbsent;
    int32_t index = 0;  // among the tensors of the results of that call
  };
  std::vector<Result> results;
  // The calls that told the program what is in a tensor (aten::item, `if t:`),
  // in order.
  struct Read {
    // What the tensor depends on; the last that holds.
    enum class Cause : uint8_t { kConstants, kState, kRandom, kInput };
    int32_t call = kAbsent;
    Cause cause = Cause::kConstants;
  };
  std::vector<Read> reads;
  // By weights of the model: the row in Trace::externals that they are, or
  // kAbsent.
  std::vector<int32_t> externals;
  std::vector<Report::Warning> warnings;  // in the order of the calls
};

// For messages: "the model's inputs".
absl::string_view CauseName(FunctionalGraph::Read::Cause cause);

// Makes a graph from a trace: values are versions of storage. In-place and out=
// operators become their functional twins (relu_ -> relu, add.out ->
// add.Tensor), or keep their name and return the new contents (kPlaceholder in
// graph.h says how). A write through a view is scattered back to its base, and
// views of what was written are made anew when they are read (see
// StorageVersions). Parameters, buffers and inputs that the model changes are
// state outputs.
//
// Not every call becomes a layer:
//  * aten::size and its like, and what hands a number to the program
//    (aten::item, aten::is_nonzero, ...), are no layers: the program has gone
//    on with numbers. If such a number depends on the model's inputs, on a
//    random operator or on state that the model changes, the graph has baked it
//    in: a warning `baked-value`. What depends on constants and sizes alone
//    gives no warning. Layers that only led to such numbers stay (constant
//    folding removes them: they read no input, or nobody reads them).
//  * aten::empty is `aten::zeros` where the model fills it in the graph, and a
//    constant where it was filled unseen (torch.tensor).
// as_strided layers count `storage_offset` from the first element of their
// input, and count on its having the recorded strides.
//
// A value that is read but that nobody makes stands for unknown content; there
// is a warning of severity kError about it.
//
// Codes of warnings. Severity kError (the graph is wrong): `write-through-view`
// (memory shared in a way no operator expresses), `unknown-tensor` (content
// that nobody saw), `unseen-write` (an operator wrote an argument without
// saying so, and what was there before is gone), `argument-without-type`,
// `tensor-without-type` (sparse, ...), `not-recorded`. Severity kWarning:
// `baked-value`,
// `aliased-inputs`, `unnamed-state` (the model changes a tensor that is neither
// parameter nor buffer, and keeps it), and those of Trace::notes
// (`baked-random`, `baked-write`).
absl::StatusOr<FunctionalGraph> Functionalize(
    const Trace& trace, const std::vector<InputLeaf>& inputs);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_CAPTURE_FUNCTIONALIZE_H_
