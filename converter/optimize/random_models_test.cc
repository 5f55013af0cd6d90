#include "flextorchir/converter/optimize/random_models.h"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <map>
#include <ostream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ATen/ATen.h"
#include "ATen/Parallel.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "flextorchir/converter/optimize/optimize.h"
#include "flextorchir/converter/optimize/optimize_conversion.h"
#include "flextorchir/evaluator/compare.h"
#include "flextorchir/evaluator/evaluator.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/text.h"
#include "flextorchir/ir/verify.h"
#include "gtest/gtest.h"

namespace flextorchir {
namespace {

struct Case {
  std::string pass;  // empty: all of them
  Focus focus;
  // Of the models, in percent, at least so many are rewritten.
  int rewritten;
};

// Every pass has a row (see EveryPassIsTestedAndDescribed).
const Case kCases[] = {
    {"drop_no_ops", Focus::kNoOps, 80},
    {"merge_reshapes", Focus::kReshapes, 80},
    {"fold_constants", Focus::kConstants, 80},
    {"fold_batch_norm", Focus::kBatchNorms, 60},
    {"warp_affine", Focus::kAffineGrids, 60},
    {"drop_no_ops", Focus::kEverything, 20},
    {"merge_reshapes", Focus::kEverything, 20},
    {"fold_constants", Focus::kEverything, 20},
    {"fold_batch_norm", Focus::kEverything, 20},
    {"warp_affine", Focus::kEverything, 20},
    {"", Focus::kEverything, 80},
};
constexpr uint32_t kModels = 400;

std::string NameOf(const Case& test) {
  return absl::StrCat(
      test.pass.empty() ? "all" : test.pass,
      test.focus == Focus::kEverything ? "_among_all_layers" : "");
}
void PrintTo(const Case& test, std::ostream* out) { *out << NameOf(test); }

// What a model returns, and every value of graphs[0] that a layer makes.
struct Evaluation {
  std::vector<c10::IValue> outputs;
  std::map<std::string, at::Tensor> values;
};

absl::StatusOr<Evaluation> RunModel(const Model& model,
                                    const std::vector<c10::IValue>& inputs) {
  Evaluation run;
  EvaluatorOptions options;
  options.observer = [&](const Graph& graph, const Layer& layer,
                         const std::vector<c10::IValue>& results) {
    size_t next = 0;
    for (const Slot& slot : layer.outputs) {
      for (ValueId value : slot.values) {
        const c10::IValue& result = results[next++];
        if (value != kAbsent) {
          run.values[graph.value(value).name] = result.toTensor();
        }
      }
    }
    return absl::OkStatus();
  };
  const auto evaluator = Evaluator::Create(model, options);
  if (!evaluator.ok()) return evaluator.status();
  auto outputs = (*evaluator)->Run(inputs);
  if (!outputs.ok()) return outputs.status();
  run.outputs = *std::move(outputs);
  return run;
}

// Empty if `actual` is what was expected, bit for bit or as near as a rewritten
// `model` may be.
std::string Differs(const at::Tensor& expected, const at::Tensor& actual,
                    const Model* model) {
  const Difference difference = Compare(expected, actual);
  if (difference.identical) return "";
  if (model != nullptr && IsNearEnough(*model, expected, difference)) return "";
  return difference.ToString();
}

std::vector<std::string> InterfaceNames(const Graph& graph) {
  std::vector<std::string> names;
  for (const auto* values : {&graph.inputs, &graph.outputs}) {
    for (ValueId value : *values) {
      names.push_back(absl::StrCat(graph.value(value).name, ": ",
                                   graph.value(value).TypeString()));
    }
  }
  return names;
}

// Layers that no pass may rewrite, without what they read and write.
std::vector<std::string> ForeignLayers(const Graph& graph) {
  std::vector<std::string> foreign;
  for (const Layer& layer : graph.layers) {
    if (layer.target.empty() && layer.bodies.empty()) continue;
    foreign.push_back(absl::StrCat(layer.kind, " ", layer.name, " ",
                                   layer.target, " ", layer.bodies.size(), " ",
                                   layer.attributes.size()));
  }
  return foreign;
}

std::set<std::string> SourceOps(const Graph& graph) {
  std::set<std::string> ops;
  for (const Layer& layer : graph.layers) {
    for (const Source& source : layer.sources) ops.insert(source.op);
  }
  return ops;
}

class RandomModelsTest : public ::testing::TestWithParam<Case> {};

TEST_P(RandomModelsTest, ComputeTheSame) {
  at::set_num_threads(1);  // the models are tiny
  int rewritten = 0;
  for (uint32_t seed = 0; seed < kModels; ++seed) {
    const RandomModel random = MakeRandomModel(GetParam().focus, seed);
    const Model& before = random.model;
    SCOPED_TRACE(absl::StrCat("seed ", seed, "\n", ToText(before)));
    ASSERT_TRUE(Verify(before).ok()) << Verify(before);
    Model after = before;
    OptimizeOptions options;
    if (!GetParam().pass.empty()) options.passes = {GetParam().pass};
    const absl::StatusOr<Optimization> done = Optimize(&after, options);
    ASSERT_TRUE(done.ok()) << done.status();
    SCOPED_TRACE(absl::StrCat("after: ", ToText(after)));
    if (done->rewrites() > 0) ++rewritten;
    EXPECT_EQ(after == before, done->rewrites() == 0);

    ASSERT_TRUE(Verify(after).ok()) << Verify(after);
    EXPECT_EQ(InterfaceNames(after.main()), InterfaceNames(before.main()));
    EXPECT_EQ(ForeignLayers(after.main()), ForeignLayers(before.main()));
    // Nothing is dropped without a trace by what only merges layers.
    if (GetParam().pass == "fold_batch_norm" ||
        GetParam().pass == "warp_affine") {
      EXPECT_EQ(SourceOps(after.main()), SourceOps(before.main()));
    }

    const absl::StatusOr<Evaluation> expected = RunModel(before, random.inputs);
    const absl::StatusOr<Evaluation> actual = RunModel(after, random.inputs);
    ASSERT_TRUE(expected.ok()) << expected.status();
    ASSERT_TRUE(actual.ok()) << actual.status();
    const Model* const rounded = done->exact ? nullptr : &before;
    for (size_t i = 0; i < random.outputs.size(); ++i) {
      ASSERT_EQ(Differs(random.outputs[i].toTensor(),
                        expected->outputs[i].toTensor(), nullptr),
                "")
          << "output " << i << " before";
      ASSERT_EQ(Differs(expected->outputs[i].toTensor(),
                        actual->outputs[i].toTensor(), rounded),
                "")
          << "output " << i;
    }
    for (const auto& [name, content] : actual->values) {
      ASSERT_EQ(expected->values.count(name), 1) << name;
      ASSERT_EQ(Differs(expected->values.at(name), content, rounded), "")
          << name;
    }
  }
  EXPECT_GE(rewritten * 100, GetParam().rewritten * static_cast<int>(kModels))
      << "only " << rewritten << " of " << kModels;
}

INSTANTIATE_TEST_SUITE_P(All, RandomModelsTest, ::testing::ValuesIn(kCases),
                         [](const ::testing::TestParamInfo<Case>& info) {
                           return NameOf(info.param);
                         });

TEST(PassRegistryTest, EveryPassIsTestedAndDescribed) {
  std::ifstream file("docs/passes.md");
  ASSERT_TRUE(file);
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  const PassRegistry registry = PassRegistry::Standard();
  for (const OptimizationPass& pass : registry.passes()) {
    EXPECT_TRUE(absl::StrContains(page, absl::StrCat("| `", pass.name, "` |")))
        << "docs/passes.md has no row for " << pass.name;
    EXPECT_TRUE(std::any_of(std::begin(kCases), std::end(kCases),
                            [&](const Case& test) {
                              return test.pass == pass.name &&
                                     test.focus != Focus::kEverything;
                            }))
        << "kCases has no row for " << pass.name;
    EXPECT_FALSE(pass.description.empty());
    EXPECT_FALSE(absl::StrContains(pass.description, "\n"));
  }
}

}  // namespace
}  // namespace flextorchir
