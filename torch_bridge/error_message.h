#ifndef FLEXTORCHIR_TORCH_BRIDGE_ERROR_MESSAGE_H_
#define FLEXTORCHIR_TORCH_BRIDGE_ERROR_MESSAGE_H_

#include <exception>
#include <string>

namespace flextorchir {

// What went wrong, in the words of an exception that torch (or an operator of
// the user's) threw: without torch's C++ stack and without trailing newlines.
std::string ErrorMessage(const std::exception& error);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_TORCH_BRIDGE_ERROR_MESSAGE_H_
