#include "flextorchir/ir/serializer.h"

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "flextorchir/ir/verify.h"

namespace flextorchir {
namespace {

constexpr size_t kHeadBytes = 64;

// "a/b/net.ftfb" -> {"a/b/", "net.ftfb"}.
struct SplitPath {
  explicit SplitPath(absl::string_view path)
      : directory(path.substr(0, path.rfind('/') + 1)),
        name(path.substr(directory.size())) {}

  absl::string_view directory;  // empty: the present one
  absl::string_view name;
};

// Serializers and deserializers are kept in the same way.
template <typename Format>
absl::Status AddFormat(std::unique_ptr<Format> format,
                       std::vector<std::unique_ptr<Format>>& formats) {
  if (format == nullptr) {
    return absl::InvalidArgumentError("a format is null");
  }
  for (const auto& other : formats) {
    if (other->name() == format->name()) {
      return absl::AlreadyExistsError(absl::StrCat(
          "there is a format called \"", format->name(), "\" already"));
    }
    if (other->extension() == format->extension()) {
      return absl::AlreadyExistsError(absl::StrCat(
          "the formats \"", other->name(), "\" and \"", format->name(),
          "\" have the same extension, .", format->extension()));
    }
  }
  formats.push_back(std::move(format));
  return absl::OkStatus();
}

template <typename Format>
std::string ListNames(const std::vector<std::unique_ptr<Format>>& formats) {
  if (formats.empty()) return "there are none";
  return absl::StrCat(
      "there are ",
      absl::StrJoin(formats, ", ", [](std::string* out, const auto& format) {
        absl::StrAppend(out, format->name(), " (.", format->extension(), ")");
      }));
}

template <typename Format>
absl::StatusOr<const Format*> FindFormat(
    absl::string_view name, absl::string_view verb,
    const std::vector<std::unique_ptr<Format>>& formats) {
  for (const auto& format : formats) {
    if (format->name() == name) return format.get();
  }
  return absl::NotFoundError(absl::StrCat("no format \"", name, "\" to ", verb,
                                          "; ", ListNames(formats)));
}

template <typename Format>
std::vector<const Format*> Pointers(
    const std::vector<std::unique_ptr<Format>>& formats) {
  std::vector<const Format*> pointers;
  for (const auto& format : formats) pointers.push_back(format.get());
  return pointers;
}

// Remembers what is created in another sink.
class RecordingSink final : public Sink {
 public:
  explicit RecordingSink(Sink& sink) : sink_(sink) {}

  absl::StatusOr<File*> Create(absl::string_view name) override {
    absl::StatusOr<File*> file = sink_.Create(name);
    if (file.ok()) names_.emplace_back(name);
    return file;
  }
  // A serializer must not: the files of all of them appear together.
  absl::Status Commit() override {
    return absl::FailedPreconditionError(
        "a serializer does not commit the sink it is given");
  }
  const std::vector<std::string>& names() const { return names_; }

