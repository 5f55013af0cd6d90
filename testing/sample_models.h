#ifndef FLEXTORCHIR_TESTING_SAMPLE_MODELS_H_
#define FLEXTORCHIR_TESTING_SAMPLE_MODELS_H_

#include <string>
#include <vector>

#include "flextorchir/ir/graph.h"

namespace flextorchir {

// Small models that together say everything the IR can say. All pass `Verify`.
//
//   EmptyGraph           nothing: no inputs, no layers, no weights
//   PassThrough          an input returned twice, another not used
//   EveryAttributeType   none, bool, int, float, complex, string, dtype
//   AttributeLists       lists of each, with absences, in lists, to the limit
//   FloatBits            -0.0, infinities, denormals, NaNs with payloads
//   IntegerExtremes      the bounds of int64
//   Strings              control characters, NUL, quotes, Unicode; 100 KB
//   UnicodeNames         every name there is, in many scripts, with spaces
//   EveryDType           tensors of each dtype flow
//   EveryDTypeOfWeights  weights of each dtype, with data
//   Shapes               no dimension, no element, large sizes
//   ScalarValues         values that are no tensors, of each type
//   AbsentInputs         absent inputs, elements and outputs; empty lists
//   ListSlots            lists as inputs and as outputs
//   ComputedAttributes   a list partly attribute and partly input
//   NestedBodies         composites within composites, four deep
//   SeveralBodies        a layer with two bodies
//   Symbols              sizes, strides and attributes that are expressions
//   TiedWeights          one tensor with three names
//   WeightRoles          parameter, buffer, constant; read by none or by two
//   Structures           tuples, lists, dicts, named ones, constants; 64 deep
//   Quantized            per tensor, per channel, float zero points
//   Strides              channels-last, expanded
//   StateOutputs         a buffer and an input that running changes
//   Placeholders         an operator without a rule; a raw layer
//   Sources              where layers come from; metadata
//   Everything           most of the above at once, in a few kilobytes
//
// In the order of the table. Makes no model, so it can be used while a program
// initialises.
std::vector<std::string> SampleModelNames();

// The model of that name, which must be one of the above. Thread-safe; the
// model lives for ever.
const Model& GetSampleModel(const std::string& name);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_TESTING_SAMPLE_MODELS_H_
