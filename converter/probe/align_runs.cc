#include "flextorchir/converter/probe/align_runs.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace flextorchir {
namespace {

// What is aligned: the layers, and the reads between them, which tell branches
// apart that execute the same operators.
struct Item {
  int32_t layer = kAbsent;
  int32_t read = kAbsent;
};

std::vector<Item> ItemsOf(const CapturedRun& run) {
  const FunctionalGraph& functional = run.functional;
  std::vector<Item> items;
  items.reserve(functional.origins.size() + functional.reads.size());
  size_t read = 0;
  const auto add_reads_before = [&](int32_t call) {
    for (; read < functional.reads.size() && functional.reads[read].call < call;
         ++read) {
      items.push_back({kAbsent, static_cast<int32_t>(read)});
    }
  };
  for (size_t i = 0; i < functional.origins.size(); ++i) {
    if (functional.origins[i].call != kAbsent) {
      add_reads_before(functional.origins[i].call);
    }
    items.push_back({static_cast<int32_t>(i), kAbsent});
  }
  add_reads_before(static_cast<int32_t>(run.trace.calls.size()));
  return items;
}

// Gives equal operators in the same module the same number.
class Keys {
 public:
  std::vector<int32_t> Of(const CapturedRun& run,
                          const std::vector<Item>& items) {
    std::vector<int32_t> keys;
    keys.reserve(items.size());
    for (const Item& item : items) {
      if (item.layer != kAbsent) {
        const int32_t scope = run.functional.origins[item.layer].scope;
        keys.push_back(
            Number(run.functional.model.graphs[0].layers[item.layer].kind,
                   run.trace.scopes[scope].path));
      } else {
        const OperatorCall& call =
            run.trace.calls[run.functional.reads[item.read].call];
        keys.push_back(Number(absl::StrCat("read ", call.info->name),
                              run.trace.scopes[call.scope].path));
      }
    }
    return keys;
  }

 private:
  int32_t Number(absl::string_view op, absl::string_view path) {
    const int32_t next = static_cast<int32_t>(numbers_.size());
    return numbers_.try_emplace(absl::StrCat(path, "\n", op), next)
        .first->second;
  }

  absl::flat_hash_map<std::string, int32_t> numbers_;
};

// A few items that happen to be equal within a stretch that differs (an `add`
// in both branches) do not bring the runs together.
void DropChanceMatches(const std::vector<Item>& base, size_t other_size,
                       std::vector<int32_t>* pairs) {
  const size_t n = pairs->size();
  // Runs of equal items, and how much differs between them.
  struct Stretch {
    size_t begin, end;  // of the base; equal
    size_t differs;     // before it
  };
  std::vector<Stretch> stretches;
  size_t next_base = 0;
  size_t next_other = 0;
  for (size_t i = 0; i < n;) {
    if ((*pairs)[i] == kAbsent) {
      ++i;
      continue;
    }
    const size_t begin = i;
    const size_t other = static_cast<size_t>((*pairs)[i]);
    while (i < n && (*pairs)[i] == static_cast<int32_t>(other + (i - begin))) {
      ++i;
    }
    stretches.push_back(
        {begin, i, std::max(begin - next_base, other - next_other)});
    next_base = i;
    next_other = other + (i - begin);
  }
  size_t before = 0;
  for (size_t s = 0; s < stretches.size(); ++s) {
    const Stretch& stretch = stretches[s];
    before += stretch.differs;
    const size_t length = stretch.end - stretch.begin;
    const size_t after = s + 1 < stretches.size()
                             ? stretches[s + 1].differs
                             : std::max(n - next_base, other_size - next_other);
    bool chance = length <= std::min(before, after);
    for (size_t i = stretch.begin; i < stretch.end; ++i) {
      chance &= base[i].read == kAbsent;
    }
    if (!chance) {
      before = 0;
      continue;
    }
    std::fill(pairs->begin() + stretch.begin, pairs->begin() + stretch.end,
              kAbsent);
    before += length;
  }
}

class ValueAligner {
 public:
  // For one layer that was not where it was looked for.
  static constexpr int kMaxTried = 256;

