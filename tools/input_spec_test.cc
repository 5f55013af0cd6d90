#include "flextorchir/tools/input_spec.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace flextorchir {
namespace {

using ::testing::HasSubstr;

std::string Describe(const ModelInputSpec& spec) {
  struct Describer {
    std::string operator()(const ModelInputSpec::None&) { return "none"; }
    std::string operator()(bool value) { return value ? "true" : "false"; }
    std::string operator()(int64_t value) {
      return absl::StrCat("int ", value);
    }
    std::string operator()(double value) {
      return absl::StrCat("float ", value);
    }
    std::string operator()(const ModelInputSpec::Tensor& tensor) {
      return absl::StrCat(DTypeName(tensor.dtype), "[",
                          absl::StrJoin(tensor.shape, ","), "]",
                          tensor.bound ? absl::StrCat("<", *tensor.bound) : "");
    }
    std::string operator()(const ModelInputSpec::List& list) {
      return absl::StrCat(
          "[",
          absl::StrJoin(list.elements, " ",
                        [](std::string* out, const ModelInputSpec& element) {
                          absl::StrAppend(out, Describe(element));
                        }),
          "]");
    }
    std::string operator()(const std::string& text) {
      return absl::StrCat("text ", text);
    }
    std::string operator()(const ModelInputSpec::Dict& dict) {
      std::vector<std::string> items;
      for (size_t i = 0; i < dict.keys.size(); ++i) {
        items.push_back(
            absl::StrCat(dict.keys[i], ":", Describe(dict.values[i])));
      }
      return absl::StrCat("{", absl::StrJoin(items, " "), "}");
    }
    std::string operator()(const ModelInputSpec::File& file) {
      return absl::StrCat("file ", file.path);
    }
  };
  return absl::StrCat(spec.name, spec.name.empty() ? "" : "=",
                      std::visit(Describer(), spec.value));
}

std::string Parse(absl::string_view text) {
  const auto specs = ParseModelInputs(text);
  if (!specs.ok()) return std::string(specs.status().message());
  return absl::StrJoin(*specs, "; ",
                       [](std::string* out, const ModelInputSpec& spec) {
                         absl::StrAppend(out, Describe(spec));
                       });
}

struct Case {
  absl::string_view text;
  absl::string_view expected;
};

TEST(ParseModelInputs, UnderstandsWhatIsWellFormed) {
  for (const auto& [text, expected] : std::vector<Case>{
           {"1x3x224x224", "f32[1,3,224,224]"},
           {"1x128:i64<1000", "i64[1,128]<1000"},
           {"2x3:torch.bfloat16", "bf16[2,3]"},
           {"2x3:float64<0.5", "f64[2,3]<0.5"},
           {"2x3<7", "f32[2,3]<7"},
           {"128", "int 128"},
           {"-1", "int -1"},
           {"128:f32", "f32[128]"},
           {"():f32", "f32[]"},
           {"()<2", "f32[]<2"},
           {"0x4", "f32[0,4]"},
           {"0.5, 1e-3,inf", "float 0.5; float 0.001; float inf"},
           {"true,false,none", "true; false; none"},
           {"()", ""},
           {" ( ) ",
            "--inputs: at column 2 of \" ( ) \": expected a shape such "
            "as 1x3x224x224, a list in brackets, a dict in braces, a number, "
            "true, false, none, a text in quotes or @FILE.safetensors, found "
            "\"( )\""},
           {"[]", "[]"},
           {"[1x2, 3x4:i32]", "[f32[1,2] i32[3,4]]"},
           {"[[1],[2,3]]", "[[int 1] [int 2 int 3]]"},
           {"{}", "{}"},
           {"{a: 1x2:i32<3, 'b, c': [1,{}]}", "{a:i32[1,2]<3 b, c:[int 1 {}]}"},
           {"x={f: @a,g:@b}", "x={f:file a g:file b}"},
           {"'a, [b]', \"it's\",''", "text a, [b]; text it's; text "},
           {R"('it\'s \\', t='u')", R"(text it's \; t=text u)"},
           {"@a/b.safetensors", "file a/b.safetensors"},
           {"[@a,@b]", "[file a file b]"},
           {"x=1x2, mask = none", "x=f32[1,2]; mask=none"},
           {"1x2,y=@f,z=[1]", "f32[1,2]; y=file f; z=[int 1]"},
           // A name may look like the beginning of a number's or of a word.
           {"true=1,x1=2", "true=int 1; x1=int 2"},
       }) {
    EXPECT_EQ(Parse(text), expected) << text;
  }
}

TEST(ParseModelInputs, SaysWhereAndWhyItFails) {
  for (const auto& [text, message] : std::vector<Case>{
           {"", "at column 1 of \"\": expected a shape"},
           {"1x2,", "at column 5"},
           {"1x2,,3", "at column 5"},
           {"abc", "found \"abc\""},
           {"1x", "found \"1x\""},
           {"1x-2", "found \"1x-2\""},
           {"1X2", "found \"1X2\""},
           {"1x2x", "found \"1x2x\""},
           {"1x99999999999999999999", "found \"1x99999999999999999999\""},
           {"4294967296x4294967296", "has too many elements"},
           {"1x2:f31",
            "at column 5 of \"1x2:f31\": \"f31\" is no element "
            "type; those of tensors are "},
           {"1x2:", "\"\" is no element type"},
           {"1x2<", "expected a bound greater than 0 behind \"<\""},
           {"1x2<0", "expected a bound greater than 0"},
           {"1x2<nan", "expected a bound greater than 0"},
           {"1x2<inf", "expected a bound greater than 0"},
           {"[1x2", "expected \",\" or \"]\", found the end"},
           {"1x2]", "expected \",\" or the end, found \"]\""},
           {"[x=1]", "found \"x\""},
           {"{a: 1", "expected \",\" or \"}\", found the end"},
           {"{a 1}", "expected a key"},
           {"{a: 1, a: 2}", "at column 8 of \"{a: 1, a: 2}\": the key \"a\""},
           {"{1x2}", "expected \":\" behind a key, found \"}\""},
           {"{: 1}", "expected a key, a name or a text in quotes"},
           {"1}", "expected \",\" or the end, found \"}\""},
           {"x='abc", "at column 3 of \"x='abc\": a text without its closing"},
           {"'abc\\'", "a text without its closing quote"},
           {"'a'b", "expected \",\" or the end, found \"b\""},
           {"@", "expected a path behind \"@\""},
           {"x=", "at column 3"},
           {"x=1,x=2", "the argument \"x\" is given twice"},
           {"x=1,2x3", "stands behind one with a name"},
           {"1x2 3x4", "found \"1x2 3x4\""},
           {"1x2:f32:f32", "expected \",\" or the end, found \":f32\""},
           {"(),1x2", "found \"()\""},
       }) {
    const auto specs = ParseModelInputs(text);
    ASSERT_FALSE(specs.ok()) << text;
    EXPECT_EQ(specs.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(specs.status().message()),
                HasSubstr(std::string(message)))
        << text;
  }
}

TEST(ParseModelInputs, BoundsTheDepth) {
  const std::string deep = std::string(16, '[') + std::string(16, ']');
  EXPECT_TRUE(ParseModelInputs(deep).ok());
  std::string dicts;
  for (int i = 0; i < 100000; ++i) dicts += "{a:";
  EXPECT_THAT(std::string(ParseModelInputs(dicts).status().message()),
              HasSubstr("nested deeper than 16"));
  const std::string too_deep = std::string(100000, '[');
  EXPECT_THAT(std::string(ParseModelInputs(too_deep).status().message()),
              HasSubstr("nested deeper than 16"));
}

// Whatever stands on the command line ends in a status.
TEST(ParseModelInputs, SurvivesEveryPrefixAndChange) {
  const std::string text =
      "1x3:i64<5, [2x2, none], {a: 'b\\'', \"c\": 2}, a=@f.safetensors, "
      "b=():f16";
  ASSERT_TRUE(ParseModelInputs(text).ok());
  for (size_t i = 0; i < text.size(); ++i) {
    ParseModelInputs(text.substr(0, i)).status().IgnoreError();
    for (const char c : absl::string_view("x:<[]{}()=@,0-. '\"\\\xff")) {
      std::string changed = text;
      changed[i] = c;
      ParseModelInputs(changed).status().IgnoreError();
    }
  }
}

}  // namespace
}  // namespace flextorchir
