#include "absl/types/span.h"
#include "flextorchir/ir/layer_set_table.h"

namespace flextorchir {
namespace {

constexpr LayerSetRow kRows[] = {
    {"LSTM(input, batch_sizes?, hx[], params[], *, has_biases: bool, "
     "num_layers: int, dropout: float = 0.0, training: bool = false, "
     "bidirectional: bool = false, batch_first: bool = false) -> output, h_n, "
     "c_n",
     Family::kRecurrent, 1, "torch.nn.LSTM",
     "Long short-term memory over a sequence; with batch_sizes over a packed "
     "one. params are the weights of each layer and direction: input, hidden, "
     "their biases, the projection."},
    {"GRU(input, batch_sizes?, hx, params[], *, has_biases: bool, num_layers: "
     "int, dropout: float = 0.0, training: bool = false, bidirectional: bool "
     "= false, batch_first: bool = false) -> output, h_n",
     Family::kRecurrent, 1, "torch.nn.GRU",
     "Gated recurrent units over a sequence; with batch_sizes over a packed "
     "one. params as of LSTM."},
    {"RNNTanh(input, batch_sizes?, hx, params[], *, has_biases: bool, "
     "num_layers: int, dropout: float = 0.0, training: bool = false, "
     "bidirectional: bool = false, batch_first: bool = false) -> output, h_n",
     Family::kRecurrent, 1, "torch.nn.RNN",
     "Elman network with tanh over a sequence; with batch_sizes over a packed "
     "one. params as of LSTM."},
    {"RNNReLU(input, batch_sizes?, hx, params[], *, has_biases: bool, "
     "num_layers: int, dropout: float = 0.0, training: bool = false, "
     "bidirectional: bool = false, batch_first: bool = false) -> output, h_n",
     Family::kRecurrent, 1, "torch.nn.RNN",
     "Elman network with ReLU over a sequence; with batch_sizes over a packed "
     "one. params as of LSTM."},
    {"LSTMCell(input, hx[], weight_ih, weight_hh, bias_ih?, bias_hh?) -> h, c",
     Family::kRecurrent, 1, "torch.nn.LSTMCell", "One step of an LSTM."},
    {"GRUCell(input, hx, weight_ih, weight_hh, bias_ih?, bias_hh?) -> h",
     Family::kRecurrent, 1, "torch.nn.GRUCell",
     "One step of gated recurrent units."},
    {"RNNTanhCell(input, hx, weight_ih, weight_hh, bias_ih?, bias_hh?) -> h",
     Family::kRecurrent, 1, "torch.nn.RNNCell",
     "One step of an Elman network with tanh."},
    {"RNNReLUCell(input, hx, weight_ih, weight_hh, bias_ih?, bias_hh?) -> h",
     Family::kRecurrent, 1, "torch.nn.RNNCell",
     "One step of an Elman network with ReLU."},
    {"PackPaddedSequence(input, lengths, *, batch_first: bool) -> data, "
     "batch_sizes",
     Family::kRecurrent, 1, "torch.nn.utils.rnn.pack_padded_sequence",
     "Padded sequences as a packed one: the steps, and how many sequences "
     "each has."},
    {"PadPackedSequence(data, batch_sizes, *, batch_first: bool, "
     "padding_value: number, total_length: int) -> output, lengths",
     Family::kRecurrent, 1, "torch.nn.utils.rnn.pad_packed_sequence",
     "A packed sequence as padded ones, and their lengths."},
    {"ScaledDotProductAttention(query, key, value, attn_mask?, *, dropout_p: "
     "float = 0.0, is_causal: bool = false, scale: float? = none, enable_gqa: "
     "bool = false) -> output",
     Family::kAttention, 1, "torch.nn.functional.scaled_dot_product_attention",
     "softmax(query @ key.T * scale + attn_mask) @ value."},
    {"MultiheadAttention(query, key, value, in_proj_weight?, q_proj_weight?, "
     "k_proj_weight?, v_proj_weight?, in_proj_bias?, bias_k?, bias_v?, "
     "out_proj_weight, out_proj_bias?, key_padding_mask?, attn_mask?, *, "
     "embed_dim: int, num_heads: int, batch_first: bool = false, dropout: "
     "float = 0.0, add_zero_attn: bool = false, is_causal: bool = false, "
     "need_weights: bool = true, average_attn_weights: bool = true) -> "
     "output, attn_weights?",
     Family::kAttention, 1, "torch.nn.MultiheadAttention",
     "Attention of several heads with its projections, as a module: the body "
     "says what it does. query, key and value may be the same; a weight of "
     "shape [3 * embed_dim, embed_dim] projects all three."},
    {"NativeMultiHeadAttention(query, key, value, qkv_weight, qkv_bias, "
     "proj_weight, proj_bias, mask?, *, embed_dim: int, num_head: int, "
     "need_weights: bool = true, average_attn_weights: bool = true, "
     "mask_type: int? = none) -> output, attn_weights?",
     Family::kAttention, 1, "torch.nn.MultiheadAttention",
     "Self-attention with its projections, as torch's fast path runs it."},
    {"TransformerEncoderLayerFwd(src, qkv_weight, qkv_bias, proj_weight, "
     "proj_bias, norm_weight_1, norm_bias_1, norm_weight_2, norm_bias_2, "
     "ffn_weight_1, ffn_bias_1, ffn_weight_2, ffn_bias_2, mask?, *, "
     "embed_dim: int, num_heads: int, use_gelu: bool, norm_first: bool, eps: "
     "float, mask_type: int? = none) -> output",
     Family::kAttention, 1, "torch.nn.TransformerEncoderLayer",
     "One encoder layer, as torch's fast path runs it."},
    {"Upsample(input, *, size: int[]? = none, scale_factor: float[]? = none, "
     "mode: string = \"nearest\", align_corners: bool? = none, antialias: "
     "bool = false) -> output",
     Family::kVision, 1, "torch.nn.functional.interpolate",
     "Resizes images to a size or by factors; mode is \"nearest\", "
     "\"nearest-exact\", \"linear\", \"bilinear\", \"bicubic\", \"trilinear\" "
     "or \"lanczos\"."},
    {"GridSample(input, grid, *, mode: string, padding_mode: string, "
     "align_corners: bool) -> output",
     Family::kVision, 1, "torch.nn.functional.grid_sample",
     "The input at the places that a grid names, in [-1, 1]."},
    {"AffineGrid(theta, *, size: int[], align_corners: bool) -> output",
     Family::kVision, 1, "torch.nn.functional.affine_grid",
     "The grid of an affine map."},
    {"WarpAffine(input, theta, *, output_size: int[], mode: string = "
     "\"bilinear\", padding_mode: string = \"zeros\", align_corners: bool = "
     "false) -> output",
     Family::kVision, 1, "torch.nn.functional.affine_grid",
     "The input under an affine map: sampled at the affine grid of theta, of "
     "this height and width (and depth). Made by the pass warp_affine."},
    {"Nms(boxes, scores, *, iou_threshold: float) -> output", Family::kVision,
     1, "torchvision.ops.nms",
     "Numbers of the boxes that non-maximum suppression keeps, best first."},
    {"RoiAlign(input, boxes, *, spatial_scale: float, pooled_height: int, "
     "pooled_width: int, sampling_ratio: int, aligned: bool) -> output",
     Family::kVision, 1, "torchvision.ops.roi_align",
     "Averages of bilinear samples over parts of regions."},
    {"RoiPool(input, boxes, *, spatial_scale: float, pooled_height: int, "
     "pooled_width: int) -> output, argmax",
     Family::kVision, 1, "torchvision.ops.roi_pool",
     "Maxima over parts of regions."},
    {"PsRoiAlign(input, boxes, *, spatial_scale: float, pooled_height: int, "
     "pooled_width: int, sampling_ratio: int) -> output, channel_mapping",
     Family::kVision, 1, "torchvision.ops.ps_roi_align",
     "Position-sensitive RoiAlign."},
    {"PsRoiPool(input, boxes, *, spatial_scale: float, pooled_height: int, "
     "pooled_width: int) -> output, channel_mapping",
     Family::kVision, 1, "torchvision.ops.ps_roi_pool",
     "Position-sensitive RoiPool."},
    {"DeformConv2d(input, weight, offset, mask, bias, *, stride_h: int, "
     "stride_w: int, pad_h: int, pad_w: int, dilation_h: int, dilation_w: "
     "int, groups: int, offset_groups: int, use_mask: bool) -> output",
     Family::kVision, 1, "torchvision.ops.deform_conv2d",
     "2-D convolution at displaced places, modulated by a mask where "
     "use_mask."},
    {"BoxIouRotated(boxes1, boxes2) -> output", Family::kVision, 1,
     "torchvision.ops.box_iou_rotated",
     "Intersection over union of rotated boxes."},
    {"Dropout(input, *, p: float = 0.5, training: bool = true) -> output",
     Family::kRandom, 1, "torch.nn.functional.dropout",
     "Zeroes elements at random in training and scales the rest; else "
     "nothing."},
    {"FeatureDropout(input, *, p: float = 0.5, training: bool = true) -> "
     "output",
     Family::kRandom, 1, "torch.nn.functional.dropout2d",
     "Dropout of whole channels."},
    {"AlphaDropout(input, *, p: float = 0.5, training: bool = true) -> output",
     Family::kRandom, 1, "torch.nn.functional.alpha_dropout",
     "Dropout that keeps mean and variance."},
    {"FeatureAlphaDropout(input, *, p: float = 0.5, training: bool = true) -> "
     "output",
     Family::kRandom, 1, "torch.nn.functional.feature_alpha_dropout",
     "Alpha dropout of whole channels."},
    {"NativeDropout(input, *, p: float, training: bool? = none) -> output, "
     "mask",
     Family::kRandom, 1, "torch.native_dropout",
     "Dropout that also returns what it kept."},
    {"Bernoulli(input, *, p: number? = none) -> output", Family::kRandom, 1,
     "torch.bernoulli",
     "1 with the probability p, or of the element itself if p is none."},
    {"Multinomial(input, *, num_samples: int, replacement: bool = false) -> "
     "output",
     Family::kRandom, 1, "torch.multinomial",
     "Numbers drawn with the probabilities of each row."},
    {"Poisson(input) -> output", Family::kRandom, 1, "torch.poisson",
     "Numbers drawn from Poisson distributions."},
    {"Binomial(count, prob) -> output", Family::kRandom, 1, "torch.binomial",
     "Numbers drawn from binomial distributions."},
    {"Rand(*, size: int[], dtype: dtype) -> output", Family::kRandom, 1,
     "torch.rand", "Numbers drawn evenly from [0, 1)."},
    {"Randn(*, size: int[], dtype: dtype) -> output", Family::kRandom, 1,
     "torch.randn", "Numbers drawn from the standard normal distribution."},
    {"Randint(*, low: int = 0, high: int, size: int[], dtype: dtype) -> "
     "output",
     Family::kRandom, 1, "torch.randint",
     "Integers drawn evenly from [low, high)."},
    {"Randperm(*, n: int, dtype: dtype) -> output", Family::kRandom, 1,
     "torch.randperm", "The numbers below n in random order."},
    {"RandLike(input, *, dtype: dtype? = none, memory_format: string? = none) "
     "-> output",
     Family::kRandom, 1, "torch.rand_like", "Rand in the shape of input."},
    {"RandnLike(input, *, dtype: dtype? = none, memory_format: string? = "
     "none) -> output",
     Family::kRandom, 1, "torch.randn_like", "Randn in the shape of input."},
    {"RandintLike(input, *, low: int = 0, high: int, dtype: dtype? = none, "
     "memory_format: string? = none) -> output",
     Family::kRandom, 1, "torch.randint_like",
     "Randint in the shape of input."},
    {"Normal(*, mean: scalar, std: scalar = 1.0, size: int[]? = none, dtype: "
     "dtype? = none) -> output",
     Family::kRandom, 1, "torch.normal",
     "Numbers drawn from normal distributions."},
    {"NormalLike(input, *, mean: float = 0.0, std: float = 1.0) -> output",
     Family::kRandom, 1, "torch.Tensor.normal_",
     "Numbers drawn from a normal distribution in the shape of input."},
    {"UniformLike(input, *, low: float = 0.0, high: float = 1.0) -> output",
     Family::kRandom, 1, "torch.Tensor.uniform_",
     "Numbers drawn evenly from [low, high) in the shape of input."},
    {"RandomLike(input, *, low: int? = none, high: int? = none) -> output",
     Family::kRandom, 1, "torch.Tensor.random_",
     "Integers drawn evenly from [low, high), or all that the dtype has, in "
     "the shape of input."},
    {"CauchyLike(input, *, median: float = 0.0, sigma: float = 1.0) -> output",
     Family::kRandom, 1, "torch.Tensor.cauchy_",
     "Numbers drawn from a Cauchy distribution in the shape of input."},
    {"GeometricLike(input, *, p: float) -> output", Family::kRandom, 1,
     "torch.Tensor.geometric_",
     "Numbers drawn from a geometric distribution in the shape of input."},
    {"LogNormalLike(input, *, mean: float = 1.0, std: float = 2.0) -> output",
     Family::kRandom, 1, "torch.Tensor.log_normal_",
     "Numbers drawn from a log-normal distribution in the shape of input."},
    {"ExponentialLike(input, *, lambd: float = 1.0) -> output", Family::kRandom,
     1, "torch.Tensor.exponential_",
     "Numbers drawn from an exponential distribution in the shape of input."},
    {"QuantizePerTensor(input, *, scale: number, zero_point: int, dtype: "
     "dtype) -> output",
     Family::kQuantization, 1, "torch.quantize_per_tensor",
     "Numbers as integers of one scale and zero point."},
    {"QuantizePerChannel(input, scales, zero_points, *, axis: int, dtype: "
     "dtype) -> output",
     Family::kQuantization, 1, "torch.quantize_per_channel",
     "Numbers as integers of a scale and zero point for each slice along "
     "axis."},
    {"QuantizePerTensorDynamic(input, *, dtype: dtype, reduce_range: bool) -> "
     "output",
     Family::kQuantization, 1, "torch.quantize_per_tensor_dynamic",
     "Numbers as integers, with scale and zero point from their range."},
    {"Dequantize(input) -> output", Family::kQuantization, 1,
     "torch.dequantize", "Quantized integers as numbers."},
    {"IntRepr(input) -> output", Family::kQuantization, 1, "torch.int_repr",
     "The integers of a quantized tensor."},
    {"FakeQuantizePerTensorAffine(input, *, scale: number, zero_point: int, "
     "quant_min: int, quant_max: int) -> output",
     Family::kQuantization, 1, "torch.fake_quantize_per_tensor_affine",
     "Quantized and dequantized."},
    {"FakeQuantizePerChannelAffine(input, scale, zero_point, *, axis: int, "
     "quant_min: int, quant_max: int) -> output",
     Family::kQuantization, 1, "torch.fake_quantize_per_channel_affine",
     "Quantized and dequantized, a scale for each slice along axis."},
    {"MSELoss(input, target, *, reduction: string = \"mean\") -> output",
     Family::kOther, 1, "torch.nn.functional.mse_loss", "Squared differences."},
    {"L1Loss(input, target, *, reduction: string = \"mean\") -> output",
     Family::kOther, 1, "torch.nn.functional.l1_loss", "Absolute differences."},
    {"SmoothL1Loss(input, target, *, reduction: string = \"mean\", beta: "
     "float = 1.0) -> output",
     Family::kOther, 1, "torch.nn.functional.smooth_l1_loss",
     "Squared differences below beta, else absolute ones."},
    {"HuberLoss(input, target, *, reduction: string = \"mean\", delta: float "
     "= 1.0) -> output",
     Family::kOther, 1, "torch.nn.functional.huber_loss",
     "Squared differences below delta, else absolute ones, scaled."},
    {"BCELoss(input, target, weight?, *, reduction: string = \"mean\") -> "
     "output",
     Family::kOther, 1, "torch.nn.functional.binary_cross_entropy",
     "Binary cross entropy."},
    {"BCEWithLogitsLoss(input, target, weight?, pos_weight?, *, reduction: "
     "string = \"mean\") -> output",
     Family::kOther, 1, "torch.nn.functional.binary_cross_entropy_with_logits",
     "Binary cross entropy of logits."},
    {"NLLLoss(input, target, weight?, *, reduction: string = \"mean\", "
     "ignore_index: int = -100) -> output",
     Family::kOther, 1, "torch.nn.functional.nll_loss",
     "Negative log likelihood."},
    {"CrossEntropyLoss(input, target, weight?, *, reduction: string = "
     "\"mean\", ignore_index: int = -100, label_smoothing: float = 0.0) -> "
     "output",
     Family::kOther, 1, "torch.nn.functional.cross_entropy",
     "Cross entropy of logits."},
    {"KLDivLoss(input, target, *, reduction: string = \"mean\", log_target: "
     "bool = false) -> output",
     Family::kOther, 1, "torch.nn.functional.kl_div",
     "Kullback-Leibler divergence."},
    {"PoissonNLLLoss(input, target, *, log_input: bool, full: bool, eps: "
     "float, reduction: string) -> output",
     Family::kOther, 1, "torch.nn.functional.poisson_nll_loss",
     "Poisson negative log likelihood."},
    {"SoftMarginLoss(input, target, *, reduction: string = \"mean\") -> "
     "output",
     Family::kOther, 1, "torch.nn.functional.soft_margin_loss",
     "Two-class logistic loss."},
    {"HingeEmbeddingLoss(input, target, *, margin: float = 1.0, reduction: "
     "string = \"mean\") -> output",
     Family::kOther, 1, "torch.nn.functional.hinge_embedding_loss",
     "Hinge loss of distances."},
    {"MarginRankingLoss(input1, input2, target, *, margin: float = 0.0, "
     "reduction: string = \"mean\") -> output",
     Family::kOther, 1, "torch.nn.functional.margin_ranking_loss",
     "Hinge loss of rankings."},
    {"CosineEmbeddingLoss(input1, input2, target, *, margin: float = 0.0, "
     "reduction: string = \"mean\") -> output",
     Family::kOther, 1, "torch.nn.functional.cosine_embedding_loss",
     "Loss of cosine similarities."},
    {"TripletMarginLoss(anchor, positive, negative, *, margin: float = 1.0, "
     "p: float = 2.0, eps: float = 1e-06, swap: bool = false, reduction: "
     "string = \"mean\") -> output",
     Family::kOther, 1, "torch.nn.functional.triplet_margin_loss",
     "Triplet loss."},
    {"MultiMarginLoss(input, target, weight?, *, p: number = 1, margin: "
     "number = 1, reduction: string = \"mean\") -> output",
     Family::kOther, 1, "torch.nn.functional.multi_margin_loss",
     "Multi-class hinge loss."},
    {"MultiLabelMarginLoss(input, target, *, reduction: string = \"mean\") -> "
     "output",
     Family::kOther, 1, "torch.nn.functional.multilabel_margin_loss",
     "Multi-label hinge loss."},
    {"CTCLoss(log_probs, targets, *, input_lengths: int[], target_lengths: "
     "int[], blank: int = 0, reduction: string = \"mean\", zero_infinity: "
     "bool = false) -> output",
     Family::kOther, 1, "torch.nn.functional.ctc_loss",
     "Connectionist temporal classification."},
    {"Fft(input, *, n: int? = none, dim: int = -1, norm: string? = none) -> "
     "output",
     Family::kOther, 1, "torch.fft.fft",
     "Fourier transform along a dimension."},
    {"Fft2(input, *, s: int[]? = none, dim: int[] = [-2, -1], norm: string? = "
     "none) -> output",
     Family::kOther, 1, "torch.fft.fft2",
     "Fourier transform along two dimensions."},
    {"Fftn(input, *, s: int[]? = none, dim: int[]? = none, norm: string? = "
     "none) -> output",
     Family::kOther, 1, "torch.fft.fftn",
     "Fourier transform along several dimensions."},
    {"Ifft(input, *, n: int? = none, dim: int = -1, norm: string? = none) -> "
     "output",
     Family::kOther, 1, "torch.fft.ifft",
     "Inverse Fourier transform along a dimension."},
    {"Ifft2(input, *, s: int[]? = none, dim: int[] = [-2, -1], norm: string? "
     "= none) -> output",
     Family::kOther, 1, "torch.fft.ifft2",
     "Inverse Fourier transform along two dimensions."},
    {"Ifftn(input, *, s: int[]? = none, dim: int[]? = none, norm: string? = "
     "none) -> output",
     Family::kOther, 1, "torch.fft.ifftn",
     "Inverse Fourier transform along several dimensions."},
    {"Rfft(input, *, n: int? = none, dim: int = -1, norm: string? = none) -> "
     "output",
     Family::kOther, 1, "torch.fft.rfft",
     "Fourier transform of real numbers along a dimension."},
    {"Rfft2(input, *, s: int[]? = none, dim: int[] = [-2, -1], norm: string? "
     "= none) -> output",
     Family::kOther, 1, "torch.fft.rfft2",
     "Fourier transform of real numbers along two dimensions."},
    {"Rfftn(input, *, s: int[]? = none, dim: int[]? = none, norm: string? = "
     "none) -> output",
     Family::kOther, 1, "torch.fft.rfftn",
     "Fourier transform of real numbers along several dimensions."},
    {"Irfft(input, *, n: int? = none, dim: int = -1, norm: string? = none) -> "
     "output",
     Family::kOther, 1, "torch.fft.irfft",
     "Inverse Fourier transform to real numbers along a dimension."},
    {"Irfft2(input, *, s: int[]? = none, dim: int[] = [-2, -1], norm: string? "
     "= none) -> output",
     Family::kOther, 1, "torch.fft.irfft2",
     "Inverse Fourier transform to real numbers along two dimensions."},
    {"Irfftn(input, *, s: int[]? = none, dim: int[]? = none, norm: string? = "
     "none) -> output",
     Family::kOther, 1, "torch.fft.irfftn",
     "Inverse Fourier transform to real numbers along several dimensions."},
    {"Hfft(input, *, n: int? = none, dim: int = -1, norm: string? = none) -> "
     "output",
     Family::kOther, 1, "torch.fft.hfft",
     "Fourier transform of Hermitian numbers along a dimension."},
    {"Hfft2(input, *, s: int[]? = none, dim: int[] = [-2, -1], norm: string? "
     "= none) -> output",
     Family::kOther, 1, "torch.fft.hfft2",
     "Fourier transform of Hermitian numbers along two dimensions."},
    {"Hfftn(input, *, s: int[]? = none, dim: int[]? = none, norm: string? = "
     "none) -> output",
     Family::kOther, 1, "torch.fft.hfftn",
     "Fourier transform of Hermitian numbers along several dimensions."},
    {"Ihfft(input, *, n: int? = none, dim: int = -1, norm: string? = none) -> "
     "output",
     Family::kOther, 1, "torch.fft.ihfft",
     "Inverse of Hfft along a dimension."},
    {"Ihfft2(input, *, s: int[]? = none, dim: int[] = [-2, -1], norm: string? "
     "= none) -> output",
     Family::kOther, 1, "torch.fft.ihfft2",
     "Inverse of Hfft along two dimensions."},
    {"Ihfftn(input, *, s: int[]? = none, dim: int[]? = none, norm: string? = "
     "none) -> output",
     Family::kOther, 1, "torch.fft.ihfftn",
     "Inverse of Hfft along several dimensions."},
    {"FftShift(input, *, dim: int[]? = none) -> output", Family::kOther, 1,
     "torch.fft.fftshift", "Moves the zero frequency to the middle."},
    {"IfftShift(input, *, dim: int[]? = none) -> output", Family::kOther, 1,
     "torch.fft.ifftshift", "Moves the zero frequency back to the start."},
    {"Stft(input, window?, *, n_fft: int, hop_length: int? = none, "
     "win_length: int? = none, center: bool = false, pad_mode: string = "
     "\"reflect\", normalized: bool = false, onesided: bool? = none, "
     "return_complex: bool? = none, align_to_window: bool? = none) -> output",
     Family::kOther, 1, "torch.stft", "Short-time Fourier transform."},
    {"Istft(input, window?, *, n_fft: int, hop_length: int? = none, "
     "win_length: int? = none, center: bool = true, normalized: bool = false, "
     "onesided: bool? = none, length: int? = none, return_complex: bool = "
     "false) -> output",
     Family::kOther, 1, "torch.istft", "Inverse short-time Fourier transform."},
    {"Inverse(input) -> output", Family::kOther, 1, "torch.linalg.inv",
     "Inverse of matrices."},
    {"Det(input) -> output", Family::kOther, 1, "torch.linalg.det",
     "Determinants."},
    {"Slogdet(input) -> sign, logabsdet", Family::kOther, 1,
     "torch.linalg.slogdet", "Sign and logarithm of determinants."},
    {"Logdet(input) -> output", Family::kOther, 1, "torch.logdet",
     "Logarithm of determinants."},
    {"Solve(input, other, *, left: bool = true) -> output", Family::kOther, 1,
     "torch.linalg.solve",
     "Solution of input @ x = other, or x @ input = other."},
    {"SolveTriangular(input, other, *, upper: bool, left: bool = true, "
     "unitriangular: bool = false) -> output",
     Family::kOther, 1, "torch.linalg.solve_triangular",
     "Solution of a triangular system."},
    {"Cholesky(input, *, upper: bool = false) -> output", Family::kOther, 1,
     "torch.linalg.cholesky", "Cholesky decomposition."},
    {"CholeskySolve(input, input2, *, upper: bool = false) -> output",
     Family::kOther, 1, "torch.cholesky_solve",
     "Solution of a system from its Cholesky factor."},
    {"CholeskyInverse(input, *, upper: bool = false) -> output", Family::kOther,
     1, "torch.cholesky_inverse",
     "Inverse of a matrix from its Cholesky factor."},
    {"QR(input, *, mode: string = \"reduced\") -> Q, R", Family::kOther, 1,
     "torch.linalg.qr", "QR decomposition."},
    {"SVD(input, *, full_matrices: bool = true, driver: string? = none) -> U, "
     "S, Vh",
     Family::kOther, 1, "torch.linalg.svd", "Singular value decomposition."},
    {"SVDVals(input, *, driver: string? = none) -> output", Family::kOther, 1,
     "torch.linalg.svdvals", "Singular values."},
    {"Eig(input) -> eigenvalues, eigenvectors", Family::kOther, 1,
     "torch.linalg.eig", "Eigenvalues and eigenvectors."},
    {"Eigvals(input) -> output", Family::kOther, 1, "torch.linalg.eigvals",
     "Eigenvalues."},
    {"Eigh(input, *, uplo: string = \"L\") -> eigenvalues, eigenvectors",
     Family::kOther, 1, "torch.linalg.eigh",
     "Eigenvalues and eigenvectors of Hermitian matrices."},
    {"Eigvalsh(input, *, uplo: string = \"L\") -> output", Family::kOther, 1,
     "torch.linalg.eigvalsh", "Eigenvalues of Hermitian matrices."},
    {"Pinv(input, *, atol: float? = none, rtol: float? = none, hermitian: "
     "bool = false) -> output",
     Family::kOther, 1, "torch.linalg.pinv", "Pseudo-inverse."},
    {"MatrixPower(input, *, n: int) -> output", Family::kOther, 1,
     "torch.linalg.matrix_power", "Integer power of matrices."},
    {"MatrixExp(input) -> output", Family::kOther, 1, "torch.linalg.matrix_exp",
     "Exponential of matrices."},
    {"MultiDot(tensors[]) -> output", Family::kOther, 1,
     "torch.linalg.multi_dot",
     "Product of several matrices, in the cheapest order."},
    {"Vecdot(x, y, *, dim: int = -1) -> output", Family::kOther, 1,
     "torch.linalg.vecdot", "Inner products along a dimension."},
    {"MatrixRank(input, *, atol: float? = none, rtol: float? = none, "
     "hermitian: bool = false) -> output",
     Family::kOther, 1, "torch.linalg.matrix_rank", "Ranks of matrices."},
    {"Cond(input, *, p: number | string? = none) -> output", Family::kOther, 1,
     "torch.linalg.cond", "Condition numbers of matrices."},
    {"InvEx(input, *, check_errors: bool = false) -> inverse, info",
     Family::kOther, 1, "torch.linalg.inv_ex",
     "Inverse of matrices, and whether there is none."},
    {"SolveEx(input, other, *, left: bool = true, check_errors: bool = false) "
     "-> result, info",
     Family::kOther, 1, "torch.linalg.solve_ex",
     "Solution of input @ x = other, and whether there is none."},
    {"CholeskyEx(input, *, upper: bool = false, check_errors: bool = false) "
     "-> L, info",
     Family::kOther, 1, "torch.linalg.cholesky_ex",
     "Cholesky decomposition, and whether there is none."},
    {"LUFactor(input, *, pivot: bool = true) -> LU, pivots", Family::kOther, 1,
     "torch.linalg.lu_factor", "Compact LU decomposition."},
    {"LUSolve(input, pivots, other, *, left: bool = true, adjoint: bool = "
     "false) -> output",
     Family::kOther, 1, "torch.linalg.lu_solve",
     "Solution of a system from its LU decomposition."},
    {"LUUnpack(input, LU_pivots, *, unpack_data: bool = true, unpack_pivots: "
     "bool = true) -> P, L, U",
     Family::kOther, 1, "torch.lu_unpack",
     "The parts of a compact LU decomposition."},
    {"TensorInv(input, *, ind: int = 2) -> output", Family::kOther, 1,
     "torch.linalg.tensorinv", "Inverse of tensordot."},
    {"HouseholderProduct(input, tau) -> output", Family::kOther, 1,
     "torch.linalg.householder_product",
     "First columns of a product of Householder matrices."},
    {"Lstsq(input, b, *, rcond: float? = none, driver: string? = none) -> "
     "solution, residuals, rank, singular_values",
     Family::kOther, 1, "torch.linalg.lstsq", "Least squares solution."},
    {"LU(input, *, pivot: bool = true) -> P, L, U", Family::kOther, 1,
     "torch.linalg.lu", "LU decomposition."},
    {"Diff(input, prepend?, append?, *, n: int = 1, dim: int = -1) -> output",
     Family::kOther, 1, "torch.diff",
     "Differences of neighbours along a dimension."},
    {"SvdByV(input, *, some: bool = true, compute_uv: bool = true) -> U, S, V",
     Family::kOther, 1, "torch.svd",
     "Singular value decomposition, with V and not its adjoint."},
    {"TriangularSolve(input, A, *, upper: bool = true, transpose: bool = "
     "false, unitriangular: bool = false) -> solution, cloned_coefficient",
     Family::kOther, 1, "torch.triangular_solve",
     "Solution of a triangular system, and the system."},
    {"Geqrf(input) -> a, tau", Family::kOther, 1, "torch.geqrf",
     "QR decomposition as Householder reflectors."},
    {"Ormqr(input, tau, other, *, left: bool = true, transpose: bool = false) "
     "-> output",
     Family::kOther, 1, "torch.ormqr",
     "Product of other with the Q of Householder reflectors."},
    {"LDLFactor(input, *, hermitian: bool = false) -> LD, pivots",
     Family::kOther, 1, "torch.linalg.ldl_factor",
     "Compact LDL decomposition."},
    {"LDLFactorEx(input, *, hermitian: bool = false, check_errors: bool = "
     "false) -> LD, pivots, info",
     Family::kOther, 1, "torch.linalg.ldl_factor_ex",
     "Compact LDL decomposition, and what went wrong."},
    {"LDLSolve(input, pivots, other, *, hermitian: bool = false) -> output",
     Family::kOther, 1, "torch.linalg.ldl_solve",
     "Solution of a system from its LDL decomposition."},
    {"LUFactorEx(input, *, pivot: bool = true, check_errors: bool = false) -> "
     "LU, pivots, info",
     Family::kOther, 1, "torch.linalg.lu_factor_ex",
     "Compact LU decomposition, and what went wrong."},
    {"TensorSolve(input, other, *, dims: int[]? = none) -> output",
     Family::kOther, 1, "torch.linalg.tensorsolve",
     "Inverse of tensordot, applied."},
    {"CumulativeTrapezoid(y, x?, *, dim: int = -1, dx: number = 1) -> output",
     Family::kOther, 1, "torch.cumulative_trapezoid",
     "Running sums of the trapezoidal rule."},
    {"Gradient(input, *, spacing: number | int[] | float[]? = none, dim: int | "
     "int[]? = none, edge_order: int = 1) -> outputs[]",
     Family::kOther, 1, "torch.gradient",
     "Central differences along dimensions. spacing may be a list of tensors "
     "of coordinates."},
    {"Trapezoid(y, x?, *, dim: int = -1, dx: number = 1) -> output",
     Family::kOther, 1, "torch.trapezoid",
     "Trapezoidal rule along a dimension."},
};

}  // namespace

absl::Span<const LayerSetRow> OtherLayerRows() { return kRows; }

}  // namespace flextorchir