  // The keys are those of the layers.
  ValueAligner(const CapturedRun& base, const std::vector<int32_t>& base_keys,
               const CapturedRun& other, const std::vector<int32_t>& other_keys,
               Alignment* out)
      : base_(base.functional.model),
        other_(other.functional.model),
        base_keys_(base_keys),
        out_(*out),
        base_known_(base_.graphs[0].values.size()),
        other_known_(other_.graphs[0].values.size()) {
    out_.values.assign(base_.graphs[0].values.size(), kAbsent);
    partners_.assign(other_keys.size(), kAbsent);
    for (size_t i = 0; i < out_.layers.size(); ++i) {
      if (out_.layers[i] != kAbsent) {
        partners_[out_.layers[i]] = static_cast<int32_t>(i);
      }
    }
    for (size_t i = 0; i < other_keys.size(); ++i) {
      by_key_[other_keys[i]].push_back(static_cast<int32_t>(i));
    }
  }

  void Run() {
    AlignInputs();
    const auto& base_layers = base_.graphs[0].layers;
    const auto& other_layers = other_.graphs[0].layers;
    for (size_t i = 0; i < base_layers.size(); ++i) {
      const Layer& one = base_layers[i];
      if (out_.layers[i] == kAbsent ||
          !ReadsTheSame(one, other_layers[out_.layers[i]])) {
        FindElsewhere(static_cast<int32_t>(i));
      }
      if (out_.layers[i] == kAbsent) continue;
      const Layer& two = other_layers[out_.layers[i]];
      CompareInputs(static_cast<int32_t>(i), one, two);
      AlignOutputs(one, two);
    }
    const auto& outputs = base_.graphs[0].outputs;
    const auto& other_outputs = other_.graphs[0].outputs;
    if (outputs.size() != other_outputs.size()) return;
    for (size_t i = 0; i < outputs.size(); ++i) {
      const Alignment::Rewiring place{kAbsent, static_cast<int32_t>(i)};
      if (!Corresponds(outputs[i], other_outputs[i], place)) {
        out_.rewirings.push_back(place);
      }
    }
  }

 private:
  void Pair(ValueId one, ValueId two) {
    if (one == kAbsent || two == kAbsent) return;
    out_.values[one] = two;
    base_known_[one] = true;
    other_known_[two] = true;
  }

  void AlignInputs() {
    const Graph& one = base_.graphs[0];
    const Graph& two = other_.graphs[0];
    const size_t inputs = std::min(one.inputs.size(), two.inputs.size());
    for (size_t i = 0; i < inputs; ++i) Pair(one.inputs[i], two.inputs[i]);
    absl::flat_hash_map<absl::string_view, ValueId> named;
    for (size_t v = 0; v < two.values.size(); ++v) {
      const WeightsId weights = two.values[v].weights;
      if (weights == kAbsent) continue;
      other_known_[v] = true;
      if (IsNamed(other_, static_cast<ValueId>(v))) {
        named[other_.weights[weights].name] = static_cast<ValueId>(v);
      }
    }
    for (size_t v = 0; v < one.values.size(); ++v) {
      const WeightsId weights = one.values[v].weights;
      if (weights == kAbsent) continue;
      base_known_[v] = true;
      if (!IsNamed(base_, static_cast<ValueId>(v))) continue;
      const auto found = named.find(base_.weights[weights].name);
      if (found != named.end()) {
        Pair(static_cast<ValueId>(v), found->second);
      }
    }
  }

  static bool IsNamed(const Model& model, ValueId value) {
    const WeightsId weights = model.graphs[0].values[value].weights;
    return weights != kAbsent &&
           model.weights[weights].role != Weights::Role::kConstant;
  }
  static bool IsConstant(const Model& model, ValueId value) {
    return model.graphs[0].values[value].weights != kAbsent &&
           !IsNamed(model, value);
  }

