#include "flextorchir/ir/dim.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace flextorchir {
namespace {

using Op = Dim::Op;

constexpr int kMaxNesting = 64;
// Bounds the depth of an expression without brackets ("a + a + a + ...").
constexpr int kMaxOperators = 4096;

constexpr int kAdditive = 1;
constexpr int kMultiplicative = 2;
constexpr int kFactor = 3;

struct Operator {
  Op op;
  absl::string_view token;    // as it is parsed
  absl::string_view printed;  // with the spaces around it
  int precedence;
};

constexpr Operator kOperators[] = {
    {Op::kAdd, "+", " + ", kAdditive},
    {Op::kSub, "-", " - ", kAdditive},
    {Op::kMul, "*", "*", kMultiplicative},
    {Op::kFloorDiv, "//", " // ", kMultiplicative},
    {Op::kMod, "%", " % ", kMultiplicative},
};

const Operator* FindOperator(Op op) {
  for (const Operator& row : kOperators) {
    if (row.op == op) return &row;
  }
  return nullptr;
}

absl::string_view FunctionName(Op op) { return op == Op::kMin ? "min" : "max"; }

// The result, or nothing on overflow or division by zero.
std::optional<int64_t> Apply(Op op, int64_t a, int64_t b) {
  int64_t result;
  switch (op) {
    case Op::kSymbol:
      return std::nullopt;
    case Op::kAdd:
      if (__builtin_add_overflow(a, b, &result)) return std::nullopt;
      return result;
    case Op::kSub:
      if (__builtin_sub_overflow(a, b, &result)) return std::nullopt;
      return result;
    case Op::kMul:
      if (__builtin_mul_overflow(a, b, &result)) return std::nullopt;
      return result;
    case Op::kFloorDiv:
    case Op::kMod: {
      if (b == 0) return std::nullopt;
      // The one quotient that does not fit, and a remainder that traps with it.
      if (b == -1) {
        if (op == Op::kMod) return 0;
        return Apply(Op::kSub, 0, a);
      }
      // As in Python: rounded down, and the remainder has the divisor's sign.
      const int64_t remainder = a % b;
      const bool round_down = remainder != 0 && (remainder < 0) != (b < 0);
      if (op == Op::kMod) return round_down ? remainder + b : remainder;
      return a / b - (round_down ? 1 : 0);
    }
    case Op::kMin:
      return std::min(a, b);
    case Op::kMax:
      return std::max(a, b);
  }
  return std::nullopt;
}

bool IsSymbolStart(char c) { return absl::ascii_isalpha(c) || c == '_'; }
bool IsSymbolChar(char c) { return absl::ascii_isalnum(c) || c == '_'; }

// Recursive descent over the grammar in the header.
class Parser {
 public:
  explicit Parser(absl::string_view text) : text_(text), rest_(text) {}

  absl::StatusOr<Dim> ParseAll() {
    absl::StatusOr<Dim> dim = ParseBinary(kAdditive);
    if (!dim.ok()) return dim;
    SkipSpaces();
    if (!rest_.empty()) return Error("an operator or the end");
    return dim;
  }

 private:
  absl::StatusOr<Dim> ParseBinary(int precedence) {
    if (precedence == kFactor) return ParseFactor();
    absl::StatusOr<Dim> left = ParseBinary(precedence + 1);
    while (left.ok()) {
      const std::optional<Op> op = ConsumeOperator(precedence);
      if (!op.has_value()) break;
      if (++operators_ > kMaxOperators) {
        return Error(absl::StrCat("at most ", kMaxOperators, " operators"));
      }
      absl::StatusOr<Dim> right = ParseBinary(precedence + 1);
      if (!right.ok()) return right;
      left = Dim::Binary(*op, *std::move(left), *std::move(right));
    }
    return left;
  }

  absl::StatusOr<Dim> ParseFactor() {
    SkipSpaces();
    if (Consume("(")) return ParseNested(")");
    if (!rest_.empty() && (absl::ascii_isdigit(rest_[0]) || rest_[0] == '-')) {
      return ParseNumber();
    }
    if (rest_.empty() || !IsSymbolStart(rest_[0])) {
      return Error("a number, a symbol or '('");
    }
    const size_t end =
        std::find_if_not(rest_.begin(), rest_.end(), IsSymbolChar) -
        rest_.begin();
    const absl::string_view name = rest_.substr(0, end);
    rest_.remove_prefix(end);
    if (name != "min" && name != "max") return Dim::Symbol(name);

    SkipSpaces();
    if (!Consume("(")) return Error(absl::StrCat("'(' after ", name));
    absl::StatusOr<Dim> left = ParseNested(",");
    if (!left.ok()) return left;
    absl::StatusOr<Dim> right = ParseNested(")");
    if (!right.ok()) return right;
    return Dim::Binary(name == "min" ? Op::kMin : Op::kMax, *std::move(left),
                       *std::move(right));
  }

  // An expression and what closes it.
  absl::StatusOr<Dim> ParseNested(absl::string_view close) {
    if (++nesting_ > kMaxNesting) {
      return Error(absl::StrCat("nesting of at most ", kMaxNesting));
    }
    absl::StatusOr<Dim> dim = ParseBinary(kAdditive);
    --nesting_;
    if (!dim.ok()) return dim;
    SkipSpaces();
    if (!Consume(close)) return Error(absl::StrCat("'", close, "'"));
    return dim;
  }

