#include "flextorchir/converter/frontends/torchscript.h"

#include <cstddef>
#include <exception>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ATen/core/function_schema.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "flextorchir/converter/frontends/random_state.h"
#include "flextorchir/converter/frontends/script_modules.h"
#include "flextorchir/converter/frontends/script_values.h"
#include "flextorchir/torch_bridge/error_message.h"
#include "torch/csrc/jit/api/module.h"
#include "torch/csrc/jit/runtime/graph_executor.h"

namespace flextorchir {
namespace {

// What the interpreter reports: a traceback of TorchScript, then the error.
struct ScriptError {
  std::string message;
  std::string place;  // "net.py:12", the user's innermost; empty if unknown
};

ScriptError ParseError(const std::string& text) {
  ScriptError error;
  error.message = text;
  if (!absl::StrContains(text, "Traceback of TorchScript")) return error;
  bool in_message = false;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    absl::string_view rest = line;
    if (absl::ConsumePrefix(&rest, "  File \"")) {
      const size_t quote = rest.find("\", line ");
      if (quote == absl::string_view::npos) continue;
      const absl::string_view file = rest.substr(0, quote);
      if (absl::StrContains(file, "/torch/nn/")) continue;
      rest.remove_prefix(quote + 8);
      error.place = absl::StrCat(file, ":", rest.substr(0, rest.find(',')));
      in_message = false;
    } else if (absl::ConsumePrefix(&rest, "RuntimeError: ") ||
               absl::ConsumePrefix(&rest, "torch.jit.Error: ") ||
               absl::ConsumePrefix(&rest, "builtins.")) {
      error.message = std::string(rest);
      in_message = true;
    } else if (in_message && !rest.empty()) {
      absl::StrAppend(&error.message, "\n", rest);
    }
  }
  return error;
}

class TorchScript : public Frontend {
 public:
  explicit TorchScript(torch::jit::Module module)
      : module_(std::move(module)) {}

  std::string name() const override {
    const std::string name = ScriptClassName(*module_.type());
    return name.substr(name.rfind('.') + 1);  // all of it if there is no dot
  }

  std::vector<NamedTensor> state() const override {
    return ScriptState(module_);
  }

  std::vector<NamedObject> objects() const override {
    return ScriptObjects(module_);
  }

  std::vector<std::string> argument_names() const override {
    std::vector<std::string> names;
    const auto method = module_.find_method("forward");
    const auto& arguments = method->function().getSchema().arguments();
    for (size_t i = 1; i < arguments.size(); ++i) {
      names.push_back(arguments[i].name());
    }
    return names;
  }

  std::map<std::string, Attribute> module_attributes(
      const std::string& path) const override {
    return ScriptAttributes(module_, path);
  }

  absl::StatusOr<c10::IValue> Run(const ModelInputs& inputs,
                                  Recorder& recorder) override {
    try {
      KeepRandomState keep_random_state;
      const torch::jit::Module module = CopyForRun(module_);
      const ScriptModuleEvents events(module);
      const torch::jit::GraphOptimizerEnabledGuard no_fusion(false);
      return Call(module, inputs);
    } catch (const std::exception& error) {
      return Failed(ErrorMessage(error), recorder);
    }
  }

 private:
  static c10::IValue Call(const torch::jit::Module& module,
                          const ModelInputs& inputs) {
    const torch::jit::Method method = module.get_method("forward");
    const auto& arguments = method.function().getSchema().arguments();
    std::vector<c10::IValue> stack;
    for (size_t i = 0; i < inputs.args.size(); ++i) {
      stack.push_back(i + 1 < arguments.size()
                          ? CoerceTo(inputs.args[i], arguments[i + 1].type())
                          : inputs.args[i]);
    }
    torch::jit::Kwargs kwargs;
    for (const auto& [name, value] : inputs.kwargs) {
      const auto index =
          method.function().getSchema().argumentIndexWithName(name);
      kwargs[name] =
          index.has_value() ? CoerceTo(value, arguments[*index].type()) : value;
    }
    return method(std::move(stack), kwargs);
  }

  static absl::Status Failed(const std::string& text,
                             const Recorder& recorder) {
    const ScriptError error = ParseError(text);
    std::string message = "the model failed";
    if (const std::string module = recorder.failed_module(); !module.empty()) {
      absl::StrAppend(&message, " in module \"", module, "\"");
    }
    if (!error.place.empty()) {
      absl::StrAppend(&message, " at ", error.place);
    }
    return absl::InvalidArgumentError(
        absl::StrCat(message, ": ", error.message));
  }

  torch::jit::Module module_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Frontend>> FromTorchScript(
    const torch::jit::Module& module) {
  if (!module.find_method("forward").has_value()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the TorchScript module ", ScriptClassName(*module.type()),
                     " has no method `forward`"));
  }
  return std::make_unique<TorchScript>(module);
}

}  // namespace flextorchir
