#include "flextorchir/converter/converter.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "ATen/ATen.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "flextorchir/converter/passes/inline_composites.h"
#include "flextorchir/evaluator/compare.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/text.h"
#include "flextorchir/ir/verify.h"
#include "gtest/gtest.h"
#include "torch/library.h"

namespace flextorchir {
namespace {

at::Tensor Swish(const at::Tensor& x) { return x * x.sigmoid(); }
at::Tensor Table() { return at::ones({4}); }

TORCH_LIBRARY(converter_test, library) {
  library.def("swish(Tensor x) -> Tensor", &Swish);
  library.def("table() -> Tensor", &Table);
}

at::Tensor CallSwish(const at::Tensor& x) {
  return c10::Dispatcher::singleton()
      .findSchemaOrThrow("converter_test::swish", "")
      .typed<at::Tensor(const at::Tensor&)>()
      .call(x);
}

at::Tensor CallTable() {
  return c10::Dispatcher::singleton()
      .findSchemaOrThrow("converter_test::table", "")
      .typed<at::Tensor()>()
      .call();
}

// A model whose modules are what the test says.
class TestModel : public Frontend {
 public:
  using Forward =
      std::function<c10::IValue(const ModelInputs& inputs, Recorder& recorder)>;
  explicit TestModel(Forward forward, std::vector<NamedTensor> state = {},
                     std::vector<std::string> argument_names = {"x"})
      : forward_(std::move(forward)),
        state_(std::move(state)),
        argument_names_(std::move(argument_names)) {}

  std::string name() const override { return "Net"; }
  std::vector<NamedTensor> state() const override { return state_; }
  std::vector<std::string> argument_names() const override {
    return argument_names_;
  }
  absl::StatusOr<c10::IValue> Run(const ModelInputs& inputs,
                                  Recorder& recorder) override {
    try {
      return forward_(inputs, recorder);
    } catch (const std::exception& error) {
      return absl::InvalidArgumentError(error.what());
    }
  }

 private:
  Forward forward_;
  std::vector<NamedTensor> state_;
  std::vector<std::string> argument_names_;
};

// A module call, while it lives.
class InModule {
 public:
  InModule(Recorder& recorder, absl::string_view path,
           absl::string_view module_class)
      : recorder_(recorder) {
    recorder_.EnterModule(path, module_class);
  }
  ~InModule() { recorder_.ExitModule(); }

