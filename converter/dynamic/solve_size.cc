#include "flextorchir/converter/dynamic/solve_size.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "flextorchir/ir/dim.h"

namespace flextorchir {
namespace {

using Op = Dim::Op;

// What is searched through: bounds of the time it takes, far above what models
// do.
constexpr int64_t kMaxDivisor = 256;
constexpr int64_t kMaxFactor = 64;  // of a factor and a divisor together
constexpr size_t kMaxFactors = 6;   // sizes of one product
constexpr size_t kMaxRemembered = 96;
constexpr size_t kFewPoints = 3;
// Above this nothing is a size, and products might overflow.
constexpr int64_t kMaxNumber = int64_t{1} << 40;

int64_t FloorDivide(int64_t a, int64_t b) {
  return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

// dim + number.
Dim Plus(Dim dim, int64_t number) {
  if (number == 0) return dim;
  if (number < 0 && number != INT64_MIN) {
    return Dim::Binary(Op::kSub, std::move(dim), -number);
  }
  return Dim::Binary(Op::kAdd, std::move(dim), number);
}

Dim Times(Dim dim, int64_t number) {
  if (number == 1) return dim;
  return Dim::Binary(Op::kMul, std::move(dim), number);
}

Dim Product(absl::Span<const Dim> dims) {
  Dim product = dims[0];
  for (size_t i = 1; i < dims.size(); ++i) {
    product = Dim::Binary(Op::kMul, std::move(product), dims[i]);
  }
  return product;
}

}  // namespace

SizeSolver::SizeSolver(size_t runs) : assignments_(runs) {}

Dim SizeSolver::AddSymbol(absl::string_view name,
                          absl::Span<const int64_t> values) {
  Dim symbol = Dim::Symbol(name);
  if (HasSymbol(name)) return symbol;
  for (size_t run = 0; run < runs(); ++run) {
    assignments_[run][std::string(name)] = values[run];
  }
  symbols_.emplace_back(name);
  Know(symbol);
  return symbol;
}

bool SizeSolver::HasSymbol(absl::string_view name) const {
  return std::find(symbols_.begin(), symbols_.end(), name) != symbols_.end();
}

std::optional<SizeSolver::Values> SizeSolver::ValuesOf(const Dim& dim) const {
  Values values;
  for (const auto& assignment : assignments_) {
    const absl::StatusOr<int64_t> value = dim.Evaluate(assignment);
    if (!value.ok()) return std::nullopt;
    values.push_back(*value);
  }
  return values;
}

const SizeSolver::Known* SizeSolver::Know(const Dim& dim) {
  if (dim.is_number()) return nullptr;
  std::string text = dim.ToString();
  const auto found = known_.find(text);
  if (found != known_.end()) return &found->second;
  std::optional<Values> values = ValuesOf(dim);
  if (!values.has_value()) return nullptr;
  order_.push_back(text);
  Known known{dim, dim, 0, 1, *std::move(values)};
  return &known_.emplace(std::move(text), std::move(known)).first->second;
}

Dim SizeSolver::FloorDiv(const Known& size, int64_t summand, int64_t divisor) {
  // (floor((r + s) / d) + s') // d' is floor((r + s + s' * d) / (d * d')).
  int64_t sum;
  int64_t quotient;
  if (__builtin_mul_overflow(summand, size.divisor, &sum) ||
      __builtin_add_overflow(sum, size.summand, &sum) ||
      __builtin_mul_overflow(divisor, size.divisor, &quotient)) {
    return Dim::Binary(Op::kFloorDiv, Plus(size.dim, summand), divisor);
  }
  const Dim root = size.root;
  Dim dim = Plus(root, sum);
  if (quotient != 1) dim = Dim::Binary(Op::kFloorDiv, dim, quotient);
  std::string text = dim.ToString();
  if (known_.count(text) == 0) {
    if (std::optional<Values> values = ValuesOf(dim)) {
      order_.push_back(text);
      known_.emplace(std::move(text),
                     Known{dim, root, sum, quotient, *std::move(values)});
    }
  }
  return dim;
}

Dim SizeSolver::FloorDiv(const Dim& size, int64_t summand, int64_t divisor) {
  if (size.is_number()) return FloorDivide(size.number() + summand, divisor);
  const Known* known = Know(size);
  if (known != nullptr) return FloorDiv(*known, summand, divisor);
  return Dim::Binary(Op::kFloorDiv, Plus(size, summand), divisor);
}

bool SizeSolver::Agrees(const Dim& dim, const Samples& observed) const {
  for (size_t run = 0; run < runs(); ++run) {
    if (!observed[run].has_value()) continue;
    const absl::StatusOr<int64_t> value = dim.Evaluate(assignments_[run]);
    if (!value.ok() || *value != *observed[run]) return false;
  }
  return true;
}

// One call of `Solve`, where the number was not the same in all runs.
class SizeSolver::Search {
 public:
  Search(SizeSolver& solver, const Samples& observed,
         absl::Span<const Dim> near)
      : solver_(solver) {
    std::set<std::map<std::string, int64_t>> different;
    for (size_t run = 0; run < solver.runs(); ++run) {
      if (!observed[run].has_value()) continue;
      runs_.push_back(run);
      numbers_.push_back(*observed[run]);
      different.insert(solver.assignments_[run]);
    }
    points_ = different.size();
    for (const Dim& dim : near) {
      if (const Known* known = solver.Know(dim)) Add(*known, &near_);
    }
    for (const std::string& symbol : solver.symbols_) {
      Add(solver.known_.at(symbol), &symbols_);
    }
    const size_t count = solver.order_.size();
    const size_t first = count > kMaxRemembered ? count - kMaxRemembered : 0;
    for (size_t i = first; i < count; ++i) {
      Add(solver.known_.at(solver.order_[i]), &remembered_);
    }
    both_ = near_;
    for (const Known& symbol : symbols_) Add(symbol, &both_);
    all_ = both_;
    for (const Known& known : remembered_) Add(known, &all_);
    // There are many of these: one more number fits them by chance.
    loose_ = points_ > kFewPoints ? all_ : both_;
  }

