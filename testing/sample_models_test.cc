#include "flextorchir/testing/sample_models.h"

#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "flextorchir/ir/text.h"
#include "flextorchir/ir/verify.h"
#include "gtest/gtest.h"

namespace flextorchir {
namespace {

TEST(SampleModelsTest, AreValidAndNamedOnce) {
  std::set<std::string> names;
  for (const std::string& name : SampleModelNames()) {
    EXPECT_TRUE(names.insert(name).second) << name;
    const absl::Status status = Verify(GetSampleModel(name));
    EXPECT_TRUE(status.ok()) << name << ": " << status;
  }
}

TEST(SampleModelsTest, ReadBackFromTheirText) {
  TextOptions options;
  options.weights_data = true;
  for (const std::string& name : SampleModelNames()) {
    const Model& model = GetSampleModel(name);
    const std::string text = ToText(model, options);
    const absl::StatusOr<Model> parsed = ParseText(text);
    ASSERT_TRUE(parsed.ok()) << parsed.status() << "\n" << text;
    EXPECT_TRUE(*parsed == model) << text;
    EXPECT_EQ(ToText(*parsed, options), text);
  }
}

}  // namespace
}  // namespace flextorchir
