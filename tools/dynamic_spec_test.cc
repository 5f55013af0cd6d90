#include "flextorchir/tools/dynamic_spec.h"

#include <cstdint>
#include <map>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace flextorchir {
namespace {

using testing::HasSubstr;
using Sizes = std::map<std::string, std::map<int64_t, std::string>>;

TEST(DynamicSpecTest, NamesSizesByInputAndAxis) {
  EXPECT_EQ(ParseDynamicSizes("x:0=batch,2=height").value(),
            (Sizes{{"x", {{0, "batch"}, {2, "height"}}}}));
  EXPECT_EQ(ParseDynamicSizes(" x : 0 = n , -1 = w ; images[0] : 1=h ").value(),
            (Sizes{{"x", {{0, "n"}, {-1, "w"}}}, {"images[0]", {{1, "h"}}}}));
  // An input may come again.
  EXPECT_EQ(ParseDynamicSizes("x:0=n;x:1=m").value(),
            (Sizes{{"x", {{0, "n"}, {1, "m"}}}}));
}

TEST(DynamicSpecTest, SaysWhatIsWrong) {
  const struct {
    std::string text;
    std::string message;
  } kCases[] = {
      {"x", "\"x\": expected the name of an input"},
      {"", "expected the name of an input"},
      {":0=n", "expected the name of an input"},
      {"x:0=n;", "\"\": expected the name of an input"},
      {"x:n", "\"n\": expected the number of a dimension"},
      {"x:a=n", "\"a=n\": expected the number of a dimension"},
      {"x:0=", "\"0=\": expected a name behind"},
      {"x:0=a,0=b", "size 0 of x is given twice: a and b"},
      {"x:99999999999999999999=n", "expected the number of a dimension"},
  };
  for (const auto& row : kCases) {
    const auto sizes = ParseDynamicSizes(row.text);
    ASSERT_FALSE(sizes.ok()) << row.text;
    EXPECT_THAT(std::string(sizes.status().message()), HasSubstr(row.message));
  }
}

}  // namespace
}  // namespace flextorchir
