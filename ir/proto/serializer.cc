#include "flextorchir/ir/proto/serializer.h"

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "flextorchir/ir/graph_file.h"
#include "flextorchir/ir/proto/ir.pb.h"
#include "flextorchir/ir/proto/translate.h"
#include "google/protobuf/io/coded_stream.h"

namespace flextorchir {
namespace {

using google::protobuf::io::CodedInputStream;
using google::protobuf::io::CodedOutputStream;

constexpr absl::string_view kName = "protobuf";
constexpr absl::string_view kExtension = "ftpb";
constexpr absl::string_view kMark = "FlexTorchIR";
// The key and the length of the first field, then its content.
constexpr absl::string_view kHead =
    "\x0A\x0B"
    "FlexTorchIR";

// Sizes within a message are int.
constexpr uint64_t kMaxFileSize = std::numeric_limits<int>::max();

// Messages within messages. Any reader's own limit is not less: structures are
// one message a level, lists are two, and a few more stand around them.
constexpr int kMaxMessageDepth = 100;
static_assert(Structure::kMaxDepth + 8 < kMaxMessageDepth);
static_assert(2 * Attribute::kMaxDepth + Structure::kMaxDepth + 8 <
              kMaxMessageDepth);

constexpr uint32_t Key(int field, int wire_type) {
  return static_cast<uint32_t>(field << 3 | wire_type);
}
constexpr int kLengthDelimited = 2;
constexpr uint32_t kInlineWeightsKey =
    Key(proto::Model::kInlineWeightsFieldNumber, kLengthDelimited);
constexpr uint32_t kFormatVersionKey =
    Key(proto::Model::kFormatVersionFieldNumber, 0);

// What stands before the data of one of the inline weights.
std::string InlineWeightsHeader(size_t size) {
  uint8_t buffer[16];
  uint8_t* end =
      CodedOutputStream::WriteVarint32ToArray(kInlineWeightsKey, buffer);
  end = CodedOutputStream::WriteVarint64ToArray(size, end);
  return std::string(buffer, end);
}

class ProtobufSerializer final : public Serializer {
 public:
  absl::string_view name() const override { return kName; }
  absl::string_view extension() const override { return kExtension; }
  absl::string_view description() const override {
    return "a Protocol Buffers message (ir/proto/ir.proto) and a safetensors "
           "file";
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
        inline_size += InlineWeightsHeader(weights.data.size()).size() +
                       weights.data.size();
      }
      status = CheckFileSize(inline_size, kMaxFileSize, options);
      if (!status.ok()) return status;
    }
    absl::StatusOr<std::optional<WeightsFileRef>> weights_file =
        PlaceWeights(model, stem, options, sink);
    if (!weights_file.ok()) return weights_file.status();

    std::string graph;
    {
      proto::Model message;
      message.set_format(std::string(kMark));
      ModelToMessage(model, *weights_file, &message);
      absl::Status status = CheckFileSize(message.ByteSizeLong() + inline_size,
                                          kMaxFileSize, options);
      if (!status.ok()) return status;
      graph = message.SerializeAsString();
    }
    absl::StatusOr<Sink::File*> file =
        sink.Create(absl::StrCat(stem, ".", kExtension));
    if (!file.ok()) return file.status();
    absl::Status status = (*file)->Append(graph);
    if (!is_inline) return status;
    // Fields of a message can follow each other in any order, so the data need
    // not be copied into the message.
    for (const Weights& weights : model.weights) {
      if (!status.ok()) break;
      status = (*file)->Append(InlineWeightsHeader(weights.data.size()));
      if (status.ok()) status = (*file)->Append(weights.data.data());
    }
    return status;
  }
};

CodedInputStream Stream(absl::string_view data) {
  return CodedInputStream(reinterpret_cast<const uint8_t*>(data.data()),
                          static_cast<int>(data.size()));
}

// Skips what belongs to the key; groups have never been used.
bool SkipField(uint32_t key, CodedInputStream* stream) {
  uint64_t number;
  uint32_t size;
  switch (key & 7) {
    case 0:
      return stream->ReadVarint64(&number);
    case 1:
      return stream->Skip(8);
    case kLengthDelimited:
      return stream->ReadVarint32(&size) &&
             size <= static_cast<uint32_t>(std::numeric_limits<int>::max()) &&
             stream->Skip(static_cast<int>(size));
    case 5:
      return stream->Skip(4);
    default:
      return false;
  }
}

