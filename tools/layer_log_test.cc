#include "flextorchir/tools/layer_log.h"

#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "flextorchir/ir/text.h"
#include "flextorchir/tools/layer_line.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace flextorchir {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

Model Parse(absl::string_view text) {
  auto model = ParseText(absl::StrCat("flextorchir 1 layer_set 1\n", text));
  EXPECT_TRUE(model.ok()) << model.status();
  return model.ok() ? *std::move(model) : Model{};
}

std::vector<std::string> Lines(absl::string_view text) {
  const Model model = Parse(text);
  std::vector<std::string> lines;
  for (const Layer& layer : model.main().layers) {
    lines.push_back(LayerLine(model.main(), layer));
  }
  return lines;
}

TEST(LayerLine, SaysTheGeometryOfConvolutions) {
  EXPECT_THAT(
      Lines(R"(
name "Net"
graph "main" (%x: f32[1,64,56,56], %w: f32[64,64,1,1], %g: f32[64,2,3,5], %t: f32[64,8,3,3]) {
  %a: f32[1,64,56,56] = Conv2d "layer1.0.conv1" (input=%x, weight=%w, bias=none) {dilation=[1, 1], groups=1, padding=[0, 0], stride=[1, 1]}
  %b: f32[1,64,27,26] = Conv2d "b" (input=%a, weight=%g, bias=none) {dilation=[1, 1], groups=32, padding=[0, 1], stride=[2, 2]}
  %c: bf16[1,64,56,56] = Conv2d "c" (input=%a, weight=%w, bias=none) {dilation=[1, 1], groups=1, padding="same", stride=[1, 1]}
  %d: f32[1,16,9,9] = ConvTranspose2d "d" (input=%a, weight=%t, bias=none) {dilation=[1, 1], groups=2, output_padding=[1, 1], padding=[2, 2], stride=[2, 2]}
  return %d
}
)"),
      ElementsAre(
          "Conv2d  layer1.0.conv1  C64 N64 K1x1 S1x1 P0 D1x1 G1  [1,64,56,56]",
          "Conv2d  b  C64 N64 K3x5 S2x2 P0x1 D1x1 G32  [1,64,27,26]",
          "Conv2d  c  C64 N64 K1x1 S1x1 Psame D1x1 G1  bf16[1,64,56,56]",
          "ConvTranspose2d  d  C64 N16 K3x3 S2x2 P2 D1x1 G2 "
          "output_padding=[1, 1]  [1,16,9,9]"));
}

TEST(LayerLine, SaysWhatOtherLayersHave) {
  const std::vector<std::string> lines = Lines(R"(
name "Net"
symbol "n"
graph "main" (%x: f32[n,64], %w: f32[10,64], %s: int) {
  %a: f32[n,10] = Linear "fc" (input=%x, weight=%w, bias=none)
  %b: f32[n,10] = ReLU "relu" (input=%a)
  %c: i64[n], %d: int = Placeholder "head.top" target "mylib::top" (input=%b) {beta=2.5, k=none, mode="a"}
  %e: f32[n,5,2] = Pool "pool" (input=%b) {kernel_size=[3, 3], output_size=[none, 2], stride=[]}
  return %e
}
)");
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[0], "Linear  fc  C64 N10  [n,10]");
  EXPECT_EQ(lines[1], "ReLU  relu  [n,10]");
  EXPECT_EQ(
      lines[2],
      "Placeholder  head.top  mylib::top beta=2.5 mode=\"a\"  i64[n] int");
  EXPECT_EQ(lines[3], "Pool  pool  K3x3 O?x2 stride=[]  [n,5,2]");
}

TEST(LayerLine, StaysShort) {
  Graph graph;
  Layer layer;
  layer.kind = "Split";
  layer.name = "split";
  layer.attributes["sizes"] = Attribute::Ints(std::vector<int64_t>(100, 7));
  layer.attributes["text"] =
      absl::StrJoin(std::vector<std::string>(100, "ü"), "");
  Slot slot = Slot::ListOf("outputs", {});
  for (int i = 0; i < 50; ++i) {
    slot.values.push_back(graph.AddValue({absl::StrCat("v", i), TensorType{}}));
  }
  layer.outputs = {slot};
  const std::string line = LayerLine(graph, layer);
  EXPECT_LT(line.size(), 200u);
  EXPECT_THAT(line, HasSubstr("...  [] [] [] [] and 46 more"));
  EXPECT_THAT(line, Not(HasSubstr("\xc3.")));
}

class LayerLogTest : public testing::Test {
 protected:
  std::string Log(bool is_terminal, bool quiet) {
    const Model model = Parse(R"(
name "Net"
graph "main" (%x: f32[2]) {
  %a: f32[2] = ReLU "a" (input=%x)
  %b: f32[2] = ReLU "b" (input=%a)
  return %b
}
)");
    std::ostringstream out;
    {
      LayerLog log(&out, is_terminal, quiet);
      log.Phase("running");
      for (int i = 0; i < 2; ++i) {
        log.Add(model.main(), model.main().layers[i], i, 2);
      }
    }
    return out.str();
  }
};

TEST_F(LayerLogTest, WritesALineALayer) {
  EXPECT_EQ(Log(/*is_terminal=*/false, /*quiet=*/false),
            "ReLU  a  [2]\nReLU  b  [2]\n");
}

TEST_F(LayerLogTest, ShowsABarOnATerminal) {
  const std::string log = Log(/*is_terminal=*/true, /*quiet=*/false);
  EXPECT_THAT(log, HasSubstr("running ..."));
  EXPECT_THAT(log, HasSubstr("[================                ] 1/2 layers"
                             "\r\x1b[KReLU  b  [2]\n"));
  EXPECT_TRUE(absl::string_view(log).substr(log.size() - 4) == "\r\x1b[K");
}

TEST_F(LayerLogTest, KeepsQuiet) {
  EXPECT_EQ(Log(/*is_terminal=*/true, /*quiet=*/true), "");
}

}  // namespace
}  // namespace flextorchir
