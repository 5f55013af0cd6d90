#include "flextorchir/ir/layer_set.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/types/span.h"
#include "flextorchir/ir/attribute.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/layer_set_table.h"
#include "flextorchir/ir/text_cursor.h"

namespace flextorchir {
namespace {

using Type = Attribute::Type;

// By number, for headings.
constexpr std::array<absl::string_view, 16> kFamilyNames = {
    "Convolution", "Linear",      "Normalization", "Activation",
    "Pooling",     "Elementwise", "Reduction",     "Shape",
    "Indexing",    "Creation",    "Recurrent",     "Attention",
    "Vision",      "Random",      "Quantization",  "Other",
};

// What a type of a signature means, apart from lists.
struct BaseType {
  absl::string_view name;
  std::vector<Type> types;
};

const std::vector<BaseType>& BaseTypes() {
  static const auto* const kTypes = new std::vector<BaseType>{
      {"bool", {Type::kBool}},
      {"int", {Type::kInt, Type::kDim}},
      {"float", {Type::kFloat}},
      {"complex", {Type::kComplex}},
      {"string", {Type::kString}},
      {"dtype", {Type::kDType}},
      {"number", {Type::kInt, Type::kDim, Type::kFloat}},
      {"scalar",
       {Type::kBool, Type::kInt, Type::kDim, Type::kFloat, Type::kComplex}},
  };
  return *kTypes;
}

// "int[]?", one alternative of a type.
struct Alternative {
  const BaseType* base = nullptr;  // null: there is no such type
  int list_depth = 0;
  bool optional = false;
};

Alternative ParseAlternative(absl::string_view text) {
  Alternative alternative;
  text = absl::StripAsciiWhitespace(text);
  alternative.optional = absl::ConsumeSuffix(&text, "?");
  while (absl::ConsumeSuffix(&text, "[]")) ++alternative.list_depth;
  for (const BaseType& base : BaseTypes()) {
    if (base.name == text) alternative.base = &base;
  }
  return alternative;
}

// `filled` are the values of the input of the same name, if that is a list:
// where it has a value, the attribute has none.
bool Matches(const Alternative& alternative, int depth,
             const Attribute& attribute, const std::vector<ValueId>* filled) {
  if (attribute.is_none()) return alternative.optional;
  if (depth == 0) {
    const std::vector<Type>& types = alternative.base->types;
    return std::find(types.begin(), types.end(), attribute.type()) !=
           types.end();
  }
  const Attribute::List* list = attribute.AsList();
  if (list == nullptr) return false;
  for (size_t i = 0; i < list->size(); ++i) {
    const bool is_filled =
        filled != nullptr && i < filled->size() && (*filled)[i] != kAbsent;
    if (!is_filled && !Matches(alternative, depth - 1, (*list)[i], nullptr)) {
      return false;
    }
  }
  return true;
}

bool AcceptsWith(const AttributeSpec& spec, const Attribute& attribute,
                 const std::vector<ValueId>* filled) {
  for (const absl::string_view text : absl::StrSplit(spec.type, '|')) {
    const Alternative alternative = ParseAlternative(text);
    if (alternative.base != nullptr &&
        Matches(alternative, alternative.list_depth, attribute, filled)) {
      return true;
    }
  }
  return attribute.is_none() && spec.optional;
}

template <typename Spec>
const Spec* FindSpec(const std::vector<Spec>& specs, absl::string_view name) {
  for (const Spec& spec : specs) {
    if (spec.name == name) return &spec;
  }
  return nullptr;
}

// ---- Signatures.

// Reads "Name(inputs, *, attributes) -> outputs".
class SignatureParser {
 public:
  SignatureParser(absl::string_view signature, LayerKind* kind)
      : in_(signature), kind_(*kind) {}

  absl::Status Parse() {
    if (in_.ReadWord("the name of the kind", &kind_.name) && in_.Expect("(") &&
        ReadArguments() && in_.Expect("->") && ReadOutputs() && !in_.AtEnd()) {
      in_.FailExpected("the end");
    }
    return in_.status();
  }

 private:
  bool ReadArguments() {
    bool attributes = false;
    while (!in_.Consume(")")) {
      if ((attributes || !kind_.inputs.empty()) && !in_.Expect(",")) {
        return false;
      }
      if (!attributes && in_.Consume("*")) {
        attributes = true;
        if (!in_.Expect(",")) return false;
        if (!ReadAttribute()) return false;
      } else if (!(attributes ? ReadAttribute() : ReadInput())) {
        return false;
      }
    }
    return true;
  }

