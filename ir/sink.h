#ifndef FLEXTORCHIR_IR_SINK_H_
#define FLEXTORCHIR_IR_SINK_H_

#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "flextorchir/ir/weights.h"

namespace flextorchir {

// A set of named files that appear together: either `Commit` makes all of them
// visible, or nothing changes. Not thread-safe. Destroying an uncommitted sink
// leaves nothing behind.
class Sink {
 public:
  // One file, written from front to back.
  class File {
   public:
    virtual ~File() = default;
    // Errors: those of the file system (kResourceExhausted: the disk is full).
    virtual absl::Status Append(absl::string_view data) = 0;
  };

  virtual ~Sink() = default;
  // A new file of this name (a plain name: no directory, not empty). The file
  // is owned by the sink and valid until `Commit`.
  // Errors: kAlreadyExists if this sink has it, kInvalidArgument for the name.
  virtual absl::StatusOr<File*> Create(absl::string_view name) = 0;
  // At most once. Files become visible in the order in which they were created:
  // a serializer creates its weights first and its graph last.
  virtual absl::Status Commit() = 0;
};

// Files in one directory: written beside their place under temporary names,
// then renamed. Existing files of these names are replaced.
// Errors: kNotFound if the directory does not exist, kPermissionDenied.
absl::StatusOr<std::unique_ptr<Sink>> NewDirectorySink(
    absl::string_view directory);

// Files in memory: name -> content, filled by `Commit`. `files` must outlive
// the sink.
std::unique_ptr<Sink> NewMemorySink(std::map<std::string, std::string>* files);

// Where a deserializer finds the files of a model.
class FileSource {
 public:
  virtual ~FileSource() = default;
  // The whole content; the bytes stay alive with what they return.
  // Errors: kNotFound, kPermissionDenied, kInvalidArgument for a name that is
  // not plain (a graph file cannot reach outside its own directory).
  virtual absl::StatusOr<Bytes> Open(absl::string_view name) const = 0;
};

// Files of one directory, memory-mapped. Symbolic links are not followed out of
// the directory.
std::unique_ptr<FileSource> NewDirectorySource(absl::string_view directory);
// `files` must outlive the source; contents are shared, not copied.
std::unique_ptr<FileSource> NewMemorySource(
    const std::map<std::string, std::string>* files);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_IR_SINK_H_
