#include "absl/types/span.h"
#include "flextorchir/testing/layer_conformance_cases.h"

namespace flextorchir {
namespace {

constexpr LayerCase kCases[] = {
    {"quantized::conv1d", "QuantizedConv1d",
     "(qx=%qx1, weight=%qw1, bias=%c6) {stride=[2], padding=[1], "
     "dilation=[1], groups=1, output_scale=0.2, output_zero_point=100}"},
    {"quantized::conv1d_relu", "QuantizedConv1d",
     "(qx=%qx1, weight=%qw1, bias=%c6) {stride=[2], padding=[1], "
     "dilation=[1], groups=1, output_scale=0.2, output_zero_point=100}"},
    {"quantized::conv1d", "QuantizedConv1d",
     "(qx=%qx1, weight=%qg1, bias=none) {stride=[1], padding=[1], "
     "dilation=[1], groups=2, output_scale=0.2, output_zero_point=100}"},
    {"quantized::conv1d_dynamic", "DynamicQuantizedConv1d",
     "(qx=%x1, weight=%qw1, bias=%c6) {stride=[2], padding=[1], "
     "dilation=[1], groups=1, reduce_range=true}"},
    {"quantized::conv_transpose1d", "QuantizedConvTranspose1d",
     "(qx=%qx1, weight=%qt1, bias=%c6) {stride=[2], padding=[1], "
     "output_padding=[1], dilation=[1], groups=1, output_scale=0.2, "
     "output_zero_point=100}"},
    {"quantized::conv_transpose1d_dynamic", "DynamicQuantizedConvTranspose1d",
     "(qx=%x1, weight=%qt1, bias=none) {stride=[2], padding=[1], "
     "output_padding=[0], dilation=[1], groups=1, reduce_range=false}"},
    {"quantized::conv2d.new", "QuantizedConv2d",
     "(qx=%qx2, weight=%qw2, bias=%c6) {stride=[2, 1], padding=[1, 0], "
     "dilation=[1, 1], groups=1, output_scale=0.2, output_zero_point=100}"},
    {"quantized::conv2d", "QuantizedConv2d",
     "(qx=%qx2, weight=%qw2, bias=none) {stride=[1, 1], padding=[0, 0], "
     "dilation=[1, 1], groups=1, output_scale=0.2, output_zero_point=100}"},
    {"quantized::conv2d_relu.new", "QuantizedConv2d",
     "(qx=%qx2, weight=%qw2, bias=%c6) {stride=[2, 1], padding=[1, 0], "
     "dilation=[1, 1], groups=1, output_scale=0.2, output_zero_point=100}"},
    {"quantized::conv2d_relu", "QuantizedConv2d",
     "(qx=%qx2, weight=%qw2, bias=none) {stride=[1, 1], padding=[0, 0], "
     "dilation=[1, 1], groups=1, output_scale=0.2, output_zero_point=100}"},
    {"quantized::conv2d.new", "QuantizedConv2d",
     "(qx=%qx2, weight=%qg2, bias=none) {stride=[1, 1], padding=[1, 0], "
     "dilation=[1, 1], groups=2, output_scale=0.2, output_zero_point=100}"},
    {"quantized::conv2d_dynamic", "DynamicQuantizedConv2d",
     "(qx=%x2, weight=%qw2, bias=%c6) {stride=[2, 1], padding=[1, 0], "
     "dilation=[1, 1], groups=1, reduce_range=true}"},
    {"quantized::conv_transpose2d", "QuantizedConvTranspose2d",
     "(qx=%qx2, weight=%qt2, bias=%c6) {stride=[2, 1], padding=[1, 0], "
     "output_padding=[1, 0], dilation=[1, 1], groups=1, output_scale=0.2, "
     "output_zero_point=100}"},
    {"quantized::conv_transpose2d_dynamic", "DynamicQuantizedConvTranspose2d",
     "(qx=%x2, weight=%qt2, bias=none) {stride=[2, 1], padding=[1, 0], "
     "output_padding=[0, 0], dilation=[1, 1], groups=1, reduce_range=false}"},
    {"quantized::conv3d.new", "QuantizedConv3d",
     "(qx=%qx3, weight=%qw3, bias=%c6) {stride=[2, 1, 1], padding=[1, 0, "
     "0], dilation=[1, 1, 1], groups=1, output_scale=0.2, "
     "output_zero_point=100}"},
    {"quantized::conv3d", "QuantizedConv3d",
     "(qx=%qx3, weight=%qw3, bias=none) {stride=[1, 1, 1], padding=[0, 0, "
     "0], dilation=[1, 1, 1], groups=1, output_scale=0.2, "
     "output_zero_point=100}"},
    {"quantized::conv3d_relu.new", "QuantizedConv3d",
     "(qx=%qx3, weight=%qw3, bias=%c6) {stride=[2, 1, 1], padding=[1, 0, "
     "0], dilation=[1, 1, 1], groups=1, output_scale=0.2, "
     "output_zero_point=100}"},
    {"quantized::conv3d_relu", "QuantizedConv3d",
     "(qx=%qx3, weight=%qw3, bias=none) {stride=[1, 1, 1], padding=[0, 0, "
     "0], dilation=[1, 1, 1], groups=1, output_scale=0.2, "
     "output_zero_point=100}"},
    {"quantized::conv3d.new", "QuantizedConv3d",
     "(qx=%qx3, weight=%qg3, bias=none) {stride=[1, 1, 1], padding=[1, 0, "
     "0], dilation=[1, 1, 1], groups=2, output_scale=0.2, "
     "output_zero_point=100}"},
    {"quantized::conv3d_dynamic", "DynamicQuantizedConv3d",
     "(qx=%x3, weight=%qw3, bias=%c6) {stride=[2, 1, 1], padding=[1, 0, 0], "
     "dilation=[1, 1, 1], groups=1, reduce_range=true}"},
    {"quantized::conv_transpose3d", "QuantizedConvTranspose3d",
     "(qx=%qx3, weight=%qt3, bias=%c6) {stride=[2, 1, 1], padding=[1, 0, "
     "0], output_padding=[1, 0, 0], dilation=[1, 1, 1], groups=1, "
     "output_scale=0.2, output_zero_point=100}"},
    {"quantized::conv_transpose3d_dynamic", "DynamicQuantizedConvTranspose3d",
     "(qx=%x3, weight=%qt3, bias=none) {stride=[2, 1, 1], padding=[1, 0, "
     "0], output_padding=[0, 0, 0], dilation=[1, 1, 1], groups=1, "
     "reduce_range=false}"},
    {"quantized::conv2d.new", "QuantizedConv2d",
     "(qx=%qx2, weight=%qw2c, bias=%c6) {stride=[1, 1], padding=[1, 1], "
     "dilation=[2, 1], groups=1, output_scale=0.2, output_zero_point=100}"},
    {"quantized::conv2d_add", "QuantizedConv2d",
     "(qx=%qx2, qaccum=%qacc, weight=%qw2, bias=%c6) {stride=[1, 1], "
     "padding=[1, 1], dilation=[1, 1], groups=1, output_scale=0.2, "
     "output_zero_point=100}"},
    {"quantized::conv2d_add_relu", "QuantizedConv2d",
     "(qx=%qx2, qaccum=%qacc, weight=%qw2, bias=%c6) {stride=[1, 1], "
     "padding=[1, 1], dilation=[1, 1], groups=1, output_scale=0.2, "
     "output_zero_point=100}"},
    {"quantized::linear", "QuantizedLinear",
     "(X=%quant, W=%qm, B=%c4) {Y_scale_i=0.2, Y_zero_point_i=100}"},
    {"quantized::linear_relu", "QuantizedLinear",
     "(X=%quant, W=%qm, B=%c4) {Y_scale_i=0.2, Y_zero_point_i=100}"},
    {"quantized::linear", "QuantizedLinear",
     "(X=%quant, W=%qmc, B=%c4) {Y_scale_i=0.2, Y_zero_point_i=100}"},
    {"quantized::linear_relu", "QuantizedLinear",
     "(X=%quant, W=%qmc, B=%c4) {Y_scale_i=0.2, Y_zero_point_i=100}"},
    {"quantized::linear", "QuantizedLinear",
     "(X=%quant, W=%qm, B=none) {Y_scale_i=0.2, Y_zero_point_i=100}"},
    {"quantized::linear_leaky_relu", "QuantizedLinear",
     "(X=%quant, W=%qm, B=%c4) {Y_scale_i=0.2, Y_zero_point_i=100, "
     "negative_slope=0.1}"},
    {"quantized::linear_tanh", "QuantizedLinear",
     "(X=%quant, W=%qm, B=%c4) {Y_scale_i=0.2, Y_zero_point_i=100}"},
    {"quantized::linear_dynamic", "DynamicQuantizedLinear",
     "(X=%r, W=%qmc, B=%c4) {reduce_range=true}"},
    {"quantized::linear_dynamic", "DynamicQuantizedLinear",
     "(X=%batch, W=%qm, B=none) {reduce_range=false}"},
    {"quantized::linear_dynamic_fp16", "Float16Linear", "(X=%r, W=%p, B=%c4)"},
    {"quantized::linear_relu_dynamic", "DynamicQuantizedLinear",
     "(X=%r, W=%qmc, B=%c4) {reduce_range=true}"},
    {"quantized::linear_relu_dynamic", "DynamicQuantizedLinear",
     "(X=%batch, W=%qm, B=none) {reduce_range=false}"},
    {"quantized::linear_relu_dynamic_fp16", "Float16Linear",
     "(X=%r, W=%p, B=%c4)"},
    {"quantized::add", "QuantizedAdd",
     "(qa=%quant, qb=%quant2) {scale=0.2, zero_point=100}"},
    {"quantized::add.Scalar", "QuantizedAdd", "(qa=%quant) {b=0.7}"},
    {"quantized::add.Scalar2", "QuantizedAdd", "(qa=%quant) {b=-0.7}"},
    {"quantized::add_scalar", "QuantizedAdd", "(qa=%quant) {b=2}"},
    {"quantized::add_scalar.Tensor", "QuantizedAdd", "(qa=%quant, b=%number)"},
    {"quantized::add_relu", "QuantizedAdd",
     "(qa=%quant, qb=%quant2) {scale=0.2, zero_point=100}"},
    {"quantized::add_relu.Scalar", "QuantizedAdd", "(qa=%quant) {b=0.7}"},
    {"quantized::add_relu.Scalar2", "QuantizedAdd", "(qa=%quant) {b=-0.7}"},
    {"quantized::add_scalar_relu", "QuantizedAdd", "(qa=%quant) {b=2}"},
    {"quantized::add_scalar_relu.Tensor", "QuantizedAdd",
     "(qa=%quant, b=%number)"},
    {"quantized::mul", "QuantizedMul",
     "(qa=%quant, qb=%quant2) {scale=0.2, zero_point=100}"},
    {"quantized::mul.Scalar", "QuantizedMul", "(qa=%quant) {b=0.7}"},
    {"quantized::mul.Scalar2", "QuantizedMul", "(qa=%quant) {b=-0.7}"},
    {"quantized::mul_scalar", "QuantizedMul", "(qa=%quant) {b=2}"},
    {"quantized::mul_scalar.Tensor", "QuantizedMul", "(qa=%quant, b=%number)"},
    {"quantized::mul_relu", "QuantizedMul",
     "(qa=%quant, qb=%quant2) {scale=0.2, zero_point=100}"},
    {"quantized::mul_relu.Scalar", "QuantizedMul", "(qa=%quant) {b=0.7}"},
    {"quantized::mul_relu.Scalar2", "QuantizedMul", "(qa=%quant) {b=-0.7}"},
    {"quantized::mul_scalar_relu", "QuantizedMul", "(qa=%quant) {b=2}"},
    {"quantized::mul_scalar_relu.Tensor", "QuantizedMul",
     "(qa=%quant, b=%number)"},
    {"quantized::matmul", "QuantizedMatmul",
     "(qa=%qs, qb=%qs) {scale=0.2, zero_point=100}"},
    {"quantized::cat", "QuantizedCat",
     "(qx=[%quant, %quant2]) {dim=1, scale=0.2, zero_point=100}"},
    {"quantized::cat", "QuantizedCat",
     "(qx=[%quant, %quant2]) {dim=0, scale=none, zero_point=none}"},
    {"quantized::cat_relu", "QuantizedCat",
     "(qx=[%quant, %quant2]) {dim=1, scale=0.2, zero_point=100}"},
    {"quantized::cat_relu", "QuantizedCat",
     "(qx=[%quant, %quant2]) {dim=0, scale=none, zero_point=none}"},
    {"quantized::batch_norm", "QuantizedBatchNorm",
     "(qx=%qx2, weight=%c4, bias=%d4, mean=%v, var=%c4) {eps=1e-05, "
     "output_scale=0.2, output_zero_point=100}"},
    {"quantized::batch_norm1d", "QuantizedBatchNorm",
     "(qx=%qx1, weight=%c4, bias=%d4, mean=%v, var=%c4) {eps=1e-05, "
     "output_scale=0.2, output_zero_point=100}"},
    {"quantized::batch_norm2d", "QuantizedBatchNorm",
     "(qx=%qx2, weight=%c4, bias=%d4, mean=%v, var=%c4) {eps=1e-05, "
     "output_scale=0.2, output_zero_point=100}"},
    {"quantized::batch_norm3d", "QuantizedBatchNorm",
     "(qx=%qx3, weight=%c4, bias=%d4, mean=%v, var=%c4) {eps=1e-05, "
     "output_scale=0.2, output_zero_point=100}"},
    {"quantized::batch_norm_relu", "QuantizedBatchNorm",
     "(qx=%qx2, weight=%c4, bias=%d4, mean=%v, var=%c4) {eps=1e-05, "
     "output_scale=0.2, output_zero_point=100}"},
    {"quantized::batch_norm1d_relu", "QuantizedBatchNorm",
     "(qx=%qx1, weight=%c4, bias=%d4, mean=%v, var=%c4) {eps=1e-05, "
     "output_scale=0.2, output_zero_point=100}"},
    {"quantized::batch_norm2d_relu", "QuantizedBatchNorm",
     "(qx=%qx2, weight=%c4, bias=%d4, mean=%v, var=%c4) {eps=1e-05, "
     "output_scale=0.2, output_zero_point=100}"},
    {"quantized::batch_norm3d_relu", "QuantizedBatchNorm",
     "(qx=%qx3, weight=%c4, bias=%d4, mean=%v, var=%c4) {eps=1e-05, "
     "output_scale=0.2, output_zero_point=100}"},
    {"aten::quantized_batch_norm", "QuantizedBatchNorm",
     "(input=%qx2, weight=%c4, bias=%d4, mean=%v, var=%c4) {eps=1e-05, "
     "output_scale=0.2, output_zero_point=100}"},
    {"quantized::layer_norm", "QuantizedLayerNorm",
     "(input=%qx2, weight=%n8, bias=%n8) {normalized_shape=[8], eps=1e-05, "
     "output_scale=0.2, output_zero_point=100}"},
    {"quantized::group_norm", "QuantizedGroupNorm",
     "(input=%qx2, weight=%c4, bias=%d4) {num_groups=2, eps=1e-05, "
     "output_scale=0.2, output_zero_point=100}"},
    {"quantized::instance_norm", "QuantizedInstanceNorm",
     "(input=%qx2, weight=%c4, bias=%d4) {eps=1e-05, output_scale=0.2, "
     "output_zero_point=100}"},
    {"quantized::hardswish", "QuantizedHardswish",
     "(input=%quant) {output_scale=0.2, output_zero_point=100}"},
    {"quantized::sigmoid", "QuantizedSigmoid",
     "(qx=%quant) {output_scale=0.00390625, output_zero_point=0}"},
    {"quantized::leaky_relu", "QuantizedLeakyReLU",
     "(qx=%quant) {negative_slope=0.3, inplace=false, output_scale=0.2, "
     "output_zero_point=100}"},
    {"quantized::elu", "QuantizedELU",
     "(self=%quant) {alpha=0.7, output_scale=0.2, output_zero_point=100}"},
    {"quantized::celu", "QuantizedCELU",
     "(self=%quant) {alpha=0.7, output_scale=0.2, output_zero_point=100}"},
    {"quantized::prelu", "QuantizedPReLU",
     "(qx=%qx2, weight=%qp) {output_scale=0.2, output_zero_point=100}"},
    {"quantized::softmax", "QuantizedSoftmax",
     "(qx=%quant) {dim=1, output_scale=0.00390625, output_zero_point=0}"},
    {"quantized::dropout", "QuantizedDropout",
     "(self=%quant) {p=0.3, training=false, output_scale=0.2, "
     "output_zero_point=100}"},
    {"quantized::embedding_byte", "QuantizedEmbedding",
     "(weight=%qe, indices=%i)"},
    {"quantized::embedding_bag_byte", "QuantizedEmbeddingBag",
     "(weight=%qe, indices=%i, offsets=%offsets)"},
    {"quantized::embedding_bag_byte", "QuantizedEmbeddingBag",
     "(weight=%qe, indices=%i, offsets=%offsets, per_sample_weights=%c4) "
     "{include_last_offset=true}"},
    {"quantized::relu6", "ReLU6", "(qx=%quant) {inplace=false}"},
    {"quantized::clamp", "Clamp", "(qx=%quant) {min=-0.5, max=0.5}"},
    {"quantized::threshold", "Threshold",
     "(qx=%quant) {threshold=0.2, value=0.1}"},
    {"quantized::max_pool1d", "MaxPool1d",
     "(qx=%qx1) {kernel_size=[2], stride=[2], padding=[0], dilation=[1], "
     "ceil_mode=false}"},
    {"quantized::max_pool2d", "MaxPool2d",
     "(qx=%qx2) {kernel_size=[2, 2], stride=[2, 1], padding=[1, 0], "
     "dilation=[1, 1], ceil_mode=true}"},
    {"aten::quantized_lstm.input", "DynamicQuantizedLSTM",
     "(input=%seq, hx=[%h, %cell], weight_ih=[%qwih8], bias_ih=[%b8], "
     "weight_hh=[%qwhh8], bias_hh=[%b8]) {reduce_range=true, has_biases=true, "
     "num_layers=1, dropout=0.0, train=false, bidirectional=false, "
     "batch_first=false, dtype=qi8, use_dynamic=true}"},
    {"aten::quantized_lstm.input", "DynamicQuantizedLSTM",
     "(input=%seq, hx=[%h, %cell], weight_ih=[%wih8], bias_ih=[%b8], "
     "weight_hh=[%whh8], bias_hh=[%b8]) {has_biases=true, num_layers=1, "
     "dropout=0.0, train=false, bidirectional=false, batch_first=false, "
     "dtype=qi8, use_dynamic=true}"},
    {"aten::quantized_lstm.data", "DynamicQuantizedLSTM",
     "(data=%packed, batch_sizes=%steps, hx=[%h, %cell], "
     "weight_ih=[%qwih8], bias_ih=[%b8], weight_hh=[%qwhh8], bias_hh=[%b8]) "
     "{reduce_range=true, has_biases=true, num_layers=1, dropout=0.0, "
     "train=false, bidirectional=false, dtype=qi8, use_dynamic=true}"},
    {"aten::quantized_gru.input", "DynamicQuantizedGRU",
     "(input=%seq, hx=%h, weight_ih=[%qwih6], bias_ih=[%b6], "
     "weight_hh=[%qwhh6], bias_hh=[%b6]) {reduce_range=true, has_biases=true, "
     "num_layers=1, dropout=0.0, train=false, bidirectional=false, "
     "batch_first=false}"},
    {"aten::quantized_gru.input", "DynamicQuantizedGRU",
     "(input=%seq, hx=%h, weight_ih=[%wih6], bias_ih=[%b6], "
     "weight_hh=[%whh6], bias_hh=[%b6]) {has_biases=true, num_layers=1, "
     "dropout=0.0, train=false, bidirectional=false, batch_first=false}"},
    {"aten::quantized_gru.data", "DynamicQuantizedGRU",
     "(data=%packed, batch_sizes=%steps, hx=%h, weight_ih=[%qwih6], "
     "bias_ih=[%b6], weight_hh=[%qwhh6], bias_hh=[%b6]) {reduce_range=true, "
     "has_biases=true, num_layers=1, dropout=0.0, train=false, "
     "bidirectional=false}"},
    {"aten::quantized_lstm.input", "DynamicQuantizedLSTM",
     "(input=%seq, hx=[%h2, %h2], weight_ih=[%qwih8, %qwih8], bias_ih=[%b8, "
     "%b8], weight_hh=[%qwhh8, %qwhh8], bias_hh=[%b8, %b8]) "
     "{reduce_range=false, has_biases=true, num_layers=1, dropout=0.0, "
     "train=false, bidirectional=true, batch_first=false, dtype=qi8, "
     "use_dynamic=true}"},
    {"quantized::quantized_lstm_cell_dynamic", "DynamicQuantizedLSTMCell",
     "(input=%step, hx=[%hx, %cx], weight_ih=%qwih8, bias_ih=%b8, "
     "weight_hh=%qwhh8, bias_hh=%b8)"},
    {"quantized::quantized_lstm_cell_dynamic", "DynamicQuantizedLSTMCell",
     "(input=%step, hx=[%hx, %cx], weight_ih=%wih8, bias_ih=%b8, "
     "weight_hh=%whh8, bias_hh=%b8)"},
    {"quantized::quantized_gru_cell_dynamic", "DynamicQuantizedGRUCell",
     "(input=%step, hx=%hx, weight_ih=%qwih6, b_ih=%b6, weight_hh=%qwhh6, "
     "b_hh=%b6)"},
    {"quantized::quantized_gru_cell_dynamic", "DynamicQuantizedGRUCell",
     "(input=%step, hx=%hx, weight_ih=%wih6, b_ih=%b6, weight_hh=%whh6, "
     "b_hh=%b6)"},
    {"quantized::quantized_rnn_tanh_cell_dynamic",
     "DynamicQuantizedRNNTanhCell",
     "(input=%step, hx=%hx, weight_ih=%qwih2, b_ih=%b2, weight_hh=%qwhh2, "
     "b_hh=%b2)"},
    {"quantized::quantized_rnn_tanh_cell_dynamic",
     "DynamicQuantizedRNNTanhCell",
     "(input=%step, hx=%hx, weight_ih=%wih2, b_ih=%b2, weight_hh=%whh2, "
     "b_hh=%b2)"},
    {"quantized::quantized_rnn_relu_cell_dynamic",
     "DynamicQuantizedRNNReLUCell",
     "(input=%step, hx=%hx, weight_ih=%qwih2, b_ih=%b2, weight_hh=%qwhh2, "
     "b_hh=%b2)"},
    {"quantized::quantized_rnn_relu_cell_dynamic",
     "DynamicQuantizedRNNReLUCell",
     "(input=%step, hx=%hx, weight_ih=%wih2, b_ih=%b2, weight_hh=%whh2, "
     "b_hh=%b2)"},
    {"aten::fused_moving_avg_obs_fake_quant", "FusedMovingAvgObsFakeQuantize",
     "(self=%r, observer_on=%one, fake_quant_on=%one, running_min=%low, "
     "running_max=%high, scale=%scale1, zero_point=%zero1) "
     "{averaging_const=0.01, quant_min=0, quant_max=255, ch_axis=-1}"},
    {"aten::fused_moving_avg_obs_fake_quant", "FusedMovingAvgObsFakeQuantize",
     "(self=%r, observer_on=%nil, fake_quant_on=%one, running_min=%low, "
     "running_max=%high, scale=%scale1, zero_point=%zero1) "
     "{averaging_const=0.01, quant_min=0, quant_max=255, ch_axis=-1}"},
};

}  // namespace

absl::Span<const LayerCase> QuantizedLayerCases() { return kCases; }

}  // namespace flextorchir
