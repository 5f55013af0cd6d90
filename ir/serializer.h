#ifndef FLEXTORCHIR_IR_SERIALIZER_H_
#define FLEXTORCHIR_IR_SERIALIZER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/sink.h"
#include "flextorchir/ir/weights_file.h"

namespace flextorchir {

// To write a format of your own: derive from `Serializer` (see
// docs/writing-a-serializer.md; ir/flatbuffers is the example to copy), give an
// instance to a `FormatRegistry`, and pass that to the tool's main function.
// Nothing registers itself. A format that can also be read derives from
// `Deserializer`, and its test calls RegisterFormatConformanceTests
// (flextorchir/testing/format_conformance.h).

struct SerializeOptions {
  enum class WeightsPlace {
    kExternal,  // NAME.safetensors beside the graph
    kInline,    // inside the graph file
  };
  WeightsPlace weights = WeightsPlace::kExternal;
  // The weights file that the sink has already been given, for kExternal:
  // several formats written together share one. Absent: the serializer writes
  // its own, STEM.safetensors, with `WriteSafetensors`.
  std::optional<WeightsFileRef> weights_file;
};

// Writes models in one format. Stateless; may be called from several threads.
class Serializer {
 public:
  virtual ~Serializer() = default;
  virtual absl::string_view name() const = 0;       // "flatbuffers"
  virtual absl::string_view extension() const = 0;  // "ftfb", without the dot
  // One line for --help.
  virtual absl::string_view description() const = 0;

  // Says whether this target can express the layer, so that one conversion
  // lists all the work that remains. The message is for the report.
  virtual absl::Status CheckLayer(const Model& /*model*/,
                                  const Graph& /*graph*/,
                                  const Layer& /*layer*/) const {
    return absl::OkStatus();
  }

  // Whether WeightsPlace::kExternal means a safetensors file for this format; a
  // format that has its own place for weights says no.
  virtual bool uses_weights_file() const { return true; }

  // Writes STEM.extension() and whatever belongs to it (STEM.safetensors) to
  // the sink; does not commit. `model` has passed `Verify`.
  // Errors: kResourceExhausted when the format's own size limit is reached (and
  // the message says what to do), and those of the sink.
  virtual absl::Status Write(const Model& model, absl::string_view stem,
                             const SerializeOptions& options,
                             Sink& sink) const = 0;
};

struct DeserializeOptions {
  // Read the graph only: weights have no data. Works without the weights file.
  bool skip_weights = false;
  // Check the hash of the weights file; costs a pass over it.
  bool check_hash = false;
};

// Reads models of one format. Stateless; may be called from several threads.
class Deserializer {
 public:
  virtual ~Deserializer() = default;
  virtual absl::string_view name() const = 0;
  virtual absl::string_view extension() const = 0;
  // Whether a file that begins with `head` (its first 64 bytes, or all of them)
  // looks like this format.
  virtual bool Recognizes(absl::string_view head) const = 0;

  // Reads the graph file `name` of `source`, with its weights. What is returned
  // has passed `Verify`.
  // Errors: kDataLoss for broken bytes or weights that do not belong to the
  // graph, kFailedPrecondition for a newer version, and those of the source.
  virtual absl::StatusOr<Model> Read(
      const FileSource& source, absl::string_view name,
      const DeserializeOptions& options) const = 0;
};

// The formats a program knows. An instance, filled once, then only read.
class FormatRegistry {
 public:
  // Errors: kAlreadyExists for a second format of the same name or extension.
  absl::Status Add(std::unique_ptr<Serializer> serializer);
  absl::Status Add(std::unique_ptr<Deserializer> deserializer);

  // By name. Errors: kNotFound, listing the names there are.
  absl::StatusOr<const Serializer*> FindSerializer(
      absl::string_view name) const;
  absl::StatusOr<const Deserializer*> FindDeserializer(
      absl::string_view name) const;
  // In the order in which they were added.
  std::vector<const Serializer*> serializers() const;
  std::vector<const Deserializer*> deserializers() const;

  // Reads any file of a known format, found by its content, else its extension.
  // Errors: as `Deserializer::Read`; kInvalidArgument for an unknown format.
  absl::StatusOr<Model> ReadFile(absl::string_view path,
                                 const DeserializeOptions& options = {}) const;

 private:
  std::vector<std::unique_ptr<Serializer>> serializers_;
  std::vector<std::unique_ptr<Deserializer>> deserializers_;
};

// Writes one model in several formats at once, PATH_PREFIX.EXTENSION each,
// whole or not at all; the formats share one weights file. Returns the paths of
// the files. Errors: those of the serializers and of the sink.
absl::StatusOr<std::vector<std::string>> WriteFiles(
    const Model& model, const std::vector<const Serializer*>& serializers,
    absl::string_view path_prefix, const SerializeOptions& options = {});

}  // namespace flextorchir

#endif  // FLEXTORCHIR_IR_SERIALIZER_H_
