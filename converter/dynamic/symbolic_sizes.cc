#include "flextorchir/converter/dynamic/symbolic_sizes.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "flextorchir/converter/dynamic/layer_sizes.h"
#include "flextorchir/converter/dynamic/size_constants.h"
#include "flextorchir/converter/dynamic/solve_size.h"
#include "flextorchir/converter/passes/graph_walk.h"
#include "flextorchir/converter/report.h"
#include "flextorchir/ir/attribute.h"
#include "flextorchir/ir/dim.h"
#include "flextorchir/ir/dtype.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/weights.h"
#include "flextorchir/torch_bridge/free_sizes.h"
#include "flextorchir/torch_bridge/operator_call.h"

namespace flextorchir {
namespace {

// A name that a symbol may have, made of `text`.
std::string SymbolName(absl::string_view text) {
  std::string name;
  for (const char c : text) {
    name.push_back(absl::ascii_isalnum(c) ? c : '_');
  }
  if (name.empty() || absl::ascii_isdigit(name[0])) name.insert(0, "_");
  return name;
}

// The strides of row-major order.
std::vector<Dim> RowMajor(const std::vector<Dim>& shape) {
  std::vector<Dim> strides(shape.size());
  Dim step = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    strides[i] = step;
    const Dim& size = shape[i];
    if (size == Dim(1)) continue;
    if (step == Dim(1)) {
      step = size;
    } else if (size.is_number() && !step.is_number()) {
      step = Dim::Binary(Dim::Op::kMul, step, size);
    } else {
      step = Dim::Binary(Dim::Op::kMul, size, step);
    }
  }
  return strides;
}

class Rewriter {
 public:
  Rewriter(absl::Span<const AlignedRun> further_runs, CapturedRun* base)
      : further_(further_runs),
        base_(base),
        model_(base->functional.model),
        graph_(model_.graphs[0]),
        solver_(1 + further_runs.size()) {}

  absl::StatusOr<SymbolicSizes> Run(absl::Span<const DynamicSize> dynamic) {
    for (const DynamicSize& size : dynamic) {
      if (absl::Status status = Declare(size); !status.ok()) return status;
    }
    NameOtherSizes();
    for (ValueId input : graph_.inputs) SolveStrides(input);
    SolveConstants();
    for (size_t i = 0; i < graph_.layers.size(); ++i) {
      SolveLayer(static_cast<int32_t>(i));
    }
    return SymbolicSizes{solver_.assignments(), std::move(constants_)};
  }

 private:
  // -- What the other runs have in the place of something of the base.
  const Graph& OtherGraph(const AlignedRun& other) const {
    return other.run->functional.model.graphs[0];
  }
  const Layer* Twin(const AlignedRun& other, int32_t layer) const {
    const int32_t twin = other.alignment->layers[layer];
    return twin == kAbsent ? nullptr : &OtherGraph(other).layers[twin];
  }
  // Null unless it is a tensor of the same rank.
  const TensorType* TwinType(const AlignedRun& other, ValueId value) const {
    const ValueId twin = other.alignment->values[value];
    const TensorType* type =
        twin == kAbsent ? nullptr : OtherGraph(other).value(twin).tensor();
    const TensorType* own = graph_.value(value).tensor();
    if (type == nullptr || own == nullptr ||
        type->shape.size() != own->shape.size()) {
      return nullptr;
    }
    return type;
  }

  TensorType* Type(ValueId value) {
    return std::get_if<TensorType>(&graph_.values[value].type);
  }

  Samples SizeSamples(ValueId value, size_t axis) const {
    Samples samples = {graph_.value(value).tensor()->shape[axis].number()};
    for (const AlignedRun& other : further_) {
      const TensorType* type = TwinType(other, value);
      samples.push_back(
          type == nullptr ? std::nullopt
                          : std::optional<int64_t>(type->shape[axis].number()));
    }
    return samples;
  }

  static bool Varies(const Samples& samples) {
    return std::any_of(samples.begin(), samples.end(), [&](const auto& s) {
      return s.has_value() && s != samples[0];
    });
  }

  // -- Symbols.
  void AddSymbol(const std::string& name, absl::Span<const int64_t> values) {
    solver_.AddSymbol(name, values);
    model_.symbols.push_back({name, std::nullopt, std::nullopt});
  }

