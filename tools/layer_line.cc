#include "flextorchir/tools/layer_line.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "flextorchir/ir/layer_set.h"

namespace flextorchir {
namespace {

constexpr size_t kMaxAttributeLength = 48;
constexpr size_t kMaxOutputs = 4;

struct Letter {
  absl::string_view attribute;
  char letter;
  bool one_if_equal;  // [3, 3] is 3, not 3x3
};

constexpr Letter kLetters[] = {
    {"kernel_size", 'K', false}, {"stride", 'S', false},
    {"padding", 'P', true},      {"dilation", 'D', false},
    {"groups", 'G', true},       {"output_size", 'O', false},
};

// "3x3" for [3, 3]; nothing for what is no size.
std::optional<std::string> SizeString(const Attribute& attribute,
                                      bool one_if_equal) {
  if (const Attribute::List* list = attribute.AsList()) {
    if (list->empty()) return std::nullopt;
    std::vector<std::string> parts;
    for (const Attribute& element : *list) {
      const bool is_size = element.AsInt() != nullptr ||
                           element.AsDim() != nullptr || element.is_none();
      if (!is_size) return std::nullopt;
      parts.push_back(element.is_none() ? "?" : element.ToString());
    }
    const bool equal =
        std::all_of(parts.begin(), parts.end(),
                    [&](const std::string& part) { return part == parts[0]; });
    return one_if_equal && equal ? parts[0] : absl::StrJoin(parts, "x");
  }
  if (attribute.AsInt() != nullptr) return attribute.ToString();
  if (const std::string* word = attribute.AsString()) return *word;
  return std::nullopt;
}

const TensorType* InputType(const Graph& graph, const Layer& layer,
                            absl::string_view name) {
  const ValueId id = layer.Input(name);
  return id == kAbsent ? nullptr : graph.value(id).tensor();
}

bool KindContains(const Layer& layer, absl::string_view lower_case) {
  return absl::StrContains(absl::AsciiStrToLower(layer.kind), lower_case);
}

bool IsTransposed(const Layer& layer) {
  const Attribute* attribute = layer.FindAttribute("transposed");
  if (attribute != nullptr && attribute->AsBool() != nullptr) {
    return *attribute->AsBool();
  }
  return KindContains(layer, "transpose");
}

// C, N and K, which the shape of the weight says: convolutions of any number of
// dimensions, linear layers, and normalizations.
std::vector<std::string> WeightGeometry(const Graph& graph,
                                        const Layer& layer) {
  const TensorType* weight = InputType(graph, layer, "weight");
  if (weight == nullptr) return {};
  const std::vector<Dim>& shape = weight->shape;
  const Attribute* groups = layer.FindAttribute("groups");
  if (groups != nullptr && groups->AsInt() != nullptr && shape.size() >= 2) {
    // [out, in / groups, kernel...], and the other way round if transposed.
    Dim out = shape[0];
    Dim in = Dim::Binary(Dim::Op::kMul, shape[1], Dim(*groups->AsInt()));
    if (IsTransposed(layer)) {
      out = Dim::Binary(Dim::Op::kMul, shape[1], Dim(*groups->AsInt()));
      in = shape[0];
    }
    std::vector<std::string> parts = {absl::StrCat("C", in.ToString()),
                                      absl::StrCat("N", out.ToString())};
    if (shape.size() > 2) {
      parts.push_back(absl::StrCat(
          "K", absl::StrJoin(shape.begin() + 2, shape.end(), "x",
                             [](std::string* text, const Dim& size) {
                               absl::StrAppend(text, size.ToString());
                             })));
    }
    return parts;
  }
  if (shape.size() == 2 && KindContains(layer, "linear")) {
    return {absl::StrCat("C", shape[1].ToString()),
            absl::StrCat("N", shape[0].ToString())};
  }
  if (shape.size() == 1 && KindContains(layer, "norm")) {
    return {absl::StrCat("C", shape[0].ToString())};
  }
  return {};
}

std::string Shortened(std::string text) {
  if (text.size() <= kMaxAttributeLength) return text;
  size_t end = kMaxAttributeLength - 3;
  // Not within a UTF-8 character.
  while (end > 0 && (text[end] & 0xC0) == 0x80) --end;
  return absl::StrCat(text.substr(0, end), "...");
}

std::string TypeWord(const Value& value) {
  std::string text = value.TypeString();
  // "f32[1,64]{64,1}": the strides say nothing here, and f32 goes without
  // saying.
  if (const TensorType* tensor = value.tensor()) {
    TensorType plain;
    plain.dtype = tensor->dtype;
    plain.shape = tensor->shape;
    text = plain.ToString();
    if (tensor->dtype == DType::kFloat32) {
      text = text.substr(DTypeName(DType::kFloat32).size());
    }
  }
  return text;
}

}  // namespace

std::string LayerGeometry(const Graph& graph, const Layer& layer) {
  std::vector<std::string> parts;
  if (!layer.target.empty() && layer.target != layer.kind) {
    parts.push_back(layer.target);
  }
  const std::vector<std::string> weight = WeightGeometry(graph, layer);
  parts.insert(parts.end(), weight.begin(), weight.end());
  const LayerKind* kind = FindLayerKind(layer.kind);
  std::set<absl::string_view> said;
  for (const auto& [name, letter, one_if_equal] : kLetters) {
    const Attribute* attribute = layer.FindAttribute(name);
    if (attribute == nullptr) continue;
    const auto size = SizeString(*attribute, one_if_equal);
    if (!size.has_value()) continue;
    parts.push_back(absl::StrCat(absl::string_view(&letter, 1), *size));
    said.insert(name);
  }
  for (const auto& [name, attribute] : layer.attributes) {
    if (attribute.is_none() || said.count(name) > 0) continue;
    const AttributeSpec* spec =
        kind == nullptr ? nullptr : kind->FindAttribute(name);
    if (spec != nullptr && spec->default_value == attribute) continue;
    parts.push_back(absl::StrCat(name, "=", Shortened(attribute.ToString())));
  }
  return absl::StrJoin(parts, " ");
}

std::string LayerOutputTypes(const Graph& graph, const Layer& layer) {
  std::vector<std::string> types;
  size_t count = 0;
  for (const Slot& slot : layer.outputs) {
    for (const ValueId id : slot.values) {
      if (id == kAbsent) continue;
      if (++count <= kMaxOutputs) types.push_back(TypeWord(graph.value(id)));
    }
  }
  if (count > kMaxOutputs) {
    types.push_back(absl::StrCat("and ", count - kMaxOutputs, " more"));
  }
  return absl::StrJoin(types, " ");
}

std::string LayerLine(const Graph& graph, const Layer& layer) {
  std::vector<std::string> columns = {layer.kind, layer.name};
  for (std::string column :
       {LayerGeometry(graph, layer), LayerOutputTypes(graph, layer)}) {
    if (!column.empty()) columns.push_back(std::move(column));
  }
  return absl::StrJoin(columns, "  ");
}

}  // namespace flextorchir
