#include "absl/types/span.h"
#include "flextorchir/testing/layer_conformance_cases.h"

namespace flextorchir {
namespace {

constexpr LayerCase kCases[] = {
    {"aten::_grouped_mm", "GroupedMm",
     "(self=%tokens4, mat2=%experts, offs=%ends32)"},
    {"aten::_grouped_mm", "GroupedMm", "(self=%batch, mat2=%batch2)"},
    {"aten::_int_mm", "IntMm", "(self=%bytes, mat2=%bytes)"},
    {"aten::_weight_int8pack_mm", "WeightInt8PackMm",
     "(self=%halves, mat2=%bytes, scales=%scales)"},
    {"aten::conv1d", "Conv1d",
     "(input=%x1, weight=%w1, bias=%c6) {stride=[2], padding=[1], "
     "dilation=[1], groups=1}"},
    {"aten::conv1d", "Conv1d",
     "(input=%x1, weight=%w1, bias=none) {stride=[1], padding=[2], "
     "dilation=[2]}"},
    {"aten::conv1d.padding", "Conv1d",
     "(input=%x1, weight=%w1) {padding=\"same\", dilation=[1]}"},
    {"aten::conv1d.padding", "Conv1d",
     "(input=%x1, weight=%w1) {padding=\"valid\", stride=[2]}"},
    {"aten::_convolution_mode", "Conv1d",
     "(input=%x1, weight=%w1, bias=%c6) {stride=[1], padding=\"same\", "
     "dilation=[1], groups=1}"},
    {"aten::_convolution", "Conv1d",
     "(input=%x1, weight=%w1, bias=%c6) {stride=[2], padding=[1], "
     "dilation=[1], transposed=false, output_padding=[0], groups=1, "
     "benchmark=false, deterministic=false, cudnn_enabled=true, "
     "allow_tf32=true}"},
    {"aten::_convolution", "ConvTranspose1d",
     "(input=%x1, weight=%t1, bias=%c6) {stride=[2], padding=[1], "
     "dilation=[1], transposed=true, output_padding=[1], groups=1, "
     "benchmark=false, deterministic=false, cudnn_enabled=true, "
     "allow_tf32=true}"},
    {"aten::_convolution.deprecated", "Conv1d",
     "(input=%x1, weight=%w1, bias=%c6) {stride=[2], padding=[1], "
     "dilation=[1], transposed=false, output_padding=[0], groups=1, "
     "benchmark=false, deterministic=false, cudnn_enabled=true}"},
    {"aten::_convolution.deprecated", "ConvTranspose1d",
     "(input=%x1, weight=%t1, bias=%c6) {stride=[2], padding=[1], "
     "dilation=[1], transposed=true, output_padding=[1], groups=1, "
     "benchmark=false, deterministic=false, cudnn_enabled=true}"},
    {"aten::convolution", "Conv1d",
     "(input=%x1, weight=%w1, bias=%c6) {stride=[2], padding=[1], "
     "dilation=[1], transposed=false, output_padding=[0], groups=1}"},
    {"aten::convolution", "ConvTranspose1d",
     "(input=%x1, weight=%t1, bias=%c6) {stride=[2], padding=[1], "
     "dilation=[1], transposed=true, output_padding=[1], groups=1}"},
    {"aten::conv_transpose1d", "ConvTranspose1d",
     "(input=%x1, weight=%t1, bias=%c6) {stride=[2], padding=[1], "
     "output_padding=[1], groups=1, dilation=[1]}"},
    {"aten::conv_transpose1d", "ConvTranspose1d",
     "(input=%x1, weight=%t1) {dilation=[2]}"},
    {"aten::batch_norm", "BatchNorm1d",
     "(input=%x1, weight=%c4, bias=%d4, running_mean=%c4, running_var=%d4) "
     "{training=false, momentum=0.1, eps=0.001, cudnn_enabled=true}"},
    {"aten::batch_norm", "BatchNorm1d",
     "(input=%x1, weight=%c4, bias=%d4, running_mean=%c4, running_var=%d4) "
     "{training=true, momentum=0.3, eps=0.001, cudnn_enabled=true}"},
    {"aten::batch_norm", "BatchNorm1d",
     "(input=%x1) {training=true, momentum=0.3, eps=0.001, "
     "cudnn_enabled=true}"},
    {"aten::instance_norm", "InstanceNorm1d",
     "(input=%x1, weight=%c4, bias=%d4, running_mean=%c4, running_var=%d4) "
     "{use_input_stats=true, momentum=0.3, eps=0.001, cudnn_enabled=true}"},
    {"aten::instance_norm", "InstanceNorm1d",
     "(input=%x1, weight=%c4, bias=%d4, running_mean=%c4, running_var=%d4) "
     "{use_input_stats=false, momentum=0.3, eps=0.001, cudnn_enabled=true}"},
    {"aten::instance_norm", "InstanceNorm1d",
     "(input=%x1) {use_input_stats=true, momentum=0.3, eps=0.001, "
     "cudnn_enabled=true}"},
    {"aten::max_pool1d", "MaxPool1d",
     "(self=%x1) {kernel_size=[3], stride=[], padding=[1], dilation=[1], "
     "ceil_mode=true}"},
    {"aten::max_pool1d", "MaxPool1d",
     "(self=%x1) {kernel_size=[2], stride=[1], padding=[0], dilation=[2]}"},
    {"aten::max_pool1d_with_indices", "MaxPool1d",
     "(self=%x1) {kernel_size=[3], stride=[], padding=[1], dilation=[1], "
     "ceil_mode=true}"},
    {"aten::max_pool1d_with_indices", "MaxPool1d",
     "(self=%x1) {kernel_size=[2], stride=[1], padding=[0], dilation=[2]}"},
    {"aten::avg_pool1d", "AvgPool1d",
     "(self=%x1) {kernel_size=[3], stride=[2], padding=[1], ceil_mode=true, "
     "count_include_pad=false}"},
    {"aten::avg_pool1d", "AvgPool1d",
     "(self=%x1) {kernel_size=[2], stride=[], padding=[1]}"},
    {"aten::adaptive_avg_pool1d", "AdaptiveAvgPool1d",
     "(self=%x1) {output_size=[1]}"},
    {"aten::adaptive_max_pool1d", "AdaptiveMaxPool1d",
     "(self=%x1) {output_size=[1]}"},
    {"aten::adaptive_avg_pool1d", "AdaptiveAvgPool1d",
     "(self=%x1) {output_size=[3]}"},
    {"aten::adaptive_max_pool1d", "AdaptiveMaxPool1d",
     "(self=%x1) {output_size=[3]}"},
    {"aten::adaptive_avg_pool1d", "AdaptiveAvgPool1d",
     "(self=%x1) {output_size=[4]}"},
    {"aten::adaptive_max_pool1d", "AdaptiveMaxPool1d",
     "(self=%x1) {output_size=[4]}"},
    {"aten::conv2d", "Conv2d",
     "(input=%x2, weight=%w2, bias=%c6) {stride=[2, 2], padding=[1, 1], "
     "dilation=[1, 1], groups=1}"},
    {"aten::conv2d", "Conv2d",
     "(input=%x2, weight=%w2, bias=none) {stride=[1, 1], padding=[2, 2], "
     "dilation=[2, 2]}"},
    {"aten::conv2d.padding", "Conv2d",
     "(input=%x2, weight=%w2) {padding=\"same\", dilation=[1, 1]}"},
    {"aten::conv2d.padding", "Conv2d",
     "(input=%x2, weight=%w2) {padding=\"valid\", stride=[2, 2]}"},
    {"aten::_convolution_mode", "Conv2d",
     "(input=%x2, weight=%w2, bias=%c6) {stride=[1, 1], padding=\"same\", "
     "dilation=[1, 1], groups=1}"},
    {"aten::_convolution", "Conv2d",
     "(input=%x2, weight=%w2, bias=%c6) {stride=[2, 2], padding=[1, 1], "
     "dilation=[1, 1], transposed=false, output_padding=[0, 0], groups=1, "
     "benchmark=false, deterministic=false, cudnn_enabled=true, "
     "allow_tf32=true}"},
    {"aten::_convolution", "ConvTranspose2d",
     "(input=%x2, weight=%t2, bias=%c6) {stride=[2, 2], padding=[1, 1], "
     "dilation=[1, 1], transposed=true, output_padding=[1, 1], groups=1, "
     "benchmark=false, deterministic=false, cudnn_enabled=true, "
     "allow_tf32=true}"},
    {"aten::_convolution.deprecated", "Conv2d",
     "(input=%x2, weight=%w2, bias=%c6) {stride=[2, 2], padding=[1, 1], "
     "dilation=[1, 1], transposed=false, output_padding=[0, 0], groups=1, "
     "benchmark=false, deterministic=false, cudnn_enabled=true}"},
    {"aten::_convolution.deprecated", "ConvTranspose2d",
     "(input=%x2, weight=%t2, bias=%c6) {stride=[2, 2], padding=[1, 1], "
     "dilation=[1, 1], transposed=true, output_padding=[1, 1], groups=1, "
     "benchmark=false, deterministic=false, cudnn_enabled=true}"},
    {"aten::convolution", "Conv2d",
     "(input=%x2, weight=%w2, bias=%c6) {stride=[2, 2], padding=[1, 1], "
     "dilation=[1, 1], transposed=false, output_padding=[0, 0], groups=1}"},
    {"aten::convolution", "ConvTranspose2d",
     "(input=%x2, weight=%t2, bias=%c6) {stride=[2, 2], padding=[1, 1], "
     "dilation=[1, 1], transposed=true, output_padding=[1, 1], groups=1}"},
    {"aten::conv_transpose2d.input", "ConvTranspose2d",
     "(input=%x2, weight=%t2, bias=%c6) {stride=[2, 2], padding=[1, 1], "
     "output_padding=[1, 1], groups=1, dilation=[1, 1]}"},
    {"aten::conv_transpose2d.input", "ConvTranspose2d",
     "(input=%x2, weight=%t2) {dilation=[2, 2]}"},
    {"aten::batch_norm", "BatchNorm2d",
     "(input=%x2, weight=%c4, bias=%d4, running_mean=%c4, running_var=%d4) "
     "{training=false, momentum=0.1, eps=0.001, cudnn_enabled=true}"},
    {"aten::batch_norm", "BatchNorm2d",
     "(input=%x2, weight=%c4, bias=%d4, running_mean=%c4, running_var=%d4) "
     "{training=true, momentum=0.3, eps=0.001, cudnn_enabled=true}"},
    {"aten::batch_norm", "BatchNorm2d",
     "(input=%x2) {training=true, momentum=0.3, eps=0.001, "
     "cudnn_enabled=true}"},
    {"aten::instance_norm", "InstanceNorm2d",
     "(input=%x2, weight=%c4, bias=%d4, running_mean=%c4, running_var=%d4) "
     "{use_input_stats=true, momentum=0.3, eps=0.001, cudnn_enabled=true}"},
    {"aten::instance_norm", "InstanceNorm2d",
     "(input=%x2, weight=%c4, bias=%d4, running_mean=%c4, running_var=%d4) "
     "{use_input_stats=false, momentum=0.3, eps=0.001, cudnn_enabled=true}"},
    {"aten::instance_norm", "InstanceNorm2d",
     "(input=%x2) {use_input_stats=true, momentum=0.3, eps=0.001, "
     "cudnn_enabled=true}"},
    {"aten::max_pool2d", "MaxPool2d",
     "(self=%x2) {kernel_size=[3], stride=[], padding=[1], dilation=[1], "
     "ceil_mode=true}"},
    {"aten::max_pool2d", "MaxPool2d",
     "(self=%x2) {kernel_size=[2, 2], stride=[1, 1], padding=[0, 0], "
     "dilation=[2, 2]}"},
    {"aten::max_pool2d_with_indices", "MaxPool2d",
     "(self=%x2) {kernel_size=[3], stride=[], padding=[1], dilation=[1], "
     "ceil_mode=true}"},
    {"aten::max_pool2d_with_indices", "MaxPool2d",
     "(self=%x2) {kernel_size=[2, 2], stride=[1, 1], padding=[0, 0], "
     "dilation=[2, 2]}"},
    {"aten::avg_pool2d", "AvgPool2d",
     "(self=%x2) {kernel_size=[3, 3], stride=[2, 2], padding=[1, 1], "
     "ceil_mode=true, count_include_pad=false}"},
    {"aten::avg_pool2d", "AvgPool2d",
     "(self=%x2) {kernel_size=[2], stride=[], padding=[1], "
     "divisor_override=3}"},
    {"aten::adaptive_avg_pool2d", "AdaptiveAvgPool2d",
     "(self=%x2) {output_size=[1, 1]}"},
    {"aten::adaptive_max_pool2d", "AdaptiveMaxPool2d",
     "(self=%x2) {output_size=[1, 1]}"},
    {"aten::adaptive_avg_pool2d", "AdaptiveAvgPool2d",
     "(self=%x2) {output_size=[3, 3]}"},
    {"aten::_adaptive_avg_pool2d", "AdaptiveAvgPool2d",
     "(self=%x2) {output_size=[3, 3]}"},
    {"aten::adaptive_max_pool2d", "AdaptiveMaxPool2d",
     "(self=%x2) {output_size=[3, 3]}"},
    {"aten::adaptive_avg_pool2d", "AdaptiveAvgPool2d",
     "(self=%x2) {output_size=[4, 4]}"},
    {"aten::_adaptive_avg_pool2d", "AdaptiveAvgPool2d",
     "(self=%x2) {output_size=[4, 4]}"},
    {"aten::adaptive_max_pool2d", "AdaptiveMaxPool2d",
     "(self=%x2) {output_size=[4, 4]}"},
    {"aten::conv3d", "Conv3d",
     "(input=%x3, weight=%w3, bias=%c6) {stride=[2, 2, 2], padding=[1, 1, "
     "1], dilation=[1, 1, 1], groups=1}"},
    {"aten::conv3d", "Conv3d",
     "(input=%x3, weight=%w3, bias=none) {stride=[1, 1, 1], padding=[2, 2, "
     "2], dilation=[2, 2, 2]}"},
    {"aten::conv3d.padding", "Conv3d",
     "(input=%x3, weight=%w3) {padding=\"same\", dilation=[1, 1, 1]}"},
    {"aten::conv3d.padding", "Conv3d",
     "(input=%x3, weight=%w3) {padding=\"valid\", stride=[2, 2, 2]}"},
    {"aten::_convolution_mode", "Conv3d",
     "(input=%x3, weight=%w3, bias=%c6) {stride=[1, 1, 1], padding=\"same\", "
     "dilation=[1, 1, 1], groups=1}"},
    {"aten::_convolution", "Conv3d",
     "(input=%x3, weight=%w3, bias=%c6) {stride=[2, 2, 2], padding=[1, 1, "
     "1], dilation=[1, 1, 1], transposed=false, output_padding=[0, 0, 0], "
     "groups=1, benchmark=false, deterministic=false, cudnn_enabled=true, "
     "allow_tf32=true}"},
    {"aten::_convolution", "ConvTranspose3d",
     "(input=%x3, weight=%t3, bias=%c6) {stride=[2, 2, 2], padding=[1, 1, "
     "1], dilation=[1, 1, 1], transposed=true, output_padding=[1, 1, 1], "
     "groups=1, benchmark=false, deterministic=false, cudnn_enabled=true, "
     "allow_tf32=true}"},
    {"aten::_convolution.deprecated", "Conv3d",
     "(input=%x3, weight=%w3, bias=%c6) {stride=[2, 2, 2], padding=[1, 1, "
     "1], dilation=[1, 1, 1], transposed=false, output_padding=[0, 0, 0], "
     "groups=1, benchmark=false, deterministic=false, cudnn_enabled=true}"},
    {"aten::_convolution.deprecated", "ConvTranspose3d",
     "(input=%x3, weight=%t3, bias=%c6) {stride=[2, 2, 2], padding=[1, 1, "
     "1], dilation=[1, 1, 1], transposed=true, output_padding=[1, 1, 1], "
     "groups=1, benchmark=false, deterministic=false, cudnn_enabled=true}"},
    {"aten::convolution", "Conv3d",
     "(input=%x3, weight=%w3, bias=%c6) {stride=[2, 2, 2], padding=[1, 1, "
     "1], dilation=[1, 1, 1], transposed=false, output_padding=[0, 0, 0], "
     "groups=1}"},
    {"aten::convolution", "ConvTranspose3d",
     "(input=%x3, weight=%t3, bias=%c6) {stride=[2, 2, 2], padding=[1, 1, "
     "1], dilation=[1, 1, 1], transposed=true, output_padding=[1, 1, 1], "
     "groups=1}"},
    {"aten::conv_transpose3d.input", "ConvTranspose3d",
     "(input=%x3, weight=%t3, bias=%c6) {stride=[2, 2, 2], padding=[1, 1, "
     "1], output_padding=[1, 1, 1], groups=1, dilation=[1, 1, 1]}"},
    {"aten::conv_transpose3d.input", "ConvTranspose3d",
     "(input=%x3, weight=%t3) {dilation=[2, 2, 2]}"},
    {"aten::batch_norm", "BatchNorm3d",
     "(input=%x3, weight=%c4, bias=%d4, running_mean=%c4, running_var=%d4) "
     "{training=false, momentum=0.1, eps=0.001, cudnn_enabled=true}"},
    {"aten::batch_norm", "BatchNorm3d",
     "(input=%x3, weight=%c4, bias=%d4, running_mean=%c4, running_var=%d4) "
     "{training=true, momentum=0.3, eps=0.001, cudnn_enabled=true}"},
    {"aten::batch_norm", "BatchNorm3d",
     "(input=%x3) {training=true, momentum=0.3, eps=0.001, "
     "cudnn_enabled=true}"},
    {"aten::instance_norm", "InstanceNorm3d",
     "(input=%x3, weight=%c4, bias=%d4, running_mean=%c4, running_var=%d4) "
     "{use_input_stats=true, momentum=0.3, eps=0.001, cudnn_enabled=true}"},
    {"aten::instance_norm", "InstanceNorm3d",
     "(input=%x3, weight=%c4, bias=%d4, running_mean=%c4, running_var=%d4) "
     "{use_input_stats=false, momentum=0.3, eps=0.001, cudnn_enabled=true}"},
    {"aten::instance_norm", "InstanceNorm3d",
     "(input=%x3) {use_input_stats=true, momentum=0.3, eps=0.001, "
     "cudnn_enabled=true}"},
    {"aten::max_pool3d", "MaxPool3d",
     "(self=%x3) {kernel_size=[3], stride=[], padding=[1], dilation=[1], "
     "ceil_mode=true}"},
    {"aten::max_pool3d", "MaxPool3d",
     "(self=%x3) {kernel_size=[2, 2, 2], stride=[1, 1, 1], padding=[0, 0, "
     "0], dilation=[2, 2, 2]}"},
    {"aten::max_pool3d_with_indices", "MaxPool3d",
     "(self=%x3) {kernel_size=[3], stride=[], padding=[1], dilation=[1], "
     "ceil_mode=true}"},
    {"aten::max_pool3d_with_indices", "MaxPool3d",
     "(self=%x3) {kernel_size=[2, 2, 2], stride=[1, 1, 1], padding=[0, 0, "
     "0], dilation=[2, 2, 2]}"},
    {"aten::avg_pool3d", "AvgPool3d",
     "(self=%x3) {kernel_size=[3, 3, 3], stride=[2, 2, 2], padding=[1, 1, "
     "1], ceil_mode=true, count_include_pad=false}"},
    {"aten::avg_pool3d", "AvgPool3d",
     "(self=%x3) {kernel_size=[2], stride=[], padding=[1], "
     "divisor_override=3}"},
    {"aten::adaptive_avg_pool3d", "AdaptiveAvgPool3d",
     "(self=%x3) {output_size=[1, 1, 1]}"},
    {"aten::adaptive_max_pool3d", "AdaptiveMaxPool3d",
     "(self=%x3) {output_size=[1, 1, 1]}"},
    {"aten::adaptive_avg_pool3d", "AdaptiveAvgPool3d",
     "(self=%x3) {output_size=[3, 3, 3]}"},
    {"aten::_adaptive_avg_pool3d", "AdaptiveAvgPool3d",
     "(self=%x3) {output_size=[3, 3, 3]}"},
    {"aten::adaptive_max_pool3d", "AdaptiveMaxPool3d",
     "(self=%x3) {output_size=[3, 3, 3]}"},
    {"aten::adaptive_avg_pool3d", "AdaptiveAvgPool3d",
     "(self=%x3) {output_size=[4, 4, 4]}"},
    {"aten::_adaptive_avg_pool3d", "AdaptiveAvgPool3d",
     "(self=%x3) {output_size=[4, 4, 4]}"},
    {"aten::adaptive_max_pool3d", "AdaptiveMaxPool3d",
     "(self=%x3) {output_size=[4, 4, 4]}"},
    {"aten::conv_tbc", "ConvTbc", "(self=%seq, weight=%tbc, bias=%c6) {pad=1}"},
    {"aten::im2col", "Unfold",
     "(self=%x2) {kernel_size=[3, 3], dilation=[1, 1], padding=[0, 0], "
     "stride=[1, 1]}"},
    {"aten::col2im", "Fold",
     "(self=%cols) {output_size=[8, 8], kernel_size=[3, 3], dilation=[1, 1], "
     "padding=[0, 0], stride=[1, 1]}"},
    {"aten::fractional_max_pool2d", "FractionalMaxPool2d",
     "(self=%x2, random_samples=%samples2) {kernel_size=[2, 2], "
     "output_size=[2, 2]}"},
    {"aten::fractional_max_pool3d", "FractionalMaxPool3d",
     "(self=%x3, random_samples=%samples3) {kernel_size=[2, 2, 2], "
     "output_size=[2, 2, 2]}"},
    {"aten::max_unpool2d", "MaxUnpool2d",
     "(self=%pooled, indices=%where2) {output_size=[8, 8]}"},
    {"aten::max_unpool3d", "MaxUnpool3d",
     "(self=%pooled3, indices=%where3) {output_size=[4, 8, 8], stride=[2, 2, "
     "2], padding=[0, 0, 0]}"},
    {"aten::linear", "Linear", "(input=%p, weight=%q, bias=%v)"},
    {"aten::linear", "Linear", "(input=%batch, weight=%q)"},
    {"aten::bilinear", "Bilinear",
     "(input1=%p, input2=%q, weight=%batch, bias=%v3)"},
    {"aten::addmm", "Addmm", "(self=%v, mat1=%p, mat2=%q) {beta=0.5, alpha=2}"},
    {"aten::addmv", "Addmv", "(self=%v, mat=%p, vec=%v2) {beta=0.5, alpha=2}"},
    {"aten::addr", "Addr", "(self=%p, vec1=%v, vec2=%v2) {beta=0.5, alpha=2}"},
    {"aten::mv", "Mv", "(self=%p, vec=%v)"},
    {"aten::addbmm", "Addbmm",
     "(self=%p, batch1=%batch, batch2=%batch2) {beta=0.5, alpha=2}"},
    {"aten::baddbmm", "Baddbmm",
     "(self=%batch, batch1=%batch, batch2=%batch2) {beta=0.5, alpha=2}"},
    {"aten::einsum", "Einsum", "(tensors=[%p, %q]) {equation=\"ij,kj->ik\"}"},
    {"aten::einsum", "Einsum",
     "(tensors=[%p, %q, %r]) {equation=\"ij,jk,kl->il\", path=[0, 1, 0, 1]}"},
    {"aten::tensordot", "Tensordot",
     "(self=%batch, other=%batch2) {dims_self=[1, 2], dims_other=[2, 1]}"},
    {"aten::cdist", "Cdist", "(x1=%p, x2=%q) {p=1.0, compute_mode=2}"},
    {"aten::cross", "Cross", "(self=%row3, other=%row3b)"},
    {"aten::cross", "Cross", "(self=%row3, other=%row3b) {dim=1}"},
    {"aten::linalg_cross", "Cross", "(self=%row3, other=%row3b)"},
    {"aten::layer_norm", "LayerNorm",
     "(input=%x2, weight=%n8, bias=none) {normalized_shape=[8], eps=0.001}"},
    {"aten::layer_norm", "LayerNorm", "(input=%x2) {normalized_shape=[8, 8]}"},
    {"aten::rms_norm", "RMSNorm",
     "(input=%x2, weight=%n8) {normalized_shape=[8]}"},
    {"aten::rms_norm", "RMSNorm",
     "(input=%x2) {normalized_shape=[8], eps=0.01}"},
    {"aten::group_norm", "GroupNorm",
     "(input=%x2, weight=%c4, bias=%d4) {num_groups=2, eps=0.001}"},
    {"aten::native_batch_norm", "NativeBatchNorm",
     "(input=%x2, weight=%c4, bias=%d4, running_mean=%c4, running_var=%d4) "
     "{training=false, momentum=0.1, eps=0.001}"},
    {"aten::_native_batch_norm_legit_no_training", "NativeBatchNorm",
     "(input=%x2, weight=%c4, bias=%d4, running_mean=%c4, running_var=%d4) "
     "{momentum=0.1, eps=0.001}"},
    {"aten::native_layer_norm", "NativeLayerNorm",
     "(input=%x2, weight=%n8) {normalized_shape=[8], eps=0.001}"},
    {"aten::native_group_norm", "NativeGroupNorm",
     "(input=%x2, weight=%c4, bias=%d4) {N=2, C=4, HxW=64, group=2, "
     "eps=0.001}"},
    {"aten::renorm", "Renorm", "(self=%r) {p=2, dim=1, maxnorm=1.5}"},
    {"aten::relu6", "ReLU6", "(self=%r)"},
    {"aten::hardtanh", "ReLU6", "(self=%r) {min_val=0.0, max_val=6.0}"},
    {"aten::hardtanh", "Hardtanh", "(self=%r) {min_val=-1.5, max_val=2}"},
    {"aten::leaky_relu", "LeakyReLU", "(self=%r) {negative_slope=0.2}"},
    {"aten::prelu", "PReLU", "(self=%x2, weight=%c4)"},
    {"aten::rrelu", "RReLU", "(self=%r) {training=true}"},
    {"aten::rrelu", "RReLU", "(self=%r) {lower=0.1, upper=0.2}"},
    {"aten::elu", "ELU", "(self=%r) {alpha=0.5, scale=2, input_scale=1.5}"},
    {"aten::celu", "CELU", "(self=%r) {alpha=0.7}"},
    {"aten::gelu", "GELU", "(self=%r) {approximate=\"tanh\"}"},
    {"aten::gelu", "GELU", "(self=%r)"},
    {"aten::softplus", "Softplus", "(self=%r) {beta=2, threshold=1}"},
    {"aten::threshold", "Threshold", "(self=%r) {threshold=0.1, value=20}"},
    {"aten::glu", "GLU", "(self=%x2) {dim=1}"},
    {"aten::softmax.int", "Softmax", "(self=%r) {dim=-1, dtype=f64}"},
    {"aten::log_softmax.int", "LogSoftmax", "(self=%r) {dim=0, dtype=none}"},
    {"aten::_softmax", "Softmax", "(self=%r) {dim=1, half_to_float=false}"},
    {"aten::_log_softmax", "LogSoftmax",
     "(self=%r) {dim=1, half_to_float=false}"},
    {"aten::hardshrink", "Hardshrink", "(self=%r) {lambd=0.7}"},
    {"aten::softshrink", "Softshrink", "(self=%r) {lambd=0.7}"},
};

}  // namespace

absl::Span<const LayerCase> NeuralLayerCases() { return kCases; }

}  // namespace flextorchir