  absl::Status Declare(const DynamicSize& size) {
    const ValueId input = graph_.inputs[size.input];
    const Samples samples = SizeSamples(input, size.axis);
    std::vector<int64_t> values;
    for (const std::optional<int64_t>& sample : samples) {
      values.push_back(sample.value_or(*samples[0]));
    }
    const Dim symbol = Dim::Symbol(size.symbol);
    if (!solver_.HasSymbol(size.symbol)) {
      AddSymbol(size.symbol, values);
    } else {
      for (size_t run = 0; run < values.size(); ++run) {
        const int64_t known = solver_.assignments()[run].at(size.symbol);
        if (known == values[run]) continue;
        return absl::InvalidArgumentError(
            absl::StrCat("the dynamic size \"", size.symbol, "\" is ",
                         values[run], " at size ", size.axis, " of input \"",
                         base_->input_names[size.input], "\", and ", known,
                         " elsewhere", run == 0 ? "" : ", in a further example",
                         "; sizes that differ need symbols of their own"));
      }
    }
    Type(input)->shape[size.axis] = symbol;
    return absl::OkStatus();
  }

  // Sizes of inputs that differ between the runs although nobody said so.
  void NameOtherSizes() {
    for (size_t i = 0; i < graph_.inputs.size(); ++i) {
      const ValueId input = graph_.inputs[i];
      TensorType* type = Type(input);
      if (type == nullptr) continue;
      for (size_t axis = 0; axis < type->shape.size(); ++axis) {
        if (!type->shape[axis].is_number()) continue;
        const Samples samples = SizeSamples(input, axis);
        if (!Varies(samples)) continue;
        std::vector<int64_t> values;
        for (const auto& s : samples) values.push_back(s.value_or(*samples[0]));
        std::string name =
            SymbolName(absl::StrCat(base_->input_names[i], "_", axis));
        while (solver_.HasSymbol(name)) name += "_";
        AddSymbol(name, values);
        type->shape[axis] = Dim::Symbol(name);
        Report::Warning note;
        note.code = "dynamic-size";
        note.severity = Report::Severity::kInfo;
        note.message =
            absl::StrCat("size ", axis, " of input \"", base_->input_names[i],
                         "\" differs between the examples: it is the symbol ",
                         name, " (`dynamic` gives it a name)");
        base_->functional.warnings.push_back(std::move(note));
      }
    }
  }

  std::string FreshName() {
    std::string name;
    do {
      name = absl::StrCat("u", fresh_++);
    } while (solver_.HasSymbol(name));
    return name;
  }
  Dim FreshSymbol(const Samples& samples) {
    std::vector<int64_t> values;
    for (const auto& s : samples) values.push_back(s.value_or(*samples[0]));
    const std::string name = FreshName();
    AddSymbol(name, values);
    return Dim::Symbol(name);
  }

  // -- Types.
  // Whether the sizes of results depend on what the inputs hold: no expression
  // holds for them then. Of operators that are not torch's nobody knows.
  enum class Finds { kNothing, kPerhaps, kSizes };

  void SolveType(ValueId value, Finds found, absl::Span<const Dim> near,
                 const std::vector<std::vector<Dim>>& likely) {
    TensorType* type = Type(value);
    if (type == nullptr) return;
    for (size_t axis = 0; axis < type->shape.size(); ++axis) {
      const Samples samples = SizeSamples(value, axis);
      if (!Varies(samples)) continue;
      std::optional<Dim> dim;
      if (found == Finds::kNothing ||
          (found == Finds::kPerhaps && EqualsOne(samples, near))) {
        dim = solver_.Solve(
            samples, near,
            axis < likely.size() ? likely[axis] : std::vector<Dim>());
      }
      type->shape[axis] = dim.has_value() ? *dim : FreshSymbol(samples);
    }
    SolveStrides(value);
  }

