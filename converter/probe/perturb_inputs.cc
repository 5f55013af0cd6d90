#include "flextorchir/converter/probe/perturb_inputs.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <tuple>
#include <vector>

#include "ATen/ATen.h"
#include "absl/container/flat_hash_map.h"
#include "c10/core/DispatchKeySet.h"
#include "c10/core/InferenceMode.h"
#include "c10/core/StorageImpl.h"
#include "c10/core/TensorImpl.h"
#include "flextorchir/converter/capture/tensor_table.h"
#include "flextorchir/converter/frontends/script_values.h"

namespace flextorchir {
namespace {

constexpr c10::DispatchKeySet kNotPlain({
    c10::DispatchKey::Python,
    c10::DispatchKey::FuncTorchBatched,
    c10::DispatchKey::FuncTorchGradWrapper,
    c10::DispatchKey::Functionalize,
});

bool IsPlain(const at::Tensor& tensor) {
  return (tensor.is_floating_point() || tensor.is_complex()) &&
         tensor.layout() == c10::Layout::Strided && tensor.is_cpu() &&
         !tensor.is_quantized() && !tensor.key_set().has_any(kNotPlain) &&
         tensor.numel() > 0;
}

// More than this, and zero is not just one of the numbers.
constexpr double kManyZeros = 0.2;

// Other numbers for `numbers`, all finite; `sample` has those of them that say
// what is plausible.
at::Tensor Changed(const at::Tensor& numbers, const at::Tensor& sample) {
  const double low = sample.min().item<double>();
  const double high = sample.max().item<double>();
  if (low == high) {
    return low == 0 ? at::full_like(numbers, 0.1) : numbers * 0.9;
  }
  // Numbers crowd at the end that their mean is farther from. Counted from
  // there, x range -> margin + scale x^1.7 range, with a scale that takes the
  // mean across the middle, if there is one.
  const double range = high - low;
  const bool both_signs = low < 0 && high > 0;
  const double middle = both_signs ? 0 : low + range / 2;
  const bool down = sample.mean().item<double>() > middle;
  const double end = down ? low + 0.02 * range : high - 0.02 * range;
  const auto crowded = [&](const at::Tensor& x, double scale) {
    return ((down ? x - low : high - x) / range).clamp(0, 1).pow(1.7) *
               (down ? scale * range : -scale * range) +
           end;
  };
  double scale = 0.95;
  for (const double smaller : {0.6, 0.3}) {
    const double mean = crowded(sample, scale).mean().item<double>();
    if (down ? mean < middle : mean > middle) break;
    scale = smaller;
  }
  at::Tensor changed = crowded(numbers, scale);
  const bool many_zeros =
      (sample == 0).sum().item<int64_t>() > kManyZeros * sample.numel();
  if (both_signs && !many_zeros) return changed;
  // Among many zeros (what a ReLU leaves) there may be a few more.
  if (!both_signs && many_zeros) {
    const at::Tensor sizes = sample.masked_select(sample != 0).abs();
    const int64_t few = 1 + sizes.numel() / 16;
    const double small = std::get<0>(sizes.kthvalue(few)).item<double>();
    changed = changed.masked_fill(numbers.abs() <= small, 0);
  }
  return changed.masked_fill(numbers == 0, 0);
}

// All of `memory` (one dimension) with other numbers, where it does not hold a
// mask; `used` are the tensors that lie in it.
at::Tensor Perturb(const at::Tensor& memory,
                   const std::vector<at::Tensor>& used,
                   Perturbation perturbation) {
  const auto numbers_of = [](const at::Tensor& tensor) {
    at::Tensor real =
        tensor.is_complex() ? at::view_as_real(tensor.resolve_conj()) : tensor;
    real = real.reshape({-1});
    return real.scalar_type() == at::kDouble ? real : real.to(at::kFloat);
  };
  const at::Tensor numbers = numbers_of(memory);
  std::vector<at::Tensor> parts;
  for (const at::Tensor& tensor : used) parts.push_back(numbers_of(tensor));
  at::Tensor sample = parts.size() == 1 ? parts[0] : at::cat(parts);
  const int64_t count = sample.numel();
  sample = sample.masked_select(at::isfinite(sample));
  const bool has_infinite = sample.numel() < count;
  const int64_t zeros = (sample == 0).sum().item<int64_t>();
  const int64_t ones = (sample == 1).sum().item<int64_t>();
  const bool is_constant = zeros == sample.numel() || ones == sample.numel();
  if (zeros + ones == sample.numel() &&
      (!is_constant || has_infinite || perturbation == Perturbation::kMild)) {
    return memory;
  }
  const at::Tensor finite = at::isfinite(numbers);
  const at::Tensor usable = numbers.masked_fill(finite.logical_not(), 0);
  at::Tensor changed = perturbation == Perturbation::kMild
                           ? usable * (1 - 1e-3)
                           : Changed(usable, sample);
  changed = at::where(finite, changed, numbers)
                .to(c10::toRealValueType(memory.scalar_type()));
  return memory.is_complex() ? at::view_as_complex(changed.view({-1, 2}))
                             : changed;
}

// Tensors that lie in one storage, and where they lie in it.
struct Group {
  std::vector<at::Tensor> tensors;
  bool keep = false;
};

class Perturber {
 public:
  Perturber(absl::Span<const NamedTensor> state, Perturbation perturbation)
      : perturbation_(perturbation) {
    for (const NamedTensor& tensor : state) {
      if (tensor.tensor.defined() && tensor.tensor.has_storage()) {
        state_.insert(StorageOf(tensor.tensor));
      }
    }
  }

