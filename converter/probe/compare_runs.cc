#include "flextorchir/converter/probe/compare_runs.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "flextorchir/torch_bridge/attribute.h"
#include "flextorchir/torch_bridge/tensor.h"

namespace flextorchir {
namespace {

using Kind = RunDifference::Kind;

// Of a constant, no more than this is shown.
constexpr int64_t kShownElements = 4;
constexpr size_t kShownLayers = 4;

class Comparer {
 public:
  Comparer(const CapturedRun& base, const RunOrder& order,
           const CapturedRun& other, const Alignment& alignment,
           const std::map<std::string, int64_t>& symbols)
      : base_(base),
        order_(order),
        other_(other),
        alignment_(alignment),
        symbols_(symbols),
        explained_(base.functional.origins.size()) {
    std::vector<std::string> names;
    for (ValueId input : graph().inputs) {
      const TensorType* type = graph().value(input).tensor();
      if (type == nullptr) continue;
      for (const Dim& size : type->shape) size.CollectSymbols(&names);
    }
    symbols_of_inputs_.insert(names.begin(), names.end());
  }

  RunComparison Run() && {
    ComparePartings();
    CompareWiring();
    CompareLayers();
    CompareConstants();
    CompareReads();
    CompareResults(base_.output_structure, other_.output_structure, "");
    return std::move(out_);
  }

 private:
  const Graph& graph() const { return base_.functional.model.graphs[0]; }
  const Graph& other_graph() const { return other_.functional.model.graphs[0]; }

  // "aten::relu, aten::add and 3 more in `head`".
  static std::string LayersText(const CapturedRun& run, int32_t begin,
                                int32_t end) {
    if (begin >= end) return "nothing";
    const std::vector<Layer>& layers = run.functional.model.graphs[0].layers;
    std::string text;
    size_t shown = 0;
    for (int32_t i = begin; i < end && shown < kShownLayers; ++i, ++shown) {
      absl::StrAppend(&text, shown == 0 ? "" : ", ", layers[i].kind);
    }
    if (end - begin > static_cast<int32_t>(shown)) {
      absl::StrAppend(&text, " and ", end - begin - shown, " more");
    }
    const std::string& path = layers[begin].source().module_path;
    if (!path.empty()) absl::StrAppend(&text, " (in `", path, "`)");
    return text;
  }

  void ComparePartings() {
    for (const Alignment::Parting& parting : alignment_.partings) {
      RunDifference difference{Kind::kParting};
      difference.layer = parting.base_begin;
      difference.end_layer = parting.base_end;
      difference.base = LayersText(base_, parting.base_begin, parting.base_end);
      difference.other =
          LayersText(other_, parting.other_begin, parting.other_end);
      if (parting.base_begin > 0) {
        difference.when = order_.OfLayer(parting.base_begin - 1) + 1;
      }
      if (parting.reads > 0) {
        difference.when =
            std::max(difference.when, order_.OfRead(parting.reads - 1) + 1);
      }
      out_.differences.push_back(std::move(difference));
    }
  }

  // "aten::relu", "input 0", "`fc.weight`": what a value is.
  static std::string ValueText(const CapturedRun& run, ValueId value) {
    if (value == kAbsent) return "nothing";
    const Model& model = run.functional.model;
    const Graph& graph = model.graphs[0];
    for (size_t i = 0; i < graph.inputs.size(); ++i) {
      if (graph.inputs[i] == value) return absl::StrCat("input ", i);
    }
    if (graph.values[value].weights != kAbsent) {
      return absl::StrCat("`", model.weights[graph.values[value].weights].name,
                          "`");
    }
    for (const Layer& layer : graph.layers) {
      for (const Slot& slot : layer.outputs) {
        if (std::count(slot.values.begin(), slot.values.end(), value) > 0) {
          return absl::StrCat("the result of ", layer.kind);
        }
      }
    }
    return "another value";
  }

  static std::string SlotText(const CapturedRun& run, const Slot* slot) {
    if (slot == nullptr) return "no tensor";
    if (slot->is_list) {
      return absl::StrCat("a list of ", slot->values.size(), " tensors");
    }
    return ValueText(run, slot->values[0]);
  }

  void CompareWiring() {
    for (const Alignment::Rewiring& place : alignment_.rewirings) {
      RunDifference difference{Kind::kRewiring};
      difference.layer = place.layer;
      if (place.layer == kAbsent) {
        difference.when = order_.OfResult();
        difference.name = absl::StrCat("result ", place.slot);
        difference.base = ValueText(base_, graph().outputs[place.slot]);
        difference.other = ValueText(other_, other_graph().outputs[place.slot]);
      } else {
        explained_[place.layer] = true;
        difference.when = order_.OfLayer(place.layer);
        const Slot& slot = graph().layers[place.layer].inputs[place.slot];
        const Layer& same =
            other_graph().layers[alignment_.layers[place.layer]];
        difference.name = slot.name;
        difference.base = SlotText(base_, &slot);
        difference.other = SlotText(other_, same.FindInput(slot.name));
      }
      out_.differences.push_back(std::move(difference));
    }
  }

