#include "flextorchir/converter/report.h"

#include <cstdint>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/text.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace flextorchir {
namespace {

using Json = nlohmann::json;

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file) << path;
  std::stringstream content;
  content << file.rdbuf();
  return content.str();
}

bool HasType(const Json& value, const std::string& type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  if (type == "null") return value.is_null();
  ADD_FAILURE() << "the test does not know the type " << type;
  return false;
}

// What is wrong with `value` under `schema`, of which it understands what our
// schema uses; a keyword it does not know is wrong too.
std::string Invalid(const Json& schema, const Json& value,
                    const std::string& path) {
  for (const auto& [keyword, rule] : schema.items()) {
    if (keyword == "$schema" || keyword == "title" ||
        keyword == "description") {
      continue;
    }
    if (keyword == "type") {
      bool matches = false;
      for (const Json& type : rule.is_array() ? rule : Json::array({rule})) {
        matches |= HasType(value, type.get<std::string>());
      }
      if (!matches) return path + " has another type";
    } else if (keyword == "const") {
      if (value != rule) return path + " has another value";
    } else if (keyword == "enum") {
      bool found = false;
      for (const Json& allowed : rule) found |= value == allowed;
      if (!found) return path + " is none of the values";
    } else if (keyword == "minimum") {
      if (value.is_number() && value < rule) return path + " is too small";
    } else if (keyword == "required") {
      for (const Json& key : rule) {
        if (!value.contains(key.get<std::string>())) {
          return absl::StrCat(path, " has no ", key.get<std::string>());
        }
      }
    } else if (keyword == "properties") {
      for (const auto& [key, child] : value.items()) {
        if (!rule.contains(key)) {
          return absl::StrCat(path, ".", key, " is not in the schema");
        }
        std::string wrong = Invalid(rule[key], child, path + "." + key);
        if (!wrong.empty()) return wrong;
      }
    } else if (keyword == "additionalProperties" || keyword == "items") {
      for (const auto& [key, child] : value.items()) {
        std::string wrong = Invalid(rule, child, path + "." + key);
        if (!wrong.empty()) return wrong;
      }
    } else {
      return absl::StrCat("the test does not know the keyword ", keyword);
    }
  }
  return "";
}

Report FullReport() {
  Report report;
  report.model = "Net";
  report.layers = 1204;
  report.layers_by_kind = {{"Conv2d", 3}, {"Placeholder", 1200}, {"ReLU", 1}};
  Report::Placeholder swish;
  swish.target = "mylib::swish";
  swish.count = 1200;
  for (int i = 0; i < 5; ++i) {
    swish.places.push_back({absl::StrCat("act", i),
                            absl::StrCat("act", i),
                            "net.py:12",
                            {"f32[1,8,32,32]", "f32[]"}});
  }
  report.placeholders.push_back(swish);
  report.placeholders.push_back(
      {"Conv2d", "only groups = 1", "toy", 1, {{"conv", "", "", {}}}});
  report.warnings.push_back({"baked-input", Report::Severity::kInfo,
                             "`args[1]` is a number", "", ""});
  report.warnings.push_back({"unknown-tensor", Report::Severity::kError,
                             "from nowhere", "head", "net.py:40"});
  report.parameters = 25557032;
  report.weights_bytes = 102441248;
  report.macs = 4089184256;
  report.files = {"out/net.ftfb"};
  report.file_bytes = 1000;
  report.timing = {{"capture", 0.25}, {"load", 1.5}};
  return report;
}

TEST(ReportTest, JsonFollowsThePublishedSchema) {
  const Json schema = Json::parse(ReadFile("docs/report.schema.json"));
  Report unknown = FullReport();
  unknown.macs = std::nullopt;
  for (const Report& report : {FullReport(), unknown, Report()}) {
    for (const bool with_timing : {true, false}) {
      const Json json = Json::parse(ReportToJson(report, with_timing));
      EXPECT_EQ(Invalid(schema, json, "report"), "");
      EXPECT_EQ(json.contains("timing"), with_timing);
    }
  }
  // The check would see what is wrong.
  Json json = Json::parse(ReportToJson(FullReport()));
  json["warnings"][0]["severity"] = "bad";
  EXPECT_EQ(Invalid(schema, json, "report"),
            "report.warnings.0.severity is none of the values");
  json = Json::parse(ReportToJson(FullReport()));
  json["placeholders"][0].erase("places");
  EXPECT_EQ(Invalid(schema, json, "report"),
            "report.placeholders.0 has no places");
}

TEST(ReportTest, JsonHoldsEverything) {
  const Json json = Json::parse(ReportToJson(FullReport()));
  EXPECT_EQ(json["macs"], 4089184256);
  EXPECT_EQ(json["placeholders"][0]["target"], "mylib::swish");
  EXPECT_EQ(json["placeholders"][0]["places"].size(), 5);
  EXPECT_EQ(json["placeholders"][0]["places"][1]["shapes"][1], "f32[]");
  EXPECT_EQ(json["placeholders"][1]["format"], "toy");
  EXPECT_EQ(json["warnings"][1]["severity"], "error");
  EXPECT_EQ(json["timing"]["load"], 1.5);
  Report unknown;
  EXPECT_TRUE(Json::parse(ReportToJson(unknown))["macs"].is_null());
}

TEST(ReportTest, NamesThatAreNotUtf8GiveValidJson) {
  Report report;
  report.model = "caf\xe9 \"quoted\"\n";
  EXPECT_EQ(Json::parse(ReportToJson(report))["model"],
            "caf\xef\xbf\xbd \"quoted\"\n");
}