  // Whether the other run reads here what corresponds to `one`, as far as that
  // can be told: what comes from where the runs part does not say.
  bool Corresponds(ValueId one, ValueId two, const Alignment::Rewiring& place) {
    if (one == kAbsent || two == kAbsent) return one == two;
    if (out_.values[one] == two) return true;
    if (IsConstant(base_, one) && IsConstant(other_, two)) {
      out_.constants.push_back({one, two, place});
      if (out_.values[one] == kAbsent) Pair(one, two);
      return true;
    }
    return !base_known_[one] || !other_known_[two];
  }

  // What runs on several threads, or does not depend on what comes before it,
  // may come in another order: takes the layer that reads the very values,
  // if there is one, and gives its partner the layer that this one had.
  void FindElsewhere(int32_t layer) {
    const Layer& one = base_.graphs[0].layers[layer];
    const auto found = by_key_.find(base_keys_[layer]);
    if (found == by_key_.end()) return;
    int tried = 0;
    for (int32_t other : found->second) {
      // (Those before have been settled.)
      const int32_t partner = partners_[other];
      if (partner != kAbsent && partner < layer) continue;
      if (++tried > kMaxTried) return;
      const Layer& two = other_.graphs[0].layers[other];
      if (!ReadsTheSame(one, two)) continue;
      if (PresentInputs(one) == 0 && one.attributes != two.attributes) continue;
      if (partner != kAbsent) out_.layers[partner] = out_.layers[layer];
      if (out_.layers[layer] != kAbsent) {
        partners_[out_.layers[layer]] = partner;
      }
      out_.layers[layer] = other;
      partners_[other] = layer;
      return;
    }
  }

  static int64_t PresentInputs(const Layer& layer) {
    int64_t count = 0;
    for (const Slot& slot : layer.inputs) {
      count += std::count_if(slot.values.begin(), slot.values.end(),
                             [](ValueId value) { return value != kAbsent; });
    }
    return count;
  }

  bool ReadsTheSame(const Layer& one, const Layer& two) const {
    if (one.inputs.size() != two.inputs.size()) return false;
    for (size_t s = 0; s < one.inputs.size(); ++s) {
      const std::vector<ValueId>& values = one.inputs[s].values;
      const std::vector<ValueId>& others = two.inputs[s].values;
      if (values.size() != others.size()) return false;
      for (size_t i = 0; i < values.size(); ++i) {
        const bool same = values[i] == kAbsent || others[i] == kAbsent
                              ? values[i] == others[i]
                              : out_.values[values[i]] == others[i] ||
                                    (IsConstant(base_, values[i]) &&
                                     IsConstant(other_, others[i]));
        if (!same) return false;
      }
    }
    return true;
  }

  void CompareInputs(int32_t layer, const Layer& one, const Layer& two) {
    for (size_t s = 0; s < one.inputs.size(); ++s) {
      const Slot& slot = one.inputs[s];
      const Alignment::Rewiring place{layer, static_cast<int32_t>(s)};
      const Slot* same =
          s < two.inputs.size() && two.inputs[s].name == slot.name
              ? &two.inputs[s]
              : two.FindInput(slot.name);
      bool corresponds =
          same != nullptr && same->values.size() == slot.values.size();
      for (size_t i = 0; corresponds && i < slot.values.size(); ++i) {
        corresponds = Corresponds(slot.values[i], same->values[i], place);
      }
      if (!corresponds) out_.rewirings.push_back(place);
    }
  }

  void AlignOutputs(const Layer& one, const Layer& two) {
    const size_t slots = std::min(one.outputs.size(), two.outputs.size());
    for (size_t s = 0; s < slots; ++s) {
      const auto& values = one.outputs[s].values;
      const auto& others = two.outputs[s].values;
      const size_t count = std::min(values.size(), others.size());
      for (size_t i = 0; i < count; ++i) Pair(values[i], others[i]);
    }
  }