  bool ReadNewName(absl::string_view what, std::string* name) {
    in_.Peek();
    const size_t position = in_.position();
    if (!in_.ReadWord(what, name)) return false;
    return (kind_.FindInput(*name) == nullptr &&
            kind_.FindAttribute(*name) == nullptr) ||
           in_.FailAt(position, absl::StrCat("a second argument ", *name));
  }

  bool ReadInput() {
    InputSpec input;
    if (!ReadNewName("an input", &input.name)) return false;
    input.is_list = in_.Consume("[]");
    const bool mark = in_.Consume("?");
    (input.is_list ? input.optional_elements : input.optional) = mark;
    kind_.inputs.push_back(std::move(input));
    return true;
  }

  bool ReadAttribute() {
    AttributeSpec attribute;
    if (!ReadNewName("an attribute", &attribute.name) || !in_.Expect(":")) {
      return false;
    }
    do {
      in_.Peek();
      const size_t position = in_.position();
      std::string alternative;
      if (!in_.ReadWord("a type", &alternative)) return false;
      while (in_.Consume("[]")) alternative.append("[]");
      if (in_.Consume("?")) {
        alternative.append("?");
        attribute.optional = true;
      }
      if (ParseAlternative(alternative).base == nullptr) {
        return in_.FailAt(position,
                          absl::StrCat("there is no type ", alternative));
      }
      absl::StrAppend(&attribute.type, attribute.type.empty() ? "" : " | ",
                      alternative);
    } while (in_.Consume("|"));
    in_.Peek();
    const size_t position = in_.position();
    if (in_.Consume("=")) {
      Attribute value;
      if (!in_.ReadAttribute(&value)) return false;
      if (value.is_none()) attribute.optional = true;
      if (!attribute.Accepts(value)) {
        return in_.FailAt(
            position, absl::StrCat("the default ", value.ToString(), " is no ",
                                   attribute.type));
      }
      attribute.default_value = std::move(value);
    } else if (attribute.optional) {
      attribute.default_value = Attribute();
    }
    kind_.attributes.push_back(std::move(attribute));
    return true;
  }

  bool ReadOutputs() {
    if (in_.Consume("(")) return in_.Expect(")");
    do {
      in_.Peek();
      const size_t position = in_.position();
      OutputSpec output;
      if (!in_.ReadWord("an output", &output.name)) return false;
      if (FindSpec(kind_.outputs, output.name) != nullptr) {
        return in_.FailAt(position,
                          absl::StrCat("a second output ", output.name));
      }
      output.is_list = in_.Consume("[]");
      output.optional = in_.Consume("?");
      kind_.outputs.push_back(std::move(output));
    } while (in_.Consume(","));
    return true;
  }

