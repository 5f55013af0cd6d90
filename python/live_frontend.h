#ifndef FLEXTORCHIR_PYTHON_LIVE_FRONTEND_H_
#define FLEXTORCHIR_PYTHON_LIVE_FRONTEND_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "flextorchir/converter/frontends/frontend.h"
#include "flextorchir/ir/graph.h"
#include "pybind11/pybind11.h"

namespace flextorchir {

// "ValueError: the message", as Python would say it, without the traceback.
std::string PythonMessage(const pybind11::error_already_set& error);

// A structure as flextorchir/_structure.py tells it, both ways.
// Errors of the first: kInvalidArgument.
absl::StatusOr<Structure> StructureFromPython(
    const pybind11::handle& structure);
pybind11::object StructureToPython(const Structure& structure);

// A live Python model: a flextorchir._live.LiveModel. The interpreter's lock is
// held by the caller of every function.
class LiveFrontend : public Frontend {
 public:
  // With `bound`, the model comes with its arguments, and `inputs()` has their
  // leaves; else it takes what `Run` is given.
  // Errors: kUnimplemented for arguments that the IR has no type for.
  static absl::StatusOr<std::unique_ptr<LiveFrontend>> Create(
      pybind11::object live_model, bool bound);
  ~LiveFrontend() override;

  const ModelInputs& inputs() const { return inputs_; }

  std::string name() const override;
  std::vector<NamedTensor> state() const override;
  std::vector<NamedObject> objects() const override;
  std::vector<std::string> argument_names() const override;
  const Structure* input_structure() const override;
  const Structure* result_structure() const override;
  std::map<std::string, Attribute> module_attributes(
      const std::string& path) const override;
  absl::StatusOr<c10::IValue> Run(const ModelInputs& inputs,
                                  Recorder& recorder) override;

 private:
  LiveFrontend() = default;
  // (args, kwargs) of a bound model, with these leaves.
  pybind11::tuple OwnArguments(const ModelInputs& inputs) const;

  pybind11::object live_model_;
  bool bound_ = false;
  ModelInputs inputs_;
  std::optional<Structure> input_structure_;
  std::optional<Structure> result_structure_;
};

}  // namespace flextorchir

#endif  // FLEXTORCHIR_PYTHON_LIVE_FRONTEND_H_
