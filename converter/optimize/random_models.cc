#include "flextorchir/converter/optimize/random_models.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "ATen/ATen.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "c10/core/GradMode.h"
#include "flextorchir/evaluator/evaluator.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/torch_bridge/tensor.h"

namespace flextorchir {
namespace {

using Attributes = std::map<std::string, Attribute>;

class Generator {
 public:
  Generator(Focus focus, uint32_t seed) : focus_(focus), random_(seed) {
    at::manual_seed(seed);
    const int dtype = Below(10);
    dtype_ = dtype < 7 ? at::kFloat : dtype < 9 ? at::kDouble : at::kBFloat16;
    wants_grad_ = Chance(50);
    if (!wants_grad_) result_.model.metadata[kParametersWithoutGrad] = "*";
    result_.model.graphs.emplace_back();
    main().name = "main";
  }

  RandomModel Make() && {
    const c10::NoGradGuard no_grad;
    const int layers = 3 + Below(6);
    for (int i = 0; i < layers; ++i) {
      if (Chance(25)) AddOther();
      AddFocused();
    }
    // What nobody reads is returned, and some of the rest.
    std::vector<bool> read(main().values.size());
    for (const Layer& layer : main().layers) {
      for (const Slot& slot : layer.inputs) {
        for (ValueId value : slot.values) {
          if (value != kAbsent) read[value] = true;
        }
      }
    }
    for (const Layer& layer : main().layers) {
      for (const Slot& slot : layer.outputs) {
        const ValueId value = slot.values[0];
        if (!read[value] || Chance(10)) Return(value);
      }
    }
    for (int i = static_cast<int>(main().outputs.size()); i > 1; --i) {
      const int j = Below(i);
      std::swap(main().outputs[i - 1], main().outputs[j]);
      std::swap(result_.outputs[i - 1], result_.outputs[j]);
    }
    AddLeaves(main().inputs.size(), &result_.model.inputs);
    AddLeaves(main().outputs.size(), &result_.model.outputs);
    return std::move(result_);
  }

 private:
  // -- Chance.
  int Below(int n) { return static_cast<int>(random_() % n); }
  bool Chance(int percent) { return Below(100) < percent; }
  template <typename T>
  const T& OneOf(const std::vector<T>& all) {
    return all[Below(static_cast<int>(all.size()))];
  }
  std::vector<int64_t> Several(int64_t count, int64_t low, int64_t high) {
    std::vector<int64_t> numbers;
    for (int64_t i = 0; i < count; ++i) {
      numbers.push_back(low + Below(static_cast<int>(high - low + 1)));
    }
    return numbers;
  }

  // -- Building blocks.
  Graph& main() { return result_.model.main(); }
  at::Tensor at(ValueId value) const { return contents_[value]; }

  Value NewValue(std::string name, const at::Tensor& content) {
    Value value;
    value.name = std::move(name);
    value.type = *TypeOf(content);
    return value;
  }

  ValueId Keep(Value value, const at::Tensor& content) {
    contents_.push_back(content);
    return main().AddValue(std::move(value));
  }

  ValueId Input(at::Tensor content) {
    if (content.dim() == 4 && Chance(25)) {
      content = content.contiguous(at::MemoryFormat::ChannelsLast);
    } else if (content.dim() >= 2 && Chance(15)) {
      content = content.transpose(0, -1).contiguous().transpose(0, -1);
    }
    const ValueId value =
        Keep(NewValue(absl::StrCat("input_", main().inputs.size()), content),
             content);
    main().inputs.push_back(value);
    result_.inputs.emplace_back(content);
    return value;
  }

  ValueId Parameter(const at::Tensor& content, absl::string_view role,
                    Weights::Role kind = Weights::Role::kParameter) {
    const std::string name =
        absl::StrCat("module_", main().layers.size(), "_",
                     result_.model.weights.size(), ".", role);
    result_.model.weights.push_back(*ToWeights(name, kind, content));
    Value value = NewValue(name, content);
    value.weights = static_cast<WeightsId>(result_.model.weights.size()) - 1;
    const bool wants_grad = wants_grad_ && kind == Weights::Role::kParameter;
    return Keep(std::move(value),
                content.detach().set_requires_grad(wants_grad));
  }

