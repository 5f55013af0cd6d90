#include "flextorchir/ir/text_pieces.h"

#include <cstddef>
#include <cstdint>
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
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/text_cursor.h"
#include "flextorchir/ir/weights.h"

namespace flextorchir {
namespace {

std::optional<ScalarType> ScalarTypeFromName(absl::string_view name) {
  for (const ScalarType type :
       {ScalarType::kBool, ScalarType::kInt, ScalarType::kFloat,
        ScalarType::kComplex, ScalarType::kString}) {
    if (name == ScalarTypeName(type)) return type;
  }
  return std::nullopt;
}

bool ReadDims(TextCursor& in, absl::string_view open, absl::string_view close,
              std::vector<Dim>* dims) {
  if (!in.Expect(open)) return false;
  while (!in.Consume(close)) {
    if (!dims->empty() && !in.Expect(",")) return false;
    if (!in.ReadDim(&dims->emplace_back())) return false;
  }
  return true;
}

bool SetQuantization(absl::string_view name, const Attribute& attribute,
                     Quantization* quantization) {
  if (name == "axis") {
    if (attribute.AsInt() == nullptr) return false;
    quantization->axis = *attribute.AsInt();
    return true;
  }
  if (name == "zero_points") {
    std::optional<std::vector<int64_t>> ints = attribute.AsInts();
    if (!ints.has_value()) return false;
    quantization->zero_points = *std::move(ints);
    return true;
  }
  if (name != "scales" && name != "float_zero_points") return false;
  if (attribute.AsList() == nullptr) return false;
  std::vector<double> floats;
  for (const Attribute& element : *attribute.AsList()) {
    if (element.AsFloat() == nullptr) return false;
    floats.push_back(*element.AsFloat());
  }
  (name == "scales" ? quantization->scales : quantization->float_zero_points) =
      std::move(floats);
  return true;
}

bool ReadQuantization(TextCursor& in, Quantization* quantization) {
  if (!in.Expect("(")) return false;
  while (!in.Consume(")")) {
    in.Peek();
    const size_t position = in.position();
    std::string name;
    Attribute attribute;
    if (!in.ReadWord("a parameter of the quantization", &name) ||
        !in.Expect("=") || !in.ReadAttribute(&attribute)) {
      return false;
    }
    if (!SetQuantization(name, attribute, quantization)) {
      return in.FailAt(position,
                       "expected scales=[floats], zero_points=[ints], "
                       "float_zero_points=[floats] or axis=int");
    }
    if (in.Peek() != ')' && !in.Expect(",")) return false;
  }
  return true;
}

bool ReadStructure(TextCursor& in, int depth, Structure* structure);

// A comma may stand behind the last.
bool ReadChildren(TextCursor& in, int depth, absl::string_view close,
                  Structure* structure) {
  while (!in.Consume(close)) {
    if (!structure->children.empty()) {
      if (!in.Expect(",")) return false;
      if (in.Consume(close)) return true;
    }
    Structure::Child& child = structure->children.emplace_back();
    if (close == "}" && (!in.ReadAttribute(&child.key) || !in.Expect(":"))) {
      return false;
    }
    if (!ReadStructure(in, depth + 1, &child.value)) return false;
  }
  return true;
}

bool ReadStructure(TextCursor& in, int depth, Structure* structure) {
  const char next = in.Peek();
  if (depth > Structure::kMaxDepth) {
    return in.FailAt(
        in.position(),
        absl::StrCat("structures nest to ", Structure::kMaxDepth, " at most"));
  }
  if (in.Consume("#")) {
    structure->kind = Structure::Kind::kLeaf;
    return in.ReadInt("the number of a leaf", &structure->leaf);
  }
  if (next == '(' || next == '[') {
    in.Consume(next == '(' ? "(" : "[");
    structure->kind =
        next == '(' ? Structure::Kind::kTuple : Structure::Kind::kList;
    return ReadChildren(in, depth, next == '(' ? ")" : "]", structure);
  }
  const bool is_named = in.ConsumeWord("named");
  if (is_named &&
      !in.ReadString("the name of a class, in quotes", &structure->type_name)) {
    return false;
  }
  if (is_named || next == '{') {
    structure->kind =
        is_named ? Structure::Kind::kNamed : Structure::Kind::kDict;
    return in.Expect("{") && ReadChildren(in, depth, "}", structure);
  }
  structure->kind = Structure::Kind::kConstant;
  in.ConsumeWord("constant");
  return in.ReadAttribute(&structure->constant);
}

}  // namespace

bool ReadType(TextCursor& in, std::variant<TensorType, ScalarType>* type) {
  in.Peek();
  const size_t position = in.position();
  std::string word;
  if (!in.ReadWord("a type", &word)) return false;
  if (in.Peek() == '[') {
    const std::optional<DType> dtype = DTypeFromName(word);
    if (!dtype.has_value()) {
      return in.FailAt(position, absl::StrCat("there is no element type ", word,
                                              ", but f32, i64, ..."));
    }
    TensorType tensor;
    tensor.dtype = *dtype;
    if (!ReadDims(in, "[", "]", &tensor.shape)) return false;
    if (in.Peek() == '{' && !ReadDims(in, "{", "}", &tensor.strides)) {
      return false;
    }
    if (in.ConsumeWord("quantized") &&
        !ReadQuantization(in, &tensor.quantization.emplace())) {
      return false;
    }
    *type = std::move(tensor);
    return true;
  }
  const std::optional<ScalarType> scalar = ScalarTypeFromName(word);
  if (!scalar.has_value()) {
    return in.FailAt(
        position,
        absl::StrCat("expected a type (f32[2,3], or bool, int, float, "
                     "complex, string), found '",
                     word, "'"));
  }
  *type = *scalar;
  return true;
}

bool ReadStructure(TextCursor& in, Structure* structure) {
  return ReadStructure(in, 0, structure);
}

}  // namespace flextorchir
