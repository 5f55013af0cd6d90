#include "flextorchir/converter/frontends/callable.h"

#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "flextorchir/converter/frontends/random_state.h"
#include "flextorchir/torch_bridge/error_message.h"
#include "torch/nn/module.h"

namespace flextorchir {
namespace {

class Callable : public Frontend {
 public:
  Callable(std::string name,
           std::function<c10::IValue(const ModelInputs& inputs)> function,
           std::vector<NamedTensor> state)
      : name_(std::move(name)),
        function_(std::move(function)),
        state_(std::move(state)) {}

  std::string name() const override { return name_; }
  std::vector<NamedTensor> state() const override { return state_; }

  absl::StatusOr<c10::IValue> Run(const ModelInputs& inputs,
                                  Recorder& /*recorder*/) override {
    KeepRandomState keep_random_state;
    try {
      return function_(inputs);
    } catch (const std::exception& error) {
      return absl::InvalidArgumentError(
          absl::StrCat("the model failed: ", ErrorMessage(error)));
    } catch (...) {
      return absl::InvalidArgumentError(
          "the model failed with an exception that says nothing");
    }
  }

 private:
  std::string name_;
  std::function<c10::IValue(const ModelInputs& inputs)> function_;
  std::vector<NamedTensor> state_;
};

// "torch::nn::LinearImpl" -> "Linear".
std::string ClassName(absl::string_view name) {
  const size_t colons = name.rfind("::");
  if (colons != absl::string_view::npos) name.remove_prefix(colons + 2);
  if (name != "Impl") absl::ConsumeSuffix(&name, "Impl");
  return std::string(name);
}

}  // namespace

std::unique_ptr<Frontend> FromCallable(
    std::string name,
    std::function<c10::IValue(const ModelInputs& inputs)> function,
    std::vector<NamedTensor> state) {
  return std::make_unique<Callable>(std::move(name), std::move(function),
                                    std::move(state));
}

std::unique_ptr<Frontend> FromModule(
    std::shared_ptr<torch::nn::Module> module,
    std::function<c10::IValue(const ModelInputs& inputs)> forward) {
  std::vector<NamedTensor> state;
  for (const auto& parameter : module->named_parameters()) {
    state.push_back(
        {parameter.key(), parameter.value(), Weights::Role::kParameter});
  }
  for (const auto& buffer : module->named_buffers()) {
    state.push_back({buffer.key(), buffer.value(), Weights::Role::kBuffer});
  }
  // The module lives as long as its frontend.
  return std::make_unique<Callable>(
      ClassName(module->name()),
      [module, forward = std::move(forward)](const ModelInputs& inputs) {
        return forward(inputs);
      },
      std::move(state));
}

}  // namespace flextorchir
