#include "flextorchir/ir/graph.h"

#include <cstdint>
#include <cstring>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace flextorchir {
namespace {

double FromBits(uint64_t bits) {
  double value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

// ---- DType

TEST(DTypeTest, NamesAreUniqueAndFound) {
  ASSERT_EQ(DTypes().size(), kNumDTypes);
  std::map<std::string, DType> names;
  for (const DTypeInfo& info : DTypes()) {
    for (const std::string& name :
         {std::string(info.name), std::string(info.torch_name),
          absl::StrCat("torch.", info.torch_name)}) {
      EXPECT_EQ(names.emplace(name, info.dtype).first->second, info.dtype)
          << name;
      EXPECT_EQ(DTypeFromName(name), info.dtype) << name;
    }
    EXPECT_EQ(DTypeFromCode(static_cast<int>(info.dtype)), info.dtype);
    EXPECT_GE(info.bytes, 1);
  }
}

TEST(DTypeTest, RefusesUnknown) {
  for (const char* name : {"", "f31", "F32", "torch.f32", "torch.", "f32 "}) {
    EXPECT_EQ(DTypeFromName(name), std::nullopt) << name;
  }
  EXPECT_EQ(DTypeFromCode(-1), std::nullopt);
  EXPECT_EQ(DTypeFromCode(kNumDTypes), std::nullopt);
  EXPECT_EQ(DTypeFromCode(int64_t{1} << 32), std::nullopt);
}

TEST(DTypeTest, HasTheCodesAndNamesThatFilesHold) {
  EXPECT_EQ(static_cast<int>(DType::kInt7), 45);
  EXPECT_EQ(DTypeName(DType::kFloat8E4M3FN), "f8_e4m3fn");
  EXPECT_EQ(DTypeName(DType::kQUInt8), "qu8");
  EXPECT_EQ(DTypeBytes(DType::kComplex128), 16);
  EXPECT_EQ(DTypeBytes(DType::kComplex32), 4);
}

// ---- Dim

Dim ParseDim(absl::string_view text) {
  absl::StatusOr<Dim> dim = Dim::Parse(text);
  EXPECT_TRUE(dim.ok()) << dim.status();
  return dim.ok() ? *dim : Dim(-12345);
}

TEST(DimTest, PrintsWhatItParses) {
  for (const char* text : {"0",
                           "-1",
                           "9223372036854775807",
                           "-9223372036854775808",
                           "batch",
                           "_x1",
                           "a + b",
                           "a - b - c",
                           "a - (b - c)",
                           "a + (b + c)",
                           "(height + 1) // 2",
                           "a*b // c % d",
                           "a*(b // c)",
                           "a*(b + c)",
                           "min(a, b + 1)",
                           "max(min(a, 2)*3, -4)",
                           "a - -1",
                           "minimum + maxi",
                           "-2*a",
                           "1 // 0 + a",
                           "9223372036854775807*2"}) {
    const Dim dim = ParseDim(text);
    EXPECT_EQ(dim.ToString(), text);
    EXPECT_EQ(ParseDim(dim.ToString()), dim);
  }
  EXPECT_EQ(ParseDim(" ( a+1 )//2 ").ToString(), "(a + 1) // 2");
  EXPECT_EQ(ParseDim("2*3 - 10"), Dim(-4));
}

TEST(DimTest, BuildsWhatItPrints) {
  const Dim a = Dim::Symbol("a");
  const Dim b = Dim::Symbol("b");
  const Dim::Op ops[] = {Dim::Op::kAdd, Dim::Op::kSub,      Dim::Op::kMul,
                         Dim::Op::kMod, Dim::Op::kFloorDiv, Dim::Op::kMin,
                         Dim::Op::kMax};
  for (const Dim::Op outer : ops) {
    for (const Dim::Op inner : ops) {
      const Dim left = Dim::Binary(outer, Dim::Binary(inner, a, -2), b);
      const Dim right = Dim::Binary(outer, a, Dim::Binary(inner, b, 3));
      EXPECT_EQ(ParseDim(left.ToString()), left) << left;
      EXPECT_EQ(ParseDim(right.ToString()), right) << right;
      EXPECT_NE(left, right);
    }
  }
}

TEST(DimTest, RefusesWhatIsNotTheGrammar) {
  for (const char* text : {"",
                           " ",
                           "a b",
                           "a +",
                           "+a",
                           "(a",
                           "a)",
                           "-a",
                           "--1",
                           "a / b",
                           "min",
                           "min(a)",
                           "min(a, b, c)",
                           "max a",
                           "9223372036854775808",
                           "-9223372036854775809",
                           "1.5",
                           "1a",
                           "a,b",
                           "ä",
                           "a ** b"}) {
    const absl::StatusOr<Dim> dim = Dim::Parse(text);
    EXPECT_EQ(dim.status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
  EXPECT_NE(Dim::Parse("a +").status().message().find(
                "column 4: expected a number, a symbol or '('"),
            std::string::npos)
      << Dim::Parse("a +").status();
}

TEST(DimTest, BoundsDepth) {
  const auto nested = [](int depth) {
    return std::string(depth, '(') + "a" + std::string(depth, ')');
  };
  EXPECT_TRUE(Dim::Parse(nested(64)).ok());
  EXPECT_FALSE(Dim::Parse(nested(65)).ok());
  EXPECT_FALSE(Dim::Parse(std::string(10'000'000, '(')).ok());
  std::string sum = "a";
  for (int i = 0; i < 100'000; ++i) sum += "+a";
  EXPECT_FALSE(Dim::Parse(sum).ok());
  EXPECT_TRUE(Dim::Parse(sum.substr(0, 1001)).ok());
}

TEST(DimTest, EvaluatesAsPythonDoes) {
  struct Case {
    const char* text;
    int64_t value;
  };
  for (const Case& c : std::vector<Case>{
           {"a // 2", 3},
           {"-7 // b", -4},
           {"b // -2", -1},
           {"a % -3", -2},
           {"(0 - a) % 3", 2},
           {"(0 - a) // 7 + b", 1},
           {"min(a, b)*max(a, b)", 14},
           {"-9223372036854775808 % (0 - b + 1)", 0},
       }) {
    const absl::StatusOr<int64_t> value =
        ParseDim(c.text).Evaluate({{"a", 7}, {"b", 2}});
    ASSERT_TRUE(value.ok()) << c.text << ": " << value.status();
    EXPECT_EQ(*value, c.value) << c.text;
  }
}

TEST(DimTest, ReportsWhatHasNoValue) {
  const std::map<std::string, int64_t> symbols = {{"a", 0}, {"b", -1}};
  for (const char* text :
       {"1 // a", "1 % a", "9223372036854775807 + a - b",
        "-9223372036854775808 // b", "-9223372036854775808 - a + b",
        "9223372036854775807*(b + b)"}) {
    EXPECT_EQ(ParseDim(text).Evaluate(symbols).status().code(),
              absl::StatusCode::kInvalidArgument)
        << text;
  }
  EXPECT_EQ(ParseDim("a + c").Evaluate(symbols).status().code(),
            absl::StatusCode::kNotFound);
}

TEST(DimTest, CollectsSymbolsInOrder) {
  std::vector<std::string> names;
  ParseDim("min(b, a + 1)*b").CollectSymbols(&names);
  EXPECT_EQ(names, (std::vector<std::string>{"b", "a", "b"}));
}

// ---- Attribute

TEST(AttributeTest, Prints) {
  EXPECT_EQ(Attribute().ToString(), "none");
  EXPECT_EQ(Attribute(true).ToString(), "true");
  EXPECT_EQ(Attribute(-3).ToString(), "-3");
  EXPECT_EQ(Attribute(2.0).ToString(), "2.0");
  EXPECT_EQ(Attribute(1e-5).ToString(), "1e-05");
  EXPECT_EQ(Attribute(Attribute::Complex(0.5, -0.0)).ToString(),
            "complex(0.5, -0.0)");
  EXPECT_EQ(Attribute("a\"\\\n\t\x01ü\x7f").ToString(),
            "\"a\\\"\\\\\\n\\t\\x01ü\\x7f\"");
  EXPECT_EQ(Attribute("\xff").ToString(), "\"\\xff\"");
  EXPECT_EQ(Attribute(std::string("a\0b", 3)).ToString(), "\"a\\x00b\"");
  EXPECT_EQ(Attribute(DType::kBFloat16).ToString(), "bf16");
  EXPECT_EQ(Attribute(ParseDim("batch*2")).ToString(), "dim(batch*2)");
  EXPECT_EQ(
      Attribute(Attribute::List{1, {}, Attribute::Ints({2, 3})}).ToString(),
      "[1, none, [2, 3]]");
  EXPECT_EQ(Attribute(Attribute::List{}).ToString(), "[]");
}

TEST(AttributeTest, PrintsFloatsThatReadBack) {
  struct Case {
    double value;
    const char* text;
  };
  for (const Case& c : std::vector<Case>{
           {0.0, "0.0"},
           {-0.0, "-0.0"},
           {0.1, "0.1"},
           {1.0 / 3, "0.3333333333333333"},
           {1e300, "1e+300"},
           {123456789012345678.0, "1.2345678901234568e+17"},
           {5e-324, "5e-324"},
           {std::numeric_limits<double>::max(), "1.7976931348623157e+308"},
           {std::numeric_limits<double>::infinity(), "inf"},
           {-std::numeric_limits<double>::infinity(), "-inf"},
           {FromBits(0x7ff8000000000000), "nan"},
           {FromBits(0xfff8000000000001), "nan(0xfff8000000000001)"},
       }) {
    EXPECT_EQ(FloatToString(c.value), c.text);
  }
  uint64_t bits = 1;
  for (int i = 0; i < 10'000; ++i) {
    bits = bits * 6364136223846793005 + 1442695040888963407;
    const double value = FromBits(bits);
    if (value != value) continue;
    double parsed = 0;
    ASSERT_TRUE(absl::SimpleAtod(FloatToString(value), &parsed));
    ASSERT_EQ(Attribute(parsed), Attribute(value)) << FloatToString(value);
  }
}

TEST(AttributeTest, ComparesFloatsByTheirBits) {
  const double nan = FromBits(0x7ff8000000000000);
  EXPECT_EQ(Attribute(nan), Attribute(nan));
  EXPECT_NE(Attribute(nan), Attribute(FromBits(0x7ff8000000000001)));
  EXPECT_NE(Attribute(0.0), Attribute(-0.0));
  EXPECT_NE(Attribute(Attribute::Complex(0, 0.0)),
            Attribute(Attribute::Complex(0, -0.0)));
  EXPECT_EQ(Attribute::Floats({nan}), Attribute::Floats({nan}));
  EXPECT_NE(Attribute(1), Attribute(1.0));
  EXPECT_NE(Attribute(1), Attribute(true));
}

TEST(AttributeTest, MakesANumberOfANumericDim) {
  EXPECT_EQ(Attribute(Dim(3)), Attribute(3));
  EXPECT_EQ(Attribute(ParseDim("n")).type(), Attribute::Type::kDim);
}

TEST(AttributeTest, GivesIntegersOnly) {
  EXPECT_EQ(Attribute::Ints({1, 2}).AsInts(), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(Attribute(Attribute::List{}).AsInts(), std::vector<int64_t>());
  EXPECT_EQ(Attribute(1).AsInts(), std::nullopt);
  EXPECT_EQ(Attribute(Attribute::List{1, {}}).AsInts(), std::nullopt);
  EXPECT_EQ(Attribute(Attribute::List{1, ParseDim("n")}).AsInts(),
            std::nullopt);
}

TEST(Utf8Test, KnowsWhatIsValid) {
  for (const char* text :
       {"", "abc", "ü€😀", "\xef\xbf\xbf", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(IsValidUtf8(text)) << text;
  }
  for (const char* text :
       {"\x80", "\xc3", "\xc3(", "\xc0\x80", "\xe0\x9f\xbf", "\xed\xa0\x80",
        "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "a\xff", "\xe2\x82"}) {
    EXPECT_FALSE(IsValidUtf8(text)) << QuoteString(text);
  }
}

// ---- TensorType, Weights

TEST(TensorTypeTest, CountsElementsAndBytes) {
  const int64_t huge = int64_t{1} << 40;
  EXPECT_EQ((TensorType{DType::kFloat32, {}, {}, {}}.NumBytes()), 4);
  EXPECT_EQ((TensorType{DType::kInt64, {2, 3}, {}, {}}.NumBytes()), 48);
  EXPECT_EQ((TensorType{DType::kInt64, {huge, huge, 0}, {}, {}}.NumBytes()), 0);
  EXPECT_EQ((TensorType{DType::kInt64, {huge, huge}, {}, {}}.NumElements()),
            std::nullopt);
  EXPECT_EQ((TensorType{DType::kInt64, {1 << 20, huge}, {}, {}}.NumBytes()),
            std::nullopt);
  EXPECT_EQ((TensorType{DType::kInt8, {-1}, {}, {}}.NumElements()),
            std::nullopt);
  EXPECT_EQ(
      (TensorType{DType::kInt8, {ParseDim("n"), 0}, {}, {}}.NumElements()),
      std::nullopt);
}

TEST(TensorTypeTest, Prints) {
  TensorType type{DType::kFloat32, {ParseDim("n + 1"), 3}, {}, {}};
  EXPECT_EQ(type.ToString(), "f32[n + 1,3]");
  type.strides = {1, 2};
  EXPECT_EQ(type.ToString(), "f32[n + 1,3]{1,2}");
  type.quantization = Quantization{{0.5}, {3}, {}, 1};
  EXPECT_EQ(type.ToString(),
            "f32[n + 1,3]{1,2} quantized(scales=[0.5], zero_points=[3], "
            "axis=1)");
}

TEST(TensorTypeTest, ComparesQuantizationByBits) {
  TensorType a;
  a.quantization = Quantization{{0.0}, {}, {}, {}};
  TensorType b = a;
  EXPECT_EQ(a, b);
  b.quantization->scales[0] = -0.0;
  EXPECT_NE(a, b);
}

TEST(BytesTest, OwnsAString) {
  Bytes bytes;
  {
    const Bytes first = Bytes::FromString(std::string(100, 'x'));
    bytes = first;
  }
  EXPECT_EQ(bytes.data(), std::string(100, 'x'));
}

TEST(WeightsTest, ComparesContent) {
  Weights a;
  a.data = Bytes::FromString("1234");
  Weights b = a;
  b.data = Bytes::FromString("1234");
  EXPECT_EQ(a, b);
  b.data = Bytes::FromString("1235");
  EXPECT_NE(a, b);
}

// ---- Graph

TEST(LayerTest, FindsItsParts) {
  Layer layer;
  layer.inputs = {Slot::One("input", 3), Slot::ListOf("tensors", {1, 2})};
  layer.outputs = {Slot::One("output", 4)};
  layer.attributes["groups"] = 1;
  EXPECT_EQ(layer.Input("input"), 3);
  EXPECT_EQ(layer.Input("tensors"), kAbsent);
  EXPECT_EQ(layer.Input("bias"), kAbsent);
  EXPECT_EQ(layer.FindInput("tensors"), &layer.inputs[1]);
  EXPECT_EQ(layer.FindOutput("output"), &layer.outputs[0]);
  EXPECT_EQ(layer.FindOutput("input"), nullptr);
  EXPECT_EQ(*layer.FindAttribute("groups"), Attribute(1));
  EXPECT_EQ(layer.FindAttribute("stride"), nullptr);
  EXPECT_EQ(layer.source(), Source());
  layer.sources.resize(2);
  layer.sources[0].op = "aten::relu";
  EXPECT_EQ(layer.source().op, "aten::relu");
}

Structure Leaf(int64_t leaf) {
  Structure structure;
  structure.kind = Structure::Kind::kLeaf;
  structure.leaf = leaf;
  return structure;
}

TEST(StructureTest, NamesLeavesAsPythonDoes) {
  Structure dict;
  dict.kind = Structure::Kind::kDict;
  dict.children = {{"boxes", Leaf(2)}, {7, Leaf(0)}};
  Structure named;
  named.kind = Structure::Kind::kNamed;
  named.children = {{"logits", Leaf(1)}};
  Structure root;
  root.children = {{{}, dict}, {{}, named}};
  EXPECT_EQ(LeafPaths(root), (std::vector<std::string>{"[0][7]", "[1].logits",
                                                       "[0][\"boxes\"]"}));
  EXPECT_EQ(LeafPaths(Leaf(0)), std::vector<std::string>{""});
}

// Changing any one part makes models unequal.
TEST(ModelTest, ComparesEverything) {
  Model model;
  model.name = "m";
  model.symbols = {{"n", 1, {}}};
  model.weights.resize(1);
  model.graphs.resize(1);
  model.main().AddValue({"x", ScalarType::kInt, kAbsent});
  model.main().layers.resize(1);
  model.main().layers[0].sources = {
      {"op", "path", "class", 1, {{"f", 2, "g"}}}};
  model.inputs.children = {{{}, Leaf(0)}};
  model.state_outputs = {{0, kAbsent}};
  EXPECT_EQ(model, Model(model));

  void (*const changes[])(Model&) = {
      [](Model& m) { m.format_version = 2; },
      [](Model& m) { m.layer_set_version = 2; },
      [](Model& m) { m.name = ""; },
      [](Model& m) { m.producer = "p"; },
      [](Model& m) { m.metadata["a"] = "b"; },
      [](Model& m) { m.symbols[0].min = 0; },
      [](Model& m) { m.symbols[0].max = 9; },
      [](Model& m) { m.weights[0].aliases = {"w"}; },
      [](Model& m) { m.weights[0].role = Weights::Role::kBuffer; },
      [](Model& m) { m.graphs.resize(2); },
      [](Model& m) { m.main().name = "g"; },
      [](Model& m) { m.main().inputs = {0}; },
      [](Model& m) { m.main().outputs = {0}; },
      [](Model& m) { m.main().values[0].name = "y"; },
      [](Model& m) { m.main().values[0].type = ScalarType::kBool; },
      [](Model& m) { m.main().values[0].type = TensorType(); },
      [](Model& m) { m.main().values[0].weights = 0; },
      [](Model& m) { m.main().layers[0].kind = "k"; },
      [](Model& m) { m.main().layers[0].name = "l"; },
      [](Model& m) { m.main().layers[0].target = "t"; },
      [](Model& m) { m.main().layers[0].inputs = {Slot::One("a", 0)}; },
      [](Model& m) { m.main().layers[0].outputs = {Slot::One("a", 0)}; },
      [](Model& m) { m.main().layers[0].attributes["a"] = 1; },
      [](Model& m) { m.main().layers[0].bodies["body"] = 1; },
      [](Model& m) { m.main().layers[0].sources[0].op = ""; },
      [](Model& m) { m.main().layers[0].sources[0].call_index = 0; },
      [](Model& m) { m.main().layers[0].sources[0].frames[0].line = 0; },
      [](Model& m) { m.inputs.kind = Structure::Kind::kList; },
      [](Model& m) { m.inputs.children[0].value.leaf = 1; },
      [](Model& m) { m.inputs.children[0].key = "k"; },
      [](Model& m) { m.outputs.type_name = "T"; },
      [](Model& m) { m.outputs.constant = 1; },
      [](Model& m) { m.state_outputs[0].weights = 1; },
      [](Model& m) { m.state_outputs[0].input = 0; },
  };
  int number = 0;
  for (const auto change : changes) {
    Model changed = model;
    change(changed);
    EXPECT_NE(changed, model) << "change " << number;
    ++number;
  }
}

}  // namespace
}  // namespace flextorchir
