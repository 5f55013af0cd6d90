#include "flextorchir/testing/sample_models.h"

#include <cstdint>
#include <cstring>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "flextorchir/ir/attribute.h"
#include "flextorchir/ir/dim.h"
#include "flextorchir/ir/dtype.h"
#include "flextorchir/ir/weights.h"

namespace flextorchir {
namespace {

using Attributes = std::map<std::string, Attribute>;

TensorType Tensor(std::vector<Dim> shape, DType dtype = DType::kFloat32) {
  TensorType type;
  type.dtype = dtype;
  type.shape = std::move(shape);
  return type;
}

// Bytes that differ from place to place and from name to name.
Weights MakeWeights(std::string name, TensorType type,
                    Weights::Role role = Weights::Role::kParameter) {
  std::string bytes(type.NumBytes().value(), '\0');
  uint32_t state = 1;
  for (const unsigned char c : name) state = state * 31 + c;
  for (char& byte : bytes) {
    state = state * 1664525 + 1013904223;
    byte = static_cast<char>(state >> 24);
  }
  Weights weights;
  weights.name = std::move(name);
  weights.role = role;
  weights.type = std::move(type);
  weights.data = Bytes::FromString(std::move(bytes));
  return weights;
}

double FloatOfBits(uint64_t bits) {
  double value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

Structure Leaf(int64_t number) {
  Structure leaf;
  leaf.kind = Structure::Kind::kLeaf;
  leaf.leaf = number;
  return leaf;
}

Structure Constant(Attribute value) {
  Structure constant;
  constant.kind = Structure::Kind::kConstant;
  constant.constant = std::move(value);
  return constant;
}

Structure Of(Structure::Kind kind, std::vector<Structure::Child> children,
             std::string type_name = "") {
  Structure structure;
  structure.kind = kind;
  structure.type_name = std::move(type_name);
  structure.children = std::move(children);
  return structure;
}

Structure TupleOfLeaves(int64_t count) {
  std::vector<Structure::Child> children;
  for (int64_t i = 0; i < count; ++i) {
    children.push_back({Attribute(), Leaf(i)});
  }
  return Of(Structure::Kind::kTuple, std::move(children));
}

// A model under construction. Graph 0 is there from the start.
struct Builder {
  explicit Builder(std::string name) {
    model.name = std::move(name);
    model.producer = "sample_models";
    model.graphs.emplace_back();
    model.main().name = "main";
  }

  ValueId Input(std::string name, std::variant<TensorType, ScalarType> type,
                GraphId graph = 0) {
    Graph& to = model.graphs[graph];
    to.inputs.push_back(to.AddValue({std::move(name), std::move(type)}));
    return to.inputs.back();
  }

  // A value that is bound to the weights and has their name.
  ValueId Bind(Weights weights) {
    Value value{weights.name, weights.type,
                static_cast<WeightsId>(model.weights.size())};
    model.weights.push_back(std::move(weights));
    return model.main().AddValue(std::move(value));
  }

  // A new value, for an output.
  ValueId Result(std::string name, std::variant<TensorType, ScalarType> type,
                 GraphId graph = 0) {
    return model.graphs[graph].AddValue({std::move(name), std::move(type)});
  }

  // The reference is valid until the next layer is added.
  Layer& Add(std::string kind, std::string name, std::vector<Slot> inputs,
             std::vector<Slot> outputs, Attributes attributes = {},
             GraphId graph = 0) {
    Layer& layer = model.graphs[graph].layers.emplace_back();
    layer.kind = std::move(kind);
    layer.name = std::move(name);
    layer.inputs = std::move(inputs);
    layer.outputs = std::move(outputs);
    layer.attributes = std::move(attributes);
    return layer;
  }

  // A layer of one input and one output of the same type.
  ValueId Unary(std::string kind, std::string name, ValueId input,
                Attributes attributes = {}, GraphId graph = 0) {
    const auto type = model.graphs[graph].value(input).type;
    const ValueId output = Result(absl::StrCat(name, "_out"), type, graph);
    Add(std::move(kind), std::move(name), {Slot::One("input", input)},
        {Slot::One("output", output)}, std::move(attributes), graph);
    return output;
  }

  GraphId AddGraph(std::string name) {
    model.graphs.emplace_back().name = std::move(name);
    return static_cast<GraphId>(model.graphs.size() - 1);
  }

  // The model, which returns `outputs`; a tuple of the inputs and, unless there
  // is just one output, a tuple of the outputs.
  Model Return(std::vector<ValueId> outputs) {
    model.main().outputs = std::move(outputs);
    const auto count = static_cast<int64_t>(model.main().outputs.size());
    model.inputs =
        TupleOfLeaves(static_cast<int64_t>(model.main().inputs.size()));
    model.outputs = count == 1 ? Leaf(0) : TupleOfLeaves(count);
    return std::move(model);
  }

  Model model;
};

// A model of one layer with these attributes.
Model WithAttributes(std::string name, Attributes attributes) {
  Builder b(std::move(name));
  const ValueId x = b.Input("x", Tensor({2, 3}));
  return b.Return({b.Unary("test.Layer", "layer", x, std::move(attributes))});
}

Model EmptyGraph() { return Builder("EmptyGraph").Return({}); }

Model PassThrough() {
  Builder b("PassThrough");
  const ValueId x = b.Input("x", Tensor({2, 3}));
  b.Input("unused", Tensor({}));
  return b.Return({x, x});
}

Model EveryAttributeType() {
  return WithAttributes("EveryAttributeType",
                        {{"none", Attribute()},
                         {"true", true},
                         {"false", false},
                         {"int", 42},
                         {"zero", 0},
                         {"float", 1.5},
                         {"float_zero", 0.0},
                         {"complex", Attribute::Complex(0.5, -2.0)},
                         {"string", "bilinear"},
                         {"empty_string", ""},
                         {"dtype", DType::kBFloat16},
                         {"first_dtype", DType::kBool}});
}

Model AttributeLists() {
  Attribute nested = 7;
  for (int i = 0; i < Attribute::kMaxDepth; ++i) {
    nested = Attribute::List{nested, Attribute()};
  }
  return WithAttributes(
      "AttributeLists",
      {{"empty", Attribute::List{}},
       {"ints", Attribute::Ints({1, -2, 3})},
       {"one_int", Attribute::Ints({0})},
       {"floats", Attribute::Floats({0.5, 0.0, -1.0})},
       {"bools", Attribute::List{true, false}},
       {"strings", Attribute::List{"a", "", "c"}},
       {"dtypes", Attribute::List{DType::kFloat16, DType::kBool}},
       {"complexes", Attribute::List{Attribute::Complex(1, 2)}},
       {"absences", Attribute::List{1, Attribute(), 3}},
       {"only_absences", Attribute::List{Attribute(), Attribute()}},
       {"float_absences", Attribute::List{Attribute(), 2.5}},
       {"of_lists", Attribute::List{Attribute::Ints({1, 2}), Attribute::List{},
                                    Attribute(), Attribute::Ints({3})}},
       {"nested_to_the_limit", nested}});
}

Model FloatBits() {
  using Limits = std::numeric_limits<double>;
  const std::vector<double> values = {
      0.0,
      -0.0,
      Limits::infinity(),
      -Limits::infinity(),
      Limits::denorm_min(),
      Limits::min(),
      Limits::max(),
      Limits::lowest(),
      0.1,
      FloatOfBits(0x7ff8000000000000),  // NaNs: quiet,
      FloatOfBits(0xfff8000000000000),  // with its sign,
      FloatOfBits(0x7ff80000deadbeef),  // with a payload,
      FloatOfBits(0x7ff0000000000001),  // signalling
  };
  Attributes attributes = {{"list", Attribute::Floats(values)}};
  for (size_t i = 0; i < values.size(); ++i) {
    attributes[absl::StrCat("float", i)] = values[i];
    attributes[absl::StrCat("complex", i)] =
        Attribute::Complex(values[i], values[values.size() - 1 - i]);
  }
  return WithAttributes("FloatBits", std::move(attributes));
}

Model IntegerExtremes() {
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  return WithAttributes("IntegerExtremes",
                        {{"min", kMin},
                         {"max", kMax},
                         {"minus_one", -1},
                         {"list", Attribute::Ints({kMin, -1, 0, 1, kMax})}});
}

Model Strings() {
  std::string all_ascii;
  for (char c = 0; c < 127; ++c) all_ascii.push_back(c);
  return WithAttributes(
      "Strings", {{"ascii", all_ascii},
                  {"quotes", "\"'`\\ \\n %s ${x} <b>&amp;</b>"},
                  {"lines", "one\ntwo\r\n\tthree\n"},
                  {"nul", std::string("a\0b", 3)},
                  {"unicode", "Gewichte für 模型 🙂 \u200b\ufeff\U0010ffff"},
                  {"long", std::string(100000, 'x')}});
}

Model UnicodeNames() {
  Builder b("模型 \"α\"");
  b.model.producer = "Prüfer 🙂";
  b.model.main().name = "главный";
  const ValueId x = b.Input("вход", Tensor({2}));
  const ValueId w = b.Bind(MakeWeights("слой.0.вес 🙂", Tensor({2})));
  b.model.weights[0].aliases = {"a b", "Ω/ω"};
  const ValueId y = b.Result("出力 %1", Tensor({2}));
  Layer& layer = b.Add("会社.カーネル", "층 1",
                       {Slot::One("entrée", x), Slot::One("poids", w)},
                       {Slot::One("sortie", y)}, {{"größe", "größer"}});
  layer.target = "ns::оператор.перегрузка";
  layer.sources = {{"ns::оператор",
                    "слой.0",
                    "mód.Klasse",
                    0,
                    {{"/home/ü/模型.py", 1, "前へ"}}}};
  b.model.metadata = {{"ключ", "значение"}, {"", ""}};
  return b.Return({y});
}

Model EveryDType() {
  Builder b("EveryDType");
  std::vector<ValueId> outputs;
  for (const DTypeInfo& info : DTypes()) {
    const ValueId x =
        b.Input(absl::StrCat("in_", info.name), Tensor({2, 1}, info.dtype));
    outputs.push_back(b.Unary("test.Same", std::string(info.name), x,
                              {{"dtype", info.dtype}}));
  }
  return b.Return(outputs);
}

Model EveryDTypeOfWeights() {
  Builder b("EveryDTypeOfWeights");
  std::vector<Slot> inputs;
  for (const DTypeInfo& info : DTypes()) {
    const std::string name(info.name);
    const ValueId w = b.Bind(MakeWeights(name, Tensor({3, 2}, info.dtype)));
    inputs.push_back(Slot::One(name, w));
  }
  const ValueId y = b.Result("y", Tensor({}));
  b.Add("test.Reads", "reads", std::move(inputs), {Slot::One("output", y)});
  return b.Return({y});
}

Model Shapes() {
  Builder b("Shapes");
  std::vector<Slot> inputs;
  const std::vector<std::vector<Dim>> shapes = {
      {}, {0}, {1}, {2, 0, 3}, {1, 1, 1, 1, 1, 1, 1, 2}, {17}};
  for (size_t i = 0; i < shapes.size(); ++i) {
    const std::string name = absl::StrCat("w", i);
    inputs.push_back(
        Slot::One(name, b.Bind(MakeWeights(name, Tensor(shapes[i])))));
  }
  const ValueId y =
      b.Result("y", Tensor({int64_t{1} << 40, int64_t{1} << 20, 0}));
  b.Add("test.Reads", "reads", std::move(inputs), {Slot::One("output", y)});
  return b.Return({y});
}

Model ScalarValues() {
  Builder b("ScalarValues");
  std::vector<ValueId> outputs;
  for (const ScalarType type :
       {ScalarType::kBool, ScalarType::kInt, ScalarType::kFloat,
        ScalarType::kComplex, ScalarType::kString}) {
    const std::string name(ScalarTypeName(type));
    outputs.push_back(b.Unary("test.Same", name, b.Input("in_" + name, type)));
  }
  return b.Return(outputs);
}

Model AbsentInputs() {
  Builder b("AbsentInputs");
  const ValueId x = b.Input("x", Tensor({2}));
  const ValueId y = b.Result("y", Tensor({2}));
  b.Add("test.Layer", "layer",
        {Slot::One("input", x), Slot::One("bias", kAbsent),
         Slot::ListOf("some", {kAbsent, x, kAbsent}),
         Slot::ListOf("none_of_all", {kAbsent, kAbsent}),
         Slot::ListOf("empty", {})},
        {Slot::One("values", y), Slot::One("unused", kAbsent),
         Slot::ListOf("rest", {kAbsent})});
  return b.Return({y});
}

Model ListSlots() {
  Builder b("ListSlots");
  const ValueId x = b.Input("x", Tensor({4}));
  const ValueId first = b.Result("first", Tensor({2}));
  const ValueId second = b.Result("second", Tensor({2}));
  const ValueId y = b.Result("y", Tensor({6}));
  b.Add("test.Split", "split", {Slot::One("input", x)},
        {Slot::ListOf("outputs", {first, second})});
  b.Add("Cat", "cat", {Slot::ListOf("tensors", {second, first, second})},
        {Slot::One("output", y)}, {{"dim", 0}});
  return b.Return({y});
}

// Inputs that are computed, for what is otherwise an attribute.
Model ComputedAttributes() {
  Builder b("ComputedAttributes");
  const ValueId x = b.Input("x", Tensor({6}));
  const ValueId size = b.Input("size", ScalarType::kInt);
  const ValueId y = b.Result("y", Tensor({2, 3}));
  b.Add("Reshape", "reshape",
        {Slot::One("input", x), Slot::ListOf("shape", {kAbsent, size})},
        {Slot::One("output", y)}, {{"shape", Attribute::List{2, Attribute()}}});
  return b.Return({y});
}

// The layer's body is `body`: one ReLU, around a layer with a body of its own
// as often as `depth` says.
void AddComposite(Builder& b, GraphId graph, ValueId x, ValueId y, int depth) {
  const GraphId body = b.AddGraph(absl::StrCat("body", depth));
  b.Add("test.Block", absl::StrCat("block", depth), {Slot::One("input", x)},
        {Slot::One("output", y)}, {}, graph)
      .bodies = {{"body", body}};
  const ValueId inner = b.Input("x", Tensor({2}), body);
  ValueId result = b.Unary("ReLU", "relu", inner, {}, body);
  if (depth > 0) {
    const ValueId next = b.Result("next", Tensor({2}), body);
    AddComposite(b, body, result, next, depth - 1);
    result = next;
  }
  b.model.graphs[body].outputs = {result};
}

Model NestedBodies() {
  Builder b("NestedBodies");
  const ValueId x = b.Input("x", Tensor({2}));
  const ValueId y = b.Result("y", Tensor({2}));
  AddComposite(b, 0, x, y, 3);
  const ValueId z = b.Result("z", Tensor({2}));
  AddComposite(b, 0, y, z, 0);
  return b.Return({z});
}

Model SeveralBodies() {
  Builder b("SeveralBodies");
  const ValueId condition = b.Input("condition", ScalarType::kBool);
  const ValueId x = b.Input("x", Tensor({2}));
  const ValueId y = b.Result("y", Tensor({2}));
  std::map<std::string, GraphId> bodies;
  for (const char* role : {"then", "else"}) {
    const GraphId body = b.AddGraph(role);
    b.Input("condition", ScalarType::kBool, body);
    const ValueId inner = b.Input("x", Tensor({2}), body);
    b.model.graphs[body].outputs = {
        b.Unary(absl::StrCat("test.", role), "only", inner, {}, body)};
    bodies[role] = body;
  }
  b.Add("test.If", "if",
        {Slot::One("condition", condition), Slot::One("input", x)},
        {Slot::One("output", y)})
      .bodies = std::move(bodies);
  return b.Return({y});
}

Model Symbols() {
  Builder b("Symbols");
  b.model.symbols = {{"batch", 1, 64},
                     {"height", 0, std::nullopt},
                     {"width", std::nullopt, 4096},
                     {"u0", std::nullopt, std::nullopt}};
  const Dim batch = Dim::Symbol("batch");
  const Dim height = Dim::Symbol("height");
  const Dim width = Dim::Symbol("width");
  const Dim half =
      Dim::Binary(Dim::Op::kFloorDiv, Dim::Binary(Dim::Op::kAdd, height, 1), 2);
  const Dim area = Dim::Binary(Dim::Op::kMul, height, width);
  const Dim least =
      Dim::Binary(Dim::Op::kMin, Dim::Binary(Dim::Op::kMod, width, 7),
                  Dim::Binary(Dim::Op::kMax,
                              Dim::Binary(Dim::Op::kSub, height, -3), batch));
  const ValueId x = b.Input("x", Tensor({batch, 3, height, width}));
  TensorType type = Tensor({batch, 3, half, least, Dim::Symbol("u0")});
  type.strides = {area, height, 1, width, 5};
  const ValueId y = b.Result("y", type);
  b.Add("test.Layer", "layer", {Slot::One("input", x)},
        {Slot::One("output", y)},
        {{"dim", half},
         {"dims", Attribute::List{batch, 3, area, Attribute(), least}}});
  return b.Return({y});
}

Model TiedWeights() {
  Builder b("TiedWeights");
  Weights tied = MakeWeights("encoder.weight", Tensor({3, 2}));
  tied.aliases = {"decoder.weight", "lm_head.weight"};
  const ValueId w = b.Bind(std::move(tied));
  const ValueId x = b.Input("x", Tensor({1, 3}));
  const ValueId y = b.Result("y", Tensor({1, 2}));
  b.Add("test.MatMul", "encoder", {Slot::One("a", x), Slot::One("b", w)},
        {Slot::One("output", y)});
  const ValueId z = b.Result("z", Tensor({1, 3}));
  b.Add("test.MatMulT", "decoder", {Slot::One("a", y), Slot::One("b", w)},
        {Slot::One("output", z)});
  return b.Return({z});
}

Model WeightRoles() {
  Builder b("WeightRoles");
  const ValueId x = b.Input("x", Tensor({2}));
  const ValueId y = b.Result("y", Tensor({2}));
  std::vector<Slot> inputs = {Slot::One("input", x)};
  const std::vector<std::pair<const char*, Weights::Role>> roles = {
      {"parameter", Weights::Role::kParameter},
      {"buffer", Weights::Role::kBuffer},
      {"constant", Weights::Role::kConstant}};
  for (const auto& [name, role] : roles) {
    inputs.push_back(
        Slot::One(name, b.Bind(MakeWeights(name, Tensor({2}), role))));
  }
  b.Add("test.Layer", "layer", std::move(inputs), {Slot::One("output", y)});
  // Two values for the same weights, and weights that nothing reads.
  b.model.main().AddValue({"again", Tensor({2}), 0});
  b.model.weights.push_back(MakeWeights("unread", Tensor({5})));
  return b.Return({y});
}

Model Structures() {
  using Kind = Structure::Kind;
  Builder b("Structures");
  std::vector<ValueId> values;
  for (int i = 0; i < 6; ++i) {
    values.push_back(b.Input(absl::StrCat("x", i), Tensor({i})));
  }
  Model model = b.Return({values[5], values[0], values[3]});
  model.inputs =
      Of(Kind::kTuple,
         {{Attribute(), Leaf(2)},
          {Attribute(), Of(Kind::kList, {{Attribute(), Leaf(0)},
                                         {Attribute(), Constant(Attribute())},
                                         {Attribute(), Of(Kind::kTuple, {})}})},
          {Attribute(), Of(Kind::kDict, {{"boxes", Leaf(5)},
                                         {7, Leaf(1)},
                                         {-1, Constant("seven")},
                                         {"", Constant(false)}})},
          {Attribute(),
           Of(Kind::kNamed, {{"first", Leaf(4)}, {"second", Constant(2.5)}},
              "package.Named")},
          {Attribute(), Leaf(3)},
          {Attribute(), Constant(int64_t{1} << 40)}});
  // Nested to the limit.
  Structure inner = Leaf(0);
  for (int i = 1; i < Structure::kMaxDepth; ++i) {
    inner = Of(Kind::kList, {{Attribute(), std::move(inner)}});
  }
  model.outputs =
      Of(Kind::kDict, {{"deep", std::move(inner)},
                       {"logits", Of(Kind::kTuple, {{Attribute(), Leaf(1)},
                                                    {Attribute(), Leaf(2)}})}});
  return model;
}

Model Quantized() {
  Builder b("Quantized");
  TensorType per_tensor = Tensor({2, 3}, DType::kQUInt8);
  per_tensor.quantization = Quantization{{0.1}, {128}, {}, std::nullopt};
  TensorType per_channel = Tensor({2, 3}, DType::kQInt8);
  per_channel.quantization =
      Quantization{{0.5, 1e-300}, {0, -7}, {}, int64_t{0}};
  TensorType float_params = Tensor({2, 3}, DType::kQUInt4x2);
  float_params.quantization =
      Quantization{{0.5, 2.0, 3.0}, {}, {-0.0, 0.25, 1.0}, int64_t{1}};
  const ValueId x = b.Input("x", per_tensor);
  const ValueId w = b.Bind(MakeWeights("w", per_channel));
  const ValueId v = b.Bind(MakeWeights("v", float_params));
  const ValueId y = b.Result("y", per_tensor);
  b.Add("test.QLinear", "qlinear",
        {Slot::One("input", x), Slot::One("w", w), Slot::One("v", v)},
        {Slot::One("output", y)});
  return b.Return({y});
}

Model Strides() {
  Builder b("Strides");
  TensorType channels_last = Tensor({1, 3, 2, 2});
  channels_last.strides = {12, 1, 6, 3};
  TensorType expanded = Tensor({4, 3});
  expanded.strides = {0, 1};
  const ValueId x = b.Input("x", channels_last);
  const ValueId w = b.Bind(MakeWeights("w", channels_last));
  const ValueId y = b.Result("y", expanded);
  b.Add("test.Layer", "layer", {Slot::One("input", x), Slot::One("w", w)},
        {Slot::One("output", y)});
  return b.Return({y});
}

Model StateOutputs() {
  Builder b("StateOutputs");
  const ValueId x = b.Input("x", Tensor({2}));
  const ValueId cache = b.Input("cache", Tensor({2}));
  const ValueId count = b.Bind(MakeWeights(
      "num_batches", Tensor({}, DType::kInt64), Weights::Role::kBuffer));
  const ValueId y = b.Unary("ReLU", "relu", x);
  const ValueId new_count = b.Unary("test.Increment", "increment", count);
  const ValueId new_cache = b.Unary("test.Shift", "shift", cache);
  Model model = b.Return({y, new_count, new_cache});
  model.outputs = Leaf(0);
  model.state_outputs = {{0, kAbsent}, {kAbsent, 1}};
  return model;
}

Model Placeholders() {
  Builder b("Placeholders");
  const ValueId x = b.Input("x", Tensor({1, 2}));
  const ValueId y = b.Result("y", Tensor({1, 2}));
  Layer& layer =
      b.Add(kPlaceholder, "fancy",
            {Slot::One("input", x), Slot::One("mask", kAbsent),
             Slot::ListOf("indices", {kAbsent, x})},
            {Slot::One("output_0", y), Slot::One("output_1", kAbsent)},
            {{"dim", -1}, {"dtype", Attribute()}, {"layout", "strided"}});
  layer.target = "acme::fancy.out";
  layer.sources = {{"acme::fancy", "neck.fancy", "acme.Fancy", 2, {}}};
  // As with --layers=raw.
  const ValueId z = b.Result("z", Tensor({1, 2}));
  Layer& raw = b.Add("aten::add.Tensor", "add",
                     {Slot::One("self", y), Slot::One("other", x)},
                     {Slot::One("output", z)}, {{"alpha", 1}});
  raw.target = "aten::add.Tensor";
  return b.Return({z});
}

Model Sources() {
  Builder b("Sources");
  const ValueId x = b.Input("x", Tensor({2}));
  const ValueId y = b.Result("y", Tensor({2}));
  Source first{"aten::conv2d",
               "layer1.0.conv1",
               "torch.nn.modules.conv.Conv2d",
               3,
               {{"model.py", 12, "forward"},
                {"", 0, ""},
                {"/usr/lib/python3/train.py", int64_t{1} << 33, "<module>"}}};
  Source second{"aten::batch_norm", "layer1.0.bn1", "", 0, {}};
  b.Add("test.Layer", "layer", {Slot::One("input", x)},
        {Slot::One("output", y)})
      .sources = {first, second, Source()};
  b.model.metadata = {{"author", "someone"}, {"note", "two\nlines"}, {"z", ""}};
  return b.Return({y});
}

Model Everything() {
  Builder b("Everything");
  b.model.metadata = {{"source", "resnet.py"}, {"torch", "2.14.1"}};
  b.model.symbols = {{"batch", 1, 64}, {"u0", std::nullopt, std::nullopt}};
  const Dim batch = Dim::Symbol("batch");
  const Dim twice = Dim::Binary(Dim::Op::kMul, batch, 2);

  const ValueId image = b.Input("image", Tensor({batch, 3, 8, 8}));
  const ValueId scale = b.Input("scale", ScalarType::kFloat);

  TensorType conv_type = Tensor({4, 3, 3, 3});
  conv_type.strides = {27, 1, 9, 3};
  const ValueId conv_weight = b.Bind(MakeWeights("conv.weight", conv_type));
  Weights tied = MakeWeights("fc.weight", Tensor({5, 4}, DType::kBFloat16));
  tied.aliases = {"head.weight"};
  const ValueId fc_weight = b.Bind(std::move(tied));
  TensorType quantized = Tensor({2, 2}, DType::kQInt8);
  quantized.quantization = Quantization{{0.5, 0.25}, {0, -3}, {}, int64_t{0}};
  const ValueId q_weight =
      b.Bind(MakeWeights("q.weight", quantized, Weights::Role::kConstant));
  const ValueId count = b.Bind(MakeWeights(
      "bn.count", Tensor({}, DType::kInt64), Weights::Role::kBuffer));

  const ValueId features = b.Result("features", Tensor({batch, 4, 6, 6}));
  b.Add("Conv2d", "conv",
        {Slot::One("input", image), Slot::One("weight", conv_weight),
         Slot::One("bias", kAbsent)},
        {Slot::One("output", features)},
        {{"stride", Attribute::Ints({1, 1})}, {"padding", "valid"}})
      .sources = {{"aten::conv2d",
                   "conv",
                   "torch.nn.modules.conv.Conv2d",
                   0,
                   {{"model.py", 12, "forward"}, {"run.py", 3, "<module>"}}}};

  const GraphId body = b.AddGraph("block.body");
  const ValueId block = b.Result("block", Tensor({batch, 4, 6, 6}));
  b.Add("acme.Block", "block", {Slot::One("input", features)},
        {Slot::One("output", block)}, {{"groups", 1}})
      .bodies = {{"body", body}};
  const ValueId inner = b.Input("x", Tensor({batch, 4, 6, 6}), body);
  b.model.graphs[body].outputs = {b.Unary("ReLU", "relu", inner, {}, body)};

  const ValueId both = b.Result("both", Tensor({twice, 4, 6, 6}));
  b.Add("Cat", "cat", {Slot::ListOf("tensors", {block, features})},
        {Slot::One("output", both)}, {{"dim", 0}});
  const ValueId pooled =
      b.Result("pooled", Tensor({twice, 4}, DType::kBFloat16));
  Layer& placeholder = b.Add(
      kPlaceholder, "pool",
      {Slot::One("input", both), Slot::One("scale", scale),
       Slot::One("mask", kAbsent),
       Slot::ListOf("indices", {kAbsent, q_weight})},
      {Slot::One("output_0", pooled), Slot::One("output_1", kAbsent)},
      {{"none", Attribute()},
       {"flag", true},
       {"eps", FloatOfBits(0x7ff80000deadbeef)},
       {"minus_zero", -0.0},
       {"phase", Attribute::Complex(0.5, -2.0)},
       {"mode", "bilinear ✓"},
       {"dtype", DType::kBFloat16},
       {"size", twice},
       {"sizes", Attribute::List{batch, 4, Attribute()}},
       {"scales", Attribute::Floats({0.5, 2.0})},
       {"pads", Attribute::List{Attribute::Ints({1, 2}), Attribute::List{}}}});
  placeholder.target = "acme::pool.out";
  const ValueId logits =
      b.Result("logits", Tensor({twice, 5}, DType::kBFloat16));
  b.Add("Linear", "fc",
        {Slot::One("input", pooled), Slot::One("weight", fc_weight)},
        {Slot::One("output", logits)});
  const ValueId new_count = b.Unary("acme.Increment", "count", count);

  Model model = b.Return({logits, block, new_count});
  model.inputs = Of(
      Structure::Kind::kTuple,
      {{Attribute(), Leaf(0)},
       {Attribute(),
        Of(Structure::Kind::kDict, {{"scale", Leaf(1)}, {1, Constant("x")}})}});
  model.outputs =
      Of(Structure::Kind::kNamed,
         {{"logits", Leaf(0)},
          {"features", Of(Structure::Kind::kList, {{Attribute(), Leaf(1)}})}},
         "acme.Output");
  model.state_outputs = {{3, kAbsent}};
  return model;
}

constexpr struct {
  const char* name;
  Model (*make)();
} kSampleModels[] = {
    {"EmptyGraph", EmptyGraph},
    {"PassThrough", PassThrough},
    {"EveryAttributeType", EveryAttributeType},
    {"AttributeLists", AttributeLists},
    {"FloatBits", FloatBits},
    {"IntegerExtremes", IntegerExtremes},
    {"Strings", Strings},
    {"UnicodeNames", UnicodeNames},
    {"EveryDType", EveryDType},
    {"EveryDTypeOfWeights", EveryDTypeOfWeights},
    {"Shapes", Shapes},
    {"ScalarValues", ScalarValues},
    {"AbsentInputs", AbsentInputs},
    {"ListSlots", ListSlots},
    {"ComputedAttributes", ComputedAttributes},
    {"NestedBodies", NestedBodies},
    {"SeveralBodies", SeveralBodies},
    {"Symbols", Symbols},
    {"TiedWeights", TiedWeights},
    {"WeightRoles", WeightRoles},
    {"Structures", Structures},
    {"Quantized", Quantized},
    {"Strides", Strides},
    {"StateOutputs", StateOutputs},
    {"Placeholders", Placeholders},
    {"Sources", Sources},
    {"Everything", Everything},
};

}  // namespace

std::vector<std::string> SampleModelNames() {
  std::vector<std::string> names;
  for (const auto& sample : kSampleModels) names.push_back(sample.name);
  return names;
}

const Model& GetSampleModel(const std::string& name) {
  static const auto* models = [] {
    auto* made = new std::map<std::string, Model>;
    for (const auto& sample : kSampleModels) {
      made->emplace(sample.name, sample.make());
    }
    return made;
  }();
  return models->at(name);
}

}  // namespace flextorchir
