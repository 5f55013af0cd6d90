#include "flextorchir/ir/attribute.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace flextorchir {
namespace {

uint64_t BitsOf(double value) {
  uint64_t bits;
  static_assert(sizeof(bits) == sizeof(value), "IEEE 754 doubles");
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}

constexpr uint64_t kPlainNan = uint64_t{0x7ff8000000000000};

// Whether two values of the same type are equal; floats by their bits.
struct IsEqual {
  const Attribute& other;

  bool operator()(std::monostate) const { return true; }
  bool operator()(double a) const {
    return BitsOf(a) == BitsOf(*other.AsFloat());
  }
  bool operator()(const Attribute::Complex& a) const {
    const Attribute::Complex& b = *other.AsComplex();
    return BitsOf(a.real()) == BitsOf(b.real()) &&
           BitsOf(a.imag()) == BitsOf(b.imag());
  }
  bool operator()(bool a) const { return a == *other.AsBool(); }
  bool operator()(int64_t a) const { return a == *other.AsInt(); }
  bool operator()(const std::string& a) const { return a == *other.AsString(); }
  bool operator()(DType a) const { return a == *other.AsDType(); }
  bool operator()(const Dim& a) const { return a == *other.AsDim(); }
  bool operator()(const Attribute::List& a) const {
    return a == *other.AsList();
  }
};

}  // namespace

Attribute::Attribute(Dim value) {
  if (value.is_number()) {
    value_ = value.number();
  } else {
    value_ = std::move(value);
  }
}

Attribute Attribute::Ints(absl::Span<const int64_t> values) {
  return List(values.begin(), values.end());
}

Attribute Attribute::Floats(absl::Span<const double> values) {
  return List(values.begin(), values.end());
}

std::optional<std::vector<int64_t>> Attribute::AsInts() const {
  const List* list = AsList();
  if (list == nullptr) return std::nullopt;
  std::vector<int64_t> ints;
  ints.reserve(list->size());
  for (const Attribute& element : *list) {
    const int64_t* value = element.AsInt();
    if (value == nullptr) return std::nullopt;
    ints.push_back(*value);
  }
  return ints;
}

std::string Attribute::ToString() const {
  switch (type()) {
    case Type::kNone:
      return "none";
    case Type::kBool:
      return *AsBool() ? "true" : "false";
    case Type::kInt:
      return absl::StrCat(*AsInt());
    case Type::kFloat:
      return FloatToString(*AsFloat());
    case Type::kComplex:
      return absl::StrCat("complex(", FloatToString(AsComplex()->real()), ", ",
                          FloatToString(AsComplex()->imag()), ")");
    case Type::kString:
      return QuoteString(*AsString());
    case Type::kDType:
      return std::string(DTypeName(*AsDType()));
    case Type::kDim:
      return absl::StrCat("dim(", AsDim()->ToString(), ")");
    case Type::kList:
      return absl::StrCat(
          "[",
          absl::StrJoin(*AsList(), ", ",
                        [](std::string* out, const Attribute& element) {
                          out->append(element.ToString());
                        }),
          "]");
  }
  return "";  // Not reached.
}

bool operator==(const Attribute& a, const Attribute& b) {
  return a.type() == b.type() && std::visit(IsEqual{b}, a.value_);
}

absl::string_view AttributeTypeName(Attribute::Type type) {
  switch (type) {
    case Attribute::Type::kNone:
      return "none";
    case Attribute::Type::kBool:
      return "bool";
    case Attribute::Type::kInt:
      return "int";
    case Attribute::Type::kFloat:
      return "float";
    case Attribute::Type::kComplex:
      return "complex";
    case Attribute::Type::kString:
      return "string";
    case Attribute::Type::kDType:
      return "dtype";
    case Attribute::Type::kDim:
      return "dim";
    case Attribute::Type::kList:
      return "list";
  }
  return "unknown";
}

std::string FloatToString(double value) {
  if (std::isnan(value)) {
    const uint64_t bits = BitsOf(value);
    return bits == kPlainNan ? "nan" : absl::StrFormat("nan(0x%016x)", bits);
  }
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  // 15 digits are enough for most, and %g drops zeros at the end; a subnormal
  // number may need fewer than it would be given.
  std::string text;
  for (int digits = std::fpclassify(value) == FP_SUBNORMAL ? 1 : 15;
       digits <= 17; ++digits) {
    text = absl::StrFormat("%.*g", digits, value);
    double parsed;
    if (absl::SimpleAtod(text, &parsed) && parsed == value) break;
  }
  if (text.find_first_of(".e") == std::string::npos) text.append(".0");
  return text;
}

std::string QuoteString(absl::string_view text) {
  const bool is_utf8 = IsValidUtf8(text);
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      quoted.append("\\n");
    } else if (c == '\t') {
      quoted.append("\\t");
    } else if (c == '"' || c == '\\') {
      quoted.push_back('\\');
      quoted.push_back(c);
    } else if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !is_utf8)) {
      absl::StrAppendFormat(&quoted, "\\x%02x", byte);
    } else {
      quoted.push_back(c);
    }
  }
  quoted.push_back('"');
  return quoted;
}

bool IsValidUtf8(absl::string_view text) {
  size_t i = 0;
  while (i < text.size()) {
    const auto lead = static_cast<unsigned char>(text[i++]);
    if (lead < 0x80) continue;
    // The number of bytes that follow, and the smallest code point that may be
    // written with so many: longer forms of smaller ones are not UTF-8.
    int trail;
    uint32_t smallest;
    uint32_t code_point;
    if ((lead & 0xe0) == 0xc0) {
      trail = 1;
      smallest = 0x80;
      code_point = lead & 0x1f;
    } else if ((lead & 0xf0) == 0xe0) {
      trail = 2;
      smallest = 0x800;
      code_point = lead & 0x0f;
    } else if ((lead & 0xf8) == 0xf0) {
      trail = 3;
      smallest = 0x10000;
      code_point = lead & 0x07;
    } else {
      return false;
    }
    for (; trail > 0; --trail) {
      if (i == text.size()) return false;
      const auto byte = static_cast<unsigned char>(text[i++]);
      if ((byte & 0xc0) != 0x80) return false;
      code_point = code_point << 6 | (byte & 0x3f);
    }
    if (code_point < smallest || code_point > 0x10ffff ||
        (code_point >= 0xd800 && code_point <= 0xdfff)) {
      return false;
    }
  }
  return true;
}

}  // namespace flextorchir
