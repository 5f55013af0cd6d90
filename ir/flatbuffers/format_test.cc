// The format as it is seen from outside: the conformance tests, and what only
// FlatBuffers can get wrong. The schema itself: schema_test.cc.

#include <cstdint>
#include <cstring>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "flatbuffers/flatbuffer_builder.h"
#include "flextorchir/ir/flatbuffers/ir_generated.h"
#include "flextorchir/ir/flatbuffers/serializer.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/sink.h"
#include "flextorchir/testing/format_conformance.h"
#include "flextorchir/testing/sample_models.h"
#include "gtest/gtest.h"

namespace flextorchir {
namespace {

using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;

const bool kRegistered = [] {
  FormatConformanceOptions format;
  format.name = "flatbuffers";
  format.serializer = NewFlatBuffersSerializer;
  format.deserializer = NewFlatBuffersDeserializer;
  format.inline_limit = uint64_t{1} << 31;
  format.with_version = [](std::string file, int64_t version) {
    auto* root = flatbuffers::GetMutableRoot<flatbuffers::Table>(&file[0]);
    root->SetField(fbs::Model::VT_FORMAT_VERSION, version, int64_t{-1});
    return file;
  };
  format.frozen_folder = "ir/flatbuffers/testdata";
  return RegisterFormatConformanceTests(format);
}();

std::string Write(const Model& model) {
  std::map<std::string, std::string> files;
  const std::unique_ptr<Sink> sink = NewMemorySink(&files);
  SerializeOptions options;
  options.weights = SerializeOptions::WeightsPlace::kInline;
  EXPECT_TRUE(
      NewFlatBuffersSerializer()->Write(model, "m", options, *sink).ok());
  EXPECT_TRUE(sink->Commit().ok());
  return files["m.ftfb"];
}

absl::StatusOr<Model> Read(std::string file) {
  // Kept, because the weights of what is read are views of it.
  static auto* kept = new std::list<std::map<std::string, std::string>>;
  kept->push_back({{"m.ftfb", std::move(file)}});
  return NewFlatBuffersDeserializer()->Read(*NewMemorySource(&kept->back()),
                                            "m.ftfb", {});
}

// The file that `builder` has, with this root.
std::string Finish(FlatBufferBuilder& builder, Offset<fbs::Model> root) {
  fbs::FinishModelBuffer(builder, root);
  return std::string(reinterpret_cast<char*>(builder.GetBufferPointer()),
                     builder.GetSize());
}

TEST(FlatBuffersTest, IsReadWithTheSchemaAlone) {
  const Model& model = GetSampleModel("Everything");
  const std::string file = Write(model);
  EXPECT_TRUE(fbs::ModelBufferHasIdentifier(file.data()));
  const fbs::Model* root = fbs::GetModel(file.data());
  EXPECT_EQ(root->format_version(), 1);
  EXPECT_EQ(root->graphs()->Get(0)->layers()->Get(0)->kind()->str(), "Conv2d");
  // Attributes can be looked up.
  const fbs::Layer* layer = root->graphs()->Get(0)->layers()->Get(0);
  ASSERT_NE(layer->attributes()->LookupByKey("padding"), nullptr);
  EXPECT_EQ(layer->attributes()
                ->LookupByKey("padding")
                ->value()
                ->value_as_StringValue()
                ->value()
                ->str(),
            "valid");
}

TEST(FlatBuffersTest, InlineWeightsAreAlignedViews) {
  const std::map<std::string, std::string> files = {
      {"m.ftfb", Write(GetSampleModel("Everything"))}};
  const std::string& file = files.at("m.ftfb");
  ASSERT_EQ(reinterpret_cast<uintptr_t>(file.data()) % 16, 0);
  const absl::StatusOr<Model> model = NewFlatBuffersDeserializer()->Read(
      *NewMemorySource(&files), "m.ftfb", {});
  ASSERT_TRUE(model.ok()) << model.status();
  for (const Weights& weights : model->weights) {
    const char* data = weights.data.data().data();
    EXPECT_GE(data, file.data());
    EXPECT_LE(data + weights.data.size(), file.data() + file.size());
    EXPECT_EQ((data - file.data()) % 16, 0) << weights.name;
  }
}

// A source whose bytes begin `shift` behind a multiple of 16.
class ShiftedSource final : public FileSource {
 public:
  ShiftedSource(const std::string& file, size_t shift)
      : content_(std::make_shared<std::string>(shift + 16, ' ')) {
    const size_t to_16 =
        -reinterpret_cast<uintptr_t>(content_->data()) % 16 + shift;
    *content_ = std::string(to_16, ' ') + file;
    begin_ = to_16;
  }
  absl::StatusOr<Bytes> Open(absl::string_view) const override {
    return Bytes(absl::string_view(*content_).substr(begin_), content_);
  }

