#include "flextorchir/tools/command_line.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/reflection.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

ABSL_FLAG(std::string, output, "", "Where the result goes.\nA second line.");
ABSL_FLAG(uint64_t, seed, 7, "A number.");
ABSL_FLAG(bool, verify, false, "Whether to check.");
ABSL_FLAG(flextorchir::OptionalList, passes, {}, "Which.");
ABSL_FLAG(flextorchir::OptionalText, dump, {}, "Where to.");
ABSL_FLAG(flextorchir::RepeatedText, inputs, {}, "What.");

namespace flextorchir {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

absl::StatusOr<CommandLine> Parse(std::vector<const char*> words) {
  words.insert(words.begin(), "program");
  return ParseFlags(static_cast<int>(words.size()), words.data());
}

std::string Error(std::vector<const char*> words) {
  return std::string(Parse(std::move(words)).status().message());
}

std::string TestPath(absl::string_view name) {
  return absl::StrCat(testing::TempDir(), "/", name);
}

void Write(const std::string& path, const std::string& content) {
  std::ofstream(path) << content;
}

std::string Read(const std::string& path) {
  std::stringstream content;
  content << std::ifstream(path).rdbuf();
  return content.str();
}

class ParseFlagsTest : public testing::Test {
  absl::FlagSaver saver_;
};

TEST_F(ParseFlagsTest, SetsFlagsAndReturnsTheRest) {
  const auto line =
      Parse({"a", "--output=x=y", "-seed", "12", "--verify", "-", "--", "--b"});
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_THAT(line->arguments, ElementsAre("a", "-", "--b"));
  EXPECT_FALSE(line->help);
  EXPECT_EQ(absl::GetFlag(FLAGS_output), "x=y");
  EXPECT_EQ(absl::GetFlag(FLAGS_seed), 12u);
  EXPECT_TRUE(absl::GetFlag(FLAGS_verify));
  ASSERT_TRUE(Parse({"--noverify", "--output", "--seed"}).ok());
  EXPECT_FALSE(absl::GetFlag(FLAGS_verify));
  EXPECT_EQ(absl::GetFlag(FLAGS_output), "--seed");
}

TEST_F(ParseFlagsTest, ATextMayBeLeftOut) {
  EXPECT_FALSE(absl::GetFlag(FLAGS_dump).given);
  const auto line = Parse({"--dump", "a"});
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_THAT(line->arguments, ElementsAre("a"));
  EXPECT_TRUE(absl::GetFlag(FLAGS_dump).given);
  EXPECT_EQ(absl::GetFlag(FLAGS_dump).text, "");
  ASSERT_TRUE(Parse({"--dump=b, c"}).ok());
  EXPECT_EQ(absl::GetFlag(FLAGS_dump).text, "b, c");
}

TEST_F(ParseFlagsTest, SomeTextsMayBeGivenAgain) {
  EXPECT_THAT(absl::GetFlag(FLAGS_inputs).texts, ElementsAre());
  ASSERT_TRUE(Parse({"--inputs=1x2,3", "--verify", "--inputs", "4;5"}).ok());
  EXPECT_THAT(absl::GetFlag(FLAGS_inputs).texts, ElementsAre("1x2,3", "4;5"));
  ASSERT_TRUE(Parse({"--inputs=6"}).ok());
  EXPECT_THAT(absl::GetFlag(FLAGS_inputs).texts, ElementsAre("6"));
  EXPECT_THAT(Error({"--output=a", "--output=b"}), HasSubstr("given twice"));
}

TEST_F(ParseFlagsTest, AListMayBeLeftOut) {
  EXPECT_FALSE(absl::GetFlag(FLAGS_passes).given);
  const auto line = Parse({"--passes", "a"});
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_THAT(line->arguments, ElementsAre("a"));
  EXPECT_TRUE(absl::GetFlag(FLAGS_passes).given);
  EXPECT_TRUE(absl::GetFlag(FLAGS_passes).items.empty());
  ASSERT_TRUE(Parse({"--passes=b, c"}).ok());
  EXPECT_THAT(absl::GetFlag(FLAGS_passes).items, ElementsAre("b", "c"));
}

TEST_F(ParseFlagsTest, KnowsHelp) {
  EXPECT_TRUE(Parse({"--help"})->help);
  EXPECT_TRUE(Parse({"-h"})->help);
  EXPECT_THAT(FlagsHelp(), HasSubstr("  --output\n      Where the result goes."
                                     "\n      A second line.\n"));
  EXPECT_THAT(FlagsHelp(), HasSubstr("  --seed  (default: 7)\n"));
}

TEST_F(ParseFlagsTest, NamesWhatIsWrong) {
  EXPECT_EQ(Error({"--outptu=x"}),
            "there is no flag --outptu; did you mean --output?");
  EXPECT_EQ(Error({"--out"}), "there is no flag --out; did you mean --output?");
  EXPECT_EQ(Error({"--Seed=1"}),
            "there is no flag --Seed; did you mean --seed?");
  EXPECT_EQ(Error({"--bogus"}),
            "there is no flag --bogus; --help lists all flags");
  EXPECT_EQ(Error({"--seed=-1"}),
            "--seed=-1: the flag takes a whole number from 0 to 2^64 - 1");
  EXPECT_EQ(Error({"--seed=18446744073709551616"}),
            "--seed=18446744073709551616: the flag takes a whole number from "
            "0 to 2^64 - 1");
  EXPECT_EQ(Error({"--verify=perhaps"}),
            "--verify=perhaps: the flag takes true or false");
  EXPECT_EQ(Error({"--noverify=1"}), "--noverify takes no value");
  EXPECT_THAT(Error({"--noseed"}), HasSubstr("there is no flag --noseed"));
  EXPECT_EQ(Error({"--output"}), "--output has no value: write --output=VALUE");
  EXPECT_EQ(Error({"--verify", "--noverify"}), "--verify is given twice");
}

TEST(CheckChoice, ListsTheChoices) {
  EXPECT_TRUE(CheckChoice("weights", "inline", {"external", "inline"}).ok());
  EXPECT_EQ(CheckChoice("weights", "in", {"external", "inline"}).message(),
            "--weights=in: the flag takes external or inline");
}

TEST(Paths, AreSplit) {
  EXPECT_THAT(SplitPath("a/b.pt"), testing::Pair("a", "b.pt"));
  EXPECT_THAT(SplitPath("b.pt"), testing::Pair(".", "b.pt"));
  EXPECT_THAT(SplitPath("/b"), testing::Pair("/", "b"));
  EXPECT_THAT(SplitPath("a/"), testing::Pair("a", ""));
  EXPECT_EQ(PathStem("a.b/resnet.scripted.pt"), "resnet.scripted");
  EXPECT_EQ(PathStem("a.b/resnet"), "resnet");
  EXPECT_EQ(PathStem(".hidden"), ".hidden");
}

TEST(Paths, AreTheCallers) {
  unsetenv("BUILD_WORKING_DIRECTORY");
  EXPECT_EQ(CallerPath("a"), "a");
  setenv("BUILD_WORKING_DIRECTORY", "/home/me", 1);
  EXPECT_EQ(CallerPath("a"), "/home/me/a");
  EXPECT_EQ(CallerPath("/a"), "/a");
  setenv("BUILD_WORKING_DIRECTORY", "/usr/../usr/lib/", 1);
  EXPECT_EQ(CallerDirectory(), "/usr/lib");
  unsetenv("BUILD_WORKING_DIRECTORY");
}

TEST(CheckReadableFile, SaysWhatStandsThere) {
  EXPECT_EQ(CheckReadableFile("/none/x").code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(CheckReadableFile(testing::TempDir()).message()),
              HasSubstr("is a directory, where a file is wanted"));
  EXPECT_THAT(std::string(CheckReadableFile("/dev/null").message()),
              HasSubstr("is a device"));
  Write(TestPath("readable"), "x");
  EXPECT_TRUE(CheckReadableFile(TestPath("readable")).ok());
}

TEST(CheckOutputs, RefusesWhatWouldBeLost) {
  const std::string model = TestPath("model.pt");
  const std::string link = TestPath("link");
  Write(model, "x");
  unlink(link.c_str());
  ASSERT_EQ(symlink(model.c_str(), link.c_str()), 0);
  const std::string fresh = TestPath("fresh");
  EXPECT_TRUE(CheckOutputs({fresh, TestPath("other")}, {model}).ok());
  const auto error = [](const std::vector<std::string>& outputs,
                        const std::vector<std::string>& inputs) {
    return std::string(CheckOutputs(outputs, inputs).message());
  };
  EXPECT_THAT(error({model}, {model}), HasSubstr("the same file is read"));
  EXPECT_THAT(error({link}, {model}), HasSubstr("the same file is read"));
  EXPECT_THAT(error({fresh, TestPath("./fresh")}, {}),
              HasSubstr("the same file is written as well"));
  EXPECT_THAT(error({testing::TempDir()}, {}), HasSubstr("directory"));
  EXPECT_THAT(error({TestPath("none/x")}, {}),
              HasSubstr("No such file or directory; create the directory"));
  EXPECT_THAT(error({absl::StrCat(model, "/x")}, {}),
              HasSubstr("is not a directory"));
  EXPECT_THAT(error({"/dev/null"}, {}), HasSubstr("it is a device"));
}

TEST(WriteWholeFile, WritesAllOrNothing) {
  const std::string path = TestPath("whole");
  Write(path, "before");
  ASSERT_TRUE(WriteWholeFile(path, "after").ok());
  EXPECT_EQ(Read(path), "after");
  EXPECT_FALSE(WriteWholeFile(TestPath("none/x"), "x").ok());
}

TEST(DataPath, SaysWhatIsMissing) {
  EXPECT_THAT(
      std::string(DataPath("x", "flextorchir/no/such").status().message()),
      HasSubstr("run it with Bazel"));
}

}  // namespace
}  // namespace flextorchir