  ValueId Emit(const std::string& kind, std::vector<Slot> inputs,
               Attributes attributes, const at::Tensor& content,
               const std::string& target = "") {
    Layer layer;
    layer.kind = kind;
    layer.name = absl::StrCat("layer_", main().layers.size());
    layer.target = target;
    layer.inputs = std::move(inputs);
    layer.attributes = std::move(attributes);
    Source source;
    source.op = layer.name;
    layer.sources.push_back(std::move(source));
    const ValueId output =
        Keep(NewValue(absl::StrCat("value_", main().layers.size()), content),
             content);
    layer.outputs.push_back(Slot::One("output", output));
    main().layers.push_back(std::move(layer));
    latest_.push_back(output);
    return output;
  }
  ValueId Unary(const std::string& kind, ValueId input, Attributes attributes,
                const at::Tensor& content) {
    return Emit(kind, {Slot::One("input", input)}, std::move(attributes),
                content);
  }

  void Return(ValueId value) {
    main().outputs.push_back(value);
    result_.outputs.emplace_back(at(value));
  }

  static void AddLeaves(size_t count, Structure* structure) {
    for (size_t i = 0; i < count; ++i) {
      Structure leaf;
      leaf.kind = Structure::Kind::kLeaf;
      leaf.leaf = static_cast<int64_t>(i);
      structure->children.push_back({Attribute(), leaf});
    }
  }

  // A value of the model's own dtype and this rank: mostly one of the latest,
  // so that chains grow, else a new input.
  ValueId Some(int64_t rank) {
    std::vector<ValueId> fitting;
    for (ValueId value : latest_) {
      const at::Tensor& content = at(value);
      const bool large = content.numel() > 4000;
      if (content.dim() == rank && content.numel() > 0 && !large &&
          content.scalar_type() == dtype_) {
        fitting.push_back(value);
      }
    }
    if (!fitting.empty() && Chance(60)) return fitting.back();
    if (!fitting.empty() && Chance(60)) return OneOf(fitting);
    std::vector<int64_t> sizes = Several(rank, 2, 5);
    if (rank >= 2) sizes[1] = OneOf(std::vector<int64_t>{2, 4, 6});
    return Input(at::randn(sizes, dtype_));
  }
  ValueId Some() { return Some(1 + Below(4)); }

  // -- Layers.
  void AddFocused() {
    Focus focus = focus_;
    if (focus == Focus::kEverything) focus = static_cast<Focus>(Below(5));
    switch (focus) {
      case Focus::kNoOps:
        return AddNoOp();
      case Focus::kReshapes:
        return AddReshapes();
      case Focus::kConstants:
        return AddConstants();
      case Focus::kBatchNorms:
        return AddBatchNorms();
      case Focus::kAffineGrids:
      case Focus::kEverything:
        return AddAffineGrid();
    }
  }

  void AddOther() {
    const ValueId x = Some();
    switch (Below(6)) {
      case 0:
        Unary("ReLU", x, {}, at(x).relu());
        return;
      case 1:
        Unary("Tanh", x, {}, at(x).tanh());
        return;
      case 2:
        Emit("Add", {Slot::One("input", x), Slot::One("other", x)}, {},
             at(x) + at(x));
        return;
      case 3:
        Emit(kPlaceholder, {Slot::One("self", x)}, {}, at(x).sigmoid(),
             "aten::sigmoid");
        return;
      case 4:  // as --layers=raw has it: it does nothing, and stays
        Emit("aten::dropout", {Slot::One("input", x)},
             {{"p", 0.5}, {"train", false}}, at(x), "aten::dropout");
        return;
      default:
        AddComposite(x);
    }
  }

  // relu(dropout(x)), as a layer of the user's own.
  void AddComposite(ValueId x) {
    Graph body;
    body.name = absl::StrCat("body_", result_.model.graphs.size());
    body.inputs = {body.AddValue(NewValue("x", at(x)))};
    body.AddValue(NewValue("same", at(x)));
    const at::Tensor result = at(x).relu();
    body.AddValue(NewValue("positive", result));
    body.outputs = {2};
    for (ValueId i : {0, 1}) {
      Layer layer;
      layer.kind = i == 0 ? "Dropout" : "ReLU";
      layer.name = layer.kind;
      layer.inputs = {Slot::One("input", i)};
      layer.outputs = {Slot::One("output", i + 1)};
      if (i == 0) layer.attributes = {{"p", 0.5}, {"training", false}};
      layer.sources.emplace_back();
      body.layers.push_back(std::move(layer));
    }
    Emit("mylib.Block", {Slot::One("input", x)}, {}, result);
    main().layers.back().bodies["body"] =
        static_cast<GraphId>(result_.model.graphs.size());
    result_.model.graphs.push_back(std::move(body));
  }

