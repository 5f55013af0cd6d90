#ifndef FLEXTORCHIR_CONVERTER_DYNAMIC_SOLVE_SIZE_H_
#define FLEXTORCHIR_CONVERTER_DYNAMIC_SOLVE_SIZE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "flextorchir/ir/dim.h"

namespace flextorchir {

// A number as it was in each run; absent where a run says nothing of it.
using Samples = std::vector<std::optional<int64_t>>;

// Finds expressions for numbers that were seen in several runs of a model on
// inputs of different sizes.
//
//   SizeSolver solver(3);
//   solver.AddSymbol("height", {224, 225, 231});
//   solver.Solve({112, 113, 116}, {});  // (height + 1) // 2
//
// What fits is tried from the simplest on: a size that is known, then one with
// a factor, a summand or a divisor, then products, quotients and sums of sizes.
// An expression counts only if it agrees with every run, and if there are more
// runs on different sizes than it has numbers of its own (of two runs: if it
// has none): a line through two points proves nothing. Expressions of sizes
// near by (those of the tensors that a layer reads) go before all others.
class SizeSolver {
 public:
  explicit SizeSolver(size_t runs);

  size_t runs() const { return assignments_.size(); }
  // By run: what each symbol stands for.
  const std::vector<std::map<std::string, int64_t>>& assignments() const {
    return assignments_;
  }

  // A symbol with its value in each run. What was added is returned; of a name
  // that is taken nothing is added.
  Dim AddSymbol(absl::string_view name, absl::Span<const int64_t> values);
  bool HasSymbol(absl::string_view name) const;

  // The expression of what was observed; a number if it was always the same.
  // Nothing if none fits. `likely` are expressions that are tried first, as
  // they stand; `near` are sizes it may be made of. Expressions that are found
  // are known from then on.
  std::optional<Dim> Solve(const Samples& observed, absl::Span<const Dim> near,
                           absl::Span<const Dim> likely = {});

  // (size + summand) // divisor, in its simplest form: what convolutions and
  // pools make of a size. `divisor` is positive.
  Dim FloorDiv(const Dim& size, int64_t summand, int64_t divisor);

  // Whether the expression has these values in the runs.
  bool Agrees(const Dim& dim, const Samples& observed) const;

 private:
  using Values = std::vector<int64_t>;

  // An expression that is known: (root + summand) // divisor.
  struct Known {
    Dim dim;
    Dim root;
    int64_t summand = 0;
    int64_t divisor = 1;
    Values values;  // by run
  };
  class Search;

  // Nothing where it cannot be computed in some run.
  std::optional<Values> ValuesOf(const Dim& dim) const;
  // Null for numbers and for what cannot be computed.
  const Known* Know(const Dim& dim);
  Dim FloorDiv(const Known& size, int64_t summand, int64_t divisor);

  std::vector<std::map<std::string, int64_t>> assignments_;
  std::map<std::string, Known> known_;  // by text
  std::vector<std::string> symbols_;
  std::vector<std::string> order_;  // the texts of what is known
};

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_DYNAMIC_SOLVE_SIZE_H_
