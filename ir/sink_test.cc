#include "flextorchir/ir/sink.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace flextorchir {
namespace {

namespace fs = std::filesystem;
using Files = std::map<std::string, std::string>;

class SinkTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "/sink_test_XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    directory_ = name;
  }
  void TearDown() override { fs::remove_all(directory_); }

  std::unique_ptr<Sink> NewSink() {
    absl::StatusOr<std::unique_ptr<Sink>> sink = NewDirectorySink(directory_);
    EXPECT_TRUE(sink.ok()) << sink.status();
    return *std::move(sink);
  }

  void Write(const std::string& name, const std::string& content) {
    std::ofstream(directory_ + "/" + name, std::ios::binary) << content;
  }

  // All there is in the directory, hidden files as well.
  Files Contents() const {
    Files files;
    for (const fs::directory_entry& entry :
         fs::directory_iterator(directory_)) {
      std::ifstream file(entry.path(), std::ios::binary);
      files[entry.path().filename()] =
          entry.is_directory()
              ? "(directory)"
              : std::string(std::istreambuf_iterator<char>(file), {});
    }
    return files;
  }

  std::string directory_;
};

void Add(Sink& sink, absl::string_view name, absl::string_view content) {
  const absl::StatusOr<Sink::File*> file = sink.Create(name);
  ASSERT_TRUE(file.ok()) << file.status();
  const absl::Status status = (*file)->Append(content);
  ASSERT_TRUE(status.ok()) << status;
}

