#include "flextorchir/converter/layers/layer_converter.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "ATen/core/dispatch/Dispatcher.h"
#include "ATen/core/function_schema.h"
#include "ATen/core/ivalue.h"
#include "ATen/core/jit_type.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "flextorchir/ir/attribute.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/layer_set.h"
#include "flextorchir/ir/text.h"
#include "flextorchir/torch_bridge/attribute.h"
#include "flextorchir/torch_bridge/layer_call.h"
#include "flextorchir/torch_bridge/operator_call.h"
#include "flextorchir/torch_bridge/operator_table.h"
#include "gtest/gtest.h"

namespace flextorchir {
namespace {

using Use = OperatorBinding::Argument::Use;

const LayerConverterRegistry& Standard() {
  static const auto* registry =
      new LayerConverterRegistry(LayerConverterRegistry::Standard());
  return *registry;
}

// -- The registry.

absl::Status Nothing(const Model&, const Graph&, Layer&) {
  return absl::OkStatus();
}

// The kind that the rule for `op` gives to an empty layer.
std::string KindBy(const LayerConverter* rule, absl::string_view op) {
  if (rule == nullptr) return "no rule";
  Layer layer;
  layer.kind = std::string(op);
  const absl::Status status = (*rule)(Model(), Graph(), layer);
  return status.ok() ? layer.kind : std::string(status.message());
}

TEST(LayerConverterRegistry, UserRulesGoBeforeStandardOnes) {
  LayerConverterRegistry registry = LayerConverterRegistry::Standard();
  ASSERT_NE(registry.FindOperator("aten::add.Tensor"), nullptr);
  ASSERT_TRUE(registry.AddOperator("aten::add", "MyAdd").ok());
  EXPECT_EQ(KindBy(registry.FindOperator("aten::add.Tensor"), ""), "MyAdd");
  ASSERT_TRUE(registry.AddOperator("aten::add.Scalar", "MyAddScalar").ok());
  EXPECT_EQ(KindBy(registry.FindOperator("aten::add.Scalar"), ""),
            "MyAddScalar");
  EXPECT_EQ(KindBy(registry.FindOperator("aten::add.Tensor"), ""), "MyAdd");
}

TEST(LayerConverterRegistry, StandardRulesAreForOneOverload) {
  EXPECT_NE(Standard().FindOperator("aten::conv2d"), nullptr);
  EXPECT_EQ(Standard().FindOperator("aten::conv2d.out"), nullptr);
  EXPECT_EQ(Standard().FindOperator("nowhere::op"), nullptr);
}

TEST(LayerConverterRegistry, RefusesWhatIsThereAndWhatIsNoOperator) {
  LayerConverterRegistry registry;
  EXPECT_TRUE(registry.AddOperator("mylib::swish", "Swish").ok());
  EXPECT_EQ(registry.AddOperator("mylib::swish", Nothing).code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(registry.AddOperator("swish", "Swish").code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(registry.AddModule("Swish", "Swish").ok());
  EXPECT_EQ(registry.AddModule("Swish", "Other").code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(registry.AddModule("", "Other").code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(LayerConverterRegistry, FindsModulesByAnyOfTheirNames) {
  LayerConverterRegistry registry;
  ASSERT_TRUE(registry.AddModule("torch.nn.LSTM", "A").ok());
  ASSERT_TRUE(registry.AddModule("SoftArgMax", "B").ok());
  ASSERT_TRUE(registry.AddModule("my.net.Block", "C").ok());
  const auto kind = [&](absl::string_view name) {
    return KindBy(registry.FindModule(name), "");
  };
  EXPECT_EQ(kind("torch.nn.modules.rnn.LSTM"), "A");
  EXPECT_EQ(kind("torch.nn.LSTM"), "A");
  EXPECT_EQ(kind("LSTM"), "no rule");
  EXPECT_EQ(kind("mylib.nn.SoftArgMax"), "B");
  EXPECT_EQ(kind("my.net.Block"), "C");
  EXPECT_EQ(kind("other.net.Block"), "no rule");
}

// -- Every row, forth and back.

// An operator layer with arguments that are not the usual ones, so that one
// that is lost shows.
class Sample {
 public:
  Sample(const OperatorBinding& binding, const c10::FunctionSchema& schema,
         bool optional_ones) {
    layer_.kind = layer_.target = binding.op;
    layer_.name = "layer";
    for (const c10::Argument& argument : schema.arguments()) {
      Add(binding, argument, optional_ones);
    }
    const size_t results = schema.returns().size();
    for (size_t i = 0; i < results; ++i) {
      const std::string& own = schema.returns()[i].name();
      const std::string name = !own.empty()   ? own
                               : results == 1 ? "output"
                                              : absl::StrCat("output_", i);
      const c10::Type& type = *schema.returns()[i].type();
      if (type.kind() == c10::TypeKind::ListType) {
        layer_.outputs.push_back(Slot::ListOf(name, {Tensor(2), Tensor(2)}));
      } else if (type.kind() == c10::TypeKind::TensorType) {
        layer_.outputs.push_back(Slot::One(name, Tensor(2)));
      } else {
        layer_.outputs.push_back(Slot::One(
            name, graph_.AddValue({NewName(), ScalarType::kFloat, kAbsent})));
      }
    }
  }

  const Layer& layer() const { return layer_; }
  const Graph& graph() const { return graph_; }

 private:
  std::string NewName() { return absl::StrCat("v", graph_.values.size()); }

  ValueId Tensor(int64_t rank) {
    TensorType type;
    type.dtype = DType::kFloat64;
    for (int64_t i = 0; i < rank; ++i) type.shape.emplace_back(4 + i);
    return graph_.AddValue({NewName(), std::move(type), kAbsent});
  }

  // Something for an argument of this type.
  static Attribute Constant(const c10::Argument& argument,
                            const c10::Type& type) {
    switch (type.kind()) {
      case c10::TypeKind::OptionalType:
        return Constant(argument,
                        *type.castRaw<c10::OptionalType>()->getElementType());
      case c10::TypeKind::ListType: {
        const c10::Type& element =
            *type.castRaw<c10::ListType>()->getElementType();
        Attribute::List list;
        for (int64_t i = 0; i < std::max(2, argument.N().value_or(2)); ++i) {
          Attribute item = Constant(argument, element);
          if (const int64_t* number = item.AsInt()) item = *number + i;
          list.push_back(std::move(item));
        }
        return list;
      }
      case c10::TypeKind::BoolType:
        return !(argument.default_value().has_value() &&
                 argument.default_value()->isBool() &&
                 argument.default_value()->toBool());
      case c10::TypeKind::FloatType:
      case c10::TypeKind::NumberType:
        return 0.375;
      case c10::TypeKind::StringType:
        return "text";
      default:
        break;
    }
    const std::string name = argument.real_type()->str();
    if (absl::StrContains(name, "ScalarType")) return DType::kFloat64;
    if (absl::StrContains(name, "Layout")) return "strided";
    if (absl::StrContains(name, "Device")) return "cpu";
    if (absl::StrContains(name, "MemoryFormat")) return "channels_last";
    if (absl::StrContains(name, "Generator")) return Attribute();
    return 3;
  }

  void Add(const OperatorBinding& binding, const c10::Argument& argument,
           bool optional_ones) {
    const OperatorBinding::Argument* row = binding.Find(argument.name());
    const c10::Type* type = argument.type().get();
    const bool is_optional = type->kind() == c10::TypeKind::OptionalType;
    if (is_optional) {
      type = type->castRaw<c10::OptionalType>()->getElementType().get();
    }
    const std::string& name = argument.name();
    if (row != nullptr && row->use == Use::kRequire) {
      layer_.attributes[name] = row->value;
      return;
    }
    const bool absent = is_optional && !optional_ones;
    if (type->kind() == c10::TypeKind::TensorType) {
      int64_t rank = 3;
      for (const OperatorBinding::Rank& condition : binding.ranks) {
        if (condition.op_name == name) rank = condition.rank;
      }
      layer_.inputs.push_back(Slot::One(name, absent ? kAbsent : Tensor(rank)));
      return;
    }
    if (const auto* list = type->castRaw<c10::ListType>()) {
      const c10::TypeKind element = list->getElementType()->kind();
      const bool holes = element == c10::TypeKind::OptionalType;
      if (holes || element == c10::TypeKind::TensorType) {
        layer_.inputs.push_back(
            Slot::ListOf(name, {Tensor(1), holes ? kAbsent : Tensor(1)}));
        return;
      }
    }
    if (absent) {
      layer_.attributes[name] = Attribute();
    } else if (row != nullptr && !row->names.empty()) {
      layer_.attributes[name] = 1;
    } else {
      layer_.attributes[name] = Constant(argument, *type);
    }
  }

  Graph graph_;
  Layer layer_;
};

// A constant argument as text, for comparison.
std::string Show(const c10::IValue& value, const c10::Argument& argument) {
  if (value.isTensor()) {
    return value.toTensor().defined()
               ? absl::StrCat(value.toTensor().item<double>())
               : "none";
  }
  const auto attribute = ToAttribute(value, &argument);
  return attribute.has_value() ? attribute->ToString() : "?";
}

// The rule's result for `sample`; a Placeholder where it refuses.
Layer Converted(const Sample& sample) {
  Layer layer = sample.layer();
  const LayerConverter* rule = Standard().FindOperator(layer.target);
  if (rule == nullptr || !(*rule)(Model(), sample.graph(), layer).ok()) {
    layer.kind = kPlaceholder;
  }
  return layer;
}

// What gets lost or changed on the way of `sample` to `layer`, by the row
// `binding`, and back.
std::string FindLoss(const OperatorBinding& binding,
                     const c10::FunctionSchema& schema, const Sample& sample,
                     const Layer& layer) {
  const auto call = FindLayerCall(sample.graph(), layer);
  if (!call.ok()) return std::string(call.status().message());

  // By the layer's names, which both operators share.
  std::map<std::string, std::string> given;
  for (const c10::Argument& argument : schema.arguments()) {
    const OperatorBinding::Argument* row = binding.Find(argument.name());
    if (row != nullptr && row->use != Use::kRename) continue;
    const std::string name = binding.LayerName(argument.name());
    const Slot* slot = sample.layer().FindInput(argument.name());
    if (slot != nullptr) {
      if (slot->values[0] != kAbsent)
        given[name] = absl::StrCat("<", name, ">");
      continue;
    }
    const Attribute& attribute = sample.layer().attributes.at(argument.name());
    if (attribute.is_none()) continue;
    given[name] = Show(*ToIValue(attribute, argument), argument);
  }
  const OperatorBinding* back = nullptr;
  for (const OperatorBinding* candidate : BindingsOfKind(layer.kind)) {
    if (candidate->op == c10::toString(call->op.operator_name())) {
      back = candidate;
      break;
    }
  }
  std::string loss;
  for (size_t i = 0; i < call->arguments.size(); ++i) {
    const c10::Argument& argument = call->op.schema().arguments()[i];
    const OperatorBinding::Argument* row = back->Find(argument.name());
    if (row != nullptr && row->use != Use::kRename) continue;
    const std::string name = back->LayerName(argument.name());
    const auto found = given.find(name);
    if (found == given.end()) continue;
    const LayerCall::Argument& passed = call->arguments[i];
    const std::string now = passed.layer_name.empty()
                                ? Show(passed.constant, argument)
                                : absl::StrCat("<", passed.layer_name, ">");
    const std::string in_list = absl::StrCat("[", found->second, "]");
    if (now != found->second && now != in_list) {
      absl::StrAppend(&loss, name, " was ", found->second, ", is ", now, "; ");
    }
    given.erase(found);
  }
  for (const auto& [name, value] : given) {
    const auto constant = back->constants.find(name);
    if (constant != back->constants.end()) continue;
    absl::StrAppend(&loss, name, "=", value, " does not reach ",
                    c10::toString(call->op.operator_name()), "; ");
  }
  return loss;
}

TEST(StandardRules, LoseNothingOnTheWayForthAndBack) {
  int checked = 0;
  for (const OperatorBinding& binding : OperatorTable()) {
    const auto op = FindOperator(binding.op);
    if (!op.has_value()) continue;  // operator_table_test says which may lack
    for (const bool optional_ones : {true, false}) {
      const Sample sample(binding, op->schema(), optional_ones);
      const std::string text = LayerToText(sample.graph(), sample.layer());
      const Layer layer = Converted(sample);
      // Without its optional arguments it may be what another row is for.
      const OperatorBinding* used = nullptr;
      for (const OperatorBinding* row : BindingsOfOperator(binding.op)) {
        if (row->kind == layer.kind && used == nullptr) used = row;
      }
      if (optional_ones || used == nullptr) {
        EXPECT_EQ(layer.kind, binding.kind) << text;
      }
      if (used == nullptr) continue;
      if (layer.kind == binding.kind) used = &binding;
      EXPECT_EQ(FindLoss(*used, op->schema(), sample, layer), "")
          << LayerToText(sample.graph(), layer) << " from " << text;
      ++checked;
    }
  }
  EXPECT_GT(checked, 1000);
}

}  // namespace
}  // namespace flextorchir
