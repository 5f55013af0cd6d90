#include "flextorchir/converter/frontends/random_state.h"

#include <mutex>

#include "ATen/CPUGeneratorImpl.h"
#include "ATen/core/Generator.h"
#include "ATen/core/Tensor.h"
#include "flextorchir/converter/capture/tensor_table.h"

namespace flextorchir {

KeepRandomState::KeepRandomState() {
  Unobserved unobserved;
  at::Generator generator = at::detail::getDefaultCPUGenerator();
  std::lock_guard<std::mutex> lock(generator.mutex());
  state_ = generator.get_state();
}

KeepRandomState::~KeepRandomState() {
  Unobserved unobserved;
  at::Generator generator = at::detail::getDefaultCPUGenerator();
  std::lock_guard<std::mutex> lock(generator.mutex());
  generator.set_state(state_);
}

}  // namespace flextorchir