 private:
  std::shared_ptr<std::string> content_;
  size_t begin_;
};

TEST(FlatBuffersTest, NeedNotBeAligned) {
  const Model& model = GetSampleModel("Everything");
  const std::string file = Write(model);
  for (size_t shift = 0; shift < 16; ++shift) {
    const auto source = std::make_unique<ShiftedSource>(file, shift);
    const absl::StatusOr<Model> read =
        NewFlatBuffersDeserializer()->Read(*source, "m.ftfb", {});
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_TRUE(*read == model);
  }
}

// A table with a field that a later schema might have, and nothing else.
template <typename Table>
Offset<Table> WithUnknownField(FlatBufferBuilder& builder,
                               flatbuffers::voffset_t last_known) {
  const auto start = builder.StartTable();
  builder.AddElement<int32_t>(last_known + 2, 5);
  return Offset<Table>(builder.EndTable(start));
}

TEST(FlatBuffersTest, UnknownFieldsAreRefused) {
  const auto refused = [](const std::string& file, absl::string_view where) {
    const absl::Status status = Read(file).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
    EXPECT_TRUE(absl::StrContains(status.message(), where)) << status;
  };
  {
    FlatBufferBuilder builder;
    const auto start = builder.StartTable();
    builder.AddElement<int64_t>(fbs::Model::VT_FORMAT_VERSION, 1);
    builder.AddElement<int64_t>(fbs::Model::VT_LAYER_SET_VERSION, 1);
    builder.AddElement<int32_t>(fbs::Model::VT_STATE_OUTPUTS + 2, 5);
    refused(Finish(builder, Offset<fbs::Model>(builder.EndTable(start))),
            "a table has field 12");
  }
  {
    FlatBufferBuilder builder;
    const auto graph =
        WithUnknownField<fbs::Graph>(builder, fbs::Graph::VT_LAYERS);
    const auto graphs = builder.CreateVector(&graph, 1);
    refused(Finish(builder,
                   fbs::CreateModel(builder, 1, 1, 0, 0, 0, 0, 0, 0, graphs)),
            "graphs[0]: a table has field 5");
  }
  {
    FlatBufferBuilder builder;
    const auto weights =
        WithUnknownField<fbs::Weights>(builder, fbs::Weights::VT_DATA);
    const auto all = builder.CreateVector(&weights, 1);
    refused(Finish(builder, fbs::CreateModel(builder, 1, 1, 0, 0, 0, 0, all)),
            "weights[0]: a table has field 5");
  }
}

// A model of one layer with one attribute, which `make` makes.
std::string WithAttribute(
    const std::function<Offset<fbs::Attribute>(FlatBufferBuilder&)>& make) {
  FlatBufferBuilder builder;
  const auto name = builder.CreateString("a");
  const auto attribute =
      fbs::CreateNamedAttribute(builder, name, make(builder));
  const auto attributes = builder.CreateVector(&attribute, 1);
  const auto layer = fbs::CreateLayer(builder, name, name, 0, 0, 0, attributes);
  const auto layers = builder.CreateVector(&layer, 1);
  const auto graph = fbs::CreateGraph(builder, name, 0, 0, 0, layers);
  const auto graphs = builder.CreateVector(&graph, 1);
  const auto inputs = fbs::CreateStructure(builder, fbs::StructureKind::Tuple);
  return Finish(builder, fbs::CreateModel(builder, 1, 1, 0, 0, 0, 0, 0, 0,
                                          graphs, inputs, inputs));
}

TEST(FlatBuffersTest, UnknownCodesAreRefused) {
  using fbs::AttributeValue;
  const auto ok = Read(WithAttribute([](FlatBufferBuilder& b) {
    return fbs::CreateAttribute(b, AttributeValue::IntValue,
                                fbs::CreateIntValue(b, 3).Union());
  }));
  ASSERT_TRUE(ok.ok()) << ok.status();
  EXPECT_EQ(ok->main().layers[0].attributes.at("a"), Attribute(3));

  const absl::Status type =
      Read(WithAttribute([](FlatBufferBuilder& b) {
        return fbs::CreateAttribute(b, static_cast<AttributeValue>(77),
                                    fbs::CreateIntValue(b, 3).Union());
      })).status();
  EXPECT_EQ(type.code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(absl::StrContains(
      type.message(),
      "graphs[0].layers[0].attributes[0]: no type of attributes has the code "
      "77"))
      << type;

  const absl::Status dtype =
      Read(WithAttribute([](FlatBufferBuilder& b) {
        return fbs::CreateAttribute(
            b, AttributeValue::DTypeValue,
            fbs::CreateDTypeValue(b, static_cast<fbs::DType>(999)).Union());
      })).status();
  EXPECT_EQ(dtype.code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(absl::StrContains(dtype.message(), "no dtype has the code 999"))
      << dtype;

  // Floats have no default: an absent one is not 0.
  const absl::Status absent =
      Read(WithAttribute([](FlatBufferBuilder& b) {
        return fbs::CreateAttribute(b, AttributeValue::FloatValue,
                                    fbs::CreateFloatValue(b).Union());
      })).status();
  EXPECT_EQ(absent.code(), absl::StatusCode::kDataLoss);
}

TEST(FlatBuffersTest, DeepNestingIsRefused) {
  for (const int depth : {Attribute::kMaxDepth + 1, 40, 1000, 20000}) {
    const absl::Status status =
        Read(WithAttribute([depth](FlatBufferBuilder& b) {
          auto inner = fbs::CreateAttribute(b);
          for (int i = 0; i < depth; ++i) {
            const auto elements = b.CreateVector(&inner, 1);
            inner =
                fbs::CreateAttribute(b, fbs::AttributeValue::ListValue,
                                     fbs::CreateListValue(b, elements).Union());
          }
          return inner;
        })).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
  }
}

// Parts of a FlatBuffer can be shared, so that a small file says very much.
TEST(FlatBuffersTest, SmallFilesOfManyCopiesAreRefused) {
  // Lists of lists: 100 to the power of 7 elements.
  const absl::Status lists =
      Read(WithAttribute([](FlatBufferBuilder& b) {
        auto inner = fbs::CreateAttribute(b);
        for (int i = 0; i < Attribute::kMaxDepth - 1; ++i) {
          const std::vector<Offset<fbs::Attribute>> copies(100, inner);
          const auto elements = b.CreateVector(copies);
          inner =
              fbs::CreateAttribute(b, fbs::AttributeValue::ListValue,
                                   fbs::CreateListValue(b, elements).Union());
        }
        return inner;
      })).status();
  EXPECT_EQ(lists.code(), absl::StatusCode::kDataLoss) << lists;

  // A string of 1 MB, a hundred thousand times.
  const absl::Status strings =
      Read(WithAttribute([](FlatBufferBuilder& b) {
        const auto text = b.CreateString(std::string(1 << 20, 'x'));
        std::vector<Offset<fbs::Attribute>> copies;
        for (int i = 0; i < 100000; ++i) {
          copies.push_back(
              fbs::CreateAttribute(b, fbs::AttributeValue::StringValue,
                                   fbs::CreateStringValue(b, text).Union()));
        }
        const auto elements = b.CreateVector(copies);
        return fbs::CreateAttribute(b, fbs::AttributeValue::ListValue,
                                    fbs::CreateListValue(b, elements).Union());
      })).status();
  EXPECT_EQ(strings.code(), absl::StatusCode::kDataLoss) << strings;
  EXPECT_TRUE(absl::StrContains(strings.message(), "over and over")) << strings;
}

}  // namespace
}  // namespace flextorchir
