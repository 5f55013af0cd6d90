#ifndef FLEXTORCHIR_CONVERTER_FRONTENDS_RANDOM_STATE_H_
#define FLEXTORCHIR_CONVERTER_FRONTENDS_RANDOM_STATE_H_

#include "ATen/core/Tensor.h"

namespace flextorchir {

// Gives the default random generator the state back that it had, so that a
// model that was run draws the same numbers again.
class KeepRandomState {
 public:
  KeepRandomState();
  ~KeepRandomState();
  KeepRandomState(const KeepRandomState&) = delete;
  KeepRandomState& operator=(const KeepRandomState&) = delete;

 private:
  at::Tensor state_;
};

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_FRONTENDS_RANDOM_STATE_H_
