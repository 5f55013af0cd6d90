#include "flextorchir/ir/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace flextorchir {
namespace {

absl::StatusCode CodeOfErrno(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return absl::StatusCode::kResourceExhausted;
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::StatusCode::kPermissionDenied;
    case ENOENT:
      return absl::StatusCode::kNotFound;
    case ENOTDIR:
    case EISDIR:
    case ELOOP:
    case ENAMETOOLONG:
      return absl::StatusCode::kInvalidArgument;
    default:
      return absl::ErrnoToStatusCode(error);
  }
}

// "cannot write out/net.ftfb: No space left on device".
absl::Status FileError(int error, absl::string_view action,
                       absl::string_view path) {
  const absl::Status described = absl::ErrnoToStatus(error, "");
  absl::string_view reason = described.message();
  absl::ConsumePrefix(&reason, ": ");
  return absl::Status(CodeOfErrno(error),
                      absl::StrCat("cannot ", action, " ", path, ": ", reason));
}

absl::Status CheckPlainName(absl::string_view name) {
  if (!name.empty() && name != "." && name != ".." &&
      name.find('/') == absl::string_view::npos &&
      name.find('\0') == absl::string_view::npos) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("\"", name,
                   "\" is not a plain file name: it must not be empty or name "
                   "a directory"));
}

std::string JoinPath(absl::string_view directory, absl::string_view name) {
  return absl::StrCat(directory, absl::EndsWith(directory, "/") ? "" : "/",
                      name);
}

// Calls a system call again while signals interrupt it.
template <typename Call>
auto Retry(Call call) {
  auto result = call();
  while (result == -1 && errno == EINTR) result = call();
  return result;
}

// An open file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (is_open()) close(fd_);
  }

  bool is_open() const { return fd_ >= 0; }
  int get() const { return fd_; }
  // Some file systems report only here that the data could not be written. The
  // descriptor is gone in any case, also after EINTR.
  bool Close() { return close(std::exchange(fd_, -1)) == 0 || errno == EINTR; }

 private:
  int fd_;
};

