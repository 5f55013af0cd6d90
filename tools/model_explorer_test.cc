#include "flextorchir/tools/model_explorer.h"

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/text.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace flextorchir {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Json = nlohmann::json;

Model SmallModel() {
  auto model = ParseText(R"(flextorchir 1 layer_set 1
name "Net"
producer "FlexTorchIR test"
weights "fc.weight" parameter f32[10,4]
graph "main" (%x: f32[1,4]) {
  %w = weights "fc.weight"
  %a: f32[1,10] = Linear "body.0.fc" (input=%x, weight=%w, bias=none)
      from "aten::linear" in "body.0.fc" ("torch.nn.Linear", 0) at "net.py":7 "forward"
  output=[%b: f32[1,5], %c: f32[1,5]] = aten::chunk "body.chunk" target "aten::chunk" (self=%a) {chunks=2}
      from "aten::chunk" in "body" ("net.Body", 1)
  %d: f32[1,5] = Placeholder "odd" target "my::\"odd\"" (a=%c)
  %e: f32[1,5] = Block "block" (x=%d) with body=@"block.body"
  return %e, %b
}
graph "block.body" (%x: f32[1,5]) {
  %y: f32[1,5] = Placeholder "odd" target "my::odd" (a=%x)
  return %y
}
)");
  EXPECT_TRUE(model.ok()) << model.status();
  return *std::move(model);
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// The nodes of a graph by id.
std::map<std::string, Json> NodesOf(const Json& graph) {
  std::map<std::string, Json> nodes;
  for (const Json& node : graph["nodes"]) {
    EXPECT_TRUE(nodes.emplace(node["id"], node).second) << node["id"];
  }
  return nodes;
}

std::string Attribute(const Json& node, const std::string& key) {
  for (const Json& pair : node["attrs"]) {
    if (pair["key"] == key) return pair["value"];
  }
  return "(none)";
}

TEST(ModelExplorerTest, LayersAreNodes) {
  const Json json = Json::parse(ModelExplorerGraphs(SmallModel()));
  EXPECT_EQ(json["label"], "Net");
  ASSERT_EQ(json["graphs"].size(), 2);
  EXPECT_EQ(json["graphs"][0]["id"], "main");
  auto nodes = NodesOf(json["graphs"][0]);
  ASSERT_EQ(nodes.size(), 6);

  const Json& linear = nodes["body.0.fc"];
  EXPECT_EQ(linear["label"], "Linear");
  EXPECT_EQ(linear["namespace"], "body/0/fc");
  EXPECT_EQ(Attribute(linear, "module class"), "torch.nn.Linear");
  EXPECT_EQ(Attribute(linear, "source"), "net.py:7");
  EXPECT_EQ(Attribute(linear, "weight"), "fc.weight f32[10,4]");
  EXPECT_EQ(linear["incomingEdges"], Json::parse(R"([{
    "sourceNodeId": "GraphInputs", "sourceNodeOutputId": "0",
    "targetNodeInputId": "0"}])"));
  EXPECT_EQ(linear["outputsMetadata"], Json::parse(R"([{"id": "0", "attrs": [
    {"key": "__tensor_tag", "value": "output"},
    {"key": "tensor_name", "value": "a"},
    {"key": "tensor_shape", "value": "f32[1,10]"}]}])"));
  EXPECT_FALSE(linear.contains("style"));

  // The second output of the one is the only input of the other.
  EXPECT_EQ(nodes["body.chunk"]["namespace"], "body #1");
  EXPECT_EQ(Attribute(nodes["body.chunk"], "chunks"), "2");
  EXPECT_EQ(nodes["odd"]["incomingEdges"][0]["sourceNodeOutputId"], "1");
  const Json& outputs = nodes["GraphOutputs"]["incomingEdges"];
  ASSERT_EQ(outputs.size(), 2);
  EXPECT_EQ(outputs[0]["sourceNodeId"], "block");
  EXPECT_EQ(outputs[1]["sourceNodeId"], "body.chunk");
  EXPECT_EQ(outputs[1]["targetNodeInputId"], "1");

  const Json& groups = json["graphs"][0]["groupNodeAttributes"];
  EXPECT_EQ(groups[""]["producer"], "FlexTorchIR test");
  EXPECT_EQ(groups["body #1"]["module class"], "net.Body");
}

TEST(ModelExplorerTest, PlaceholdersAreRed) {
  const Model model = SmallModel();
  const Json json = Json::parse(ModelExplorerGraphs(model));
  auto nodes = NodesOf(json["graphs"][0]);
  EXPECT_EQ(nodes["odd"]["label"], "my::\"odd\"");
  EXPECT_EQ(nodes["odd"]["style"]["backgroundColor"], "#f4a6a0");
  // So is what has one in its body, if paler.
  EXPECT_EQ(nodes["block"]["style"]["backgroundColor"], "#fbdad7");
  EXPECT_EQ(nodes["block"]["subgraphIds"], Json({"block.body"}));

  const Json overlay = Json::parse(ModelExplorerPlaceholders(model));
  ASSERT_EQ(overlay.size(), 2);
  const Json& results = overlay["main"]["results"];
  EXPECT_EQ(results["odd"]["value"], "placeholder");
  EXPECT_EQ(results["odd"]["bgColor"], "#f4a6a0");
  EXPECT_EQ(results["block"]["value"], "placeholder inside");
  EXPECT_EQ(results["body.0.fc"]["value"], "layer");
  EXPECT_EQ(overlay["block.body"]["results"]["odd"]["value"], "placeholder");
}

TEST(ModelExplorerTest, ModulesWithAWarningAreAmber) {
  const Json json =
      Json::parse(ModelExplorerGraphs(SmallModel(), {{"body.0.fc"}}));
  auto nodes = NodesOf(json["graphs"][0]);
  EXPECT_EQ(nodes["body.0.fc"]["style"]["backgroundColor"], "#ffd27f");
  EXPECT_EQ(nodes["odd"]["style"]["backgroundColor"], "#f4a6a0");
}

TEST(ModelExplorerTest, IdsAreUnique) {
  Model model = SmallModel();
  model.graphs[1].name = "main";
  model.main().layers[0].name = "GraphInputs";
  const Json json = Json::parse(ModelExplorerGraphs(model));
  EXPECT_EQ(json["graphs"][1]["id"], "main (2)");
  auto nodes = NodesOf(json["graphs"][0]);
  EXPECT_EQ(nodes["GraphInputs"]["label"], "Linear");
  EXPECT_EQ(nodes["GraphInputs (2)"]["label"], "GraphInputs");
  EXPECT_EQ(nodes["GraphInputs"]["incomingEdges"][0]["sourceNodeId"],
            "GraphInputs (2)");
  EXPECT_EQ(nodes["block"]["subgraphIds"], Json({"main (2)"}));
}

TEST(ModelExplorerTest, BothFilesOrNone) {
  const std::string folder = std::getenv("TEST_TMPDIR");
  const std::string path = absl::StrCat(folder, "/net.json");
  EXPECT_THAT(
      ModelExplorerPaths(path),
      ElementsAre(path, absl::StrCat(folder, "/net.placeholders.json")));
  const Model model = SmallModel();
  ASSERT_TRUE(WriteModelExplorer(model, path).ok());
  EXPECT_EQ(ReadFile(path), ModelExplorerGraphs(model));
  EXPECT_EQ(ReadFile(ModelExplorerPaths(path)[1]),
            ModelExplorerPlaceholders(model));
  const absl::Status status =
      WriteModelExplorer(model, absl::StrCat(folder, "/net.txt"));
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr(".json"));
}

}  // namespace
}  // namespace flextorchir
