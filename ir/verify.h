#ifndef FLEXTORCHIR_IR_VERIFY_H_
#define FLEXTORCHIR_IR_VERIFY_H_

#include "absl/status/status.h"
#include "flextorchir/ir/graph.h"

namespace flextorchir {

// Checks every invariant of a model. Everything that reads a file calls it, so
// that what comes out of a reader can be walked without a second thought;
// everything that makes a model calls it too.
//
// Versions: those of the format and of the layer set are from 1 to this
//    program's own.
// Structure (for every graph):
//  * ids are in range, names of values and of layers are unique in the graph,
//    and not empty; all strings are UTF-8;
//  * each value is written exactly once: by a layer, as a graph input, or by
//    being bound to weights (only in graphs[0]; dtype and shape are theirs),
//    and before it is read;
//  * a slot that is not a list holds exactly one value; slot names are unique
//    in their direction; outputs are never absent unless unused results of the
//    operator (an output slot may hold kAbsent);
//  * attributes and inputs of the same name complement each other (see Layer):
//    both are lists of the same length, of which no element is given twice;
//  * lists of attributes hold one type (ints and dims mix), nested to
//    kMaxDepth;
//  * sizes are not negative, strides have the rank of the shape;
//  * symbols are declared and unique, and named as `Dim` names them; bodies are
//    in range, each is the body of exactly one layer, never graphs[0], without
//    cycles, and nested to `kMaxBodyDepth`; body inputs and outputs match the
//    layer's in number, dtype, rank and all sizes that are numbers in both.
// Weights: names and aliases are unique together, aliases sorted, types
// numeric;
//    data is either NumBytes() long or absent.
// Quantization: one scale, or one for each index of `axis`, which is a
//    dimension; as many zero points of one sort.
// Structures: leaves are exactly 0..n-1 of the graph's inputs / user outputs
//    (a leaf may occur once), dict keys are present and unique; fields that the
//    kind has no use for are empty; nested to Structure::kMaxDepth.
// State outputs: each names weights or an input, and none twice.
// Layers: a kind that the layer set knows (in the model's version of it) has
// its
//    required inputs, only known attributes of the right type, and the right
//    outputs: CheckLayerAgainstSet. A Placeholder has a target. Other kinds are
//    free.
//
// The time it takes grows with the size of the model, no faster.
//
// Errors: kInvalidArgument; the message names graph, layer and argument.
absl::Status Verify(const Model& model);

// How deep bodies may nest: who walks them may recurse.
inline constexpr int kMaxBodyDepth = 256;

}  // namespace flextorchir

#endif  // FLEXTORCHIR_IR_VERIFY_H_