  void AddNoOp() {
    const ValueId x = Some();
    const at::Tensor content = at(x);
    const std::vector<int64_t> sizes = content.sizes().vec();
    const int64_t rank = content.dim();
    switch (Below(14)) {
      case 0:
        Unary("Dropout", x, {{"p", 0.5}, {"training", false}}, content);
        return;
      case 1:  // drops nothing in training either
        Unary("Dropout", x, {{"p", 0.0}, {"training", true}}, content);
        return;
      case 2:
        Unary("Identity", x, {}, content);
        return;
      case 3: {  // a permutation, then rows anew
        const ValueId t = Unary("Transpose", x, {{"dim0", 0}, {"dim1", -1}},
                                content.transpose(0, -1));
        if (Chance(30)) Unary("Neg", t, {}, at(t).neg());
        Unary("Contiguous", t, {}, at(t).contiguous());
        return;
      }
      case 4:
        Unary("Contiguous", x, {}, content.contiguous());
        return;
      case 5:
        Unary("Clone", x, {}, content.clone());
        return;
      case 6:
        Unary("Cast", x, {{"dtype", *ToDType(content.scalar_type())}}, content);
        return;
      case 7: {
        const ValueId y = Unary("Cast", x, {{"dtype", DType::kFloat64}},
                                content.to(at::kDouble));
        Unary("Cast", y, {{"dtype", *ToDType(content.scalar_type())}},
              at(y).to(content.scalar_type()));
        return;
      }
      case 8: {  // with one row more, or not
        std::vector<int64_t> expanded = sizes;
        if (Chance(30)) expanded.insert(expanded.begin(), 2);
        std::vector<int64_t> asked = expanded;
        if (Chance(50)) asked.back() = -1;
        Unary("Expand", x, {{"size", Attribute::Ints(asked)}},
              content.expand(expanded));
        return;
      }
      case 9: {
        const int64_t start = Chance(50) ? 0 : 1;
        Unary("Slice", x,
              {{"dim", 0}, {"start", start}, {"end", int64_t{1} << 40}},
              content.slice(0, start));
        return;
      }
      case 10: {
        std::vector<int64_t> shape = sizes;
        if (Chance(40)) std::reverse(shape.begin(), shape.end());
        Unary("Reshape", x, {{"shape", Attribute::Ints(shape)}},
              content.reshape(shape));
        return;
      }
      case 11: {
        const int64_t start = Below(static_cast<int>(rank));
        Unary("Flatten", x, {{"start_dim", start}, {"end_dim", -1}},
              content.flatten(start, -1));
        return;
      }
      case 12: {
        std::vector<int64_t> dims(rank);
        for (int64_t i = 0; i < rank; ++i) dims[i] = i;
        if (rank > 1 && Chance(40)) std::swap(dims[0], dims[1]);
        Unary("Permute", x, {{"dims", Attribute::Ints(dims)}},
              content.permute(dims));
        return;
      }
      default: {
        const int64_t repeats = Chance(70) ? 1 : 2;
        std::vector<int64_t> all(rank, 1);
        all[0] = repeats;
        Unary("Repeat", x, {{"repeats", Attribute::Ints(all)}},
              content.repeat(all));
        return;
      }
    }
  }

  // A chain of two to four.
  void AddReshapes() {
    ValueId x = Some(2 + Below(3));
    const int length = 2 + Below(3);
    const bool permute = Chance(50);
    for (int i = 0; i < length; ++i) {
      const bool mixed = Chance(15);
      x = permute != mixed ? AddPermutation(x) : AddReshape(x);
      if (Chance(10)) Unary("Neg", x, {}, at(x).neg());
    }
  }

