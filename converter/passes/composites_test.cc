#include "flextorchir/converter/passes/composites.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "flextorchir/converter/passes/drop_unused.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/text.h"
#include "flextorchir/ir/verify.h"
#include "gtest/gtest.h"

namespace flextorchir {
namespace {

// 0: the model, 1: "block", 2: "block.act", 3: "head".
std::vector<ModuleScope> Scopes() {
  return {{kAbsent, "", "Net", 0},
          {0, "block", "my.nets.Block", 0},
          {1, "block.act", "torch.nn.modules.activation.ReLU", 0},
          {0, "head", "torch.nn.Linear", 0}};
}

// A captured graph of these layers, given with their module calls.
FunctionalGraph Captured(const std::string& text,
                         const std::vector<ScopeId>& scopes) {
  FunctionalGraph graph;
  const absl::StatusOr<Model> model =
      ParseText("flextorchir 1 layer_set 1\n" + text);
  EXPECT_TRUE(model.ok()) << model.status();
  if (!model.ok()) return graph;
  graph.model = *model;
  EXPECT_EQ(graph.model.main().layers.size(), scopes.size());
  for (ScopeId scope : scopes) graph.origins.push_back({scope, kAbsent});
  graph.results.resize(graph.model.main().values.size());
  return graph;
}

// The text of what is cut, without its first line.
std::string Cut(FunctionalGraph* graph, const CompositeOptions& options) {
  const std::vector<ModuleScope> scopes = Scopes();
  const ChosenScopes chosen = ChooseScopes(scopes, options, &graph->warnings);
  const absl::StatusOr<LayerScopes> layers =
      CutComposites(scopes, chosen, graph);
  if (!layers.ok()) return std::string(layers.status().message());
  EXPECT_EQ(layers->size(), graph->model.graphs.size());
  for (size_t g = 0; g < layers->size(); ++g) {
    EXPECT_EQ((*layers)[g].size(), graph->model.graphs[g].layers.size());
    for (Layer& layer : graph->model.graphs[g].layers) {
      if (layer.name.empty()) layer.name = layer.source().module_path;
    }
  }
  DropUnused(&graph->model);
  EXPECT_TRUE(Verify(graph->model).ok()) << Verify(graph->model);
  TextOptions text_options;
  text_options.sources = false;
  const std::string text = ToText(graph->model, text_options);
  return text.substr(text.find('\n') + 1);
}

std::string Cut(const std::string& text, const std::vector<ScopeId>& scopes,
                std::vector<std::string> blackbox,
                std::vector<Report::Warning>* warnings = nullptr) {
  FunctionalGraph graph = Captured(text, scopes);
  CompositeOptions options;
  options.blackbox = std::move(blackbox);
  std::string cut = Cut(&graph, options);
  if (warnings != nullptr) *warnings = graph.warnings;
  return cut;
}

constexpr char kNet[] = R"(weights "block.fc.weight" parameter f32[4,4]
weights "shared" buffer f32[4]
graph "main" (%x: f32[2,4], %y: f32[2,4]) {
  %w = weights "block.fc.weight"
  %s = weights "shared"
  %a: f32[2,4] = Linear "a" (input=%x, weight=%w, bias=%s)
  %b: f32[2,4] = ReLU "b" (input=%a)
  %c: f32[2,4] = Add "c" (input=%b, other=%y)
  %d: f32[2,4] = ReLU "d" (input=%c)
  return %d, %b
}
)";

TEST(CompositesTest, DataflowGivesInputsAndOutputs) {
  // By path, by qualified class, and by the last part of it.
  for (const char* name : {"block", "my.nets.Block", "Block"}) {
    const std::string text = Cut(kNet, {1, 2, 1, 0}, {name});
    EXPECT_EQ(
        text.substr(text.find("  output_0=")),
        R"(  output_0=%b: f32[2,4], output_1=%c: f32[2,4] = Block "block" (input_0=%x, fc.weight=%w, shared=%s, input_1=%y) with body=@"block"
  %d: f32[2,4] = ReLU "d" (input=%c)
  return %d, %b
}
graph "block" (%x: f32[2,4], %w: f32[4,4], %s: f32[4], %y: f32[2,4]) {
  %a: f32[2,4] = Linear "a" (input=%x, weight=%w, bias=%s)
  %b: f32[2,4] = ReLU "b" (input=%a)
  %c: f32[2,4] = Add "c" (input=%b, other=%y)
  return %b, %c
}
)");
  }
}

