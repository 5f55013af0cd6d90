#ifndef FLEXTORCHIR_IR_DIM_H_
#define FLEXTORCHIR_IR_DIM_H_

#include <cstdint>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace flextorchir {

// A size: a number, or an expression over the symbols of the model
// ("batch", "(height + 1) // 2").
//
// A `Dim` is a small immutable value; copies share the expression. Expressions
// are kept in the form in which they were built, apart from constant folding;
// equality is structural. `ToString` and `Parse` are inverse to each other, and
// the string is what files hold:
//
//   expr  := term (("+" | "-") term)*
//   term  := factor (("*" | "//" | "%") factor)*      // floor division, modulo
//   factor:= number | symbol | "(" expr ")" | ("min" | "max") "(" expr "," expr
//            ")" | "-" number
//   symbol:= [A-Za-z_][A-Za-z0-9_]*  except "min" and "max"
class Dim {
 public:
  enum class Op { kSymbol, kAdd, kSub, kMul, kFloorDiv, kMod, kMin, kMax };

  Dim() = default;    // the number 0
  Dim(int64_t value)  // NOLINT: a number is a Dim
      : value_(value) {}
  static Dim Symbol(absl::string_view name);
  // `op` is not kSymbol. Two numbers fold, except where that would overflow or
  // divide by zero.
  static Dim Binary(Op op, Dim left, Dim right);

  // Errors: kInvalidArgument on anything but the grammar above, on numbers
  // outside int64 and on nesting deeper than 64.
  static absl::StatusOr<Dim> Parse(absl::string_view text);

  bool is_number() const { return expression_ == nullptr; }
  // The number; only if `is_number()`.
  int64_t number() const { return value_; }
  std::string ToString() const;

  // The value under an assignment of symbols.
  // Errors: kNotFound for a symbol that `symbols` lacks, kInvalidArgument for
  // division by zero or overflow.
  absl::StatusOr<int64_t> Evaluate(
      const std::map<std::string, int64_t>& symbols) const;

  // Appends the names of the symbols it reads, in order of appearance.
  void CollectSymbols(std::vector<std::string>* names) const;

  friend bool operator==(const Dim& a, const Dim& b);
  friend bool operator!=(const Dim& a, const Dim& b) { return !(a == b); }

 private:
  struct Expression;
  int64_t value_ = 0;
  std::shared_ptr<const Expression> expression_;
};

std::ostream& operator<<(std::ostream& out, const Dim& dim);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_IR_DIM_H_
