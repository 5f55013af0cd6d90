// The extension module flextorchir._flextorchir: conversions and files, for
// flextorchir/__init__.py, which is what users see.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "flextorchir/converter/activations.h"
#include "flextorchir/converter/converter.h"
#include "flextorchir/converter/optimize/optimize.h"
#include "flextorchir/converter/optimize/optimize_conversion.h"
#include "flextorchir/converter/report.h"
#include "flextorchir/evaluator/evaluator.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/serializer.h"
#include "flextorchir/ir/text.h"
#include "flextorchir/python/live_frontend.h"
#include "flextorchir/tools/standard_formats.h"
#include "pybind11/pybind11.h"
#include "pybind11/stl.h"
#include "torch/csrc/autograd/python_variable.h"
#include "torch/csrc/utils/pybind.h"

namespace flextorchir {
namespace {

namespace py = pybind11;

// Becomes flextorchir.Error.
struct Failure : std::exception {
  explicit Failure(const absl::Status& status)
      : message(std::string(status.message())) {}
  const char* what() const noexcept override { return message.c_str(); }
  std::string message;
};

void ThrowUnless(const absl::Status& status) {
  if (!status.ok()) throw Failure(status);
}

template <typename T>
T ValueOrThrow(absl::StatusOr<T> value) {
  ThrowUnless(value.status());
  return *std::move(value);
}

const FormatRegistry& Formats() {
  static const FormatRegistry& formats = *new FormatRegistry(StandardFormats());
  return formats;
}

// A model of the IR, as Python holds it.
class PyModel {
 public:
  explicit PyModel(Model model) : model_(std::move(model)) {}
  virtual ~PyModel() = default;

  std::string Text() const { return ToText(model_); }

  std::vector<std::string> Save(const std::string& prefix,
                                const std::vector<std::string>& formats,
                                const std::string& weights) const {
    SerializeOptions options;
    if (weights == "inline") {
      options.weights = SerializeOptions::WeightsPlace::kInline;
    } else if (weights != "external") {
      throw Failure(absl::InvalidArgumentError(absl::StrCat(
          "weights=\"", weights, "\": use \"external\" or \"inline\"")));
    }
    std::vector<const Serializer*> serializers;
    for (const std::string& format : formats) {
      serializers.push_back(ValueOrThrow(Formats().FindSerializer(format)));
    }
    return ValueOrThrow(WriteFiles(model_, serializers, prefix, options));
  }

  py::list Run(const py::list& leaves) {
    if (evaluator_ == nullptr) {
      evaluator_ = ValueOrThrow(Evaluator::Create(model_));
    }
    std::vector<c10::IValue> inputs;
    for (const py::handle& leaf : leaves) {
      if (!THPVariable_Check(leaf.ptr())) {
        throw Failure(absl::InvalidArgumentError("inputs must be tensors"));
      }
      inputs.emplace_back(THPVariable_Unpack(leaf.ptr()));
    }
    absl::StatusOr<std::vector<c10::IValue>> outputs =
        absl::UnknownError("not run");
    {
      py::gil_scoped_release unlocked;
      outputs = evaluator_->Run(inputs);
    }
    py::list result;
    const std::vector<c10::IValue> values = ValueOrThrow(std::move(outputs));
    for (const c10::IValue& value : values) {
      result.append(py::reinterpret_steal<py::object>(
          THPVariable_Wrap(value.toTensor())));
    }
    return result;
  }

  // By pass, in the order in which they ran: how much it rewrote.
  std::vector<std::pair<std::string, int64_t>> Optimize(
      const std::vector<std::string>& passes) {
    OptimizeOptions options;
    options.passes = passes;
    evaluator_ = nullptr;  // it is that of the model as it was
    const Optimization done = ValueOrThrow(Rewrite(options));
    std::vector<std::pair<std::string, int64_t>> rewrites;
    for (const Optimization::Step& step : done.steps) {
      rewrites.emplace_back(step.pass, step.rewrites);
    }
    return rewrites;
  }

  const Model& model() const { return model_; }
  py::object input_structure() const {
    return StructureToPython(model_.inputs);
  }
  py::object output_structure() const {
    return StructureToPython(model_.outputs);
  }
  std::vector<std::string> output_names() const {
    std::vector<std::string> names;
    for (ValueId id : model_.main().outputs) {
      names.push_back(id == kAbsent ? "" : model_.main().value(id).name);
    }
    return names;
  }

