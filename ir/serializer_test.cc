#include "flextorchir/ir/serializer.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "flextorchir/ir/text.h"
#include "flextorchir/ir/text_format.h"
#include "gtest/gtest.h"

namespace flextorchir {
namespace {

namespace fs = std::filesystem;
using Files = std::map<std::string, std::string>;
using Place = SerializeOptions::WeightsPlace;

Model TestModel() {
  absl::StatusOr<Model> model = ParseText(R"(
flextorchir 1 layer_set 1
name "Net"
weights "fc.weight" parameter f32[2,3]
weights "fc.bias" parameter f32[2]
graph "main" (%x: f32[1,3]) {
  %fc.weight = weights "fc.weight"
  %fc.bias = weights "fc.bias"
  %y: f32[1,2] = Mine "fc" (input=%x, weight=%fc.weight, bias=%fc.bias)
  return %y
}
)");
  EXPECT_TRUE(model.ok()) << model.status();
  if (!model.ok()) return Model();
  model->weights[0].data = Bytes::FromString("abcdefghijklmnopqrstuvwx");
  model->weights[1].data = Bytes::FromString("12345678");
  return *std::move(model);
}

// Writes "fake:STEM" and what it was told about the weights.
class FakeSerializer : public Serializer {
 public:
  explicit FakeSerializer(std::string name, std::string extension,
                          bool uses_weights_file = true)
      : name_(std::move(name)),
        extension_(std::move(extension)),
        uses_weights_file_(uses_weights_file) {}

  absl::string_view name() const override { return name_; }
  absl::string_view extension() const override { return extension_; }
  absl::string_view description() const override { return "for tests"; }
  bool uses_weights_file() const override { return uses_weights_file_; }
  absl::Status Write(const Model& /*model*/, absl::string_view stem,
                     const SerializeOptions& options,
                     Sink& sink) const override {
    absl::StatusOr<Sink::File*> file =
        sink.Create(absl::StrCat(stem, ".", extension_));
    if (!file.ok()) return file.status();
    return (*file)->Append(absl::StrCat(
        "fake:", stem, " ",
        options.weights_file.has_value() ? options.weights_file->name : "-"));
  }

 private:
  std::string name_;
  std::string extension_;
  bool uses_weights_file_;
};

class FailingSerializer final : public FakeSerializer {
 public:
  explicit FailingSerializer(bool commits)
      : FakeSerializer("failing", "fail"), commits_(commits) {}
  absl::Status Write(const Model& model, absl::string_view stem,
                     const SerializeOptions& options,
                     Sink& sink) const override {
    absl::Status status = FakeSerializer::Write(model, stem, options, sink);
    if (!status.ok()) return status;
    return commits_ ? sink.Commit() : absl::ResourceExhaustedError("too large");
  }

 private:
  bool commits_;
};

// Reads models that are called like the format.
class FakeDeserializer final : public Deserializer {
 public:
  FakeDeserializer(std::string name, std::string extension, std::string mark)
      : name_(std::move(name)),
        extension_(std::move(extension)),
        mark_(std::move(mark)) {}
  absl::string_view name() const override { return name_; }
  absl::string_view extension() const override { return extension_; }
  bool Recognizes(absl::string_view head) const override {
    EXPECT_LE(head.size(), 64);
    return !mark_.empty() && absl::StartsWith(head, mark_);
  }
  absl::StatusOr<Model> Read(const FileSource& source, absl::string_view name,
                             const DeserializeOptions&) const override {
    const absl::StatusOr<Bytes> file = source.Open(name);
    if (!file.ok()) return file.status();
    if (absl::EndsWith(file->data(), "broken")) {
      return absl::DataLossError("it is broken");
    }
    Model model;
    model.name = name_;
    return model;
  }

 private:
  std::string name_;
  std::string extension_;
  std::string mark_;
};

class FilesTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "/serializer_test_XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    directory_ = name;
  }
  void TearDown() override { fs::remove_all(directory_); }