  std::optional<Dim> Run() {
    // From the simplest on; `points_` bounds what may be concluded. (Through
    // two points goes an expression of every sort with a number of its own.)
    using Try = std::optional<Dim> (Search::*)();
    const struct {
      Try attempt;
      size_t least_points;
    } kAttempts[] = {
        {&Search::Same, 1},         {&Search::Scaled, 3},
        {&Search::Products, 3},     {&Search::Shifted, 3},
        {&Search::Divided, 3},      {&Search::Rounded, 3},
        {&Search::Sums, 3},         {&Search::Line, 3},
        {&Search::Window, 3},       {&Search::Quotients, 3},
        {&Search::Bounded, 3},      {&Search::Polynomial, 3},
        {&Search::ScaledWindow, 4},
    };
    for (const auto& row : kAttempts) {
      if (points_ < row.least_points) continue;
      if (std::optional<Dim> dim = (this->*row.attempt)()) return dim;
    }
    return std::nullopt;
  }

 private:
  static void Add(const Known& known, std::vector<Known>* list) {
    for (const Known& other : *list) {
      if (other.dim == known.dim) return;
    }
    list->push_back(known);
  }

  int64_t At(const Known& size, size_t point) const {
    return size.values[runs_[point]];
  }
  // Whether `value(point)` is what was observed, at each point.
  template <typename Value>
  bool Fits(const Value& value) const {
    for (size_t p = 0; p < numbers_.size(); ++p) {
      if (value(p) != numbers_[p]) return false;
    }
    return true;
  }

  std::optional<Dim> Same() {
    for (const Known& size : all_) {
      if (Fits([&](size_t p) { return At(size, p); })) return size.dim;
    }
    return std::nullopt;
  }

  // size * factor.
  std::optional<int64_t> Factor(const Known& size) const {
    const int64_t first = At(size, 0);
    if (first == 0 || numbers_[0] % first != 0) return std::nullopt;
    const int64_t factor = numbers_[0] / first;
    if (!Fits([&](size_t p) { return At(size, p) * factor; })) {
      return std::nullopt;
    }
    return factor;
  }
  std::optional<Dim> Scaled() {
    for (const Known& size : all_) {
      if (const auto factor = Factor(size)) return Times(size.dim, *factor);
    }
    return std::nullopt;
  }

  std::optional<Dim> Shifted() {
    for (const Known& size : loose_) {
      const int64_t summand = numbers_[0] - At(size, 0);
      if (Fits([&](size_t p) { return At(size, p) + summand; })) {
        return solver_.FloorDiv(size, summand, 1);
      }
    }
    return std::nullopt;
  }

