#include "flextorchir/torch_bridge/operator_table.h"

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "flextorchir/ir/attribute.h"
#include "flextorchir/ir/text_cursor.h"
#include "flextorchir/torch_bridge/operator_rows.h"

namespace flextorchir {
namespace {

using Argument = OperatorBinding::Argument;

// What stands behind `=`: the layer's name, and the names of its values.
bool ReadRename(TextCursor* cursor, Argument* argument) {
  if (!cursor->ReadWord("the layer's name", &argument->layer_name)) {
    return false;
  }
  if (!cursor->Consume("{")) return true;
  do {
    argument->names.emplace_back();
    if (!cursor->ReadName("a value's name", &argument->names.back())) {
      return false;
    }
  } while (cursor->Consume("|"));
  return cursor->Expect("}");
}

// One item of a row, without the comma.
bool ReadItem(TextCursor* cursor, OperatorBinding* binding) {
  if (cursor->Consume("+")) {
    std::string name;
    Attribute value;
    if (!cursor->ReadWord("the name of an attribute", &name) ||
        !cursor->Expect("=") || !cursor->ReadAttribute(&value)) {
      return false;
    }
    binding->constants[name] = std::move(value);
    return true;
  }
  if (cursor->Consume("?")) {
    binding->remarks.emplace_back();
    return cursor->ReadWord("the name of an attribute",
                            &binding->remarks.back());
  }
  std::string name;
  if (!cursor->ReadWord("an argument", &name)) return false;
  if (cursor->Consume("#")) {
    int64_t rank;
    if (!cursor->ReadInt("a number of dimensions", &rank)) return false;
    binding->ranks.push_back({name, rank});
    return true;
  }
  Argument argument;
  argument.op_name = std::move(name);
  bool read;
  if (cursor->Consume(":=")) {
    argument.use = Argument::Use::kRequire;
    read = cursor->ReadAttribute(&argument.value);
  } else if (cursor->Consume("~=")) {
    argument.use = Argument::Use::kIgnore;
    read = cursor->ReadAttribute(&argument.value);
  } else if (cursor->Consume("=")) {
    read = ReadRename(cursor, &argument);
  } else {
    return cursor->FailExpected("one of = := ~= #");
  }
  if (!read) return false;
  if (binding->Find(argument.op_name) != nullptr) {
    return cursor->FailExpected("each argument once");
  }
  binding->arguments.push_back(std::move(argument));
  return true;
}

// The table and its indices, made once and never destroyed.
class Table {
 public:
  static const Table& Get() {
    static const Table* table = new Table();
    return *table;
  }

  absl::Span<const OperatorBinding> bindings() const { return bindings_; }
  absl::Span<const OperatorBinding* const> OfOperator(
      absl::string_view op) const {
    return Find(by_operator_, op);
  }
  absl::Span<const OperatorBinding* const> OfKind(
      absl::string_view kind) const {
    return Find(by_kind_, kind);
  }

 private:
  using Index = absl::flat_hash_map<absl::string_view,
                                    std::vector<const OperatorBinding*>>;

  Table() {
    for (absl::Span<const OperatorRow> rows :
         {NeuralOperatorRows(), MathOperatorRows(), ShapeOperatorRows(),
          OtherOperatorRows(), QuantizedOperatorRows()}) {
      for (const OperatorRow& row : rows) {
        // A row that cannot be read is left out here and found by
        // operator_table_test.
        if (auto binding = ParseOperatorRow(row); binding.ok()) {
          bindings_.push_back(*std::move(binding));
        }
      }
    }
    for (const OperatorBinding& binding : bindings_) {
      by_operator_[binding.op].push_back(&binding);
      by_kind_[binding.kind].push_back(&binding);
    }
  }

  static absl::Span<const OperatorBinding* const> Find(const Index& index,
                                                       absl::string_view key) {
    const auto found = index.find(key);
    if (found == index.end()) return {};
    return found->second;
  }

  std::vector<OperatorBinding> bindings_;
  Index by_operator_;
  Index by_kind_;
};

std::optional<double> AsNumber(const Attribute& attribute) {
  if (const bool* value = attribute.AsBool()) return *value ? 1.0 : 0.0;
  if (const double* value = attribute.AsFloat()) return *value;
  if (const int64_t* value = attribute.AsInt()) {
    const double number = static_cast<double>(*value);
    // Rows hold small numbers; one that doubles cannot hold equals none.
    if (std::abs(number) <= 9007199254740992.0) return number;
  }
  return std::nullopt;
}

}  // namespace

std::string OperatorBinding::LayerName(absl::string_view op_argument) const {
  const Argument* argument = Find(op_argument);
  if (argument != nullptr && argument->use == Argument::Use::kRename) {
    return argument->layer_name;
  }
  return op_argument == "self" ? "input" : std::string(op_argument);
}

const OperatorBinding::Argument* OperatorBinding::Find(
    absl::string_view op_argument) const {
  for (const Argument& argument : arguments) {
    if (argument.op_name == op_argument) return &argument;
  }
  return nullptr;
}

absl::StatusOr<OperatorBinding> ParseOperatorRow(const OperatorRow& row) {
  OperatorBinding binding;
  binding.op = std::string(row.op);
  binding.kind = std::string(row.kind);
  TextCursor cursor(row.arguments);
  while (!cursor.AtEnd() && ReadItem(&cursor, &binding)) {
    if (!cursor.AtEnd()) cursor.Expect(",");
  }
  if (!cursor.status().ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("row of ", row.op, " -> ", row.kind, ": `", row.arguments,
                     "`: ", cursor.status().message()));
  }
  return binding;
}

bool SameValue(const Attribute& wanted, const Attribute& given) {
  if (wanted == given) return true;
  const std::optional<double> a = AsNumber(wanted);
  const std::optional<double> b = AsNumber(given);
  if (a.has_value() && b.has_value()) {
    return *a == *b && std::signbit(*a) == std::signbit(*b);
  }
  const Attribute::List* a_list = wanted.AsList();
  const Attribute::List* b_list = given.AsList();
  if (a_list == nullptr || b_list == nullptr ||
      a_list->size() != b_list->size()) {
    return false;
  }
  for (size_t i = 0; i < a_list->size(); ++i) {
    if (!SameValue((*a_list)[i], (*b_list)[i])) return false;
  }
  return true;
}

absl::Span<const OperatorBinding> OperatorTable() {
  return Table::Get().bindings();
}

absl::Span<const OperatorBinding* const> BindingsOfOperator(
    absl::string_view op) {
  return Table::Get().OfOperator(op);
}

absl::Span<const OperatorBinding* const> BindingsOfKind(
    absl::string_view kind) {
  return Table::Get().OfKind(kind);
}

}  // namespace flextorchir