  ValueId AddPermutation(ValueId x) {
    const at::Tensor content = at(x);
    const int64_t rank = content.dim();
    switch (Below(rank >= 2 ? 4 : 1)) {
      case 0: {
        std::vector<int64_t> dims(rank);
        for (int64_t i = 0; i < rank; ++i) dims[i] = i;
        std::shuffle(dims.begin(), dims.end(), random_);
        std::vector<int64_t> named = dims;
        if (Chance(30) && !named.empty()) named[0] -= rank;
        return Unary("Permute", x, {{"dims", Attribute::Ints(named)}},
                     content.permute(dims));
      }
      case 1:
        return Unary("MT", x, {}, content.mT());
      case 2: {
        const int64_t source = Below(static_cast<int>(rank));
        const int64_t destination = Below(static_cast<int>(rank));
        return Unary("Movedim", x,
                     {{"source", Attribute::Ints({source})},
                      {"destination", Attribute::Ints({destination - rank})}},
                     content.movedim(source, destination));
      }
      default: {
        const int64_t dim0 = Below(static_cast<int>(rank));
        const int64_t dim1 = Below(static_cast<int>(rank));
        return Unary("Transpose", x, {{"dim0", dim0}, {"dim1", dim1 - rank}},
                     content.transpose(dim0, dim1));
      }
    }
  }

  ValueId AddReshape(ValueId x) {
    const at::Tensor content = at(x);
    const int64_t rank = content.dim();
    switch (Below(6)) {
      case 0: {
        const int64_t dim = Below(static_cast<int>(rank) + 1);
        return Unary("Unsqueeze", x, {{"dim", dim}}, content.unsqueeze(dim));
      }
      case 1:
        return Unary("Squeeze", x, {}, content.squeeze());
      case 2:
        if (rank == 0) break;
        {
          const int64_t start = Below(static_cast<int>(rank));
          return Unary("Flatten", x, {{"start_dim", start}},
                       content.flatten(start));
        }
      case 3:
        if (rank == 0) break;
        {
          const int64_t dim = Below(static_cast<int>(rank));
          std::vector<int64_t> parts = {1, content.size(dim)};
          if (content.size(dim) % 2 == 0) parts = {2, content.size(dim) / 2};
          return Unary("Unflatten", x,
                       {{"dim", dim}, {"sizes", Attribute::Ints(parts)}},
                       content.unflatten(dim, parts));
        }
      case 4:
        return Unary("Ravel", x, {}, content.ravel());
      default:
        break;
    }
    // Any factors of the number of elements, one of them left to be found.
    std::vector<int64_t> shape;
    int64_t rest = content.numel();
    for (int64_t factor : {2, 3, 2, 5}) {
      if (rest % factor == 0 && Chance(60)) {
        shape.push_back(factor);
        rest /= factor;
      }
    }
    shape.push_back(Chance(50) ? -1 : rest);
    std::shuffle(shape.begin(), shape.end(), random_);
    return Unary("Reshape", x, {{"shape", Attribute::Ints(shape)}},
                 content.reshape(shape));
  }

  // A parameter, something computed of it, and a layer that reads that.
  void AddConstants() {
    const ValueId x = Some(2 + Below(2));
    const int64_t features = at(x).size(-1);
    ValueId weight = Parameter(at::randn({features, 3}, dtype_), "weight");
    const int steps = 1 + Below(3);
    bool square = false;
    for (int i = 0; i < steps; ++i) {
      switch (Below(5)) {
        case 0:
          weight = Unary("Neg", weight, {}, at(weight).neg());
          break;
        case 1:
          weight = Unary("Transpose", weight, {{"dim0", 0}, {"dim1", 1}},
                         at(weight).transpose(0, 1));
          square = !square;
          break;
        case 2: {
          const ValueId scale = Parameter(at::randn({1, 1}, dtype_), "scale");
          std::vector<int64_t> sizes = at(weight).sizes().vec();
          const ValueId scales =
              Unary("Expand", scale, {{"size", Attribute::Ints(sizes)}},
                    at(scale).expand(sizes));
          weight = Emit(
              "Mul", {Slot::One("input", weight), Slot::One("other", scales)},
              {}, at(weight) * at(scales));
          break;
        }
        case 3:
          weight = Unary("Contiguous", weight, {}, at(weight).contiguous());
          break;
        default: {  // no constant: it depends on the input
          if (Chance(50)) break;
          const ValueId sum =
              Unary("Sum", x, {{"dim", Attribute()}, {"keepdim", false}},
                    at(x).sum());
          weight =
              Emit("Add", {Slot::One("input", weight), Slot::One("other", sum)},
                   {}, at(weight) + at(sum));
        }
      }
    }
    if (square) {
      Emit("Linear",
           {Slot::One("input", x), Slot::One("weight", weight),
            Slot::One("bias", kAbsent)},
           {}, at::linear(at(x), at(weight)));
    } else {
      Emit("Matmul", {Slot::One("input", x), Slot::One("other", weight)}, {},
           at(x).matmul(at(weight)));
    }
  }