  // Rounded down, or up.
  std::optional<Dim> Divided() {
    for (const Known& size : loose_) {
      for (int64_t divisor = 2; divisor <= kMaxDivisor; ++divisor) {
        for (int64_t summand : {int64_t{0}, divisor - 1}) {
          if (Fits([&](size_t p) {
                return FloorDivide(At(size, p) + summand, divisor);
              })) {
            return solver_.FloorDiv(size, summand, divisor);
          }
        }
      }
    }
    return std::nullopt;
  }

  // To a multiple; and what is missing to one, or left of one.
  std::optional<Dim> Rounded() {
    for (const Known& size : both_) {
      for (int64_t unit = 2; unit <= kMaxDivisor; ++unit) {
        for (int64_t summand : {unit - 1, int64_t{0}}) {
          if (Fits([&](size_t p) {
                return FloorDivide(At(size, p) + summand, unit) * unit;
              })) {
            return Times(solver_.FloorDiv(size, summand, unit), unit);
          }
        }
        const auto left = [&](int64_t n) {
          return n - FloorDivide(n, unit) * unit;
        };
        if (Fits([&](size_t p) { return left(-At(size, p)); })) {
          return Dim::Binary(Op::kMod, Dim::Binary(Op::kSub, 0, size.dim),
                             unit);
        }
        if (Fits([&](size_t p) { return left(At(size, p)); })) {
          return Dim::Binary(Op::kMod, size.dim, unit);
        }
      }
    }
    return std::nullopt;
  }

  // size * factor + summand.
  std::optional<Dim> Line() {
    for (const Known& size : both_) {
      size_t other = 1;
      while (other < numbers_.size() && At(size, other) == At(size, 0)) ++other;
      if (other == numbers_.size()) continue;
      const int64_t rise = numbers_[other] - numbers_[0];
      const int64_t run = At(size, other) - At(size, 0);
      if (rise % run != 0) continue;
      const int64_t factor = rise / run;
      const int64_t summand = numbers_[0] - factor * At(size, 0);
      if (Fits([&](size_t p) { return At(size, p) * factor + summand; })) {
        return Plus(Times(size.dim, factor), summand);
      }
    }
    return std::nullopt;
  }

  // The summands c for which (factor * size + c) // divisor fits, as a range;
  // the one that is closest to rounding up or down.
  std::optional<int64_t> WindowSummand(const Known& size, int64_t factor,
                                       int64_t divisor) const {
    int64_t low = INT64_MIN;
    int64_t high = INT64_MAX;
    for (size_t p = 0; p < numbers_.size(); ++p) {
      const int64_t least = numbers_[p] * divisor - factor * At(size, p);
      low = std::max(low, least);
      high = std::min(high, least + divisor - 1);
    }
    if (low > high) return std::nullopt;
    for (int64_t wanted : {int64_t{0}, divisor - 1, int64_t{1}, int64_t{-1}}) {
      if (low <= wanted && wanted <= high) return wanted;
    }
    return std::abs(low) < std::abs(high) ? low : high;
  }
  std::optional<Dim> Window() {
    for (const Known& size : both_) {
      for (int64_t divisor = 2; divisor <= kMaxFactor; ++divisor) {
        if (const auto summand = WindowSummand(size, 1, divisor)) {
          return solver_.FloorDiv(size, *summand, divisor);
        }
      }
    }
    return std::nullopt;
  }
  std::optional<Dim> ScaledWindow() {
    for (const Known& size : both_) {
      for (int64_t divisor = 2; divisor <= kMaxFactor; ++divisor) {
        for (int64_t factor = 2; factor <= kMaxFactor; ++factor) {
          if (std::gcd(factor, divisor) != 1) continue;
          const auto summand = WindowSummand(size, factor, divisor);
          if (!summand.has_value()) continue;
          return Dim::Binary(Op::kFloorDiv,
                             Plus(Times(size.dim, factor), *summand), divisor);
        }
      }
    }
    return std::nullopt;
  }

