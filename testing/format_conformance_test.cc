// The conformance tests of a format that says little and is only written.

#include "flextorchir/testing/format_conformance.h"

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/serializer.h"
#include "flextorchir/ir/sink.h"
#include "gtest/gtest.h"

namespace flextorchir {
namespace {

// A list of the layers' kinds; no weights, and no layers with bodies.
class KindsSerializer final : public Serializer {
 public:
  absl::string_view name() const override { return "kinds"; }
  absl::string_view extension() const override { return "kinds"; }
  absl::string_view description() const override { return "a list of kinds"; }

  absl::Status Write(const Model& model, absl::string_view stem,
                     const SerializeOptions& /*options*/,
                     Sink& sink) const override {
    std::string text = "kinds:\n";
    for (const Layer& layer : model.main().layers) {
      if (!layer.bodies.empty()) {
        return absl::UnimplementedError(
            absl::StrCat("layer ", layer.name, " has a body"));
      }
      absl::StrAppend(&text, layer.kind, "\n");
    }
    const absl::StatusOr<Sink::File*> file =
        sink.Create(absl::StrCat(stem, ".kinds"));
    if (!file.ok()) return file.status();
    return (*file)->Append(text);
  }
};

const bool kRegistered = [] {
  FormatConformanceOptions format;
  format.name = "kinds";
  format.serializer = [] { return std::make_unique<KindsSerializer>(); };
  const std::string reason = "a list has no place for bodies";
  format.cannot_say = {{"NestedBodies", reason},
                       {"SeveralBodies", reason},
                       {"Everything", reason}};
  format.has_inline_weights = false;
  return RegisterFormatConformanceTests(format);
}();

}  // namespace
}  // namespace flextorchir
