#include "flextorchir/ir/flatbuffers/serializer.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "flatbuffers/flatbuffer_builder.h"
#include "flatbuffers/verifier.h"
#include "flextorchir/ir/flatbuffers/ir_generated.h"
#include "flextorchir/ir/flatbuffers/translate.h"
#include "flextorchir/ir/graph_file.h"

namespace flextorchir {
namespace {

constexpr absl::string_view kName = "flatbuffers";
constexpr absl::string_view kExtension = "ftfb";

// Of the data of inline weights; the file begins at a multiple of it.
constexpr size_t kAlignment = 16;

// Tables within tables: structures are one a level, lists are two, and a few
// more stand around them.
constexpr uint32_t kMaxTableDepth = 100;
static_assert(Structure::kMaxDepth + 2 * Attribute::kMaxDepth + 8 <
              kMaxTableDepth);

// A table has 4 bytes at least, and so has what refers to it.
constexpr uint32_t kMinTableBytes = 8;

class FlatBuffersSerializer final : public Serializer {
 public:
  absl::string_view name() const override { return kName; }
  absl::string_view extension() const override { return kExtension; }
  absl::string_view description() const override {
    return "a FlatBuffer (ir/flatbuffers/ir.fbs) and a safetensors file";
  }

  absl::Status Write(const Model& model, absl::string_view stem,
                     const SerializeOptions& options,
                     Sink& sink) const override {
    const bool is_inline =
        options.weights == SerializeOptions::WeightsPlace::kInline;
    uint64_t inline_size = 0;
    if (is_inline) {
      absl::Status status = CheckWeightsHaveData(model);
      if (!status.ok()) return status;
      for (const Weights& weights : model.weights) {
        inline_size += weights.data.size() + kAlignment;
      }
      status = CheckFileSize(inline_size, kMaxFlatBufferSize, options);
      if (!status.ok()) return status;
    }
    absl::StatusOr<std::optional<WeightsFileRef>> weights_file =
        PlaceWeights(model, stem, options, sink);
    if (!weights_file.ok()) return weights_file.status();

    constexpr uint64_t kRoomForGraph = uint64_t{64} << 10;
    flatbuffers::FlatBufferBuilder builder(inline_size + kRoomForGraph);
    if (!ModelToFlatBuffer(model, *weights_file, is_inline, &builder)) {
      return CheckFileSize(kMaxFlatBufferSize + 1, kMaxFlatBufferSize, options);
    }
    absl::StatusOr<Sink::File*> file =
        sink.Create(absl::StrCat(stem, ".", kExtension));
    if (!file.ok()) return file.status();
    return (*file)->Append(absl::string_view(
        reinterpret_cast<const char*>(builder.GetBufferPointer()),
        builder.GetSize()));
  }
};

// The same bytes at an address where tables can be read.
Bytes Aligned(const Bytes& file) {
  if (reinterpret_cast<uintptr_t>(file.data().data()) % kAlignment == 0) {
    return file;
  }
  struct alignas(kAlignment) Block {
    char bytes[kAlignment];
  };
  auto blocks =
      std::make_shared<std::vector<Block>>(file.size() / kAlignment + 1);
  char* data = blocks->front().bytes;
  std::memcpy(data, file.data().data(), file.size());
  return Bytes(absl::string_view(data, file.size()), std::move(blocks));
}

class FlatBuffersDeserializer final : public Deserializer {
 public:
  absl::string_view name() const override { return kName; }
  absl::string_view extension() const override { return kExtension; }
  bool Recognizes(absl::string_view head) const override {
    // Behind the offset of the root table.
    return head.size() >= 2 * sizeof(flatbuffers::uoffset_t) &&
           head.substr(sizeof(flatbuffers::uoffset_t),
                       flatbuffers::kFileIdentifierLength) ==
               fbs::ModelIdentifier();
  }

  absl::StatusOr<Model> Read(const FileSource& source, absl::string_view name,
                             const DeserializeOptions& options) const override {
    const absl::StatusOr<Bytes> opened = source.Open(name);
    if (!opened.ok()) return opened.status();
    if (!Recognizes(opened->data())) {
      return absl::DataLossError(
          "not a graph file of this format: it has not the identifier "
          "\"FTIR\" at byte 4");
    }
    if (opened->size() >= kMaxFlatBufferSize) {
      return absl::DataLossError(absl::StrCat("no FlatBuffer has ",
                                              opened->size(), " bytes; ",
                                              kMaxFlatBufferSize, " at most"));
    }
    const Bytes file = Aligned(*opened);
    const auto* data = reinterpret_cast<const uint8_t*>(file.data().data());
    flatbuffers::Verifier verifier(
        data, file.size(), kMaxTableDepth,
        static_cast<uint32_t>(file.size() / kMinTableBytes));
    if (!fbs::VerifyModelBuffer(verifier)) {
      return absl::DataLossError(
          "broken: an offset or a size in the FlatBuffer leads out of it");
    }
    const fbs::Model& root = *fbs::GetModel(data);
    absl::Status status =
        CheckVersions(root.format_version(), root.layer_set_version());
    if (!status.ok()) return status;

    Model model;
    std::optional<WeightsFileRef> weights_file;
    std::vector<Bytes> inline_weights;
    FileErrors errors;
    ModelFromFlatBuffer(root, file.size(), file.owner(), &model, &weights_file,
                        &inline_weights, &errors);
    if (!errors.empty()) return errors.status();
    status =
        FinishReading(source, options, weights_file, inline_weights, &model);
    if (!status.ok()) return status;
    return model;
  }
};

}  // namespace

std::unique_ptr<Serializer> NewFlatBuffersSerializer() {
  return std::make_unique<FlatBuffersSerializer>();
}

std::unique_ptr<Deserializer> NewFlatBuffersDeserializer() {
  return std::make_unique<FlatBuffersDeserializer>();
}

}  // namespace flextorchir