Descriptor OpenDirectory(const std::string& path) {
  return Descriptor(Retry(
      [&] { return open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
}

class DirectorySink final : public Sink {
 public:
  DirectorySink(std::string path, Descriptor directory)
      : path_(std::move(path)), directory_(std::move(directory)) {}

  ~DirectorySink() override { RemoveTemporaries(); }

  absl::StatusOr<File*> Create(absl::string_view name) override;
  absl::Status Commit() override;

 private:
  class DirectoryFile;

  // A name in the directory that nothing has. It does not contain the name of
  // the file, which may be as long as names can be.
  std::string NewTemporaryName() const {
    struct stat info;
    for (int i = 0;; ++i) {
      std::string name =
          absl::StrCat(".flextorchir-", getpid(), "-", counter_ + i, ".tmp");
      if (fstatat(directory_.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) !=
          0) {
        return name;
      }
    }
  }
  bool Rename(const std::string& from, const std::string& to) const {
    return renameat(directory_.get(), from.c_str(), directory_.get(),
                    to.c_str()) == 0;
  }
  void Remove(const std::string& name) const {
    unlinkat(directory_.get(), name.c_str(), 0);
  }
  absl::Status KeepAside(DirectoryFile& file) const;
  void RollBack();
  void RemoveTemporaries();

  const std::string path_;
  const Descriptor directory_;
  std::vector<std::unique_ptr<DirectoryFile>> files_;
  bool is_committed_ = false;
  int counter_ = 0;
};

class DirectorySink::DirectoryFile final : public File {
 public:
  DirectoryFile(std::string name, std::string path, std::string temporary,
                Descriptor descriptor)
      : name(std::move(name)),
        temporary(std::move(temporary)),
        path_(std::move(path)),
        descriptor_(std::move(descriptor)) {}

  // Gathers small pieces; a large one goes straight to the system.
  absl::Status Append(absl::string_view data) override {
    if (!status_.ok()) return status_;
    if (!descriptor_.is_open()) {
      return absl::FailedPreconditionError(
          absl::StrCat(path_, " is committed already"));
    }
    if (buffer_.size() + data.size() < kBufferSize) {
      buffer_.append(data.data(), data.size());
      return absl::OkStatus();
    }
    status_ = Write(buffer_);
    buffer_.clear();
    if (status_.ok()) status_ = Write(data);
    return status_;
  }

  absl::Status Finish() {
    if (!status_.ok()) return status_;
    status_ = Write(buffer_);
    buffer_ = std::string();
    if (status_.ok() && !descriptor_.Close()) {
      status_ = FileError(errno, "write", path_);
    }
    return status_;
  }

  const std::string& path() const { return path_; }

  const std::string name;
  std::string temporary;  // empty: renamed to `name`
  std::string previous;   // where the file that had the name is kept
  bool is_visible = false;

 private:
  static constexpr size_t kBufferSize = size_t{1} << 16;

  absl::Status Write(absl::string_view data) {
    while (!data.empty()) {
      const ssize_t written = Retry(
          [&] { return write(descriptor_.get(), data.data(), data.size()); });
      if (written < 0) return FileError(errno, "write", path_);
      data.remove_prefix(written);
    }
    return absl::OkStatus();
  }

  const std::string path_;
  Descriptor descriptor_;
  std::string buffer_;
  absl::Status status_;  // of the first write that failed
};

absl::StatusOr<Sink::File*> DirectorySink::Create(absl::string_view name) {
  if (absl::Status status = CheckPlainName(name); !status.ok()) return status;
  const std::string path = JoinPath(path_, name);
  if (is_committed_) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot create ", path, ": the sink is committed"));
  }
  for (const auto& file : files_) {
    if (file->name == name) {
      return absl::AlreadyExistsError(
          absl::StrCat(path, " is being written already"));
    }
  }
  // What could not be replaced is found before hours of work, not after them.
  struct stat info;
  if (fstatat(directory_.get(), std::string(name).c_str(), &info,
              AT_SYMLINK_NOFOLLOW) == 0) {
    if (S_ISDIR(info.st_mode)) return FileError(EISDIR, "write", path);
  } else if (errno != ENOENT) {
    return FileError(errno, "write", path);
  }

  std::string temporary;
  int fd = -1;
  do {
    temporary = NewTemporaryName();
    ++counter_;
    fd = Retry([&] {
      return openat(directory_.get(), temporary.c_str(),
                    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    });
  } while (fd < 0 && errno == EEXIST);
  if (fd < 0) return FileError(errno, "create", path);
  files_.push_back(std::make_unique<DirectoryFile>(
      std::string(name), path, std::move(temporary), Descriptor(fd)));
  return files_.back().get();
}

absl::Status DirectorySink::Commit() {
  if (is_committed_) {
    return absl::FailedPreconditionError(
        absl::StrCat("the files in ", path_, " are committed already"));
  }
  is_committed_ = true;
  absl::Status status;
  for (const auto& file : files_) {
    status = file->Finish();
    if (!status.ok()) break;
  }
  for (size_t i = 0; i < files_.size() && status.ok(); ++i) {
    DirectoryFile& file = *files_[i];
    // Nothing is undone after the last one: it needs no way back.
    if (i + 1 < files_.size()) status = KeepAside(file);
    if (!status.ok()) break;
    if (Rename(file.temporary, file.name)) {
      file.temporary.clear();
      file.is_visible = true;
    } else {
      status = FileError(errno, "write", file.path());
    }
  }
  if (!status.ok()) RollBack();
  RemoveTemporaries();
  return status;
}

// Gives the present file of this name a second one, so that it is at its place
// all the time; where that cannot be, moves it.
absl::Status DirectorySink::KeepAside(DirectoryFile& file) const {
  struct stat info;
  if (fstatat(directory_.get(), file.name.c_str(), &info,
              AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return absl::OkStatus();
    return FileError(errno, "replace", file.path());
  }
  if (S_ISDIR(info.st_mode)) return FileError(EISDIR, "write", file.path());
  const std::string previous = NewTemporaryName();
  if (linkat(directory_.get(), file.name.c_str(), directory_.get(),
             previous.c_str(), 0) != 0 &&
      !Rename(file.name, previous)) {
    return FileError(errno, "replace", file.path());
  }
  file.previous = previous;
  return absl::OkStatus();
}

void DirectorySink::RollBack() {
  std::for_each(files_.rbegin(), files_.rend(), [this](const auto& file) {
    if (!file->previous.empty()) {
      // A file that cannot be put back stays aside, rather than be lost. And
      // renaming one name of a file to another of it does nothing, so that a
      // second name is left to be removed.
      const bool is_back = Rename(file->previous, file->name);
      if (!is_back || file->is_visible) file->previous.clear();
    } else if (file->is_visible) {
      Remove(file->name);
    }
    file->is_visible = false;
  });
}

void DirectorySink::RemoveTemporaries() {
  for (const auto& file : files_) {
    if (!file->temporary.empty()) Remove(file->temporary);
    if (!file->previous.empty()) Remove(file->previous);
    file->temporary.clear();
    file->previous.clear();
  }
}

class MemorySink final : public Sink {
 public:
  explicit MemorySink(std::map<std::string, std::string>* files)
      : files_(files) {}

  absl::StatusOr<File*> Create(absl::string_view name) override {
    if (absl::Status status = CheckPlainName(name); !status.ok()) return status;
    if (is_committed_) {
      return absl::FailedPreconditionError(
          absl::StrCat("cannot create ", name, ": the sink is committed"));
    }
    const auto [entry, is_new] =
        pending_.emplace(std::string(name), MemoryFile());
    if (!is_new) {
      return absl::AlreadyExistsError(
          absl::StrCat(name, " is being written already"));
    }
    return &entry->second;
  }

  absl::Status Commit() override {
    if (is_committed_) {
      return absl::FailedPreconditionError("the files are committed already");
    }
    is_committed_ = true;
    for (auto& [name, file] : pending_) {
      (*files_)[name] = std::move(file.content);
    }
    pending_.clear();
    return absl::OkStatus();
  }

 private:
  struct MemoryFile final : File {
    absl::Status Append(absl::string_view data) override {
      content.append(data.data(), data.size());
      return absl::OkStatus();
    }
    std::string content;
  };

  std::map<std::string, std::string>* const files_;
  std::map<std::string, MemoryFile> pending_;
  bool is_committed_ = false;
};

// What the name stands for once links are followed, or empty (and errno).
std::string RealPath(const std::string& path) {
  std::unique_ptr<char, decltype(&free)> real(realpath(path.c_str(), nullptr),
                                              &free);
  return real == nullptr ? "" : real.get();
}

class DirectorySource final : public FileSource {
 public:
  explicit DirectorySource(absl::string_view path)
      : path_(path.empty() ? "." : path) {}

  absl::StatusOr<Bytes> Open(absl::string_view name) const override {
    if (absl::Status status = CheckPlainName(name); !status.ok()) return status;
    const std::string path = JoinPath(path_, name);
    absl::StatusOr<Descriptor> file = OpenInside(std::string(name), path);
    if (!file.ok()) return file.status();

    struct stat info;
    if (fstat(file->get(), &info) != 0) return FileError(errno, "read", path);
    if (!S_ISREG(info.st_mode)) {
      return absl::InvalidArgumentError(
          absl::StrCat("cannot read ", path, ": not a regular file"));
    }
    if (info.st_size == 0) return Bytes();
    const size_t size = info.st_size;
    void* const map =
        mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file->get(), 0);
    if (map == MAP_FAILED) return FileError(errno, "read", path);
    std::shared_ptr<const void> owner(
        map, [size](void* memory) { munmap(memory, size); });
    return Bytes(absl::string_view(static_cast<const char*>(map), size),
                 std::move(owner));
  }

 private:
  // O_NONBLOCK: opening a pipe must not wait for who writes it.
  static constexpr int kFlags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;

  absl::StatusOr<Descriptor> OpenInside(const std::string& name,
                                        const std::string& path) const {
    Descriptor directory = OpenDirectory(path_);
    if (!directory.is_open()) return FileError(errno, "read", path);
    Descriptor file(
        Retry([&] { return openat(directory.get(), name.c_str(), kFlags); }));
    if (file.is_open()) return file;
    if (errno != ELOOP) return FileError(errno, "read", path);

    // A symbolic link. Where it leads is opened step by step from the directory
    // without following any more, so that nobody can turn it around meanwhile.
    const std::string root = RealPath(path_);
    const std::string target = RealPath(path);
    if (root.empty() || target.empty()) return FileError(errno, "read", path);
    absl::string_view inside = target;
    if (!absl::ConsumePrefix(&inside, root) ||
        !(root == "/" || absl::ConsumePrefix(&inside, "/"))) {
      return absl::PermissionDeniedError(absl::StrCat(
          "cannot read ", path, ": a symbolic link out of its directory, to ",
          target, "; copy the file beside the others"));
    }
    const std::vector<std::string> steps = absl::StrSplit(inside, '/');
    file = std::move(directory);
    for (const std::string& step : steps) {
      Descriptor next(
          Retry([&] { return openat(file.get(), step.c_str(), kFlags); }));
      if (!next.is_open()) return FileError(errno, "read", path);
      file = std::move(next);
    }
    return file;
  }

  const std::string path_;
};

class MemorySource final : public FileSource {
 public:
  explicit MemorySource(const std::map<std::string, std::string>* files)
      : files_(files) {}

  absl::StatusOr<Bytes> Open(absl::string_view name) const override {
    if (absl::Status status = CheckPlainName(name); !status.ok()) return status;
    const auto found = files_->find(std::string(name));
    if (found == files_->end()) return FileError(ENOENT, "read", name);
    return Bytes(found->second, nullptr);
  }

 private:
  const std::map<std::string, std::string>* const files_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Sink>> NewDirectorySink(
    absl::string_view directory) {
  std::string path(directory.empty() ? "." : directory);
  Descriptor descriptor = OpenDirectory(path);
  if (!descriptor.is_open()) {
    return FileError(errno, "write to the directory", path);
  }
  if (faccessat(descriptor.get(), ".", W_OK | X_OK, AT_EACCESS) != 0) {
    return FileError(errno, "write to the directory", path);
  }
  return std::make_unique<DirectorySink>(std::move(path),
                                         std::move(descriptor));
}

std::unique_ptr<Sink> NewMemorySink(std::map<std::string, std::string>* files) {
  return std::make_unique<MemorySink>(files);
}

std::unique_ptr<FileSource> NewDirectorySource(absl::string_view directory) {
  return std::make_unique<DirectorySource>(directory);
}

std::unique_ptr<FileSource> NewMemorySource(
    const std::map<std::string, std::string>* files) {
  return std::make_unique<MemorySource>(files);
}

}  // namespace flextorchir