 protected:
  virtual absl::StatusOr<Optimization> Rewrite(const OptimizeOptions& options) {
    return flextorchir::Optimize(&model_, options);
  }
  Model model_;

 private:
  std::unique_ptr<Evaluator> evaluator_;
};

class PyConversion : public PyModel {
 public:
  PyConversion(Conversion conversion,
               std::map<std::string, at::Tensor> activations)
      : PyModel(std::move(conversion.model)),
        report_(std::move(conversion.report)),
        activations_(std::move(activations)) {}
  std::string ReportJson() const { return ReportToJson(report_); }
  std::string Summary() const { return ReportToText(report_); }
  py::dict Activations() const {
    py::dict result;
    for (const auto& [name, content] : activations_) {
      result[py::str(name)] =
          py::reinterpret_steal<py::object>(THPVariable_Wrap(content));
    }
    return result;
  }

 protected:
  absl::StatusOr<Optimization> Rewrite(
      const OptimizeOptions& options) override {
    Conversion conversion;
    conversion.model = std::move(model_);
    conversion.report = std::move(report_);
    absl::StatusOr<Optimization> done =
        OptimizeConversion(&conversion, options);
    model_ = std::move(conversion.model);
    report_ = std::move(conversion.report);
    // The values may be others now.
    if (done.ok() && done->rewrites() > 0) activations_.clear();
    return done;
  }

 private:
  Report report_;
  std::map<std::string, at::Tensor> activations_;
};

std::unique_ptr<PyConversion> ConvertLive(
    const py::object& live_model, const std::vector<std::string>& blackbox,
    const std::string& layers, bool frames, const std::string& source_root,
    bool keep_activations, bool probe,
    const std::map<std::string, std::map<int64_t, std::string>>& dynamic,
    const std::vector<py::list>& examples) {
  ConvertOptions options;
  options.keep_activations = keep_activations;
  options.probe = probe;
  options.dynamic = dynamic;
  for (const py::list& leaves : examples) {
    ModelInputs example;
    for (const py::handle& leaf : leaves) {
      example.args.emplace_back(THPVariable_Unpack(leaf.ptr()));
    }
    options.examples.push_back(std::move(example));
  }
  options.blackbox = blackbox;
  options.frames = frames;
  options.source_root = source_root;
  if (layers == "raw") {
    options.layers = ConvertOptions::Layers::kRaw;
  } else if (layers != "standard") {
    throw Failure(absl::InvalidArgumentError(
        absl::StrCat("layers=\"", layers, "\": use \"standard\" or \"raw\"")));
  }
  const std::unique_ptr<LiveFrontend> frontend =
      ValueOrThrow(LiveFrontend::Create(live_model, /*bound=*/true));
  Conversion conversion =
      ValueOrThrow(Convert(*frontend, frontend->inputs(), options));
  std::map<std::string, at::Tensor> activations;
  if (keep_activations) activations = AllActivations(conversion);
  return std::make_unique<PyConversion>(std::move(conversion),
                                        std::move(activations));
}

}  // namespace
}  // namespace flextorchir

PYBIND11_MODULE(_flextorchir, module) {
  namespace py = pybind11;
  using flextorchir::PyConversion;
  using flextorchir::PyModel;

  static PyObject* error =
      py::exception<flextorchir::Failure>(module, "Error").release().ptr();
  py::register_exception_translator([](std::exception_ptr thrown) {
    try {
      if (thrown) std::rethrow_exception(thrown);
    } catch (const flextorchir::Failure& failure) {
      PyErr_SetString(error, failure.what());
    }
  });

  py::class_<PyModel>(module, "Model")
      .def("text", &PyModel::Text)
      .def("save", &PyModel::Save)
      .def("run", &PyModel::Run)
      .def("optimize", &PyModel::Optimize)
      .def_property_readonly("input_structure", &PyModel::input_structure)
      .def_property_readonly("output_structure", &PyModel::output_structure)
      .def_property_readonly("output_names", &PyModel::output_names);
  py::class_<PyConversion, PyModel>(module, "Conversion")
      .def("report_json", &PyConversion::ReportJson)
      .def("summary", &PyConversion::Summary)
      .def("activations", &PyConversion::Activations);
  module.def("convert", &flextorchir::ConvertLive);
  module.def("load", [](const std::string& path) {
    return std::make_unique<PyModel>(
        flextorchir::ValueOrThrow(flextorchir::Formats().ReadFile(path)));
  });
}
