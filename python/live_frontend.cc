#include "flextorchir/python/live_frontend.h"

#include <algorithm>
#include <complex>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ATen/record_function.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "c10/util/ThreadLocalDebugInfo.h"
#include "flextorchir/converter/capture/recorder.h"
#include "flextorchir/ir/graph.h"
#include "pybind11/complex.h"
#include "pybind11/stl.h"
#include "torch/csrc/autograd/python_variable.h"
#include "torch/csrc/jit/python/pybind_utils.h"
#include "torch/csrc/utils/pybind.h"

namespace flextorchir {
namespace {

namespace py = pybind11;

// What records on a thread, and nothing else of torch's state for it: a thread
// that a program starts has a gradient mode of its own, and no autocast.
struct ThreadRecording {
  at::RecordFunctionTLS callbacks;
  std::shared_ptr<c10::ThreadLocalDebugInfo> debug_info;

  static ThreadRecording Current() {
    return {at::get_record_function_tls_(),
            c10::ThreadLocalDebugInfo::current()};
  }
  void Set() const {
    at::set_record_function_tls_(callbacks);
    c10::ThreadLocalDebugInfo::_forceCurrentDebugInfo(debug_info);
  }
};

// Calls `function` with what it does recorded, and leaves the thread as it was.
py::object CallRecorded(const ThreadRecording& recording,
                        const py::function& function) {
  struct Restore {
    const ThreadRecording outer = ThreadRecording::Current();
    ~Restore() { outer.Set(); }
  } restore;
  recording.Set();
  return function();
}

// What LiveModel.run calls as modules begin and end, as threads are started,
// and as what torch does not know of is found. Python may keep it for longer
// than there is a recorder (a thread that outlives the model's forward); the
// interpreter's lock guards it.
struct ModuleEvents {
  Recorder* recorder;

  void Enter(const std::string& path, const std::string& module_class) {
    if (recorder != nullptr) recorder->EnterModule(path, module_class);
  }
  void Exit() {
    if (recorder != nullptr) recorder->ExitModule();
  }
  void Share(const py::handle& tensor) {
    if (recorder == nullptr || !THPVariable_Check(tensor.ptr())) return;
    recorder->ShareMemory(THPVariable_Unpack(tensor.ptr()));
  }
  void Note(const std::string& code, const std::string& message) {
    if (recorder == nullptr) return;
    recorder->Note(Report::Severity::kWarning, code, message);
  }
};

// The Python object for it, made of functions: a class would have to be
// registered with pybind11 once a process, and two extensions may meet in one.
py::object EventsObject(const std::shared_ptr<ModuleEvents>& events) {
  py::object object = py::module_::import("types").attr("SimpleNamespace")();
  object.attr("enter") = py::cpp_function(
      [events](const std::string& path, const std::string& module_class) {
        events->Enter(path, module_class);
      });
  object.attr("exit") = py::cpp_function([events] { events->Exit(); });
  object.attr("share") = py::cpp_function(
      [events](const py::handle& tensor) { events->Share(tensor); });
  object.attr("note") = py::cpp_function(
      [events](const std::string& code, const std::string& message) {
        events->Note(code, message);
      });
  object.attr("carry") = py::cpp_function([] {
    return py::cpp_function(
        [recording = ThreadRecording::Current()](const py::function& function) {
          return CallRecorded(recording, function);
        });
  });
  return object;
}

absl::StatusOr<Attribute> ConstantFromPython(const py::handle& value) {
  // A bool is an int in Python: it goes first.
  if (value.is_none()) return Attribute();
  if (py::isinstance<py::bool_>(value)) return Attribute(value.cast<bool>());
  if (py::isinstance<py::int_>(value)) {
    int overflow = 0;
    const long long number =
        PyLong_AsLongLongAndOverflow(value.ptr(), &overflow);
    if (overflow != 0) {
      return absl::InvalidArgumentError("an integer exceeds 64 bits");
    }
    return Attribute(static_cast<int64_t>(number));
  }
  if (py::isinstance<py::float_>(value)) {
    return Attribute(value.cast<double>());
  }
  if (PyComplex_Check(value.ptr())) {
    return Attribute(value.cast<std::complex<double>>());
  }
  if (py::isinstance<py::str>(value)) {
    return Attribute(value.cast<std::string>());
  }
  return absl::InvalidArgumentError(
      absl::StrCat("not a constant: ", std::string(py::repr(value))));
}

// A constant, or a list or tuple of such.
absl::StatusOr<Attribute> AttributeFromPython(const py::handle& value) {
  if (!PyList_Check(value.ptr()) && !PyTuple_Check(value.ptr())) {
    return ConstantFromPython(value);
  }
  Attribute::List list;
  for (const py::handle& item : value) {
    absl::StatusOr<Attribute> element = AttributeFromPython(item);
    if (!element.ok()) return element;
    list.push_back(*std::move(element));
  }
  return Attribute(std::move(list));
}

py::object ConstantToPython(const Attribute& constant) {
  if (const bool* value = constant.AsBool()) return py::cast(*value);
  if (const int64_t* value = constant.AsInt()) return py::cast(*value);
  if (const double* value = constant.AsFloat()) return py::cast(*value);
  if (const auto* value = constant.AsComplex()) return py::cast(*value);
  if (const std::string* value = constant.AsString()) return py::cast(*value);
  return py::none();
}

std::vector<at::Tensor> Tensors(const py::handle& list) {
  std::vector<at::Tensor> tensors;
  for (const py::handle& item : list) {
    tensors.push_back(THPVariable_Unpack(item.ptr()));
  }
  return tensors;
}

bool SameTensors(const std::vector<c10::IValue>& a,
                 const std::vector<c10::IValue>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const c10::IValue& one, const c10::IValue& two) {
                      return one.toTensor().is_same(two.toTensor());
                    });
}