TEST(CompositesTest, CarriesThePlainAttributesOfItsModule) {
  FunctionalGraph graph = Captured(kNet, {1, 2, 1, 0});
  CompositeOptions options;
  options.blackbox = {"block"};
  std::vector<std::string> asked;
  options.attributes = [&](const std::string& path) {
    asked.push_back(path);
    return std::map<std::string, Attribute>{{"beta", 10.0},
                                            {"sizes", Attribute::Ints({1, 2})},
                                            {"shared", "input"}};
  };
  const std::string text = Cut(&graph, options);
  EXPECT_EQ(asked, std::vector<std::string>{"block"});
  // An input of that name goes first.
  EXPECT_TRUE(absl::StrContains(text, "{beta=10.0, sizes=[1, 2]}")) << text;
}

TEST(CompositesTest, Nested) {
  const std::string text = Cut(kNet, {1, 2, 1, 0}, {"block", "torch.nn.ReLU"});
  EXPECT_EQ(
      text.substr(text.find("graph \"block\"")),
      R"(graph "block" (%x: f32[2,4], %w: f32[4,4], %s: f32[4], %y: f32[2,4]) {
  %a: f32[2,4] = Linear "a" (input=%x, weight=%w, bias=%s)
  %b: f32[2,4] = torch.nn.ReLU "block.act" (input=%a) with body=@"block.act"
  %c: f32[2,4] = Add "c" (input=%b, other=%y)
  return %b, %c
}
graph "block.act" (%a: f32[2,4]) {
  %b: f32[2,4] = ReLU "b" (input=%a)
  return %b
}
)");
}

TEST(CompositesTest, UnknownNamesAndEmptyModules) {
  std::vector<Report::Warning> warnings;
  Cut(kNet, {0, 0, 0, 0}, {"Blok", "block", "nothing like it"}, &warnings);
  ASSERT_EQ(warnings.size(), 3);
  EXPECT_EQ(warnings[0].code, "blackbox-unmatched");
  EXPECT_EQ(warnings[0].message,
            "no module that ran has the path or class \"Blok\"; there are "
            "Block, block");
  EXPECT_EQ(warnings[1].code, "blackbox-unmatched");
  EXPECT_FALSE(absl::StrContains(warnings[1].message, "there are"));
  EXPECT_EQ(warnings[2].code, "composite-empty");
  EXPECT_EQ(warnings[2].module_path, "block");
}

// Operators of others in between (another thread's) move to where they can.
constexpr char kInterleaved[] = R"(graph "main" (%x: f32[2]) {
  %a: f32[2] = ReLU "a" (input=%x)
  %p: f32[2] = Exp "p" (input=%x)
  %q: f32[2] = Exp "q" (input=%a)
  %b: f32[2] = Add "b" (input=%a, other=%p)
  %c: f32[2] = Add "c" (input=%b, other=%q)
  return %c
}
)";

TEST(CompositesTest, OthersInBetween) {
  const std::string text = Cut(kInterleaved, {1, 0, 0, 1, 0}, {"block"});
  const std::string layers = text.substr(text.find("%p"));
  EXPECT_TRUE(absl::StrContains(layers,
                                "= Exp \"p\" (input=%x)\n  "
                                "output_0=%a"))
      << text;
  EXPECT_TRUE(absl::StrContains(layers,
                                "Block \"block\" (input_0=%x, input_1=%p) with "
                                "body=@\"block\"\n  %q"))
      << text;

  // b needs what q makes of a: there is no order.
  std::vector<Report::Warning> warnings;
  std::string tangled(kInterleaved);
  tangled.replace(tangled.find("other=%p"), 8, "other=%q");
  EXPECT_EQ(Cut(tangled, {1, 0, 0, 1, 0}, {"block"}, &warnings), tangled);
  ASSERT_EQ(warnings.size(), 1);
  EXPECT_EQ(warnings[0].code, "composite-interleaved");
}