TEST_F(SinkTest, FilesAppearTogether) {
  Write("a", "old a");
  Write("c", "untouched");
  const std::unique_ptr<Sink> sink = NewSink();
  const std::string large(300'000, 'x');
  absl::StatusOr<Sink::File*> a = sink->Create("a");
  ASSERT_TRUE(a.ok());
  Add(*sink, "b", "");
  EXPECT_TRUE((*a)->Append("small").ok());
  EXPECT_TRUE((*a)->Append(large).ok());
  EXPECT_TRUE((*a)->Append("end").ok());
  EXPECT_EQ(Contents()["a"], "old a");
  EXPECT_EQ(Contents().count("b"), 0);
  ASSERT_TRUE(sink->Commit().ok());
  EXPECT_EQ(
      Contents(),
      (Files{{"a", "small" + large + "end"}, {"b", ""}, {"c", "untouched"}}));
}

TEST_F(SinkTest, AnUncommittedSinkLeavesNothing) {
  Write("a", "old");
  {
    const std::unique_ptr<Sink> sink = NewSink();
    Add(*sink, "a", "new");
    Add(*sink, "b", std::string(200'000, 'x'));
  }
  EXPECT_EQ(Contents(), (Files{{"a", "old"}}));
}

TEST_F(SinkTest, AFailedCommitChangesNothing) {
  Write("a", "old a");
  Write("link", "");
  fs::remove(directory_ + "/link");
  fs::create_symlink("a", directory_ + "/link");
  const Files before = Contents();
  {
    const std::unique_ptr<Sink> sink = NewSink();
    Add(*sink, "a", "new a");
    Add(*sink, "b", "new b");
    Add(*sink, "link", "new link");
    Add(*sink, "c", "new c");
    Add(*sink, "d", "new d");
    // Only now, so that renaming fails.
    fs::create_directory(directory_ + "/c");
    const absl::Status status = sink->Commit();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    EXPECT_TRUE(absl::StrContains(status.message(), directory_ + "/c"))
        << status;
    EXPECT_EQ(sink->Commit().code(), absl::StatusCode::kFailedPrecondition);
  }
  fs::remove(directory_ + "/c");
  EXPECT_EQ(Contents(), before);
  EXPECT_TRUE(fs::is_symlink(directory_ + "/link"));
}

TEST_F(SinkTest, AFailureOfTheLastFileUndoesTheOthers) {
  Write("a", "old a");
  const std::unique_ptr<Sink> sink = NewSink();
  Add(*sink, "a", "new a");
  Add(*sink, "b", "new b");
  Add(*sink, "c", "new c");
  fs::create_directory(directory_ + "/c");
  EXPECT_EQ(sink->Commit().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Contents(), (Files{{"a", "old a"}, {"c", "(directory)"}}));
}

TEST_F(SinkTest, NamesArePlain) {
  const std::unique_ptr<Sink> sink = NewSink();
  for (const absl::string_view name :
       {absl::string_view(""), absl::string_view("."), absl::string_view(".."),
        absl::string_view("a/b"), absl::string_view("/a"),
        absl::string_view("a\0b", 3)}) {
    EXPECT_EQ(sink->Create(name).status().code(),
              absl::StatusCode::kInvalidArgument)
        << name;
  }
  EXPECT_EQ(sink->Create(std::string(256, 'n')).status().code(),
            absl::StatusCode::kInvalidArgument);
  Add(*sink, std::string(255, 'n'), "the longest name");
  Add(*sink, ".hidden", "");
  EXPECT_EQ(sink->Create(".hidden").status().code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_TRUE(sink->Commit().ok());
  EXPECT_EQ(sink->Create("late").status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(SinkTest, RefusesToReplaceADirectory) {
  fs::create_directory(directory_ + "/a");
  EXPECT_EQ(NewSink()->Create("a").status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(SinkTest, ReportsABadDirectory) {
  const absl::Status missing =
      NewDirectorySink(directory_ + "/missing").status();
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(absl::StrContains(missing.message(), "/missing")) << missing;
  Write("file", "");
  EXPECT_EQ(NewDirectorySink(directory_ + "/file").status().code(),
            absl::StatusCode::kInvalidArgument);
  if (geteuid() == 0) return;  // Root may write everywhere.
  chmod(directory_.c_str(), 0500);
  EXPECT_EQ(NewDirectorySink(directory_).status().code(),
            absl::StatusCode::kPermissionDenied);
  chmod(directory_.c_str(), 0700);
}

// A limit on the size of files stands for a full disk.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit = {bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() { setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_;
};

TEST_F(SinkTest, AFullDiskLeavesNothing) {
  Write("weights", "old");
  // The first is found when it is appended, the second, which is gathered in
  // memory, when all is committed.
  for (const size_t size : {300'000, 30'000}) {
    const std::unique_ptr<Sink> sink = NewSink();
    Add(*sink, "weights", "new");
    const absl::StatusOr<Sink::File*> file = sink->Create("graph");
    ASSERT_TRUE(file.ok());
    const FileSizeLimit limit(20'000);
    const absl::Status appended = (*file)->Append(std::string(size, 'x'));
    EXPECT_EQ(appended.ok(), size == 30'000) << appended;
    const absl::Status status = sink->Commit();
    EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
    EXPECT_TRUE(absl::StrContains(status.message(), directory_ + "/graph"))
        << status;
    EXPECT_EQ(Contents(), (Files{{"weights", "old"}}));
  }
}

TEST_F(SinkTest, TwoSinksDoNotDisturbEachOther) {
  const std::unique_ptr<Sink> first = NewSink();
  const std::unique_ptr<Sink> second = NewSink();
  Add(*first, "a", "first");
  Add(*second, "a", "second");
  Add(*first, "b", "first");
  ASSERT_TRUE(second->Commit().ok());
  ASSERT_TRUE(first->Commit().ok());
  EXPECT_EQ(Contents(), (Files{{"a", "first"}, {"b", "first"}}));
}

TEST(MemorySinkTest, FillsTheMapOnCommit) {
  Files files = {{"a", "old"}};
  std::unique_ptr<Sink> sink = NewMemorySink(&files);
  Add(*sink, "a", "new");
  Add(*sink, "b", "b");
  EXPECT_EQ(sink->Create("a").status().code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(sink->Create("../a").status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(files, (Files{{"a", "old"}}));
  ASSERT_TRUE(sink->Commit().ok());
  EXPECT_EQ(files, (Files{{"a", "new"}, {"b", "b"}}));
  EXPECT_FALSE(sink->Commit().ok());

  const std::unique_ptr<FileSource> source = NewMemorySource(&files);
  const absl::StatusOr<Bytes> bytes = source->Open("a");
  ASSERT_TRUE(bytes.ok());
  EXPECT_EQ(bytes->data().data(), files["a"].data());
  EXPECT_EQ(source->Open("c").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(source->Open("/a").status().code(),
            absl::StatusCode::kInvalidArgument);
}

class DirectorySourceTest : public SinkTest {
 protected:
  absl::StatusCode OpenError(absl::string_view name) {
    const absl::StatusOr<Bytes> bytes =
        NewDirectorySource(directory_)->Open(name);
    if (!bytes.ok() && name.size() > 2) {
      EXPECT_TRUE(absl::StrContains(bytes.status().message(), name))
          << bytes.status();
    }
    return bytes.status().code();
  }
  std::string Content(absl::string_view name) {
    const absl::StatusOr<Bytes> bytes =
        NewDirectorySource(directory_)->Open(name);
    return bytes.ok() ? std::string(bytes->data())
                      : std::string(bytes.status().message());
  }
};

TEST_F(DirectorySourceTest, BytesOutliveTheFile) {
  Write("a", "content");
  absl::StatusOr<Bytes> bytes = NewDirectorySource(directory_)->Open("a");
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  fs::remove(directory_ + "/a");
  EXPECT_EQ(bytes->data(), "content");
}

TEST_F(DirectorySourceTest, ReadsAnEmptyFile) {
  Write("a", "");
  EXPECT_EQ(Content("a"), "");
}

TEST_F(DirectorySourceTest, NamesArePlain) {
  fs::create_directory(directory_ + "/sub");
  Write("sub/a", "inside");
  EXPECT_EQ(OpenError("sub/a"), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(OpenError("../a"), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(OpenError(""), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(OpenError(".."), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(OpenError(directory_), absl::StatusCode::kInvalidArgument);
}

TEST_F(DirectorySourceTest, RefusesWhatIsNoRegularFile) {
  fs::create_directory(directory_ + "/sub");
  EXPECT_EQ(OpenError("sub"), absl::StatusCode::kInvalidArgument);
  ASSERT_EQ(mkfifo((directory_ + "/pipe").c_str(), 0600), 0);
  EXPECT_EQ(OpenError("pipe"), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(OpenError("missing"), absl::StatusCode::kNotFound);
}

TEST_F(DirectorySourceTest, FollowsLinksWithinTheDirectory) {
  fs::create_directory(directory_ + "/sub");
  Write("a", "a");
  Write("sub/b", "b");
  fs::create_symlink("a", directory_ + "/relative");
  fs::create_symlink(directory_ + "/sub/b", directory_ + "/absolute");
  fs::create_symlink("relative", directory_ + "/twice");
  EXPECT_EQ(Content("relative"), "a");
  EXPECT_EQ(Content("absolute"), "b");
  EXPECT_EQ(Content("twice"), "a");
}

TEST_F(DirectorySourceTest, FollowsNoLinkOutOfTheDirectory) {
  // A directory whose name begins with that of the source's.
  const std::string outside = directory_ + "2";
  fs::create_directory(outside);
  std::ofstream(outside + "/secret") << "secret";
  fs::create_symlink("/etc/passwd", directory_ + "/passwd");
  fs::create_symlink(outside + "/secret", directory_ + "/sibling");
  fs::create_symlink("..", directory_ + "/parent");
  fs::create_symlink(outside, directory_ + "/dir");
  fs::create_symlink("dir/secret", directory_ + "/through");
  fs::create_symlink("nowhere", directory_ + "/dangling");
  fs::create_symlink("loop", directory_ + "/loop");
  for (const char* name : {"passwd", "sibling", "parent", "dir", "through"}) {
    EXPECT_EQ(OpenError(name), absl::StatusCode::kPermissionDenied) << name;
  }
  EXPECT_EQ(OpenError("dangling"), absl::StatusCode::kNotFound);
  EXPECT_EQ(OpenError("loop"), absl::StatusCode::kInvalidArgument);
  fs::remove_all(outside);
}

TEST_F(DirectorySourceTest, ReportsAMissingDirectory) {
  EXPECT_EQ(
      NewDirectorySource(directory_ + "/missing")->Open("a").status().code(),
      absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace flextorchir