  void AddBatchNorms() {
    const int64_t spatial = Below(4);
    ValueId x = Some(spatial + 2);
    if (Chance(40)) x = AddBatchNorm(x);
    x = spatial == 0 ? AddLinear(x) : AddConvolution(x, spatial);
    if (Chance(10)) Unary("Neg", x, {}, at(x).neg());
    if (Chance(70)) x = AddBatchNorm(x);
    if (Chance(40)) Unary("ReLU", x, {}, at(x).relu());
  }

  ValueId AddBatchNorm(ValueId x) {
    const int64_t channels = at(x).size(1);
    const at::ScalarType real =
        dtype_ == at::kBFloat16 && Chance(50) ? at::kFloat : dtype_;
    const bool affine = Chance(80);
    // Without a shift it also goes where there is padding.
    const bool centred = Chance(15);
    const at::Tensor mean =
        centred ? at::zeros({channels}, real) : at::randn({channels}, real);
    const at::Tensor variance = at::rand({channels}, real) + 0.5;
    std::vector<Slot> inputs = {Slot::One("input", x)};
    at::Tensor weight, bias;
    if (affine) {
      weight = at::randn({channels}, real);
      bias =
          centred ? at::zeros({channels}, real) : at::randn({channels}, real);
    }
    inputs.push_back(
        Slot::One("weight", affine ? Parameter(weight, "weight") : kAbsent));
    inputs.push_back(
        Slot::One("bias", affine ? Parameter(bias, "bias") : kAbsent));
    inputs.push_back(
        Slot::One("running_mean",
                  Parameter(mean, "running_mean", Weights::Role::kBuffer)));
    inputs.push_back(
        Slot::One("running_var",
                  Parameter(variance, "running_var", Weights::Role::kBuffer)));
    const bool training = Chance(8);
    const double eps = Chance(50) ? 1e-5 : 1e-3;
    const int64_t spatial = std::max<int64_t>(at(x).dim() - 2, 1);
    return Emit(absl::StrCat("BatchNorm", spatial, "d"), std::move(inputs),
                {{"training", training}, {"momentum", 0.1}, {"eps", eps}},
                at::batch_norm(at(x), weight, bias, mean.clone(),
                               variance.clone(), training, 0.1, eps, false));
  }

  // Now and then one that a layer has already.
  ValueId LayerWeight(const at::Tensor& content) {
    for (const Layer& layer : main().layers) {
      const ValueId weight = layer.Input("weight");
      if (weight != kAbsent && at(weight).sizes() == content.sizes() &&
          main().value(weight).weights != kAbsent && Chance(50)) {
        return weight;
      }
    }
    return Parameter(content, "weight");
  }

  ValueId AddLinear(ValueId x) {
    const int64_t out = OneOf(std::vector<int64_t>{2, 4, 6});
    const ValueId weight = LayerWeight(at::randn({out, at(x).size(1)}, dtype_));
    const ValueId bias =
        Chance(50) ? Parameter(at::randn({out}, dtype_), "bias") : kAbsent;
    return Emit("Linear",
                {Slot::One("input", x), Slot::One("weight", weight),
                 Slot::One("bias", bias)},
                {},
                at::linear(at(x), at(weight),
                           bias == kAbsent ? at::Tensor() : at(bias)));
  }

