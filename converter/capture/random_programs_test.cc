// Functionalisation is tested by construction: random programs of views and
// in-place operators are captured, and their graphs must give on fresh inputs
// what the programs give, bit for bit.
//
// A run has a few hundred programs; FLEXTORCHIR_RANDOM_PROGRAMS sets another
// number, FLEXTORCHIR_RANDOM_SEED the first seed.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "ATen/ATen.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "flextorchir/converter/capture/capture_for_test.h"
#include "gtest/gtest.h"

namespace flextorchir {
namespace {

using at::Tensor;
using Tensors = std::vector<Tensor>;

// Runs one program: steps that follow from the seed and from what the tensors
// look like, never from what is in them, so that every run takes the same ones.
class Machine {
 public:
  Machine(uint64_t seed, Tensors tensors)
      : random_(seed), pool_(std::move(tensors)) {}

  void Step();
  const Tensors& pool() const { return pool_; }
  const std::vector<std::string>& log() const { return log_; }

 private:
  struct Operation {
    const char* name;
    // Returns a new tensor, or an undefined one; may throw.
    std::function<Tensor(Machine&, Tensor x)> run;
  };
  static const std::vector<Operation>& Operations();

  int64_t Below(int64_t n) {
    return n <= 0 ? 0 : static_cast<int64_t>(random_() % n);
  }
  bool Coin() { return Below(2) == 1; }
  Tensor Pick() { return pool_[Below(static_cast<int64_t>(pool_.size()))]; }
  int64_t Dim(const Tensor& x) { return Below(x.dim()); }
  // Another tensor as an operand for one that may be written: of the same
  // dtype, broadcast to the same shape, and not over the same memory.
  Tensor Like(const Tensor& x) {
    Tensor y = Pick();
    if (y.storage().is_alias_of(x.storage()) && !y.is_same(x)) y = y.clone();
    if (y.is_complex() && !x.is_complex()) y = at::real(y);
    if (y.scalar_type() != x.scalar_type()) y = y.to(x.scalar_type());
    std::vector<int64_t> shape = x.sizes().vec();
    if (y.sizes() == x.sizes()) return y;
    // Repeated or cut to fit.
    y = y.reshape({-1});
    const int64_t wanted = x.numel();
    if (y.numel() == 0) return at::zeros_like(x);
    if (y.numel() < wanted) y = y.repeat({wanted / y.numel() + 1});
    return y.slice(0, 0, wanted).reshape(shape);
  }
  Tensor Index(int64_t size, int64_t count) {
    std::vector<int64_t> index;
    for (int64_t i = 0; i < count; ++i) index.push_back(Below(size));
    return at::tensor(index, at::kLong);
  }

