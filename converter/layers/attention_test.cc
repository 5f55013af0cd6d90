#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "flextorchir/converter/layers/layer_converter.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/text.h"
#include "gtest/gtest.h"

namespace flextorchir {
namespace {

// A MultiheadAttention with this body, converted.
std::string Convert(absl::string_view inputs, absl::string_view body,
                    absl::string_view outputs = "%o: f32[5,3,8]") {
  const absl::StatusOr<Model> model = ParseText(absl::StrCat(
      R"(
      flextorchir 1 layer_set 1
      graph "main" (%x: f32[5,3,8], %y: f32[7,3,8], %am: bool[5,7],
                    %kpm: bool[3,7], %w: f32[24,8], %b: f32[24],
                    %ow: f32[8,8]) {
        )",
      outputs, " = attention \"a\" (", inputs, R"() with body=@1
        return %o
      }
      graph "body" ()",
      body));
  if (!model.ok()) return model.status().ToString();
  Layer layer = model->main().layers[0];
  const auto rules = LayerConverterRegistry::Standard();
  const LayerConverter* rule =
      rules.FindModule("torch.nn.modules.activation.MultiheadAttention");
  if (rule == nullptr) return "no rule";
  const absl::Status status = (*rule)(*model, model->main(), layer);
  if (!status.ok()) {
    EXPECT_EQ(layer, model->main().layers[0]);
    return std::string(status.message());
  }
  EXPECT_TRUE(layer.bodies.count("body"));
  std::string text = LayerToText(model->main(), layer);
  return text.substr(0, text.find(" with "));
}

// Projects %p, as torch does: sdpa without weights, then out_proj.
constexpr absl::string_view kAttend = R"(
        %q: f32[3,2,5,4] = op "q" target "aten::view" (self=%p) {size=[3, 2, 5, 4]}
        %s: f32[3,2,5,4] = op "s" target "aten::scaled_dot_product_attention"
            (query=%q, key=%q, value=%q, attn_mask=none)
            {dropout_p=0.5, is_causal=false}
        %r: f32[15,8] = op "r" target "aten::reshape" (self=%s) {shape=[15, 8]}
        %l: f32[15,8] = op "l" target "aten::linear" (input=%r, weight=%ow, bias=none)
        %z: f32[5,3,8] = op "z" target "aten::view" (self=%l) {size=[5, 3, 8]}
        return %z
      })";

TEST(MultiheadAttention, OfOneInput) {
  EXPECT_EQ(
      Convert("input=%x, in_proj_weight=%w, in_proj_bias=%b, "
              "\"out_proj.weight\"=%ow",
              absl::StrCat(R"(%x: f32[5,3,8], %w: f32[24,8],
                           %b: f32[24], %ow: f32[8,8]) {
        %p: f32[5,3,24] = op "p" target "aten::linear"
            (input=%x, weight=%w, bias=%b))",
                           kAttend)),
      "%o: f32[5,3,8] = MultiheadAttention \"a\" (query=%x, key=%x, value=%x, "
      "in_proj_weight=%w, in_proj_bias=%b, out_proj_weight=%ow) "
      "{add_zero_attn=false, average_attn_weights=true, batch_first=false, "
      "dropout=0.5, embed_dim=8, is_causal=false, need_weights=false, "
      "num_heads=2}");
}

TEST(MultiheadAttention, OfTwoInputsAndMasks) {
  constexpr absl::string_view kBody = R"(%am: bool[5,7], %kpm: bool[3,7],
          %x: f32[5,3,8], %y: f32[7,3,8], %w: f32[24,8], %ow: f32[8,8]) {
        %xt: f32[3,5,8] = op "xt" target "aten::transpose.int" (self=%x)
            {dim0=1, dim1=0}
        %p: f32[5,3,8] = op "p" target "aten::linear" (input=%xt, weight=%w)
        %k: f32[7,3,16] = op "k" target "aten::linear" (input=%y, weight=%w)
        %f: f32[3,7] = op "f" target "aten::zeros_like" (self=%kpm)
        %m: f32[3,7] = op "m" target "aten::masked_fill.Scalar"
            (self=%f, mask=%kpm) {value=-inf}
        %v: f32[3,1,1,7] = op "v" target "aten::view" (self=%m)
            {size=[3, 1, 1, 7]}
        %a: f32[1,5,7] = op "a" target "aten::unsqueeze" (self=%am) {dim=0}
        %h: f32[6,5,4] = op "h" target "aten::view" (self=%p) {size=[6, 5, 4]}
        %s: f32[6,5,7] = op "s" target "aten::baddbmm"
            (self=%a, batch1=%h, batch2=%k)
        %r: f32[15,8] = op "r" target "aten::bmm" (self=%s, mat2=%k)
        %l: f32[15,8] = op "l" target "aten::linear" (input=%r, weight=%ow)
        %g: f32[3,5,7] = op "g" target "aten::mean.dim" (self=%s) {dim=[1]}
        return %l, %g
      })";
  EXPECT_EQ(Convert("input_0=%am, input_1=%kpm, input_2=%x, "
                    "input_3=%y, in_proj_weight=%w, "
                    "\"out_proj.weight\"=%ow",
                    kBody, "output_0=%o: f32[5,3,8], output_1=%g: f32[3,5,7]"),
            "%o: f32[5,3,8], attn_weights=%g: f32[3,5,7] = MultiheadAttention "
            "\"a\" (query=%x, key=%y, value=%y, in_proj_weight=%w, "
            "out_proj_weight=%ow, key_padding_mask=%kpm, attn_mask=%am) "
            "{add_zero_attn=false, average_attn_weights=true, "
            "batch_first=true, dropout=0.0, embed_dim=8, is_causal=false, "
            "need_weights=true, num_heads=2}");
}

