#include "flextorchir/ir/graph_file.h"

#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "flextorchir/ir/layer_set.h"
#include "flextorchir/ir/verify.h"

namespace flextorchir {
namespace {

// For the libraries that load tensors by framework.
const std::map<std::string, std::string>& SafetensorsMetadata() {
  static const auto* metadata =
      new std::map<std::string, std::string>{{"format", "pt"}};
  return *metadata;
}

absl::Status CheckVersion(int64_t version, int64_t known,
                          absl::string_view what) {
  if (version > known) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the file has ", what, " version ", version, " and this reader knows ",
        known, " at most: read it with the FlexTorchIR that wrote it, or a ",
        "later one"));
  }
  if (version < 1) {
    return absl::DataLossError(
        absl::StrCat("there is no ", what, " version ", version));
  }
  return absl::OkStatus();
}

}  // namespace

int64_t LowestFormatVersion(const Model& /*model*/) {
  // The first version says all there is so far. A later one that adds something
  // looks here whether the model uses it.
  return 1;
}

absl::Status CheckVersions(int64_t format_version, int64_t layer_set_version) {
  absl::Status status = CheckVersion(format_version, kFormatVersion, "format");
  if (!status.ok()) return status;
  return CheckVersion(layer_set_version, kLayerSetVersion, "layer set");
}

absl::StatusOr<std::optional<WeightsFileRef>> PlaceWeights(
    const Model& model, absl::string_view stem, const SerializeOptions& options,
    Sink& sink) {
  std::optional<WeightsFileRef> ref;
  if (model.weights.empty() ||
      options.weights == SerializeOptions::WeightsPlace::kInline) {
    return ref;
  }
  if (options.weights_file.has_value()) return options.weights_file;
  absl::Status status = CheckWeightsHaveData(model);
  if (!status.ok()) return status;
  absl::StatusOr<WeightsFileRef> written =
      WriteSafetensors(model.weights, absl::StrCat(stem, ".safetensors"),
                       SafetensorsMetadata(), sink);
  if (!written.ok()) return written.status();
  ref = *std::move(written);
  return ref;
}

absl::Status CheckWeightsHaveData(const Model& model) {
  for (const Weights& weights : model.weights) {
    const std::optional<int64_t> bytes = weights.type.NumBytes();
    if (bytes.has_value() &&
        weights.data.size() == static_cast<uint64_t>(*bytes)) {
      continue;
    }
    return absl::InvalidArgumentError(
        absl::StrCat("weights \"", weights.name, "\" of type ",
                     weights.type.ToString(), " have ", weights.data.size(),
                     " bytes of data; a model that was read without its "
                     "weights cannot be written with them"));
  }
  return absl::OkStatus();
}

absl::Status CheckFileSize(uint64_t size, uint64_t limit,
                           const SerializeOptions& options) {
  if (size <= limit) return absl::OkStatus();
  const bool is_inline =
      options.weights == SerializeOptions::WeightsPlace::kInline;
  return absl::ResourceExhaustedError(absl::StrCat(
      "the graph file would have at least ", size, " bytes",
      is_inline ? " with its weights inside" : "", "; the format ends at ",
      limit,
      is_inline ? ": write the weights beside it (--weights=external)" : ""));
}

absl::Status FinishReading(const FileSource& source,
                           const DeserializeOptions& options,
                           const std::optional<WeightsFileRef>& weights_file,
                           const std::vector<Bytes>& inline_weights,
                           Model* model) {
  if (!inline_weights.empty()) {
    if (weights_file.has_value()) {
      return absl::DataLossError(
          "the weights are both in the graph file and beside it");
    }
    if (inline_weights.size() != model->weights.size()) {
      return absl::DataLossError(
          absl::StrCat("there is data for ", inline_weights.size(),
                       " weights of ", model->weights.size()));
    }
  }
  if (!options.skip_weights && !weights_file.has_value()) {
    for (size_t i = 0; i < inline_weights.size(); ++i) {
      model->weights[i].data = inline_weights[i];
    }
    const absl::Status status = CheckWeightsHaveData(*model);
    if (!status.ok()) return absl::DataLossError(status.message());
  }
  // Before the weights file is opened: `AttachSafetensors` may rely on it.
  const absl::Status verified = Verify(*model);
  if (!verified.ok()) {
    return absl::DataLossError(
        absl::StrCat("the graph is not valid: ", verified.message()));
  }
  if (options.skip_weights || !weights_file.has_value()) {
    return absl::OkStatus();
  }
  return AttachSafetensors(source, *weights_file, options.check_hash,
                           &model->weights);
}

void FileErrors::Add(absl::string_view message) {
  if (!status_.ok()) return;
  std::string where;
  for (const Place& place : where_) {
    absl::StrAppend(&where, where.empty() ? "" : ".", place.field, "[",
                    place.index, "]");
  }
  status_ = absl::DataLossError(
      absl::StrCat(where, where.empty() ? "" : ": ", message));
}

DType FileErrors::DTypeOfCode(int64_t code) {
  const std::optional<DType> dtype = DTypeFromCode(code);
  if (!dtype.has_value()) AddUnknownCode(code, "dtype");
  return dtype.value_or(DType::kBool);
}

Dim FileErrors::DimOfText(absl::string_view text) {
  absl::StatusOr<Dim> dim = Dim::Parse(text);
  if (dim.ok()) return *std::move(dim);
  Add(dim.status().message());
  return Dim();
}

void FileErrors::SetSymbolicDim(uint64_t position, absl::string_view expression,
                                std::vector<Dim>* dims) {
  if (position >= dims->size()) {
    Add(absl::StrCat("dimension ", position, " of ", dims->size()));
    return;
  }
  (*dims)[position] = DimOfText(expression);
}

void FileErrors::AddUnknownCode(int64_t code, absl::string_view name) {
  Add(absl::StrCat("no ", name, " has the code ", code));
}

void FileErrors::AddDuplicate(absl::string_view key) {
  Add(absl::StrCat("\"", key, "\" is there twice"));
}

}  // namespace flextorchir
