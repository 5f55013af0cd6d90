#ifndef FLEXTORCHIR_CONVERTER_FRONTENDS_FRONTEND_H_
#define FLEXTORCHIR_CONVERTER_FRONTENDS_FRONTEND_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ATen/core/ivalue.h"
#include "absl/status/statusor.h"
#include "flextorchir/converter/capture/recorder.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/weights.h"

namespace flextorchir {

// What a model is called with. Arguments may be tensors, numbers, strings,
// None, and any nesting of tuples, lists and dicts of them.
struct ModelInputs {
  std::vector<c10::IValue> args;
  std::vector<std::pair<std::string, c10::IValue>> kwargs;
};

// A parameter or buffer under its own name; tied ones come once for each name.
struct NamedTensor {
  std::string name;
  at::Tensor tensor;
  Weights::Role role = Weights::Role::kParameter;
};

// A model that can be run: TorchScript, a C++ callable, a live Python module.
// All frontends feed the same recorder. Not thread-safe.
class Frontend {
 public:
  virtual ~Frontend() = default;
  // The model's class: "ResNet".
  virtual std::string name() const = 0;
  virtual std::vector<NamedTensor> state() const = 0;
  // The objects of torch's own in which it keeps weights that are no tensors
  // to torch, by the attribute's qualified name ("conv._packed_params").
  virtual std::vector<NamedObject> objects() const { return {}; }
  // The names of forward's arguments, in order, without `self`; empty where
  // they are not known.
  virtual std::vector<std::string> argument_names() const { return {}; }
  // For frontends whose language has more structures than IValue (dataclasses,
  // named tuples): the structure of the arguments, whose leaves are then all
  // that `args` holds, and, after `Run`, that of the result, which then is a
  // tuple of the leaves. Null: they are taken apart as they are.
  virtual const Structure* input_structure() const { return nullptr; }
  virtual const Structure* result_structure() const { return nullptr; }
  // The plain attributes of a module (numbers, strings, lists of them) that a
  // layer which stands for it carries. Empty where there is no such module.
  virtual std::map<std::string, Attribute> module_attributes(
      const std::string& /*path*/) const {
    return {};
  }
  // Runs the model once. Operators reach `recorder` by themselves while it is
  // recording; the frontend adds module enter/exit. Leaves the model as it was,
  // also when it fails.
  // Errors: kInvalidArgument with the model's own message and, where known, the
  // path of the module that failed.
  virtual absl::StatusOr<c10::IValue> Run(const ModelInputs& inputs,
                                          Recorder& recorder) = 0;
};

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_FRONTENDS_FRONTEND_H_