  // The size, if it follows from the sizes of the inputs.
  std::optional<int64_t> SizeOf(const Dim& dim) const {
    std::vector<std::string> names;
    dim.CollectSymbols(&names);
    for (const std::string& name : names) {
      if (symbols_of_inputs_.count(name) == 0) return std::nullopt;
    }
    return ValueOf(dim);
  }

  std::optional<int64_t> ValueOf(const Dim& dim) const {
    if (dim.is_number()) return dim.number();
    const absl::StatusOr<int64_t> value = dim.Evaluate(symbols_);
    if (!value.ok()) return std::nullopt;
    return *value;
  }

  // Whether they are the same; if not, what differs is added to `differ`.
  bool Same(const Attribute& one, const Attribute& two,
            ConstantsThatDiffer* differ) const {
    if (const Dim* dim = one.AsDim()) {
      const std::optional<int64_t> value = ValueOf(*dim);
      if (value.has_value()) {
        return Same(Attribute(*value), two, differ);
      }
    }
    const Attribute::List* list = one.AsList();
    const Attribute::List* other = two.AsList();
    if (list != nullptr && other != nullptr && list->size() == other->size()) {
      bool same = true;
      for (size_t i = 0; i < list->size(); ++i) {
        same &= Same((*list)[i], (*other)[i], differ);
      }
      return same;
    }
    if (one == two) return true;
    differ->emplace_back(one, two);
    return false;
  }

  void CompareAttributes(int32_t number, const Layer& one, const Layer& two) {
    for (const auto& [name, attribute] : one.attributes) {
      const Attribute* same = two.FindAttribute(name);
      // (An attribute that is a tensor in the other run is a rewiring there.)
      RunDifference difference{Kind::kAttribute};
      if (same != nullptr && Same(attribute, *same, &difference.constants)) {
        continue;
      }
      explained_[number] = true;
      difference.layer = number;
      difference.name = name;
      difference.base = attribute.ToString();
      difference.other = same == nullptr ? "a tensor" : same->ToString();
      difference.when = order_.OfLayer(number);
      out_.differences.push_back(std::move(difference));
    }
  }

  // Whether two types have the same shape. A size that was found in the data
  // (it has a symbol of its own) is never the same.
  bool SameShape(const TensorType& one, const TensorType& two,
                 ConstantsThatDiffer* differ) const {
    bool same = one.shape.size() == two.shape.size();
    for (size_t d = 0; same && d < one.shape.size(); ++d) {
      const std::optional<int64_t> size = SizeOf(one.shape[d]);
      if (size.has_value() && *size == ValueOf(two.shape[d])) continue;
      if (differ == nullptr) return false;
      differ->emplace_back(Attribute(one.shape[d]), Attribute(two.shape[d]));
    }
    return same && (differ == nullptr || differ->empty());
  }

  bool SameShapes(const std::vector<Slot>& slots) const {
    for (const Slot& slot : slots) {
      for (ValueId value : slot.values) {
        if (value == kAbsent) continue;
        const ValueId same = alignment_.values[value];
        if (same == kAbsent) return false;
        const TensorType* one = graph().value(value).tensor();
        const TensorType* two = other_graph().value(same).tensor();
        if ((one == nullptr) != (two == nullptr)) return false;
        if (one != nullptr && !SameShape(*one, *two, nullptr)) return false;
      }
    }
    return true;
  }

  static bool IsSymbolic(const Attribute& attribute) {
    const Attribute::List* list = attribute.AsList();
    return attribute.AsDim() != nullptr ||
           (list != nullptr &&
            std::any_of(list->begin(), list->end(), IsSymbolic));
  }

  void CompareSizes(int32_t number, const Layer& one) {
    if (explained_[number] || !SameShapes(one.inputs)) return;
    // Those follow from an attribute.
    for (const auto& [name, attribute] : one.attributes) {
      if (IsSymbolic(attribute)) return;
    }
    for (const Slot& slot : one.outputs) {
      for (ValueId value : slot.values) {
        if (value == kAbsent || alignment_.values[value] == kAbsent) continue;
        const TensorType* type = graph().value(value).tensor();
        const TensorType* other =
            other_graph().value(alignment_.values[value]).tensor();
        if (type == nullptr || other == nullptr) continue;
        SizeDifference difference;
        if (SameShape(*type, *other, &difference.constants)) continue;
        difference.layer = number;
        difference.base = type->ToString();
        difference.other = other->ToString();
        out_.sizes.push_back(std::move(difference));
        return;  // one is enough
      }
    }
  }

