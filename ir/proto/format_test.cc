// The format as it is seen from outside: the conformance tests, and what only
// Protocol Buffers can get wrong. The schema itself: schema_test.cc.

#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/proto/ir.pb.h"
#include "flextorchir/ir/proto/serializer.h"
#include "flextorchir/ir/sink.h"
#include "flextorchir/testing/format_conformance.h"
#include "flextorchir/testing/sample_models.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "gtest/gtest.h"

namespace flextorchir {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// The mark (key, length, text), then the key of the version.
constexpr size_t kVersionByte = 14;

const bool kRegistered = [] {
  FormatConformanceOptions format;
  format.name = "protobuf";
  format.serializer = NewProtobufSerializer;
  format.deserializer = NewProtobufDeserializer;
  format.inline_limit = uint64_t{1} << 31;
  format.with_version = [](std::string file, int64_t version) {
    file[kVersionByte] = static_cast<char>(version);
    return file;
  };
  format.frozen_folder = "ir/proto/testdata";
  return RegisterFormatConformanceTests(format);
}();

std::string Write(const Model& model,
                  SerializeOptions::WeightsPlace place =
                      SerializeOptions::WeightsPlace::kInline) {
  std::map<std::string, std::string> files;
  const std::unique_ptr<Sink> sink = NewMemorySink(&files);
  SerializeOptions options;
  options.weights = place;
  EXPECT_TRUE(NewProtobufSerializer()->Write(model, "m", options, *sink).ok());
  EXPECT_TRUE(sink->Commit().ok());
  return files["m.ftpb"];
}

absl::StatusOr<Model> Read(std::string file) {
  // Kept, because the weights of what is read are views of it.
  static auto* kept = new std::list<std::map<std::string, std::string>>;
  kept->push_back({{"m.ftpb", std::move(file)}});
  return NewProtobufDeserializer()->Read(*NewMemorySource(&kept->back()),
                                         "m.ftpb", {});
}

proto::Model Parse(const std::string& file) {
  proto::Model message;
  EXPECT_TRUE(message.ParseFromString(file));
  return message;
}

TEST(ProtobufTest, IsReadWithTheSchemaAlone) {
  const Model& model = GetSampleModel("Everything");
  const proto::Model message = Parse(Write(model));
  EXPECT_EQ(message.format(), "FlexTorchIR");
  EXPECT_EQ(message.format_version(), 1);
  EXPECT_EQ(message.graphs(0).layers(0).kind(), "Conv2d");
  ASSERT_EQ(message.inline_weights_size(), model.weights.size());
  for (size_t i = 0; i < model.weights.size(); ++i) {
    EXPECT_EQ(message.inline_weights(i),
              std::string(model.weights[i].data.data()));
  }
}

TEST(ProtobufTest, IsReadAsOtherLibrariesWriteIt) {
  const Model& model = GetSampleModel("Everything");
  const std::string file = Write(model);
  const absl::StatusOr<Model> again = Read(Parse(file).SerializeAsString());
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(*again == model);

  // Fields may come in any order: here the weights behind the version.
  proto::Model graph = Parse(file);
  proto::Model weights;
  weights.mutable_inline_weights()->Swap(graph.mutable_inline_weights());
  const std::string rest = graph.SerializeAsString();
  const absl::StatusOr<Model> reordered = Read(
      absl::StrCat(rest.substr(0, kVersionByte + 1),
                   weights.SerializeAsString(), rest.substr(kVersionByte + 1)));
  ASSERT_TRUE(reordered.ok()) << reordered.status();
  EXPECT_TRUE(*reordered == model);
}

TEST(ProtobufTest, InlineWeightsAreViews) {
  const std::map<std::string, std::string> files = {
      {"m.ftpb", Write(GetSampleModel("Everything"))}};
  const std::string& file = files.at("m.ftpb");
  const absl::StatusOr<Model> model =
      NewProtobufDeserializer()->Read(*NewMemorySource(&files), "m.ftpb", {});
  ASSERT_TRUE(model.ok()) << model.status();
  for (const Weights& weights : model->weights) {
    EXPECT_GE(weights.data.data().data(), file.data());
    EXPECT_LE(weights.data.data().data() + weights.data.size(),
              file.data() + file.size());
  }
}

// The first message of each type in `message`.
void CollectMessages(Message* message,
                     std::map<const Descriptor*, Message*>* found) {
  found->emplace(message->GetDescriptor(), message);
  const auto* reflection = message->GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(*message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) {
      CollectMessages(reflection->MutableMessage(message, field), found);
      continue;
    }
    for (int i = 0; i < reflection->FieldSize(*message, field); ++i) {
      CollectMessages(reflection->MutableRepeatedMessage(message, field, i),
                      found);
    }
  }
}

