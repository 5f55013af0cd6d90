#include "flextorchir/ir/weights_file.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <ostream>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "flextorchir/ir/attribute.h"
#include "flextorchir/ir/dtype.h"
#include "gtest/gtest.h"
#include "xxhash.h"

namespace flextorchir {

// For gtest's failure messages.
void PrintTo(const Weights& tensor, std::ostream* out) {
  *out << tensor.name << ": " << tensor.type.ToString() << " "
       << QuoteString(tensor.data.data());
}

namespace {

using Files = std::map<std::string, std::string>;

constexpr char kName[] = "net.safetensors";

Weights Tensor(absl::string_view name, DType dtype, std::vector<Dim> shape,
               std::string data) {
  Weights tensor;
  tensor.name = std::string(name);
  tensor.type.dtype = dtype;
  tensor.type.shape = std::move(shape);
  tensor.data = Bytes::FromString(std::move(data));
  return tensor;
}

// One tensor of each dtype, of two elements, and some without any.
std::vector<Weights> OneOfEach() {
  std::vector<Weights> weights;
  for (const DTypeInfo& info : DTypes()) {
    std::string data;
    for (int i = 0; i < 2 * info.bytes; ++i) {
      data.push_back(static_cast<char>(weights.size() * 16 + i));
    }
    weights.push_back(
        Tensor(absl::StrCat("of_", info.name), info.dtype, {2}, data));
  }
  weights.push_back(Tensor("", DType::kBool, {}, "\1"));
  weights.push_back(Tensor("empty", DType::kInt64, {3, 0}, ""));
  weights.push_back(Tensor("ünï\"\\\n\t€", DType::kInt8, {1, 2, 1}, "ab"));
  return weights;
}

std::string Write(const std::vector<Weights>& weights, WeightsFileRef* ref,
                  const std::map<std::string, std::string>& metadata = {}) {
  Files files;
  const std::unique_ptr<Sink> sink = NewMemorySink(&files);
  const absl::StatusOr<WeightsFileRef> written =
      WriteSafetensors(weights, kName, metadata, *sink);
  EXPECT_TRUE(written.ok()) << written.status();
  if (written.ok() && ref != nullptr) *ref = *written;
  EXPECT_TRUE(sink->Commit().ok());
  return files[kName];
}

absl::Status WriteError(const std::vector<Weights>& weights,
                        const std::map<std::string, std::string>& metadata = {},
                        absl::string_view name = kName) {
  Files files;
  const std::unique_ptr<Sink> sink = NewMemorySink(&files);
  return WriteSafetensors(weights, name, metadata, *sink).status();
}

std::string FileOf(absl::string_view header, absl::string_view data) {
  std::string file(8, '\0');
  for (int i = 0; i < 8; ++i) {
    file[i] = static_cast<char>(uint64_t{header.size()} >> (8 * i) & 0xff);
  }
  return absl::StrCat(file, header, data);
}

absl::StatusOr<std::vector<Weights>> Read(const std::string& file) {
  return ReadSafetensors(Bytes::FromString(file));
}

// One file whose bytes live as long as anything that was read from it.
class OneFile final : public FileSource {
 public:
  explicit OneFile(std::string content)
      : content_(Bytes::FromString(std::move(content))) {}

  absl::StatusOr<Bytes> Open(absl::string_view name) const override {
    // Names are checked by a real source.
    const Files files = {{kName, ""}};
    const absl::StatusOr<Bytes> found = NewMemorySource(&files)->Open(name);
    if (!found.ok()) return found.status();
    return content_;
  }

