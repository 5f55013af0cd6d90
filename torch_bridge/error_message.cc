#include "flextorchir/torch_bridge/error_message.h"

#include <exception>
#include <string>

#include "absl/strings/ascii.h"
#include "c10/util/Exception.h"

namespace flextorchir {

std::string ErrorMessage(const std::exception& error) {
  const auto* torch_error = dynamic_cast<const c10::Error*>(&error);
  std::string message = torch_error != nullptr
                            ? torch_error->what_without_backtrace()
                            : error.what();
  absl::StripTrailingAsciiWhitespace(&message);
  return message;
}

}  // namespace flextorchir
