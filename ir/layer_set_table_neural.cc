#include "absl/types/span.h"
#include "flextorchir/ir/layer_set_table.h"

namespace flextorchir {
namespace {

constexpr LayerSetRow kRows[] = {
    {"Conv1d(input, weight, bias?, *, stride: int[] = [1], padding: int[] | "
     "string = [0], dilation: int[] = [1], groups: int = 1) -> output",
     Family::kConvolution, 1, "torch.nn.functional.conv1d",
     "1-D convolution (as everywhere in deep learning: a cross-correlation). "
     "Padding is a number a side, \"valid\" or \"same\"."},
    {"Conv2d(input, weight, bias?, *, stride: int[] = [1, 1], padding: int[] "
     "| string = [0, 0], dilation: int[] = [1, 1], groups: int = 1) -> output",
     Family::kConvolution, 1, "torch.nn.functional.conv2d",
     "2-D convolution (as everywhere in deep learning: a cross-correlation). "
     "Padding is a number a side, \"valid\" or \"same\"."},
    {"Conv3d(input, weight, bias?, *, stride: int[] = [1, 1, 1], padding: "
     "int[] | string = [0, 0, 0], dilation: int[] = [1, 1, 1], groups: int = "
     "1) -> output",
     Family::kConvolution, 1, "torch.nn.functional.conv3d",
     "3-D convolution (as everywhere in deep learning: a cross-correlation). "
     "Padding is a number a side, \"valid\" or \"same\"."},
    {"ConvTranspose1d(input, weight, bias?, *, stride: int[] = [1], padding: "
     "int[] = [0], output_padding: int[] = [0], groups: int = 1, dilation: "
     "int[] = [1]) -> output",
     Family::kConvolution, 1, "torch.nn.functional.conv_transpose1d",
     "1-D transposed convolution: the gradient of a convolution with regard "
     "to its input."},
    {"ConvTranspose2d(input, weight, bias?, *, stride: int[] = [1, 1], "
     "padding: int[] = [0, 0], output_padding: int[] = [0, 0], groups: int = "
     "1, dilation: int[] = [1, 1]) -> output",
     Family::kConvolution, 1, "torch.nn.functional.conv_transpose2d",
     "2-D transposed convolution: the gradient of a convolution with regard "
     "to its input."},
    {"ConvTranspose3d(input, weight, bias?, *, stride: int[] = [1, 1, 1], "
     "padding: int[] = [0, 0, 0], output_padding: int[] = [0, 0, 0], groups: "
     "int = 1, dilation: int[] = [1, 1, 1]) -> output",
     Family::kConvolution, 1, "torch.nn.functional.conv_transpose3d",
     "3-D transposed convolution: the gradient of a convolution with regard "
     "to its input."},
    {"ConvTbc(input, weight, bias, *, pad: int = 0) -> output",
     Family::kConvolution, 1, "torch.nn.functional.conv_tbc",
     "1-D convolution of [time, batch, channel]."},
    {"Unfold(input, *, kernel_size: int[], dilation: int[], padding: int[], "
     "stride: int[]) -> output",
     Family::kConvolution, 1, "torch.nn.functional.unfold",
     "Sliding blocks of an image as columns (im2col)."},
    {"Fold(input, *, output_size: int[], kernel_size: int[], dilation: int[], "
     "padding: int[], stride: int[]) -> output",
     Family::kConvolution, 1, "torch.nn.functional.fold",
     "Sums columns back into an image (col2im)."},
    {"Linear(input, weight, bias?) -> output", Family::kLinear, 1,
     "torch.nn.functional.linear", "input @ weight.T + bias."},
    {"Bilinear(input1, input2, weight, bias?) -> output", Family::kLinear, 1,
     "torch.nn.functional.bilinear",
     "input1 @ weight @ input2 + bias, for each output feature."},
    {"Matmul(input, other) -> output", Family::kLinear, 1, "torch.matmul",
     "Matrix product with broadcasting of the leading dimensions."},
    {"Mm(input, mat2) -> output", Family::kLinear, 1, "torch.mm",
     "Product of two matrices."},
    {"Bmm(input, mat2) -> output", Family::kLinear, 1, "torch.bmm",
     "Products of two batches of matrices."},
    {"GroupedMm(input, mat2, offs?, bias?, *, out_dtype: dtype? = none) -> "
     "output",
     Family::kLinear, 1, "torch.nn.functional.grouped_mm",
     "Products of groups of rows or columns, which end at offs, with a matrix "
     "each; of batches without offs."},
    {"IntMm(input, mat2) -> output", Family::kLinear, 1, "torch._int_mm",
     "Product of two matrices of int8, in int32."},
    {"WeightInt8PackMm(input, mat2, scales) -> output", Family::kLinear, 1,
     "torch._weight_int8pack_mm",
     "Product with the transpose of an int8 matrix, whose rows are scaled."},
    {"Mv(input, vec) -> output", Family::kLinear, 1, "torch.mv",
     "Product of a matrix and a vector."},
    {"Dot(input, tensor) -> output", Family::kLinear, 1, "torch.dot",
     "Inner product of two vectors."},
    {"Vdot(input, other) -> output", Family::kLinear, 1, "torch.vdot",
     "Inner product of two vectors, the first one conjugated."},
    {"Inner(input, other) -> output", Family::kLinear, 1, "torch.inner",
     "Products of the last dimensions."},
    {"Outer(input, vec2) -> output", Family::kLinear, 1, "torch.outer",
     "Outer product of two vectors."},
    {"Addmm(input, mat1, mat2, *, beta: number = 1, alpha: number = 1) -> "
     "output",
     Family::kLinear, 1, "torch.addmm",
     "beta * input + alpha * (mat1 @ mat2)."},
    {"Addmv(input, mat, vec, *, beta: number = 1, alpha: number = 1) -> "
     "output",
     Family::kLinear, 1, "torch.addmv", "beta * input + alpha * (mat @ vec)."},
    {"Addr(input, vec1, vec2, *, beta: number = 1, alpha: number = 1) -> "
     "output",
     Family::kLinear, 1, "torch.addr",
     "beta * input + alpha * outer(vec1, vec2)."},
    {"Baddbmm(input, batch1, batch2, *, beta: number = 1, alpha: number = 1) "
     "-> output",
     Family::kLinear, 1, "torch.baddbmm",
     "beta * input + alpha * (batch1 @ batch2), batch by batch."},
    {"Addbmm(input, batch1, batch2, *, beta: number = 1, alpha: number = 1) "
     "-> output",
     Family::kLinear, 1, "torch.addbmm",
     "beta * input + alpha * the sum over the batch of batch1 @ batch2."},
    {"Einsum(tensors[], *, equation: string, path: int[]? = none) -> output",
     Family::kLinear, 1, "torch.einsum",
     "Sum of products in Einstein notation."},
    {"Tensordot(input, other, *, dims_self: int[], dims_other: int[]) -> "
     "output",
     Family::kLinear, 1, "torch.tensordot",
     "Contraction over pairs of dimensions."},
    {"ChainMatmul(tensors[]) -> output", Family::kLinear, 1,
     "torch.chain_matmul",
     "Product of several matrices, in the cheapest order."},
    {"Kron(input, other) -> output", Family::kLinear, 1, "torch.kron",
     "Kronecker product."},
    {"Cdist(x1, x2, *, p: float = 2.0, compute_mode: int? = none) -> output",
     Family::kLinear, 1, "torch.cdist", "Distances between all pairs of rows."},
    {"Pdist(input, *, p: float = 2.0) -> output", Family::kLinear, 1,
     "torch.nn.functional.pdist",
     "Distances between all pairs of different rows."},
    {"Cross(input, other, *, dim: int? = none) -> output", Family::kLinear, 1,
     "torch.linalg.cross", "Cross product along a dimension of size 3."},
    {"BatchNorm1d(input, weight?, bias?, running_mean?, running_var?, *, "
     "training: bool = false, momentum: float = 0.1, eps: float = 1e-05) -> "
     "output, running_mean?, running_var?",
     Family::kNormalization, 1, "torch.nn.functional.batch_norm",
     "Batch normalization over [N, C] or [N, C, L]; in training the batch's "
     "own statistics are used, and the running ones, where given, are "
     "updated."},
    {"BatchNorm2d(input, weight?, bias?, running_mean?, running_var?, *, "
     "training: bool = false, momentum: float = 0.1, eps: float = 1e-05) -> "
     "output, running_mean?, running_var?",
     Family::kNormalization, 1, "torch.nn.functional.batch_norm",
     "Batch normalization over [N, C, H, W]; in training the batch's own "
     "statistics are used, and the running ones, where given, are updated."},
    {"BatchNorm3d(input, weight?, bias?, running_mean?, running_var?, *, "
     "training: bool = false, momentum: float = 0.1, eps: float = 1e-05) -> "
     "output, running_mean?, running_var?",
     Family::kNormalization, 1, "torch.nn.functional.batch_norm",
     "Batch normalization over [N, C, D, H, W]; in training the batch's own "
     "statistics are used, and the running ones, where given, are updated."},
    {"InstanceNorm1d(input, weight?, bias?, running_mean?, running_var?, *, "
     "use_input_stats: bool = true, momentum: float = 0.1, eps: float = "
     "1e-05) -> output, running_mean?, running_var?",
     Family::kNormalization, 1, "torch.nn.functional.instance_norm",
     "Normalization of each channel of each instance of [N, C, L]."},
    {"InstanceNorm2d(input, weight?, bias?, running_mean?, running_var?, *, "
     "use_input_stats: bool = true, momentum: float = 0.1, eps: float = "
     "1e-05) -> output, running_mean?, running_var?",
     Family::kNormalization, 1, "torch.nn.functional.instance_norm",
     "Normalization of each channel of each instance of [N, C, H, W]."},
    {"InstanceNorm3d(input, weight?, bias?, running_mean?, running_var?, *, "
     "use_input_stats: bool = true, momentum: float = 0.1, eps: float = "
     "1e-05) -> output, running_mean?, running_var?",
     Family::kNormalization, 1, "torch.nn.functional.instance_norm",
     "Normalization of each channel of each instance of [N, C, D, H, W]."},
    {"LayerNorm(input, weight?, bias?, *, normalized_shape: int[], eps: float "
     "= 1e-05) -> output",
     Family::kNormalization, 1, "torch.nn.functional.layer_norm",
     "Normalization over the last dimensions."},
    {"GroupNorm(input, weight?, bias?, *, num_groups: int, eps: float = "
     "1e-05) -> output",
     Family::kNormalization, 1, "torch.nn.functional.group_norm",
     "Normalization over groups of channels."},
    {"RMSNorm(input, weight?, *, normalized_shape: int[], eps: float? = none) "
     "-> output",
     Family::kNormalization, 1, "torch.nn.functional.rms_norm",
     "Division by the root mean square over the last dimensions."},
    {"WeightNorm(v, g, *, dim: int = 0) -> output", Family::kNormalization, 1,
     "torch.nn.utils.weight_norm",
     "g * v / norm(v): a weight split into direction and length."},
    {"NormExceptDim(v, *, pow: int = 2, dim: int = 0) -> output",
     Family::kNormalization, 1, "torch.norm_except_dim",
     "Norms over all dimensions but one."},
    {"NativeBatchNorm(input, weight?, bias?, running_mean?, running_var?, *, "
     "momentum: float, eps: float) -> output, save_mean, save_invstd",
     Family::kNormalization, 1, "torch.native_batch_norm",
     "Batch normalization with running statistics that also returns what its "
     "gradient needs."},
    {"NativeLayerNorm(input, weight?, bias?, *, normalized_shape: int[], eps: "
     "float) -> output, mean, rstd",
     Family::kNormalization, 1, "torch.native_layer_norm",
     "Layer normalization that also returns mean and reciprocal deviation."},
    {"NativeGroupNorm(input, weight?, bias?, *, N: int, C: int, HxW: int, "
     "num_groups: int, eps: float) -> output, mean, rstd",
     Family::kNormalization, 1, "torch.native_group_norm",
     "Group normalization that also returns mean and reciprocal deviation."},
    {"Renorm(input, *, p: number, dim: int, maxnorm: number) -> output",
     Family::kNormalization, 1, "torch.renorm",
     "Scales slices along a dimension down to a largest norm."},
    {"CosineSimilarity(x1, x2, *, dim: int = 1, eps: float = 1e-08) -> output",
     Family::kNormalization, 1, "torch.nn.functional.cosine_similarity",
     "Cosine of the angle between vectors along a dimension."},
    {"PairwiseDistance(x1, x2, *, p: float = 2.0, eps: float = 1e-06, "
     "keepdim: bool = false) -> output",
     Family::kNormalization, 1, "torch.nn.functional.pairwise_distance",
     "Distance between corresponding rows."},
    {"ReLU(input) -> output", Family::kActivation, 1,
     "torch.nn.functional.relu", "max(input, 0)."},
    {"ReLU6(input) -> output", Family::kActivation, 1,
     "torch.nn.functional.relu6", "min(max(input, 0), 6)."},
    {"LeakyReLU(input, *, negative_slope: number = 0.01) -> output",
     Family::kActivation, 1, "torch.nn.functional.leaky_relu",
     "input where positive, else negative_slope * input."},
    {"PReLU(input, weight) -> output", Family::kActivation, 1,
     "torch.nn.functional.prelu",
     "input where positive, else weight * input, a weight for each channel or "
     "one for all."},
    {"RReLU(input, *, lower: number = 0.125, upper: number = "
     "0.3333333333333333, training: bool = false) -> output",
     Family::kActivation, 1, "torch.nn.functional.rrelu",
     "Leaky ReLU with a random slope in training, else the middle one."},
    {"ELU(input, *, alpha: number = 1, scale: number = 1, input_scale: number "
     "= 1) -> output",
     Family::kActivation, 1, "torch.nn.functional.elu",
     "scale * input where positive, else scale * alpha * (exp(input_scale * "
     "input) - 1)."},
    {"SELU(input) -> output", Family::kActivation, 1,
     "torch.nn.functional.selu", "ELU with the self-normalizing constants."},
    {"CELU(input, *, alpha: number = 1.0) -> output", Family::kActivation, 1,
     "torch.nn.functional.celu",
     "max(0, input) + min(0, alpha * (exp(input / alpha) - 1))."},
    {"GELU(input, *, approximate: string = \"none\") -> output",
     Family::kActivation, 1, "torch.nn.functional.gelu",
     "input * Phi(input); approximate is \"none\" or \"tanh\"."},
    {"SiLU(input) -> output", Family::kActivation, 1,
     "torch.nn.functional.silu", "input * sigmoid(input)."},
    {"Mish(input) -> output", Family::kActivation, 1,
     "torch.nn.functional.mish", "input * tanh(softplus(input))."},
    {"Sigmoid(input) -> output", Family::kActivation, 1,
     "torch.nn.functional.sigmoid", "1 / (1 + exp(-input))."},
    {"LogSigmoid(input) -> output", Family::kActivation, 1,
     "torch.nn.functional.logsigmoid", "log(sigmoid(input))."},
    {"Tanh(input) -> output", Family::kActivation, 1,
     "torch.nn.functional.tanh", "Hyperbolic tangent."},
    {"Hardtanh(input, *, min_val: number = -1, max_val: number = 1) -> output",
     Family::kActivation, 1, "torch.nn.functional.hardtanh",
     "min(max(input, min_val), max_val)."},
    {"Hardsigmoid(input) -> output", Family::kActivation, 1,
     "torch.nn.functional.hardsigmoid", "min(max(input + 3, 0), 6) / 6."},
    {"Hardswish(input) -> output", Family::kActivation, 1,
     "torch.nn.functional.hardswish", "input * min(max(input + 3, 0), 6) / 6."},
    {"Hardshrink(input, *, lambd: number = 0.5) -> output", Family::kActivation,
     1, "torch.nn.functional.hardshrink",
     "input where its absolute value exceeds lambd, else 0."},
    {"Softshrink(input, *, lambd: number = 0.5) -> output", Family::kActivation,
     1, "torch.nn.functional.softshrink", "input moved towards 0 by lambd."},
    {"Softplus(input, *, beta: number = 1, threshold: number = 20) -> output",
     Family::kActivation, 1, "torch.nn.functional.softplus",
     "log(1 + exp(beta * input)) / beta, and input itself above the "
     "threshold."},
    {"Threshold(input, *, threshold: number, value: number) -> output",
     Family::kActivation, 1, "torch.nn.functional.threshold",
     "input where it exceeds the threshold, else value."},
    {"GLU(input, *, dim: int = -1) -> output", Family::kActivation, 1,
     "torch.nn.functional.glu",
     "The first half times the sigmoid of the second half."},
    {"Softmax(input, *, dim: int, dtype: dtype? = none) -> output",
     Family::kActivation, 1, "torch.nn.functional.softmax",
     "exp(input) divided by its sum along a dimension."},
    {"LogSoftmax(input, *, dim: int, dtype: dtype? = none) -> output",
     Family::kActivation, 1, "torch.nn.functional.log_softmax",
     "Logarithm of the softmax."},
    {"SafeSoftmax(input, *, dim: int, dtype: dtype? = none) -> output",
     Family::kActivation, 1, "torch._safe_softmax",
     "Softmax that is 0 where everything is minus infinity."},
    {"MaxPool1d(input, *, kernel_size: int[], stride: int[], padding: int[] = "
     "[0], dilation: int[] = [1], ceil_mode: bool = false) -> output, "
     "indices?",
     Family::kPooling, 1, "torch.nn.functional.max_pool1d",
     "Maximum over windows; indices are those in the flattened input plane."},
    {"MaxPool2d(input, *, kernel_size: int[], stride: int[], padding: int[] = "
     "[0, 0], dilation: int[] = [1, 1], ceil_mode: bool = false) -> output, "
     "indices?",
     Family::kPooling, 1, "torch.nn.functional.max_pool2d",
     "Maximum over windows; indices are those in the flattened input plane."},
    {"MaxPool3d(input, *, kernel_size: int[], stride: int[], padding: int[] = "
     "[0, 0, 0], dilation: int[] = [1, 1, 1], ceil_mode: bool = false) -> "
     "output, indices?",
     Family::kPooling, 1, "torch.nn.functional.max_pool3d",
     "Maximum over windows; indices are those in the flattened input plane."},
    {"AvgPool1d(input, *, kernel_size: int[], stride: int[], padding: int[] = "
     "[0], ceil_mode: bool = false, count_include_pad: bool = true) -> output",
     Family::kPooling, 1, "torch.nn.functional.avg_pool1d",
     "Average over windows."},
    {"AvgPool2d(input, *, kernel_size: int[], stride: int[], padding: int[] = "
     "[0, 0], ceil_mode: bool = false, count_include_pad: bool = true, "
     "divisor_override: int? = none) -> output",
     Family::kPooling, 1, "torch.nn.functional.avg_pool2d",
     "Average over windows."},
    {"AvgPool3d(input, *, kernel_size: int[], stride: int[], padding: int[] = "
     "[0, 0, 0], ceil_mode: bool = false, count_include_pad: bool = true, "
     "divisor_override: int? = none) -> output",
     Family::kPooling, 1, "torch.nn.functional.avg_pool3d",
     "Average over windows."},
    {"AdaptiveAvgPool1d(input, *, output_size: int[], kernel_size: int[]? = "
     "none, stride: int[]? = none) -> output",
     Family::kPooling, 1, "torch.nn.functional.adaptive_avg_pool1d",
     "Average over windows that divide the input into output_size parts. "
     "Where all windows are alike on this input, kernel_size and stride say "
     "the plain pool that does the same."},
    {"AdaptiveAvgPool2d(input, *, output_size: int[], kernel_size: int[]? = "
     "none, stride: int[]? = none) -> output",
     Family::kPooling, 1, "torch.nn.functional.adaptive_avg_pool2d",
     "Average over windows that divide the input into output_size parts. "
     "Where all windows are alike on this input, kernel_size and stride say "
     "the plain pool that does the same."},
    {"AdaptiveAvgPool3d(input, *, output_size: int[], kernel_size: int[]? = "
     "none, stride: int[]? = none) -> output",
     Family::kPooling, 1, "torch.nn.functional.adaptive_avg_pool3d",
     "Average over windows that divide the input into output_size parts. "
     "Where all windows are alike on this input, kernel_size and stride say "
     "the plain pool that does the same."},
    {"AdaptiveMaxPool1d(input, *, output_size: int[], kernel_size: int[]? = "
     "none, stride: int[]? = none) -> output, indices",
     Family::kPooling, 1, "torch.nn.functional.adaptive_max_pool1d",
     "Maximum over windows that divide the input into output_size parts. "
     "Where all windows are alike on this input, kernel_size and stride say "
     "the plain pool that does the same."},
    {"AdaptiveMaxPool2d(input, *, output_size: int[], kernel_size: int[]? = "
     "none, stride: int[]? = none) -> output, indices",
     Family::kPooling, 1, "torch.nn.functional.adaptive_max_pool2d",
     "Maximum over windows that divide the input into output_size parts. "
     "Where all windows are alike on this input, kernel_size and stride say "
     "the plain pool that does the same."},
    {"AdaptiveMaxPool3d(input, *, output_size: int[], kernel_size: int[]? = "
     "none, stride: int[]? = none) -> output, indices",
     Family::kPooling, 1, "torch.nn.functional.adaptive_max_pool3d",
     "Maximum over windows that divide the input into output_size parts. "
     "Where all windows are alike on this input, kernel_size and stride say "
     "the plain pool that does the same."},
    {"FractionalMaxPool2d(input, random_samples, *, kernel_size: int[], "
     "output_size: int[]) -> output, indices",
     Family::kPooling, 1, "torch.nn.functional.fractional_max_pool2d",
     "Maximum over windows at pseudo-random places."},
    {"MaxUnpool2d(input, indices, *, output_size: int[]) -> output",
     Family::kPooling, 1, "torch.nn.functional.max_unpool2d",
     "Puts values back to where a max pool took them from; 0 elsewhere."},
    {"FractionalMaxPool3d(input, random_samples, *, kernel_size: int[], "
     "output_size: int[]) -> output, indices",
     Family::kPooling, 1, "torch.nn.functional.fractional_max_pool3d",
     "Maximum over windows at pseudo-random places."},
    {"MaxUnpool3d(input, indices, *, output_size: int[], stride: int[], "
     "padding: int[]) -> output",
     Family::kPooling, 1, "torch.nn.functional.max_unpool3d",
     "Puts values back to where a max pool took them from; 0 elsewhere."},
};

}  // namespace

absl::Span<const LayerSetRow> NeuralLayerRows() { return kRows; }

}  // namespace flextorchir
