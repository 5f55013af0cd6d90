#ifndef FLEXTORCHIR_CONVERTER_FRONTENDS_CALLABLE_H_
#define FLEXTORCHIR_CONVERTER_FRONTENDS_CALLABLE_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "flextorchir/converter/frontends/frontend.h"

namespace torch::nn {
class Module;
}

namespace flextorchir {

// Any C++ function. `state` names the parameters it reads; other tensors that
// it brings along become constants. Exceptions become errors.
std::unique_ptr<Frontend> FromCallable(
    std::string name,
    std::function<c10::IValue(const ModelInputs& inputs)> function,
    std::vector<NamedTensor> state = {});

// A C++ torch::nn::Module, run by `forward` (a lambda that calls the module's
// own). Parameters and buffers have their own names. C++ modules have no
// forward hooks, so a layer's module path is that of the parameters it reads;
// layers without parameters have none.
std::unique_ptr<Frontend> FromModule(
    std::shared_ptr<torch::nn::Module> module,
    std::function<c10::IValue(const ModelInputs& inputs)> forward);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_FRONTENDS_CALLABLE_H_