  TextCursor in_;
  LayerKind& kind_;
};

// ---- Checking layers.

absl::Status Misfit(const LayerKind& kind, absl::string_view problem) {
  return absl::InvalidArgumentError(
      absl::StrCat(problem, "; the layer set has ", kind.signature));
}

// An input of the signature itself.
absl::Status CheckInput(const LayerKind& kind, const InputSpec& spec,
                        const Slot& slot) {
  const std::string name = absl::StrCat("input ", QuoteString(slot.name));
  if (slot.is_list != spec.is_list) {
    return Misfit(
        kind, absl::StrCat(name, slot.is_list ? " is a list of values"
                                              : " is one value, not a list"));
  }
  const bool may_be_absent =
      spec.is_list ? spec.optional_elements : spec.optional;
  for (const ValueId value : slot.values) {
    if (value == kAbsent && !may_be_absent) {
      return Misfit(kind,
                    absl::StrCat(name, spec.is_list ? " has an absent element"
                                                    : " is absent"));
    }
  }
  return absl::OkStatus();
}

// An attribute, with the input of its name that stands for it or completes it.
absl::Status CheckAttribute(const LayerKind& kind, const AttributeSpec& spec,
                            const Attribute* attribute, const Slot* slot) {
  const std::string name = QuoteString(spec.name);
  if (slot != nullptr && slot->is_list) {
    const Attribute computed(Attribute::List(slot->values.size()));
    if (!AcceptsWith(spec, attribute == nullptr ? computed : *attribute,
                     &slot->values)) {
      return Misfit(
          kind,
          absl::StrCat("input ", name, " (with the attribute ",
                       attribute == nullptr ? "absent" : attribute->ToString(),
                       ") is no ", spec.type));
    }
    return absl::OkStatus();
  }
  if (slot != nullptr && attribute == nullptr) {
    if (slot->values == std::vector<ValueId>{kAbsent} && !spec.optional) {
      return Misfit(kind, absl::StrCat("input ", name, " is absent"));
    }
    return absl::OkStatus();
  }
  if (attribute == nullptr) {
    if (spec.default_value.has_value()) return absl::OkStatus();
    return Misfit(kind, absl::StrCat("attribute ", name, " is missing"));
  }
  if (!spec.Accepts(*attribute)) {
    return Misfit(
        kind, absl::StrCat("attribute ", name, " is ", attribute->ToString(),
                           ", which is no ", spec.type));
  }
  return absl::OkStatus();
}

absl::Status CheckOutputs(const LayerKind& kind, const Layer& layer) {
  size_t next = 0;
  for (const OutputSpec& spec : kind.outputs) {
    const std::string name = QuoteString(spec.name);
    const bool is_there =
        next < layer.outputs.size() && layer.outputs[next].name == spec.name;
    if (!is_there) {
      if (spec.optional) continue;
      return Misfit(kind, absl::StrCat("output ", name,
                                       " is missing, or not in its place"));
    }
    const Slot& slot = layer.outputs[next++];
    if (slot.is_list != spec.is_list) {
      return Misfit(kind,
                    absl::StrCat("output ", name,
                                 slot.is_list ? " is a list of values"
                                              : " is one value, not a list"));
    }
    if (!spec.optional && std::find(slot.values.begin(), slot.values.end(),
                                    kAbsent) != slot.values.end()) {
      return Misfit(kind, absl::StrCat("output ", name, " is absent"));
    }
  }
  if (next < layer.outputs.size()) {
    return Misfit(kind, absl::StrCat("there is no output ",
                                     QuoteString(layer.outputs[next].name),
                                     ", or not in this place"));
  }
  return absl::OkStatus();
}

// ---- docs/layers.md.

// Breaks a signature between its arguments, so that a page need not scroll.
std::string WrapSignature(absl::string_view signature) {
  constexpr size_t kColumns = 80;
  std::string text;
  size_t line_start = 0;
  while (!signature.empty()) {
    // Up to the next comma between arguments, or the arrow.
    size_t end = 0;
    for (int depth = 0; end < signature.size(); ++end) {
      const char c = signature[end];
      if (c == '[') ++depth;
      if (c == ']') --depth;
      if (c == ' ' && depth == 0 && end > 0 &&
          (signature[end - 1] == ',' || signature.substr(end, 4) == " -> ")) {
        break;
      }
    }
    const absl::string_view part = signature.substr(0, end);
    signature.remove_prefix(std::min(end + 1, signature.size()));
    if (!text.empty()) {
      if (text.size() - line_start + 1 + part.size() > kColumns) {
        text.append("\n");
        line_start = text.size();
        text.append("    ");
      } else {
        text.append(" ");
      }
    }
    absl::StrAppend(&text, part);
  }
  return text;
}

constexpr absl::string_view kPageStart =
    R"(<!-- Made by `bazel run //docs:update_layers`. Do not edit. -->

# The layer set

These are the standard layer kinds, version %VERSION% of the layer set. They take
their names, arguments and defaults from PyTorch; each says which function of
PyTorch it computes. A layer may also be a `Placeholder`, an operator under its
own name, or a kind of your own: those are free, and nothing here limits them.

How to read a signature:

    Kind(input, optional?, list[], *, attribute: type = default) -> output

* Before the `*` stand the inputs. `name` must be there, `name?` may be absent,
  `name[]` is a list of values, and of `name[]?` elements may be absent.
* Behind the `*` stand the attributes with their types: `bool`, `int` (or a
  symbolic size), `float`, `complex`, `string`, `dtype`; `number` is an int or a
  float, `scalar` a bool, a number or a complex. `T[]` is a list, `A | B` either
  of two types, `T?` may be none, `T[]?` too, and so may its elements.
* A layer may leave out an attribute that has a default, and means the default
  then. An attribute marked `?` without a default has the default none.
* Any attribute may come as an input of the same name instead: it is computed
  then. Of a list, single elements may be computed: the attribute has none where
  the input has a value.
* Behind the arrow stand the outputs, in this order. `name?` may be absent.
)";

}  // namespace

absl::string_view FamilyName(Family family) {
  const size_t number = static_cast<size_t>(family);
  return number < kFamilyNames.size() ? kFamilyNames[number] : "Unknown";
}

bool AttributeSpec::Accepts(const Attribute& attribute) const {
  return AcceptsWith(*this, attribute, nullptr);
}

