// The schema against the IR, and against the schemas of earlier versions.

#include <cstdint>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "flatbuffers/idl.h"
#include "flatbuffers/reflection.h"
#include "flextorchir/ir/attribute.h"
#include "flextorchir/ir/flatbuffers/ir_generated.h"
#include "flextorchir/ir/flatbuffers/serializer.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/sink.h"
#include "flextorchir/ir/text.h"
#include "gtest/gtest.h"

namespace flextorchir {
namespace {

std::string Plain(absl::string_view name) {
  return absl::AsciiStrToLower(absl::StrReplaceAll(name, {{"_", ""}}));
}

TEST(SchemaTest, CodesAreThoseOfTheIR) {
  ASSERT_EQ(static_cast<size_t>(fbs::DType::MAX) + 1, DTypes().size());
  for (const DTypeInfo& info : DTypes()) {
    EXPECT_EQ(Plain(fbs::EnumNameDType(static_cast<fbs::DType>(info.dtype))),
              Plain(info.torch_name));
  }
  EXPECT_EQ(static_cast<int>(fbs::ScalarType::MAX),
            static_cast<int>(ScalarType::kString));
  EXPECT_EQ(static_cast<int>(fbs::Role::MAX),
            static_cast<int>(Weights::Role::kConstant));
  EXPECT_EQ(static_cast<int>(fbs::StructureKind::MAX),
            static_cast<int>(Structure::Kind::kNamed));
  EXPECT_EQ(static_cast<int>(fbs::AttributeValue::BoolValue),
            static_cast<int>(Attribute::Type::kBool));
  EXPECT_EQ(static_cast<int>(fbs::AttributeValue::ListValue),
            static_cast<int>(Attribute::Type::kList));
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.good()) << path;
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

// A schema, read from its source.
struct Schema {
  explicit Schema(const std::string& path) {
    flatbuffers::IDLOptions options;
    options.strict_json = true;
    parser = std::make_unique<flatbuffers::Parser>(options);
    EXPECT_TRUE(parser->Parse(ReadFile(path).c_str())) << parser->error_;
    // Apart, because serializing spoils the parser for JSON.
    flatbuffers::Parser other(options);
    EXPECT_TRUE(other.Parse(ReadFile(path).c_str())) << other.error_;
    other.Serialize();
    data.assign(
        reinterpret_cast<const char*>(other.builder_.GetBufferPointer()),
        other.builder_.GetSize());
  }

  const reflection::Schema& reflection() const {
    return *reflection::GetSchema(data.data());
  }

  // What this schema makes of a graph file.
  std::string ToJson(const std::string& graph) const {
    std::string json;
    EXPECT_TRUE(flatbuffers::GenerateText(*parser, graph.data(), &json));
    return json;
  }

  std::unique_ptr<flatbuffers::Parser> parser;
  std::string data;  // the schema as a FlatBuffer
};

const Schema& Today() {
  static const auto* schema = new Schema("ir/flatbuffers/ir.fbs");
  return *schema;
}

std::string FrozenFolder(int64_t version) {
  return absl::StrCat("ir/flatbuffers/testdata/v", version);
}

// The name of the type that a field or a value of a union refers to.
std::string TypeName(const reflection::Schema& schema,
                     const reflection::Type& type) {
  std::string name = absl::StrCat(static_cast<int>(type.base_type()), "/",
                                  static_cast<int>(type.element()));
  if (type.index() < 0) return name;
  const bool is_object = type.base_type() == reflection::Obj ||
                         (type.base_type() == reflection::Vector &&
                          type.element() == reflection::Obj);
  absl::StrAppend(&name, " ",
                  is_object ? schema.objects()->Get(type.index())->name()->str()
                            : schema.enums()->Get(type.index())->name()->str());
  return name;
}

void ExpectContains(const reflection::Schema& today,
                    const reflection::Schema& frozen) {
  EXPECT_EQ(today.file_ident()->str(), frozen.file_ident()->str());
  EXPECT_EQ(today.root_table()->name()->str(),
            frozen.root_table()->name()->str());
  for (const reflection::Object* object : *frozen.objects()) {
    const auto* now = today.objects()->LookupByKey(object->name()->c_str());
    ASSERT_NE(now, nullptr) << object->name()->str() << " was removed";
    for (const reflection::Field* field : *object->fields()) {
      SCOPED_TRACE(
          absl::StrCat(object->name()->str(), ".", field->name()->str()));
      const auto* found = now->fields()->LookupByKey(field->name()->c_str());
      ASSERT_NE(found, nullptr) << "was removed";
      EXPECT_EQ(found->id(), field->id());
      EXPECT_EQ(TypeName(today, *found->type()),
                TypeName(frozen, *field->type()));
      EXPECT_EQ(found->default_integer(), field->default_integer());
      EXPECT_EQ(found->default_real(), field->default_real());
      EXPECT_EQ(found->optional(), field->optional());
      EXPECT_EQ(found->required(), field->required());
      EXPECT_EQ(found->key(), field->key());
    }
  }
  for (const reflection::Enum* type : *frozen.enums()) {
    const auto* now = today.enums()->LookupByKey(type->name()->c_str());
    ASSERT_NE(now, nullptr) << type->name()->str() << " was removed";
    EXPECT_EQ(TypeName(today, *now->underlying_type()),
              TypeName(frozen, *type->underlying_type()));
    for (const reflection::EnumVal* value : *type->values()) {
      const auto* found = now->values()->LookupByKey(value->value());
      ASSERT_NE(found, nullptr) << value->name()->str() << " was removed";
      EXPECT_EQ(found->name()->str(), value->name()->str());
    }
  }
}

TEST(SchemaTest, NothingWasRemovedOrChanged) {
  for (int64_t version = 1; version <= kFormatVersion; ++version) {
    SCOPED_TRACE(absl::StrCat("version ", version));
    const Schema frozen(FrozenFolder(version) + "/ir.fbs");
    ExpectContains(Today().reflection(), frozen.reflection());
    // As `flatc --conform` does it.
    EXPECT_EQ(Today().parser->ConformTo(*frozen.parser), "");
  }
}

// A file that is stamped with a version has nothing that this version's schema
// does not know: yesterday's reader is told the whole truth.
TEST(SchemaTest, EarlierReadersUnderstandWhatIsWrittenToday) {
  for (int64_t version = 1; version <= kFormatVersion; ++version) {
    SCOPED_TRACE(absl::StrCat("version ", version));
    const Schema frozen(FrozenFolder(version) + "/ir.fbs");
    const absl::StatusOr<Model> model =
        ParseText(ReadFile(FrozenFolder(version) + "/everything.fttxt"));
    ASSERT_TRUE(model.ok()) << model.status();
    std::map<std::string, std::string> files;
    const std::unique_ptr<Sink> sink = NewMemorySink(&files);
    ASSERT_TRUE(NewFlatBuffersSerializer()
                    ->Write(*model, "everything", {}, *sink)
                    .ok());
    ASSERT_TRUE(sink->Commit().ok());
    const std::string& graph = files["everything.ftfb"];
    EXPECT_TRUE(flatbuffers::Verify(
        frozen.reflection(), *frozen.reflection().root_table(),
        reinterpret_cast<const uint8_t*>(graph.data()), graph.size(),
        /*max_depth=*/100));
    EXPECT_LE(fbs::GetModel(graph.data())->format_version(), version);
    EXPECT_EQ(frozen.ToJson(graph), Today().ToJson(graph));
  }
}

}  // namespace
}  // namespace flextorchir
