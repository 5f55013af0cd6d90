#include "flextorchir/converter/optimize/optimize.h"

#include <algorithm>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "flextorchir/converter/optimize/passes.h"
#include "flextorchir/ir/verify.h"
#include "flextorchir/torch_bridge/error_message.h"

namespace flextorchir {
namespace {

absl::StatusOr<int64_t> RunPass(const OptimizationPass& pass, Model& model) {
  try {
    return pass.run(model);
  } catch (const std::exception& error) {
    return absl::InternalError(ErrorMessage(error));
  }
}

double ToleranceOf(DType dtype) {
  switch (dtype) {
    case DType::kFloat64:
    case DType::kComplex128:
      return 1e-9;
    case DType::kFloat32:
    case DType::kComplex64:
      return 1e-3;
    case DType::kFloat16:
    case DType::kComplex32:
      return 2e-2;
    case DType::kBFloat16:
      return 1e-1;
    default:
      return 0;
  }
}

absl::Status Named(const OptimizationPass& pass, absl::StatusCode code,
                   absl::string_view message) {
  return absl::Status(code, absl::StrCat("pass ", pass.name, ": ", message));
}

}  // namespace

PassRegistry PassRegistry::Standard() {
  // In this order each pass finds what the ones before it have uncovered.
  PassRegistry registry;
  registry.passes_ = {
      {"drop_no_ops",
       "Drops layers whose result is their input: dropout in evaluation, "
       "identities, copies, reshapes, casts and expansions to what is there.",
       /*exact=*/true, DropNoOps},
      {"merge_reshapes",
       "Makes one layer of consecutive reshapes, and one of consecutive "
       "permutations.",
       /*exact=*/true, MergeReshapes},
      {"fold_constants",
       "Computes what is left that depends on weights alone, such as "
       "transposed parameters.",
       /*exact=*/true, FoldRemainingConstants},
      {"fold_batch_norm",
       "Folds batch norms into the weights of the convolution, transposed "
       "convolution or linear layer before or after them.",
       /*exact=*/false, FoldBatchNorm},
      {"warp_affine",
       "Makes one WarpAffine layer of an affine grid and the sampling with it.",
       /*exact=*/true, WarpAffine},
  };
  return registry;
}

absl::Status PassRegistry::Add(OptimizationPass pass) {
  const bool is_word =
      !pass.name.empty() &&
      std::all_of(pass.name.begin(), pass.name.end(), [](unsigned char c) {
        return absl::ascii_isalnum(c) || c == '_';
      });
  if (!is_word) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", pass.name,
                     "\" is no name for a pass: it takes letters, digits and "
                     "underscores"));
  }
  if (Find(pass.name).ok()) {
    return absl::AlreadyExistsError(
        absl::StrCat("there is a pass called ", pass.name, " already"));
  }
  passes_.push_back(std::move(pass));
  return absl::OkStatus();
}

absl::StatusOr<const OptimizationPass*> PassRegistry::Find(
    absl::string_view name) const {
  for (const OptimizationPass& pass : passes_) {
    if (pass.name == name) return &pass;
  }
  return absl::NotFoundError(absl::StrCat(
      "there is no pass called \"", name, "\"; there are ",
      absl::StrJoin(passes_, ", ", [](std::string* out, const auto& pass) {
        out->append(pass.name);
      })));
}

int64_t Optimization::rewrites() const {
  int64_t sum = 0;
  for (const Step& step : steps) sum += step.rewrites;
  return sum;
}

std::string Optimization::ToString() const {
  return absl::StrJoin(steps, ", ", [](std::string* out, const Step& step) {
    absl::StrAppend(out, step.pass, " ", step.rewrites);
  });
}

double OptimizationTolerance(const Model& model) {
  double tolerance = 0;
  for (const Graph& graph : model.graphs) {
    for (const Value& value : graph.values) {
      if (value.tensor() == nullptr) continue;
      tolerance = std::max(tolerance, ToleranceOf(value.tensor()->dtype));
    }
  }
  return tolerance;
}

absl::StatusOr<Optimization> Optimize(Model* model,
                                      const OptimizeOptions& options) {
  std::optional<PassRegistry> standard;
  if (options.registry == nullptr) standard = PassRegistry::Standard();
  const PassRegistry& registry =
      standard.has_value() ? *standard : *options.registry;
  std::vector<const OptimizationPass*> passes;
  for (const std::string& name : options.passes) {
    absl::StatusOr<const OptimizationPass*> pass = registry.Find(name);
    if (!pass.ok()) return pass.status();
    passes.push_back(*pass);
  }
  if (options.passes.empty()) {
    for (const OptimizationPass& pass : registry.passes()) {
      passes.push_back(&pass);
    }
  }
  if (absl::Status status = Verify(*model); !status.ok()) return status;

  Model rewritten = *model;  // shares the bytes of the weights
  Optimization optimization;
  // Behind those of an earlier call.
  std::vector<std::string> changed =
      absl::StrSplit(rewritten.metadata[kPassesKey], ',', absl::SkipEmpty());
  for (const OptimizationPass* pass : passes) {
    const absl::StatusOr<int64_t> rewrites = RunPass(*pass, rewritten);
    if (!rewrites.ok()) {
      return Named(*pass, rewrites.status().code(),
                   rewrites.status().message());
    }
    if (absl::Status status = Verify(rewritten); !status.ok()) {
      return Named(*pass, absl::StatusCode::kInternal,
                   absl::StrCat("the rewritten model is not right (this is a "
                                "bug of the pass): ",
                                status.message()));
    }
    optimization.steps.push_back({pass->name, *rewrites});
    if (*rewrites == 0) continue;
    optimization.exact &= pass->exact;
    if (std::find(changed.begin(), changed.end(), pass->name) ==
        changed.end()) {
      changed.push_back(pass->name);
    }
  }
  if (changed.empty()) {
    rewritten.metadata.erase(kPassesKey);
  } else {
    rewritten.metadata[kPassesKey] = absl::StrJoin(changed, ",");
  }
  *model = std::move(rewritten);
  return optimization;
}

}  // namespace flextorchir