 private:
  Sink& sink_;
  std::vector<std::string> names_;
};

absl::Status CheckSerializers(
    const std::vector<const Serializer*>& serializers) {
  if (serializers.empty()) {
    return absl::InvalidArgumentError("no format to write is given");
  }
  std::set<absl::string_view> extensions;
  for (const Serializer* serializer : serializers) {
    if (serializer == nullptr) {
      return absl::InvalidArgumentError("a format to write is null");
    }
    if (!extensions.insert(serializer->extension()).second) {
      return absl::InvalidArgumentError(absl::StrCat(
          "two formats to write have the extension .", serializer->extension(),
          " (\"", serializer->name(), "\"): name each format once"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckPrefix(absl::string_view path_prefix) {
  const SplitPath path(path_prefix);
  if (path_prefix.find('\0') != absl::string_view::npos) {
    return absl::InvalidArgumentError("the output path has a NUL in it");
  }
  if (path.name.empty() || path.name == "." || path.name == "..") {
    return absl::InvalidArgumentError(absl::StrCat(
        "the output path \"", path_prefix,
        "\" must end in the name of the files, without an extension: ",
        path.directory, "NAME"));
  }
  return absl::OkStatus();
}

absl::Status WithFormat(absl::string_view name, const absl::Status& status) {
  return absl::Status(status.code(),
                      absl::StrCat("writing ", name, ": ", status.message()));
}

}  // namespace

absl::Status FormatRegistry::Add(std::unique_ptr<Serializer> serializer) {
  return AddFormat(std::move(serializer), serializers_);
}

absl::Status FormatRegistry::Add(std::unique_ptr<Deserializer> deserializer) {
  return AddFormat(std::move(deserializer), deserializers_);
}

absl::StatusOr<const Serializer*> FormatRegistry::FindSerializer(
    absl::string_view name) const {
  return FindFormat(name, "write", serializers_);
}

absl::StatusOr<const Deserializer*> FormatRegistry::FindDeserializer(
    absl::string_view name) const {
  return FindFormat(name, "read", deserializers_);
}

std::vector<const Serializer*> FormatRegistry::serializers() const {
  return Pointers(serializers_);
}

std::vector<const Deserializer*> FormatRegistry::deserializers() const {
  return Pointers(deserializers_);
}

absl::StatusOr<Model> FormatRegistry::ReadFile(
    absl::string_view path, const DeserializeOptions& options) const {
  const SplitPath split(path);
  if (split.name.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot read \"", path, "\": not the path of a file"));
  }
  const std::unique_ptr<FileSource> source =
      NewDirectorySource(split.directory);
  const Deserializer* format = nullptr;
  {
    const absl::StatusOr<Bytes> file = source->Open(split.name);
    if (!file.ok()) return file.status();
    const absl::string_view head = file->data().substr(0, kHeadBytes);
    // Not every format has a mark of its own: where several know the content,
    // or none does, the extension decides.
    const auto has_extension = [&split](const Deserializer& candidate) {
      return absl::EndsWith(split.name,
                            absl::StrCat(".", candidate.extension()));
    };
    int best = 0;
    for (const auto& candidate : deserializers_) {
      const int score = (candidate->Recognizes(head) ? 2 : 0) +
                        (has_extension(*candidate) ? 1 : 0);
      if (score > best) {
        best = score;
        format = candidate.get();
      }
    }
  }
  if (format == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot read ", path,
                     ": neither content nor extension is of a known format; ",
                     ListNames(deserializers_)));
  }
  absl::StatusOr<Model> model = format->Read(*source, split.name, options);
  if (!model.ok()) {
    return absl::Status(model.status().code(),
                        absl::StrCat("reading ", path, " as ", format->name(),
                                     ": ", model.status().message()));
  }
  return model;
}

absl::StatusOr<std::vector<std::string>> WriteFiles(
    const Model& model, const std::vector<const Serializer*>& serializers,
    absl::string_view path_prefix, const SerializeOptions& options) {
  absl::Status status = CheckSerializers(serializers);
  if (status.ok()) status = CheckPrefix(path_prefix);
  if (status.ok()) status = Verify(model);
  if (!status.ok()) return status;

  const SplitPath split(path_prefix);
  absl::StatusOr<std::unique_ptr<Sink>> directory =
      NewDirectorySink(split.directory);
  if (!directory.ok()) return directory.status();
  RecordingSink sink(**directory);

  SerializeOptions with_weights = options;
  if (options.weights == SerializeOptions::WeightsPlace::kExternal &&
      !options.weights_file.has_value() && !model.weights.empty()) {
    for (const Serializer* serializer : serializers) {
      if (!serializer->uses_weights_file()) continue;
      absl::StatusOr<WeightsFileRef> ref = WriteSafetensors(
          model.weights, absl::StrCat(split.name, ".safetensors"),
          {{"format", "pt"}}, sink);
      if (!ref.ok()) return WithFormat("the weights", ref.status());
      with_weights.weights_file = *std::move(ref);
      break;
    }
  }
  for (const Serializer* serializer : serializers) {
    status = serializer->Write(model, split.name, with_weights, sink);
    if (!status.ok()) return WithFormat(serializer->name(), status);
  }
  status = (*directory)->Commit();
  if (!status.ok()) return status;

  std::vector<std::string> paths;
  for (const std::string& name : sink.names()) {
    paths.push_back(absl::StrCat(split.directory, name));
  }
  return paths;
}

}  // namespace flextorchir