const InputSpec* LayerKind::FindInput(absl::string_view input_name) const {
  return FindSpec(inputs, input_name);
}

const AttributeSpec* LayerKind::FindAttribute(
    absl::string_view attribute_name) const {
  return FindSpec(attributes, attribute_name);
}

absl::StatusOr<LayerKind> ParseLayerSetRow(const LayerSetRow& row) {
  LayerKind kind;
  kind.signature = row.signature;
  kind.family = row.family;
  kind.since = row.since;
  kind.reference = row.reference;
  kind.summary = row.summary;
  const absl::Status status = SignatureParser(kind.signature, &kind).Parse();
  if (!status.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("row \"", row.signature, "\": ", status.message()));
  }
  return kind;
}

absl::Span<const LayerKind> LayerSet() {
  static const auto* const kKinds = [] {
    auto* kinds = new std::vector<LayerKind>;
    for (const LayerSetRow& row : LayerSetRows()) {
      absl::StatusOr<LayerKind> kind = ParseLayerSetRow(row);
      if (kind.ok()) kinds->push_back(*std::move(kind));
    }
    return kinds;
  }();
  return *kKinds;
}

const LayerKind* FindLayerKind(absl::string_view name) {
  static const auto* const kByName = [] {
    auto* by_name =
        new absl::flat_hash_map<absl::string_view, const LayerKind*>;
    for (const LayerKind& kind : LayerSet()) by_name->emplace(kind.name, &kind);
    return by_name;
  }();
  const auto found = kByName->find(name);
  return found == kByName->end() ? nullptr : found->second;
}

absl::Status CheckLayerAgainstSet(const Layer& layer) {
  const LayerKind* kind = FindLayerKind(layer.kind);
  if (kind == nullptr) return absl::OkStatus();
  for (const Slot& slot : layer.inputs) {
    if (const InputSpec* spec = kind->FindInput(slot.name)) {
      const absl::Status status = CheckInput(*kind, *spec, slot);
      if (!status.ok()) return status;
    } else if (kind->FindAttribute(slot.name) == nullptr) {
      return Misfit(*kind,
                    absl::StrCat("there is no input ", QuoteString(slot.name)));
    }
  }
  for (const auto& [name, attribute] : layer.attributes) {
    if (kind->FindAttribute(name) == nullptr) {
      return Misfit(*kind,
                    absl::StrCat("there is no attribute ", QuoteString(name)));
    }
  }
  for (const InputSpec& spec : kind->inputs) {
    if (!spec.optional && layer.FindInput(spec.name) == nullptr) {
      return Misfit(
          *kind, absl::StrCat("input ", QuoteString(spec.name), " is missing"));
    }
  }
  for (const AttributeSpec& spec : kind->attributes) {
    const absl::Status status =
        CheckAttribute(*kind, spec, layer.FindAttribute(spec.name),
                       layer.FindInput(spec.name));
    if (!status.ok()) return status;
  }
  return CheckOutputs(*kind, layer);
}

std::string LayerSetMarkdown() {
  std::vector<std::vector<const LayerKind*>> families(kFamilyNames.size());
  for (const LayerKind& kind : LayerSet()) {
    families[static_cast<size_t>(kind.family)].push_back(&kind);
  }
  std::string page = absl::StrReplaceAll(
      kPageStart, {{"%VERSION%", absl::StrCat(kLayerSetVersion)}});
  // The contents, then a section a family.
  page.append("\n");
  for (size_t i = 0; i < families.size(); ++i) {
    if (families[i].empty()) continue;
    absl::StrAppend(&page, "* [", kFamilyNames[i], "](#",
                    absl::AsciiStrToLower(kFamilyNames[i]), "): ",
                    absl::StrJoin(families[i], ", ",
                                  [](std::string* out, const LayerKind* kind) {
                                    absl::StrAppend(out, "`", kind->name, "`");
                                  }),
                    "\n");
  }
  for (size_t i = 0; i < families.size(); ++i) {
    if (families[i].empty()) continue;
    absl::StrAppend(&page, "\n## ", kFamilyNames[i], "\n");
    for (const LayerKind* kind : families[i]) {
      absl::StrAppend(&page, "\n### ", kind->name, "\n\n", kind->summary,
                      " As `", kind->reference, "`.");
      if (kind->since > 1) {
        absl::StrAppend(&page, " Since version ", kind->since, ".");
      }
      absl::StrAppend(&page, "\n\n```\n", WrapSignature(kind->signature),
                      "\n```\n");
    }
  }
  return page;
}

}  // namespace flextorchir