  std::mt19937_64 random_;
  Tensors pool_;
  std::vector<std::string> log_;
};

Tensor Nothing() { return Tensor(); }

const std::vector<Machine::Operation>& Machine::Operations() {
  using M = Machine;
  static const auto* const operations = new std::vector<Operation>{
      // Views.
      {"select",
       [](M& m, Tensor x) {
         const int64_t dim = m.Dim(x);
         return x.select(dim, m.Below(x.size(dim)));
       }},
      {"slice",
       [](M& m, Tensor x) {
         const int64_t dim = m.Dim(x);
         const int64_t start = m.Below(x.size(dim));
         return x.slice(dim, start, start + 1 + m.Below(x.size(dim)),
                        1 + m.Below(2));
       }},
      {"narrow",
       [](M& m, Tensor x) {
         const int64_t dim = m.Dim(x);
         const int64_t start = m.Below(x.size(dim));
         return x.narrow(dim, start, 1 + m.Below(x.size(dim) - start));
       }},
      {"transpose",
       [](M& m, Tensor x) { return x.transpose(m.Dim(x), m.Dim(x)); }},
      {"permute",
       [](M& m, Tensor x) {
         std::vector<int64_t> dims(x.dim());
         for (size_t i = 0; i < dims.size(); ++i) dims[i] = i;
         for (size_t i = dims.size(); i > 1; --i) {
           std::swap(dims[i - 1], dims[m.Below(i)]);
         }
         return x.permute(dims);
       }},
      {"flatten", [](M&, Tensor x) { return x.reshape({-1}); }},
      {"view",
       [](M& m, Tensor x) {
         const int64_t half = x.numel() % 2 == 0 ? 2 : 1;
         return m.Coin() ? x.view({half, -1}) : x.view({-1, half});
       }},
      {"unflatten",
       [](M& m, Tensor x) {
         const int64_t dim = m.Dim(x);
         return x.unflatten(dim, {x.size(dim) % 2 == 0 ? 2 : 1, -1});
       }},
      {"expand",
       [](M& m, Tensor x) {
         std::vector<int64_t> sizes = x.sizes().vec();
         for (int64_t& size : sizes) size = size == 1 && m.Coin() ? 2 : size;
         if (sizes.size() < 3 && m.Coin()) sizes.insert(sizes.begin(), 2);
         return x.expand(sizes);
       }},
      {"unsqueeze",
       [](M& m, Tensor x) { return x.unsqueeze(m.Below(x.dim() + 1)); }},
      {"squeeze", [](M&, Tensor x) { return x.squeeze(); }},
      {"diagonal",
       [](M& m, Tensor x) {
         return x.diagonal(m.Below(3) - 1, m.Dim(x), m.Dim(x));
       }},
      {"unfold",
       [](M& m, Tensor x) {
         const int64_t dim = m.Dim(x);
         return x.unfold(dim, 1 + m.Below(x.size(dim)), 1 + m.Below(2));
       }},
      {"as_strided",
       [](M& m, Tensor x) {
         // Something within what x covers.
         std::vector<int64_t> sizes = x.sizes().vec();
         for (int64_t& size : sizes) size = 1 + m.Below(size);
         std::vector<int64_t> strides = x.strides().vec();
         if (strides.size() > 1 && m.Coin()) {
           std::swap(strides[0], strides[1]);
           std::swap(sizes[0], sizes[1]);
         }
         return m.Coin() ? x.as_strided(sizes, strides)
                         : x.as_strided(sizes, strides, x.storage_offset());
       }},
      {"chunk",
       [](M& m, Tensor x) {
         const auto parts = x.chunk(2, m.Dim(x));
         return parts[m.Below(parts.size())];
       }},
      {"split",
       [](M& m, Tensor x) {
         const auto parts = x.split(1 + m.Below(2), m.Dim(x));
         return parts[m.Below(parts.size())];
       }},
      {"unbind",
       [](M& m, Tensor x) {
         const auto parts = x.unbind(m.Dim(x));
         return parts.empty() ? Nothing() : parts[m.Below(parts.size())];
       }},
      {"t", [](M&, Tensor x) { return x.t(); }},
      {"detach", [](M&, Tensor x) { return x.detach(); }},
      {"alias", [](M&, Tensor x) { return at::alias(x); }},
      {"movedim",
       [](M& m, Tensor x) { return x.movedim(m.Dim(x), m.Dim(x)); }},
      {"real", [](M&, Tensor x) { return at::real(x); }},
      {"imag", [](M&, Tensor x) { return at::imag(x); }},
      {"conj", [](M&, Tensor x) { return x.conj(); }},
      {"view_as_real", [](M&, Tensor x) { return at::view_as_real(x); }},
      {"view_as_complex", [](M&, Tensor x) { return at::view_as_complex(x); }},
      {"view_dtype",
       [](M&, Tensor x) {
         // Not of booleans: what has other bytes than 0 and 1 is none.
         const bool is_int = x.scalar_type() == at::kInt;
         return is_int || x.scalar_type() == at::kFloat
                    ? x.view(is_int ? at::kFloat : at::kInt)
                    : Nothing();
       }},
      {"broadcast",
       [](M& m, Tensor x) {
         const Tensor y = m.Pick();
         return at::broadcast_tensors({x, y})[m.Below(2)];
       }},
      {"contiguous", [](M&, Tensor x) { return x.contiguous(); }},
      {"x.data", [](M&, Tensor x) { return x.variable_data(); }},
      // In place.
      {"add_", [](M& m, Tensor x) { return x.add_(m.Like(x)), Nothing(); }},
      {"add_scalar_", [](M&, Tensor x) { return x.add_(3), Nothing(); }},
      {"mul_", [](M&, Tensor x) { return x.mul_(2), Nothing(); }},
      {"sub_", [](M& m, Tensor x) { return x.sub_(m.Like(x), 2), Nothing(); }},
      {"relu_", [](M&, Tensor x) { return at::relu_(x), Nothing(); }},
      {"neg_", [](M&, Tensor x) { return x.neg_(), Nothing(); }},
      {"fill_", [](M& m, Tensor x) { return x.fill_(m.Below(9)), Nothing(); }},
      {"zero_", [](M&, Tensor x) { return x.zero_(), Nothing(); }},
      {"copy_", [](M& m, Tensor x) { return x.copy_(m.Like(x)), Nothing(); }},
      {"copy_other_",
       [](M& m, Tensor x) {
         const Tensor y = m.Pick();
         return x.copy_(y.storage().is_alias_of(x.storage()) ? y.clone() : y),
                Nothing();
       }},
      {"clamp_", [](M&, Tensor x) { return x.clamp_(-1, 1), Nothing(); }},
      {"masked_fill_",
       [](M& m, Tensor x) {
         return x.masked_fill_(m.Like(x).gt(0), 5), Nothing();
       }},
      {"index_put_",
       [](M& m, Tensor x) {
         const Tensor index = at::tensor(
             std::vector<int64_t>{m.Below(x.size(0))}, at::kLong);
         return x.index_put_({index}, m.Like(x.select(0, 0)), m.Coin()),
                Nothing();
       }},
      {"index_fill_",
       [](M& m, Tensor x) {
         const int64_t dim = m.Dim(x);
         return x.index_fill_(dim, m.Index(x.size(dim), 2), 4), Nothing();
       }},
      {"index_add_",
       [](M& m, Tensor x) {
         const int64_t dim = m.Dim(x);
         return x.index_add_(dim, m.Index(x.size(dim), 1),
                             m.Like(x.narrow(dim, 0, 1))),
                Nothing();
       }},
      {"scatter_",
       [](M& m, Tensor x) {
         const int64_t dim = m.Dim(x);
         return x.scatter_(dim, at::zeros(x.sizes(), at::kLong).narrow(dim, 0, 1),
                           m.Like(x)),
                Nothing();
       }},
      {"tril_", [](M&, Tensor x) { return x.tril_(), Nothing(); }},
      {"cumsum_", [](M& m, Tensor x) { return x.cumsum_(m.Dim(x)), Nothing(); }},
      {"fill_diagonal_",
       [](M&, Tensor x) { return x.fill_diagonal_(6), Nothing(); }},
      {"lt_", [](M& m, Tensor x) { return x.lt_(m.Like(x)), Nothing(); }},
      {"logical_not_",
       [](M&, Tensor x) { return x.logical_not_(), Nothing(); }},
      {"conj_physical_",
       [](M&, Tensor x) { return x.conj_physical_(), Nothing(); }},
      {"foreach_add_",
       [](M&, Tensor x) {
         // The first would be written before the second fails.
         if (!x.is_non_overlapping_and_dense()) return Nothing();
         const Tensor y = x.clone();
         return at::_foreach_add_({x, y}, 1), y;
       }},
      // Views in place.
      {"t_", [](M&, Tensor x) { return x.t_(), Nothing(); }},
      {"transpose_",
       [](M& m, Tensor x) {
         return x.transpose_(m.Dim(x), m.Dim(x)), Nothing();
       }},
      {"unsqueeze_",
       [](M& m, Tensor x) {
         return x.dim() < 4 ? x.unsqueeze_(m.Below(x.dim() + 1)) : x,
                Nothing();
       }},
      {"squeeze_", [](M&, Tensor x) { return x.squeeze_(), Nothing(); }},
      {"set_",
       [](M& m, Tensor x) {
         const Tensor y = m.Pick();
         return y.scalar_type() == x.scalar_type() ? (x.set_(y), Nothing())
                                                   : Nothing();
       }},
      {"x.data=",
       [](M& m, Tensor x) {
         const Tensor y = m.Pick();
         if (y.scalar_type() == x.scalar_type()) x.set_data(y);
         return Nothing();
       }},
      // out=.
      {"add_out",
       [](M& m, Tensor x) {
         const Tensor y = m.Like(x);
         return at::add_out(x, y, y), Nothing();
       }},
      {"mul_out",
       [](M& m, Tensor x) {
         // The last bit of complex products depends on where `out` lies.
         if (x.is_complex()) return Nothing();
         const Tensor y = m.Like(x);
         return at::mul_out(x, x, y), Nothing();
       }},
      {"cat_out",
       [](M& m, Tensor x) {
         const Tensor y = m.Like(x);
         Tensor out = at::empty({0}, x.options());
         at::cat_out(out, {y, y}, 0);
         return out;
       }},
      {"eq_out",
       [](M& m, Tensor x) {
         return at::eq_out(x, m.Like(x).clone(), m.Like(x).clone()), Nothing();
       }},
      // New memory.
      {"add", [](M& m, Tensor x) { return at::add(x, m.Like(x)); }},
      {"mul", [](M&, Tensor x) { return x * 2; }},
      {"clone", [](M&, Tensor x) { return x.clone(); }},
      {"cat", [](M& m, Tensor x) { return at::cat({x, m.Like(x)}, m.Dim(x)); }},
      {"index",
       [](M& m, Tensor x) { return x.index({m.Index(x.size(0), 2)}); }},
      {"abs", [](M&, Tensor x) { return x.abs(); }},
      {"sum", [](M& m, Tensor x) { return x.sum(m.Dim(x)); }},
      {"tanh", [](M&, Tensor x) { return x.tanh(); }},
      {"to_complex", [](M&, Tensor x) { return at::complex(x, x * 3); }},
      {"to_double", [](M&, Tensor x) { return x.to(at::kDouble); }},
      {"gt", [](M& m, Tensor x) { return x.gt(m.Like(x)); }},
      {"empty",
       [](M& m, Tensor x) {
         Tensor y = m.Coin() ? at::empty_like(x) : at::empty({3, 2});
         if (m.Coin()) y.select(0, 0).fill_(1);
         y.fill_(2);
         return y;
       }},
      {"number_tensor",
       [](M& m, Tensor) {
         return at::tensor(std::vector<float>{1, 2, 3}).add(m.Below(3));
       }},
  };
  return *operations;
}

void Machine::Step() {
  const auto& operations = Operations();
  const Operation& operation = operations[Below(operations.size())];
  const int64_t index = Below(pool_.size());
  log_.push_back(absl::StrCat(operation.name, " ", index));
  Tensor made;
  try {
    made = operation.run(*this, pool_[index]);
  } catch (const std::exception&) {
    log_.back() += " threw";
    return;
  }
  if (!made.defined() || made.numel() > 400 || made.dim() > 5) return;
  if (pool_.size() < 10) {
    absl::StrAppend(&log_.back(), " -> ", pool_.size());
    pool_.push_back(made);
  } else {
    const int64_t place = Below(pool_.size());
    absl::StrAppend(&log_.back(), " -> ", place);
    pool_[place] = made;
  }
}

// One program with everything it starts from.
struct Case {
  uint64_t seed;
  int steps;
  Tensors inputs;
  std::vector<std::pair<std::string, Tensor>> state;
  Program program;
};

Case MakeCase(uint64_t seed, int steps) {
  at::manual_seed(seed);
  Case result{seed, steps, {}, {}, nullptr};
  result.inputs = {at::randn({3, 4}), at::randn({2, 3, 2}).transpose(0, 2)};
  if (seed % 3 == 0) {
    result.inputs.push_back(at::randn({2, 3}, at::kComplexFloat));
  }
  if (seed % 3 == 1) {
    result.inputs.push_back(at::randint(-4, 4, {4, 2}, at::kLong));
  }
  const Tensor buffer = at::randn({4, 3});
  result.state = {{"buffer", buffer}};
  if (seed % 2 == 0) {
    result.state.emplace_back("part", buffer.slice(0, 1, 3));
  }
  result.program = [seed, steps,
                    state = result.state](const Tensors& inputs) -> Tensors {
    Tensors pool = inputs;
    for (const auto& [name, tensor] : state) pool.push_back(tensor);
    Machine machine(seed, std::move(pool));
    for (int i = 0; i < steps; ++i) machine.Step();
    return machine.pool();
  };
  return result;
}

// What is wrong with the graph of the program, or nothing. A graph that is said
// to be wrong is not, but counted.
std::string Problem(const Case& one, std::string* layers, int64_t* refused) {
  const Captured captured = Capture(one.program, one.inputs, one.state);
  *layers = LayersOf(captured);
  for (const Report::Warning& warning : captured.graph.warnings) {
    if (warning.severity == Report::Severity::kError) {
      ++*refused;
      return "";
    }
  }
  Tensors fresh;
  for (const Tensor& input : one.inputs) {
    fresh.push_back(input.is_floating_point() || input.is_complex()
                        ? at::randn_like(input)
                        : input + 1);
  }
  std::string problem =
      CompareWithEager(captured, one.program, fresh, one.state);
  if (absl::StrContains(problem, "please report a bug to PyTorch")) {
    ++*refused;  // aten::copy, on memory that it cannot clone
    return "";
  }
  return problem;
}

int64_t FromEnvironment(const char* name, int64_t default_value) {
  const char* text = std::getenv(name);
  int64_t value = default_value;
  if (text != nullptr && !absl::SimpleAtoi(text, &value)) {
    ADD_FAILURE() << name << " is no number";
  }
  return value;
}

TEST(RandomProgramsTest, GraphsDoWhatTheProgramsDo) {
  const int64_t programs = FromEnvironment("FLEXTORCHIR_RANDOM_PROGRAMS", 600);
  const int64_t first = FromEnvironment("FLEXTORCHIR_RANDOM_SEED", 1);
  constexpr int kSteps = 24;
  int failures = 0;
  int64_t refused = 0;
  for (int64_t seed = first; seed < first + programs && failures < 5; ++seed) {
    std::string layers;
    if (Problem(MakeCase(seed, kSteps), &layers, &refused).empty()) continue;
    ++failures;
    // The shortest program that fails says most.
    for (int steps = 1; steps <= kSteps; ++steps) {
      const Case shorter = MakeCase(seed, steps);
      const std::string problem = Problem(shorter, &layers, &refused);
      if (problem.empty()) continue;
      Tensors pool = MakeCase(seed, 0).inputs;
      for (const auto& [name, tensor] : shorter.state) pool.push_back(tensor);
      Machine machine(seed, std::move(pool));
      for (int i = 0; i < steps; ++i) machine.Step();
      ADD_FAILURE() << "seed " << seed << ": " << problem << "\n"
                    << absl::StrJoin(machine.log(), "\n") << "\n"
                    << layers;
      break;
    }
  }
  // What torch itself warns of: writes to expanded tensors and the like.
  std::printf("%lld of %lld programs were refused\n",
              static_cast<long long>(refused),
              static_cast<long long>(programs));
  EXPECT_LE(refused, programs / 10);
}

}  // namespace
}  // namespace flextorchir
