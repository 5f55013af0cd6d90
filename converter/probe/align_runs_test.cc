#include "flextorchir/converter/probe/align_runs.h"

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "ATen/ATen.h"
#include "flextorchir/converter/probe/perturb_inputs.h"
#include "gtest/gtest.h"

namespace flextorchir {
namespace {

// -- AlignSequences

int64_t Matches(const std::vector<int32_t>& pairs) {
  return static_cast<int64_t>(pairs.size()) -
         std::count(pairs.begin(), pairs.end(), kAbsent);
}

void ExpectPairs(const std::vector<int32_t>& a, const std::vector<int32_t>& b,
                 const std::vector<int32_t>& pairs) {
  ASSERT_EQ(pairs.size(), a.size());
  int32_t last = -1;
  for (size_t i = 0; i < a.size(); ++i) {
    if (pairs[i] == kAbsent) continue;
    ASSERT_GT(pairs[i], last);
    last = pairs[i];
    ASSERT_LT(last, static_cast<int32_t>(b.size()));
    EXPECT_EQ(a[i], b[last]);
  }
}

// The length of a longest common subsequence, by the textbook.
int64_t LongestCommon(const std::vector<int32_t>& a,
                      const std::vector<int32_t>& b) {
  std::vector<int64_t> row(b.size() + 1);
  for (int32_t key : a) {
    int64_t diagonal = 0;
    for (size_t j = 0; j < b.size(); ++j) {
      const int64_t above = row[j + 1];
      row[j + 1] = key == b[j] ? diagonal + 1 : std::max(above, row[j]);
      diagonal = above;
    }
  }
  return row.back();
}

TEST(AlignSequencesTest, FindsAsManyPairsAsThereAre) {
  std::mt19937 random(0);
  for (int trial = 0; trial < 3000; ++trial) {
    const auto make = [&] {
      std::vector<int32_t> keys(random() % 24);
      const int32_t kinds = 1 + random() % 5;
      for (int32_t& key : keys) key = random() % kinds;
      return keys;
    };
    const std::vector<int32_t> a = make();
    const std::vector<int32_t> b = make();
    const std::vector<int32_t> pairs = AlignSequences(a, b);
    ExpectPairs(a, b, pairs);
    ASSERT_EQ(Matches(pairs), LongestCommon(a, b)) << "trial " << trial;
  }
}

TEST(AlignSequencesTest, ComesTogetherAfterALongDifference) {
  // 20,000 equal, 5,000 that have nothing in common, 20,000 equal.
  std::vector<int32_t> a, b;
  for (int32_t i = 0; i < 45000; ++i) {
    const bool differs = i >= 20000 && i < 25000;
    a.push_back(differs ? 100000 + i : i % 1000);
    b.push_back(differs ? 200000 + i : i % 1000);
  }
  const std::vector<int32_t> pairs = AlignSequences(a, b);
  ExpectPairs(a, b, pairs);
  EXPECT_EQ(Matches(pairs), 40000);
}

TEST(AlignSequencesTest, GivesUpTheBestWayWhereNothingIsInCommon) {
  std::vector<int32_t> a, b;
  std::mt19937 random(0);
  for (int32_t i = 0; i < 8000; ++i) {
    a.push_back(random() % 50);
    b.push_back(random() % 50);
  }
  const std::vector<int32_t> pairs = AlignSequences(a, b);
  ExpectPairs(a, b, pairs);
  EXPECT_GT(Matches(pairs), 500);
}

// -- PerturbInputs

at::Tensor Perturbed(const at::Tensor& x,
                     Perturbation how = Perturbation::kStrong) {
  return PerturbInputs({{x}, {}}, {}, how).args[0].toTensor();
}

TEST(PerturbInputsTest, ChangesNumbersWithinTheirRange) {
  for (at::ScalarType type :
       {at::kFloat, at::kDouble, at::kHalf, at::kBFloat16}) {
    const at::Tensor x = (at::rand({64, 8}) * 9 + 1).to(type);
    const at::Tensor y = Perturbed(x);
    EXPECT_EQ(y.scalar_type(), type);
    EXPECT_EQ(y.sizes(), x.sizes());
    EXPECT_FALSE(y.is_same(x));
    EXPECT_GT(x.ne(y).sum().item<int64_t>(), 480);
    EXPECT_GE(y.min().item<double>(), x.min().item<double>());
    EXPECT_LE(y.max().item<double>(), x.max().item<double>());
    // What was less is not more.
    const at::Tensor order = x.flatten().argsort();
    EXPECT_TRUE(
        y.flatten().index_select(0, order).diff().ge(0).all().item<bool>());
  }
}

TEST(PerturbInputsTest, MovesTheMeanAcrossTheMiddle) {
  const at::Tensor x = at::randn({1000});
  EXPECT_NE((Perturbed(x).mean() > 0).item<bool>(),
            (x.mean() > 0).item<bool>());
  EXPECT_NE((Perturbed(x) > 0).sum().item<int64_t>(),
            (x > 0).sum().item<int64_t>());
  const at::Tensor image = at::rand({1000});
  EXPECT_NE((Perturbed(image).mean() > 0.5).item<bool>(),
            (image.mean() > 0.5).item<bool>());
  EXPECT_TRUE(at::all(Perturbed(at::ones({4})) != 1).item<bool>());
  EXPECT_TRUE(at::all(Perturbed(at::zeros({4})) != 0).item<bool>());
}

TEST(PerturbInputsTest, KeepsMasksAndWhatIsNoNumber) {
  const at::Tensor mask = at::tensor({0.0f, 1.0f, 1.0f});
  EXPECT_TRUE(Perturbed(mask).equal(mask));
  const float infinity = std::numeric_limits<float>::infinity();
  const at::Tensor bias = at::tensor({0.0f, -infinity, 0.0f});
  EXPECT_TRUE(Perturbed(bias).equal(bias));
  const at::Tensor x = at::tensor({0.0f, 1.0f, 2.0f, 3.0f, -infinity,
                                   std::numeric_limits<float>::quiet_NaN()});
  const at::Tensor y = Perturbed(x);
  EXPECT_EQ(y[0].item<float>(), 0);
  EXPECT_NE(y[2].item<float>(), 2);
  EXPECT_EQ(y[4].item<float>(), -infinity);
  EXPECT_TRUE(y[5].isnan().item<bool>());
  EXPECT_TRUE(y[2].isfinite().item<bool>());
  for (const at::Tensor& kept : {at::arange(5), at::ones({3}, at::kBool),
                                 at::zeros({0}), at::full({3}, infinity)}) {
    EXPECT_TRUE(Perturbed(kept).equal(kept));
  }
  // Mild: less than a percent, and even a constant one may be a mask.
  EXPECT_TRUE(
      Perturbed(at::ones({4}), Perturbation::kMild).equal(at::ones({4})));
  EXPECT_TRUE(at::allclose(Perturbed(x.slice(0, 0, 4), Perturbation::kMild),
                           x.slice(0, 0, 4), 1e-2));
}

TEST(PerturbInputsTest, KeepsGeometryAndSharedMemory) {
  const at::Tensor base = at::randn({6, 8});
  const at::Tensor image =
      at::randn({2, 3, 4, 4}).contiguous(at::MemoryFormat::ChannelsLast);
  const at::Tensor leaf = at::randn({3}).set_requires_grad(true);
  const at::Tensor expanded = at::randn({1, 4}).expand({5, 4});
  const at::Tensor complex = at::randn({3, 2}, at::kComplexFloat).conj();
  c10::List<at::Tensor> list({base.slice(0, 1, 4), image});
  ModelInputs inputs;
  inputs.args = {base, list, leaf, 3, expanded, base, complex};
  inputs.kwargs = {{"t", base.t()}, {"flag", true}};
  const ModelInputs changed = PerturbInputs(inputs, {}, Perturbation::kStrong);
  const at::Tensor new_base = changed.args[0].toTensor();
  const at::Tensor slice = changed.args[1].toTensorVector()[0];
  EXPECT_TRUE(slice.is_alias_of(new_base));
  EXPECT_TRUE(slice.equal(new_base.slice(0, 1, 4)));
  EXPECT_FALSE(new_base.is_alias_of(base));
  EXPECT_TRUE(changed.args[1].toTensorVector()[1].is_contiguous(
      at::MemoryFormat::ChannelsLast));
  EXPECT_TRUE(changed.args[2].toTensor().requires_grad());
  EXPECT_EQ(changed.args[3].toInt(), 3);
  EXPECT_EQ(changed.args[4].toTensor().strides(), expanded.strides());
  EXPECT_TRUE(changed.args[5].toTensor().is_same(new_base));
  EXPECT_TRUE(changed.args[6].toTensor().is_conj());
  EXPECT_FALSE(changed.args[6].toTensor().equal(complex));
  EXPECT_TRUE(changed.kwargs[0].second.toTensor().equal(new_base.t()));
  EXPECT_TRUE(changed.kwargs[1].second.toBool());
  // A parameter that is an argument is the parameter.
  const ModelInputs same =
      PerturbInputs(inputs, {{"weight", base}}, Perturbation::kStrong);
  EXPECT_TRUE(same.args[0].toTensor().is_same(base));
}

}  // namespace
}  // namespace flextorchir
