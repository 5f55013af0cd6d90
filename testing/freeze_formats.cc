// Writes what the formats of this version look like into ir/*/testdata/vN,
// where the tests of all later versions find it. By hand:
//
//     bazel run //testing:freeze_formats
//
// A version that has been released is never written again: refuses to replace
// files unless it is called with --replace, which is for a version that is
// still in the making.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "flextorchir/ir/flatbuffers/serializer.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/proto/serializer.h"
#include "flextorchir/ir/serializer.h"
#include "flextorchir/ir/text.h"
#include "flextorchir/testing/sample_models.h"

namespace flextorchir {
namespace {

namespace fs = std::filesystem;

// `schema` is kept beside the files, so that a later one can be compared.
absl::Status Freeze(const Serializer& serializer, const fs::path& package,
                    const fs::path& schema, const fs::path& workspace,
                    bool replace) {
  const fs::path folder =
      workspace / package / "testdata" / absl::StrCat("v", kFormatVersion);
  if (!replace && fs::exists(folder)) {
    return absl::AlreadyExistsError(absl::StrCat(
        folder.string(),
        " is there already. Raise kFormatVersion "
        "(ir/graph.h) for a change after a release; before one, pass "
        "--replace"));
  }
  std::error_code error;
  fs::create_directories(folder, error);
  const Model& model = GetSampleModel("Everything");
  const absl::StatusOr<std::vector<std::string>> paths =
      WriteFiles(model, {&serializer}, (folder / "everything").string());
  if (!paths.ok()) return paths.status();
  TextOptions options;
  options.weights_data = true;
  std::ofstream text(folder / "everything.fttxt", std::ios::binary);
  text << ToText(model, options);
  text.close();
  if (!text) return absl::UnknownError("cannot write everything.fttxt");
  fs::copy_file(package / schema, folder / schema,
                fs::copy_options::overwrite_existing, error);
  if (error) {
    return absl::UnknownError(
        absl::StrCat("cannot copy ", schema.string(), ": ", error.message()));
  }
  // What Bazel makes is executable and cannot be written.
  using Perms = fs::perms;
  fs::permissions(folder / schema,
                  Perms::owner_read | Perms::owner_write | Perms::group_read |
                      Perms::others_read,
                  error);
  std::cout << "wrote " << folder.string() << "\n";
  return absl::OkStatus();
}

int Main(int argc, char** argv) {
  const bool replace = argc == 2 && absl::string_view(argv[1]) == "--replace";
  const char* workspace = std::getenv("BUILD_WORKSPACE_DIRECTORY");
  if (workspace == nullptr || (argc > 1 && !replace)) {
    std::cerr << "usage: bazel run //testing:freeze_formats [-- --replace]\n";
    return 1;
  }
  absl::Status status = Freeze(*NewProtobufSerializer(), "ir/proto",
                               "ir.descriptor_set", workspace, replace);
  if (status.ok()) {
    status = Freeze(*NewFlatBuffersSerializer(), "ir/flatbuffers", "ir.fbs",
                    workspace, replace);
  }
  if (!status.ok()) std::cerr << "freeze_formats: " << status << "\n";
  return status.ok() ? 0 : 1;
}

}  // namespace
}  // namespace flextorchir

int main(int argc, char** argv) { return flextorchir::Main(argc, argv); }
