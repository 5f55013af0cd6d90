#include "flextorchir/ir/text.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <limits>
#include <random>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "flextorchir/ir/graph.h"
#include "gtest/gtest.h"

namespace flextorchir {
namespace {

using List = Attribute::List;

// In the form in which it is printed.
constexpr absl::string_view kSample =
    R"(flextorchir 1 layer_set 1
name "Net"
producer "FlexTorchIR 0.1.0"
metadata "empty" = ""
metadata "note" = "two\nlines, \"quoted\", \\ and ünïcode"
symbol batch min 1 max 64
symbol height
weights "fc.weight" parameter f32[2,1]{1,2} aliases ["a", "b"] data 0000803f00000040
weights "fc.scale" constant qi8[2] quantized(scales=[0.5, 0.25], zero_points=[0, 1], axis=0)
weights "count" buffer i64[]
inputs (#0, {"size": #1, 3: none}, [-1.5, true], named "pkg.Out" {"a": "text"}, constant [1])
outputs [#0, (#1,)]
state weights "count"
state input 0
graph "main" (%x: f32[batch,3,(height + 1) // 2], %size: int) {
  %fc.weight = weights "fc.weight"
  %fc: f32[batch,2] = Linear "fc" (input=%x, weight=%fc.weight, bias=none)
      from "aten::linear" in "fc" ("torch.nn.Linear", 2) at "net.py":12 "forward" at "main.py":3 "<module>"
      from "aten::relu"
  %count = weights "count"
  %0: f32[batch,2], indices=none = my::Kind.out "odd name" target "my::op" (a=[%fc, none], b=[], from=%size) {list=[1, none, dim(batch*2)], mode="same", none=none} with else=@"body", then=@"body 2"
  parts=[%"a value": bool, %p: complex], "value"=%v: int = Split "split" (x=%0)
  () = Sink "sink" () {big=1e+300, complex=complex(1.0, -inf), dtype=bf16, nan=nan}
  %count.1: i64[] = "odd kind" "count" (count=%count)
  return %0, %0, %count.1, %x
}
graph "body" (%x: string) {
  return
}
graph "body 2" () {
  return
}
)";

Model Parse(absl::string_view text) {
  absl::StatusOr<Model> model = ParseText(text);
  EXPECT_TRUE(model.ok()) << model.status() << "\n" << text;
  return model.ok() ? *std::move(model) : Model();
}

std::string FullText(const Model& model) {
  TextOptions options;
  options.weights_data = true;
  return ToText(model, options);
}

void ExpectRoundTrip(const Model& model) {
  const std::string text = FullText(model);
  const Model read = Parse(text);
  EXPECT_TRUE(read == model) << "written:\n"
                             << text << "\nread:\n"
                             << FullText(read);
  EXPECT_EQ(FullText(read), text);
}

TEST(Text, PrintsWhatItParses) {
  EXPECT_EQ(FullText(Parse(kSample)), std::string(kSample));
}

TEST(Text, ReadsEveryPart) {
  const Model model = Parse(kSample);
  EXPECT_EQ(model.name, "Net");
  EXPECT_EQ(model.metadata.at("note"),
            "two\nlines, \"quoted\", \\ and ünïcode");
  ASSERT_EQ(model.symbols.size(), 2);
  EXPECT_EQ(model.symbols[0].max, 64);
  EXPECT_FALSE(model.symbols[1].min.has_value());

  ASSERT_EQ(model.weights.size(), 3);
  EXPECT_EQ(model.weights[0].aliases, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(model.weights[0].type.strides, (std::vector<Dim>{1, 2}));
  EXPECT_EQ(model.weights[0].data.data(),
            absl::string_view("\0\0\x80\x3f\0\0\0\x40", 8));
  EXPECT_EQ(model.weights[1].role, Weights::Role::kConstant);
  EXPECT_EQ(model.weights[1].type.quantization->axis, 0);
  EXPECT_EQ(model.weights[2].data.size(), 0);

  ASSERT_EQ(model.inputs.children.size(), 5);
  EXPECT_EQ(model.inputs.children[1].value.children[1].key, Attribute(3));
  EXPECT_EQ(model.inputs.children[3].value.type_name, "pkg.Out");
  EXPECT_EQ(model.outputs.kind, Structure::Kind::kList);
  ASSERT_EQ(model.state_outputs.size(), 2);
  EXPECT_EQ(model.state_outputs[0].weights, 2);
  EXPECT_EQ(model.state_outputs[1].input, 0);

  ASSERT_EQ(model.graphs.size(), 3);
  const Graph& main = model.main();
  EXPECT_EQ(main.inputs, (std::vector<ValueId>{0, 1}));
  EXPECT_EQ(main.values[0].tensor()->shape[2].ToString(), "(height + 1) // 2");
  EXPECT_EQ(std::get<ScalarType>(main.values[1].type), ScalarType::kInt);
  EXPECT_EQ(main.values[2].weights, 0);
  EXPECT_EQ(main.values[2].tensor()->strides, (std::vector<Dim>{1, 2}));
  EXPECT_EQ(main.outputs, (std::vector<ValueId>{5, 5, 9, 0}));
  ASSERT_EQ(main.layers.size(), 5);

  const Layer& linear = main.layers[0];
  EXPECT_EQ(linear.inputs[2], Slot::One("bias", kAbsent));
  EXPECT_EQ(linear.outputs[0], Slot::One("output", 3));
  ASSERT_EQ(linear.sources.size(), 2);
  EXPECT_EQ(linear.source().call_index, 2);
  ASSERT_EQ(linear.source().frames.size(), 2);
  EXPECT_EQ(linear.source().frames[1].function, "<module>");
  EXPECT_EQ(linear.sources[1].module_path, "");

  const Layer& odd = main.layers[1];
  EXPECT_EQ(odd.kind, "my::Kind.out");
  EXPECT_EQ(odd.target, "my::op");
  EXPECT_EQ(odd.inputs[0], Slot::ListOf("a", {3, kAbsent}));
  EXPECT_EQ(odd.inputs[1], Slot::ListOf("b", {}));
  EXPECT_EQ(odd.inputs[2], Slot::One("from", 1));
  EXPECT_EQ(odd.outputs[1], Slot::One("indices", kAbsent));
  EXPECT_EQ(odd.attributes.at("none"), Attribute());
  EXPECT_EQ(odd.bodies.at("then"), 2);

  EXPECT_EQ(main.layers[2].outputs[0], Slot::ListOf("parts", {6, 7}));
  EXPECT_EQ(main.values[6].name, "a value");
  EXPECT_EQ(main.layers[4].kind, "odd kind");
}

TEST(Text, ReadsFreelyWrittenText) {
  const Model model = Parse(R"(
    // A comment, and white space as one likes.
    flextorchir 1 layer_set 1 graph "main"(%x:f32[ 2 ,n+1])
    {%y:f32[2,n + 1]=ReLU "relu"(input=%x)// Another.
     return %y}
    symbol n  // Declarations stand in any order.
  )");
  EXPECT_EQ(ToText(model), R"(flextorchir 1 layer_set 1
symbol n
graph "main" (%x: f32[2,n + 1]) {
  %y: f32[2,n + 1] = ReLU "relu" (input=%x)
  return %y
}
)");
  // A tuple of the inputs and the one output are taken for granted.
  EXPECT_EQ(model.inputs.children.size(), 1);
  EXPECT_EQ(model.outputs.kind, Structure::Kind::kLeaf);
}

TEST(Text, ThePageShowsWhatIsPrinted) {
  std::ifstream file("docs/text-form.md", std::ios::binary);
  std::stringstream page;
  page << file.rdbuf();
  const std::vector<std::string> blocks = absl::StrSplit(page.str(), "```\n");
  ASSERT_GT(blocks.size(), 2);
  EXPECT_EQ(ToText(Parse(blocks[1])), blocks[1]);
}

TEST(Text, LeavesOutWhatItIsToldTo) {
  const Model model = Parse(kSample);
  EXPECT_TRUE(absl::StrContains(FullText(model), "data 0000803f00000040\n"));
  const std::string text = ToText(model);
  EXPECT_FALSE(absl::StrContains(text, " data "));
  EXPECT_EQ(Parse(text).weights[0].data.size(), 0);
  TextOptions options;
  options.sources = false;
  EXPECT_FALSE(absl::StrContains(ToText(model, options), "from \"aten"));
  std::ostringstream out;
  out << model;
  EXPECT_EQ(out.str(), text);
}

TEST(Text, PrintsOneLayer) {
  const Model model = Parse(kSample);
  EXPECT_EQ(LayerToText(model.main(), model.main().layers[0]),
            "%fc: f32[batch,2] = Linear \"fc\" (input=%x, weight=%fc.weight, "
            "bias=none)");
  EXPECT_TRUE(absl::EndsWith(
      LayerToText(model.main(), model.main().layers[1]),
      "{list=[1, none, dim(batch*2)], mode=\"same\", none=none} with else=@1, "
      "then=@2"));
}

TEST(Text, RoundTripsAttributes) {
  Model model = Parse(kSample);
  auto& attributes = model.main().layers[0].attributes;
  int count = 0;
  const auto add = [&](Attribute value) {
    attributes[absl::StrCat("a", count++)] = std::move(value);
  };
  for (const double value :
       {0.0, -0.0, 1.0, 0.1, 1e-5, 1e22, 1.0 / 3, 5e-324,
        std::numeric_limits<double>::max(), std::nan(""), -std::nan(""),
        std::nan("7"), std::numeric_limits<double>::infinity(),
        -std::numeric_limits<double>::infinity()}) {
    add(value);
    add(Attribute::Complex(value, -value));
    add(List{value, Attribute(), value});
  }
  for (const int64_t value :
       {int64_t{0}, int64_t{-1}, std::numeric_limits<int64_t>::max(),
        std::numeric_limits<int64_t>::min()}) {
    add(value);
  }
  for (const char* value :
       {"", "none", "\"\\\n\r\t'", "%x", "日本語 \xf0\x9f\x98\x80",
        "\x01"
        "a"}) {
    add(value);
  }
  add(std::string("nul \0 within", 12));
  for (const DTypeInfo& info : DTypes()) add(info.dtype);
  add(Dim::Symbol("none"));
  add(*Dim::Parse("min(batch, 3) - max(4, height*2) % 7"));
  add(List{});
  add(List{Attribute(), Attribute()});
  Attribute nested = 1;
  for (int i = 0; i < Attribute::kMaxDepth; ++i) nested = List{nested};
  add(nested);
  for (const char* name :
       {"", "two words", "none", "weights", "1", "a.b", "ü"}) {
    attributes[name] = true;
  }
  ExpectRoundTrip(model);
}

TEST(Text, RoundTripsNames) {
  Model model = Parse(kSample);
  for (const char* name : {"value", "return", "weights", "none", "at", "from",
                           "in", "with", "target", "quantized", "a.b", "a::b",
                           "a:b", "ü", "2", "#2", "a b", "output", "\xff"}) {
    Graph& main = model.main();
    Layer layer;
    layer.kind = name;
    layer.name = name;
    layer.inputs = {Slot::One(name, 0)};
    const ValueId id = main.AddValue({absl::StrCat(name, "!"), {}, kAbsent});
    layer.outputs = {Slot::One(name, id)};
    const ValueId second = main.AddValue({name, ScalarType::kFloat, kAbsent});
    layer.outputs.push_back(Slot::ListOf("more", {second, kAbsent}));
    layer.bodies[name] = 1;
    layer.attributes[name] = 1;
    main.layers.push_back(std::move(layer));
    model.symbols.push_back({name, 1, {}});
    model.metadata[name] = name;
    model.weights.emplace_back().name = name;
  }
  ExpectRoundTrip(model);
}

// Values are numbered where they are declared; a model in which they have other
// numbers declares them all up front.
TEST(Text, RoundTripsAnyNumberingOfValues) {
  Model model = Parse(R"(flextorchir 1 layer_set 1
weights "w" parameter f32[2]
graph "main" (%x, %y) {
  value %z: f32[2]
  %w = weights "w"
  value %y: int
  value %x: f32[2]
  %z = Add "add" (input=%x, other=%w)
  return %z
}
)");
  EXPECT_EQ(model.main().inputs, (std::vector<ValueId>{3, 2}));
  EXPECT_EQ(model.main().outputs, (std::vector<ValueId>{0}));
  ExpectRoundTrip(model);

  // Values of weights may stand anywhere.
  model = Parse(kSample);
  Graph& main = model.main();
  for (int i = 0; i < 3; ++i) {
    main.AddValue({absl::StrCat("w", i), model.weights[1].type, 1});
  }
  ExpectRoundTrip(model);
  EXPECT_FALSE(absl::StrContains(FullText(model), "  value "));
  std::swap(main.values[0], main.values[5]);
  ExpectRoundTrip(model);
  // Types that are not those of the weights.
  main.values.back().type = ScalarType::kBool;
  ExpectRoundTrip(model);
  main.values.back().type = TensorType{};
  ExpectRoundTrip(model);
}

// A test of Verify can be written as text; so can a failure message.
TEST(Text, RoundTripsBrokenModels) {
  ExpectRoundTrip(Model());
  Model model = Parse(kSample);
  Graph& main = model.main();
  main.inputs.push_back(-7);
  main.inputs.push_back(kAbsent);
  main.outputs.push_back(1000);
  main.AddValue({"nobody writes this", {}, kAbsent});
  main.AddValue({"no such weights", ScalarType::kInt, 99});
  main.layers[0].inputs[0].values = {0, 1, kAbsent};
  main.layers[0].inputs[1].values = {};
  main.layers[0].outputs[0].values = {0, 0};
  main.layers[1].bodies["none"] = 77;
  main.layers[1].bodies["less"] = kAbsent;
  model.weights.push_back(model.weights[0]);
  main.AddValue({"second", model.weights[0].type, 3});
  model.graphs.push_back(model.graphs[1]);
  main.layers[1].bodies["same name"] = 3;
  model.state_outputs.push_back({});
  model.state_outputs.push_back({50, 60});
  model.inputs = Structure();
  ExpectRoundTrip(model);
}

TEST(Text, RoundTripsStructures) {
  Model model = Parse(kSample);
  Structure deep;
  for (int i = 0; i < Structure::kMaxDepth; ++i) {
    Structure outer;
    outer.kind = i % 2 ? Structure::Kind::kDict : Structure::Kind::kTuple;
    outer.children.push_back({i % 2 ? Attribute(i) : Attribute(), deep});
    deep = std::move(outer);
  }
  model.outputs = deep;
  ExpectRoundTrip(model);
  // No inputs at all, though the graph has some.
  model.inputs = Structure();
  ExpectRoundTrip(model);
  for (int i = 0; i < 1000; ++i) {
    Structure outer;
    outer.children.push_back({Attribute(), std::move(deep)});
    deep = std::move(outer);
  }
  model.outputs = std::move(deep);
  EXPECT_FALSE(ParseText(ToText(model)).ok());
}

TEST(Text, RoundTripsSources) {
  Model model = Parse(kSample);
  std::vector<Source>& sources = model.main().layers[0].sources;
  for (int fields = 0; fields < 16; ++fields) {
    Source& source = sources.emplace_back();
    if (fields & 1) source.module_path = "path";
    if (fields & 2) source.module_class = "Class";
    if (fields & 4) source.call_index = 3;
    if (fields & 8) source.frames.push_back({"", -1, ""});
  }
  ExpectRoundTrip(model);
}

struct BadText {
  const char* text;
  const char* error;
};

TEST(ParseText, SaysWhereAndWhat) {
  const std::string head = "flextorchir 1 layer_set 1\n";
  for (const BadText& row : std::vector<BadText>{
           {"nam",
            "line 2, column 1: expected name, producer, metadata, "
            "symbol, weights, inputs, outputs, state or graph, found "
            "'nam'"},
           {"name Net", "line 2, column 6: expected a string, found 'Net'"},
           {"name \"ü\" \"", "line 2, column 10: expected name, "},
           {"name \"a\" name \"b\"", "column 10: the name was given before"},
           {"name \"a\n\"", "this string has no closing '\"' in its line"},
           {"name \"a\\q\"", "line 2, column 8: unknown escape"},
           {"name \"\\x1\"", "line 2, column 7: unknown escape"},
           {"metadata \"a\" \"b\"", "expected '=', found '\"b\"'"},
           {"metadata \"a\"=\"\" metadata \"a\"=\"\"",
            "\"a\" was given before"},
           {"symbol", "expected the name of a symbol, found the end"},
           {"symbol n min x", "expected a number, found 'x'"},
           {"symbol n min 99999999999999999999", "expected a number, found"},
           {"weights w", "expected the name of the weights, in quotes"},
           {"weights \"w\" f32[]", "expected parameter, buffer or constant"},
           {"weights \"w\" buffer int", "expected the type of a tensor"},
           {"weights \"w\" buffer x32[]", "there is no element type x32"},
           {"weights \"w\" buffer f32", "expected a type (f32[2,3], or bool"},
           {"weights \"w\" buffer f32[2", "expected ',', found the end"},
           {"weights \"w\" buffer f32[2,]", "expected a size, found ']'"},
           {"weights \"w\" buffer f32[n+]", "expected a number, a symbol or"},
           {"weights \"w\" buffer f32[] data 012", "an odd number of hexa"},
           {"weights \"w\" buffer f32[] data xy",
            "expected hexadecimal digits"},
           {"weights \"w\" buffer f32[] quantized(scale=[1.0])",
            "expected scales=[floats], zero_points"},
           {"weights \"w\" buffer f32[] quantized(scales=[1])",
            "expected scales=[floats], zero_points"},
           {"inputs (", "expected an attribute (none, true, a number"},
           {"inputs #", "expected the number of a leaf"},
           {"inputs {1 2}", "expected ':', found '2'"},
           {"inputs [1 2]", "expected ',', found '2'"},
           {"inputs named {}", "expected the name of a class"},
           {"inputs () inputs ()", "the structure of the inputs was given"},
           {"state weights \"w\"", "column 15: there is no weights \"w\""},
           {"state input 4294967296", "a number of 32 bits is meant"},
           {"graph main", "expected the name of the graph, in quotes"},
           {"graph \"g\" {", "expected '(', found '{'"},
           {"graph \"g\" (x)", "expected a value (%name), found 'x'"},
           {"graph \"g\" (%x)", "expected '{', found the end"},
           {"graph \"g\" (%x: f32[]) {",
            "expected a value (%name), a layer or"},
           {"graph \"g\" (%x) { return }",
            "the value \"x\" is declared nowhere"},
           {"graph \"g\" () {\n return %x }",
            "line 3, column 9: the value \"x\" is declared nowhere"},
           {"graph \"g\" (%x: int, %x: int) { return }", "declared before"},
           {"graph \"g\" (none: int) { return }",
            "an absent value has no type"},
           {"graph \"g\" (%x: int) { %x = }", "expected the kind of a layer"},
           {"graph \"g\" (%x: int) { %x = K (",
            "expected the name of the layer"},
           {"graph \"g\" (%x: int) { () = K \"\" (%x) }",
            "expected the name of an input, found '%'"},
           {"graph \"g\" (%x: int) { () = K \"\" (a=x) }", "expected a value"},
           {"graph \"g\" () { () = K \"\" () {a=1, a=2} }",
            "the attribute a was given before"},
           {"graph \"g\" () { () = K \"\" () {a=what} }",
            "expected an attribute (none, true, a number, a string, a dtype, "
            "dim(...) or a list), found 'what'"},
           {"graph \"g\" () { () = K \"\" () {a=99999999999999999999} }",
            "expected an integer of 64 bits"},
           {"graph \"g\" () { () = K \"\" () {a=1.5.5} }", "expected a number"},
           {"graph \"g\" () { () = K \"\" () {a=nan(0x11112222333344445)} }",
            "the bits of this number are not 64"},
           {"graph \"g\" () { () = K \"\" () {a=dim(n} }", "expected ')'"},
           {"graph \"g\" () { () = K \"\" () with a=g }", "expected '@'"},
           {"graph \"g\" () { () = K \"\" () with a=@\"h\" return }",
            "there is no graph \"h\""},
           {"graph \"g\" () { () = K \"\" () with a=@0, a=@0 return }",
            "the body a was given before"},
           {"graph \"g\" () { () = K \"\" () from aten }",
            "expected an operator in quotes"},
           {"graph \"g\" () { () = K \"\" () from \"\" at \"f\" 3 }",
            "expected ':', found '3'"},
           {"graph \"g\" () { %w = weights \"w\" return }",
            "there is no weights \"w\""},
           {"graph \"g\" () { %w = weights 5 return }",
            "bound to no weights needs a type"},
           {"graph \"g\" () { () = weights \"w\" return }",
            "weights are bound to one value"},
           {"graph \"g\" () { %#3 = weights 5 return }",
            "weights are bound to a named value"},
           {"graph \"g\" () { return } }", "found '}'"},
       }) {
    const absl::StatusOr<Model> model = ParseText(head + row.text);
    ASSERT_FALSE(model.ok()) << row.text;
    EXPECT_EQ(model.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_TRUE(absl::StrContains(model.status().message(), row.error))
        << row.text << "\nsays:       " << model.status().message()
        << "\nshould say: " << row.error;
    EXPECT_TRUE(absl::StartsWith(model.status().message(), "line "));
  }
  EXPECT_EQ(ParseText("").status().message(),
            "line 1, column 1: expected 'flextorchir', found the end of the "
            "text");
}

TEST(ParseText, RefusesNewerVersions) {
  const absl::StatusOr<Model> model =
      ParseText("flextorchir 2 layer_set 1 novelty");
  EXPECT_EQ(model.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(absl::StrContains(model.status().message(), "version 2"));
}

TEST(ParseText, BoundsDepth) {
  const std::string head = "flextorchir 1 layer_set 1 ";
  const auto repeat = [](absl::string_view text) {
    std::string result;
    for (int i = 0; i < 200000; ++i) absl::StrAppend(&result, text);
    return result;
  };
  const std::string in_layer = head + "graph \"\" () { () = K \"\" () {a=";
  for (const std::string& text :
       {head + "inputs " + repeat("("), head + "inputs " + repeat("{1:"),
        head + "inputs " + repeat("named \"\"{1:"), in_layer + repeat("["),
        in_layer + "dim(" + repeat("("), in_layer + "dim(" + repeat("min("),
        head + "weights \"\" buffer f32[" + repeat("(") + "]",
        head + "weights \"\" buffer f32[" + repeat("n+") + "n]"}) {
    EXPECT_EQ(ParseText(text).status().code(),
              absl::StatusCode::kInvalidArgument)
        << text.substr(0, 80);
  }
}

TEST(ParseText, SurvivesMutations) {
  std::mt19937 random(20240607);
  // Pieces that mean something somewhere, so that the changes lead deep.
  const absl::string_view pieces[] = {"%",
                                      "#",
                                      "\"",
                                      "(",
                                      ")",
                                      "[",
                                      "]",
                                      "{",
                                      "}",
                                      "=",
                                      ",",
                                      ":",
                                      "@",
                                      "none",
                                      "value",
                                      "return",
                                      "with",
                                      "from",
                                      "%#-1",
                                      "%#7",
                                      "-1",
                                      "0x",
                                      "weights",
                                      "graph",
                                      "//",
                                      "\\",
                                      "\xff",
                                      "nan(",
                                      "dim(",
                                      "state",
                                      "%x",
                                      "f32[",
                                      "named ",
                                      "inf",
                                      "99999999999",
                                      "1e999",
                                      "min(",
                                      "\n",
                                      "\0x",
                                      "data ",
                                      "value %q: int "};
  int parsed = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string text(kSample);
    const int changes = 1 + random() % 4;
    for (int i = 0; i < changes && !text.empty(); ++i) {
      const size_t at = random() % text.size();
      switch (random() % 5) {
        case 0:
          text.erase(at, 1 + random() % 20);
          break;
        case 1:
          text[at] = static_cast<char>(random());
          break;
        case 2: {
          const absl::string_view piece = pieces[random() % std::size(pieces)];
          text.insert(at, piece.data(), piece.size());
          break;
        }
        case 3:
          text.insert(at, text.substr(random() % text.size(), random() % 30));
          break;
        default:
          text.resize(at + 1);
          if (at < kSample.size() && i + 1 < changes) {
            absl::StrAppend(&text, kSample.substr(at));
          }
          break;
      }
    }
    const absl::StatusOr<Model> model = ParseText(text);
    if (!model.ok()) continue;
    ++parsed;
    // What could be read can be written, and read again as the same.
    const absl::StatusOr<Model> again = ParseText(FullText(*model));
    ASSERT_TRUE(again.ok()) << again.status() << "\n" << text;
    ASSERT_TRUE(*again == *model) << text;
  }
  EXPECT_GT(parsed, 1000);
}

// Takes many seconds where something is quadratic.
TEST(Text, TakesTimeInProportionToTheModel) {
  constexpr int kSize = 20000;
  std::string text = "flextorchir 1 layer_set 1\n";
  for (int i = 0; i < kSize; ++i) {
    absl::StrAppend(&text, "weights \"w", i, "\" buffer f32[1]\n");
  }
  absl::StrAppend(&text, "graph \"main\" (%y0: f32[1]) {\n");
  for (int i = 0; i < kSize; ++i) {
    absl::StrAppend(&text, "  %w", i, " = weights \"w", i, "\"\n  %y", i + 1,
                    ": f32[1] = Add \"add", i, "\" (input=%y", i, ", other=%w",
                    i, ")\n");
  }
  absl::StrAppend(&text, "  return %y", kSize, "\n}\n");
  EXPECT_TRUE(ToText(Parse(text)) == text);
}

}  // namespace
}  // namespace flextorchir