 private:
  Recorder& recorder_;
};

at::Tensor Random(at::IntArrayRef sizes) { return at::randn(sizes); }

ModelInputs Args(std::vector<c10::IValue> args) {
  return {std::move(args), {}};
}

// Converts, and checks what always holds: the model passes Verify, and the
// evaluator gives what the run gave, bit for bit.
Conversion Converted(TestModel& model, const ModelInputs& inputs,
                     ConvertOptions options = {}) {
  options.frames = false;
  absl::StatusOr<Conversion> conversion = Convert(model, inputs, options);
  EXPECT_TRUE(conversion.ok()) << conversion.status();
  if (!conversion.ok()) return Conversion();
  EXPECT_TRUE(Verify(conversion->model).ok()) << Verify(conversion->model);
  const auto comparison =
      CompareWithModel(conversion->model, conversion->inputs,
                       conversion->outputs, conversion->activations);
  EXPECT_TRUE(comparison.ok()) << comparison.status() << "\n"
                               << ToText(conversion->model);
  if (comparison.ok()) {
    EXPECT_TRUE(comparison->identical) << comparison->ToString() << "\n"
                                       << ToText(conversion->model);
  }
  return *std::move(conversion);
}

// The graphs, without sources.
std::string GraphText(const Model& model) {
  TextOptions options;
  options.sources = false;
  const std::string text = ToText(model, options);
  return text.substr(text.find("graph \""));
}

// "kind name" of each layer.
std::string Layers(const Model& model, size_t graph = 0) {
  std::vector<std::string> lines;
  for (const Layer& layer : model.graphs[graph].layers) {
    lines.push_back(absl::StrCat(layer.kind, " ", layer.name));
  }
  return absl::StrJoin(lines, ", ");
}

std::string Codes(const Report& report) {
  std::vector<std::string> codes;
  for (const Report::Warning& warning : report.warnings) {
    codes.push_back(warning.code);
  }
  return absl::StrJoin(codes, ", ");
}

const at::Tensor& Arg(const ModelInputs& inputs, size_t i = 0) {
  return inputs.args[i].toTensor();
}

TEST(ConvertTest, LayersAndNames) {
  const at::Tensor weight = Random({3, 3, 1, 1});
  TestModel model(
      [&](const ModelInputs& inputs, Recorder& recorder) -> c10::IValue {
        at::Tensor x = Arg(inputs);
        for (int i = 0; i < 2; ++i) {
          InModule block(recorder, "block", "my.Block");
          at::Tensor y;
          {
            InModule conv(recorder, "block.conv", "torch.nn.Conv2d");
            y = at::conv2d(x, weight);
          }
          {
            InModule relu(recorder, "block.relu", "torch.nn.ReLU");
            y = y.relu_();
          }
          x = x + y;
        }
        return x.flatten(1);
      },
      {{"block.conv.weight", weight, Weights::Role::kParameter}});
  const Conversion conversion = Converted(model, Args({Random({1, 3, 4, 4})}));
  EXPECT_EQ(Layers(conversion.model),
            "Conv2d block.conv, ReLU block.relu, Add block.add, "
            "Conv2d block.conv_1, ReLU block.relu_1, Add block.add_1, "
            "Flatten flatten");
  const Graph& graph = conversion.model.main();
  EXPECT_EQ(graph.value(graph.inputs[0]).name, "x");
  EXPECT_EQ(graph.value(graph.layers[1].Input("input")).name, "block.conv");
  EXPECT_EQ(graph.value(graph.layers[0].Input("weight")).name,
            "block.conv.weight");
  EXPECT_EQ(graph.layers[3].source().module_class, "torch.nn.Conv2d");
  EXPECT_EQ(graph.layers[3].source().call_index, 1);
  EXPECT_EQ(conversion.model.name, "Net");
  EXPECT_TRUE(absl::StartsWith(conversion.model.producer, "FlexTorchIR "));
  EXPECT_FALSE(conversion.model.metadata.at("torch").empty());

  const Report& report = conversion.report;
  EXPECT_EQ(report.layers, 7);
  EXPECT_EQ(report.layers_by_kind.at("Conv2d"), 2);
  EXPECT_EQ(report.parameters, 9);
  EXPECT_EQ(report.weights_bytes, 36);
  EXPECT_EQ(report.macs, 2 * 3 * 3 * 16);
  EXPECT_TRUE(report.placeholders.empty());
  EXPECT_EQ(Codes(report), "");
  EXPECT_GT(report.timing.at("capture"), 0);
}

TEST(ConvertTest, RawLayersHaveTheSchemasNames) {
  TestModel model([](const ModelInputs& inputs, Recorder&) -> c10::IValue {
    const at::Tensor x = Arg(inputs).relu();
    return at::add(x, at::arange(4), 2);
  });
  ConvertOptions options;
  options.layers = ConvertOptions::Layers::kRaw;
  const Conversion conversion = Converted(model, Args({Random({4})}), options);
  EXPECT_EQ(GraphText(conversion.model), R"(graph "main" (%x: f32[4]) {
  %relu: f32[4] = aten::relu "relu" target "aten::relu" (self=%x)
  %arange: i64[4] = aten::arange "arange" target "aten::arange" () {device=none, dtype=none, end=4, layout=none, pin_memory=none}
  %add: f32[4] = aten::add.Tensor "add" target "aten::add.Tensor" (self=%relu, other=%arange) {alpha=2}
  return %add
}
)");
  EXPECT_TRUE(conversion.report.placeholders.empty());
}

TEST(ConvertTest, NestedArgumentsAndResults) {
  TestModel model(
      [](const ModelInputs& inputs, Recorder&) -> c10::IValue {
        const auto list = inputs.args[0].toTensorVector();
        const at::Tensor scale =
            inputs.kwargs[0].second.toGenericDict().at("scale").toTensor();
        const at::Tensor sum = (list[0] + list[1]) * scale;
        c10::impl::GenericDict result(c10::StringType::get(),
                                      c10::AnyType::get());
        result.insert("sum", sum);
        result.insert("again", c10::ivalue::Tuple::create(
                                   {sum, c10::IValue(), int64_t{7}}));
        return result;
      },
      {}, {"boxes", "power"});
  c10::impl::GenericDict options(c10::StringType::get(), c10::AnyType::get());
  options.insert("scale", Random({2}));
  ModelInputs inputs;
  inputs.args = {c10::IValue(std::vector<at::Tensor>{Random({2}), Random({2})}),
                 2.5};
  inputs.kwargs = {{"options", options}};
  const Conversion conversion = Converted(model, inputs);
  const Graph& graph = conversion.model.main();
  ASSERT_EQ(graph.inputs.size(), 3);
  EXPECT_EQ(graph.value(graph.inputs[1]).name, "boxes.1");
  EXPECT_EQ(graph.value(graph.inputs[2]).name, "options.scale");
  EXPECT_EQ(LeafPaths(conversion.model.inputs),
            (std::vector<std::string>{"[0][0]", "[0][1]",
                                      "[\"options\"][\"scale\"]"}));
  EXPECT_EQ(LeafPaths(conversion.model.outputs),
            (std::vector<std::string>{"[\"sum\"]", "[\"again\"][0]"}));
  EXPECT_EQ(graph.outputs[0], graph.outputs[1]);
  EXPECT_EQ(Codes(conversion.report), "baked-input, baked-result");
  EXPECT_EQ(conversion.report.warnings[0].message,
            "`[1]` is no tensor: its value is part of the graph");
}

TEST(ConvertTest, WritesToStateAndInputsBecomeOutputs) {
  const at::Tensor counter = at::zeros({2});
  const at::Tensor x = at::ones({2});
  TestModel model(
      [&](const ModelInputs& inputs, Recorder&) -> c10::IValue {
        counter.add_(1);
        Arg(inputs).mul_(3);
        return Arg(inputs) + counter;
      },
      {{"counter", counter, Weights::Role::kBuffer}});
  const Conversion conversion = Converted(model, Args({x}));
  // The caller's tensors are as they were; what the run made is returned.
  EXPECT_TRUE(at::equal(counter, at::zeros({2})));
  EXPECT_TRUE(at::equal(x, at::ones({2})));
  ASSERT_EQ(conversion.outputs.size(), 3);
  EXPECT_TRUE(at::equal(conversion.outputs[0].toTensor(), at::full({2}, 4.)));
  ASSERT_EQ(conversion.model.state_outputs.size(), 2);
  for (size_t i = 0; i < 2; ++i) {
    const bool is_input = conversion.model.state_outputs[i].input == 0;
    EXPECT_TRUE(at::equal(conversion.outputs[1 + i].toTensor(),
                          at::full({2}, is_input ? 3. : 1.)));
  }
}

// Where a parameter wants gradients, matmul takes another path: other bits.
TEST(ConvertTest, ParametersThatWantGradients) {
  for (const bool wants_grad : {false, true}) {
    const at::Tensor weight = Random({4, 8}).set_requires_grad(wants_grad);
    const at::Tensor bias = Random({4}).set_requires_grad(wants_grad);
    TestModel model(
        [&](const ModelInputs& inputs, Recorder&) -> c10::IValue {
          return at::linear(Arg(inputs).transpose(0, 1), weight, bias);
        },
        {{"weight", weight, Weights::Role::kParameter},
         {"bias", bias, Weights::Role::kParameter}});
    const Conversion conversion = Converted(model, Args({Random({5, 2, 8})}));
    EXPECT_EQ(conversion.model.metadata.count(kParametersWithoutGrad),
              wants_grad ? 0 : 1);
    EXPECT_EQ(weight.requires_grad(), wants_grad);
  }
}

// Two layers of an LSTM take other kernels, with other last bits, where no
// gradients are wanted.
TEST(ConvertTest, RunsInTheGradientModeOfTheModel) {
  const at::Tensor x = Random({3, 1, 2});
  const std::vector<at::Tensor> hx = {Random({2, 1, 3}), Random({2, 1, 3})};
  std::vector<at::Tensor> params;
  std::vector<NamedTensor> state;
  for (int i = 0; i < 8; ++i) {
    const bool bias = i % 4 >= 2;
    params.push_back(bias ? Random({12}) : Random({12, i == 0 ? 2 : 3}));
    params.back().set_requires_grad(true);
    state.push_back(
        {absl::StrCat("p", i), params.back(), Weights::Role::kParameter});
  }
  TestModel model(
      [&](const ModelInputs& inputs, Recorder&) -> c10::IValue {
        const auto [output, h, c] =
            at::lstm(Arg(inputs), hx, params, /*has_biases=*/true,
                     /*num_layers=*/2, /*dropout=*/0, /*train=*/false,
                     /*bidirectional=*/false, /*batch_first=*/false);
        return output;
      },
      state);
  for (const bool enabled : {true, false}) {
    const c10::AutoGradMode mode(enabled);
    Converted(model, Args({x}));
  }
}

TEST(FoldTest, MasksAndPositionsBecomeConstants) {
  const at::Tensor table = Random({4, 4});
  TestModel model(
      [&](const ModelInputs& inputs, Recorder& recorder) -> c10::IValue {
        at::Tensor x = Arg(inputs);
        for (const char* path : {"a", "b"}) {
          InModule attention(recorder, path, "my.Attention");
          // The type of x is no part of its content.
          const at::Tensor mask = x.new_zeros({4, 4});
          mask.select(0, 1).fill_(1);
          x = x + mask.masked_fill(mask == 1, -100);
        }
        const at::Tensor bias = table.index({at::arange(3).flip(0)});
        return x.narrow(0, 0, 3) + bias;
      },
      {{"table", table, Weights::Role::kParameter}});
  const Conversion conversion = Converted(model, Args({Random({4, 4})}));
  EXPECT_EQ(Layers(conversion.model), "Add a, Add b, Narrow narrow, Add add");
  // Equal ones are one; the parameter that only they read is gone.
  ASSERT_EQ(conversion.model.weights.size(), 2);
  EXPECT_EQ(conversion.model.weights[0].name, "a.constant");
  EXPECT_EQ(conversion.model.weights[0].role, Weights::Role::kConstant);
  EXPECT_EQ(conversion.model.weights[1].name, "constant");
}

TEST(FoldTest, WhatStays) {
  const at::Tensor weight = Random({4, 2});
  const at::Tensor counter = at::zeros({2});
  TestModel model(
      [&](const ModelInputs& inputs, Recorder&) -> c10::IValue {
        counter.add_(1);
        const at::Tensor grid = at::arange(2) + 1;
        return at::stack({at::matmul(Arg(inputs), weight.t().t()),
                          grid.expand({4, 2}).to(at::kFloat), at::rand({4, 2}),
                          (counter * 2).expand({4, 2})}) +
               CallTable().sum();
      },
      {{"weight", weight, Weights::Role::kParameter},
       {"counter", counter, Weights::Role::kBuffer}});
  ConvertOptions options;
  at::manual_seed(7);
  options.frames = false;
  const auto conversion = Convert(model, Args({Random({4, 4})}), options);
  ASSERT_TRUE(conversion.ok()) << conversion.status();
  std::string kinds;
  for (const auto& [kind, count] : conversion->report.layers_by_kind) {
    absl::StrAppend(&kinds, kind, ":", count, " ");
  }
  // Views of a parameter, what is random, what changes, what is not ours.
  EXPECT_TRUE(absl::StrContains(kinds, "T:2") ||
              absl::StrContains(kinds, "Transpose:2"))
      << kinds;
  EXPECT_TRUE(absl::StrContains(kinds, "Rand:1")) << kinds;
  EXPECT_TRUE(absl::StrContains(kinds, "Mul:1")) << kinds;
  EXPECT_TRUE(absl::StrContains(kinds, "Placeholder:1")) << kinds;
  EXPECT_FALSE(absl::StrContains(kinds, "Arange")) << kinds;
  bool weight_is_there = false;
  for (const Weights& weights : conversion->model.weights) {
    weight_is_there |= weights.name == "weight";
  }
  EXPECT_TRUE(weight_is_there);
}

TEST(FoldTest, NumbersThatTheProgramReads) {
  TestModel model([](const ModelInputs& inputs, Recorder&) -> c10::IValue {
    const at::Tensor x = Arg(inputs);
    // From constants: nothing to say.
    const int64_t two = (at::ones({}) + 1).item().toLong();
    const double largest = x.abs().max().item().toDouble();
    at::Tensor y = x * static_cast<double>(two) / largest;
    if (at::is_nonzero(x.sum() > -1e9)) y = y.relu();
    return y;
  });
  const Conversion conversion = Converted(model, Args({Random({4})}));
  // What reads an input has run, whoever reads its result.
  EXPECT_EQ(Layers(conversion.model),
            "Abs abs, Max max, Mul mul, Div div, Sum sum, Gt gt, ReLU relu");
  EXPECT_EQ(Codes(conversion.report), "baked-value, baked-value");

  ConvertOptions raw;
  raw.layers = ConvertOptions::Layers::kRaw;
  const Conversion raw_conversion = Converted(model, Args({Random({4})}), raw);
  EXPECT_EQ(raw_conversion.model.main().layers.size(), 7);
}

TEST(FoldTest, CompressedWeightsStaySo) {
  for (const int64_t rows : {8, 1024}) {
    const at::Tensor weight = at::randint(-128, 127, {rows, 64}).to(at::kChar);
    TestModel model(
        [&](const ModelInputs& inputs, Recorder&) -> c10::IValue {
          return at::linear(Arg(inputs), weight.to(at::kFloat) * 0.01);
        },
        {{"weight", weight, Weights::Role::kBuffer}});
    const Conversion conversion = Converted(model, Args({Random({2, 64})}));
    EXPECT_EQ(Layers(conversion.model),
              rows == 8 ? "Linear linear" : "Cast to, Mul mul, Linear linear");
  }
}

// An outer module that has an inner one, with a parameter each.
class Nested : public TestModel {
 public:
  Nested() : Nested(Random({4, 4}), Random({4})) {}