  ValueId AddConvolution(ValueId x, int64_t spatial) {
    const int64_t in = at(x).size(1);
    const int64_t out = OneOf(std::vector<int64_t>{2, 4, 6});
    const int64_t groups = in % 2 == 0 && Chance(40) ? 2 : 1;
    const bool transposed = Chance(40);
    const std::vector<int64_t> kernel =
        Chance(40) ? std::vector<int64_t>(spatial, 1) : Several(spatial, 1, 2);
    std::vector<int64_t> stride(spatial, 1);
    if (Chance(30)) stride = Several(spatial, 1, 2);
    std::vector<int64_t> padding(spatial, 0);
    if (Chance(30)) padding = Several(spatial, 0, 1);
    std::vector<int64_t> dilation(spatial, 1);
    std::vector<int64_t> output_padding(spatial, 0);
    if (transposed) {
      for (int64_t i = 0; i < spatial; ++i) {
        // At least one element is left.
        padding[i] = at(x).size(2 + i) > 2 ? padding[i] : 0;
        if (stride[i] == 2 && Chance(30)) output_padding[i] = 1;
      }
    }
    std::vector<int64_t> sizes = transposed
                                     ? std::vector<int64_t>{in, out / groups}
                                     : std::vector<int64_t>{out, in / groups};
    sizes.insert(sizes.end(), kernel.begin(), kernel.end());
    for (int64_t i = 0; i < spatial; ++i) {
      // The kernel fits.
      if (!transposed && sizes[2 + i] > at(x).size(2 + i)) sizes[2 + i] = 1;
    }
    at::Tensor content = at::randn(sizes, dtype_);
    if (spatial == 2 && Chance(20)) {
      content = content.contiguous(at::MemoryFormat::ChannelsLast);
    }
    const ValueId weight = LayerWeight(content);
    const ValueId bias =
        Chance(50) ? Parameter(at::randn({out}, dtype_), "bias") : kAbsent;
    Attributes attributes = {{"stride", Attribute::Ints(stride)},
                             {"padding", Attribute::Ints(padding)},
                             {"dilation", Attribute::Ints(dilation)},
                             {"groups", groups}};
    if (transposed) {
      attributes["output_padding"] = Attribute::Ints(output_padding);
    }
    return Emit(
        absl::StrCat(transposed ? "ConvTranspose" : "Conv", spatial, "d"),
        {Slot::One("input", x), Slot::One("weight", weight),
         Slot::One("bias", bias)},
        std::move(attributes),
        at::convolution(
            at(x), at(weight),
            bias == kAbsent ? std::nullopt : std::optional(at(bias)), stride,
            padding, dilation, transposed, output_padding, groups));
  }

  void AddAffineGrid() {
    if (dtype_ == at::kBFloat16) return AddOther();
    const int64_t spatial = Chance(70) ? 2 : 3;
    const ValueId x = Some(spatial + 2);
    const int64_t batch = at(x).size(0);
    const ValueId theta =
        Input(at::randn({batch, spatial, spatial + 1}, dtype_));
    std::vector<int64_t> size = {batch, at(x).size(1)};
    for (int64_t n : Several(spatial, 1, 5)) size.push_back(n);
    const bool corners = Chance(50);
    const ValueId grid =
        Emit("AffineGrid", {Slot::One("theta", theta)},
             {{"size", Attribute::Ints(size)}, {"align_corners", corners}},
             at::affine_grid_generator(at(theta), size, corners));
    if (Chance(10)) Unary("Neg", grid, {}, at(grid).neg());
    const int samplings = Chance(25) ? 2 : 1;
    for (int i = 0; i < samplings; ++i) {
      const std::vector<std::string> modes = {"bilinear", "nearest", "bicubic"};
      const std::vector<std::string> paddings = {"zeros", "border",
                                                 "reflection"};
      const int mode = Below(spatial == 2 ? 3 : 2);
      const int padding = Below(3);
      const bool own_corners = Chance(90) ? corners : !corners;
      Emit("GridSample", {Slot::One("input", x), Slot::One("grid", grid)},
           {{"mode", modes[mode]},
            {"padding_mode", paddings[padding]},
            {"align_corners", own_corners}},
           at::grid_sampler(at(x), at(grid), mode, padding, own_corners));
    }
  }

  const Focus focus_;
  std::mt19937 random_;
  at::ScalarType dtype_;
  bool wants_grad_ = false;  // parameters do
  RandomModel result_;
  std::vector<at::Tensor> contents_;  // by value of graphs[0]
  std::vector<ValueId> latest_;       // results of layers, in order
};

}  // namespace

RandomModel MakeRandomModel(Focus focus, uint32_t seed) {
  return Generator(focus, seed).Make();
}

}  // namespace flextorchir