  std::string Path(absl::string_view name) const {
    return absl::StrCat(directory_, "/", name);
  }
  Files Contents() const {
    Files files;
    for (const fs::directory_entry& entry :
         fs::directory_iterator(directory_)) {
      std::ifstream file(entry.path(), std::ios::binary);
      files[entry.path().filename()] =
          std::string(std::istreambuf_iterator<char>(file), {});
    }
    return files;
  }

  std::string directory_;
};

// ---- FormatRegistry

TEST(FormatRegistryTest, FindsByName) {
  FormatRegistry registry;
  EXPECT_EQ(registry.FindSerializer("text").status().code(),
            absl::StatusCode::kNotFound);
  ASSERT_TRUE(registry.Add(NewTextSerializer()).ok());
  ASSERT_TRUE(registry.Add(std::make_unique<FakeSerializer>("b", "fb")).ok());
  ASSERT_TRUE(registry.Add(NewTextDeserializer()).ok());

  ASSERT_TRUE(registry.FindSerializer("b").ok());
  EXPECT_EQ((*registry.FindSerializer("b"))->extension(), "fb");
  ASSERT_TRUE(registry.FindDeserializer("text").ok());
  EXPECT_EQ(registry.serializers().size(), 2);
  EXPECT_EQ(registry.serializers()[1]->name(), "b");
  EXPECT_EQ(registry.deserializers().size(), 1);

  const absl::Status missing = registry.FindSerializer("onnx").status();
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(absl::StrContains(missing.message(), "text (.fttxt), b (.fb)"))
      << missing;
}