// The version comes before everything that a later version may have changed.
absl::Status CheckHead(absl::string_view file) {
  if (!absl::StartsWith(file, kHead)) {
    return absl::DataLossError(
        "not a graph file of this format: it does not begin with the mark "
        "\"FlexTorchIR\"");
  }
  CodedInputStream stream = Stream(file);
  stream.Skip(static_cast<int>(kHead.size()));
  uint64_t version;
  if (stream.ReadTag() != kFormatVersionKey || !stream.ReadVarint64(&version)) {
    return absl::DataLossError(
        "broken: the format version does not follow the mark");
  }
  return CheckVersions(static_cast<int64_t>(version), 1);
}

// Parses one message that lies in pieces.
bool MergePiece(absl::string_view piece, proto::Model* message) {
  CodedInputStream stream = Stream(piece);
  stream.SetTotalBytesLimit(static_cast<int>(piece.size()));
  stream.SetRecursionLimit(kMaxMessageDepth);
  return message->MergePartialFromCodedStream(&stream) &&
         stream.ConsumedEntireMessage();
}

// Parses the file, except that inline weights become views into it.
absl::Status Parse(const Bytes& file, proto::Model* message,
                   std::vector<Bytes>* inline_weights) {
  const absl::string_view data = file.data();
  const auto broken = [](size_t position) {
    return absl::DataLossError(
        absl::StrCat("broken: no message can be read at byte ", position));
  };
  size_t piece = 0;
  CodedInputStream stream = Stream(data);
  while (static_cast<size_t>(stream.CurrentPosition()) < data.size()) {
    const size_t start = stream.CurrentPosition();
    const uint32_t key = stream.ReadTag();
    if (key != kInlineWeightsKey) {
      if (!SkipField(key, &stream)) return broken(start);
      continue;
    }
    if (!MergePiece(data.substr(piece, start - piece), message)) {
      return broken(piece);
    }
    uint32_t size;
    if (!stream.ReadVarint32(&size)) return broken(start);
    const size_t begin = stream.CurrentPosition();
    if (size > data.size() - begin) return broken(start);
    inline_weights->emplace_back(data.substr(begin, size), file.owner());
    stream.Skip(static_cast<int>(size));
    piece = stream.CurrentPosition();
  }
  if (!MergePiece(data.substr(piece), message)) return broken(piece);
  return absl::OkStatus();
}

class ProtobufDeserializer final : public Deserializer {
 public:
  absl::string_view name() const override { return kName; }
  absl::string_view extension() const override { return kExtension; }
  bool Recognizes(absl::string_view head) const override {
    return absl::StartsWith(head, kHead);
  }

  absl::StatusOr<Model> Read(const FileSource& source, absl::string_view name,
                             const DeserializeOptions& options) const override {
    const absl::StatusOr<Bytes> file = source.Open(name);
    if (!file.ok()) return file.status();
    if (file->size() > kMaxFileSize) {
      return absl::DataLossError(absl::StrCat("no message has ", file->size(),
                                              " bytes; ", kMaxFileSize,
                                              " at most"));
    }
    absl::Status status = CheckHead(file->data());
    if (!status.ok()) return status;

    Model model;
    std::optional<WeightsFileRef> weights_file;
    std::vector<Bytes> inline_weights;
    {
      proto::Model message;
      status = Parse(*file, &message, &inline_weights);
      if (status.ok()) {
        status = CheckVersions(message.format_version(),
                               message.layer_set_version());
      }
      if (!status.ok()) return status;
      FileErrors errors;
      ModelFromMessage(message, &model, &weights_file, &errors);
      if (!errors.empty()) return errors.status();
    }
    status =
        FinishReading(source, options, weights_file, inline_weights, &model);
    if (!status.ok()) return status;
    return model;
  }
};

}  // namespace

std::unique_ptr<Serializer> NewProtobufSerializer() {
  return std::make_unique<ProtobufSerializer>();
}

std::unique_ptr<Deserializer> NewProtobufDeserializer() {
  return std::make_unique<ProtobufDeserializer>();
}

}  // namespace flextorchir
