#include "flextorchir/ir/verify_pieces.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "flextorchir/ir/attribute.h"
#include "flextorchir/ir/dim.h"
#include "flextorchir/ir/dtype.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/weights.h"

namespace flextorchir {
namespace {

bool IsSymbolName(absl::string_view name) {
  if (name.empty() || absl::ascii_isdigit(name[0]) || name == "min" ||
      name == "max") {
    return false;
  }
  return std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return absl::ascii_isalnum(c) || c == '_';
  });
}

// The type of the elements of lists: numbers and symbolic sizes mix.
Attribute::Type ElementType(const Attribute& attribute) {
  return attribute.type() == Attribute::Type::kDim ? Attribute::Type::kInt
                                                   : attribute.type();
}

}  // namespace

std::string QuoteForMessage(absl::string_view text) {
  constexpr size_t kLongest = 200;
  if (text.size() <= kLongest) return QuoteString(text);
  return absl::StrCat(QuoteString(text.substr(0, kLongest)), "...");
}

bool PieceVerifier::CheckUtf8(absl::string_view what, absl::string_view text) {
  return IsValidUtf8(text) ||
         Fail(what, " ", QuoteForMessage(text), " is not UTF-8");
}

bool PieceVerifier::CheckName(absl::string_view what, absl::string_view name) {
  if (name.empty()) return Fail(what, " is empty");
  return CheckUtf8(what, name);
}

bool PieceVerifier::CheckSymbols(const std::vector<Symbol>& symbols) {
  for (const Symbol& symbol : symbols) {
    const std::string name = QuoteForMessage(symbol.name);
    if (!IsSymbolName(symbol.name)) {
      return Fail("symbol ", name,
                  ": a name is made of letters, digits and _, and is neither "
                  "min nor max");
    }
    if (!symbols_.insert(symbol.name).second) {
      return Fail("symbol ", name, " is declared twice");
    }
    if (symbol.min.has_value() && symbol.max.has_value() &&
        *symbol.min > *symbol.max) {
      return Fail("symbol ", name, ": the minimum ", *symbol.min,
                  " is above the maximum ", *symbol.max);
    }
  }
  return true;
}

bool PieceVerifier::CheckDim(absl::string_view what, const Dim& dim) {
  if (dim.is_number()) return true;
  std::vector<std::string> names;
  dim.CollectSymbols(&names);
  for (const std::string& name : names) {
    if (!symbols_.contains(name)) {
      return Fail(what, " uses the symbol ", QuoteForMessage(name),
                  ", which is not declared");
    }
  }
  return true;
}

bool PieceVerifier::CheckSizes(absl::string_view what,
                               absl::Span<const Dim> dims) {
  for (const Dim& dim : dims) {
    if (dim.is_number() && dim.number() < 0) {
      return Fail(what, " holds ", dim.number());
    }
    if (!CheckDim(what, dim)) return false;
  }
  return true;
}

bool PieceVerifier::CheckTensorType(const TensorType& type) {
  if (!DTypeFromCode(static_cast<int64_t>(type.dtype)).has_value()) {
    return Fail("unknown dtype number ", static_cast<int>(type.dtype));
  }
  if (!CheckSizes("the shape", type.shape) ||
      !CheckSizes("strides", type.strides)) {
    return false;
  }
  if (!type.strides.empty() && type.strides.size() != type.shape.size()) {
    return Fail("there are ", type.strides.size(), " strides for ",
                type.shape.size(), " dimensions");
  }
  return !type.quantization.has_value() ||
         CheckQuantization(*type.quantization, type);
}

bool PieceVerifier::CheckQuantization(const Quantization& quantization,
                                      const TensorType& type) {
  const size_t scales = quantization.scales.size();
  if (quantization.axis.has_value()) {
    const int64_t axis = *quantization.axis;
    if (!IsIndex(axis, type.shape)) {
      return Fail("the axis ", axis, " of the quantization is no dimension");
    }
    const Dim& size = type.shape[axis];
    if (size.is_number() && size.number() != static_cast<int64_t>(scales)) {
      return Fail("the quantization has ", scales, " scales for ",
                  size.number(), " channels");
    }
  } else if (scales != 1) {
    return Fail("the quantization of a whole tensor has ", scales,
                " scales, not one");
  }
  const size_t ints = quantization.zero_points.size();
  const size_t floats = quantization.float_zero_points.size();
  if (std::max(ints, floats) != scales || std::min(ints, floats) != 0) {
    return Fail("the quantization has ", ints, " zero points and ", floats,
                " float zero points for ", scales, " scales");
  }
  return true;
}

