#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "ATen/core/ivalue.h"
#include "ATen/ops/affine_grid_generator.h"
#include "ATen/ops/empty_strided.h"
#include "ATen/ops/grid_sampler.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "flextorchir/evaluator/evaluator.h"
#include "flextorchir/torch_bridge/operator_call.h"
#include "flextorchir/torch_bridge/operator_table.h"

namespace flextorchir {
namespace {

// Normalizations that update running statistics: the operator writes them where
// they are, the layer returns them. `flag` is the argument that says whether
// they are written.
absl::StatusOr<std::vector<c10::IValue>> RunNormalization(
    absl::string_view op_name, absl::string_view flag,
    const LayerArguments& layer) {
  const std::optional<c10::OperatorHandle> op = FindOperator(op_name);
  if (!op.has_value()) {
    return absl::UnimplementedError(absl::StrCat("no operator ", op_name));
  }
  std::vector<c10::IValue> arguments;
  for (const c10::Argument& argument : op->schema().arguments()) {
    if (argument.name() == "cudnn_enabled") {
      arguments.emplace_back(true);
      continue;
    }
    absl::StatusOr<c10::IValue> value = layer.Get(argument.name());
    if (!value.ok()) return value.status();
    arguments.push_back(*std::move(value));
  }
  const size_t mean = *op->schema().argumentIndexWithName("running_mean");
  const size_t flag_index =
      *op->schema().argumentIndexWithName(std::string(flag));
  std::vector<c10::IValue> statistics;
  if (arguments[flag_index].isBool() && arguments[flag_index].toBool()) {
    for (size_t i : {mean, mean + 1}) {
      if (!arguments[i].isTensor()) continue;
      arguments[i] = arguments[i].toTensor().clone();
      statistics.push_back(arguments[i]);
    }
  }
  auto results = CallOperator(*op, std::move(arguments));
  if (!results.ok()) return results.status();
  const size_t slots = layer.layer().outputs.size();
  for (c10::IValue& value : statistics) {
    if (results->size() < slots) results->push_back(std::move(value));
  }
  return results;
}

// The number by which torch's sampling operators know a mode.
absl::StatusOr<int64_t> SamplingMode(const LayerArguments& layer,
                                     absl::string_view name,
                                     absl::string_view op_name) {
  const absl::StatusOr<c10::IValue> value = layer.Get(name);
  if (!value.ok()) return value.status();
  const std::string given = value->isString() ? value->toStringRef() : "";
  std::vector<std::string> names;
  for (const OperatorBinding* binding : BindingsOfKind("GridSample")) {
    const OperatorBinding::Argument* argument = binding->Find(op_name);
    if (argument != nullptr) names = argument->names;
  }
  const auto found = std::find(names.begin(), names.end(), given);
  if (found == names.end()) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, " is none of ", absl::StrJoin(names, ", ")));
  }
  return found - names.begin();
}

// The grid, and the sampling with it.
absl::StatusOr<std::vector<c10::IValue>> RunWarpAffine(
    const LayerArguments& layer) {
  const auto input = layer.Get("input");
  const auto theta = layer.Get("theta");
  const auto output_size = layer.Get("output_size");
  const auto align_corners = layer.Get("align_corners");
  for (const auto* argument : {&input, &theta, &output_size, &align_corners}) {
    if (!argument->ok()) return argument->status();
  }
  const auto mode = SamplingMode(layer, "mode", "interpolation_mode");
  if (!mode.ok()) return mode.status();
  const auto padding_mode = SamplingMode(layer, "padding_mode", "padding_mode");
  if (!padding_mode.ok()) return padding_mode.status();
  const at::Tensor images = input->toTensor();
  // The sizes of the batch and of the channels, then what is asked for.
  std::vector<int64_t> size = {theta->toTensor().size(0), images.size(1)};
  for (const int64_t spatial : output_size->toIntVector()) {
    size.push_back(spatial);
  }
  const at::Tensor grid = at::affine_grid_generator(theta->toTensor(), size,
                                                    align_corners->toBool());
  return std::vector<c10::IValue>{at::grid_sampler(
      images, grid, *mode, *padding_mode, align_corners->toBool())};
}

// as_strided, and with `scatter` its inverse. In a graph `storage_offset`
// counts from the first element of the input, wherever that lies in memory
// here.
absl::StatusOr<std::vector<c10::IValue>> RunAsStrided(
    absl::string_view input_name, bool scatter, const LayerArguments& layer) {
  const auto input = layer.Get(input_name);
  const auto size = layer.Get("size");
  const auto stride = layer.Get("stride");
  const auto offset = layer.Get("storage_offset");
  for (const auto* argument : {&input, &size, &stride, &offset}) {
    if (!argument->ok()) return argument->status();
  }
  at::Tensor tensor = input->toTensor();
  if (scatter) {
    tensor =
        at::empty_strided(tensor.sizes(), tensor.strides(), tensor.options())
            .copy_(tensor);
  }
  const at::Tensor view = tensor.as_strided(
      size->toIntVector(), stride->toIntVector(),
      tensor.storage_offset() + (offset->isNone() ? 0 : offset->toInt()));
  if (!scatter) return std::vector<c10::IValue>{view};
  const auto src = layer.Get("src");
  if (!src.ok()) return src.status();
  view.copy_(src->toTensor());
  return std::vector<c10::IValue>{tensor};
}

}  // namespace

// Kinds that are not here are run by the operator table
// (torch_bridge/layer_call.h).
ExecutorRegistry ExecutorRegistry::Standard() {
  struct Row {
    absl::string_view name;
    absl::string_view op;
    absl::string_view flag;
  };
  ExecutorRegistry registry;
  for (const Row& row :
       {Row{"BatchNorm", "aten::batch_norm", "training"},
        Row{"InstanceNorm", "aten::instance_norm", "use_input_stats"}}) {
    for (const absl::string_view dimensions : {"1d", "2d", "3d"}) {
      registry
          .Add(absl::StrCat(row.name, dimensions),
               [row](const LayerArguments& layer) {
                 return RunNormalization(row.op, row.flag, layer);
               })
          .IgnoreError();
    }
  }
  registry.Add("WarpAffine", RunWarpAffine).IgnoreError();
  struct Strided {
    absl::string_view kind;
    absl::string_view input;
    bool scatter;
  };
  for (const Strided& row :
       {Strided{"AsStrided", "input", false},
        Strided{"AsStridedScatter", "input", true},
        Strided{"aten::as_strided", "self", false},
        Strided{"aten::as_strided_scatter", "self", true}}) {
    registry
        .Add(row.kind,
             [row](const LayerArguments& layer) {
               return RunAsStrided(row.input, row.scatter, layer);
             })
        .IgnoreError();
  }
  return registry;
}

absl::Status ExecutorRegistry::Add(absl::string_view kind, Executor executor) {
  if (Find(kind) != nullptr) {
    return absl::AlreadyExistsError(
        absl::StrCat("there is an executor for ", kind, " already"));
  }
  executors_[std::string(kind)] = std::move(executor);
  return absl::OkStatus();
}

const Executor* ExecutorRegistry::Find(absl::string_view kind) const {
  const auto found = executors_.find(kind);
  return found == executors_.end() ? nullptr : &found->second;
}

}  // namespace flextorchir
