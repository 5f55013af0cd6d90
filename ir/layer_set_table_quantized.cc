#include "absl/types/span.h"
#include "flextorchir/ir/layer_set_table.h"

namespace flextorchir {
namespace {

// Layers of quantized tensors, as torch.ao.quantization makes them. The
// integers of an output stand for numbers as output_scale and output_zero_point
// say, which its type says too. What a layer does with quantized tensors as
// with any other (pooling, reshaping) is the plain kind.
constexpr LayerSetRow kRows[] = {
    {"QuantizedConv1d(input, weight, bias?, *, stride: int[] = [1], padding: "
     "int[] = [0], dilation: int[] = [1], groups: int = 1, output_scale: "
     "number, output_zero_point: int, activation: string = \"none\") -> output",
     Family::kQuantization, 1, "torch.ao.nn.quantized.functional.conv1d",
     "1-D convolution of quantized tensors, bias in numbers, then the "
     "activation (\"none\" or \"relu\"); quantized with output_scale and "
     "output_zero_point."},
    {"QuantizedConv2d(input, weight, bias?, accumulator?, *, stride: int[] = "
     "[1, 1], padding: int[] = [0, 0], dilation: int[] = [1, 1], groups: int "
     "= 1, output_scale: number, output_zero_point: int, activation: string = "
     "\"none\") -> output",
     Family::kQuantization, 1, "torch.ao.nn.quantized.functional.conv2d",
     "2-D convolution of quantized tensors, bias in numbers, plus "
     "accumulator, then the activation (\"none\" or \"relu\"); quantized with "
     "output_scale and output_zero_point."},
    {"QuantizedConv3d(input, weight, bias?, *, stride: int[] = [1, 1, 1], "
     "padding: int[] = [0, 0, 0], dilation: int[] = [1, 1, 1], groups: int = "
     "1, output_scale: number, output_zero_point: int, activation: string = "
     "\"none\") -> output",
     Family::kQuantization, 1, "torch.ao.nn.quantized.functional.conv3d",
     "3-D convolution of quantized tensors, bias in numbers, then the "
     "activation (\"none\" or \"relu\"); quantized with output_scale and "
     "output_zero_point."},
    {"QuantizedConvTranspose1d(input, weight, bias?, *, stride: int[] = [1], "
     "padding: int[] = [0], output_padding: int[] = [0], dilation: int[] = "
     "[1], groups: int = 1, output_scale: number, output_zero_point: int) -> "
     "output",
     Family::kQuantization, 1, "torch.ao.nn.quantized.ConvTranspose1d",
     "1-D transposed convolution of quantized tensors."},
    {"QuantizedConvTranspose2d(input, weight, bias?, *, stride: int[] = [1, "
     "1], padding: int[] = [0, 0], output_padding: int[] = [0, 0], dilation: "
     "int[] = [1, 1], groups: int = 1, output_scale: number, "
     "output_zero_point: int) -> output",
     Family::kQuantization, 1, "torch.ao.nn.quantized.ConvTranspose2d",
     "2-D transposed convolution of quantized tensors."},
    {"QuantizedConvTranspose3d(input, weight, bias?, *, stride: int[] = [1, "
     "1, 1], padding: int[] = [0, 0, 0], output_padding: int[] = [0, 0, 0], "
     "dilation: int[] = [1, 1, 1], groups: int = 1, output_scale: number, "
     "output_zero_point: int) -> output",
     Family::kQuantization, 1, "torch.ao.nn.quantized.ConvTranspose3d",
     "3-D transposed convolution of quantized tensors."},
    {"DynamicQuantizedConv1d(input, weight, bias?, *, stride: int[] = [1], "
     "padding: int[] = [0], dilation: int[] = [1], groups: int = 1, "
     "reduce_range: bool = false) -> output",
     Family::kQuantization, 1, "torch.ao.nn.quantized.dynamic.Conv1d",
     "1-D convolution of numbers, which are quantized by their own range, "
     "with quantized weights."},
    {"DynamicQuantizedConv2d(input, weight, bias?, *, stride: int[] = [1, "
     "1], padding: int[] = [0, 0], dilation: int[] = [1, 1], groups: int = 1, "
     "reduce_range: bool = false) -> output",
     Family::kQuantization, 1, "torch.ao.nn.quantized.dynamic.Conv2d",
     "2-D convolution of numbers, which are quantized by their own range, "
     "with quantized weights."},
    {"DynamicQuantizedConv3d(input, weight, bias?, *, stride: int[] = [1, 1, "
     "1], padding: int[] = [0, 0, 0], dilation: int[] = [1, 1, 1], groups: "
     "int = 1, reduce_range: bool = false) -> output",
     Family::kQuantization, 1, "torch.ao.nn.quantized.dynamic.Conv3d",
     "3-D convolution of numbers, which are quantized by their own range, "
     "with quantized weights."},
    {"DynamicQuantizedConvTranspose1d(input, weight, bias?, *, stride: int[] "
     "= [1], padding: int[] = [0], output_padding: int[] = [0], dilation: "
     "int[] = [1], groups: int = 1, reduce_range: bool = false) -> output",
     Family::kQuantization, 1, "torch.ao.nn.quantized.dynamic.ConvTranspose1d",
     "1-D transposed convolution of numbers, which are quantized by their "
     "own range, with quantized weights."},
    {"DynamicQuantizedConvTranspose2d(input, weight, bias?, *, stride: int[] "
     "= [1, 1], padding: int[] = [0, 0], output_padding: int[] = [0, 0], "
     "dilation: int[] = [1, 1], groups: int = 1, reduce_range: bool = false) "
     "-> output",
     Family::kQuantization, 1, "torch.ao.nn.quantized.dynamic.ConvTranspose2d",
     "2-D transposed convolution of numbers, which are quantized by their "
     "own range, with quantized weights."},
    {"DynamicQuantizedConvTranspose3d(input, weight, bias?, *, stride: int[] "
     "= [1, 1, 1], padding: int[] = [0, 0, 0], output_padding: int[] = [0, 0, "
     "0], dilation: int[] = [1, 1, 1], groups: int = 1, reduce_range: bool = "
     "false) -> output",
     Family::kQuantization, 1, "torch.ao.nn.quantized.dynamic.ConvTranspose3d",
     "3-D transposed convolution of numbers, which are quantized by their "
     "own range, with quantized weights."},
    {"QuantizedLinear(input, weight, bias?, *, output_scale: number, "
     "output_zero_point: int, activation: string = \"none\", negative_slope: "
     "number? = none) -> output",
     Family::kQuantization, 1, "torch.ao.nn.quantized.functional.linear",
     "input @ weight.T + bias of quantized tensors, then the activation "
     "(\"none\", \"relu\", \"leaky_relu\" with negative_slope, \"tanh\")."},
    {"DynamicQuantizedLinear(input, weight, bias?, *, reduce_range: bool = "
     "false, activation: string = \"none\") -> output",
     Family::kQuantization, 1, "torch.ao.nn.quantized.dynamic.Linear",
     "input @ weight.T + bias of numbers, which are quantized by their own "
     "range (to 7 bits with reduce_range), with quantized weights; then the "
     "activation (\"none\" or \"relu\")."},
    {"Float16Linear(input, weight, bias?, *, activation: string = \"none\") "
     "-> output",
     Family::kQuantization, 1, "torch.ao.nn.quantized.dynamic.Linear",
     "input @ weight.T + bias with weights that are kept as float16; then "
     "the activation (\"none\" or \"relu\")."},
    {"QuantizedAdd(input, *, other: scalar, output_scale: number? = none, "
     "output_zero_point: int? = none, activation: string = \"none\") -> output",
     Family::kQuantization, 1, "torch.ao.nn.quantized.QFunctional.add",
     "input + other, then the activation (\"none\" or \"relu\"); with a "
     "number, scale and zero point follow from it."},
    {"QuantizedMul(input, *, other: scalar, output_scale: number? = none, "
     "output_zero_point: int? = none, activation: string = \"none\") -> output",
     Family::kQuantization, 1, "torch.ao.nn.quantized.QFunctional.mul",
     "input * other, then the activation (\"none\" or \"relu\"); with a "
     "number, scale and zero point follow from it."},
    {"QuantizedMatmul(input, other, *, output_scale: number, "
     "output_zero_point: int) -> output",
     Family::kQuantization, 1, "torch.ao.nn.quantized.QFunctional.matmul",
     "Matrix product of quantized tensors."},
    {"QuantizedCat(tensors[], *, dim: int = 0, output_scale: number? = none, "
     "output_zero_point: int? = none, activation: string = \"none\") -> output",
     Family::kQuantization, 1, "torch.ao.nn.quantized.QFunctional.cat",
     "Quantized tensors one after the other along a dimension, all with the "
     "scale and zero point of the output (those of the first, where none are "
     "given); then the activation (\"none\" or \"relu\")."},
    {"QuantizedBatchNorm(input, weight?, bias?, running_mean, running_var, "
     "*, eps: float, output_scale: number, output_zero_point: int, "
     "activation: string = \"none\") -> output",
     Family::kQuantization, 1, "torch.ao.nn.quantized.BatchNorm2d",
     "Batch normalization of a quantized tensor with fixed statistics; then "
     "the activation (\"none\" or \"relu\")."},
    {"QuantizedLayerNorm(input, weight?, bias?, *, normalized_shape: int[], "
     "eps: float, output_scale: number, output_zero_point: int) -> output",
     Family::kQuantization, 1, "torch.ao.nn.quantized.LayerNorm",
     "Normalization over the last dimensions of a quantized tensor."},
    {"QuantizedGroupNorm(input, weight?, bias?, *, num_groups: int, eps: "
     "float, output_scale: number, output_zero_point: int) -> output",
     Family::kQuantization, 1, "torch.ao.nn.quantized.GroupNorm",
     "Normalization over groups of channels of a quantized tensor."},
    {"QuantizedInstanceNorm(input, weight?, bias?, *, eps: float, "
     "output_scale: number, output_zero_point: int) -> output",
     Family::kQuantization, 1, "torch.ao.nn.quantized.InstanceNorm2d",
     "Normalization of each channel of each instance of a quantized tensor."},
    {"QuantizedHardswish(input, *, output_scale: number, output_zero_point: "
     "int) -> output",
     Family::kQuantization, 1, "torch.ao.nn.quantized.Hardswish",
     "Hardswish of a quantized tensor."},
    {"QuantizedSigmoid(input, *, output_scale: number, output_zero_point: "
     "int) -> output",
     Family::kQuantization, 1, "torch.ao.nn.quantized.Sigmoid",
     "Sigmoid of a quantized tensor."},
    {"QuantizedLeakyReLU(input, *, negative_slope: number, output_scale: "
     "number, output_zero_point: int) -> output",
     Family::kQuantization, 1, "torch.ao.nn.quantized.LeakyReLU",
     "LeakyReLU of a quantized tensor."},
    {"QuantizedELU(input, *, alpha: number = 1, scale: number = 1, "
     "input_scale: number = 1, output_scale: number, output_zero_point: int) "
     "-> output",
     Family::kQuantization, 1, "torch.ao.nn.quantized.ELU",
     "ELU of a quantized tensor."},
    {"QuantizedCELU(input, *, alpha: number = 1, output_scale: number, "
     "output_zero_point: int) -> output",
     Family::kQuantization, 1, "torch.ao.nn.quantized.functional.celu",
     "CELU of a quantized tensor."},
    {"QuantizedPReLU(input, weight, *, output_scale: number, "
     "output_zero_point: int) -> output",
     Family::kQuantization, 1, "torch.ao.nn.quantized.PReLU",
     "PReLU of a quantized tensor, with quantized weights."},
    {"QuantizedSoftmax(input, *, dim: int, output_scale: number, "
     "output_zero_point: int) -> output",
     Family::kQuantization, 1, "torch.ao.nn.quantized.Softmax",
     "Softmax of a quantized tensor along a dimension."},
    {"QuantizedDropout(input, *, p: number = 0.5, training: bool = false, "
     "output_scale: number, output_zero_point: int) -> output",
     Family::kQuantization, 1, "torch.ao.nn.quantized.Dropout",
     "Dropout of a quantized tensor."},
    {"QuantizedEmbedding(input, weight, *, pruned_weights: bool = false) -> "
     "output",
     Family::kQuantization, 1, "torch.ao.nn.quantized.Embedding",
     "Rows of a quantized weight, by number, as numbers."},
    {"QuantizedEmbeddingBag(input, weight, offsets?, per_sample_weights?, "
     "compressed_indices_mapping?, *, mode: string = \"sum\", pruned_weights: "
     "bool = false, include_last_offset: bool = false) -> output",
     Family::kQuantization, 1, "torch.ao.nn.quantized.EmbeddingBag",
     "Sums of bags of rows of a quantized weight, as numbers."},
    {"DynamicQuantizedLSTM(input, batch_sizes?, hx[], weight_ih[], "
     "weight_hh[], bias_ih[]?, bias_hh[]?, *, has_biases: bool, num_layers: "
     "int, dropout: float = 0.0, training: bool = false, bidirectional: bool "
     "= false, batch_first: bool = false, reduce_range: bool = false) -> "
     "output, h_n, c_n",
     Family::kQuantization, 1, "torch.ao.nn.quantized.dynamic.LSTM",
     "LSTM whose inputs and states are quantized by their own range, with "
     "weights that are quantized, or kept as float16 where they are not; with "
     "batch_sizes over a packed sequence. A weight and a bias for each layer "
     "and direction."},
    {"DynamicQuantizedGRU(input, batch_sizes?, hx, weight_ih[], weight_hh[], "
     "bias_ih[]?, bias_hh[]?, *, has_biases: bool, num_layers: int, dropout: "
     "float = 0.0, training: bool = false, bidirectional: bool = false, "
     "batch_first: bool = false, reduce_range: bool = false) -> output, h_n",
     Family::kQuantization, 1, "torch.ao.nn.quantized.dynamic.GRU",
     "Gated recurrent units in the manner of DynamicQuantizedLSTM."},
    {"DynamicQuantizedLSTMCell(input, hx[], weight_ih, weight_hh, bias_ih, "
     "bias_hh) -> h, c",
     Family::kQuantization, 1, "torch.ao.nn.quantized.dynamic.LSTMCell",
     "One step of an LSTM; weights as of DynamicQuantizedLSTM."},
    {"DynamicQuantizedGRUCell(input, hx, weight_ih, weight_hh, bias_ih, "
     "bias_hh) -> h",
     Family::kQuantization, 1, "torch.ao.nn.quantized.dynamic.GRUCell",
     "One step of gated recurrent units; weights as of DynamicQuantizedLSTM."},
    {"DynamicQuantizedRNNTanhCell(input, hx, weight_ih, weight_hh, bias_ih, "
     "bias_hh) -> h",
     Family::kQuantization, 1, "torch.ao.nn.quantized.dynamic.RNNCell",
     "One step of an Elman network with tanh; weights as of "
     "DynamicQuantizedLSTM."},
    {"DynamicQuantizedRNNReLUCell(input, hx, weight_ih, weight_hh, bias_ih, "
     "bias_hh) -> h",
     Family::kQuantization, 1, "torch.ao.nn.quantized.dynamic.RNNCell",
     "One step of an Elman network with ReLU; weights as of "
     "DynamicQuantizedLSTM."},
    {"FusedMovingAvgObsFakeQuantize(input, observer_on, fake_quant_on, "
     "running_min, running_max, scale, zero_point, *, averaging_const: "
     "number, quant_min: int, quant_max: int, ch_axis: int, "
     "per_row_fake_quant: bool = false, symmetric_quant: bool = false) -> "
     "output, running_min?, running_max?, scale?, zero_point?",
     Family::kQuantization, 1,
     "torch.ao.quantization.FusedMovingAvgObsFakeQuantize",
     "Quantized and dequantized where fake_quant_on is 1; where observer_on "
     "is 1, running range, scale and zero point follow the input first."},
};

}  // namespace

absl::Span<const LayerSetRow> QuantizedLayerRows() { return kRows; }

}  // namespace flextorchir
