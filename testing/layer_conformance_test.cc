// Runs operators, and the layers that they become: each row of the operator
// table at least once, each kind of the layer set, and options that change
// numbers. Results must be equal bit for bit.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ATen/ATen.h"
#include "ATen/core/dispatch/Dispatcher.h"
#include "ATen/core/function_schema.h"
#include "ATen/core/ivalue.h"
#include "ATen/core/jit_type.h"
#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "flextorchir/converter/layers/layer_converter.h"
#include "flextorchir/evaluator/evaluator.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/layer_set.h"
#include "flextorchir/ir/text.h"
#include "flextorchir/ir/verify.h"
#include "flextorchir/testing/layer_conformance_cases.h"
#include "flextorchir/torch_bridge/layer_call.h"
#include "flextorchir/torch_bridge/operator_call.h"
#include "flextorchir/torch_bridge/operator_table.h"
#include "flextorchir/torch_bridge/operator_writes.h"
#include "flextorchir/torch_bridge/quantized_engine.h"
#include "flextorchir/torch_bridge/tensor.h"
#include "gtest/gtest.h"

namespace flextorchir {
namespace {

using Values = std::vector<c10::IValue>;

// -- What there is to call operators with.

at::Tensor PerChannel(const at::Tensor& weight) {
  return at::quantize_per_channel(
      weight, at::rand({weight.size(0)}, at::kDouble) * 0.02 + 0.02,
      at::zeros({weight.size(0)}, at::kLong), 0, at::kQInt8);
}

at::Tensor Image(const at::Tensor& image) {
  return at::quantize_per_tensor(
      image.contiguous(at::MemoryFormat::ChannelsLast), 0.05, 90, at::kQUInt8);
}

// Tensors by the names that cases use.
const std::map<std::string, at::Tensor>& Tensors() {
  static const auto* const tensors = [] {
    at::manual_seed(1);
    const auto f32 = [](at::IntArrayRef size) { return at::randn(size); };
    const auto longs = [](at::ArrayRef<int64_t> values) {
      return at::tensor(values, at::kLong);
    };
    const at::Tensor square = f32({4, 4});
    return new std::map<std::string, at::Tensor>{
        // Images, sequences and weights.
        {"x1", f32({2, 4, 8})},
        {"x2", f32({2, 4, 8, 8})},
        {"x3", f32({2, 4, 4, 8, 8})},
        {"y2", f32({2, 4, 8, 8})},
        {"w1", f32({6, 4, 3})},
        {"w2", f32({6, 4, 3, 3})},
        {"w3", f32({6, 4, 3, 3, 3})},
        {"t1", f32({4, 6, 3})},
        {"t2", f32({4, 6, 3, 3})},
        {"t3", f32({4, 6, 3, 3, 3})},
        {"c4", at::rand({4}) + 0.5},
        {"d4", at::rand({4}) + 0.5},
        {"c6", f32({6})},
        {"grid2", at::rand({2, 6, 5, 2}) * 2.4 - 1.2},
        {"grid3", at::rand({2, 3, 6, 5, 3}) * 2.4 - 1.2},
        {"theta", f32({2, 2, 3})},
        {"cols", f32({2, 36, 36})},
        {"samples2", at::rand({2, 4, 2})},
        {"samples3", at::rand({2, 4, 3})},
        {"pooled", f32({2, 4, 4, 4})},
        {"pooled3", f32({2, 4, 2, 4, 4})},
        {"where2",
         std::get<1>(at::max_pool2d_with_indices(f32({2, 4, 8, 8}), {2}))},
        {"where3",
         std::get<1>(at::max_pool3d_with_indices(f32({2, 4, 4, 8, 8}), {2}))},
        // Matrices: between 0 and 1, of any number, positive definite.
        {"p", at::rand({4, 4}) * 0.8 + 0.1},
        {"q", at::rand({4, 4}) * 0.8 + 0.1},
        {"r", square * 3},
        {"spd", square.matmul(square.t()) + at::eye(4)},
        {"double", at::rand({4, 4}, at::kDouble)},
        {"batch", f32({3, 4, 4})},
        {"batch2", f32({3, 4, 4})},
        {"cube", f32({2, 3, 4, 5})},
        {"v", at::rand({4})},
        {"v2", at::rand({4})},
        {"row3", f32({4, 3})},
        {"row3b", f32({4, 3})},
        {"ones", at::rand({4, 1, 4})},
        {"pairs", f32({4, 2})},
        {"sorted", std::get<0>(at::rand({4, 4}).sort())},
        {"bounds", std::get<0>(at::rand({4}).sort())},
        {"number", at::scalar_tensor(0.4)},
        // Whole numbers, truth values, complex numbers.
        {"i", at::randint(4, {4}, at::kLong)},
        {"j", at::randint(4, {4, 4}, at::kLong)},
        {"k", at::randint(1, 9, {4, 4}, at::kLong)},
        {"k2", at::randint(1, 4, {4, 4}, at::kLong)},
        {"one", at::scalar_tensor(1, at::kLong)},
        {"offsets", longs({0, 2})},
        {"repeats", longs({1, 0, 3, 2})},
        {"lengths", longs({3, 2, 1})},
        {"m", at::rand({4, 4}) > 0.5},
        {"z", at::randn({4, 4}, at::kComplexFloat)},
        {"z2", at::randn({4, 4}, at::kComplexFloat)},
        // Recurrent networks: [time, batch, feature] and packed.
        {"seq", f32({5, 3, 4})},
        {"packed", f32({6, 4})},
        {"steps", longs({3, 2, 1})},
        {"h", f32({1, 3, 2})},
        {"cell", f32({1, 3, 2})},
        {"h2", f32({2, 3, 2})},
        {"h4", f32({4, 3, 2})},
        {"proj", f32({1, 3, 1})},
        {"wih8", f32({8, 4})},
        {"whh8", f32({8, 2})},
        {"whr8", f32({8, 1})},
        {"whr", f32({1, 2})},
        {"b8", f32({8})},
        {"wih6", f32({6, 4})},
        {"whh6", f32({6, 2})},
        {"wih62", f32({6, 2})},
        {"b6", f32({6})},
        {"wih2", f32({2, 4})},
        {"whh2", f32({2, 2})},
        {"b2", f32({2})},
        {"hx", f32({3, 2})},
        {"cx", f32({3, 2})},
        {"step", f32({3, 4})},
        // Attention.
        {"heads", f32({2, 2, 5, 4})},
        {"heads2", f32({2, 2, 5, 4})},
        {"mask", at::rand({5, 5}) > 0.3},
        {"tokens", f32({2, 5, 4})},
        {"qkv", f32({12, 4})},
        {"qkvb", f32({12})},
        {"proj4", f32({4, 4})},
        {"ffn1", f32({8, 4})},
        {"ffn2", f32({4, 8})},
        // Quantized, and targets of losses.
        {"zp", at::zeros({4}, at::kLong)},
        {"zp32", at::zeros({4}, at::kInt)},
        {"quant", at::quantize_per_tensor(f32({4, 4}), 0.1, 10, at::kQUInt8)},
        {"quant2", at::quantize_per_tensor(f32({4, 4}), 0.07, 90, at::kQUInt8)},
        {"qs", at::quantize_per_tensor(f32({2, 3, 3}), 0.1, 3, at::kQInt8)},
        {"qx1", at::quantize_per_tensor(f32({2, 4, 8}), 0.05, 90, at::kQUInt8)},
        {"qx2", Image(f32({2, 4, 8, 8}))},
        {"qx3",
         at::quantize_per_tensor(f32({2, 4, 4, 8, 8}), 0.05, 90, at::kQUInt8)},
        {"qacc",
         at::quantize_per_tensor(f32({2, 6, 8, 8}), 0.2, 100, at::kQUInt8)
             .contiguous(at::MemoryFormat::ChannelsLast)},
        {"qw1", at::quantize_per_tensor(f32({6, 4, 3}), 0.03, 0, at::kQInt8)},
        {"qw2",
         at::quantize_per_tensor(f32({6, 4, 3, 3}), 0.03, 0, at::kQInt8)},
        {"qw3",
         at::quantize_per_tensor(f32({6, 4, 3, 3, 3}), 0.03, 0, at::kQInt8)},
        {"qw2c", PerChannel(f32({6, 4, 3, 3}))},
        {"qg1", at::quantize_per_tensor(f32({6, 2, 3}), 0.03, 0, at::kQInt8)},
        {"qg2",
         at::quantize_per_tensor(f32({6, 2, 3, 3}), 0.03, 0, at::kQInt8)},
        {"qg3",
         at::quantize_per_tensor(f32({6, 2, 3, 3, 3}), 0.03, 0, at::kQInt8)},
        {"qt1", at::quantize_per_tensor(f32({4, 6, 3}), 0.03, 0, at::kQInt8)},
        {"qt2",
         at::quantize_per_tensor(f32({4, 6, 3, 3}), 0.03, 0, at::kQInt8)},
        {"qt3",
         at::quantize_per_tensor(f32({4, 6, 3, 3, 3}), 0.03, 0, at::kQInt8)},
        {"qm", at::quantize_per_tensor(f32({4, 4}), 0.03, 0, at::kQInt8)},
        {"qmc", PerChannel(f32({4, 4}))},
        {"qp", at::quantize_per_tensor(at::rand({4}), 0.01, 3, at::kQUInt8)},
        {"qe", at::quantize_per_channel(f32({5, 8}), at::rand({5}) * 0.1 + 0.1,
                                        f32({5}), 0, at::kQUInt8)},
        {"qwih8", at::quantize_per_tensor(f32({8, 4}), 0.03, 0, at::kQInt8)},
        {"qwhh8", at::quantize_per_tensor(f32({8, 2}), 0.03, 0, at::kQInt8)},
        {"qwih6", PerChannel(f32({6, 4}))},
        {"qwhh6", PerChannel(f32({6, 2}))},
        {"qwih2", at::quantize_per_tensor(f32({2, 4}), 0.03, 0, at::kQInt8)},
        {"qwhh2", at::quantize_per_tensor(f32({2, 2}), 0.03, 0, at::kQInt8)},
        {"nil", at::scalar_tensor(0, at::kLong)},
        {"low", at::tensor({-1.5f})},
        {"high", at::tensor({2.5f})},
        {"scale1", at::tensor({0.015f})},
        {"zero1", at::tensor({100}, at::kInt)},
        {"scale", at::scalar_tensor(0.1)},
        {"zero", at::scalar_tensor(3, at::kInt)},
        {"logits", f32({4, 5})},
        {"signs", at::sign(f32({4, 4}))},
        {"signs1", at::sign(f32({4}))},
        {"logprobs", at::log_softmax(f32({6, 2, 5}), 2)},
        {"targets", at::randint(1, 5, {2, 3}, at::kLong)},
        {"wave", f32({2, 64})},
        {"window", at::hann_window(16)},
        {"six", longs({6, 5})},
        {"two", longs({3, 2})},
        {"pivots", at::tensor({1, 3, 3, 4}, at::kInt)},
        {"tinv", f32({2, 3, 6})},
        {"bigs", at::rand({4, 4}) * 10},
        {"tbc", f32({3, 4, 6})},
        {"v3", f32({3})},
        {"n8", f32({8})},
        {"i1", at::randint(1, 4, {4}, at::kLong)},
        {"small", f32({2, 2})},
        {"spectrum", at::randn({2, 9, 17}, at::kComplexFloat)},
        {"i1s", longs({1, 2, 1})},
        {"ends", longs({0, 1, 4})},
        {"ends32", at::tensor({1, 3, 4}, at::kInt)},
        {"tokens4", f32({4, 4})},
        {"experts", f32({3, 4, 4})},
        {"bytes", at::randint(-9, 9, {32, 32}, at::kChar)},
        {"halves", f32({4, 32}).to(at::kBFloat16)},
        {"scales", at::rand({32}).to(at::kBFloat16)},
        {"small23", f32({2, 3})},
        {"classes", at::randint(4, {2, 8, 8}, at::kLong)},
    };
  }();
  return *tensors;
}

// A graph with all of them as inputs, and nothing else.
std::string GraphHead() {
  std::vector<std::string> inputs;
  for (const auto& [name, tensor] : Tensors()) {
    const Value value{name, *TypeOf(tensor), kAbsent};
    inputs.push_back(absl::StrCat("%", name, ": ", value.TypeString()));
  }
  return absl::StrCat("flextorchir 1 layer_set 1\ngraph \"main\" (",
                      absl::StrJoin(inputs, ", "), ") {\n");
}

Values Inputs() {
  Values inputs;
  for (const auto& [name, tensor] : Tensors()) inputs.emplace_back(tensor);
  return inputs;
}

std::vector<LayerCase> LayerCases() {
  std::vector<LayerCase> cases;
  for (const absl::Span<const LayerCase> part :
       {NeuralLayerCases(), MathLayerCases(), ShapeLayerCases(),
        OtherLayerCases(), QuantizedLayerCases()}) {
    cases.insert(cases.end(), part.begin(), part.end());
  }
  return cases;
}

// -- Running.

c10::IValue ValueOfSlot(const Slot& slot, const c10::Argument& argument,
                        const Values& inputs) {
  if (!slot.is_list) return inputs[slot.values[0]];
  if (absl::StrContains(argument.real_type()->str(), "?")) {
    c10::List<std::optional<at::Tensor>> list;
    for (ValueId id : slot.values) {
      list.push_back(id == kAbsent
                         ? std::optional<at::Tensor>()
                         : std::optional<at::Tensor>(inputs[id].toTensor()));
    }
    return list;
  }
  c10::List<at::Tensor> list;
  for (ValueId id : slot.values) list.push_back(inputs[id].toTensor());
  return list;
}

absl::StatusOr<Values> PassedTo(const LayerCall& call, const Layer& layer,
                                const Values& inputs) {
  Values arguments;
  for (size_t i = 0; i < call.arguments.size(); ++i) {
    const LayerCall::Argument& argument = call.arguments[i];
    const c10::Argument& taken_by = call.op.schema().arguments()[i];
    Values objects;
    for (const auto& packer : argument.packers) {
      absl::StatusOr<Values> packed = PassedTo(*packer, layer, inputs);
      if (packed.ok()) packed = CallOperator(packer->op, *std::move(packed));
      if (!packed.ok()) return packed.status();
      objects.push_back(packed->at(0));
    }
    if (argument.is_list) {
      c10::impl::GenericList list(taken_by.type()->containedType(0));
      for (const c10::IValue& object : objects) list.push_back(object);
      arguments.push_back(list);
    } else if (!objects.empty()) {
      arguments.push_back(objects[0]);
    } else if (argument.layer_name.empty()) {
      arguments.push_back(argument.constant);
    } else {
      const Slot& slot = *layer.FindInput(argument.layer_name);
      arguments.push_back(argument.element < 0
                              ? ValueOfSlot(slot, taken_by, inputs)
                              : inputs[slot.values[argument.element]]);
    }
  }
  return arguments;
}

// What the operator returns when it is called directly, under its names; then
// the new content of what it writes without saying so in its schema.
struct Results {
  Values values;
  std::vector<std::string> names;
};
absl::StatusOr<Results> CallDirectly(const Graph& graph, const Layer& layer,
                                     const Values& inputs) {
  absl::StatusOr<LayerCall> call = FindLayerCall(graph, layer);
  if (!call.ok()) return call.status();
  const c10::FunctionSchema& schema = call->op.schema();
  absl::StatusOr<Values> passed = PassedTo(*call, layer, inputs);
  if (!passed.ok()) return passed.status();
  Values arguments = *std::move(passed);
  const OperatorWrites writes = FindOperatorWrites(schema);
  Results written;
  if (writes.silent_flag >= 0 && arguments[writes.silent_flag].toBool()) {
    for (int32_t i : writes.silent) {
      if (!arguments[i].isTensor()) continue;
      arguments[i] = arguments[i].toTensor().clone();
      written.values.push_back(arguments[i]);
      written.names.push_back(schema.arguments()[i].name());
    }
  }
  const bool returns_written = absl::c_any_of(schema.returns(), IsWritten);
  for (int32_t i : writes.marked) {
    arguments[i] = arguments[i].toTensor().clone();
    if (returns_written) continue;
    written.values.push_back(arguments[i]);
    written.names.push_back(schema.arguments()[i].name());
  }
  at::manual_seed(7);
  absl::StatusOr<Values> values = CallOperator(call->op, std::move(arguments));
  if (!values.ok()) return values.status();
  Results results;
  results.values = *std::move(values);
  for (size_t i = 0; i < results.values.size(); ++i) {
    const std::string& own = schema.returns()[i].name();
    results.names.push_back(!own.empty() ? own
                            : results.values.size() == 1
                                ? "output"
                                : absl::StrCat("output_", i));
  }
  for (size_t i = 0; i < written.values.size(); ++i) {
    results.values.push_back(written.values[i]);
    results.names.push_back(written.names[i]);
  }
  return results;
}

ValueId AddResult(const c10::IValue& result, Graph* graph) {
  Value value;
  value.name = absl::StrCat("result_", graph->values.size());
  if (result.isTensor()) {
    if (!result.toTensor().defined()) return kAbsent;
    value.type = *TypeOf(result.toTensor());
  } else {
    value.type = result.isBool()  ? ScalarType::kBool
                 : result.isInt() ? ScalarType::kInt
                                  : ScalarType::kFloat;
  }
  const ValueId id = graph->AddValue(std::move(value));
  graph->outputs.push_back(id);
  return id;
}

bool Same(const c10::IValue& a, const c10::IValue& b) {
  if (a.isTensor() != b.isTensor()) return false;
  if (!a.isTensor()) return a == b;
  return BitIdentical(a.toTensor(), b.toTensor());
}

const LayerConverterRegistry& Rules() {
  static const auto* const rules =
      new LayerConverterRegistry(LayerConverterRegistry::Standard());
  return *rules;
}

// The engine that an operator of quantised layers needs; most run on any.
absl::string_view EngineOf(absl::string_view op) {
  for (absl::string_view fused :
       {"quantized::conv2d_add", "quantized::linear_leaky_relu",
        "quantized::linear_tanh"}) {
    if (absl::StartsWith(op, fused)) return "onednn";
  }
  return "";
}

struct Outcome {
  std::string kind;     // what the operator became
  std::string problem;  // empty: the layer computes the same
  bool called = false;  // the operator itself can be called like this
};

// Calls the operator, converts the call, runs the layer.
Outcome RunBoth(absl::string_view op, absl::string_view arguments) {
  static const auto* const head = new std::string(GraphHead());
  static const auto* const inputs = new Values(Inputs());
  const WithQuantizedEngine with_engine(EngineOf(op));
  Outcome outcome;
  const auto problem = [&](const absl::Status& status) {
    outcome.problem = std::string(status.message());
    return outcome;
  };
  absl::StatusOr<Model> model = ParseText(
      absl::StrCat(*head, "%output: f32[] = \"", op, "\" \"layer\" target \"",
                   op, "\" ", arguments, "\nreturn %output\n}"));
  if (!model.ok()) return problem(model.status());
  Graph& graph = model->main();
  Layer& layer = graph.layers[0];
  const absl::StatusOr<Results> expected = CallDirectly(graph, layer, *inputs);
  if (!expected.ok()) return problem(expected.status());
  outcome.called = true;

  // The results, as a capture would have them.
  layer.outputs.clear();
  graph.outputs.clear();
  graph.values.pop_back();
  Values flat;
  for (size_t i = 0; i < expected->values.size(); ++i) {
    const c10::IValue& result = expected->values[i];
    Slot slot = Slot::ListOf(expected->names[i], {});
    if (result.isTensorList()) {
      for (const at::Tensor& tensor : result.toTensorVector()) {
        flat.emplace_back(tensor);
        slot.values.push_back(AddResult(tensor, &graph));
      }
    } else {
      slot.is_list = false;
      slot.values.push_back(AddResult(result, &graph));
      if (slot.values[0] != kAbsent) flat.push_back(result);
    }
    layer.outputs.push_back(std::move(slot));
  }
  model->outputs = Structure();
  for (size_t i = 0; i < graph.outputs.size(); ++i) {
    Structure leaf;
    leaf.kind = Structure::Kind::kLeaf;
    leaf.leaf = static_cast<int64_t>(i);
    model->outputs.children.push_back({Attribute(), std::move(leaf)});
  }

  const LayerConverter* rule = Rules().FindOperator(op);
  if (rule == nullptr) return problem(absl::NotFoundError("no rule"));
  const absl::Status status = (*rule)(*model, graph, layer);
  if (!status.ok()) return problem(status);
  outcome.kind = layer.kind;
  const absl::Status verified = Verify(*model);
  if (!verified.ok()) return problem(verified);
  auto evaluator = Evaluator::Create(*model);
  if (!evaluator.ok()) return problem(evaluator.status());
  at::manual_seed(7);
  const absl::StatusOr<Values> actual = (*evaluator)->Run(*inputs);
  if (!actual.ok()) return problem(actual.status());
  for (size_t i = 0; i < flat.size(); ++i) {
    if (!Same(flat[i], (*actual)[i])) {
      outcome.problem =
          absl::StrCat("result ", i, " differs: ", LayerToText(graph, layer));
    }
  }
  return outcome;
}

// -- Calls that the schema says enough for.

// Some constant for an argument without a default.
std::optional<std::string> MadeUp(const c10::Argument& argument) {
  const std::string type = argument.real_type()->str();
  const std::string& name = argument.name();
  if (type == "bool") return "true";
  if (type == "float" || type == "number" || type == "Scalar") return "0.5";
  if (type == "int" || type == "SymInt") {
    return absl::StrContains(name, "dim") || absl::StrContains(name, "axis") ||
                   name == "start" || name == "index"
               ? "0"
               : "2";
  }
  if (type == "int[]" || type == "SymInt[]") {
    if (absl::StrContains(name, "dim")) return "[0, 1]";
    return "[2, 3]";
  }
  return std::nullopt;
}

// Calls of an operator that may work: each with tensors of another sort.
std::vector<std::string> MadeUpCalls(const OperatorBinding& binding,
                                     const c10::FunctionSchema& schema) {
  static const std::vector<std::vector<std::string>> kSorts = {
      {"p", "q", "r"},
      {"k", "k2", "j"},
      {"z", "z2", "z"},
      {"spd", "p", "q"},
      {"v", "v2", "v"},
      {"m", "m", "m"},
      {"batch", "batch2", "batch"},
      {"x2", "y2", "x2"},
      {"number", "number", "number"}};
  std::vector<std::string> calls;
  for (const std::vector<std::string>& sort : kSorts) {
    size_t next = 0;
    const auto tensor = [&] {
      return absl::StrCat("%", sort[next++ % sort.size()]);
    };
    std::vector<std::string> inputs;
    std::vector<std::string> attributes;
    bool possible = true;
    for (const c10::Argument& argument : schema.arguments()) {
      const OperatorBinding::Argument* row = binding.Find(argument.name());
      const std::string& name = argument.name();
      const std::string type = argument.real_type()->str();
      if (type == "Tensor") {
        inputs.push_back(absl::StrCat(name, "=", tensor()));
      } else if (type == "Tensor[]") {
        inputs.push_back(
            absl::StrCat(name, "=[", tensor(), ", ", tensor(), "]"));
      } else if (row != nullptr &&
                 row->use != OperatorBinding::Argument::Use::kRename) {
        attributes.push_back(absl::StrCat(name, "=", row->value.ToString()));
      } else if (!argument.default_value().has_value() &&
                 argument.type()->kind() != c10::TypeKind::OptionalType) {
        const auto constant = MadeUp(argument);
        possible &= constant.has_value();
        if (possible) {
          attributes.push_back(absl::StrCat(name, "=", *constant));
        }
      }
    }
    if (!possible) continue;
    std::string call = absl::StrCat("(", absl::StrJoin(inputs, ", "), ")");
    if (!attributes.empty()) {
      absl::StrAppend(&call, " {", absl::StrJoin(attributes, ", "), "}");
    }
    calls.push_back(std::move(call));
    if (inputs.empty()) break;
  }
  return calls;
}

// -- Tests.

TEST(LayerConformance, OptionsGiveTheSameBits) {
  for (const LayerCase& test : LayerCases()) {
    const Outcome outcome = RunBoth(test.op, test.arguments);
    EXPECT_EQ(outcome.problem, "") << test.op << " " << test.arguments;
    EXPECT_EQ(outcome.kind, std::string(test.kind))
        << test.op << " " << test.arguments;
  }
}

// Every operator of the table, as the kind that its row says.
TEST(LayerConformance, EveryRowGivesTheSameBits) {
  std::set<std::pair<std::string, std::string>> seen;
  for (const LayerCase& test : LayerCases()) {
    seen.emplace(std::string(test.op), std::string(test.kind));
  }
  std::vector<std::string> without_case;
  for (const OperatorBinding& binding : OperatorTable()) {
    const auto op = FindOperator(binding.op);
    if (!op.has_value()) continue;  // not loaded; see operator_table_test
    if (!seen.emplace(binding.op, binding.kind).second) continue;
    bool works = false;
    std::string last;
    for (const std::string& call : MadeUpCalls(binding, op->schema())) {
      const Outcome outcome = RunBoth(binding.op, call);
      last = absl::StrCat(call, ": ", outcome.problem, " ", outcome.kind);
      if (!outcome.called || outcome.kind != binding.kind) continue;
      EXPECT_EQ(outcome.problem, "") << binding.op << " " << call;
      works = true;
      break;
    }
    if (!works) {
      without_case.push_back(
          absl::StrCat(binding.op, " -> ", binding.kind, "  ", last));
    }
  }
  EXPECT_TRUE(without_case.empty())
      << "add calls of these to layer_conformance_cases.cc:\n"
      << absl::StrJoin(without_case, "\n");
}

}  // namespace
}  // namespace flextorchir
