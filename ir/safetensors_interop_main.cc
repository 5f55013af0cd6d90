// For safetensors_interop_test.py.
//
//   safetensors_interop_main DIRECTORY copy FROM TO   reads a file, writes it
//   safetensors_interop_main DIRECTORY all TO         writes all dtypes

#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "flextorchir/ir/dtype.h"
#include "flextorchir/ir/sink.h"
#include "flextorchir/ir/weights_file.h"

namespace flextorchir {
namespace {

// One tensor a dtype, called by torch's name, of two elements and bytes that
// count from one.
std::vector<Weights> AllDTypes() {
  std::vector<Weights> weights;
  for (const DTypeInfo& info : DTypes()) {
    Weights tensor;
    tensor.name = std::string(info.torch_name);
    tensor.type.dtype = info.dtype;
    tensor.type.shape = {1, 2};
    std::string data;
    for (int i = 0; i < 2 * info.bytes; ++i) {
      // As a boolean too.
      data.push_back(info.dtype == DType::kBool ? 1 : static_cast<char>(i + 1));
    }
    tensor.data = Bytes::FromString(std::move(data));
    weights.push_back(std::move(tensor));
  }
  return weights;
}

absl::Status Run(const std::vector<std::string>& arguments) {
  if (arguments.size() < 3) return absl::InvalidArgumentError("arguments");
  const std::string& directory = arguments[0];
  std::vector<Weights> weights;
  if (arguments[1] == "copy") {
    const absl::StatusOr<Bytes> file =
        NewDirectorySource(directory)->Open(arguments[2]);
    if (!file.ok()) return file.status();
    absl::StatusOr<std::vector<Weights>> read = ReadSafetensors(*file);
    if (!read.ok()) return read.status();
    weights = *std::move(read);
    for (const Weights& tensor : weights) {
      std::printf("%s %s\n", tensor.name.c_str(),
                  tensor.type.ToString().c_str());
    }
  } else {
    weights = AllDTypes();
  }
  absl::StatusOr<std::unique_ptr<Sink>> sink = NewDirectorySink(directory);
  if (!sink.ok()) return sink.status();
  const absl::StatusOr<WeightsFileRef> ref =
      WriteSafetensors(weights, arguments.back(), {{"format", "pt"}}, **sink);
  if (!ref.ok()) return ref.status();
  return (*sink)->Commit();
}

}  // namespace
}  // namespace flextorchir

int main(int argc, char** argv) {
  const absl::Status status =
      flextorchir::Run(std::vector<std::string>(argv + 1, argv + argc));
  if (status.ok()) return 0;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return 1;
}