std::string CutByRule(LayerConverter rule, bool blackbox = false,
                      std::vector<Report::Warning>* warnings = nullptr) {
  LayerConverterRegistry registry;
  EXPECT_TRUE(registry.AddModule("my.nets.Block", std::move(rule)).ok());
  FunctionalGraph graph = Captured(kNet, {1, 2, 1, 0});
  CompositeOptions options;
  options.registry = &registry;
  if (blackbox) options.blackbox = {"block"};
  std::string text = Cut(&graph, options);
  if (warnings != nullptr) *warnings = graph.warnings;
  return text;
}

TEST(CompositesTest, RuleReordersInputs) {
  const std::string text =
      CutByRule([](const Model& model, const Graph& graph, Layer& layer) {
        // It sees the operators.
        EXPECT_EQ(model.graphs[layer.bodies.at("body")].layers.size(), 3);
        EXPECT_EQ(graph.value(layer.Input("fc.weight")).weights, 0);
        layer.kind = "MyBlock";
        std::swap(layer.inputs[0], layer.inputs[1]);
        layer.inputs[0].name = "weight";
        layer.attributes["features"] = 4;
        return absl::OkStatus();
      });
  EXPECT_TRUE(absl::StrContains(
      text,
      "MyBlock \"block\" (weight=%w, input_0=%x, shared=%s, input_1=%y) "
      "{features=4} with body=@\"block\""))
      << text;
  EXPECT_TRUE(absl::StrContains(text, "graph \"block\" (%w: f32[4,4], %x: "))
      << text;
}

TEST(CompositesTest, RuleDropsTheBody) {
  const std::string text =
      CutByRule([](const Model&, const Graph&, Layer& layer) {
        layer.kind = "MyBlock";
        layer.inputs.pop_back();
        layer.bodies.clear();
        return absl::OkStatus();
      });
  EXPECT_TRUE(absl::StrContains(
      text, "MyBlock \"block\" (input_0=%x, fc.weight=%w, shared=%s)\n"))
      << text;
  EXPECT_FALSE(absl::StrContains(text, "graph \"block\"")) << text;
}

TEST(CompositesTest, RuleDeclines) {
  const LayerConverter declines = [](const Model&, const Graph&, Layer& layer) {
    layer.kind = "Broken";
    return absl::UnimplementedError("not with a shared bias");
  };
  std::vector<Report::Warning> warnings;
  EXPECT_EQ(CutByRule(declines, false, &warnings), kNet);
  ASSERT_EQ(warnings.size(), 1);
  EXPECT_EQ(warnings[0].code, "module-rule-declined");
  EXPECT_TRUE(absl::StrContains(warnings[0].message, "not with a shared bias"));
  // Asked for by name too, it is a composite without the rule.
  EXPECT_TRUE(
      absl::StrContains(CutByRule(declines, true), "= Block \"block\""));
}

TEST(CompositesTest, RuleThatIsWrongIsNamed) {
  const auto expect_error = [](LayerConverter rule, absl::string_view what) {
    const std::string error = CutByRule(std::move(rule));
    EXPECT_TRUE(absl::StrContains(error,
                                  "the rule for module class "
                                  "\"my.nets.Block\", at \"block\""))
        << error;
    EXPECT_TRUE(absl::StrContains(error, what)) << error;
  };
  expect_error(
      [](const Model&, const Graph&, Layer& layer) {
        layer.inputs.pop_back();
        return absl::OkStatus();
      },
      "dropped an input that its body needs");
  expect_error(
      [](const Model&, const Graph&, Layer& layer) {
        layer.outputs.pop_back();
        return absl::OkStatus();
      },
      "changed what the layer's outputs are");
  expect_error(
      [](const Model&, const Graph&, Layer& layer) {
        layer.inputs[0].values[0] = layer.outputs[0].values[0];
        return absl::OkStatus();
      },
      "a value that did not flow in");
  expect_error(
      [](const Model&, const Graph&, Layer& layer) {
        layer.kind = "Conv2d";
        return absl::OkStatus();
      },
      "made a layer that is not right");
  expect_error([](const Model&, const Graph&,
                  Layer&) { return absl::InvalidArgumentError("no idea"); },
               "no idea");
}

}  // namespace
}  // namespace flextorchir
