#include "flextorchir/ir/text_format.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "flextorchir/ir/attribute.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/graph_file.h"
#include "flextorchir/ir/text.h"
#include "flextorchir/ir/text_cursor.h"
#include "flextorchir/ir/weights_file.h"

namespace flextorchir {
namespace {

constexpr absl::string_view kName = "text";
constexpr absl::string_view kExtension = "fttxt";
constexpr absl::string_view kRefMark = "// weights_file ";
constexpr absl::string_view kTextMark = "flextorchir ";

std::string RefLine(const WeightsFileRef& ref) {
  return absl::StrFormat("%s%s %d xxh3 %016x\n", kRefMark,
                         QuoteString(ref.name), ref.size, ref.hash);
}

// Reads the first line of `text`; nothing if it names no weights file.
absl::StatusOr<std::optional<WeightsFileRef>> ParseRefLine(
    absl::string_view text) {
  std::optional<WeightsFileRef> ref;
  absl::string_view line = text.substr(0, text.find('\n'));
  if (!absl::ConsumePrefix(&line, kRefMark)) return ref;
  TextCursor cursor(line);
  std::string name;
  int64_t size = 0;
  absl::string_view digits;
  uint64_t hash = 0;
  if (!cursor.ReadString("the name of the weights file", &name) ||
      !cursor.ReadInt("its size", &size) || !cursor.ExpectWord("xxh3") ||
      !cursor.ReadRun(
          "its hash", [](unsigned char c) { return absl::ascii_isxdigit(c); },
          &digits)) {
    return absl::DataLossError(absl::StrCat("line 1, after \"", kRefMark,
                                            "\": ", cursor.status().message()));
  }
  if (size < 0 || !absl::SimpleHexAtoi(digits, &hash) || !cursor.AtEnd()) {
    return absl::DataLossError(absl::StrCat(
        "line 1: expected ", kRefMark, "\"NAME\" SIZE xxh3 16_HEX_DIGITS"));
  }
  ref = WeightsFileRef{std::move(name), static_cast<uint64_t>(size), hash};
  return ref;
}

class TextSerializer final : public Serializer {
 public:
  absl::string_view name() const override { return kName; }
  absl::string_view extension() const override { return kExtension; }
  absl::string_view description() const override {
    return "the text form, for people, and a safetensors file";
  }

  absl::Status Write(const Model& model, absl::string_view stem,
                     const SerializeOptions& options,
                     Sink& sink) const override {
    TextOptions text_options;
    if (options.weights == SerializeOptions::WeightsPlace::kInline) {
      if (absl::Status status = CheckWeightsHaveData(model); !status.ok()) {
        return status;
      }
      text_options.weights_data = true;
    }
    const absl::StatusOr<std::optional<WeightsFileRef>> ref =
        PlaceWeights(model, stem, options, sink);
    if (!ref.ok()) return ref.status();
    const absl::StatusOr<Sink::File*> file =
        sink.Create(absl::StrCat(stem, ".", kExtension));
    if (!file.ok()) return file.status();
    if (ref->has_value()) {
      const absl::Status status = (*file)->Append(RefLine(**ref));
      if (!status.ok()) return status;
    }
    return (*file)->Append(ToText(model, text_options));
  }
};

class TextDeserializer final : public Deserializer {
 public:
  absl::string_view name() const override { return kName; }
  absl::string_view extension() const override { return kExtension; }

  bool Recognizes(absl::string_view head) const override {
    head = absl::StripLeadingAsciiWhitespace(head);
    return absl::StartsWith(head, kTextMark) ||
           absl::StartsWith(head, kRefMark);
  }

  absl::StatusOr<Model> Read(const FileSource& source, absl::string_view name,
                             const DeserializeOptions& options) const override {
    const absl::StatusOr<Bytes> file = source.Open(name);
    if (!file.ok()) return file.status();
    absl::StatusOr<std::optional<WeightsFileRef>> ref =
        ParseRefLine(file->data());
    if (!ref.ok()) return ref.status();
    absl::StatusOr<Model> model = ParseText(file->data());
    if (!model.ok()) {
      // What is wrong with a text is wrong with the file.
      return absl::IsInvalidArgument(model.status())
                 ? absl::DataLossError(model.status().message())
                 : model.status();
    }
    absl::Status status =
        CheckVersions(model->format_version, model->layer_set_version);
    if (!status.ok()) return status;

    std::vector<Bytes> inline_weights;
    bool has_data = false;
    for (Weights& weights : model->weights) {
      has_data |= weights.data.size() > 0;
      inline_weights.push_back(std::exchange(weights.data, Bytes()));
    }
    if (!has_data) inline_weights.clear();
    status = FinishReading(source, options, *ref, inline_weights, &*model);
    if (!status.ok()) return status;
    return model;
  }
};

}  // namespace

std::unique_ptr<Serializer> NewTextSerializer() {
  return std::make_unique<TextSerializer>();
}

std::unique_ptr<Deserializer> NewTextDeserializer() {
  return std::make_unique<TextDeserializer>();
}

}  // namespace flextorchir