  void Add(const at::Tensor& tensor) {
    if (!tensor.has_storage()) return;
    Group& group = groups_[StorageOf(tensor)];
    group.keep |= !IsPlain(tensor) || state_.count(StorageOf(tensor)) > 0 ||
                  (!group.tensors.empty() &&
                   group.tensors[0].scalar_type() != tensor.scalar_type());
    group.tensors.push_back(tensor);
  }

  void Run() {
    for (const auto& [storage, group] : groups_) {
      if (!group.keep) PerturbGroup(group);
    }
  }

  at::Tensor Replacement(const at::Tensor& tensor) const {
    const auto found = replacements_.find(tensor.unsafeGetTensorImpl());
    return found == replacements_.end() ? tensor : found->second;
  }

 private:
  static const c10::StorageImpl* StorageOf(const at::Tensor& tensor) {
    return tensor.storage().unsafeGetStorageImpl();
  }

  void PerturbGroup(const Group& group) {
    int64_t begin = group.tensors[0].storage_offset();
    int64_t end = begin;
    for (const at::Tensor& tensor : group.tensors) {
      int64_t last = tensor.storage_offset();
      for (int64_t d = 0; d < tensor.dim(); ++d) {
        last += (tensor.size(d) - 1) * tensor.stride(d);
      }
      begin = std::min(begin, tensor.storage_offset());
      end = std::max(end, last + 1);
    }
    // The memory from the first element that is used to the last.
    const at::Tensor& first = group.tensors[0];
    const at::Tensor before =
        at::empty({0}, first.options().requires_grad(false))
            .set_(first.storage(), begin, {end - begin}, {1});
    std::vector<at::Tensor> used;
    for (const at::Tensor& tensor : group.tensors) {
      // (An expanded tensor has more elements than memory.)
      const bool sparse = tensor.numel() < end - begin;
      used.push_back(sparse ? tensor.detach() : before);
    }
    const at::Tensor after = Perturb(before, used, perturbation_).clone();
    for (const at::Tensor& tensor : group.tensors) {
      at::Tensor& place = replacements_[tensor.unsafeGetTensorImpl()];
      if (place.defined()) continue;
      place = at::empty({0}, after.options())
                  .set_(after.storage(), tensor.storage_offset() - begin,
                        tensor.sizes(), tensor.strides());
      place._set_conj(tensor.is_conj());
      place._set_neg(tensor.is_neg());
      place.set_requires_grad(tensor.requires_grad());
    }
  }

  const Perturbation perturbation_;
  std::set<const c10::StorageImpl*> state_;
  std::map<const c10::StorageImpl*, Group> groups_;
  absl::flat_hash_map<const c10::TensorImpl*, at::Tensor> replacements_;
};

}  // namespace

ModelInputs PerturbInputs(const ModelInputs& inputs,
                          absl::Span<const NamedTensor> state,
                          Perturbation perturbation) {
  Unobserved unobserved;
  c10::InferenceMode normal_tensors(false);
  Perturber perturber(state, perturbation);
  const auto add = [&](const at::Tensor& tensor) {
    perturber.Add(tensor);
    return tensor;
  };
  ReplaceTensors(inputs, add);
  perturber.Run();
  return ReplaceTensors(inputs, [&](const at::Tensor& tensor) {
    return perturber.Replacement(tensor);
  });
}

}  // namespace flextorchir