  // The products of some of the sizes, the shortest first.
  struct Combined {
    std::vector<Dim> dims;
    Values values;  // by point
  };
  std::vector<Combined> Combinations(std::vector<Known> sizes) const {
    if (sizes.size() > kMaxFactors) sizes.resize(kMaxFactors);
    std::vector<Combined> result;
    for (uint32_t set = 1; set < uint32_t{1} << sizes.size(); ++set) {
      Combined combined{{}, Values(numbers_.size(), 1)};
      bool overflows = false;
      for (size_t i = 0; i < sizes.size(); ++i) {
        if ((set >> i & 1) == 0) continue;
        combined.dims.push_back(sizes[i].dim);
        for (size_t p = 0; p < numbers_.size(); ++p) {
          overflows |= __builtin_mul_overflow(
              combined.values[p], At(sizes[i], p), &combined.values[p]);
        }
      }
      if (!overflows) result.push_back(std::move(combined));
    }
    std::stable_sort(result.begin(), result.end(),
                     [](const Combined& a, const Combined& b) {
                       return a.dims.size() < b.dims.size();
                     });
    return result;
  }

  // A product of sizes, with a factor: of those near by, also twice the same.
  std::optional<Dim> Products() {
    std::vector<Known> twice;
    for (const Known& size : near_) {
      twice.push_back(size);
      twice.push_back(size);
    }
    for (const std::vector<Known>& sizes :
         {near_, both_, twice, symbols_, remembered_}) {
      for (const Combined& product : Combinations(sizes)) {
        if (product.dims.size() < 2) continue;
        const int64_t first = product.values[0];
        if (first == 0 || numbers_[0] % first != 0) continue;
        const int64_t factor = numbers_[0] / first;
        if (Fits([&](size_t p) { return product.values[p] * factor; })) {
          return Times(Product(product.dims), factor);
        }
      }
    }
    return std::nullopt;
  }

  // A product divided by a number, or by another product.
  std::optional<Dim> Quotients() {
    const std::vector<Combined> products = Combinations(both_);
    for (const Combined& product : products) {
      for (int64_t divisor = 2; divisor <= kMaxDivisor; ++divisor) {
        if (Fits([&](size_t p) {
              return FloorDivide(product.values[p], divisor);
            })) {
          return Dim::Binary(Op::kFloorDiv, Product(product.dims), divisor);
        }
      }
    }
    for (const Combined& above : products) {
      for (const Combined& below : products) {
        for (const int64_t factor : Factors(above, below)) {
          if (Fits([&](size_t p) {
                return FloorDivide(above.values[p] * factor, below.values[p]);
              })) {
            return Dim::Binary(Op::kFloorDiv,
                               Times(Product(above.dims), factor),
                               Product(below.dims));
          }
        }
      }
    }
    return std::nullopt;
  }
  // What `above` may be multiplied with so that divided by `below` it fits.
  std::vector<int64_t> Factors(const Combined& above,
                               const Combined& below) const {
    for (size_t p = 0; p < numbers_.size(); ++p) {
      if (below.values[p] <= 0 || above.values[p] <= 0) return {};
    }
    if (above.dims == below.dims) return {};
    int64_t wanted;
    if (__builtin_mul_overflow(numbers_[0], below.values[0], &wanted)) {
      return {};
    }
    const int64_t factor = wanted / above.values[0];
    if (factor < 1 || wanted % above.values[0] != 0) return {1};
    return {factor};
  }

  // Two sizes added or subtracted, and a number.
  std::optional<Dim> Sums() {
    for (const bool with_number : {false, true}) {
      for (const std::vector<Known>* sizes : {&both_, &loose_}) {
        for (size_t i = 0; i < sizes->size(); ++i) {
          for (size_t j = 0; j < sizes->size(); ++j) {
            for (const int64_t sign : {1, -1}) {
              const Known& a = (*sizes)[i];
              const Known& b = (*sizes)[j];
              if (sign == 1 ? j <= i : j == i) continue;
              const int64_t summand =
                  with_number ? numbers_[0] - At(a, 0) - sign * At(b, 0) : 0;
              if (Fits([&](size_t p) {
                    return At(a, p) + sign * At(b, p) + summand;
                  })) {
                return Plus(
                    Dim::Binary(sign == 1 ? Op::kAdd : Op::kSub, a.dim, b.dim),
                    summand);
              }
            }
          }
        }
      }
    }
    return std::nullopt;
  }