  // Of sizes 0 and 1 strides say nothing.
  void SolveStrides(ValueId value) {
    TensorType* type = Type(value);
    if (type == nullptr || type->quantization.has_value()) return;
    bool any = !type->strides.empty();
    for (const AlignedRun& other : further_) {
      const TensorType* twin = TwinType(other, value);
      any |= twin != nullptr && !twin->strides.empty();
    }
    const bool symbolic =
        std::any_of(type->shape.begin(), type->shape.end(),
                    [](const Dim& dim) { return !dim.is_number(); });
    if (!any || !symbolic) return;

    const std::vector<Dim> shape = type->shape;
    const size_t rank = shape.size();
    std::vector<Samples> samples(rank);
    const auto take = [&](const std::vector<int64_t>& sizes,
                          const std::vector<Dim>& strides) {
      // Nothing counts where there is nothing.
      const bool empty = std::count(sizes.begin(), sizes.end(), 0) > 0;
      for (size_t i = 0; i < rank; ++i) {
        const bool counts = !empty && sizes[i] > 1;
        samples[i].push_back(counts
                                 ? std::optional<int64_t>(strides[i].number())
                                 : std::nullopt);
      }
    };
    for (size_t run = 0; run < solver_.runs(); ++run) {
      const TensorType* recorded =
          run == 0 ? type : TwinType(further_[run - 1], value);
      if (recorded == nullptr) {
        for (Samples& s : samples) s.push_back(std::nullopt);
        continue;
      }
      std::vector<int64_t> sizes;
      for (size_t i = 0; i < rank; ++i) {
        sizes.push_back(recorded->shape[i]
                            .Evaluate(solver_.assignments()[run])
                            .value_or(0));
      }
      std::vector<Dim> numbers(sizes.begin(), sizes.end());
      take(sizes,
           recorded->strides.empty() ? RowMajor(numbers) : recorded->strides);
    }

    const std::vector<Dim> row_major = RowMajor(shape);
    std::vector<Dim> strides;
    bool is_row_major = true;
    for (size_t i = 0; i < rank; ++i) {
      const bool unknown =
          std::none_of(samples[i].begin(), samples[i].end(),
                       [](const auto& s) { return s.has_value(); });
      std::optional<Dim> stride = row_major[i];
      if (!unknown && !solver_.Agrees(row_major[i], samples[i])) {
        is_row_major = false;
        stride = solver_.Solve(samples[i], shape, LikelyStrides(shape));
      }
      if (!stride.has_value()) {
        // Nobody gives it a value: the evaluator leaves such tensors as they
        // come, and no expression may be made of it.
        const std::string name = FreshName();
        model_.symbols.push_back({name, std::nullopt, std::nullopt});
        stride = Dim::Symbol(name);
      }
      strides.push_back(*std::move(stride));
    }
    type->strides = is_row_major ? std::vector<Dim>() : std::move(strides);
  }

  // Products of sizes, as the memory of a permuted tensor has them.
  static std::vector<Dim> LikelyStrides(const std::vector<Dim>& shape) {
    std::vector<Dim> products;
    if (shape.size() > 6) return products;
    for (uint32_t set = 1; set < uint32_t{1} << shape.size(); ++set) {
      std::vector<Dim> part;
      for (size_t i = 0; i < shape.size(); ++i) {
        if ((set >> i & 1) != 0) part.push_back(shape[i]);
      }
      part.insert(part.begin(), Dim(2));  // the stride in front of all of them
      products.push_back(
          Dim::Binary(Dim::Op::kMul, part[1], RowMajor(part)[1]));
      if (part.size() == 2) products.back() = part[1];
    }
    return products;
  }

  // -- Layers.
  void SolveLayer(int32_t index) {
    Layer& layer = graph_.layers[index];
    std::vector<Dim> near;
    const auto add = [&](const Dim& dim) {
      if (dim.is_number()) return;
      if (std::find(near.begin(), near.end(), dim) == near.end()) {
        near.push_back(dim);
      }
    };
    for (ValueId input : PresentValues(layer.inputs)) {
      if (const TensorType* type = Type(input)) {
        for (const Dim& dim : type->shape) add(dim);
      }
    }
    for (auto& [name, attribute] : layer.attributes) {
      std::vector<const Attribute*> twins;
      for (const AlignedRun& other : further_) {
        const Layer* twin = Twin(other, index);
        twins.push_back(twin == nullptr ? nullptr : twin->FindAttribute(name));
      }
      SolveAttribute(near, twins, &attribute);
    }
    for (const auto& [name, attribute] : layer.attributes) {
      ForEachDim(attribute, add);
    }
    const Finds finds = FindsSizes(layer);
    const auto likely = LikelySizes(graph_, layer, &solver_);
    for (ValueId output : PresentValues(layer.outputs)) {
      SolveType(output, finds, near, likely);
    }
  }

  Finds FindsSizes(const Layer& layer) {
    // By numbers, x[i] has the sizes of i; by a mask, what is in it.
    if (layer.target == "aten::index.Tensor") {
      const std::vector<ValueId> inputs = PresentValues(layer.inputs);
      const bool by_mask =
          std::any_of(inputs.begin() + 1, inputs.end(), [&](ValueId id) {
            const TensorType* type = graph_.value(id).tensor();
            return type != nullptr && (type->dtype == DType::kBool ||
                                       type->dtype == DType::kUInt8);
          });
      return by_mask ? Finds::kSizes : Finds::kNothing;
    }
    const auto [place, is_new] =
        finds_.try_emplace(layer.target, Finds::kPerhaps);
    if (!is_new) return place->second;
    const auto op = FindOperator(layer.target);
    if (layer.target == "torchvision::nms") {
      place->second = Finds::kSizes;
    } else if (op.has_value() && absl::StartsWith(layer.target, "aten::")) {
      place->second = HasFreeSizes(*op) ? Finds::kSizes : Finds::kNothing;
    }
    return place->second;
  }

  bool EqualsOne(const Samples& samples, absl::Span<const Dim> near) const {
    return std::any_of(near.begin(), near.end(), [&](const Dim& dim) {
      return solver_.Agrees(dim, samples);
    });
  }

