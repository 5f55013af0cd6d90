#ifndef FLEXTORCHIR_IR_VERIFY_H_
#define FLEXTORCHIR_IR_VERIFY_H_

#include "absl/status/status.h"
#include "flextorchir/ir/graph.h"

namespace flextorchir {

// Checks every invariant of a model. Everything that reads a file calls it, so
// that what comes out of a reader can be walked without a second thought;
// everything that makes a model calls it too.
//
// Structure (for every graph):
//  * ids are in range, names are unique, not empty and UTF-8;
//  * each value is written exactly once: by a layer, as a graph input, or by
//    being bound to weights (only in graphs[0]), and before it is read;
//  * a slot that is not a list holds exactly one value; slot names are unique
//    in their direction; outputs are never absent unless unused results of the
//    operator (an output slot may hold kAbsent);
//  * attributes and inputs of the same name complement each other (see Layer);
//  * lists of attributes hold one type (ints and dims mix), nested to
//  kMaxDepth;
//  * symbols are declared and unique; bodies are in range, each is the body of
//    exactly one layer, never graphs[0], and without cycles; body inputs and
//    outputs match the layer's in number and type.
// Weights: names and aliases are unique together, types are numeric, data is
//    either NumBytes() long or absent; strides have the rank of the shape.
// Structures: leaves are exactly 0..n-1 of the graph's inputs / user outputs
//    (a leaf may occur once), dict keys are present and unique.
// Layers: a kind that the layer set knows has its required inputs, only known
//    attributes of the right type, and the right number of outputs. A
//    Placeholder has a target. Other kinds are free.
//
// Errors: kInvalidArgument; the message names graph, layer and argument.
absl::Status Verify(const Model& model);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_IR_VERIFY_H_
