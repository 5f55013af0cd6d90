#include "flextorchir/tools/diagram.h"

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "flextorchir/ir/text.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace flextorchir {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Model SmallModel() {
  auto model = ParseText(R"(flextorchir 1 layer_set 1
name "Net"
graph "main" (%x: f32[1,4], %w: f32[10,4]) {
  %a: f32[1,10] = Linear "body.0.fc" (input=%x, weight=%w, bias=none)
      from "aten::linear" in "body.0.fc" ("torch.nn.Linear", 0)
  %b: f32[1,10] = ReLU "body.0.relu" (input=%a)
      from "aten::relu" in "body.0" ("net.Block", 0)
  %c: f32[1,10] = Placeholder "body.1.odd" target "my::\"odd\"" (a=%b)
      from "my::odd" in "body.1" ("net.Odd", 0)
  %d: f32[1,10] = ReLU "body.1.relu" (input=%c)
      from "aten::relu" in "body.1" ("net.Odd", 0)
  %e: f32[1,10] = ReLU "relu" (input=%d)
  return %e
}
)");
  EXPECT_TRUE(model.ok()) << model.status();
  return *std::move(model);
}

// A chain of layers in one module.
Model FlatModel(int layers) {
  Model model;
  model.graphs.resize(1);
  Graph& graph = model.main();
  ValueId last = graph.AddValue({"x", TensorType{}});
  graph.inputs = {last};
  for (int i = 0; i < layers; ++i) {
    Layer layer;
    layer.kind = "ReLU";
    layer.name = absl::StrCat("relu_", i);
    layer.inputs = {Slot::One("input", last)};
    last = graph.AddValue({absl::StrCat("v", i), TensorType{}});
    layer.outputs = {Slot::One("output", last)};
    graph.layers.push_back(layer);
  }
  graph.outputs = {last};
  return model;
}

int CountOf(absl::string_view text, absl::string_view part) {
  int count = 0;
  for (size_t at = text.find(part); at != text.npos;
       at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

TEST(ModelToDot, NestsModules) {
  const std::string dot = ModelToDot(SmallModel());
  EXPECT_EQ(CountOf(dot, "subgraph cluster_"), 3) << dot;
  EXPECT_THAT(dot, HasSubstr("label=\"body.0  Block\""));
  EXPECT_THAT(dot, HasSubstr("label=\"Linear  body.0.fc\\nC4 N10\\n[1,10]\""));
  // A placeholder is red; what stands in its name is quoted.
  EXPECT_THAT(dot,
              HasSubstr("my::\\\"odd\\\"\\n[1,10]\" fillcolor=\"#f4a6a0\""));
  EXPECT_EQ(CountOf(dot, " -> "), 7) << dot;
}

TEST(ModelToDot, DrawsNothingForWhatIsAbsent) {
  Model model = FlatModel(2);
  for (Layer& layer : model.main().layers) {
    layer.inputs.push_back(Slot::One("bias", kAbsent));
    layer.outputs.push_back(Slot::One("indices", kAbsent));
    layer.attributes["sizes"] = Attribute::Ints({1, 2});
    layer.attributes["mode"] = std::string(60, 'm');
  }
  const std::string dot = ModelToDot(model);
  EXPECT_EQ(CountOf(dot, " -> "), 3) << dot;
  EXPECT_THAT(dot, HasSubstr("...\\nsizes=[1, 2]\\n[]"));
}

TEST(ModelToDot, KeepsCallsOfOneModuleApart) {
  Model model = FlatModel(3);
  for (int i = 0; i < 3; ++i) {
    Source source;
    source.module_path = "block.relu";
    source.call_index = i;
    model.main().layers[i].sources = {source};
  }
  DiagramOptions options;
  options.depth = 2;
  const std::string dot = ModelToDot(model, options);
  EXPECT_EQ(CountOf(dot, "label=\"ReLU"), 3) << dot;
}

TEST(ModelToDot, ClosesModulesBelowTheDepth) {
  DiagramOptions options;
  options.depth = 2;
  options.warned_modules = {"body.0"};
  const std::string dot = ModelToDot(SmallModel(), options);
  EXPECT_EQ(CountOf(dot, "subgraph cluster_"), 1) << dot;
  EXPECT_THAT(dot, HasSubstr("label=\"body.0  Block\\n2 layers\" "
                             "fillcolor=\"#ffd27f\"]"));
  EXPECT_THAT(dot, HasSubstr("label=\"body.1  Odd\\n2 layers\" "
                             "fillcolor=\"#d5dde8\" color=\"#c0281c\""));
  EXPECT_EQ(CountOf(dot, " -> "), 5) << dot;
  options.depth = 0;
  options.max_nodes = 3;
  EXPECT_EQ(ModelToDot(SmallModel(), options), dot);
}

TEST(ModelToDot, StaysReadable) {
  const std::string dot = ModelToDot(FlatModel(5000));
  EXPECT_LE(CountOf(dot, "shape=box3d"), 160);
  EXPECT_THAT(dot, HasSubstr("relu_0 to relu_31\\n32 layers"));
}

TEST(WriteDiagram, DrawsWithGraphviz) {
  if (std::system("dot -V > /dev/null 2>&1") != 0) {
    GTEST_SKIP() << "Graphviz is not installed";
  }
  const std::string path = absl::StrCat(testing::TempDir(), "/net.svg");
  const absl::Status status = WriteDiagram(ModelToDot(FlatModel(1000)), path);
  ASSERT_TRUE(status.ok()) << status;
  std::stringstream content;
  content << std::ifstream(path).rdbuf();
  EXPECT_THAT(content.str(), HasSubstr("</svg>"));
  EXPECT_FALSE(WriteDiagram("digraph {", path).ok());
}

TEST(WriteDiagram, SaysWhatItCannotDraw) {
  const auto error = [](absl::string_view path) {
    return std::string(WriteDiagram("digraph {}", path).message());
  };
  EXPECT_THAT(error("a.bmp"), HasSubstr(".dot, .svg, .png, .pdf"));
  EXPECT_THAT(error("a"), HasSubstr("ends in"));
  setenv("PATH", "/nowhere", 1);
  EXPECT_THAT(error("a.svg"), HasSubstr("install the package graphviz"));
}

}  // namespace
}  // namespace flextorchir