 private:
  Nested(const at::Tensor& weight, const at::Tensor& scale)
      : TestModel(
            [=](const ModelInputs& inputs, Recorder& recorder) -> c10::IValue {
              at::Tensor x = Arg(inputs).relu();
              {
                InModule outer(recorder, "outer", "my.Stage");
                {
                  InModule fc(recorder, "outer.fc", "torch.nn.Linear");
                  x = at::linear(x, weight);
                }
                {
                  InModule act(recorder, "outer.act", "my.Scale");
                  x = x * (scale + at::arange(4)) + at::arange(4);
                }
                x = x + 1;
              }
              return x.exp();
            },
            {{"outer.fc.weight", weight, Weights::Role::kParameter},
             {"outer.act.scale", scale, Weights::Role::kParameter}}) {}
};

TEST(CompositeTest, OneLayerWithABodyThatRuns) {
  Nested model;
  ConvertOptions options;
  options.blackbox = {"Stage", "outer.act"};
  Conversion conversion = Converted(model, Args({Random({2, 4})}), options);
  EXPECT_EQ(Layers(conversion.model), "ReLU relu, Stage outer, Exp exp");
  const Layer& outer = conversion.model.main().layers[1];
  std::vector<std::string> inputs;
  for (const Slot& slot : outer.inputs) inputs.push_back(slot.name);
  EXPECT_EQ(absl::StrJoin(inputs, ", "), "input, fc.weight, act.scale");
  EXPECT_EQ(Layers(conversion.model, 1),
            "Linear outer.fc, Scale outer.act, Add outer.add");
  // Constants inside an explicit composite stay operators.
  EXPECT_EQ(conversion.model.graphs[2].layers.size(), 5);
  EXPECT_EQ(conversion.model.graphs[1].name, "outer");
  EXPECT_EQ(conversion.report.layers, 3);

  InlineComposites(&conversion.model);
  EXPECT_TRUE(Verify(conversion.model).ok()) << Verify(conversion.model);
  EXPECT_EQ(conversion.model.graphs.size(), 1);
  EXPECT_EQ(conversion.model.main().layers.size(), 9);
  const auto comparison =
      CompareWithModel(conversion.model, conversion.inputs, conversion.outputs);
  ASSERT_TRUE(comparison.ok()) << comparison.status();
  EXPECT_TRUE(comparison->identical) << comparison->ToString();
}

TEST(CompositeTest, TheWholeModel) {
  Nested model;
  ConvertOptions options;
  options.blackbox = {"outer.fc", "misspelt"};
  options.layers = ConvertOptions::Layers::kRaw;
  const Conversion conversion =
      Converted(model, Args({Random({2, 4})}), options);
  EXPECT_EQ(conversion.model.main().layers[1].kind, "torch.nn.Linear");
  EXPECT_EQ(Codes(conversion.report), "blackbox-unmatched");
}

TEST(CompositeTest, ModuleRule) {
  Nested model;
  LayerConverterRegistry registry = LayerConverterRegistry::Standard();
  ASSERT_TRUE(registry
                  .AddModule("my.Scale",
                             [](const Model&, const Graph&, Layer& layer) {
                               layer.kind = "ScaleAndShift";
                               layer.attributes["steps"] = 4;
                               return absl::OkStatus();
                             })
                  .ok());
  ConvertOptions options;
  options.registry = &registry;
  const Conversion conversion =
      Converted(model, Args({Random({2, 4})}), options);
  EXPECT_EQ(Layers(conversion.model),
            "ReLU relu, Linear outer.fc, ScaleAndShift outer.act, "
            "Add outer.add, Exp exp");
}

TEST(RuleTest, PlaceholdersAndRulesOfTheUsers) {
  TestModel model([](const ModelInputs& inputs, Recorder& recorder) {
    InModule act(recorder, "act", "my.Act");
    return c10::IValue(CallSwish(CallSwish(Arg(inputs))).exp());
  });
  const ModelInputs inputs = Args({Random({2, 3})});
  Conversion conversion = Converted(model, inputs);
  EXPECT_EQ(Layers(conversion.model),
            "Placeholder act.swish, Placeholder act.swish_1, Exp act.exp");
  ASSERT_EQ(conversion.report.placeholders.size(), 1);
  const Report::Placeholder& row = conversion.report.placeholders[0];
  EXPECT_EQ(row.target, "converter_test::swish");
  EXPECT_EQ(row.count, 2);
  EXPECT_EQ(row.places[1].layer, "act.swish_1");
  EXPECT_EQ(row.places[1].module_path, "act");
  EXPECT_EQ(row.places[1].shapes, std::vector<std::string>{"f32[2,3]"});
  EXPECT_EQ(conversion.report.macs, std::nullopt);

  const auto convert_with = [&](LayerConverter rule) {
    LayerConverterRegistry registry = LayerConverterRegistry::Standard();
    EXPECT_TRUE(registry.AddOperator("converter_test::swish", rule).ok());
    ConvertOptions options;
    options.registry = &registry;
    options.frames = false;
    return Convert(model, inputs, options);
  };
  // A kind of their own.
  auto converted =
      convert_with([](const Model&, const Graph& graph, Layer& layer) {
        layer.kind = "my::Swish";
        layer.attributes["rank"] = static_cast<int64_t>(
            graph.value(layer.Input("x")).tensor()->shape.size());
        return absl::OkStatus();
      });
  ASSERT_TRUE(converted.ok()) << converted.status();
  EXPECT_EQ(
      LayerToText(converted->model.main(), converted->model.main().layers[0]),
      "%act.swish: f32[2,3] = my::Swish \"act.swish\" target "
      "\"converter_test::swish\" (x=%x) {rank=2}");
  // A rule that does not cover it.
  converted = convert_with([](const Model&, const Graph&, Layer& layer) {
    layer.kind = "Broken";
    return absl::UnimplementedError("only rank 1");
  });
  ASSERT_TRUE(converted.ok()) << converted.status();
  EXPECT_EQ(converted->report.placeholders[0].reason, "only rank 1");
  EXPECT_EQ(converted->model.main().layers[0].kind, "Placeholder");
  // Rules that are wrong are named, with the layer.
  const auto expect_error = [&](LayerConverter rule, absl::StatusCode code,
                                absl::string_view what) {
    const absl::Status status = convert_with(std::move(rule)).status();
    EXPECT_EQ(status.code(), code) << status;
    EXPECT_TRUE(absl::StrContains(status.message(),
                                  "the rule for converter_test::swish, at "
                                  "layer \"act.swish\""))
        << status;
    EXPECT_TRUE(absl::StrContains(status.message(), what)) << status;
  };
  expect_error([](const Model&, const Graph&,
                  Layer&) { return absl::InvalidArgumentError("no idea"); },
               absl::StatusCode::kInvalidArgument, "no idea");
  expect_error(
      [](const Model&, const Graph&, Layer& layer) {
        layer.outputs.clear();
        return absl::OkStatus();
      },
      absl::StatusCode::kInternal, "outputs");
  expect_error(
      [](const Model&, const Graph&, Layer& layer) {
        layer.kind = "Conv2d";
        return absl::OkStatus();
      },
      absl::StatusCode::kInternal, "Conv2d");
  expect_error(
      [](const Model&, const Graph&, Layer&) -> absl::Status {
        throw std::runtime_error("thrown");
      },
      absl::StatusCode::kInternal, "thrown");
}

// A format that only takes activations.
class Picky : public Serializer {
 public:
  absl::string_view name() const override { return "picky"; }
  absl::string_view extension() const override { return "pk"; }
  absl::string_view description() const override { return "Picky."; }
  absl::Status CheckLayer(const Model&, const Graph&,
                          const Layer& layer) const override {
    if (layer.kind == "ReLU") return absl::OkStatus();
    return absl::UnimplementedError("only ReLU");
  }
  absl::Status Write(const Model&, absl::string_view, const SerializeOptions&,
                     Sink&) const override {
    return absl::OkStatus();
  }
};

TEST(ReportTest, TargetsSayWhatTheyLack) {
  TestModel model([](const ModelInputs& inputs, Recorder&) -> c10::IValue {
    return Arg(inputs).relu().exp().exp();
  });
  const Picky picky;
  ConvertOptions options;
  options.targets = {&picky};
  const Conversion conversion = Converted(model, Args({Random({2})}), options);
  ASSERT_EQ(conversion.report.placeholders.size(), 1);
  EXPECT_EQ(conversion.report.placeholders[0].target, "Exp");
  EXPECT_EQ(conversion.report.placeholders[0].format, "picky");
  EXPECT_EQ(conversion.report.placeholders[0].reason, "only ReLU");
  EXPECT_EQ(conversion.report.placeholders[0].count, 2);
}

TEST(ConvertTest, ActivationsAndLayerCallback) {
  const at::Tensor table = at::linspace(-1, 1, 2);
  TestModel model([&](const ModelInputs& inputs, Recorder&) -> c10::IValue {
    at::Tensor x = Arg(inputs) + table;
    x.relu_();
    const auto [values, indices] = x.max(0);
    return c10::ivalue::Tuple::create({x, values, indices});
  });
  ConvertOptions options;
  options.keep_activations = true;
  std::vector<std::string> seen;
  options.on_layer = [&](const Model&, const Layer& layer, int64_t index,
                         int64_t count) {
    seen.push_back(absl::StrCat(index, "/", count, " ", layer.name));
  };
  const Conversion conversion =
      Converted(model, Args({at::zeros({2})}), options);
  EXPECT_EQ(absl::StrJoin(seen, ", "), "0/3 add, 1/3 relu, 2/3 max");
  std::vector<std::string> names;
  for (const auto& [name, content] : conversion.activations) {
    names.push_back(name);
  }
  EXPECT_EQ(absl::StrJoin(names, ", "), "add, max.indices, max.values, relu");
  EXPECT_TRUE(at::equal(conversion.activations.at("relu"),
                        conversion.outputs[0].toTensor()));
  EXPECT_FALSE(at::equal(conversion.activations.at("add"),
                         conversion.outputs[0].toTensor()));
}

TEST(ConvertTest, ErrorsLeaveTheThreadAsItWas) {
  TestModel fails([](const ModelInputs&, Recorder&) -> c10::IValue {
    throw std::runtime_error("no such luck");
  });
  EXPECT_EQ(Convert(fails, Args({Random({2})})).status().message(),
            "no such luck");

  TestModel identity([](const ModelInputs& inputs, Recorder&) -> c10::IValue {
    return Arg(inputs).relu();
  });
  const absl::Status sparse =
      Convert(identity, Args({at::ones({2, 2}).to_sparse()})).status();
  EXPECT_EQ(sparse.code(), absl::StatusCode::kUnimplemented) << sparse;
  EXPECT_TRUE(absl::StrContains(sparse.message(), "\"x\"")) << sparse;
  c10::impl::GenericDict by_truth(c10::BoolType::get(), c10::TensorType::get());
  by_truth.insert(true, Random({2}));
  const absl::Status keys = Convert(identity, Args({by_truth})).status();
  EXPECT_EQ(keys.code(), absl::StatusCode::kUnimplemented) << keys;
  c10::impl::GenericList cycle(c10::AnyType::get());
  cycle.push_back(cycle);
  const absl::Status nested = Convert(identity, Args({cycle})).status();
  EXPECT_EQ(nested.code(), absl::StatusCode::kUnimplemented) << nested;

  TestModel converts([&](const ModelInputs& inputs, Recorder&) -> c10::IValue {
    EXPECT_EQ(Convert(identity, inputs).status().code(),
              absl::StatusCode::kFailedPrecondition);
    return Arg(inputs).relu();
  });
  Converted(converts, Args({Random({2})}));
  Converted(identity, Args({Random({2})}));
}

}  // namespace
}  // namespace flextorchir