  template <typename Visit>
  static void ForEachDim(const Attribute& attribute, const Visit& visit) {
    if (attribute.AsDim() != nullptr) visit(*attribute.AsDim());
    if (attribute.AsList() == nullptr) return;
    for (const Attribute& item : *attribute.AsList()) ForEachDim(item, visit);
  }

  void SolveAttribute(absl::Span<const Dim> near,
                      const std::vector<const Attribute*>& twins,
                      Attribute* attribute) {
    if (const int64_t* number = attribute->AsInt()) {
      Samples samples = {*number};
      for (const Attribute* twin : twins) {
        if (twin == nullptr) {
          samples.push_back(std::nullopt);
        } else if (twin->AsInt() == nullptr) {
          return;
        } else {
          samples.push_back(*twin->AsInt());
        }
      }
      if (!Varies(samples)) return;
      if (std::optional<Dim> dim = solver_.Solve(samples, near)) {
        *attribute = Attribute(*std::move(dim));
      }
      return;
    }
    const Attribute::List* list = attribute->AsList();
    if (list == nullptr) return;
    for (const Attribute* twin : twins) {
      if (twin != nullptr && (twin->AsList() == nullptr ||
                              twin->AsList()->size() != list->size())) {
        return;
      }
    }
    Attribute::List solved = *list;
    for (size_t i = 0; i < solved.size(); ++i) {
      std::vector<const Attribute*> items;
      for (const Attribute* twin : twins) {
        items.push_back(twin == nullptr ? nullptr : &(*twin->AsList())[i]);
      }
      SolveAttribute(near, items, &solved[i]);
    }
    *attribute = Attribute(std::move(solved));
  }

  // -- Constants that hold sizes (`torch.tensor(x.shape[0])`).
  void SolveConstants() {
    std::map<ValueId, std::vector<ValueId>> twins;  // by run
    for (size_t run = 0; run < further_.size(); ++run) {
      for (const auto& pair : further_[run].alignment->constants) {
        auto& of_value = twins[pair.base];
        of_value.resize(further_.size(), kAbsent);
        // Two constants that were one in the base: it is none of them.
        if (of_value[run] != kAbsent && of_value[run] != pair.other) {
          ambiguous_.insert(pair.base);
        }
        of_value[run] = pair.other;
      }
    }
    for (const auto& [value, others] : twins) {
      if (ambiguous_.count(value) == 0) SolveConstant(value, others);
    }
  }

  void SolveConstant(ValueId value, const std::vector<ValueId>& others) {
    const WeightsId id = graph_.value(value).weights;
    if (id == kAbsent) return;
    const Weights& own = model_.weights[id];
    const auto numbers = IntegersOf(own);
    if (!numbers.has_value()) return;
    std::vector<Samples> samples;
    for (const int64_t number : *numbers) samples.push_back({number});
    for (size_t run = 0; run < others.size(); ++run) {
      const Model& model = further_[run].run->functional.model;
      std::optional<std::vector<int64_t>> twin;
      if (others[run] != kAbsent) {
        const WeightsId other = model.graphs[0].value(others[run]).weights;
        if (other == kAbsent || model.weights[other].type != own.type) return;
        twin = IntegersOf(model.weights[other]);
        if (!twin.has_value()) return;
      }
      for (size_t i = 0; i < samples.size(); ++i) {
        samples[i].push_back(twin.has_value()
                                 ? std::optional<int64_t>((*twin)[i])
                                 : std::nullopt);
      }
    }
    if (std::none_of(samples.begin(), samples.end(), Varies)) return;
    std::vector<Dim> dims;
    for (const Samples& sample : samples) {
      const std::optional<Dim> dim = solver_.Solve(sample, {});
      if (!dim.has_value()) return;
      dims.push_back(*dim);
    }
    constants_.push_back({value, std::move(dims)});
    for (const AlignedRun& run : further_) {
      auto& pairs = run.alignment->constants;
      pairs.erase(std::remove_if(pairs.begin(), pairs.end(),
                                 [&](const Alignment::ConstantPair& pair) {
                                   return pair.base == value;
                                 }),
                  pairs.end());
    }
  }

  const absl::Span<const AlignedRun> further_;
  CapturedRun* const base_;
  Model& model_;
  Graph& graph_;
  SizeSolver solver_;
  int fresh_ = 0;
  std::map<std::string, Finds> finds_;  // by operator
  std::set<ValueId> ambiguous_;
  std::vector<SizeConstant> constants_;
};

}  // namespace

absl::StatusOr<SymbolicSizes> MakeSizesSymbolic(
    absl::Span<const DynamicSize> dynamic,
    absl::Span<const AlignedRun> further_runs, CapturedRun* base) {
  return Rewriter(further_runs, base).Run(dynamic);
}

}  // namespace flextorchir
