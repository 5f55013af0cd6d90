#include "flextorchir/testing/format_conformance.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <random>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/sink.h"
#include "flextorchir/ir/text.h"
#include "flextorchir/ir/verify.h"
#include "flextorchir/testing/sample_models.h"
#include "gtest/gtest.h"

namespace flextorchir {
namespace {

using Files = std::map<std::string, std::string>;
using WeightsPlace = SerializeOptions::WeightsPlace;

constexpr char kStem[] = "model";
constexpr char kWeightsFile[] = "model.safetensors";

// One format under test, made anew for each test.
struct Format {
  explicit Format(const FormatConformanceOptions& format_options)
      : options(format_options), serializer(options.serializer()) {
    if (options.deserializer) deserializer = options.deserializer();
  }

  std::string GraphName() const {
    return absl::StrCat(kStem, ".", serializer->extension());
  }

  absl::StatusOr<Files> Write(
      const Model& model, WeightsPlace place = WeightsPlace::kExternal) const {
    Files files;
    const std::unique_ptr<Sink> sink = NewMemorySink(&files);
    SerializeOptions write_options;
    write_options.weights = place;
    absl::Status status = serializer->Write(model, kStem, write_options, *sink);
    if (status.ok()) status = sink->Commit();
    if (!status.ok()) return status;
    return files;
  }

  absl::StatusOr<Model> Read(
      const Files& files, const DeserializeOptions& read_options = {}) const {
    return deserializer->Read(*NewMemorySource(&files), GraphName(),
                              read_options);
  }

  const FormatConformanceOptions& options;
  std::unique_ptr<Serializer> serializer;
  std::unique_ptr<Deserializer> deserializer;  // null: only written
};

// A sink that passes everything on, until it fails.
class FailingSink final : public Sink {
 public:
  // The operation of this number fails, counted from 0.
  FailingSink(Sink& sink, int failing) : sink_(sink), left_(failing) {}

  absl::StatusOr<File*> Create(absl::string_view name) override {
    const absl::Status status = Step();
    if (!status.ok()) return status;
    const absl::StatusOr<File*> file = sink_.Create(name);
    if (!file.ok()) return file.status();
    names_.emplace_back(name);
    files_.push_back(std::make_unique<FailingFile>(*this, **file));
    return files_.back().get();
  }
  absl::Status Commit() override {
    committed_ = true;
    return absl::OkStatus();
  }

  bool committed() const { return committed_; }
  // In the order in which they were created.
  const std::vector<std::string>& names() const { return names_; }
  // What has been appended, to any file: where it was, not a copy.
  const std::vector<absl::string_view>& appended() const { return appended_; }

 private:
  class FailingFile final : public File {
   public:
    FailingFile(FailingSink& sink, File& file) : sink_(sink), file_(file) {}
    absl::Status Append(absl::string_view data) override {
      const absl::Status status = sink_.Step();
      if (!status.ok()) return status;
      sink_.appended_.push_back(data);
      return file_.Append(data);
    }

   private:
    FailingSink& sink_;
    File& file_;
  };

  absl::Status Step() {
    if (left_-- != 0) return absl::OkStatus();
    return absl::ResourceExhaustedError("the disk is full");
  }