  void CompareLayers() {
    for (size_t i = 0; i < graph().layers.size(); ++i) {
      if (alignment_.layers[i] == kAbsent) continue;
      const Layer& one = graph().layers[i];
      const int32_t number = static_cast<int32_t>(i);
      CompareAttributes(number, one,
                        other_graph().layers[alignment_.layers[i]]);
      CompareSizes(number, one);
    }
  }

  static const Weights& WeightsOf(const CapturedRun& run, ValueId value) {
    const Model& model = run.functional.model;
    return model.weights[model.graphs[0].values[value].weights];
  }

  // The content of a constant as the run found it, if it is one whose origin
  // nobody knows.
  static const at::Tensor* UnknownContent(const CapturedRun& run,
                                          ValueId value) {
    const Graph& graph = run.functional.model.graphs[0];
    const int32_t row = run.functional.externals[graph.values[value].weights];
    if (row == kAbsent) return nullptr;
    const ExternalTensor& external = run.trace.externals[row];
    return external.from_empty ? nullptr : &external.content;
  }

  // "[1.0, 2.0]", or some of the elements that differ.
  static std::pair<std::string, std::string> ContentText(const Weights& one,
                                                         const Weights& two) {
    std::pair<std::string, std::string> text = {one.type.ToString(),
                                                two.type.ToString()};
    if (one.type.shape != two.type.shape || one.type.dtype != two.type.dtype ||
        one.type.quantization.has_value()) {
      return text;
    }
    const absl::StatusOr<at::Tensor> a = ToTensor(one);
    const absl::StatusOr<at::Tensor> b = ToTensor(two);
    if (!a.ok() || !b.ok()) return text;
    const at::Tensor x = a->reshape({-1});
    const at::Tensor y = b->reshape({-1});
    const auto element = [](const at::Tensor& from, int64_t i) {
      return ToAttribute(c10::IValue(from.select(0, i).item()))
          .value_or(Attribute())
          .ToString();
    };
    const at::Tensor differ = x.ne(y).nonzero().reshape({-1});
    const int64_t shown = std::min(differ.numel(), kShownElements);
    if (shown == 0) return text;  // NaN, or the sign of a zero
    text = {"", ""};
    for (int64_t i = 0; i < shown; ++i) {
      const int64_t at = differ.select(0, i).item<int64_t>();
      absl::StrAppend(&text.first, i == 0 ? "" : ", ", element(x, at));
      absl::StrAppend(&text.second, i == 0 ? "" : ", ", element(y, at));
    }
    if (x.numel() == 1) return text;
    const std::string rest =
        shown < differ.numel() ? absl::StrCat(", ... (", differ.numel(), " of ",
                                              x.numel(), " elements differ)")
                               : std::string();
    absl::StrAppend(&text.first, rest);
    return text;
  }

  void CompareConstants() {
    std::set<ValueId> unknown;
    for (const Alignment::ConstantPair& pair : alignment_.constants) {
      const Weights& one = WeightsOf(base_, pair.base);
      const Weights& two = WeightsOf(other_, pair.other);
      const int32_t layer = pair.place.layer;
      const bool same_type =
          one.type.dtype == two.type.dtype && one.type.shape == two.type.shape;
      if (same_type && (one.data.data().data() == two.data.data().data() ||
                        one.data.data() == two.data.data())) {
        const at::Tensor* content = UnknownContent(base_, pair.base);
        const at::Tensor* again = UnknownContent(other_, pair.other);
        if (content == nullptr || again == nullptr) continue;
        // What was there before the run is the same memory each time. A tensor
        // without dimensions is a number of the program's: torch makes one of
        // it (x[0] = 1), torch.jit.trace of a size.
        const bool was_there =
            content->has_storage() && again->has_storage() &&
            content->const_data_ptr() == again->const_data_ptr();
        if (!was_there && content->dim() > 0 &&
            unknown.insert(pair.base).second) {
          out_.unknown_constants.push_back(pair);
        }
        continue;
      }
      RunDifference difference{Kind::kConstant};
      difference.layer = layer;
      difference.name = one.type.ToString();
      std::tie(difference.base, difference.other) = ContentText(one, two);
      difference.when =
          layer == kAbsent ? order_.OfResult() : order_.OfLayer(layer);
      AddNumber(one, two, &difference.constants);
      out_.differences.push_back(std::move(difference));
    }
  }