TEST(ReportTest, Text) {
  EXPECT_EQ(ReportToText(FullReport()),
            R"(Net: 1,204 layers
  Placeholder  1,200
  Conv2d           3
  ReLU             1

  parameters            25,557,032
  weights                 97.7 MiB
  multiply-accumulates      4.09 G
  files                     1000 B
  time: capture            0.250 s
  time: load               1.500 s

Placeholders (no rule for these operators, or not in a format):
  mylib::swish  x1200
    act0 at net.py:12  (f32[1,8,32,32], f32[])
    act1 at net.py:12  (f32[1,8,32,32], f32[])
    act2 at net.py:12  (f32[1,8,32,32], f32[])
    ... and 2 more
  Conv2d  x1  not in format toy  (only groups = 1)
    conv  ()

Notes:
  error [unknown-tensor] from nowhere in head at net.py:40
  info [baked-input] `args[1]` is a number
)");
  EXPECT_EQ(ReportToText(Report()), R"(Model: 0 layers

  parameters                  0
  weights                   0 B
  multiply-accumulates  unknown
)");
}

TEST(ReportTest, HasErrors) {
  Report report;
  EXPECT_FALSE(report.has_errors());
  report.warnings.emplace_back();
  EXPECT_FALSE(report.has_errors());
  report.warnings[0].severity = Report::Severity::kError;
  EXPECT_TRUE(report.has_errors());
}

// The macs of the last layer of a graph.
std::optional<int64_t> Macs(absl::string_view layers) {
  const std::string text = absl::StrCat(
      "flextorchir 1 layer_set 1\ngraph \"main\" ("
      "%x: f32[2,8,10,10], %w: f32[16,4,3,3], %v: f32[10,20], %t: f32[8,4,3,3],"
      " %i: f32[5,2,6], %wi: f32[28,6], %wh: f32[28,7], %bi: f32[28],"
      " %q: f32[2,3,5,4], %k: f32[2,3,6,4], %s: f32[n,4], %m: f32[4,9],"
      " %h: f32[1,2,7]) {\n",
      layers, "\n  return\n}\ngraph \"body\" (%x: f32[2,4], %y: f32[4,3]) {\n",
      "  %z: f32[2,3] = Matmul \"a\" (input=%x, other=%y)\n",
      "  %r: f32[2,3] = Relu6ish \"b\" (input=%z)\n  return %r\n}\n",
      "graph \"known\" (%x: f32[2,4], %y: f32[4,3]) {\n",
      "  %z: f32[2,3] = Matmul \"a\" (input=%x, other=%y)\n",
      "  %r: f32[2,3] = ReLU \"b\" (input=%z)\n  return %r\n}\n");
  const absl::StatusOr<Model> model = ParseText(text);
  if (!model.ok()) {
    ADD_FAILURE() << model.status() << "\n" << text;
    return -1;
  }
  return LayerMacs(*model, model->main(), model->main().layers.back());
}

TEST(LayerMacsTest, CountsByShape) {
  EXPECT_EQ(Macs(R"(%o: f32[2,16,8,8] = Conv2d "c" (input=%x, weight=%w))"),
            2 * 16 * 8 * 8 * 4 * 3 * 3);
  EXPECT_EQ(
      Macs(R"(%o: f32[2,16,8,8] = aten::conv2d "c" target "aten::conv2d" )"
           R"((input=%x, weight=%w))"),
      2 * 16 * 8 * 8 * 4 * 3 * 3);
  EXPECT_EQ(
      Macs(R"(%o: f32[2,4,12,12] = ConvTranspose2d "c" (input=%x, weight=%t))"),
      2 * 8 * 10 * 10 * 4 * 3 * 3);
  EXPECT_EQ(Macs(R"(%o: f32[2,8,10,20] = Matmul "c" (input=%x, other=%v))"),
            2 * 8 * 10 * 20 * 10);
  EXPECT_EQ(Macs("%o: f32[2,3,5,4] = ScaledDotProductAttention \"c\" "
                 "(query=%q, key=%k, value=%k)"),
            2 * 3 * 5 * 6 * 4 * 2);
  EXPECT_EQ(Macs("%o: f32[5,2,7], h_n=%p: f32[1,2,7], c_n=%r: f32[1,2,7] = "
                 "LSTM \"c\" (input=%i, hx=[%h, %h], params=[%wi, %wh, %bi])"),
            5 * 2 * (28 * 6 + 28 * 7));
  EXPECT_EQ(Macs("%o: f32[2,3,5,6] = Einsum \"c\" (tensors=[%q, %k]) "
                 "{equation=\"abij,abkj->abik\"}"),
            2 * 3 * 5 * 6 * 4);
}

TEST(LayerMacsTest, NoneAndUnknown) {
  EXPECT_EQ(Macs(R"(%o: f32[2,8,10,10] = ReLU "c" (input=%x))"), 0);
  EXPECT_EQ(Macs("%o: f32[2,8,10,10] = aten::relu \"c\" target \"aten::relu\" "
                 "(self=%x)"),
            0);
  // A symbolic size, a kind that nobody knows, and what holds one.
  EXPECT_EQ(Macs(R"(%o: f32[n,9] = Matmul "c" (input=%s, other=%m))"),
            std::nullopt);
  EXPECT_EQ(Macs(R"(%o: f32[2] = Mystery "c" (input=%x))"), std::nullopt);
  EXPECT_EQ(Macs("%o: f32[2] = Placeholder \"c\" target \"mylib::relu\" "
                 "(input=%x)"),
            std::nullopt);
  EXPECT_EQ(Macs(R"(%o: f32[2,3] = Block "c" () with body=@"body")"),
            std::nullopt);
  EXPECT_EQ(Macs(R"(%o: f32[2,3] = Block "c" () with body=@"known")"),
            2 * 3 * 4);
}

}  // namespace
}  // namespace flextorchir
