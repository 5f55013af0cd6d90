// The worked example of docs/file-formats.md, against the formats themselves.

#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "flextorchir/ir/flatbuffers/serializer.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/proto/serializer.h"
#include "flextorchir/ir/serializer.h"
#include "flextorchir/ir/sink.h"
#include "flextorchir/ir/text.h"
#include "gtest/gtest.h"

namespace flextorchir {
namespace {

// The fenced blocks of the page whose info string names a file, "text NAME" or
// "hex NAME", by that name.
std::map<std::string, std::string> Blocks() {
  std::ifstream page("docs/file-formats.md");
  EXPECT_TRUE(page.good());
  std::map<std::string, std::string> blocks;
  std::string* block = nullptr;
  bool inside = false;
  for (std::string line; std::getline(page, line);) {
    if (absl::StartsWith(line, "```")) {
      inside = !inside;
      const std::pair<std::string, std::string> info =
          absl::StrSplit(line.substr(3), absl::MaxSplits(' ', 1));
      block = inside && !info.second.empty() ? &blocks[info.second] : nullptr;
    } else if (block != nullptr) {
      absl::StrAppend(block, line, "\n");
    }
  }
  return blocks;
}

// Each line is bytes as "0a 0b", then two spaces or more and an explanation.
std::string BytesOf(absl::string_view block) {
  std::string bytes;
  for (absl::string_view line : absl::StrSplit(block, '\n')) {
    line = line.substr(0, line.find("  "));
    for (const absl::string_view byte :
         absl::StrSplit(line, ' ', absl::SkipEmpty())) {
      EXPECT_EQ(byte.size(), 2) << line;
      absl::StrAppend(&bytes, absl::HexStringToBytes(byte));
    }
  }
  return bytes;
}

TEST(FileFormatsDocTest, TheExampleIsWhatIsWritten) {
  std::map<std::string, std::string> blocks = Blocks();
  const absl::StatusOr<Model> model = ParseText(blocks["tiny.fttxt"]);
  ASSERT_TRUE(model.ok()) << model.status();

  std::map<std::string, std::string> files;
  std::vector<std::unique_ptr<Serializer>> serializers;
  serializers.push_back(NewProtobufSerializer());
  serializers.push_back(NewFlatBuffersSerializer());
  for (const auto& serializer : serializers) {
    // Each with its weights file, which is the same.
    std::map<std::string, std::string> written;
    const std::unique_ptr<Sink> sink = NewMemorySink(&written);
    ASSERT_TRUE(serializer->Write(*model, "tiny", {}, *sink).ok());
    ASSERT_TRUE(sink->Commit().ok());
    files.insert(written.begin(), written.end());
  }

  for (const char* name : {"tiny.safetensors", "tiny.ftpb"}) {
    EXPECT_EQ(absl::BytesToHexString(BytesOf(blocks[name])),
              absl::BytesToHexString(files[name]));
  }
  // The page shows where it begins.
  const std::string begin = BytesOf(blocks["tiny.ftfb"]);
  EXPECT_GE(begin.size(), 64);
  EXPECT_EQ(absl::BytesToHexString(begin),
            absl::BytesToHexString(files["tiny.ftfb"].substr(0, begin.size())));
}

}  // namespace
}  // namespace flextorchir