 private:
  Bytes content_;
};

// Takes the data of `weights` away and reads it from `file`.
absl::Status Attach(const std::string& file, const WeightsFileRef& ref,
                    std::vector<Weights>* weights, bool check_hash = true) {
  for (Weights& tensor : *weights) tensor.data = Bytes();
  return AttachSafetensors(OneFile(file), ref, check_hash, weights);
}

TEST(WriteSafetensorsTest, WritesTheDocumentedBytes) {
  WeightsFileRef ref;
  const std::string file =
      Write({Tensor("b", DType::kUInt8, {3}, "xyz"),
             Tensor("a", DType::kComplex128, {1}, std::string(16, 'c')),
             Tensor("c", DType::kFloat16, {}, "hh"),
             Tensor("a2", DType::kUInt8, {0}, "")},
            &ref, {{"k\n", "v"}});
  std::string header =
      R"({"__metadata__":{"k\n":"v"},)"
      R"("a":{"dtype":"U8","shape":[1,16],"data_offsets":[0,16]},)"
      R"("c":{"dtype":"F16","shape":[],"data_offsets":[16,18]},)"
      R"("a2":{"dtype":"U8","shape":[0],"data_offsets":[18,18]},)"
      R"("b":{"dtype":"U8","shape":[3],"data_offsets":[18,21]}})";
  while (header.size() % 8 != 0) header += ' ';
  EXPECT_EQ(file, FileOf(header, std::string(16, 'c') + "hhxyz"));
  EXPECT_EQ(ref.name, kName);
  EXPECT_EQ(ref.size, file.size());
}

TEST(WriteSafetensorsTest, HashesTheWholeFile) {
  WeightsFileRef ref;
  EXPECT_EQ(Write({}, &ref), FileOf("{}      ", ""));
  EXPECT_EQ(ref.hash, uint64_t{0x2e67a4a6367361c0});
  // In pieces as well as at once.
  const std::string file = Write(
      {Tensor("a", DType::kInt8, {1'000'001}, std::string(1'000'001, 'x')),
       Tensor("b", DType::kInt8, {3}, "xyz")},
      &ref);
  EXPECT_EQ(ref.hash, XXH3_64bits(file.data(), file.size()));
}

TEST(WriteSafetensorsTest, RefusesWhatItCannotWrite) {
  const Weights good = Tensor("a", DType::kInt8, {1}, "x");
  Weights symbolic = good;
  symbolic.type.shape = {Dim::Symbol("n")};
  struct Case {
    std::vector<Weights> weights;
    const char* message;
  };
  for (const Case& c : std::vector<Case>{
           {{good, good}, "two weights"},
           {{Tensor("__metadata__", DType::kInt8, {1}, "x")}, "__metadata__"},
           {{Tensor("\xff", DType::kInt8, {1}, "x")}, "UTF-8"},
           {{Tensor("a", DType::kInt16, {1}, "x")}, "1 bytes of data, not 2"},
           {{Tensor("a", DType::kInt8, {1}, "")}, "read without its weights"},
           {{symbolic}, "i8[n]"},
       }) {
    const absl::Status status = WriteError(c.weights);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_TRUE(absl::StrContains(status.message(), c.message)) << status;
  }
  EXPECT_EQ(WriteError({}, {{"\xff", ""}}).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(WriteError({}, {{"", "\xff"}}).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(WriteError({}, {}, "a/b").code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(
      WriteError({Tensor(std::string(100'000'000, 'n'), DType::kInt8, {}, "x")})
          .code(),
      absl::StatusCode::kInvalidArgument);
}

TEST(WriteSafetensorsTest, ReportsTheSinksError) {
  class FullSink final : public Sink {
   public:
    absl::StatusOr<File*> Create(absl::string_view) override { return &file_; }
    absl::Status Commit() override { return absl::OkStatus(); }

   private:
    struct FullFile final : File {
      absl::Status Append(absl::string_view data) override {
        room -= static_cast<int>(data.size());
        return room < 0 ? absl::ResourceExhaustedError("full")
                        : absl::OkStatus();
      }
      int room = 200;
    };
    FullFile file_;
  };
  FullSink sink;
  const Weights tensor =
      Tensor("a", DType::kInt8, {1000}, std::string(1000, 'x'));
  EXPECT_EQ(WriteSafetensors({tensor}, kName, {}, sink).status().code(),
            absl::StatusCode::kResourceExhausted);
}

TEST(SafetensorsTest, EveryDTypeComesBack) {
  const std::vector<Weights> original = OneOfEach();
  WeightsFileRef ref;
  const std::string file = Write(original, &ref, {{"format", "pt"}});
  std::vector<Weights> weights = original;
  const absl::Status status = Attach(file, ref, &weights);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(weights, original);

  const absl::StatusOr<std::vector<Weights>> read = Read(file);
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_EQ(read->size(), original.size());
  for (size_t i = 0; i < read->size(); ++i) {
    if (i > 0) {
      EXPECT_LT((*read)[i - 1].name, (*read)[i].name);
    }
    EXPECT_EQ((*read)[i].role, Weights::Role::kConstant);
  }
}

TEST(SafetensorsTest, TensorsAreAlignedToTheirElements) {
  std::vector<Weights> weights = OneOfEach();
  WeightsFileRef ref;
  const std::string file = Write(weights, &ref);
  const OneFile source(file);
  ASSERT_TRUE(AttachSafetensors(source, ref, false, &weights).ok());
  const char* const start = source.Open(kName)->data().data();
  for (const Weights& tensor : weights) {
    const int alignment = std::min(8, DTypeBytes(tensor.type.dtype));
    EXPECT_EQ((tensor.data.data().data() - start) % alignment, 0)
        << tensor.name;
  }
}

TEST(SafetensorsTest, ReadingCopiesNothing) {
  const Bytes file = Bytes::FromString(
      Write({Tensor("a", DType::kInt8, {4}, "abcd")}, nullptr));
  const absl::StatusOr<std::vector<Weights>> read = ReadSafetensors(file);
  ASSERT_TRUE(read.ok());
  const char* const data = (*read)[0].data.data().data();
  EXPECT_EQ(data, file.data().data() + file.size() - 4);
  EXPECT_EQ((*read)[0].data.owner(), file.owner());
}

TEST(SafetensorsTest, AHalfWrittenFileIsRefused) {
  const std::string file = Write(OneOfEach(), nullptr, {{"a", "b"}});
  for (size_t size = 0; size < file.size(); ++size) {
    const absl::StatusOr<std::vector<Weights>> read =
        Read(file.substr(0, size));
    ASSERT_EQ(read.status().code(), absl::StatusCode::kDataLoss) << size;
  }
  EXPECT_EQ(Read(file + "x").status().code(), absl::StatusCode::kDataLoss);
}

TEST(SafetensorsTest, FlippedBitsNeverCrash) {
  const std::vector<Weights> original = OneOfEach();
  WeightsFileRef ref;
  const std::string file = Write(original, &ref);
  std::mt19937 random(17);
  int refused = 0;
  for (int i = 0; i < 5000; ++i) {
    std::string broken = file;
    for (int flips = 1 + i % 4; flips > 0; --flips) {
      broken[random() % broken.size()] ^= 1 << random() % 8;
    }
    if (broken == file) continue;
    const absl::StatusOr<std::vector<Weights>> read = Read(broken);
    if (read.ok()) {
      for (const Weights& tensor : *read) {
        ASSERT_EQ(tensor.data.size(), *tensor.type.NumBytes());
      }
    } else {
      ++refused;
      ASSERT_EQ(read.status().code(), absl::StatusCode::kDataLoss);
    }
    // The hash finds them all.
    std::vector<Weights> weights = original;
    ASSERT_EQ(Attach(broken, ref, &weights).code(),
              absl::StatusCode::kDataLoss);
  }
  EXPECT_GT(refused, 1000);
}

struct HeaderCase {
  const char* name;
  std::string header;
  std::string data;
  const char* message;  // null: it is read
};

void PrintTo(const HeaderCase& c, std::ostream* out) { *out << c.name; }

std::string T(absl::string_view dtype, absl::string_view shape,
              absl::string_view offsets) {
  return absl::StrCat("{\"dtype\":\"", dtype, "\",\"shape\":[", shape,
                      "],\"data_offsets\":[", offsets, "]}");
}

std::vector<HeaderCase> HeaderCases() {
  std::string many_dims = "1";
  for (int i = 0; i < 300; ++i) many_dims += ",1";
  return {
      {"Good", "{\"a\":" + T("I8", "2", "0,2") + "}", "xy", nullptr},
      {"SpacesAndOrder",
       "{ \"a\" : {\"data_offsets\":[0, 2],\n\"shape\":[1,2], "
       "\"dtype\":\"I8\"} }  ",
       "xy", nullptr},
      {"EmptyTensors",
       "{\"a\":" + T("I8", "0", "0,0") + ",\"b\":" + T("I8", "1", "0,1") +
           ",\"c\":" + T("I8", "0", "1,1") + "}",
       "x", nullptr},
      {"HugeButEmpty",
       "{\"a\":" +
           T("F64", "9223372036854775807,9223372036854775807,0", "0,0") + "}",
       "", nullptr},
      {"E8M0", "{\"a\":" + T("F8_E8M0", "1", "0,1") + "}", "x", nullptr},
      {"Metadata", "{\"__metadata__\":{\"a\":\"b\",\"c\":\"\"}}", "", nullptr},
      {"Nothing", "", "", "does not begin with"},
      {"NoObject", "[]", "", "does not begin with"},
      {"LeadingSpace", " {}", "", "does not begin with"},
      {"ByteOrderMark", "\xef\xbb\xbf{}", "", "does not begin with"},
      {"NoJson", "{", "", "no JSON"},
      {"Trailing", "{}}", "", "no JSON"},
      {"TwoValues", "{}{}", "", "no JSON"},
      {"Nul", std::string("{}\0{", 4), "", "NUL"},
      {"BadUtf8", "{\"\xff\":" + T("I8", "1", "0,1") + "}", "x", "no JSON"},
      {"DuplicateTensor",
       "{\"a\":" + T("I8", "1", "0,1") + ",\"a\":" + T("I8", "1", "0,1") + "}",
       "x", "duplicate key \"a\""},
      {"DuplicateByEscape",
       "{\"a\":" + T("I8", "1", "0,1") + ",\"\\u0061\":" + T("I8", "1", "1,2") +
           "}",
       "xy", "duplicate key \"a\""},
      {"DuplicateMetadata", "{\"__metadata__\":{},\"__metadata__\":{}}", "",
       "duplicate"},
      {"DuplicateMetadataKey", "{\"__metadata__\":{\"a\":\"\",\"a\":\"\"}}", "",
       "duplicate"},
      {"DuplicateField",
       "{\"a\":{\"dtype\":\"I8\",\"dtype\":\"I8\",\"shape\":[],"
       "\"data_offsets\":[0,1]}}",
       "x", "tensor \"a\": duplicate"},
      {"UnknownField",
       "{\"a\":{\"dtype\":\"I8\",\"shape\":[],\"data_offsets\":[0,1],"
       "\"x\":1}}",
       "x", "unknown key \"x\""},
      {"MissingField", "{\"a\":{\"dtype\":\"I8\",\"shape\":[]}}", "",
       "missing"},
      {"NoFields", "{\"a\":{}}", "", "missing"},
      {"OneOffset", "{\"a\":" + T("I8", "", "0") + "}", "x", "incomplete"},
      {"ThreeOffsets", "{\"a\":" + T("I8", "", "0,1,1") + "}", "x",
       "more than two"},
      {"UnknownDType", "{\"a\":" + T("I9", "", "0,1") + "}", "x",
       "unknown dtype \"I9\""},
      {"OurNameOfADType", "{\"a\":" + T("f32", "", "0,4") + "}", "xxxx",
       "unknown dtype"},
      {"NegativeShape", "{\"a\":" + T("I8", "-1", "0,1") + "}", "x",
       "negative"},
      {"FloatShape", "{\"a\":" + T("I8", "1.0", "0,1") + "}", "x", "1.0"},
      {"ExponentShape", "{\"a\":" + T("I8", "1e0", "0,1") + "}", "x", "1e0"},
      {"StringShape", "{\"a\":" + T("I8", "\"1\"", "0,1") + "}", "x",
       "unexpected a string"},
      {"NestedShape", "{\"a\":" + T("I8", "[1]", "0,1") + "}", "x",
       "unexpected an array"},
      {"NullShape", "{\"a\":" + T("I8", "null", "0,1") + "}", "x", "null"},
      {"HugeNumber", "{\"a\":" + T("I8", "18446744073709551616", "0,1") + "}",
       "x", "unexpected"},
      {"TooLargeDimension",
       "{\"a\":" + T("I8", "9223372036854775808", "0,1") + "}", "x",
       "a dimension of 9223372036854775808"},
      {"TooManyDimensions", "{\"a\":" + T("I8", many_dims, "0,1") + "}", "x",
       "more than 255"},
      {"OverflowingShape",
       "{\"a\":" + T("F64", "4294967296,4294967296", "0,1") + "}", "x",
       "does not fit"},
      {"OverflowingBytes",
       "{\"a\":" + T("F64", "2305843009213693952", "0,0") + "}", "",
       "does not fit"},
      {"SizeMismatch", "{\"a\":" + T("F32", "2", "0,4") + "}", "xxxx",
       "does not fit"},
      {"BehindTheEnd", "{\"a\":" + T("I8", "4", "0,4") + "}", "xxx",
       "ends at 4"},
      {"Backwards",
       "{\"a\":" + T("I8", "1", "0,2") + ",\"b\":" + T("I8", "1", "2,1") + "}",
       "xx", "ends at 1"},
      {"HoleAtTheStart", "{\"a\":" + T("I8", "1", "1,2") + "}", "xx",
       "begins at 1"},
      {"Hole",
       "{\"a\":" + T("I8", "1", "0,1") + ",\"b\":" + T("I8", "1", "2,3") + "}",
       "xxx", "begins at 2"},
      {"HoleAtTheEnd", "{\"a\":" + T("I8", "1", "0,1") + "}", "xx",
       "the data at 2"},
      {"Overlap",
       "{\"a\":" + T("I8", "2", "0,2") + ",\"b\":" + T("I8", "2", "1,3") + "}",
       "xxx", "begins at 1"},
      {"SameData",
       "{\"a\":" + T("I8", "1", "0,1") + ",\"b\":" + T("I8", "1", "0,1") + "}",
       "x", "begins at 0"},
      {"HugeOffsets", "{\"a\":" + T("I8", "1", "18446744073709551615,0") + "}",
       "x", "begins at"},
      {"TensorIsAString", "{\"a\":\"b\"}", "", "unexpected a string"},
      {"TensorIsAnArray", "{\"a\":[]}", "", "unexpected an array"},
      {"MetadataIsAString", "{\"__metadata__\":\"b\"}", "", "unexpected"},
      {"MetadataIsNested", "{\"__metadata__\":{\"a\":{}}}", "", "unexpected"},
      {"MetadataIsANumber", "{\"__metadata__\":{\"a\":1}}", "", "unexpected"},
      {"Deep", "{\"a\":" + std::string(1'000'000, '['), "", "unexpected"},
      {"DeepObjects",
       [] {
         std::string header;
         for (int i = 0; i < 100'000; ++i) header += "{\"a\":";
         return header;
       }(),
       "", "unknown key"},
  };
}

class HeaderTest : public testing::TestWithParam<HeaderCase> {};

TEST_P(HeaderTest, IsCheckedBeforeItIsBelieved) {
  const HeaderCase& c = GetParam();
  const absl::StatusOr<std::vector<Weights>> read =
      Read(FileOf(c.header, c.data));
  if (c.message == nullptr) {
    EXPECT_TRUE(read.ok()) << read.status();
  } else {
    EXPECT_EQ(read.status().code(), absl::StatusCode::kDataLoss);
    EXPECT_TRUE(absl::StrContains(read.status().message(), c.message))
        << read.status();
  }
}

INSTANTIATE_TEST_SUITE_P(Headers, HeaderTest, testing::ValuesIn(HeaderCases()),
                         [](const testing::TestParamInfo<HeaderCase>& info) {
                           return std::string(info.param.name);
                         });

TEST(ReadSafetensorsTest, BoundsTheHeader) {
  for (const uint64_t length :
       {uint64_t{17}, uint64_t{100'000'001}, ~uint64_t{0}, ~uint64_t{7}}) {
    std::string file = FileOf("{}              ", "");
    for (int i = 0; i < 8; ++i) {
      file[i] = static_cast<char>(length >> (8 * i) & 0xff);
    }
    EXPECT_EQ(Read(file).status().code(), absl::StatusCode::kDataLoss)
        << length;
  }
}

TEST(AttachSafetensorsTest, RefusesWhatDoesNotBelong) {
  const std::vector<Weights> original = {
      Tensor("a", DType::kFloat32, {2}, "12345678"),
      Tensor("q", DType::kQUInt8, {2}, "12")};
  WeightsFileRef ref;
  const std::string file = Write(original, &ref);

  struct Case {
    void (*change)(WeightsFileRef&, std::vector<Weights>&);
    const char* message;
  };
  for (const Case& c : std::vector<Case>{
           {[](WeightsFileRef& r, std::vector<Weights>&) { ++r.size; },
            "bytes, not"},
           {[](WeightsFileRef& r, std::vector<Weights>&) { ++r.hash; },
            "its hash is"},
           {[](WeightsFileRef&, std::vector<Weights>& w) { w[0].name = "b"; },
            "no tensor \"b\""},
           {[](WeightsFileRef&, std::vector<Weights>& w) {
              w[0].type.dtype = DType::kInt32;
            },
            "is f32[2], not i32[2]"},
           {[](WeightsFileRef&, std::vector<Weights>& w) {
              w[0].type.shape = {2, 1};
            },
            "is f32[2], not f32[2,1]"},
           {[](WeightsFileRef&, std::vector<Weights>& w) {
              w[1].type.dtype = DType::kUInt8;
            },
            "is u8[2,1], not u8[2]"},
       }) {
    WeightsFileRef changed_ref = ref;
    std::vector<Weights> weights = original;
    c.change(changed_ref, weights);
    const absl::Status status = Attach(file, changed_ref, &weights);
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
    EXPECT_TRUE(absl::StrContains(status.message(), c.message)) << status;
    EXPECT_TRUE(absl::StrContains(status.message(), kName)) << status;
    for (const Weights& tensor : weights) EXPECT_EQ(tensor.data.size(), 0);
  }

  std::vector<Weights> weights = original;
  ++ref.hash;
  EXPECT_TRUE(Attach(file, ref, &weights, /*check_hash=*/false).ok());
  EXPECT_EQ(weights, original);
  ref.name = "other.safetensors";
  EXPECT_EQ(Attach(file, ref, &weights).code(), absl::StatusCode::kNotFound);
  ref.name = "../net.safetensors";
  EXPECT_EQ(Attach(file, ref, &weights).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(AttachSafetensorsTest, KeepsStridesAndQuantization) {
  std::vector<Weights> original = {Tensor("a", DType::kQInt8, {1, 2}, "12")};
  original[0].type.strides = {1, 1};
  original[0].type.quantization = Quantization{{0.5}, {0}, {}, {}};
  WeightsFileRef ref;
  const std::string file = Write(original, &ref);
  std::vector<Weights> weights = original;
  ASSERT_TRUE(Attach(file, ref, &weights).ok());
  EXPECT_EQ(weights, original);
}

}  // namespace
}  // namespace flextorchir
