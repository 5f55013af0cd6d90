#include "absl/types/span.h"
#include "flextorchir/testing/layer_conformance_cases.h"

namespace flextorchir {
namespace {

constexpr LayerCase kCases[] = {
    {"aten::upsample_nearest1d.vec", "Upsample",
     "(input=%x1) {output_size=none, scale_factors=[1.7]}"},
    {"aten::upsample_nearest1d.vec", "Upsample",
     "(input=%x1) {output_size=[5], scale_factors=none}"},
    {"aten::upsample_nearest1d", "Upsample", "(self=%x1) {output_size=[5]}"},
    {"aten::upsample_nearest1d", "Upsample",
     "(self=%x1) {output_size=[13], scales=1.7}"},
    {"aten::_upsample_nearest_exact1d.vec", "Upsample",
     "(input=%x1) {output_size=none, scale_factors=[1.7]}"},
    {"aten::_upsample_nearest_exact1d.vec", "Upsample",
     "(input=%x1) {output_size=[5], scale_factors=none}"},
    {"aten::_upsample_nearest_exact1d", "Upsample",
     "(self=%x1) {output_size=[5]}"},
    {"aten::_upsample_nearest_exact1d", "Upsample",
     "(self=%x1) {output_size=[13], scales=1.7}"},
    {"aten::upsample_linear1d.vec", "Upsample",
     "(input=%x1) {output_size=none, scale_factors=[1.7], "
     "align_corners=false}"},
    {"aten::upsample_linear1d.vec", "Upsample",
     "(input=%x1) {output_size=[5], scale_factors=none, align_corners=false}"},
    {"aten::upsample_linear1d", "Upsample",
     "(self=%x1) {output_size=[5], align_corners=false}"},
    {"aten::upsample_linear1d", "Upsample",
     "(self=%x1) {output_size=[13], align_corners=false, scales=1.7}"},
    {"aten::upsample_linear1d.vec", "Upsample",
     "(input=%x1) {output_size=none, scale_factors=[1.7], "
     "align_corners=true}"},
    {"aten::upsample_linear1d.vec", "Upsample",
     "(input=%x1) {output_size=[5], scale_factors=none, align_corners=true}"},
    {"aten::upsample_linear1d", "Upsample",
     "(self=%x1) {output_size=[5], align_corners=true}"},
    {"aten::upsample_linear1d", "Upsample",
     "(self=%x1) {output_size=[13], align_corners=true, scales=1.7}"},
    {"aten::upsample_nearest2d.vec", "Upsample",
     "(input=%x2) {output_size=none, scale_factors=[1.7, 1.7]}"},
    {"aten::upsample_nearest2d.vec", "Upsample",
     "(input=%x2) {output_size=[5, 5], scale_factors=none}"},
    {"aten::upsample_nearest2d", "Upsample", "(self=%x2) {output_size=[5, 5]}"},
    {"aten::upsample_nearest2d", "Upsample",
     "(self=%x2) {output_size=[13, 13], scales_h=1.7, scales_w=1.7}"},
    {"aten::_upsample_nearest_exact2d.vec", "Upsample",
     "(input=%x2) {output_size=none, scale_factors=[1.7, 1.7]}"},
    {"aten::_upsample_nearest_exact2d.vec", "Upsample",
     "(input=%x2) {output_size=[5, 5], scale_factors=none}"},
    {"aten::_upsample_nearest_exact2d", "Upsample",
     "(self=%x2) {output_size=[5, 5]}"},
    {"aten::_upsample_nearest_exact2d", "Upsample",
     "(self=%x2) {output_size=[13, 13], scales_h=1.7, scales_w=1.7}"},
    {"aten::upsample_bilinear2d.vec", "Upsample",
     "(input=%x2) {output_size=none, scale_factors=[1.7, 1.7], "
     "align_corners=false}"},
    {"aten::upsample_bilinear2d.vec", "Upsample",
     "(input=%x2) {output_size=[5, 5], scale_factors=none, "
     "align_corners=false}"},
    {"aten::upsample_bilinear2d", "Upsample",
     "(self=%x2) {output_size=[5, 5], align_corners=false}"},
    {"aten::upsample_bilinear2d", "Upsample",
     "(self=%x2) {output_size=[13, 13], align_corners=false, scales_h=1.7, "
     "scales_w=1.7}"},
    {"aten::upsample_bilinear2d.vec", "Upsample",
     "(input=%x2) {output_size=none, scale_factors=[1.7, 1.7], "
     "align_corners=true}"},
    {"aten::upsample_bilinear2d.vec", "Upsample",
     "(input=%x2) {output_size=[5, 5], scale_factors=none, "
     "align_corners=true}"},
    {"aten::upsample_bilinear2d", "Upsample",
     "(self=%x2) {output_size=[5, 5], align_corners=true}"},
    {"aten::upsample_bilinear2d", "Upsample",
     "(self=%x2) {output_size=[13, 13], align_corners=true, scales_h=1.7, "
     "scales_w=1.7}"},
    {"aten::upsample_bicubic2d.vec", "Upsample",
     "(input=%x2) {output_size=none, scale_factors=[1.7, 1.7], "
     "align_corners=false}"},
    {"aten::upsample_bicubic2d.vec", "Upsample",
     "(input=%x2) {output_size=[5, 5], scale_factors=none, "
     "align_corners=false}"},
    {"aten::upsample_bicubic2d", "Upsample",
     "(self=%x2) {output_size=[5, 5], align_corners=false}"},
    {"aten::upsample_bicubic2d", "Upsample",
     "(self=%x2) {output_size=[13, 13], align_corners=false, scales_h=1.7, "
     "scales_w=1.7}"},
    {"aten::upsample_bicubic2d.vec", "Upsample",
     "(input=%x2) {output_size=none, scale_factors=[1.7, 1.7], "
     "align_corners=true}"},
    {"aten::upsample_bicubic2d.vec", "Upsample",
     "(input=%x2) {output_size=[5, 5], scale_factors=none, "
     "align_corners=true}"},
    {"aten::upsample_bicubic2d", "Upsample",
     "(self=%x2) {output_size=[5, 5], align_corners=true}"},
    {"aten::upsample_bicubic2d", "Upsample",
     "(self=%x2) {output_size=[13, 13], align_corners=true, scales_h=1.7, "
     "scales_w=1.7}"},
    {"aten::_upsample_bilinear2d_aa.vec", "Upsample",
     "(input=%x2) {output_size=none, scale_factors=[1.7, 1.7], "
     "align_corners=false}"},
    {"aten::_upsample_bilinear2d_aa.vec", "Upsample",
     "(input=%x2) {output_size=[5, 5], scale_factors=none, "
     "align_corners=false}"},
    {"aten::_upsample_bilinear2d_aa", "Upsample",
     "(self=%x2) {output_size=[5, 5], align_corners=false}"},
    {"aten::_upsample_bilinear2d_aa", "Upsample",
     "(self=%x2) {output_size=[13, 13], align_corners=false, scales_h=1.7, "
     "scales_w=1.7}"},
    {"aten::_upsample_bilinear2d_aa.vec", "Upsample",
     "(input=%x2) {output_size=none, scale_factors=[1.7, 1.7], "
     "align_corners=true}"},
    {"aten::_upsample_bilinear2d_aa.vec", "Upsample",
     "(input=%x2) {output_size=[5, 5], scale_factors=none, "
     "align_corners=true}"},
    {"aten::_upsample_bilinear2d_aa", "Upsample",
     "(self=%x2) {output_size=[5, 5], align_corners=true}"},
    {"aten::_upsample_bilinear2d_aa", "Upsample",
     "(self=%x2) {output_size=[13, 13], align_corners=true, scales_h=1.7, "
     "scales_w=1.7}"},
    {"aten::_upsample_bicubic2d_aa.vec", "Upsample",
     "(input=%x2) {output_size=none, scale_factors=[1.7, 1.7], "
     "align_corners=false}"},
    {"aten::_upsample_bicubic2d_aa.vec", "Upsample",
     "(input=%x2) {output_size=[5, 5], scale_factors=none, "
     "align_corners=false}"},
    {"aten::_upsample_bicubic2d_aa", "Upsample",
     "(self=%x2) {output_size=[5, 5], align_corners=false}"},
    {"aten::_upsample_bicubic2d_aa", "Upsample",
     "(self=%x2) {output_size=[13, 13], align_corners=false, scales_h=1.7, "
     "scales_w=1.7}"},
    {"aten::_upsample_bicubic2d_aa.vec", "Upsample",
     "(input=%x2) {output_size=none, scale_factors=[1.7, 1.7], "
     "align_corners=true}"},
    {"aten::_upsample_bicubic2d_aa.vec", "Upsample",
     "(input=%x2) {output_size=[5, 5], scale_factors=none, "
     "align_corners=true}"},
    {"aten::_upsample_bicubic2d_aa", "Upsample",
     "(self=%x2) {output_size=[5, 5], align_corners=true}"},
    {"aten::_upsample_bicubic2d_aa", "Upsample",
     "(self=%x2) {output_size=[13, 13], align_corners=true, scales_h=1.7, "
     "scales_w=1.7}"},
    {"aten::_upsample_lanczos2d_aa.vec", "Upsample",
     "(input=%x2) {output_size=none, scale_factors=[1.7, 1.7], "
     "align_corners=false}"},
    {"aten::_upsample_lanczos2d_aa.vec", "Upsample",
     "(input=%x2) {output_size=[5, 5], scale_factors=none, "
     "align_corners=false}"},
    {"aten::_upsample_lanczos2d_aa", "Upsample",
     "(self=%x2) {output_size=[5, 5], align_corners=false}"},
    {"aten::_upsample_lanczos2d_aa", "Upsample",
     "(self=%x2) {output_size=[13, 13], align_corners=false, scales_h=1.7, "
     "scales_w=1.7}"},
    {"aten::_upsample_lanczos2d_aa.vec", "Upsample",
     "(input=%x2) {output_size=none, scale_factors=[1.7, 1.7], "
     "align_corners=true}"},
    {"aten::_upsample_lanczos2d_aa.vec", "Upsample",
     "(input=%x2) {output_size=[5, 5], scale_factors=none, "
     "align_corners=true}"},
    {"aten::_upsample_lanczos2d_aa", "Upsample",
     "(self=%x2) {output_size=[5, 5], align_corners=true}"},
    {"aten::_upsample_lanczos2d_aa", "Upsample",
     "(self=%x2) {output_size=[13, 13], align_corners=true, scales_h=1.7, "
     "scales_w=1.7}"},
    {"aten::upsample_nearest3d.vec", "Upsample",
     "(input=%x3) {output_size=none, scale_factors=[1.7, 1.7, 1.7]}"},
    {"aten::upsample_nearest3d.vec", "Upsample",
     "(input=%x3) {output_size=[5, 5, 5], scale_factors=none}"},
    {"aten::upsample_nearest3d", "Upsample",
     "(self=%x3) {output_size=[5, 5, 5]}"},
    {"aten::upsample_nearest3d", "Upsample",
     "(self=%x3) {output_size=[6, 13, 13], scales_d=1.7, scales_h=1.7, "
     "scales_w=1.7}"},
    {"aten::_upsample_nearest_exact3d.vec", "Upsample",
     "(input=%x3) {output_size=none, scale_factors=[1.7, 1.7, 1.7]}"},
    {"aten::_upsample_nearest_exact3d.vec", "Upsample",
     "(input=%x3) {output_size=[5, 5, 5], scale_factors=none}"},
    {"aten::_upsample_nearest_exact3d", "Upsample",
     "(self=%x3) {output_size=[5, 5, 5]}"},
    {"aten::_upsample_nearest_exact3d", "Upsample",
     "(self=%x3) {output_size=[6, 13, 13], scales_d=1.7, scales_h=1.7, "
     "scales_w=1.7}"},
    {"aten::upsample_trilinear3d.vec", "Upsample",
     "(input=%x3) {output_size=none, scale_factors=[1.7, 1.7, 1.7], "
     "align_corners=false}"},
    {"aten::upsample_trilinear3d.vec", "Upsample",
     "(input=%x3) {output_size=[5, 5, 5], scale_factors=none, "
     "align_corners=false}"},
    {"aten::upsample_trilinear3d", "Upsample",
     "(self=%x3) {output_size=[5, 5, 5], align_corners=false}"},
    {"aten::upsample_trilinear3d", "Upsample",
     "(self=%x3) {output_size=[6, 13, 13], align_corners=false, "
     "scales_d=1.7, scales_h=1.7, scales_w=1.7}"},
    {"aten::upsample_trilinear3d.vec", "Upsample",
     "(input=%x3) {output_size=none, scale_factors=[1.7, 1.7, 1.7], "
     "align_corners=true}"},
    {"aten::upsample_trilinear3d.vec", "Upsample",
     "(input=%x3) {output_size=[5, 5, 5], scale_factors=none, "
     "align_corners=true}"},
    {"aten::upsample_trilinear3d", "Upsample",
     "(self=%x3) {output_size=[5, 5, 5], align_corners=true}"},
    {"aten::upsample_trilinear3d", "Upsample",
     "(self=%x3) {output_size=[6, 13, 13], align_corners=true, scales_d=1.7, "
     "scales_h=1.7, scales_w=1.7}"},
    {"aten::lstm.input", "LSTM",
     "(input=%seq, hx=[%h, %cell], params=[%wih8, %whh8, %b8, %b8]) "
     "{has_biases=true, num_layers=1, dropout=0.0, train=false, "
     "bidirectional=false, batch_first=false}"},
    {"aten::lstm.input", "LSTM",
     "(input=%seq, hx=[%h2, %h2], params=[%wih8, %whh8, %wih8, %whh8]) "
     "{has_biases=false, num_layers=1, dropout=0.0, train=false, "
     "bidirectional=true, batch_first=false}"},
    {"aten::lstm.input", "LSTM",
     "(input=%seq, hx=[%proj, %cell], params=[%wih8, %whr8, %whr]) "
     "{has_biases=false, num_layers=1, dropout=0.0, train=false, "
     "bidirectional=false, batch_first=false}"},
    {"aten::lstm.data", "LSTM",
     "(data=%packed, batch_sizes=%steps, hx=[%h, %cell], params=[%wih8, "
     "%whh8, %b8, %b8]) {has_biases=true, num_layers=1, dropout=0.0, "
     "train=false, bidirectional=false}"},
    {"aten::gru.input", "GRU",
     "(input=%seq, hx=%h2, params=[%wih6, %whh6, %b6, %b6, %wih62, %whh6, "
     "%b6, %b6]) {has_biases=true, num_layers=2, dropout=0.5, train=true, "
     "bidirectional=false, batch_first=false}"},
    {"aten::gru.data", "GRU",
     "(data=%packed, batch_sizes=%steps, hx=%h, params=[%wih6, %whh6]) "
     "{has_biases=false, num_layers=1, dropout=0.0, train=false, "
     "bidirectional=false}"},
    {"aten::rnn_tanh.input", "RNNTanh",
     "(input=%seq, hx=%h, params=[%wih2, %whh2, %b2, %b2]) {has_biases=true, "
     "num_layers=1, dropout=0.0, train=false, bidirectional=false, "
     "batch_first=false}"},
    {"aten::rnn_tanh.data", "RNNTanh",
     "(data=%packed, batch_sizes=%steps, hx=%h, params=[%wih2, %whh2]) "
     "{has_biases=false, num_layers=1, dropout=0.0, train=false, "
     "bidirectional=false}"},
    {"aten::rnn_tanh_cell", "RNNTanhCell",
     "(input=%step, hx=%hx, w_ih=%wih2, w_hh=%whh2, b_ih=%b2, b_hh=%b2)"},
    {"aten::rnn_relu.input", "RNNReLU",
     "(input=%seq, hx=%h, params=[%wih2, %whh2, %b2, %b2]) {has_biases=true, "
     "num_layers=1, dropout=0.0, train=false, bidirectional=false, "
     "batch_first=false}"},
    {"aten::rnn_relu.data", "RNNReLU",
     "(data=%packed, batch_sizes=%steps, hx=%h, params=[%wih2, %whh2]) "
     "{has_biases=false, num_layers=1, dropout=0.0, train=false, "
     "bidirectional=false}"},
    {"aten::rnn_relu_cell", "RNNReLUCell",
     "(input=%step, hx=%hx, w_ih=%wih2, w_hh=%whh2, b_ih=%b2, b_hh=%b2)"},
    {"aten::lstm_cell", "LSTMCell",
     "(input=%step, hx=[%hx, %cx], w_ih=%wih8, w_hh=%whh8, b_ih=%b8, "
     "b_hh=%b8)"},
    {"aten::gru_cell", "GRUCell",
     "(input=%step, hx=%hx, w_ih=%wih6, w_hh=%whh6)"},
    {"aten::_pack_padded_sequence", "PackPaddedSequence",
     "(input=%seq, lengths=%lengths) {batch_first=false}"},
    {"aten::_pad_packed_sequence", "PadPackedSequence",
     "(data=%packed, batch_sizes=%steps) {batch_first=true, "
     "padding_value=0.5, total_length=4}"},
    {"aten::scaled_dot_product_attention", "ScaledDotProductAttention",
     "(query=%heads, key=%heads2, value=%heads2, attn_mask=%mask)"},
    {"aten::scaled_dot_product_attention", "ScaledDotProductAttention",
     "(query=%heads, key=%heads2, value=%heads2) {is_causal=true, scale=0.3}"},
    {"aten::scaled_dot_product_attention", "ScaledDotProductAttention",
     "(query=%heads, key=%heads2, value=%heads2) {dropout_p=0.4}"},
    {"aten::_native_multi_head_attention", "NativeMultiHeadAttention",
     "(query=%tokens, key=%tokens, value=%tokens, qkv_weight=%qkv, "
     "qkv_bias=%qkvb, proj_weight=%proj4, proj_bias=%v) {embed_dim=4, "
     "num_head=2, need_weights=true}"},
    {"aten::_native_multi_head_attention", "NativeMultiHeadAttention",
     "(query=%tokens, key=%tokens, value=%tokens, qkv_weight=%qkv, "
     "qkv_bias=%qkvb, proj_weight=%proj4, proj_bias=%v) {embed_dim=4, "
     "num_head=2, need_weights=false}"},
    {"aten::_transformer_encoder_layer_fwd", "TransformerEncoderLayerFwd",
     "(src=%tokens, qkv_weight=%qkv, qkv_bias=%qkvb, proj_weight=%proj4, "
     "proj_bias=%v, norm_weight_1=%v, norm_bias_1=%v2, norm_weight_2=%v, "
     "norm_bias_2=%v2, ffn_weight_1=%ffn1, ffn_bias_1=%b8, "
     "ffn_weight_2=%ffn2, ffn_bias_2=%v) {embed_dim=4, num_heads=2, "
     "use_gelu=true, norm_first=true, eps=0.001}"},
    {"aten::grid_sampler", "GridSample",
     "(input=%x2, grid=%grid2) {interpolation_mode=0, padding_mode=0, "
     "align_corners=false}"},
    {"aten::grid_sampler", "GridSample",
     "(input=%x2, grid=%grid2) {interpolation_mode=0, padding_mode=1, "
     "align_corners=false}"},
    {"aten::grid_sampler", "GridSample",
     "(input=%x2, grid=%grid2) {interpolation_mode=0, padding_mode=2, "
     "align_corners=false}"},
    {"aten::grid_sampler", "GridSample",
     "(input=%x2, grid=%grid2) {interpolation_mode=1, padding_mode=0, "
     "align_corners=true}"},
    {"aten::grid_sampler", "GridSample",
     "(input=%x2, grid=%grid2) {interpolation_mode=1, padding_mode=1, "
     "align_corners=true}"},
    {"aten::grid_sampler", "GridSample",
     "(input=%x2, grid=%grid2) {interpolation_mode=1, padding_mode=2, "
     "align_corners=true}"},
    {"aten::grid_sampler", "GridSample",
     "(input=%x2, grid=%grid2) {interpolation_mode=2, padding_mode=0, "
     "align_corners=true}"},
    {"aten::grid_sampler", "GridSample",
     "(input=%x2, grid=%grid2) {interpolation_mode=2, padding_mode=1, "
     "align_corners=true}"},
    {"aten::grid_sampler", "GridSample",
     "(input=%x2, grid=%grid2) {interpolation_mode=2, padding_mode=2, "
     "align_corners=true}"},
    {"aten::grid_sampler_2d", "GridSample",
     "(input=%x2, grid=%grid2) {interpolation_mode=0, padding_mode=2, "
     "align_corners=true}"},
    {"aten::grid_sampler_3d", "GridSample",
     "(input=%x3, grid=%grid3) {interpolation_mode=1, padding_mode=1, "
     "align_corners=false}"},
    {"aten::affine_grid_generator", "AffineGrid",
     "(theta=%theta) {size=[2, 3, 4, 5], align_corners=true}"},
    {"aten::dropout", "Dropout", "(input=%x2) {p=0.4, train=true}"},
    {"aten::dropout", "Dropout", "(input=%x2) {p=0.4, train=false}"},
    {"aten::feature_dropout", "FeatureDropout",
     "(input=%x2) {p=0.4, train=true}"},
    {"aten::feature_dropout", "FeatureDropout",
     "(input=%x2) {p=0.4, train=false}"},
    {"aten::alpha_dropout", "AlphaDropout", "(input=%x2) {p=0.4, train=true}"},
    {"aten::alpha_dropout", "AlphaDropout", "(input=%x2) {p=0.4, train=false}"},
    {"aten::feature_alpha_dropout", "FeatureAlphaDropout",
     "(input=%x2) {p=0.4, train=true}"},
    {"aten::feature_alpha_dropout", "FeatureAlphaDropout",
     "(input=%x2) {p=0.4, train=false}"},
    {"aten::dropout_", "Dropout", "(self=%x2) {p=0.4, train=true}"},
    {"aten::dropout_", "Dropout", "(self=%x2) {p=0.4, train=false}"},
    {"aten::feature_dropout_", "FeatureDropout",
     "(self=%x2) {p=0.4, train=true}"},
    {"aten::feature_dropout_", "FeatureDropout",
     "(self=%x2) {p=0.4, train=false}"},
    {"aten::alpha_dropout_", "AlphaDropout", "(self=%x2) {p=0.4, train=true}"},
    {"aten::alpha_dropout_", "AlphaDropout", "(self=%x2) {p=0.4, train=false}"},
    {"aten::feature_alpha_dropout_", "FeatureAlphaDropout",
     "(self=%x2) {p=0.4, train=true}"},
    {"aten::feature_alpha_dropout_", "FeatureAlphaDropout",
     "(self=%x2) {p=0.4, train=false}"},
    {"aten::native_dropout", "NativeDropout",
     "(input=%x2) {p=0.4, train=true}"},
    {"aten::bernoulli", "Bernoulli", "(self=%p)"},
    {"aten::bernoulli.p", "Bernoulli", "(self=%p) {p=0.3}"},
    {"aten::bernoulli.Tensor", "Bernoulli", "(self=%p, p=%q)"},
    {"aten::multinomial", "Multinomial",
     "(self=%p) {num_samples=6, replacement=true}"},
    {"aten::randint", "Randint", "() {high=9, size=[2, 3]}"},
    {"aten::randint.low", "Randint",
     "() {low=-3, high=9, size=[2, 3], dtype=f32}"},
    {"aten::randperm", "Randperm", "() {n=9}"},
    {"aten::rand", "Rand", "() {size=[2, 3]}"},
    {"aten::randn", "Randn", "() {size=[2, 3], dtype=f64}"},
    {"aten::randint_like", "RandintLike", "(self=%p) {high=9}"},
    {"aten::randint_like.low_dtype", "RandintLike",
     "(self=%p) {low=2, high=9, dtype=i64}"},
    {"aten::normal.float_float", "Normal", "() {mean=1.0, std=2.0, size=[3]}"},
    {"aten::normal.Tensor_float", "Normal", "(mean=%p) {std=2.0}"},
    {"aten::normal.float_Tensor", "Normal", "(std=%p) {mean=2.0}"},
    {"aten::random.from", "RandomLike", "(self=%p) {from=-3, to=9}"},
    {"aten::random.to", "RandomLike", "(self=%p) {to=9}"},
    {"aten::uniform", "UniformLike", "(self=%p) {from=-1.0, to=3.0}"},
    {"aten::binomial", "Binomial", "(count=%bigs, prob=%p)"},
    {"aten::quantize_per_tensor", "QuantizePerTensor",
     "(self=%r) {scale=0.1, zero_point=3, dtype=qu8}"},
    {"aten::quantize_per_tensor.tensor_qparams", "QuantizePerTensor",
     "(self=%r, scale=%scale, zero_point=%zero) {dtype=qi8}"},
    {"aten::quantize_per_channel", "QuantizePerChannel",
     "(self=%r, scales=%c4, zero_points=%zp) {axis=1, dtype=qi8}"},
    {"aten::quantize_per_tensor_dynamic", "QuantizePerTensorDynamic",
     "(self=%r) {dtype=qu8, reduce_range=false}"},
    {"aten::dequantize.self", "Dequantize", "(self=%quant)"},
    {"aten::int_repr", "IntRepr", "(self=%quant)"},
    {"aten::fake_quantize_per_tensor_affine", "FakeQuantizePerTensorAffine",
     "(self=%r) {scale=0.1, zero_point=3, quant_min=0, quant_max=255}"},
    {"aten::fake_quantize_per_tensor_affine.tensor_qparams",
     "FakeQuantizePerTensorAffine",
     "(self=%r, scale=%scale, zero_point=%zero) {quant_min=0, quant_max=255}"},
    {"aten::fake_quantize_per_channel_affine", "FakeQuantizePerChannelAffine",
     "(self=%r, scale=%c4, zero_point=%zp32) {axis=1, quant_min=-128, "
     "quant_max=127}"},
    {"aten::mse_loss", "MSELoss", "(self=%p, target=%q) {reduction=0}"},
    {"aten::mse_loss", "MSELoss", "(self=%p, target=%q) {reduction=1}"},
    {"aten::mse_loss", "MSELoss", "(self=%p, target=%q) {reduction=2}"},
    {"aten::l1_loss", "L1Loss", "(self=%p, target=%q) {reduction=0}"},
    {"aten::l1_loss", "L1Loss", "(self=%p, target=%q) {reduction=1}"},
    {"aten::l1_loss", "L1Loss", "(self=%p, target=%q) {reduction=2}"},
    {"aten::smooth_l1_loss", "SmoothL1Loss",
     "(self=%p, target=%q) {reduction=0}"},
    {"aten::smooth_l1_loss", "SmoothL1Loss",
     "(self=%p, target=%q) {reduction=1}"},
    {"aten::smooth_l1_loss", "SmoothL1Loss",
     "(self=%p, target=%q) {reduction=2}"},
    {"aten::huber_loss", "HuberLoss", "(self=%p, target=%q) {reduction=0}"},
    {"aten::huber_loss", "HuberLoss", "(self=%p, target=%q) {reduction=1}"},
    {"aten::huber_loss", "HuberLoss", "(self=%p, target=%q) {reduction=2}"},
    {"aten::binary_cross_entropy", "BCELoss",
     "(self=%p, target=%q) {reduction=0}"},
    {"aten::binary_cross_entropy", "BCELoss",
     "(self=%p, target=%q) {reduction=1}"},
    {"aten::binary_cross_entropy", "BCELoss",
     "(self=%p, target=%q) {reduction=2}"},
    {"aten::binary_cross_entropy_with_logits", "BCEWithLogitsLoss",
     "(self=%p, target=%q) {reduction=0}"},
    {"aten::binary_cross_entropy_with_logits", "BCEWithLogitsLoss",
     "(self=%p, target=%q) {reduction=1}"},
    {"aten::binary_cross_entropy_with_logits", "BCEWithLogitsLoss",
     "(self=%p, target=%q) {reduction=2}"},
    {"aten::kl_div", "KLDivLoss", "(self=%p, target=%q) {reduction=0}"},
    {"aten::kl_div", "KLDivLoss", "(self=%p, target=%q) {reduction=1}"},
    {"aten::kl_div", "KLDivLoss", "(self=%p, target=%q) {reduction=2}"},
    {"aten::soft_margin_loss", "SoftMarginLoss",
     "(self=%p, target=%q) {reduction=0}"},
    {"aten::soft_margin_loss", "SoftMarginLoss",
     "(self=%p, target=%q) {reduction=1}"},
    {"aten::soft_margin_loss", "SoftMarginLoss",
     "(self=%p, target=%q) {reduction=2}"},
    {"aten::hinge_embedding_loss", "HingeEmbeddingLoss",
     "(self=%p, target=%q) {reduction=0}"},
    {"aten::hinge_embedding_loss", "HingeEmbeddingLoss",
     "(self=%p, target=%q) {reduction=1}"},
    {"aten::hinge_embedding_loss", "HingeEmbeddingLoss",
     "(self=%p, target=%q) {reduction=2}"},
    {"aten::nll_loss_nd", "NLLLoss",
     "(self=%logits, target=%i) {reduction=0, ignore_index=1}"},
    {"aten::cross_entropy_loss", "CrossEntropyLoss",
     "(self=%logits, target=%i) {label_smoothing=0.1, ignore_index=2}"},
    {"aten::poisson_nll_loss", "PoissonNLLLoss",
     "(input=%p, target=%q) {log_input=true, full=true, eps=1e-8, "
     "reduction=2}"},
    {"aten::margin_ranking_loss", "MarginRankingLoss",
     "(input1=%p, input2=%q, target=%signs) {margin=0.5}"},
    {"aten::cosine_embedding_loss", "CosineEmbeddingLoss",
     "(input1=%p, input2=%q, target=%signs1) {margin=0.5}"},
    {"aten::triplet_margin_loss", "TripletMarginLoss",
     "(anchor=%p, positive=%q, negative=%r) {margin=2.0, p=1.0, swap=true, "
     "reduction=2}"},
    {"aten::multi_margin_loss", "MultiMarginLoss",
     "(self=%logits, target=%i) {p=2, margin=0.5}"},
    {"aten::multilabel_margin_loss", "MultiLabelMarginLoss",
     "(self=%p, target=%j)"},
    {"aten::ctc_loss.IntList", "CTCLoss",
     "(log_probs=%logprobs, targets=%targets) {input_lengths=[6, 5], "
     "target_lengths=[3, 2], reduction=2}"},
    {"aten::ctc_loss.Tensor", "CTCLoss",
     "(log_probs=%logprobs, targets=%targets, input_lengths=%six, "
     "target_lengths=%two) {zero_infinity=true}"},
    {"aten::fft_fft", "Fft", "(self=%z) {n=3, dim=0, norm=\"ortho\"}"},
    {"aten::fft_fft2", "Fft2", "(self=%z) {norm=\"forward\"}"},
    {"aten::fft_fftn", "Fftn", "(self=%z) {s=[3, 4], dim=[0, 1]}"},
    {"aten::fft_ifft", "Ifft", "(self=%z) {n=3, dim=0, norm=\"ortho\"}"},
    {"aten::fft_ifft2", "Ifft2", "(self=%z) {norm=\"forward\"}"},
    {"aten::fft_ifftn", "Ifftn", "(self=%z) {s=[3, 4], dim=[0, 1]}"},
    {"aten::fft_rfft", "Rfft", "(self=%p) {n=3, dim=0, norm=\"ortho\"}"},
    {"aten::fft_rfft2", "Rfft2", "(self=%p) {norm=\"forward\"}"},
    {"aten::fft_rfftn", "Rfftn", "(self=%p) {s=[3, 4], dim=[0, 1]}"},
    {"aten::fft_irfft", "Irfft", "(self=%z) {n=3, dim=0, norm=\"ortho\"}"},
    {"aten::fft_irfft2", "Irfft2", "(self=%z) {norm=\"forward\"}"},
    {"aten::fft_irfftn", "Irfftn", "(self=%z) {s=[3, 4], dim=[0, 1]}"},
    {"aten::fft_hfft", "Hfft", "(self=%z) {n=3, dim=0, norm=\"ortho\"}"},
    {"aten::fft_hfft2", "Hfft2", "(self=%z) {norm=\"forward\"}"},
    {"aten::fft_hfftn", "Hfftn", "(self=%z) {s=[3, 4], dim=[0, 1]}"},
    {"aten::fft_ihfft", "Ihfft", "(self=%p) {n=3, dim=0, norm=\"ortho\"}"},
    {"aten::fft_ihfft2", "Ihfft2", "(self=%p) {norm=\"forward\"}"},
    {"aten::fft_ihfftn", "Ihfftn", "(self=%p) {s=[3, 4], dim=[0, 1]}"},
    {"aten::fft_fftshift", "FftShift", "(self=%p) {dim=[1]}"},
    {"aten::fft_ifftshift", "IfftShift", "(self=%p)"},
    {"aten::stft.center", "Stft",
     "(self=%wave, window=%window) {n_fft=16, hop_length=4, "
     "return_complex=true}"},
    {"aten::stft", "Stft",
     "(self=%wave, window=%window) {n_fft=16, hop_length=4, normalized=true, "
     "onesided=true, return_complex=true}"},
    {"aten::istft", "Istft",
     "(self=%spectrum, window=%window) {n_fft=16, hop_length=4}"},
    {"aten::linalg_solve", "Solve", "(A=%spd, B=%q)"},
    {"aten::linalg_solve_triangular", "SolveTriangular",
     "(self=%spd, B=%q) {upper=true, unitriangular=true}"},
    {"aten::linalg_qr", "QR", "(A=%p) {mode=\"complete\"}"},
    {"aten::linalg_svd", "SVD", "(A=%row3) {full_matrices=false}"},
    {"aten::linalg_eigh", "Eigh", "(self=%spd) {UPLO=\"U\"}"},
    {"aten::linalg_eigvalsh", "Eigvalsh", "(self=%spd)"},
    {"aten::linalg_cholesky", "Cholesky", "(self=%spd) {upper=true}"},
    {"aten::cholesky_solve", "CholeskySolve",
     "(self=%p, input2=%spd) {upper=true}"},
    {"aten::linalg_lstsq", "Lstsq", "(self=%p, b=%q) {driver=\"gelsd\"}"},
    {"aten::linalg_pinv.atol_rtol_float", "Pinv", "(self=%row3) {atol=0.1}"},
    {"aten::linalg_matrix_power", "MatrixPower", "(self=%p) {n=3}"},
    {"aten::matrix_power", "MatrixPower", "(self=%spd) {n=-2}"},
    {"aten::linalg_matrix_rank.atol_rtol_float", "MatrixRank",
     "(self=%p) {rtol=0.5}"},
    {"aten::linalg_cond", "Cond", "(self=%spd)"},
    {"aten::linalg_cond", "Cond", "(self=%spd) {p=1}"},
    {"aten::linalg_cond.p_str", "Cond", "(self=%spd) {p=\"fro\"}"},
    {"aten::linalg_lu_solve", "LUSolve",
     "(LU=%spd, pivots=%pivots, B=%q) {adjoint=true}"},
    {"aten::lu_unpack", "LUUnpack", "(LU_data=%spd, LU_pivots=%pivots)"},
    {"aten::linalg_tensorinv", "TensorInv", "(self=%tinv) {ind=2}"},
    {"aten::linalg_householder_product", "HouseholderProduct",
     "(input=%p, tau=%v)"},
    {"aten::linalg_solve_ex", "SolveEx", "(A=%spd, B=%q)"},
    {"aten::diff", "Diff", "(self=%cube) {n=2, dim=1}"},
    {"aten::diff", "Diff", "(self=%p, prepend=%q)"},
    {"aten::trapezoid.x", "Trapezoid", "(y=%p, x=%q) {dim=0}"},
    {"aten::trapezoid.dx", "Trapezoid", "(y=%p) {dx=0.5}"},
    {"aten::trapz.dx", "Trapezoid", "(y=%p) {dx=0.5}"},
    {"aten::trapz.x", "Trapezoid", "(y=%p, x=%q)"},
};

}  // namespace

absl::Span<const LayerCase> OtherLayerCases() { return kCases; }

}  // namespace flextorchir
