#include "flextorchir/converter/layers/layer_converter.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "flextorchir/converter/layers/standard_rules.h"

namespace flextorchir {
namespace {

LayerConverter SetKind(absl::string_view kind) {
  return [kind = std::string(kind)](const Model&, const Graph&, Layer& layer) {
    layer.kind = kind;
    return absl::OkStatus();
  };
}

// The name behind the last dot.
absl::string_view LastPart(absl::string_view name) {
  const size_t dot = name.rfind('.');
  return dot == absl::string_view::npos ? name : name.substr(dot + 1);
}

}  // namespace

LayerConverterRegistry LayerConverterRegistry::Standard() {
  LayerConverterRegistry registry;
  registry.adding_standard_ = true;
  AddStandardRules(registry);
  registry.adding_standard_ = false;
  return registry;
}

absl::Status LayerConverterRegistry::AddOperator(absl::string_view op,
                                                 LayerConverter converter) {
  if (!absl::StrContains(op, "::")) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", op,
                     "\" is no operator; names are like \"aten::conv2d\", "
                     "\"aten::add.Tensor\" or \"mylib::swish\""));
  }
  const auto found = operators_.find(op);
  if (found != operators_.end() && !found->second.standard) {
    return absl::AlreadyExistsError(
        absl::StrCat("there is a rule for the operator ", op, " already"));
  }
  operators_[std::string(op)] = Rule{std::move(converter), adding_standard_};
  return absl::OkStatus();
}

absl::Status LayerConverterRegistry::AddOperator(absl::string_view op,
                                                 absl::string_view kind) {
  return AddOperator(op, SetKind(kind));
}

absl::Status LayerConverterRegistry::AddModule(absl::string_view module_class,
                                               LayerConverter converter) {
  if (module_class.empty()) {
    return absl::InvalidArgumentError(
        "a module class needs a name, like \"torch.nn.LSTM\" or \"LSTM\"");
  }
  const auto found = modules_.find(module_class);
  if (found != modules_.end() && !found->second.standard) {
    return absl::AlreadyExistsError(absl::StrCat(
        "there is a rule for the module class ", module_class, " already"));
  }
  modules_[std::string(module_class)] =
      Rule{std::move(converter), adding_standard_};
  return absl::OkStatus();
}

absl::Status LayerConverterRegistry::AddModule(absl::string_view module_class,
                                               absl::string_view kind) {
  return AddModule(module_class, SetKind(kind));
}

const LayerConverter* LayerConverterRegistry::FindOperator(
    absl::string_view op) const {
  const absl::string_view all_overloads = op.substr(0, op.find('.'));
  const auto exact = operators_.find(op);
  const auto general = operators_.find(all_overloads);
  // A standard rule is for the one overload it names, and goes last.
  if (exact != operators_.end() && !exact->second.standard) {
    return &exact->second.converter;
  }
  if (general != operators_.end() && !general->second.standard) {
    return &general->second.converter;
  }
  return exact == operators_.end() ? nullptr : &exact->second.converter;
}

const LayerConverter* LayerConverterRegistry::FindModule(
    absl::string_view module_class) const {
  std::vector<std::string> names = {std::string(module_class)};
  const absl::string_view last = LastPart(module_class);
  // Classes are defined in torch.nn.modules.rnn and known as torch.nn.LSTM.
  if (absl::StartsWith(module_class, "torch.nn.modules.")) {
    names.push_back(absl::StrCat("torch.nn.", last));
  }
  names.emplace_back(last);
  for (const bool standard : {false, true}) {
    for (const std::string& name : names) {
      const auto found = modules_.find(name);
      if (found != modules_.end() && found->second.standard == standard) {
        return &found->second.converter;
      }
    }
  }
  return nullptr;
}

}  // namespace flextorchir