  // A size, but not above, or not below a number. The number must have been
  // seen twice.
  std::optional<Dim> Bounded() {
    for (const int64_t bound :
         {*std::max_element(numbers_.begin(), numbers_.end()),
          *std::min_element(numbers_.begin(), numbers_.end())}) {
      if (std::count(numbers_.begin(), numbers_.end(), bound) < 2) continue;
      for (const Known& size : loose_) {
        if (Fits([&](size_t p) { return std::min(At(size, p), bound); })) {
          return Dim::Binary(Op::kMin, size.dim, bound);
        }
        if (Fits([&](size_t p) { return std::max(At(size, p), bound); })) {
          return Dim::Binary(Op::kMax, size.dim, bound);
        }
      }
    }
    return std::nullopt;
  }

  // factor * product + factor * product (+ number), with whole factors.
  std::optional<Dim> Polynomial() {
    const std::vector<Combined> products = Combinations(both_);
    for (const bool with_number : {false, true}) {
      if (points_ <= (with_number ? 3 : 2)) continue;
      for (size_t i = 0; i < products.size(); ++i) {
        for (size_t j = i + 1; j < products.size(); ++j) {
          if (auto dim = Terms(products[i], products[j], with_number)) {
            return dim;
          }
        }
      }
    }
    return std::nullopt;
  }
  std::optional<Dim> Terms(const Combined& a, const Combined& b,
                           bool with_number) const {
    // Differences to the first point take the number out.
    const size_t first = with_number ? 1 : 0;
    const auto less = [&](const Values& values, size_t p) {
      return with_number ? values[p] - values[0] : values[p];
    };
    for (size_t p = first; p < numbers_.size(); ++p) {
      for (size_t q = p + 1; q < numbers_.size(); ++q) {
        // Cramer's rule, in numbers that cannot overflow.
        const __int128 ap = less(a.values, p);
        const __int128 aq = less(a.values, q);
        const __int128 bp = less(b.values, p);
        const __int128 bq = less(b.values, q);
        const __int128 yp = less(numbers_, p);
        const __int128 yq = less(numbers_, q);
        const __int128 determinant = ap * bq - aq * bp;
        if (determinant == 0) continue;
        if ((yp * bq - yq * bp) % determinant != 0 ||
            (ap * yq - aq * yp) % determinant != 0) {
          return std::nullopt;
        }
        const auto fa = static_cast<int64_t>((yp * bq - yq * bp) / determinant);
        const auto fb = static_cast<int64_t>((ap * yq - aq * yp) / determinant);
        if (fa == 0 || fb == 0) return std::nullopt;
        const int64_t summand =
            with_number ? numbers_[0] - fa * a.values[0] - fb * b.values[0] : 0;
        if (!Fits([&](size_t k) {
              return fa * a.values[k] + fb * b.values[k] + summand;
            })) {
          return std::nullopt;
        }
        Dim sum = Times(Product(a.dims), fa);
        sum = fb < 0 ? Dim::Binary(Op::kSub, std::move(sum),
                                   Times(Product(b.dims), -fb))
                     : Dim::Binary(Op::kAdd, std::move(sum),
                                   Times(Product(b.dims), fb));
        return Plus(std::move(sum), summand);
      }
    }
    return std::nullopt;
  }

  SizeSolver& solver_;
  std::vector<size_t> runs_;  // those that have the number: the points
  Values numbers_;            // by point
  size_t points_ = 0;         // on different sizes
  std::vector<Known> near_;
  std::vector<Known> symbols_;
  std::vector<Known> remembered_;
  std::vector<Known> both_;   // near, then symbols
  std::vector<Known> all_;    // ... then what is remembered
  std::vector<Known> loose_;  // what may have a summand or a divisor
};

std::optional<Dim> SizeSolver::Solve(const Samples& observed,
                                     absl::Span<const Dim> near,
                                     absl::Span<const Dim> likely) {
  std::set<int64_t> numbers;
  for (const std::optional<int64_t>& number : observed) {
    if (number.has_value()) numbers.insert(*number);
  }
  if (numbers.empty()) return std::nullopt;
  if (numbers.size() == 1) return Dim(*numbers.begin());
  if (*numbers.begin() < -kMaxNumber || *numbers.rbegin() > kMaxNumber) {
    return std::nullopt;
  }
  for (const Dim& dim : likely) {
    if (Agrees(dim, observed)) {
      Know(dim);
      return dim;
    }
  }
  std::optional<Dim> found = Search(*this, observed, near).Run();
  if (found.has_value()) Know(*found);
  return found;
}

}  // namespace flextorchir