absl::Status OpaqueError(const py::handle& opaque) {
  std::string objects;
  for (const py::handle& row : opaque) {
    absl::StrAppend(&objects, objects.empty() ? "" : ", ", "`",
                    row.cast<py::tuple>()[0].cast<std::string>(), "` is a ",
                    row.cast<py::tuple>()[1].cast<std::string>());
  }
  return absl::UnimplementedError(absl::StrCat(
      objects,
      "; arguments and results may be tensors, numbers, strings, None, "
      "tuples, lists and dicts of them, and objects with attributes that are"));
}

}  // namespace

std::string PythonMessage(const py::error_already_set& error) {
  return absl::StrCat(std::string(py::str(error.type().attr("__name__"))), ": ",
                      std::string(py::str(error.value())));
}

absl::StatusOr<Structure> StructureFromPython(const py::handle& structure) {
  const py::tuple row = structure.cast<py::tuple>();
  const std::string kind = row[0].cast<std::string>();
  Structure out;
  if (kind == "leaf") {
    out.kind = Structure::Kind::kLeaf;
    out.leaf = row[1].cast<int64_t>();
    return out;
  }
  if (kind == "constant") {
    out.kind = Structure::Kind::kConstant;
    absl::StatusOr<Attribute> constant = ConstantFromPython(row[1]);
    if (!constant.ok()) return constant.status();
    out.constant = *std::move(constant);
    return out;
  }
  const bool keyed = kind == "dict" || kind == "named";
  out.kind = kind == "tuple"  ? Structure::Kind::kTuple
             : kind == "list" ? Structure::Kind::kList
             : kind == "dict" ? Structure::Kind::kDict
                              : Structure::Kind::kNamed;
  if (kind == "named") out.type_name = row[1].cast<std::string>();
  for (const py::handle& item : row[row.size() - 1]) {
    Structure::Child child;
    py::object value = py::reinterpret_borrow<py::object>(item);
    if (keyed) {
      const py::tuple pair = value.cast<py::tuple>();
      absl::StatusOr<Attribute> key = ConstantFromPython(pair[0]);
      if (!key.ok()) return key.status();
      child.key = *std::move(key);
      value = pair[1];
    }
    absl::StatusOr<Structure> inner = StructureFromPython(value);
    if (!inner.ok()) return inner.status();
    child.value = *std::move(inner);
    out.children.push_back(std::move(child));
  }
  return out;
}

py::object StructureToPython(const Structure& structure) {
  switch (structure.kind) {
    case Structure::Kind::kLeaf:
      return py::make_tuple("leaf", structure.leaf);
    case Structure::Kind::kConstant:
      return py::make_tuple("constant", ConstantToPython(structure.constant));
    default:
      break;
  }
  py::list children;
  for (const Structure::Child& child : structure.children) {
    py::object value = StructureToPython(child.value);
    if (child.key.is_none()) {
      children.append(value);
    } else {
      children.append(py::make_tuple(ConstantToPython(child.key), value));
    }
  }
  switch (structure.kind) {
    case Structure::Kind::kTuple:
      return py::make_tuple("tuple", children);
    case Structure::Kind::kList:
      return py::make_tuple("list", children);
    case Structure::Kind::kDict:
      return py::make_tuple("dict", children);
    default:
      return py::make_tuple("named", structure.type_name, children);
  }
}

absl::StatusOr<std::unique_ptr<LiveFrontend>> LiveFrontend::Create(
    py::object live_model, bool bound) {
  auto frontend = std::unique_ptr<LiveFrontend>(new LiveFrontend());
  frontend->live_model_ = std::move(live_model);
  frontend->bound_ = bound;
  if (!bound) return frontend;
  try {
    const py::tuple inputs = frontend->live_model_.attr("bound_inputs")();
    if (py::len(inputs[2]) > 0) return OpaqueError(inputs[2]);
    for (const at::Tensor& leaf : Tensors(inputs[0])) {
      frontend->inputs_.args.emplace_back(leaf);
    }
    absl::StatusOr<Structure> structure = StructureFromPython(inputs[1]);
    if (!structure.ok()) return structure.status();
    frontend->input_structure_ = *std::move(structure);
  } catch (const py::error_already_set& error) {
    return absl::InvalidArgumentError(PythonMessage(error));
  }
  return frontend;
}