  const Model& base_;
  const Model& other_;
  const std::vector<int32_t>& base_keys_;
  Alignment& out_;
  // By layer of the other run: that of the base, or kAbsent.
  std::vector<int32_t> partners_;
  absl::flat_hash_map<int32_t, std::vector<int32_t>> by_key_;  // other layers
  // By value: an input, weights, or a result of an aligned layer.
  std::vector<bool> base_known_;
  std::vector<bool> other_known_;
};

// The stretches between aligned items.
void FindPartings(const std::vector<Item>& base, const std::vector<Item>& other,
                  const std::vector<int32_t>& pairs, Alignment* out) {
  size_t other_begin = 0;
  int32_t reads = 0;
  int32_t base_layers = 0;
  int32_t other_layers = 0;
  Alignment::Parting open;
  const auto skip_other_to = [&](size_t end) {
    for (; other_begin < end; ++other_begin) {
      other_layers += other[other_begin].layer != kAbsent ? 1 : 0;
    }
  };
  const auto close = [&] {
    open.base_end = base_layers;
    open.other_end = other_layers;
    if (open.base_begin < open.base_end || open.other_begin < open.other_end) {
      out->partings.push_back(open);
    }
  };
  for (size_t i = 0; i < base.size(); ++i) {
    if (pairs[i] != kAbsent) {
      skip_other_to(static_cast<size_t>(pairs[i]));
      close();
      ++other_begin;
      other_layers += other[pairs[i]].layer != kAbsent ? 1 : 0;
    }
    base_layers += base[i].layer != kAbsent ? 1 : 0;
    reads += base[i].read != kAbsent ? 1 : 0;
    if (pairs[i] != kAbsent) {
      open = {base_layers, base_layers, other_layers, other_layers, reads};
    }
  }
  skip_other_to(other.size());
  close();
}

std::vector<int32_t> KeysOfLayers(const std::vector<Item>& items,
                                  const std::vector<int32_t>& keys) {
  std::vector<int32_t> of_layers;
  for (size_t i = 0; i < items.size(); ++i) {
    if (items[i].layer != kAbsent) of_layers.push_back(keys[i]);
  }
  return of_layers;
}

// Stretches that only have come in another order.
void DropReordered(size_t other_size, Alignment* out) {
  if (out->partings.empty()) return;
  std::vector<bool> aligned(other_size);
  for (int32_t layer : out->layers) {
    if (layer != kAbsent) aligned[layer] = true;
  }
  const auto is_reordered = [&](const Alignment::Parting& parting) {
    for (int32_t i = parting.base_begin; i < parting.base_end; ++i) {
      if (out->layers[i] == kAbsent) return false;
    }
    for (int32_t i = parting.other_begin; i < parting.other_end; ++i) {
      if (!aligned[i]) return false;
    }
    return true;
  };
  out->partings.erase(
      std::remove_if(out->partings.begin(), out->partings.end(), is_reordered),
      out->partings.end());
}

}  // namespace

Alignment AlignRuns(const CapturedRun& base, const CapturedRun& other) {
  const std::vector<Item> base_items = ItemsOf(base);
  const std::vector<Item> other_items = ItemsOf(other);
  Keys keys;
  const std::vector<int32_t> base_keys = keys.Of(base, base_items);
  const std::vector<int32_t> other_keys = keys.Of(other, other_items);
  std::vector<int32_t> pairs = AlignSequences(base_keys, other_keys);
  DropChanceMatches(base_items, other_items.size(), &pairs);

  Alignment out;
  out.layers.assign(base.functional.origins.size(), kAbsent);
  out.reads.assign(base.functional.reads.size(), kAbsent);
  for (size_t i = 0; i < pairs.size(); ++i) {
    if (pairs[i] == kAbsent) continue;
    const Item& one = base_items[i];
    const Item& two = other_items[pairs[i]];
    if (one.layer != kAbsent) out.layers[one.layer] = two.layer;
    if (one.read != kAbsent) out.reads[one.read] = two.read;
  }
  ValueAligner(base, KeysOfLayers(base_items, base_keys), other,
               KeysOfLayers(other_items, other_keys), &out)
      .Run();
  FindPartings(base_items, other_items, pairs, &out);
  DropReordered(other.functional.origins.size(), &out);
  return out;
}

}  // namespace flextorchir