bool PieceVerifier::CheckAttribute(absl::string_view what, int depth,
                                   const Attribute& attribute) {
  if (const std::string* text = attribute.AsString()) {
    return CheckUtf8(what, *text);
  }
  if (const Dim* dim = attribute.AsDim()) return CheckDim(what, *dim);
  if (const DType* dtype = attribute.AsDType()) {
    return DTypeFromCode(static_cast<int64_t>(*dtype)).has_value() ||
           Fail(what, " has the unknown dtype number ",
                static_cast<int>(*dtype));
  }
  const Attribute::List* list = attribute.AsList();
  if (list == nullptr) return true;
  if (depth == 0) {
    return Fail(what, " nests lists deeper than ", Attribute::kMaxDepth);
  }
  const Attribute* first = nullptr;  // that is not none
  for (const Attribute& element : *list) {
    if (!CheckAttribute(what, depth - 1, element)) return false;
    if (element.is_none()) continue;
    if (first == nullptr) first = &element;
    if (ElementType(element) != ElementType(*first)) {
      return Fail(what, " mixes ", AttributeTypeName(first->type()), " and ",
                  AttributeTypeName(element.type()), " in a list");
    }
  }
  return true;
}

bool PieceVerifier::CheckStructure(const Structure& structure,
                                   size_t num_leaves) {
  std::vector<bool> seen(num_leaves, false);
  if (!CheckStructureBelow(structure, 0, &seen)) return false;
  const auto missing = std::find(seen.begin(), seen.end(), false);
  return missing == seen.end() ||
         Fail("leaf ", missing - seen.begin(), " is missing");
}

bool PieceVerifier::CheckStructureBelow(const Structure& structure, int depth,
                                        std::vector<bool>* seen) {
  using Kind = Structure::Kind;
  const Kind kind = structure.kind;
  if (depth > Structure::kMaxDepth) {
    return Fail("nested deeper than ", Structure::kMaxDepth);
  }
  if (!IsIn(kind, Kind::kNamed)) {
    return Fail("unknown kind number ", static_cast<int>(kind));
  }
  // What the kind has no use for would be lost on the way through a file.
  if ((kind != Kind::kLeaf && structure.leaf != 0) ||
      (kind != Kind::kConstant && !structure.constant.is_none()) ||
      (kind != Kind::kNamed && !structure.type_name.empty()) ||
      ((kind == Kind::kLeaf || kind == Kind::kConstant) &&
       !structure.children.empty())) {
    return Fail(
        "a leaf number, constant, type name or child where the kind "
        "has none");
  }
  if (kind == Kind::kLeaf) {
    if (!IsIndex(structure.leaf, *seen)) {
      return Fail("leaf ", structure.leaf, " of ", seen->size());
    }
    if ((*seen)[structure.leaf]) {
      return Fail("leaf ", structure.leaf, " occurs twice");
    }
    (*seen)[structure.leaf] = true;
    return true;
  }
  if (kind == Kind::kConstant) {
    if (structure.constant.AsList() != nullptr) {
      return Fail("a constant is a list");
    }
    return CheckAttribute("a constant", Attribute::kMaxDepth,
                          structure.constant);
  }
  if (kind == Kind::kNamed && !CheckName("the class", structure.type_name)) {
    return false;
  }
  return CheckChildren(structure, depth, seen);
}

bool PieceVerifier::CheckChildren(const Structure& structure, int depth,
                                  std::vector<bool>* seen) {
  const bool has_keys = structure.kind == Structure::Kind::kDict ||
                        structure.kind == Structure::Kind::kNamed;
  absl::flat_hash_set<int64_t> ints;
  NameSet strings;
  for (const Structure::Child& child : structure.children) {
    const int64_t* number = child.key.AsInt();
    const std::string* text = child.key.AsString();
    if (!has_keys && !child.key.is_none()) {
      return Fail("a child of a tuple or list has a key");
    }
    if (has_keys && number == nullptr && text == nullptr) {
      return Fail("a key is neither an int nor a string, but ",
                  AttributeTypeName(child.key.type()));
    }
    if (text != nullptr && !CheckUtf8("the key", *text)) return false;
    if ((number != nullptr && !ints.insert(*number).second) ||
        (text != nullptr && !strings.insert(*text).second)) {
      return Fail("the key ", child.key.ToString(), " occurs twice");
    }
    if (!CheckStructureBelow(child.value, depth + 1, seen)) return false;
  }
  return true;
}

}  // namespace flextorchir