LiveFrontend::~LiveFrontend() = default;

std::string LiveFrontend::name() const {
  return live_model_.attr("name").cast<std::string>();
}

std::vector<NamedTensor> LiveFrontend::state() const {
  std::vector<NamedTensor> state;
  for (const py::handle& item : live_model_.attr("state")()) {
    const py::tuple row = item.cast<py::tuple>();
    state.push_back({row[0].cast<std::string>(),
                     THPVariable_Unpack(row[2].ptr()),
                     row[1].cast<bool>() ? Weights::Role::kParameter
                                         : Weights::Role::kBuffer});
  }
  return state;
}

std::vector<NamedObject> LiveFrontend::objects() const {
  std::vector<NamedObject> objects;
  for (const py::handle& item : live_model_.attr("objects")()) {
    const py::tuple row = item.cast<py::tuple>();
    // By torch's own code: pybind11 keeps the classes of extensions that other
    // compilers have built apart.
    objects.push_back({row[0].cast<std::string>(),
                       torch::jit::toIValue(row[1], c10::AnyType::get())});
  }
  return objects;
}

std::vector<std::string> LiveFrontend::argument_names() const {
  return live_model_.attr("argument_names")().cast<std::vector<std::string>>();
}

const Structure* LiveFrontend::input_structure() const {
  return input_structure_.has_value() ? &*input_structure_ : nullptr;
}

const Structure* LiveFrontend::result_structure() const {
  return result_structure_.has_value() ? &*result_structure_ : nullptr;
}

py::tuple LiveFrontend::OwnArguments(const ModelInputs& inputs) const {
  py::object leaves = py::none();
  if (!SameTensors(inputs.args, inputs_.args)) {
    py::list others;
    for (const c10::IValue& leaf : inputs.args) {
      others.append(torch::jit::toPyObject(leaf));
    }
    leaves = std::move(others);
  }
  at::RecordFunctionGuard do_not_record(/*is_enabled=*/false);
  return live_model_.attr("own_arguments")(leaves);
}

std::map<std::string, Attribute> LiveFrontend::module_attributes(
    const std::string& path) const {
  std::map<std::string, Attribute> attributes;
  const py::dict named = live_model_.attr("module_attributes")(path);
  for (const auto& [name, value] : named) {
    absl::StatusOr<Attribute> attribute = AttributeFromPython(value);
    if (!attribute.ok()) continue;  // beyond 64 bits
    attributes[name.cast<std::string>()] = *std::move(attribute);
  }
  return attributes;
}

absl::StatusOr<c10::IValue> LiveFrontend::Run(const ModelInputs& inputs,
                                              Recorder& recorder) {
  const auto events = std::make_shared<ModuleEvents>(ModuleEvents{&recorder});
  const auto end_events = [](ModuleEvents* ended) {
    ended->recorder = nullptr;
  };
  const std::unique_ptr<ModuleEvents, decltype(end_events)> ending(events.get(),
                                                                   end_events);
  try {
    py::object run = live_model_.attr("run");
    py::tuple result;
    if (bound_) {
      const py::tuple own = OwnArguments(inputs);
      result = run(EventsObject(events), own[0], own[1]);
    } else {
      py::tuple args(inputs.args.size());
      for (size_t i = 0; i < inputs.args.size(); ++i) {
        args[i] = torch::jit::toPyObject(inputs.args[i]);
      }
      py::dict kwargs;
      for (const auto& [name, value] : inputs.kwargs) {
        kwargs[py::str(name)] = torch::jit::toPyObject(value);
      }
      result = run(EventsObject(events), args, kwargs);
    }
    if (py::len(result[2]) > 0) return OpaqueError(result[2]);
    absl::StatusOr<Structure> structure = StructureFromPython(result[1]);
    if (!structure.ok()) return structure.status();
    result_structure_ = *std::move(structure);
    std::vector<c10::IValue> leaves;
    for (const at::Tensor& leaf : Tensors(result[0])) leaves.emplace_back(leaf);
    return c10::ivalue::Tuple::create(std::move(leaves));
  } catch (py::error_already_set& error) {
    const std::string path =
        live_model_.attr("failed_path").cast<std::string>();
    return absl::InvalidArgumentError(
        absl::StrCat(path.empty() ? std::string("the model")
                                  : absl::StrCat("module `", path, "`"),
                     " failed: ", PythonMessage(error)));
  } catch (const c10::Error& error) {
    return absl::InvalidArgumentError(error.what_without_backtrace());
  } catch (const std::exception& error) {
    return absl::InvalidArgumentError(error.what());
  }
}

}  // namespace flextorchir