  Sink& sink_;
  int left_;
  bool committed_ = false;
  std::vector<std::string> names_;
  std::vector<absl::string_view> appended_;
  std::vector<std::unique_ptr<FailingFile>> files_;
};

Model WithoutWeightsData(Model model) {
  for (Weights& weights : model.weights) weights.data = Bytes();
  return model;
}

Model WithOtherWeightsData(Model model) {
  for (Weights& weights : model.weights) {
    std::string data(weights.data.data());
    for (char& byte : data) byte = static_cast<char>(~byte);
    weights.data = Bytes::FromString(std::move(data));
  }
  return model;
}

std::string ReadText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return file.good() ? text.str() : "";
}

std::string WholeText(const Model& model) {
  TextOptions options;
  options.weights_data = true;
  return ToText(model, options);
}

// gtest prints what differs.
void ExpectEqual(const Model& actual, const Model& expected) {
  if (actual == expected) return;
  EXPECT_EQ(WholeText(actual), WholeText(expected));
  ADD_FAILURE() << "the models differ";
}

// The model that most tests use; all formats can say a part of what is in the
// others, and a format that cannot say this one says "EmptyGraph".
const Model& Rich(const Format& format) {
  const bool can_say = format.options.cannot_say.count("Everything") == 0;
  return GetSampleModel(can_say ? "Everything" : "EmptyGraph");
}

// ---- Write

void WriteFilesAreNamedAfterTheStem(const Format& format) {
  Files files;
  const std::unique_ptr<Sink> memory = NewMemorySink(&files);
  FailingSink sink(*memory, -1);
  const absl::Status status =
      format.serializer->Write(Rich(format), kStem, {}, sink);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_FALSE(sink.committed()) << "a serializer must not commit";
  ASSERT_FALSE(sink.names().empty());
  EXPECT_EQ(sink.names().back(), format.GraphName())
      << "the graph is created last, so that who sees it sees its weights";
  for (const std::string& name : sink.names()) {
    EXPECT_TRUE(absl::StartsWith(name, kStem)) << name;
  }
  ASSERT_TRUE(memory->Commit().ok());
  EXPECT_NE(files[format.GraphName()], "");
}

void WriteIsDeterministic(const Format& format) {
  const Model& model = Rich(format);
  const absl::StatusOr<Files> expected = format.Write(model);
  ASSERT_TRUE(expected.ok()) << expected.status();
  std::vector<absl::StatusOr<Files>> results(4, absl::UnknownError(""));
  std::vector<std::thread> threads;
  for (absl::StatusOr<Files>& result : results) {
    threads.emplace_back([&] { result = format.Write(model); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const absl::StatusOr<Files>& result : results) {
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_TRUE(*result == *expected);
  }
}

void WriteReturnsErrorsOfTheSink(const Format& format) {
  int operations = 0;
  for (;; ++operations) {
    Files files;
    const std::unique_ptr<Sink> memory = NewMemorySink(&files);
    FailingSink sink(*memory, operations);
    const absl::Status status =
        format.serializer->Write(Rich(format), kStem, {}, sink);
    if (status.ok()) break;
    EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
    EXPECT_TRUE(absl::StrContains(status.message(), "the disk is full"))
        << status;
    ASSERT_LT(operations, 100000);
  }
  EXPECT_GE(operations, 2) << "creates a file and appends to it";
}

void WriteSharesOneWeightsFile(const Format& format) {
  if (!format.serializer->uses_weights_file()) {
    GTEST_SKIP() << "has a place of its own for weights";
  }
  const Model& model = Rich(format);
  Files files;
  const std::unique_ptr<Sink> memory = NewMemorySink(&files);
  FailingSink sink(*memory, -1);
  SerializeOptions options;
  if (!model.weights.empty()) {
    const absl::StatusOr<WeightsFileRef> ref =
        WriteSafetensors(model.weights, "shared.safetensors", {}, *memory);
    ASSERT_TRUE(ref.ok()) << ref.status();
    options.weights_file = *ref;
  }
  absl::Status status = format.serializer->Write(model, kStem, options, sink);
  if (status.ok()) status = memory->Commit();
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(sink.names(), std::vector<std::string>{format.GraphName()});
  if (format.deserializer == nullptr) return;
  const absl::StatusOr<Model> read = format.Read(files);
  ASSERT_TRUE(read.ok()) << read.status();
  ExpectEqual(*read, model);
}

void WriteDoesNotCopyWeights(const Format& format) {
  // As many bytes as are not taken for a header.
  const std::string data(size_t{1} << 20, 'w');
  Model model = GetSampleModel("EmptyGraph");
  model.weights.emplace_back();
  model.weights[0].name = "w";
  model.weights[0].type.dtype = DType::kUInt8;
  model.weights[0].type.shape = {static_cast<int64_t>(data.size())};
  model.weights[0].data = Bytes(data, nullptr);
  Files files;
  const std::unique_ptr<Sink> memory = NewMemorySink(&files);
  FailingSink sink(*memory, -1);
  const absl::Status status = format.serializer->Write(model, kStem, {}, sink);
  ASSERT_TRUE(status.ok()) << status;
  if (sink.names().front() != kWeightsFile) {
    GTEST_SKIP() << "writes no weights file";
  }
  size_t own_bytes = 0;
  size_t other_bytes = 0;
  for (const absl::string_view piece : sink.appended()) {
    const bool is_own =
        piece.data() >= data.data() &&
        piece.data() + piece.size() <= data.data() + data.size();
    (is_own ? own_bytes : other_bytes) += piece.size();
  }
  EXPECT_EQ(own_bytes, data.size());
  EXPECT_LT(other_bytes, 10000);
}

void WriteRefusesWeightsWithoutData(const Format& format) {
  const Model& model = Rich(format);
  if (format.deserializer == nullptr || model.weights.empty()) {
    GTEST_SKIP() << "nobody reads the weights again";
  }
  const Model without_data = WithoutWeightsData(model);
  const absl::StatusOr<Files> written = format.Write(without_data);
  EXPECT_EQ(written.status().code(), absl::StatusCode::kInvalidArgument)
      << written.status();
  if (!format.options.has_inline_weights) return;
  const absl::StatusOr<Files> in_graph =
      format.Write(without_data, WeightsPlace::kInline);
  EXPECT_EQ(in_graph.status().code(), absl::StatusCode::kInvalidArgument)
      << in_graph.status();
}

void WriteRefusesInlineWeightsOverTheLimit(const Format& format) {
  // Address space without memory behind it; nobody may read it.
  const size_t size = format.options.inline_limit;
  void* const address =
      mmap(nullptr, size, PROT_NONE,
           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ASSERT_NE(address, MAP_FAILED);
  Model model = GetSampleModel("WeightRoles");
  Weights& weights = model.weights.back();
  weights.type.dtype = DType::kUInt8;
  weights.type.shape = {static_cast<int64_t>(size)};
  weights.data = Bytes(
      absl::string_view(static_cast<const char*>(address), size), nullptr);
  const absl::Status status =
      format.Write(model, WeightsPlace::kInline).status();
  munmap(address, size);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
  EXPECT_TRUE(absl::StrContains(status.message(), "external"))
      << "the message says what to do: " << status;
}

void WriteKnowsTheSampleModels(const Format& format) {
  for (const auto& [name, reason] : format.options.cannot_say) {
    const std::vector<std::string> names = SampleModelNames();
    EXPECT_NE(std::find(names.begin(), names.end(), name), names.end())
        << "cannot_say names \"" << name << "\", which is no sample model";
    EXPECT_NE(reason, "") << name;
  }
  EXPECT_EQ(format.options.cannot_say.count("EmptyGraph"), 0);
}

// ---- Roundtrip

void Roundtrip(const Format& format, const std::string& name,
               WeightsPlace place) {
  const Model& model = GetSampleModel(name);
  const absl::StatusOr<Files> files = format.Write(model, place);
  const auto excuse = format.options.cannot_say.find(name);
  if (excuse != format.options.cannot_say.end()) {
    GTEST_SKIP() << excuse->second << "; writing it ends with "
                 << files.status();
  }
  ASSERT_TRUE(files.ok()) << files.status();
  if (place == WeightsPlace::kInline) {
    EXPECT_EQ(files->size(), 1);
  }
  if (format.deserializer == nullptr) return;
  DeserializeOptions options;
  options.check_hash = true;
  const absl::StatusOr<Model> read = format.Read(*files, options);
  ASSERT_TRUE(read.ok()) << read.status();
  ExpectEqual(*read, model);

  options.skip_weights = true;
  Files graph_alone = {*files->find(format.GraphName())};
  const absl::StatusOr<Model> graph = format.Read(graph_alone, options);
  ASSERT_TRUE(graph.ok()) << graph.status();
  ExpectEqual(*graph, WithoutWeightsData(model));
}

// ---- Read

void ReadRecognizesItsFiles(const Format& format) {
  constexpr size_t kHead = 64;
  EXPECT_EQ(format.serializer->name(), format.deserializer->name());
  EXPECT_EQ(format.serializer->extension(), format.deserializer->extension());
  for (const std::string& name : SampleModelNames()) {
    if (format.options.cannot_say.count(name) != 0) continue;
    const absl::StatusOr<Files> files = format.Write(GetSampleModel(name));
    ASSERT_TRUE(files.ok()) << files.status();
    const std::string& graph = files->at(format.GraphName());
    EXPECT_TRUE(format.deserializer->Recognizes(graph.substr(0, kHead)))
        << name;
    // Half of a mark may be the mark of another.
    for (size_t size = 0; size < kHead; ++size) {
      format.deserializer->Recognizes(graph.substr(0, size));
    }
  }
  for (const char* other : {"", "\n", "PK\3\4",
                            "\x7f"
                            "ELF\2\1\1",
                            "{\"format\": 1}", "some text that is no model"}) {
    EXPECT_FALSE(format.deserializer->Recognizes(other)) << other;
  }
}

void ReadRefusesOtherFiles(const Format& format) {
  for (const std::string& other :
       {std::string(), std::string("\0", 1), std::string(1000, '\0'),
        std::string(1000, '\xff'), std::string("PK\3\4 and so on"),
        std::string("some text that is no model")}) {
    const Files files = {{format.GraphName(), other}};
    const absl::StatusOr<Model> read = format.Read(files);
    EXPECT_FALSE(read.ok());
    EXPECT_NE(read.status().message(), "");
  }
  EXPECT_EQ(format.Read({}).status().code(), absl::StatusCode::kNotFound);
}

void ReadRefusesAnotherModelsWeights(const Format& format) {
  const Model& model = Rich(format);
  const absl::StatusOr<Files> written = format.Write(model);
  ASSERT_TRUE(written.ok()) << written.status();
  Files files = *written;
  if (files.count(kWeightsFile) == 0) GTEST_SKIP() << "has no weights file";

  // The same names, types and sizes: only the hash tells.
  files[kWeightsFile] =
      format.Write(WithOtherWeightsData(model)).value()[kWeightsFile];
  DeserializeOptions options;
  options.check_hash = true;
  EXPECT_EQ(format.Read(files, options).status().code(),
            absl::StatusCode::kDataLoss);

  // Another size tells by itself.
  Model larger = model;
  larger.weights.push_back(GetSampleModel("WeightRoles").weights[0]);
  files[kWeightsFile] = format.Write(larger).value()[kWeightsFile];
  EXPECT_EQ(format.Read(files).status().code(), absl::StatusCode::kDataLoss);

  // The right size, but not one of the tensors.
  files[kWeightsFile] = std::string((*written).at(kWeightsFile).size(), '\0');
  EXPECT_EQ(format.Read(files).status().code(), absl::StatusCode::kDataLoss);

  files.erase(kWeightsFile);
  EXPECT_EQ(format.Read(files).status().code(), absl::StatusCode::kNotFound);
}

void ReadRefusesANewerVersion(const Format& format) {
  if (!format.options.with_version) {
    GTEST_SKIP() << "the test does not say where the version is";
  }
  const absl::StatusOr<Files> written = format.Write(Rich(format));
  ASSERT_TRUE(written.ok()) << written.status();
  for (const int64_t version : {int64_t{0}, kFormatVersion + 1}) {
    Files files = *written;
    std::string& graph = files[format.GraphName()];
    graph = format.options.with_version(graph, version);
    const absl::Status status = format.Read(files).status();
    EXPECT_EQ(status.code(), version == 0
                                 ? absl::StatusCode::kDataLoss
                                 : absl::StatusCode::kFailedPrecondition)
        << status;
    EXPECT_TRUE(absl::StrContains(status.message(), absl::StrCat(version)))
        << status;
  }
}

// On disk, written and read as the tools do; then the files go away.
void ReadOutlivesTheFiles(const Format& format, WeightsPlace place) {
  const Model& model = Rich(format);
  const std::string prefix =
      absl::StrCat(testing::TempDir(), "/", format.options.name,
                   place == WeightsPlace::kInline ? "_inline" : "_external");
  SerializeOptions write_options;
  write_options.weights = place;
  const absl::StatusOr<std::vector<std::string>> paths =
      WriteFiles(model, {format.serializer.get()}, prefix, write_options);
  ASSERT_TRUE(paths.ok()) << paths.status();
  FormatRegistry registry;
  ASSERT_TRUE(registry.Add(format.options.deserializer()).ok());
  const absl::StatusOr<Model> read = registry.ReadFile(paths->back());
  for (const std::string& path : *paths) std::remove(path.c_str());
  ASSERT_TRUE(read.ok()) << read.status();
  ExpectEqual(*read, model);
}

// ---- Damage

// Reads files of which some are damaged.
void ExpectStatusOrValidModel(const Format& format, const Files& files) {
  const absl::StatusOr<Model> read = format.Read(files);
  if (read.ok()) {
    const absl::Status verified = Verify(*read);
    EXPECT_TRUE(verified.ok()) << verified;
    // Touches every byte of it.
    EXPECT_NE(WholeText(*read), "");
    const absl::StatusOr<Files> again = format.Write(*read);
    EXPECT_TRUE(again.ok()) << again.status();
    return;
  }
  EXPECT_NE(read.status().message(), "");
  switch (read.status().code()) {
    case absl::StatusCode::kDataLoss:
    case absl::StatusCode::kFailedPrecondition:  // the version
    case absl::StatusCode::kNotFound:            // the name of the weights file
    case absl::StatusCode::kInvalidArgument:
      break;
    default:
      ADD_FAILURE() << read.status();
  }
}

// Damages the graph file, and the weights file if there is one, with
// `damage(content, i)` for i in 0..count(content)-1.
template <typename Count, typename Damage>
void DamageEach(const Format& format, const Model& model, WeightsPlace place,
                Count count, Damage damage) {
  const absl::StatusOr<Files> written = format.Write(model, place);
  ASSERT_TRUE(written.ok()) << written.status();
  Files files = *written;
  for (const auto& [name, content] : *written) {
    const size_t times = count(content);
    for (size_t i = 0; i < times && !testing::Test::HasFailure(); ++i) {
      SCOPED_TRACE(absl::StrCat(name, ", number ", i));
      files[name] = damage(content, i);
      ExpectStatusOrValidModel(format, files);
    }
    files[name] = content;
  }
}

std::vector<WeightsPlace> Places(const Format& format) {
  if (!format.options.has_inline_weights) return {WeightsPlace::kExternal};
  return {WeightsPlace::kExternal, WeightsPlace::kInline};
}

void DamageTruncation(const Format& format) {
  for (const WeightsPlace place : Places(format)) {
    DamageEach(
        format, Rich(format), place,
        [](const std::string& content) { return content.size(); },
        [](const std::string& content, size_t i) {
          return content.substr(0, i);
        });
  }
}

void DamageBitFlips(const Format& format) {
  std::mt19937 random(format.options.seed);
  for (const WeightsPlace place : Places(format)) {
    DamageEach(
        format, Rich(format), place,
        [&](const std::string&) { return format.options.bit_flips; },
        [&](std::string content, size_t) {
          content[random() % content.size()] ^= 1 << random() % 8;
          return content;
        });
  }
}

// Overwrites, removes and repeats runs of bytes, and appends some.
void DamageOfRuns(const Format& format) {
  std::mt19937 random(format.options.seed);
  for (const WeightsPlace place : Places(format)) {
    DamageEach(
        format, Rich(format), place,
        [&](const std::string&) { return format.options.bit_flips; },
        [&](std::string content, size_t i) {
          const size_t size = 1 + random() % 16;
          const size_t from = random() % content.size();
          const std::string run = content.substr(from, size);
          const size_t to = random() % content.size();
          switch (i % 5) {
            case 0:
              return content.replace(to, run.size(), run);
            case 1:
              return content.insert(to, run);
            case 2:
              return content.erase(to, size);
            case 3:
              return content.replace(to, run.size(), run.size(), '\xff');
            default:
              return content.append(run);
          }
        });
  }
}

// ---- Frozen

void FrozenVersion(const Format& format, int64_t version) {
  const std::string folder =
      absl::StrCat(format.options.frozen_folder, "/v", version);
  const std::string text = ReadText(absl::StrCat(folder, "/everything.fttxt"));
  ASSERT_NE(text, "") << "there is no " << folder << "/everything.fttxt";
  const absl::StatusOr<Model> expected = ParseText(text);
  ASSERT_TRUE(expected.ok()) << expected.status();

  // What was written then is read today.
  DeserializeOptions options;
  options.check_hash = true;
  // From memory, because Bazel's tests find symbolic links, which a reader does
  // not follow out of a directory.
  Files files;
  const std::string graph =
      absl::StrCat("everything.", format.serializer->extension());
  for (const std::string& name :
       {graph, std::string("everything.safetensors")}) {
    std::string content = ReadText(absl::StrCat(folder, "/", name));
    if (!content.empty()) files[name] = std::move(content);
  }
  const absl::StatusOr<Model> read =
      format.deserializer->Read(*NewMemorySource(&files), graph, options);
  ASSERT_TRUE(read.ok()) << read.status();
  ExpectEqual(*read, *expected);
  EXPECT_EQ(WholeText(*read), text);

  // What is written today needs no newer version than it did then.
  const absl::StatusOr<Files> written = format.Write(*expected);
  ASSERT_TRUE(written.ok()) << written.status();
  const absl::StatusOr<Model> again = format.Read(*written, options);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_LE(again->format_version, version);
  ExpectEqual(*again, *expected);
}

// ---- Registration

class ConformanceTest : public testing::Test {
 public:
  using Body = std::function<void(const Format&)>;
  ConformanceTest(std::shared_ptr<const FormatConformanceOptions> options,
                  Body body)
      : options_(std::move(options)), body_(std::move(body)) {}

 private:
  void TestBody() override {
    const Format format(*options_);
    ASSERT_NE(format.serializer, nullptr);
    body_(format);
  }

  std::shared_ptr<const FormatConformanceOptions> options_;
  Body body_;
};

}  // namespace

bool RegisterFormatConformanceTests(FormatConformanceOptions options) {
  const auto shared =
      std::make_shared<const FormatConformanceOptions>(std::move(options));
  const auto add = [&](const char* suite, const std::string& test,
                       ConformanceTest::Body body) {
    testing::RegisterTest(
        absl::StrCat(shared->name, "/", suite).c_str(), test.c_str(), nullptr,
        nullptr, __FILE__, __LINE__,
        [shared, body = std::move(body)]() -> ConformanceTest* {
          return new ConformanceTest(shared, body);
        });
  };
  add("Write", "KnowsTheSampleModels", WriteKnowsTheSampleModels);
  add("Write", "FilesAreNamedAfterTheStem", WriteFilesAreNamedAfterTheStem);
  add("Write", "IsDeterministic", WriteIsDeterministic);
  add("Write", "ReturnsErrorsOfTheSink", WriteReturnsErrorsOfTheSink);
  add("Write", "SharesOneWeightsFile", WriteSharesOneWeightsFile);
  add("Write", "DoesNotCopyWeights", WriteDoesNotCopyWeights);
  add("Write", "RefusesWeightsWithoutData", WriteRefusesWeightsWithoutData);
  if (shared->has_inline_weights && shared->inline_limit != 0) {
    add("Write", "RefusesInlineWeightsOverTheLimit",
        WriteRefusesInlineWeightsOverTheLimit);
  }
  for (const std::string& name : SampleModelNames()) {
    add("Roundtrip", name, [name](const Format& format) {
      Roundtrip(format, name, WeightsPlace::kExternal);
    });
    if (!shared->has_inline_weights) continue;
    add("InlineRoundtrip", name, [name](const Format& format) {
      Roundtrip(format, name, WeightsPlace::kInline);
    });
  }
  if (!shared->deserializer) return true;
  add("Read", "RecognizesItsFiles", ReadRecognizesItsFiles);
  add("Read", "RefusesOtherFiles", ReadRefusesOtherFiles);
  add("Read", "RefusesAnotherModelsWeights", ReadRefusesAnotherModelsWeights);
  add("Read", "RefusesANewerVersion", ReadRefusesANewerVersion);
  for (const WeightsPlace place :
       {WeightsPlace::kExternal, WeightsPlace::kInline}) {
    if (place == WeightsPlace::kInline && !shared->has_inline_weights) continue;
    add("Read",
        place == WeightsPlace::kInline ? "OutlivesTheFileOfInlineWeights"
                                       : "OutlivesTheFiles",
        [place](const Format& format) { ReadOutlivesTheFiles(format, place); });
  }
  add("Damage", "Truncation", DamageTruncation);
  add("Damage", "BitFlips", DamageBitFlips);
  add("Damage", "Runs", DamageOfRuns);
  if (shared->frozen_folder.empty()) return true;
  for (int64_t version = 1; version <= kFormatVersion; ++version) {
    add("Frozen", absl::StrCat("Version", version),
        [version](const Format& format) { FrozenVersion(format, version); });
  }
  return true;
}

}  // namespace flextorchir