TEST(FormatRegistryTest, RefusesFormatsThatClash) {
  FormatRegistry registry;
  ASSERT_TRUE(registry.Add(std::make_unique<FakeSerializer>("a", "fa")).ok());
  EXPECT_EQ(registry.Add(std::make_unique<FakeSerializer>("a", "fb")).code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(registry.Add(std::make_unique<FakeSerializer>("b", "fa")).code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(registry.Add(std::unique_ptr<Serializer>()).code(),
            absl::StatusCode::kInvalidArgument);
  // The two directions do not.
  EXPECT_TRUE(
      registry.Add(std::make_unique<FakeDeserializer>("a", "fa", "")).ok());
  EXPECT_EQ(registry.serializers().size(), 1);
}

TEST_F(FilesTest, ReadFileFindsTheFormat) {
  FormatRegistry registry;
  const auto add = [&registry](const char* name, const char* extension,
                               const char* mark) {
    ASSERT_TRUE(
        registry.Add(std::make_unique<FakeDeserializer>(name, extension, mark))
            .ok());
  };
  add("any", "any", "");
  add("short", "short", "m");
  add("long", "long", "mark");
  struct Case {
    const char* file;
    std::string content;
    const char* format;
  };
  for (const Case& c : std::vector<Case>{
           {"net.any", "what", "any"},    // by extension
           {"net.any", "mark", "short"},  // content comes first
           {"net.long", "mark", "long"},  // both
           {"net", "mark", "short"},      // no extension
           {"net.any", "", "any"},        // nothing in it
           {"net.short", std::string(100, 'x'), "short"},
       }) {
    std::ofstream(Path(c.file)) << c.content;
    const absl::StatusOr<Model> model = registry.ReadFile(Path(c.file));
    ASSERT_TRUE(model.ok()) << model.status();
    EXPECT_EQ(model->name, c.format) << c.file << " " << c.content;
  }

  std::ofstream(Path("net.other")) << "other";
  const absl::Status unknown = registry.ReadFile(Path("net.other")).status();
  EXPECT_EQ(unknown.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(absl::StrContains(unknown.message(),
                                "any (.any), short (.short), long (.long)"))
      << unknown;
  std::ofstream(Path("net.any")) << "broken";
  const absl::Status broken = registry.ReadFile(Path("net.any")).status();
  EXPECT_EQ(broken.code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(absl::StrContains(
      broken.message(), absl::StrCat(Path("net.any"), " as any: it is broken")))
      << broken;
  EXPECT_EQ(registry.ReadFile(Path("missing")).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(registry.ReadFile("").status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(registry.ReadFile(directory_ + "/").status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(registry.ReadFile(directory_).status().code(),
            absl::StatusCode::kInvalidArgument);
}

// ---- WriteFiles

TEST_F(FilesTest, FormatsShareOneWeightsFile) {
  const FakeSerializer a("a", "fa");
  const FakeSerializer b("b", "fb", /*uses_weights_file=*/false);
  const std::unique_ptr<Serializer> text = NewTextSerializer();
  const absl::StatusOr<std::vector<std::string>> paths =
      WriteFiles(TestModel(), {&b, &a, text.get()}, Path("net.v1"));
  ASSERT_TRUE(paths.ok()) << paths.status();
  EXPECT_EQ(*paths, (std::vector<std::string>{
                        Path("net.v1.safetensors"), Path("net.v1.fb"),
                        Path("net.v1.fa"), Path("net.v1.fttxt")}));
  const Files files = Contents();
  EXPECT_EQ(files.size(), 4);
  EXPECT_EQ(files.at("net.v1.fa"), "fake:net.v1 net.v1.safetensors");
  EXPECT_TRUE(absl::StartsWith(files.at("net.v1.fttxt"),
                               "// weights_file \"net.v1.safetensors\" "));
}

TEST_F(FilesTest, WritesAWeightsFileOnlyForWhomNeedsIt) {
  const FakeSerializer own("a", "fa", /*uses_weights_file=*/false);
  ASSERT_TRUE(WriteFiles(TestModel(), {&own}, Path("own")).ok());
  const FakeSerializer shared("b", "fb");
  SerializeOptions options;
  options.weights = Place::kInline;
  ASSERT_TRUE(WriteFiles(TestModel(), {&shared}, Path("in"), options).ok());
  options.weights = Place::kExternal;
  options.weights_file = WeightsFileRef{"given.safetensors", 1, 2};
  ASSERT_TRUE(WriteFiles(TestModel(), {&shared}, Path("given"), options).ok());
  Model without = TestModel();
  without.weights.clear();
  without.graphs[0] = Graph();
  without.graphs[0].name = "main";
  without.inputs = without.outputs = Structure();
  ASSERT_TRUE(WriteFiles(without, {&shared}, Path("none")).ok());
  EXPECT_EQ(Contents(), (Files{{"own.fa", "fake:own -"},
                               {"in.fb", "fake:in -"},
                               {"given.fb", "fake:given given.safetensors"},
                               {"none.fb", "fake:none -"}}));
}

TEST_F(FilesTest, AFailureLeavesNothing) {
  const FakeSerializer good("good", "good");
  std::ofstream(Path("net.good")) << "old";
  for (const bool commits : {false, true}) {
    const FailingSerializer failing(commits);
    const absl::Status status =
        WriteFiles(TestModel(), {&good, &failing}, Path("net")).status();
    EXPECT_EQ(status.code(), commits ? absl::StatusCode::kFailedPrecondition
                                     : absl::StatusCode::kResourceExhausted);
    EXPECT_TRUE(absl::StrContains(status.message(), "writing failing: "))
        << status;
    EXPECT_EQ(Contents(), (Files{{"net.good", "old"}}));
  }
}

TEST_F(FilesTest, RefusesBadArguments) {
  const FakeSerializer a("a", "fa");
  const Model model = TestModel();
  const auto code = [](const absl::StatusOr<std::vector<std::string>>& paths) {
    return paths.status().code();
  };
  for (const std::string& prefix : {std::string(), directory_ + "/", Path("."),
                                    Path(".."), Path("a") + '\0' + "b"}) {
    EXPECT_EQ(code(WriteFiles(model, {&a}, prefix)),
              absl::StatusCode::kInvalidArgument)
        << prefix;
  }
  EXPECT_EQ(code(WriteFiles(model, {}, Path("net"))),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(WriteFiles(model, {nullptr}, Path("net"))),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(WriteFiles(model, {&a, &a}, Path("net"))),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(WriteFiles(model, {&a}, Path("missing/net"))),
            absl::StatusCode::kNotFound);
  Model invalid = model;
  invalid.main().outputs = {99};
  EXPECT_EQ(code(WriteFiles(invalid, {&a}, Path("net"))),
            absl::StatusCode::kInvalidArgument);
  Model no_data = model;
  no_data.weights[0].data = Bytes();
  EXPECT_EQ(code(WriteFiles(no_data, {&a}, Path("net"))),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Contents(), Files());
}

TEST_F(FilesTest, APrefixMayHaveNoDirectory) {
  const std::string before = fs::current_path();
  fs::current_path(directory_);
  const FakeSerializer a("a", "fa", /*uses_weights_file=*/false);
  const absl::StatusOr<std::vector<std::string>> paths =
      WriteFiles(TestModel(), {&a}, "net");
  fs::current_path(before);
  ASSERT_TRUE(paths.ok()) << paths.status();
  EXPECT_EQ(*paths, std::vector<std::string>{"net.fa"});
  EXPECT_EQ(Contents().count("net.fa"), 1);
}

// ---- The format "text"

Files WriteText(const Model& model, Place place) {
  SerializeOptions options;
  options.weights = place;
  Files files;
  const std::unique_ptr<Sink> sink = NewMemorySink(&files);
  absl::Status status =
      NewTextSerializer()->Write(model, "net \"1\"", options, *sink);
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_TRUE(sink->Commit().ok());
  return files;
}

constexpr char kGraph[] = "net \"1\".fttxt";
constexpr char kWeights[] = "net \"1\".safetensors";

absl::StatusOr<Model> ReadText(const Files& files,
                               const DeserializeOptions& options = {}) {
  return NewTextDeserializer()->Read(*NewMemorySource(&files), kGraph, options);
}

Model WithoutData(Model model) {
  for (Weights& weights : model.weights) weights.data = Bytes();
  return model;
}

DeserializeOptions SkipWeights() {
  DeserializeOptions options;
  options.skip_weights = true;
  return options;
}

DeserializeOptions CheckHash() {
  DeserializeOptions options;
  options.check_hash = true;
  return options;
}

TEST(TextFormatTest, TheModelComesBack) {
  const Model model = TestModel();
  Files files = WriteText(model, Place::kExternal);
  EXPECT_EQ(files.size(), 2);
  absl::StatusOr<Model> read = ReadText(files, CheckHash());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, model);
  // The file is a text as any other.
  read = ParseText(files[kGraph]);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, WithoutData(model));

  files.erase(kWeights);
  read = ReadText(files, SkipWeights());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, WithoutData(model));
  EXPECT_EQ(ReadText(files).status().code(), absl::StatusCode::kNotFound);

  files = WriteText(model, Place::kInline);
  EXPECT_EQ(files.size(), 1);
  read = ReadText(files);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, model);
  read = ReadText(files, SkipWeights());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, WithoutData(model));
}

TEST(TextFormatTest, ReadsOnlyWhatBelongsTogether) {
  const Files good = WriteText(TestModel(), Place::kExternal);
  const std::string& graph = good.at(kGraph);
  const std::string first_line = graph.substr(0, graph.find('\n') + 1);
  const std::string rest = graph.substr(first_line.size());
  struct Case {
    const char* name;
    std::string graph;
    absl::StatusCode code;
  };
  for (const Case& c : std::vector<Case>{
           {"no weights", rest, absl::StatusCode::kDataLoss},
           {"no size", "// weights_file \"a\"\n" + rest,
            absl::StatusCode::kDataLoss},
           {"a negative size", "// weights_file \"a\" -1 xxh3 0\n" + rest,
            absl::StatusCode::kDataLoss},
           {"a long hash",
            "// weights_file \"a\" 1 xxh3 11223344556677889\n" + rest,
            absl::StatusCode::kDataLoss},
           {"more in the line", "// weights_file \"a\" 1 xxh3 0 x\n" + rest,
            absl::StatusCode::kDataLoss},
           {"another size",
            absl::StrReplaceAll(first_line, {{" xxh3", "0 xxh3"}}) + rest,
            absl::StatusCode::kDataLoss},
           {"another hash",
            absl::StrReplaceAll(first_line, {{"xxh3 ", "xxh3 f"}}) + rest,
            absl::StatusCode::kDataLoss},
           {"another file", "// weights_file \"a\" 1 xxh3 0\n" + rest,
            absl::StatusCode::kNotFound},
           {"another directory", "// weights_file \"../a\" 1 xxh3 0\n" + rest,
            absl::StatusCode::kInvalidArgument},
           {"a newer format",
            first_line +
                absl::StrReplaceAll(rest, {{"flextorchir 1", "flextorchir 2"}}),
            absl::StatusCode::kFailedPrecondition},
           {"a newer layer set",
            first_line +
                absl::StrReplaceAll(rest, {{"layer_set 1", "layer_set 999"}}),
            absl::StatusCode::kFailedPrecondition},
           {"an invalid model",
            first_line +
                absl::StrReplaceAll(rest, {{"return %y", "return %y, %z"}}),
            absl::StatusCode::kDataLoss},
           {"another shape",
            first_line + absl::StrReplaceAll(rest, {{"f32[2,3]", "f32[3,2]"}}),
            absl::StatusCode::kDataLoss},
       }) {
    Files files = good;
    files[kGraph] = c.graph;
    const absl::StatusOr<Model> read = ReadText(files, CheckHash());
    EXPECT_EQ(read.status().code(), c.code) << c.name << ": " << read.status();
  }
  // Both inside and beside.
  Files files = good;
  files[kGraph] = first_line + WriteText(TestModel(), Place::kInline)[kGraph];
  EXPECT_EQ(ReadText(files).status().code(), absl::StatusCode::kDataLoss);
}

TEST(TextFormatTest, CannotWriteWeightsWithoutData) {
  Files files;
  for (const Place place : {Place::kInline, Place::kExternal}) {
    SerializeOptions options;
    options.weights = place;
    EXPECT_EQ(NewTextSerializer()
                  ->Write(WithoutData(TestModel()), "net", options,
                          *NewMemorySink(&files))
                  .code(),
              absl::StatusCode::kInvalidArgument);
  }
}

TEST(TextFormatTest, IsRecognized) {
  const std::unique_ptr<Deserializer> text = NewTextDeserializer();
  for (const Place place : {Place::kInline, Place::kExternal}) {
    EXPECT_TRUE(
        text->Recognizes(WriteText(TestModel(), place)[kGraph].substr(0, 64)));
  }
  EXPECT_TRUE(text->Recognizes("\n flextorchir 1"));
  EXPECT_FALSE(text->Recognizes(""));
  EXPECT_FALSE(text->Recognizes("flextorch"));
  EXPECT_FALSE(
      text->Recognizes("\x0A\x0B"
                       "FlexTorchIR"));
}

TEST(TextFormatTest, BrokenFilesNeverCrash) {
  for (const Place place : {Place::kInline, Place::kExternal}) {
    const Files good = WriteText(TestModel(), place);
    const std::string& graph = good.at(kGraph);
    for (size_t size = 0; size < graph.size(); ++size) {
      Files files = good;
      files[kGraph] = graph.substr(0, size);
      // All but the last new line counts.
      EXPECT_EQ(ReadText(files).ok(), size == graph.size() - 1) << size;
    }
    std::mt19937 random(3);
    for (int i = 0; i < 3000; ++i) {
      Files files = good;
      std::string& broken = files[kGraph];
      broken[random() % broken.size()] ^= 1 << random() % 8;
      const absl::StatusOr<Model> read = ReadText(files);
      EXPECT_FALSE(read.ok() && read->graphs.empty());
    }
  }
}

}  // namespace
}  // namespace flextorchir