  absl::StatusOr<Dim> ParseNumber() {
    const absl::string_view start = rest_;
    const bool is_negative = Consume("-");
    if (is_negative) SkipSpaces();
    const size_t digits =
        std::find_if_not(rest_.begin(), rest_.end(), absl::ascii_isdigit) -
        rest_.begin();
    if (digits == 0) return Error("a number");
    int64_t value;
    if (!absl::SimpleAtoi(
            absl::StrCat(is_negative ? "-" : "", rest_.substr(0, digits)),
            &value)) {
      rest_ = start;
      return Error("a number of 64 bits");
    }
    rest_.remove_prefix(digits);
    return Dim(value);
  }

  std::optional<Op> ConsumeOperator(int precedence) {
    SkipSpaces();
    for (const Operator& row : kOperators) {
      if (row.precedence == precedence && Consume(row.token)) return row.op;
    }
    return std::nullopt;
  }

  bool Consume(absl::string_view token) {
    return absl::ConsumePrefix(&rest_, token);
  }
  void SkipSpaces() { rest_ = absl::StripLeadingAsciiWhitespace(rest_); }

  absl::Status Error(absl::string_view expected) const {
    return absl::InvalidArgumentError(
        absl::StrCat("size expression \"", text_.substr(0, 200), "\", column ",
                     text_.size() - rest_.size() + 1, ": expected ", expected));
  }

  absl::string_view text_;
  absl::string_view rest_;
  int nesting_ = 0;
  int operators_ = 0;
};

}  // namespace

struct Dim::Expression {
  Op op;
  std::string symbol;  // of kSymbol
  Dim left;            // of all others
  Dim right;

  // Appends the text, in brackets if it binds less tightly than
  // `min_precedence`.
  static void Append(const Dim& dim, int min_precedence, std::string* out);
};

Dim Dim::Symbol(absl::string_view name) {
  Dim dim;
  dim.expression_ = std::make_shared<const Expression>(
      Expression{Op::kSymbol, std::string(name), {}, {}});
  return dim;
}

Dim Dim::Binary(Op op, Dim left, Dim right) {
  if (left.is_number() && right.is_number()) {
    const std::optional<int64_t> value =
        Apply(op, left.number(), right.number());
    if (value.has_value()) return *value;
  }
  Dim dim;
  dim.expression_ = std::make_shared<const Expression>(
      Expression{op, "", std::move(left), std::move(right)});
  return dim;
}

absl::StatusOr<Dim> Dim::Parse(absl::string_view text) {
  return Parser(text).ParseAll();
}

void Dim::Expression::Append(const Dim& dim, int min_precedence,
                             std::string* out) {
  if (dim.is_number()) {
    absl::StrAppend(out, dim.value_);
    return;
  }
  const Expression& expression = *dim.expression_;
  if (expression.op == Op::kSymbol) {
    out->append(expression.symbol);
    return;
  }
  const Operator* row = FindOperator(expression.op);
  if (row == nullptr) {
    absl::StrAppend(out, FunctionName(expression.op), "(");
    Append(expression.left, kAdditive, out);
    out->append(", ");
    Append(expression.right, kAdditive, out);
    out->append(")");
    return;
  }
  const bool in_brackets = row->precedence < min_precedence;
  if (in_brackets) out->append("(");
  Append(expression.left, row->precedence, out);
  absl::StrAppend(out, row->printed);
  // All operators group to the left.
  Append(expression.right, row->precedence + 1, out);
  if (in_brackets) out->append(")");
}

std::string Dim::ToString() const {
  std::string text;
  Expression::Append(*this, kAdditive, &text);
  return text;
}

absl::StatusOr<int64_t> Dim::Evaluate(
    const std::map<std::string, int64_t>& symbols) const {
  if (is_number()) return value_;
  if (expression_->op == Op::kSymbol) {
    const auto found = symbols.find(expression_->symbol);
    if (found != symbols.end()) return found->second;
    return absl::NotFoundError(
        absl::StrCat("no value for the symbol ", expression_->symbol));
  }
  const absl::StatusOr<int64_t> left = expression_->left.Evaluate(symbols);
  if (!left.ok()) return left;
  const absl::StatusOr<int64_t> right = expression_->right.Evaluate(symbols);
  if (!right.ok()) return right;
  const std::optional<int64_t> value = Apply(expression_->op, *left, *right);
  if (value.has_value()) return *value;
  const bool divides =
      expression_->op == Op::kFloorDiv || expression_->op == Op::kMod;
  return absl::InvalidArgumentError(
      absl::StrCat(divides && *right == 0 ? "division by zero" : "overflow",
                   " in the size expression ", ToString()));
}

void Dim::CollectSymbols(std::vector<std::string>* names) const {
  if (is_number()) return;
  if (expression_->op == Op::kSymbol) {
    names->push_back(expression_->symbol);
    return;
  }
  expression_->left.CollectSymbols(names);
  expression_->right.CollectSymbols(names);
}

bool operator==(const Dim& a, const Dim& b) {
  if (a.is_number() || b.is_number()) {
    return a.is_number() && b.is_number() && a.value_ == b.value_;
  }
  if (a.expression_ == b.expression_) return true;
  return a.expression_->op == b.expression_->op &&
         a.expression_->symbol == b.expression_->symbol &&
         a.expression_->left == b.expression_->left &&
         a.expression_->right == b.expression_->right;
}

std::ostream& operator<<(std::ostream& out, const Dim& dim) {
  return out << dim.ToString();
}

}  // namespace flextorchir
