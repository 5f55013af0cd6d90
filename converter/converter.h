#ifndef FLEXTORCHIR_CONVERTER_CONVERTER_H_
#define FLEXTORCHIR_CONVERTER_CONVERTER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "ATen/core/ivalue.h"
#include "absl/status/statusor.h"
#include "flextorchir/converter/frontends/frontend.h"
#include "flextorchir/converter/layers/layer_converter.h"
#include "flextorchir/converter/report.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/serializer.h"

namespace flextorchir {

struct ConvertOptions {
  enum class Layers {
    kStandard,  // the rules of `registry`
    kRaw,       // one layer an operator, under the schema's own names
  };
  Layers layers = Layers::kStandard;
  // Null: LayerConverterRegistry::Standard().
  const LayerConverterRegistry* registry = nullptr;
  // Modules to keep as one layer each (a composite, with its operators as the
  // body): module paths ("layer1.0") or class names.
  std::vector<std::string> blackbox;
  // Record the user's stack frames (about 4 microseconds a layer).
  bool frames = true;
  // Prefix that is cut from source paths, where they have it.
  std::string source_root;
  // Run the model a second time on inputs of the same shapes with other
  // values, to see what of the graph depends on them.
  bool probe = true;
  // Further inputs of the same structure, on which the model is run too: what
  // differs between the runs is not as it is for all inputs.
  std::vector<ModelInputs> examples;
  // Sizes of inputs that vary, by the name of the input ("x", "images[0]") and
  // the dimension: the symbol that stands for them, "batch". What follows them
  // is written as expressions (docs/dynamic-sizes.md); where `examples` are too
  // few to tell, more are made of `inputs`.
  std::map<std::string, std::map<int64_t, std::string>> dynamic;
  // Keep the content of every value, for layer-by-layer comparison. Costs a
  // copy of each.
  bool keep_activations = false;
  // Formats the model is meant for: what they cannot express is reported.
  std::vector<const Serializer*> targets;
  // Called for each finished layer of graphs[0], in order, and its number.
  std::function<void(const Model& model, const Layer& layer, int64_t index,
                     int64_t count)>
      on_layer;
};

struct Conversion {
  Model model;
  Report report;  // without files
  // The flattened inputs of the run and the model's results, in the order of
  // graphs[0].inputs and .outputs: what the evaluator takes and should return.
  std::vector<c10::IValue> inputs;
  std::vector<c10::IValue> outputs;
  std::map<std::string, at::Tensor> activations;  // if kept: by value name
};

// Runs the model once and returns what executed. The model is left as it was.
// An operator that no rule understands is a placeholder and a report row, never
// an error; what cannot be expressed rightly is a report row of severity error.
// Not to be called while another conversion runs on the same thread.
// Errors: kInvalidArgument when the model itself fails on these inputs (its own
// message, with the module path), kUnimplemented for arguments and results that
// the IR has no type for. No c10::Error escapes.
absl::StatusOr<Conversion> Convert(Frontend& frontend,
                                   const ModelInputs& inputs,
                                   const ConvertOptions& options = {});

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_CONVERTER_H_
