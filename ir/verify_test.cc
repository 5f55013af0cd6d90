#include "flextorchir/ir/verify.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/text.h"
#include "gtest/gtest.h"

namespace flextorchir {
namespace {

// A model with something of everything. Each rule is broken by one edit of it.
constexpr absl::string_view kSound = R"(
flextorchir 1 layer_set 1
name "Net"
symbol n min 1 max 8
weights "w" parameter f32[4,4]{1,4} aliases ["tied", "w2"]
weights "q" constant qi8[2,3] quantized(scales=[0.5, 0.25], zero_points=[0, 1], axis=0)
weights "count" buffer i64[] data 0100000000000000
inputs (#0, {"k": #1, 2: 3.5})
outputs named "pkg.Result" {"y": #0, "z": [#1]}
state weights "count"
state input 1
graph "main" (%x: f32[n,4], %s: int) {
  %w = weights "w"
  %count = weights "count"
  %y: f32[n,4] = Linear "fc" (input=%x, weight=%w, bias=none)
      from "aten::linear" in "fc" ("Linear", 0) at "net.py":1 "forward"
  %z: f32[n,4], extra=none = Block "block" (a=[%y, none], b=%w) {p=[1, dim(n)], q=[[1], none]} with body=@"block"
  %c: i64[] = Placeholder "bump" target "aten::add" (self=%count, sizes=[%s, none]) {sizes=[none, 3]}
  %t: int = my.Kind "t" (s=%s)
  return %y, %z, %c, %t
}
graph "block" (%a: f32[n,4], %b: f32[4,4]) {
  %c: f32[n,4] = ReLU "relu" (input=%a)
  return %c
}
)";

std::string Error(const Model& model) {
  const absl::Status status = Verify(model);
  if (status.ok()) return "";
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  return std::string(status.message());
}

Model Sound() {
  absl::StatusOr<Model> model = ParseText(kSound);
  EXPECT_TRUE(model.ok()) << model.status();
  return model.ok() ? *std::move(model) : Model();
}

TEST(Verify, AcceptsASoundModel) {
  EXPECT_EQ(Error(Sound()), "");
  EXPECT_EQ(Error(*ParseText("flextorchir 1 layer_set 1\n"
                             "graph \"\" () { return }")),
            "");
}

// What stands in kSound, what stands there instead, and what Verify says.
struct Edit {
  const char* old_text;
  const char* new_text;
  const char* error;
};

TEST(Verify, NamesTheRuleThatIsBroken) {
  for (const Edit& row : std::vector<Edit>{
           // Head.
           {"layer_set 1", "layer_set 99", "version of the layer set is 99"},
           {"flextorchir 1", "flextorchir 0", "the format version is 0"},
           {"\"Net\"", "\"\\xff\"", "the name \"\\xff\" is not UTF-8"},
           {"name \"Net\"", "producer \"\\xc0\\x80\"", "the producer"},
           {"name \"Net\"", "metadata \"a\" = \"\\xff\"", "metadata value"},
           {"name \"Net\"", "metadata \"\\xff\" = \"\"", "metadata key"},
           {"symbol n", "symbol n symbol n", "\"n\" is declared twice"},
           {"symbol n", "symbol min symbol n", "symbol \"min\": a name is"},
           {"symbol n", "symbol \"2n\" symbol n", "symbol \"2n\": a name is"},
           {"min 1 max 8", "min 9 max 8", "the minimum 9 is above"},
           {"symbol n min 1 max 8", "", "uses the symbol \"n\""},
           // Weights.
           {"weights \"q\" ", "weights \"\" ", "the name is empty"},
           {"weights \"q\" ", "weights \"w\" ", "\"w\": the name is given"},
           {"weights \"q\" ", "weights \"tied\" ", "the name is given twice"},
           {"\"tied\", \"w2\"", "\"w2\", \"tied\"", "are not sorted"},
           {"\"tied\", \"w2\"", "\"tied\", \"tied\"", "or given twice"},
           {"\"tied\", \"w2\"", "\"tied\", \"w\"", "a name of other weights"},
           {"parameter f32[4,4]{1,4}", "parameter f32[n,4]",
            "the type is symbolic: f32[n,4]"},
           {"parameter f32[4,4]{1,4}", "parameter f32[4,4]{1,n}", "symbolic"},
           {"parameter f32[4,4]{1,4}", "parameter f32[4,4]{1}",
            "there are 1 strides for 2 dimensions"},
           {"parameter f32[4,4]{1,4}", "parameter f32[4,-4]",
            "the shape holds -4"},
           {"parameter f32[4,4]{1,4}", "parameter f32[4294967296,4294967296]",
            "more bytes than 64 bits"},
           {"data 01", "data 0101", "i64[] has 8 bytes, but there are 9"},
           {"axis=0", "axis=2", "the axis 2 of the quantization"},
           {"axis=0", "axis=1", "2 scales for 3 channels"},
           {", axis=0", "", "the quantization of a whole tensor has 2 scales"},
           {"zero_points=[0, 1]", "zero_points=[0]",
            "1 zero points and 0 float zero points for 2 scales"},
           {"zero_points=[0, 1]",
            "zero_points=[0, 1], float_zero_points=[0.0, 1.0]",
            "2 zero points and 2 float"},
           // Values.
           {"graph \"main\"", "graph \"\\xff\"", "the name \"\\xff\" is not"},
           {"%count = w", "%\"\": f32[4,4] = weights \"w\" %count = w",
            "value \"\": the name is empty"},
           {"%count = w", "%\"\\xff\": f32[4,4] = weights \"w\" %count = w",
            "not UTF-8"},
           {"%count = w", "%count: i64[] = weights 9 %u = w",
            "bound to weights number 9 of 3"},
           {"%count = w", "%count: i32[] = w", "but that of its weights is"},
           {"%count = w", "%count: int = w", "but that of its weights is"},
           {"%count = w", "%count: i64[1] = w", "but that of its weights is"},
           {"%x: f32[n,4]", "%x: f32[m,4]", "uses the symbol \"m\""},
           {"%x: f32[n,4]", "%x: f32[-1,4]", "the shape holds -1"},
           {"%x: f32[n,4]", "%x: f32[n,4]{-1,4}", "strides holds -1"},
           {"%s: int)", "%s: int, %x)", "writes the value \"x\", which is"},
           {"%s: int)", "%s: int, %#77)", "a graph input is value number 77"},
           {"%s: int)", "%s: int, none)", "a graph input is value number -1"},
           {"%s: int)", "%s: int, %w)", "writes the value \"w\", which is"},
           {"%w = w", "value %u: int %w = w", "nothing writes the value \"u\""},
           {"return %y,", "return %#77,", "a graph output is value number 77"},
           {"return %y,", "return none,", "a graph output is value number -1"},
           {"return %c", "%d = weights \"w\" return %c",
            "only values of the first graph are bound to weights"},
           // Layers.
           {"\"t\" (s", "\"fc\" (s", "another layer of the graph"},
           {"\"t\" (s", "\"\" (s", "the name is empty"},
           {"\"t\" (s", "\"\\xff\" (s", "is not UTF-8"},
           {"my.Kind \"t\"", "\"\" \"t\"", "the kind is empty"},
           {"my.Kind \"t\"", "K \"t\" target \"\\xff\"", "the target"},
           {"(s=%s)", "(s=%t)", "reads the value \"t\" before it is written"},
           {"(s=%s)", "(s=%#77)", "the input \"s\" is value number 77 of"},
           {"(s=%s)", "(s=%#-7)", "the input \"s\" is value number -7 of"},
           {"(s=%s)", "(s=(%s, %s))", "is no list, but has 2 values"},
           {"(s=%s)", "(s=())", "is no list, but has 0 values"},
           {"(s=%s)", "(s=%s, s=%s)", "the input \"s\" is given twice"},
           {"(s=%s)", "(\"\"=%s)", "the name of an input is empty"},
           {"%t: int =", "%t: int, %s =", "the output \"output\" is given"},
           {"%t: int =", "%t: int, o=%s =", "writes the value \"s\""},
           {"%t: int =", "%t: int, o=%#88 =", "is value number 88"},
           {"%t: int =", "%t: int, \"\"=none =", "name of an output is empty"},
           {"target \"aten::add\"", "", "a Placeholder needs the operator"},
           {"weight=%w, ", "", "input \"weight\" is missing; the layer set"},
           // Attributes.
           {"{p=", "{\"\"=1, p=", "the name of an attribute is empty"},
           {"{p=", "{\"\\xff\"=1, p=", "the name of an attribute"},
           {"{p=", "{o=\"\\xff\", p=", "attribute \"o\" \"\\xff\" is not"},
           {"{p=", "{o=[1, \"a\"], p=", "mixes int and string in a list"},
           {"{p=", "{o=[[1], 1], p=", "mixes list and int in a list"},
           {"dim(n)", "dim(n + m)", "uses the symbol \"m\""},
           {"{p=", "{b=1, p=", "\"b\" is both an input and an attribute"},
           {"{p=", "{a=1, p=", "\"a\" is both an input and an attribute"},
           {"{p=", "{b=[1], p=", "\"b\" is both an input and an attribute"},
           {"sizes=[none, 3]", "sizes=[none]", "2 elements as an input, 1 as"},
           {"sizes=[none, 3]", "sizes=[2, 3]", "element 0 of \"sizes\" is"},
           // Sources.
           {"from \"aten::linear\"", "from \"\\xff\"", "of a source"},
           {"in \"fc\"", "in \"\\xff\"", "a module path"},
           {"(\"Linear\"", "(\"\\xff\"", "a module class"},
           {"\"net.py\"", "\"\\xff\"", "a file name"},
           {"\"forward\"", "\"\\xff\"", "a function name"},
           // Bodies.
           {"=@\"block\"", "=@0", "the body \"body\" is the model's own"},
           {"=@\"block\"", "=@7", "the body \"body\" is graph number 7 of 2"},
           {"=@\"block\"", "=@-1", "the body \"body\" is graph number -1"},
           {" with body=@\"block\"", "", "\"block\" is no layer's body"},
           {"with body", "with other=@1, body", "is a body already"},
           {"with body", "with \"\"=@1, body", "the role of a body is empty"},
           {"ReLU \"relu\" (input=%a)",
            "R \"relu\" (input=%a, b=%b) with body=@1", "is a body already"},
           {"b=%w)", "b=none)",
            "there are 2 inputs of the body \"body\", but 1"},
           {"%b: f32[4,4]", "%b: f32[5,4]",
            "inputs of the body \"body\": number 1 is \"b\", f32[5,4], but "
            "\"w\""},
           {"%b: f32[4,4]", "%b: f64[4,4]", "number 1 is"},
           {"%b: f32[4,4]", "%b: f32[4]", "number 1 is"},
           {"%b: f32[4,4]", "%b: int", "number 1 is"},
           {"return %c\n", "return %a, %c\n",
            "there are 2 outputs of the body \"body\", but 1"},
           {"%c: f32[n,4]", "%c: f64[n,4]", "outputs of the body \"body\""},
           // Structures.
           {"inputs (#0,", "inputs (#5,", "leaf 5 of 2"},
           {"inputs (#0,", "inputs (#-1,", "leaf -1 of 2"},
           {"inputs (#0,", "inputs (#1,", "leaf 1 occurs twice"},
           {"inputs (#0,", "inputs (", "leaf 0 is missing"},
           {"2: 3.5", "\"k\": 3.5", "the key \"k\" occurs twice"},
           {"2: 3.5", "2: 1, 2: 2", "the key 2 occurs twice"},
           {"2: 3.5", "2.0: 3.5", "neither an int nor a string, but float"},
           {"2: 3.5", "none: 3.5", "neither an int nor a string, but none"},
           {"2: 3.5", "\"\\xff\": 3.5", "the key"},
           {"2: 3.5", "2: \"\\xff\"", "a constant"},
           {"2: 3.5", "2: constant [1]", "a constant is a list"},
           {"\"pkg.Result\"", "\"\"",
            "the structure of the outputs: the class"},
           // State outputs.
           {"state input 1", "state", "either weights or an input"},
           {"state input 1", "state weights 0 input 1", "either weights or"},
           {"state input 1", "state input 2", "input number 2 of 2"},
           {"state input 1", "state input -2", "input number -2 of 2"},
           {"state input 1", "state weights 9", "weights number 9 of 3"},
           {"state input 1", "state weights \"count\"", "are changed twice"},
           {"state weights \"count\"", "state input 1",
            "the input 1 is changed twice"},
           {"return %y, %z, %c, %t", "return %y",
            "there are 2 state outputs, but 1 outputs"},
       }) {
    ASSERT_TRUE(absl::StrContains(kSound, row.old_text)) << row.old_text;
    const std::string text =
        absl::StrReplaceAll(kSound, {{row.old_text, row.new_text}});
    const absl::StatusOr<Model> model = ParseText(text);
    ASSERT_TRUE(model.ok()) << row.new_text << ": " << model.status();
    const std::string error = Error(*model);
    EXPECT_TRUE(absl::StrContains(error, row.error))
        << row.old_text << " -> " << row.new_text << "\nsays:       " << error
        << "\nshould say: " << row.error;
  }
}

// What no text can say.
struct Spoil {
  const char* error;
  void (*spoil)(Model* model);
};

TEST(Verify, NamesTheRuleThatNoTextCanBreak) {
  for (const Spoil& row : std::vector<Spoil>{
           {"no graph", [](Model* m) { m->graphs.clear(); }},
           {"the format version is 2",
            [](Model* m) { m->format_version = kFormatVersion + 1; }},
           {"another value of the graph has the same name",
            [](Model* m) { m->main().values[1].name = "x"; }},
           {"unknown dtype number 200",
            [](Model* m) {
              std::get<TensorType>(m->main().values[0].type).dtype =
                  static_cast<DType>(200);
            }},
           {"unknown dtype number 200",
            [](Model* m) {
              m->weights[0].type.dtype = static_cast<DType>(200);
            }},
           {"inputs of the body",
            [](Model* m) {
              std::get<TensorType>(m->graphs[1].values[0].type).dtype =
                  static_cast<DType>(200);
            }},
           {"unknown role number 9",
            [](Model* m) {
              m->weights[0].role = static_cast<Weights::Role>(9);
            }},
           {"unknown scalar type number 9",
            [](Model* m) {
              m->main().values[1].type = static_cast<ScalarType>(9);
            }},
           {"the unknown dtype number 99",
            [](Model* m) {
              m->main().layers[1].attributes["d"] = static_cast<DType>(99);
            }},
           {"nests lists deeper than 8",
            [](Model* m) {
              Attribute attribute = 1;
              for (int i = 0; i < 1000; ++i) {
                attribute = Attribute::List{std::move(attribute)};
              }
              m->main().layers[1].attributes["d"] = std::move(attribute);
            }},
           {"unknown kind number 9",
            [](Model* m) {
              m->inputs.children[0].value.kind =
                  static_cast<Structure::Kind>(9);
            }},
           {"nested deeper than 64",
            [](Model* m) {
              for (int i = 0; i < 1000; ++i) {
                Structure outer;
                outer.children.push_back({Attribute(), std::move(m->inputs)});
                m->inputs = std::move(outer);
              }
            }},
           {"where the kind has none",
            [](Model* m) { m->inputs.type_name = "tuple"; }},
           {"where the kind has none",
            [](Model* m) { m->inputs.constant = 1; }},
           {"where the kind has none", [](Model* m) { m->inputs.leaf = 1; }},
           {"where the kind has none",
            [](Model* m) {
              m->inputs.children[0].value.children.emplace_back();
            }},
           {"a child of a tuple or list has a key",
            [](Model* m) { m->inputs.children[0].key = "x"; }},
       }) {
    Model model = Sound();
    row.spoil(&model);
    const std::string error = Error(model);
    EXPECT_TRUE(absl::StrContains(error, row.error))
        << "says:       " << error << "\nshould say: " << row.error;
  }
}

TEST(Verify, SaysWhereAndWhat) {
  EXPECT_EQ(
      Error(*ParseText(absl::StrReplaceAll(kSound, {{"bias=none", "b=none"}}))),
      "graph \"main\", layer \"fc\" (Linear): there is no input \"b\"; the "
      "layer set has Linear(input, weight, bias?) -> output");
}

// A chain of graphs, each the body of a layer in the one before.
Model Nested(int depth) {
  Model model =
      *ParseText("flextorchir 1 layer_set 1 graph \"main\" () { return }");
  for (int i = 1; i <= depth; ++i) {
    Layer layer;
    layer.kind = "Nest";
    layer.name = "nest";
    layer.bodies["body"] = i;
    model.graphs.back().layers.push_back(std::move(layer));
    model.graphs.emplace_back().name = absl::StrCat("body", i);
  }
  return model;
}

TEST(Verify, BoundsTheNestingOfBodies) {
  EXPECT_EQ(Error(Nested(kMaxBodyDepth)), "");
  EXPECT_TRUE(absl::StrContains(Error(Nested(kMaxBodyDepth + 1)),
                                "is nested deeper than 256"));
  EXPECT_TRUE(absl::StrContains(Error(Nested(100000)), "is nested deeper"));
}

TEST(Verify, FindsBodiesWithinThemselves) {
  Model model = Nested(3);
  // 1 -> 2 -> 3 -> 1, and nothing leads there from the model.
  model.graphs[3].layers = model.graphs[0].layers;
  model.graphs[0].layers.clear();
  EXPECT_TRUE(absl::StrContains(Error(model), "is a body within itself"))
      << Error(model);
}

// Takes seconds where something is quadratic.
TEST(Verify, TakesTimeInProportionToTheModel) {
  constexpr int kSize = 50000;
  Model model;
  model.graphs.emplace_back();
  Graph& main = model.main();
  Layer wide;
  wide.kind = "Wide";
  wide.name = "wide";
  Layer join;
  join.kind = "Join";
  join.name = "join";
  join.inputs.push_back(Slot::ListOf("all", {}));
  for (int i = 0; i < kSize; ++i) {
    Weights weights;
    weights.name = absl::StrCat("w", i);
    weights.type.shape = {1};
    Value bound{weights.name, weights.type, i};
    model.weights.push_back(std::move(weights));
    const ValueId w = main.AddValue(std::move(bound));
    const ValueId y =
        main.AddValue({absl::StrCat("y", i), TensorType{}, kAbsent});
    Layer layer;
    layer.kind = "Step";
    layer.name = absl::StrCat("step", i);
    layer.inputs = {Slot::One("w", w)};
    layer.outputs = {Slot::One("y", y)};
    main.layers.push_back(std::move(layer));
    wide.inputs.push_back(Slot::One(absl::StrCat("input", i), y));
    wide.attributes[absl::StrCat("attribute", i)] = i;
    join.inputs[0].values.push_back(y);
    main.outputs.push_back(y);
    Structure leaf;
    leaf.kind = Structure::Kind::kLeaf;
    leaf.leaf = i;
    model.outputs.children.push_back({Attribute(), leaf});
  }
  main.layers.push_back(std::move(wide));
  main.layers.push_back(std::move(join));
  EXPECT_EQ(Error(model), "");
}

}  // namespace
}  // namespace flextorchir
