// The schema against the IR, and against the schemas of earlier versions.

#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "flextorchir/ir/attribute.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/proto/ir.pb.h"
#include "flextorchir/ir/proto/serializer.h"
#include "flextorchir/ir/sink.h"
#include "flextorchir/ir/text.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/dynamic_message.h"
#include "gtest/gtest.h"

namespace flextorchir {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FieldDescriptorProto;
using google::protobuf::FileDescriptor;
using google::protobuf::FileDescriptorSet;

TEST(SchemaTest, CodesAreThoseOfTheIR) {
  const EnumDescriptor* dtypes = proto::DType_descriptor();
  ASSERT_EQ(dtypes->value_count(), DTypes().size());
  for (const DTypeInfo& info : DTypes()) {
    const auto* value = dtypes->FindValueByNumber(static_cast<int>(info.dtype));
    ASSERT_NE(value, nullptr) << info.name;
    EXPECT_EQ(value->name(),
              absl::StrCat("DTYPE_", absl::AsciiStrToUpper(info.torch_name)));
  }
  EXPECT_EQ(proto::SCALAR_STRING, static_cast<int>(ScalarType::kString));
  EXPECT_EQ(proto::Weights::CONSTANT,
            static_cast<int>(Weights::Role::kConstant));
  EXPECT_EQ(proto::Structure::NAMED, static_cast<int>(Structure::Kind::kNamed));
  using proto::Attribute;
  using Type = flextorchir::Attribute::Type;
  EXPECT_EQ(Attribute::kBoolValueFieldNumber, static_cast<int>(Type::kBool));
  EXPECT_EQ(Attribute::kListValueFieldNumber, static_cast<int>(Type::kList));
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.good()) << path;
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

// One of the frozen schemas, in a pool of its own.
class FrozenSchema {
 public:
  explicit FrozenSchema(int64_t version)
      : folder_(absl::StrCat("ir/proto/testdata/v", version)) {
    FileDescriptorSet set;
    EXPECT_TRUE(set.ParseFromString(ReadFile(folder_ + "/ir.descriptor_set")));
    EXPECT_EQ(set.file_size(), 1);
    if (set.file_size() == 1) file_ = pool_.BuildFile(set.file(0));
    EXPECT_NE(file_, nullptr);
  }

  const std::string& folder() const { return folder_; }
  const FileDescriptor* file() const { return file_; }

  // What this schema makes of a graph file, unknown fields and all.
  std::string DebugString(const std::string& graph) {
    const std::unique_ptr<google::protobuf::Message> message(
        factory_.GetPrototype(file_->FindMessageTypeByName("Model"))->New());
    EXPECT_TRUE(message->ParseFromString(graph));
    return message->DebugString();
  }

 private:
  std::string folder_;
  DescriptorPool pool_;
  google::protobuf::DynamicMessageFactory factory_;
  const FileDescriptor* file_ = nullptr;
};

// All there is to say about a field.
std::string Describe(const FieldDescriptor& field) {
  FieldDescriptorProto description;
  field.CopyTo(&description);
  description.clear_json_name();  // made from the name, or left out
  return description.DebugString();
}

void ExpectContains(const EnumDescriptor& today, const EnumDescriptor& frozen) {
  for (int i = 0; i < frozen.value_count(); ++i) {
    const auto* value = today.FindValueByNumber(frozen.value(i)->number());
    ASSERT_NE(value, nullptr) << frozen.value(i)->full_name() << " was removed";
    EXPECT_EQ(value->name(), frozen.value(i)->name());
  }
}

void ExpectContains(const Descriptor& today, const Descriptor& frozen) {
  for (int i = 0; i < frozen.field_count(); ++i) {
    const FieldDescriptor& field = *frozen.field(i);
    const FieldDescriptor* found = today.FindFieldByNumber(field.number());
    ASSERT_NE(found, nullptr) << field.full_name() << " was removed";
    EXPECT_EQ(Describe(*found), Describe(field)) << field.full_name();
  }
  for (int i = 0; i < frozen.enum_type_count(); ++i) {
    const auto* type = today.FindEnumTypeByName(frozen.enum_type(i)->name());
    ASSERT_NE(type, nullptr) << frozen.enum_type(i)->full_name();
    ExpectContains(*type, *frozen.enum_type(i));
  }
  for (int i = 0; i < frozen.nested_type_count(); ++i) {
    const auto* type =
        today.FindNestedTypeByName(frozen.nested_type(i)->name());
    ASSERT_NE(type, nullptr) << frozen.nested_type(i)->full_name();
    ExpectContains(*type, *frozen.nested_type(i));
  }
}

void ExpectContains(const FileDescriptor& today, const FileDescriptor& frozen) {
  EXPECT_EQ(today.package(), frozen.package());
  for (int i = 0; i < frozen.message_type_count(); ++i) {
    const auto* type =
        today.FindMessageTypeByName(frozen.message_type(i)->name());
    ASSERT_NE(type, nullptr) << frozen.message_type(i)->full_name();
    ExpectContains(*type, *frozen.message_type(i));
  }
  for (int i = 0; i < frozen.enum_type_count(); ++i) {
    const auto* type = today.FindEnumTypeByName(frozen.enum_type(i)->name());
    ASSERT_NE(type, nullptr) << frozen.enum_type(i)->full_name();
    ExpectContains(*type, *frozen.enum_type(i));
  }
}

TEST(SchemaTest, NothingWasRemovedOrChanged) {
  for (int64_t version = 1; version <= kFormatVersion; ++version) {
    SCOPED_TRACE(absl::StrCat("version ", version));
    const FrozenSchema frozen(version);
    ASSERT_NE(frozen.file(), nullptr);
    ExpectContains(*proto::Model::descriptor()->file(), *frozen.file());
  }
}

// A file that is stamped with a version has nothing that this version's schema
// does not know: yesterday's reader is told the whole truth.
TEST(SchemaTest, EarlierReadersUnderstandWhatIsWrittenToday) {
  for (int64_t version = 1; version <= kFormatVersion; ++version) {
    SCOPED_TRACE(absl::StrCat("version ", version));
    FrozenSchema frozen(version);
    ASSERT_NE(frozen.file(), nullptr);
    const absl::StatusOr<Model> model =
        ParseText(ReadFile(frozen.folder() + "/everything.fttxt"));
    ASSERT_TRUE(model.ok()) << model.status();
    std::map<std::string, std::string> files;
    const std::unique_ptr<Sink> sink = NewMemorySink(&files);
    ASSERT_TRUE(
        NewProtobufSerializer()->Write(*model, "everything", {}, *sink).ok());
    ASSERT_TRUE(sink->Commit().ok());
    proto::Model today;
    ASSERT_TRUE(today.ParseFromString(files["everything.ftpb"]));
    EXPECT_LE(today.format_version(), version);
    EXPECT_EQ(frozen.DebugString(files["everything.ftpb"]),
              today.DebugString());
  }
}

}  // namespace
}  // namespace flextorchir