  static void AddNumber(const Weights& one, const Weights& two,
                        ConstantsThatDiffer* numbers) {
    const absl::StatusOr<at::Tensor> a = ToTensor(one);
    const absl::StatusOr<at::Tensor> b = ToTensor(two);
    if (!a.ok() || !b.ok() || a->numel() != 1 || b->numel() != 1 ||
        a->is_quantized() || b->is_quantized()) {
      return;
    }
    numbers->emplace_back(
        ToAttribute(c10::IValue(a->item())).value_or(Attribute()),
        ToAttribute(c10::IValue(b->item())).value_or(Attribute()));
  }

  // What a read told the program.
  static std::optional<Attribute> ValueRead(const CapturedRun& run,
                                            int32_t read) {
    const OperatorCall& call = run.trace.calls[run.functional.reads[read].call];
    if (call.num_results != 1) return std::nullopt;
    const RecordedArgument& result =
        run.trace.arguments[call.first_argument + call.num_arguments];
    if (result.kind != RecordedArgument::Kind::kConstant) return std::nullopt;
    return ToAttribute(result.constant);
  }

  void CompareReads() {
    for (size_t i = 0; i < alignment_.reads.size(); ++i) {
      if (alignment_.reads[i] == kAbsent) continue;
      const int32_t read = static_cast<int32_t>(i);
      std::optional<Attribute> one = ValueRead(base_, read);
      std::optional<Attribute> two = ValueRead(other_, alignment_.reads[i]);
      if (!one.has_value() || !two.has_value()) continue;
      if (*one == *two) {
        out_.equal_reads.push_back(read);
      } else {
        out_.reads.push_back({read, *std::move(one), *std::move(two)});
      }
    }
  }

  void AddResult(std::string path, std::string one, std::string two,
                 ConstantsThatDiffer constants) {
    RunDifference difference{Kind::kResult};
    difference.name = std::move(path);
    difference.base = std::move(one);
    difference.other = std::move(two);
    difference.constants = std::move(constants);
    difference.when = order_.OfResult();
    out_.differences.push_back(std::move(difference));
  }

  void CompareResults(const Structure& one, const Structure& two,
                      const std::string& path) {
    if (one.kind == Structure::Kind::kConstant &&
        two.kind == Structure::Kind::kConstant) {
      ConstantsThatDiffer constants;
      if (!Same(one.constant, two.constant, &constants)) {
        AddResult(path, one.constant.ToString(), two.constant.ToString(),
                  std::move(constants));
      }
      return;
    }
    const auto text = [](const Structure& structure) {
      switch (structure.kind) {
        case Structure::Kind::kLeaf:
          return std::string("a tensor");
        case Structure::Kind::kConstant:
          return structure.constant.ToString();
        default:
          return absl::StrCat(structure.children.size(), " elements");
      }
    };
    bool same =
        one.kind == two.kind && one.children.size() == two.children.size();
    for (size_t i = 0; same && i < one.children.size(); ++i) {
      same = one.children[i].key == two.children[i].key;
    }
    if (!same) {
      AddResult(path, text(one), text(two), {});
      return;
    }
    for (size_t i = 0; i < one.children.size(); ++i) {
      const Attribute& key = one.children[i].key;
      const std::string step =
          one.kind == Structure::Kind::kNamed && key.AsString() != nullptr
              ? absl::StrCat(".", *key.AsString())
              : absl::StrCat(
                    "[", key.is_none() ? absl::StrCat(i) : key.ToString(), "]");
      CompareResults(one.children[i].value, two.children[i].value, path + step);
    }
  }

  const CapturedRun& base_;
  const RunOrder& order_;
  const CapturedRun& other_;
  const Alignment& alignment_;
  const std::map<std::string, int64_t>& symbols_;
  std::set<std::string> symbols_of_inputs_;
  // By layer: it differs itself, so that its results may.
  std::vector<bool> explained_;
  RunComparison out_;
};

}  // namespace

RunOrder::RunOrder(const CapturedRun& run) {
  // Layers that were added come right behind the call that needed them.
  int64_t last = 0;
  for (const FunctionalGraph::Origin& origin : run.functional.origins) {
    if (origin.call != kAbsent) last = 2 * int64_t{origin.call};
    layers_.push_back(origin.call != kAbsent ? last : last + 1);
  }
  for (const FunctionalGraph::Read& read : run.functional.reads) {
    reads_.push_back(2 * int64_t{read.call});
  }
  end_ = 2 * static_cast<int64_t>(run.trace.calls.size()) + 2;
}

RunComparison CompareRuns(const CapturedRun& base, const RunOrder& order,
                          const CapturedRun& other, const Alignment& alignment,
                          const std::map<std::string, int64_t>& symbols) {
  return Comparer(base, order, other, alignment, symbols).Run();
}

}  // namespace flextorchir
