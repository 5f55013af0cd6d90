#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "flextorchir/converter/passes/drop_unused.h"
#include "flextorchir/converter/passes/inline_composites.h"
#include "flextorchir/converter/passes/unique_names.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/text.h"
#include "flextorchir/ir/verify.h"
#include "gtest/gtest.h"

namespace flextorchir {
namespace {

Model Parse(const std::string& text) {
  const absl::StatusOr<Model> model =
      ParseText("flextorchir 1 layer_set 1\n" + text);
  EXPECT_TRUE(model.ok()) << model.status() << "\n" << text;
  return model.ok() ? *model : Model();
}

// The text without its first line.
std::string Text(const Model& model) {
  const std::string text = ToText(model);
  return text.substr(text.find('\n') + 1);
}

std::string Inlined(const std::string& text,
                    const std::function<bool(const Layer&)>& which = nullptr) {
  Model model = Parse(text);
  EXPECT_TRUE(Verify(model).ok()) << Verify(model);
  InlineComposites(&model, which);
  EXPECT_TRUE(Verify(model).ok()) << Verify(model) << "\n" << Text(model);
  return Text(model);
}

TEST(InlineCompositesTest, BodyTakesThePlaceOfTheLayer) {
  EXPECT_EQ(Inlined(R"(weights "fc.weight" parameter f32[3,4]
graph "main" (%x: f32[2,4]) {
  %fc.weight = weights "fc.weight"
  %relu: f32[2,4] = ReLU "relu" (input=%x)
  %block: f32[2,3] = Block "block" (input=%relu, fc.weight=%fc.weight) with body=@"block"
  return %block
}
graph "block" (%input: f32[2,4], %fc.weight: f32[3,4]) {
  %relu: f32[2,4] = ReLU "relu" (input=%input)
  %block.fc: f32[2,3] = Linear "block.fc" (input=%relu, weight=%fc.weight, bias=none)
  return %block.fc
}
)"),
            R"(weights "fc.weight" parameter f32[3,4]
graph "main" (%x: f32[2,4]) {
  %fc.weight = weights "fc.weight"
  %relu: f32[2,4] = ReLU "relu" (input=%x)
  %relu_1: f32[2,4] = ReLU "relu_1" (input=%relu)
  %block: f32[2,3] = Linear "block.fc" (input=%relu_1, weight=%fc.weight, bias=none)
  return %block
}
)");
}

// What a body returns may be its input, and may be returned twice.
TEST(InlineCompositesTest, ResultsThatAreInputsOrTheSame) {
  EXPECT_EQ(Inlined(R"(graph "main" (%x: f32[2]) {
  output_0=%a: f32[2], output_1=%b: f32[2], output_2=%c: f32[2] = Block "block" (input=%x) with body=@"block"
  %d: f32[2] = ReLU "d" (input=%a)
  return %d, %b, %c
}
graph "block" (%input: f32[2]) {
  %r: f32[2] = ReLU "r" (input=%input)
  return %input, %r, %r
}
)"),
            R"(graph "main" (%x: f32[2]) {
  %b: f32[2] = ReLU "r" (input=%x)
  %d: f32[2] = ReLU "d" (input=%x)
  return %d, %b, %b
}
)");
}

constexpr char kNested[] = R"(graph "main" (%x: f32[2]) {
  %outer: f32[2] = OuterBlock "outer" (input=%x) with body=@"outer"
  return %outer
}
graph "outer" (%input: f32[2]) {
  %inner: f32[2] = InnerBlock "inner" (input=%input) with body=@"inner"
  %last: f32[2] = ReLU "last" (input=%inner)
  return %last
}
graph "inner" (%input: f32[2]) {
  %r: f32[2] = ReLU "r" (input=%input)
  return %r
}
)";

TEST(InlineCompositesTest, Nested) {
  EXPECT_EQ(Inlined(kNested), R"(graph "main" (%x: f32[2]) {
  %inner: f32[2] = ReLU "r" (input=%x)
  %outer: f32[2] = ReLU "last" (input=%inner)
  return %outer
}
)");
}

TEST(InlineCompositesTest, OnlyThoseThatAreAskedFor) {
  EXPECT_EQ(
      Inlined(kNested,
              [](const Layer& layer) { return layer.kind == "OuterBlock"; }),
      R"(graph "main" (%x: f32[2]) {
  %inner: f32[2] = InnerBlock "inner" (input=%x) with body=@"inner"
  %outer: f32[2] = ReLU "last" (input=%inner)
  return %outer
}
graph "inner" (%input: f32[2]) {
  %r: f32[2] = ReLU "r" (input=%input)
  return %r
}
)");
  // In a body that stays.
  EXPECT_EQ(
      Inlined(kNested,
              [](const Layer& layer) { return layer.kind == "InnerBlock"; }),
      R"(graph "main" (%x: f32[2]) {
  %outer: f32[2] = OuterBlock "outer" (input=%x) with body=@"outer"
  return %outer
}
graph "outer" (%input: f32[2]) {
  %inner: f32[2] = ReLU "r" (input=%input)
  %last: f32[2] = ReLU "last" (input=%inner)
  return %last
}
)");
}

TEST(DropUnusedTest, ValuesWeightsAndGraphs) {
  Model model = Parse(R"(weights "a" parameter f32[2]
weights "b" parameter f32[2]
weights "c" buffer f32[2]
state weights "c"
graph "main" (%x: f32[2]) {
  %a = weights "a"
  %b = weights "b"
  %b.again = weights "b"
  %sum: f32[2] = Add "sum" (input=%b.again, other=%b)
  %next: f32[2] = ReLU "next" (input=%sum)
  return %x, %next
}
graph "orphan" () {
  return
}
)");
  EXPECT_EQ(DropUnused(&model), (std::vector<ValueId>{0, 2, 4, 5}));
  EXPECT_EQ(Text(model), R"(weights "b" parameter f32[2]
weights "c" buffer f32[2]
state weights "c"
graph "main" (%x: f32[2]) {
  %b = weights "b"
  %sum: f32[2] = Add "sum" (input=%b, other=%b)
  %next: f32[2] = ReLU "next" (input=%sum)
  return %x, %next
}
)");
}

TEST(UniqueNamesTest, NumbersWhatIsTaken) {
  UniqueNames names;
  names.Reserve("relu_1");
  EXPECT_EQ(names.Make("relu"), "relu");
  EXPECT_EQ(names.Make("relu"), "relu_2");
  EXPECT_EQ(names.Make("relu_1"), "relu_1");
  EXPECT_EQ(names.Make("relu_1"), "relu_1_1");
  EXPECT_EQ(names.Make("relu"), "relu_3");
}

}  // namespace
}  // namespace flextorchir
