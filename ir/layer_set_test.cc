#include "flextorchir/ir/layer_set.h"

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "flextorchir/ir/attribute.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/layer_set_table.h"
#include "gtest/gtest.h"

namespace flextorchir {
namespace {

using List = Attribute::List;

LayerKind Parse(const char* signature) {
  const absl::StatusOr<LayerKind> kind = ParseLayerSetRow(
      {signature, Family::kOther, 1, "torch.reference", "Summary."});
  EXPECT_TRUE(kind.ok()) << kind.status();
  return kind.ok() ? *kind : LayerKind();
}

std::string ParseError(const char* signature) {
  const absl::StatusOr<LayerKind> kind = ParseLayerSetRow(
      {signature, Family::kOther, 1, "torch.reference", "Summary."});
  EXPECT_FALSE(kind.ok()) << signature;
  return std::string(kind.status().message());
}

TEST(LayerSetTable, EveryRowIsWellFormed) {
  absl::flat_hash_set<std::string> names;
  for (const LayerSetRow& row : LayerSetRows()) {
    SCOPED_TRACE(row.signature);
    const absl::StatusOr<LayerKind> kind = ParseLayerSetRow(row);
    if (!kind.ok()) {
      ADD_FAILURE() << kind.status();
      continue;
    }
    EXPECT_TRUE(names.insert(kind->name).second)
        << "a second kind of the name " << kind->name;
    EXPECT_NE(kind->name, kPlaceholder);
    EXPECT_NE(FamilyName(row.family), "Unknown");
    EXPECT_GE(row.since, 1);
    EXPECT_LE(row.since, kLayerSetVersion)
        << "raise kLayerSetVersion with a new version";
    EXPECT_NE(std::string(row.reference), "");
    EXPECT_NE(std::string(row.summary), "");
    EXPECT_TRUE(absl::EndsWith(row.summary, "."))
        << "the summary is a sentence, with its full stop";
    for (const AttributeSpec& attribute : kind->attributes) {
      if (!attribute.default_value.has_value()) continue;
      EXPECT_TRUE(attribute.Accepts(*attribute.default_value))
          << "the default of " << attribute.name;
    }
  }
  EXPECT_EQ(LayerSet().size(), LayerSetRows().size());
}

TEST(LayerSetTable, LayersPageIsUpToDate) {
  std::ifstream file("docs/layers.md", std::ios::binary);
  std::stringstream page;
  page << file.rdbuf();
  EXPECT_TRUE(page.str() == LayerSetMarkdown())
      << "docs/layers.md is not what the table says. Update it with\n"
         "    bazel run //docs:update_layers";
}

TEST(LayerSetSignature, IsRead) {
  const LayerKind kind = Parse(
      "Toy(input, mask?, parts[], maybe[]?, *, size: int[], "
      "scale: number = 1.0, mode: string | int[]? = \"a, b\", "
      "dtype: dtype?) -> output, rest[], extra?");
  EXPECT_EQ(kind.name, "Toy");
  ASSERT_EQ(kind.inputs.size(), 4);
  EXPECT_FALSE(kind.inputs[0].optional || kind.inputs[0].is_list);
  EXPECT_TRUE(kind.inputs[1].optional && !kind.inputs[1].is_list);
  EXPECT_TRUE(kind.inputs[2].is_list && !kind.inputs[2].optional_elements);
  EXPECT_TRUE(kind.inputs[3].is_list && kind.inputs[3].optional_elements);
  ASSERT_EQ(kind.attributes.size(), 4);
  EXPECT_EQ(kind.attributes[0].type, "int[]");
  EXPECT_FALSE(kind.attributes[0].default_value.has_value());
  EXPECT_EQ(kind.attributes[1].default_value, Attribute(1.0));
  EXPECT_EQ(kind.attributes[2].type, "string | int[]?");
  EXPECT_EQ(kind.attributes[2].default_value, Attribute("a, b"));
  // What may be none and names no default has the default none.
  EXPECT_TRUE(kind.attributes[3].optional);
  EXPECT_EQ(kind.attributes[3].default_value, Attribute());
  ASSERT_EQ(kind.outputs.size(), 3);
  EXPECT_EQ(kind.outputs[1].name, "rest");
  EXPECT_TRUE(kind.outputs[1].is_list && !kind.outputs[1].optional);
  EXPECT_TRUE(kind.outputs[2].optional && !kind.outputs[2].is_list);
  EXPECT_EQ(kind.FindAttribute("mode"), &kind.attributes[2]);
  EXPECT_EQ(kind.FindAttribute("mask"), nullptr);
  EXPECT_EQ(kind.FindInput("mask"), &kind.inputs[1]);

  EXPECT_TRUE(Parse("Make(*, size: int[]) -> output").inputs.empty());
  EXPECT_TRUE(Parse("Drop(input) -> ()").outputs.empty());
}

struct BadSignature {
  const char* signature;
  const char* error;
};

TEST(LayerSetSignature, MistakesAreNamedWithTheRow) {
  for (const BadSignature& row : std::vector<BadSignature>{
           {"", "column 1: expected the name of the kind"},
           {"Toy", "expected '('"},
           {"Toy(input", "expected ','"},
           {"Toy(input) output", "expected '->'"},
           {"Toy(input) -> ", "expected an output"},
           {"Toy(input) -> a, a", "a second output a"},
           {"Toy(input) -> output;", "expected the end, found ';'"},
           {"Toy(a, *) -> output", "expected ','"},
           {"Toy(a, *, a: int) -> output", "a second argument a"},
           {"Toy(a, *, b) -> output", "expected ':'"},
           {"Toy(a, *, b: integer) -> output", "there is no type integer"},
           {"Toy(a, *, b: int |) -> output", "expected a type"},
           {"Toy(a, *, b: int = 1.5) -> output", "the default 1.5 is no int"},
           {"Toy(a, *, b: int[] = 1) -> output", "the default 1 is no int[]"},
           {"Toy(a, *, b: int = one) -> output", "expected an attribute"},
       }) {
    const std::string error = ParseError(row.signature);
    EXPECT_TRUE(absl::StrContains(error, row.error)) << error;
    EXPECT_TRUE(absl::StrContains(error, row.signature)) << error;
  }
}

struct AcceptCase {
  const char* type;
  Attribute attribute;
  bool accepted;
};

TEST(AttributeSpec, AcceptsItsType) {
  const Attribute symbolic = Dim::Symbol("n");
  const Attribute none;
  for (const AcceptCase& row : std::vector<AcceptCase>{
           {"bool", true, true},
           {"bool", 1, false},
           {"int", 1, true},
           {"int", symbolic, true},
           {"int", 1.0, false},
           {"int", none, false},
           {"int?", none, true},
           {"float", 1.0, true},
           {"float", 1, false},
           {"number", 1, true},
           {"number", symbolic, true},
           {"number", 1.0, true},
           {"number", true, false},
           {"scalar", true, true},
           {"scalar", Attribute::Complex(1, 2), true},
           {"scalar", "1", false},
           {"complex", Attribute::Complex(1, 2), true},
           {"complex", 1.0, false},
           {"string", "same", true},
           {"string", DType::kFloat32, false},
           {"dtype", DType::kFloat32, true},
           {"int[]", List{1, symbolic}, true},
           {"int[]", List{}, true},
           {"int[]", List{1, none}, false},
           {"int[]", List{1, 2.0}, false},
           {"int[]", none, false},
           {"int[]?", List{1, none}, true},
           {"int[]?", none, true},
           {"int[][]", List{List{1}, List{}}, true},
           {"int[][]", List{1}, false},
           {"int[] | string", "same", true},
           {"int[] | string", List{1}, true},
           {"int[] | string", 1, false},
           {"int[] | string?", none, true},
       }) {
    AttributeSpec spec;
    spec.name = "it";
    spec.type = row.type;
    EXPECT_EQ(spec.Accepts(row.attribute), row.accepted)
        << row.attribute.ToString() << " as " << row.type;
  }
}

// A layer that Conv2d accepts: with what its signature leaves open made plain.
Layer Conv() {
  Layer layer;
  layer.kind = "Conv2d";
  layer.name = "conv";
  layer.inputs = {Slot::One("input", 0), Slot::One("weight", 1),
                  Slot::One("bias", kAbsent)};
  layer.attributes["stride"] = Attribute::Ints({2, 2});
  layer.outputs = {Slot::One("output", 2)};
  return layer;
}

std::string Error(const Layer& layer) {
  return std::string(CheckLayerAgainstSet(layer).message());
}

TEST(CheckLayerAgainstSet, AcceptsWhatTheSignatureSays) {
  EXPECT_EQ(Error(Conv()), "");
  Layer layer = Conv();
  layer.inputs.pop_back();   // What is optional may be left out,
  layer.attributes.clear();  // and so may what has a default.
  EXPECT_EQ(Error(layer), "");
  layer.attributes["padding"] = "same";
  EXPECT_EQ(Error(layer), "");
  layer.kind = "NobodyKnowsThis";
  layer.attributes["anything"] = true;
  EXPECT_EQ(Error(layer), "");
}

TEST(CheckLayerAgainstSet, TakesAttributesAsInputs) {
  Layer layer = Conv();
  layer.inputs.push_back(Slot::One("groups", 3));
  EXPECT_EQ(Error(layer), "");
  layer.inputs.back().values = {kAbsent};
  EXPECT_TRUE(absl::StrContains(Error(layer), "\"groups\" is absent"))
      << Error(layer);
  layer.inputs.back() = Slot::ListOf("groups", {3});
  EXPECT_TRUE(absl::StrContains(Error(layer), "\"groups\"")) << Error(layer);

  // A list of which one element is computed.
  layer = Conv();
  layer.inputs.push_back(Slot::ListOf("dilation", {3, kAbsent}));
  layer.attributes["dilation"] = List{Attribute(), 1};
  EXPECT_EQ(Error(layer), "");
  layer.attributes["dilation"] = List{Attribute(), Attribute()};
  EXPECT_TRUE(absl::StrContains(Error(layer), "\"dilation\"")) << Error(layer);
  layer.attributes.erase("dilation");
  EXPECT_TRUE(absl::StrContains(Error(layer), "\"dilation\"")) << Error(layer);
  layer.inputs.back() = Slot::ListOf("dilation", {3, 3});
  EXPECT_EQ(Error(layer), "");
}

TEST(CheckLayerAgainstSet, SaysWhatIsWrong) {
  struct Case {
    void (*spoil)(Layer* layer);
    const char* error;
  };
  for (const Case& row : std::vector<Case>{
           {[](Layer* l) { l->inputs.erase(l->inputs.begin()); },
            "input \"input\" is missing; the layer set has Conv2d(input, "},
           {[](Layer* l) { l->inputs[1].values[0] = kAbsent; },
            "input \"weight\" is absent"},
           {[](Layer* l) { l->inputs[0].is_list = true; },
            "input \"input\" is a list of values"},
           {[](Layer* l) { l->inputs.push_back(Slot::One("x", 0)); },
            "there is no input \"x\""},
           {[](Layer* l) { l->attributes["x"] = 1; },
            "there is no attribute \"x\""},
           {[](Layer* l) { l->attributes["weight"] = 1; },
            "there is no attribute \"weight\""},
           {[](Layer* l) { l->attributes["stride"] = 2; },
            "attribute \"stride\" is 2, which is no int[]"},
           {[](Layer* l) { l->attributes["stride"] = Attribute(); },
            "attribute \"stride\" is none, which is no int[]"},
           {[](Layer* l) { l->outputs.clear(); },
            "output \"output\" is missing"},
           {[](Layer* l) { l->outputs[0].name = "result"; },
            "output \"output\" is missing, or not in its place"},
           {[](Layer* l) { l->outputs[0].values[0] = kAbsent; },
            "output \"output\" is absent"},
           {[](Layer* l) { l->outputs[0].is_list = true; },
            "output \"output\" is a list"},
           {[](Layer* l) { l->outputs.push_back(Slot::One("more", 3)); },
            "there is no output \"more\""},
       }) {
    Layer layer = Conv();
    row.spoil(&layer);
    EXPECT_EQ(CheckLayerAgainstSet(layer).code(),
              absl::StatusCode::kInvalidArgument);
    EXPECT_TRUE(absl::StrContains(Error(layer), row.error))
        << Error(layer) << "\nshould say: " << row.error;
  }
}

TEST(LayerSet, FindsKinds) {
  ASSERT_NE(FindLayerKind("Conv2d"), nullptr);
  EXPECT_EQ(FindLayerKind("Conv2d")->family, Family::kConvolution);
  EXPECT_EQ(FindLayerKind("conv2d"), nullptr);
  EXPECT_EQ(FindLayerKind(kPlaceholder), nullptr);
}

}  // namespace
}  // namespace flextorchir