TEST(MultiheadAttention, WithItsWeightsBeforeItsOutput) {
  EXPECT_EQ(Convert("input=%x, in_proj_weight=%w, \"out_proj.weight\"=%ow",
                    R"(%x: f32[5,3,8], %w: f32[24,8], %ow: f32[8,8]) {
        %p: f32[5,3,24] = op "p" target "aten::linear" (input=%x, weight=%w)
        %q: f32[6,5,4] = op "q" target "aten::view" (self=%p) {size=[6, 5, 4]}
        %s: f32[6,5,5] = op "s" target "aten::bmm" (self=%q, mat2=%q)
        %m: f32[6,5,5] = op "m" target "aten::softmax.int" (self=%s) {dim=-1}
        %l: f32[5,3,8] = op "l" target "aten::linear" (input=%q, weight=%ow)
        %t: f32[3,5,8] = op "t" target "aten::transpose.int" (self=%l)
            {dim0=1, dim1=0}
        return %m, %t
      })",
                    "output_0=%m: f32[6,5,5], output_1=%o: f32[3,5,8]"),
            "%o: f32[3,5,8], attn_weights=%m: f32[6,5,5] = "
            "MultiheadAttention \"a\" (query=%x, key=%x, value=%x, "
            "in_proj_weight=%w, out_proj_weight=%ow) {add_zero_attn=false, "
            "average_attn_weights=false, batch_first=false, dropout=0.0, "
            "embed_dim=4, is_causal=false, need_weights=true, num_heads=1}");
}

TEST(MultiheadAttention, OnTheFastPath) {
  EXPECT_EQ(
      Convert("input_0=%x, input_1=%kpm, in_proj_weight=%w, in_proj_bias=%b, "
              "\"out_proj.weight\"=%ow",
              R"(%x: f32[5,3,8], %kpm: bool[3,7], %w: f32[24,8], %b: f32[24],
                 %ow: f32[8,8]) {
        output_0=%z: f32[5,3,8], output_1=none = op "z"
            target "aten::_native_multi_head_attention"
            (query=%x, key=%x, value=%x, qkv_weight=%w, qkv_bias=%b,
             proj_weight=%ow, proj_bias=%b, mask=%kpm)
            {embed_dim=8, num_head=2, need_weights=false,
             average_attn_weights=true, mask_type=1}
        return %z
      })"),
      "%o: f32[5,3,8] = MultiheadAttention \"a\" (query=%x, key=%x, value=%x, "
      "in_proj_weight=%w, in_proj_bias=%b, out_proj_weight=%ow, "
      "key_padding_mask=%kpm) {add_zero_attn=false, "
      "average_attn_weights=true, batch_first=true, dropout=0.0, embed_dim=8, "
      "is_causal=false, need_weights=false, num_heads=2}");
}

TEST(MultiheadAttention, ThatIsNoneStaysItsOperators) {
  EXPECT_EQ(Convert("input=%x", R"(%x: f32[5,3,8]) {
        %z: f32[5,3,8] = op "z" target "aten::relu" (self=%x)
        return %z
      })"),
            "it has no attention followed by a projection");
  EXPECT_EQ(Convert("input_0=%x, input_1=%kpm, input_2=%am, "
                    "in_proj_weight=%w, \"out_proj.weight\"=%ow",
                    absl::StrCat(R"(%x: f32[5,3,8], %kpm: bool[3,7],
                           %am: bool[5,7], %w: f32[24,8], %ow: f32[8,8]) {
        %p: f32[5,3,24] = op "p" target "aten::linear" (input=%x, weight=%w))",
                                 kAttend)),
            "its input \"input_2\" would be a second attn_mask");
}

}  // namespace
}  // namespace flextorchir
