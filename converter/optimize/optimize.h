#ifndef FLEXTORCHIR_CONVERTER_OPTIMIZE_OPTIMIZE_H_
#define FLEXTORCHIR_CONVERTER_OPTIMIZE_OPTIMIZE_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "flextorchir/ir/graph.h"

namespace flextorchir {

// Optional rewrites of a finished model. `Convert` returns what ran and nothing
// else; who wants fewer or larger layers asks for passes, by name. What they do
// is docs/passes.md.
//
// All of them hold to this:
//  * the model passes `Verify` before and after, and computes the same: the
//    same bits (`exact`), or the same up to rounding;
//  * inputs and outputs of the model keep their order, names and types, and so
//    do all values that are still there;
//  * a layer that was made of several lists the sources of all;
//  * only layers of standard kinds are rewritten. Placeholders, operator layers
//    (--layers=raw) and kinds of the user's own stay as they are.
struct OptimizationPass {
  std::string name;         // "fold_batch_norm"
  std::string description;  // one line
  // Whether the model computes the same bits afterwards (on one machine, with
  // the recorded strides, as the evaluator does).
  bool exact = false;
  // Rewrites a model. Returns how many rewrites it made. On an error the model
  // may be half rewritten: `Optimize` works on a copy.
  std::function<absl::StatusOr<int64_t>(Model& model)> run;
};

// The passes there are, in the order in which they are best run. An instance:
// passes of your own are added to a registry of your own.
class PassRegistry {
 public:
  // drop_no_ops, merge_reshapes, fold_constants, fold_batch_norm, warp_affine.
  static PassRegistry Standard();
  // Errors: kAlreadyExists; kInvalidArgument for a name that is empty or has
  // other characters than letters, digits and underscores.
  absl::Status Add(OptimizationPass pass);
  // Errors: kNotFound, listing what there is.
  absl::StatusOr<const OptimizationPass*> Find(absl::string_view name) const;
  absl::Span<const OptimizationPass> passes() const { return passes_; }

 private:
  std::vector<OptimizationPass> passes_;
};

struct OptimizeOptions {
  // By name, in the order in which they run; a pass may run more than once.
  // Empty: every pass of the registry, in its order.
  std::vector<std::string> passes;
  // Null: PassRegistry::Standard().
  const PassRegistry* registry = nullptr;
};

// What was done.
struct Optimization {
  struct Step {
    std::string pass;
    int64_t rewrites = 0;
  };
  std::vector<Step> steps;  // in the order in which they ran
  // Nothing was rewritten by a pass that is not exact.
  bool exact = true;

  int64_t rewrites() const;
  std::string ToString() const;  // "drop_no_ops 2, fold_batch_norm 53"
};

// By how much a value of a model that was not rewritten exactly may differ from
// the original's, in units of the largest magnitude among the elements of the
// expected value (of 1, if that is larger). It is that of the coarsest dtype
// that flows in the model: 1e-9 for f64, 1e-3 for f32, 2e-2 for f16, 1e-1 for
// bf16; 0 where nothing is rounded.
double OptimizationTolerance(const Model& model);

// Runs passes over a model, one after the other, and notes in the metadata
// (`kPassesKey`, comma-separated) the names of those that changed it. `Verify`
// is called after each. On any error the model is as it was before.
// Errors: kNotFound for a name that no pass has, before anything runs, listing
// what there is; kInvalidArgument for a model that does not pass `Verify`;
// those of passes, and kInternal where a pass has broken the model, naming the
// pass. No c10::Error escapes.
absl::StatusOr<Optimization> Optimize(Model* model,
                                      const OptimizeOptions& options = {});
inline constexpr char kPassesKey[] = "flextorchir.passes";

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_OPTIMIZE_OPTIMIZE_H_