void CollectTypes(const Descriptor* type, std::set<const Descriptor*>* types) {
  types->insert(type);
  for (int i = 0; i < type->nested_type_count(); ++i) {
    CollectTypes(type->nested_type(i), types);
  }
}

TEST(ProtobufTest, UnknownFieldsAreRefused) {
  proto::Model message = Parse(Write(
      GetSampleModel("Everything"), SerializeOptions::WeightsPlace::kExternal));
  std::map<const Descriptor*, Message*> messages;
  CollectMessages(&message, &messages);

  std::set<const Descriptor*> types;
  const auto* file = proto::Model::descriptor()->file();
  for (int i = 0; i < file->message_type_count(); ++i) {
    CollectTypes(file->message_type(i), &types);
  }
  for (const Descriptor* type : types) {
    SCOPED_TRACE(type->full_name());
    ASSERT_EQ(messages.count(type), 1) << "the sample model has none";
    Message* const part = messages[type];
    auto* unknown = part->GetReflection()->MutableUnknownFields(part);
    unknown->AddVarint(1000, 5);
    const absl::Status status = Read(message.SerializeAsString()).status();
    unknown->Clear();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
    EXPECT_TRUE(absl::StrContains(
        status.message(), absl::StrCat(type->name(), " has field 1000 (5)")))
        << status;
  }
}

TEST(ProtobufTest, UnknownCodesAreRefused) {
  proto::Model message = Parse(Write(GetSampleModel("Everything")));
  proto::TensorType* type = message.mutable_weights(1)->mutable_type();
  type->clear_dtype();
  EXPECT_TRUE(
      absl::StrContains(Read(message.SerializeAsString()).status().message(),
                        "weights[1]: there is no dtype"));
  type->mutable_unknown_fields()->AddVarint(
      proto::TensorType::kDtypeFieldNumber, 99);
  EXPECT_TRUE(
      absl::StrContains(Read(message.SerializeAsString()).status().message(),
                        "weights[1]: TensorType has field 1 (99)"));
}

TEST(ProtobufTest, DuplicatesAreRefused) {
  proto::Model message = Parse(Write(GetSampleModel("Everything")));
  proto::Layer* layer = message.mutable_graphs(0)->mutable_layers(0);
  *layer->add_attributes() = layer->attributes(0);
  const absl::Status status = Read(message.SerializeAsString()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(absl::StrContains(
      status.message(),
      "graphs[0].layers[0].attributes[2]: \"padding\" is there twice"))
      << status;
}

TEST(ProtobufTest, DeepNestingIsRefused) {
  const proto::Model model = Parse(Write(GetSampleModel("EmptyGraph")));
  for (const int depth : {Structure::kMaxDepth + 1, 90, 200, 5000}) {
    // Built from the inside, because the library's own recursion has a limit.
    std::string nested = "\x08\x03";  // kind: LIST
    for (int i = 0; i < depth; ++i) {
      std::string size;
      for (size_t left = nested.size(); left > 0 || size.empty(); left >>= 7) {
        size.push_back(
            static_cast<char>((left & 127) | (left > 127 ? 128 : 0)));
      }
      nested = absl::StrCat("\x08\x03\x2a", size, nested);
    }
    proto::Model message = model;
    message.clear_outputs();
    message.mutable_unknown_fields()->AddLengthDelimited(
        proto::Model::kOutputsFieldNumber, nested);
    const absl::Status status = Read(message.SerializeAsString()).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
  }

  proto::Model message = Parse(Write(GetSampleModel("EveryAttributeType")));
  proto::Attribute* attribute = message.mutable_graphs(0)
                                    ->mutable_layers(0)
                                    ->mutable_attributes(0)
                                    ->mutable_value();
  for (int i = 0; i <= Attribute::kMaxDepth; ++i) {
    attribute = attribute->mutable_list_value()->add_elements();
  }
  attribute->set_bool_value(true);
  const absl::Status status = Read(message.SerializeAsString()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(absl::StrContains(status.message(), "too deep")) << status;
}

TEST(ProtobufTest, WeightsAreInOnePlace) {
  proto::Model message = Parse(Write(GetSampleModel("Everything")));
  message.mutable_inline_weights()->RemoveLast();
  EXPECT_EQ(Read(message.SerializeAsString()).status().code(),
            absl::StatusCode::kDataLoss);
  message.add_inline_weights("too short");
  EXPECT_EQ(Read(message.SerializeAsString()).status().code(),
            absl::StatusCode::kDataLoss);
  message.clear_inline_weights();
  EXPECT_EQ(Read(message.SerializeAsString()).status().code(),
            absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace flextorchir
