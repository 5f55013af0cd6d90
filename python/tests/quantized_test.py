"""Tests models that torch.ao.quantization made: their weights, scales and bits."""

import os
import tempfile
import unittest
import warnings

import flextorchir
import torch
from torch import nn
from torch.ao import quantization
from torch.ao.nn import quantized
from torch.ao.quantization import quantize_fx

warnings.filterwarnings("ignore")

ENGINES = torch.backends.quantized.supported_engines


class Net(nn.Module):
    """Each kind of quantised layer that images need."""

    def __init__(self):
        super().__init__()
        self.quant = quantization.QuantStub()
        self.dequant = quantization.DeQuantStub()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.bn = nn.BatchNorm2d(8)
        self.relu = nn.ReLU()
        self.deep = nn.Conv2d(8, 8, 3, groups=8, stride=2, bias=False)
        self.norm = nn.BatchNorm2d(8)
        self.swish = nn.Hardswish()
        self.leaky = nn.LeakyReLU(0.2)
        self.sigmoid = nn.Sigmoid()
        self.elu = nn.ELU()
        self.fc = nn.Linear(8, 5)
        self.head = nn.Linear(5, 4)
        self.head_relu = nn.ReLU()
        self.add = quantized.FloatFunctional()
        self.mul = quantized.FloatFunctional()
        self.cat = quantized.FloatFunctional()
        self.scaled = quantized.FloatFunctional()
        self.relu6 = nn.ReLU6()

    def forward(self, x):
        x = self.relu(self.bn(self.conv(self.quant(x))))
        y = self.norm(self.swish(self.deep(x)))
        y = self.add.add_relu(y, self.leaky(y))
        y = self.mul.mul(y, self.sigmoid(y))
        y = self.scaled.mul_scalar(self.relu6(y), 0.5)
        y = self.cat.cat([y, self.elu(y)], 1)
        y = nn.functional.max_pool2d(y, 2)[:, 4:12].mean((2, 3))
        return self.dequant(self.head_relu(self.head(self.fc(y))))


def image():
    return torch.randn(2, 3, 16, 16)


def static(model, example, engine="x86", fuse=()):
    """The model quantised in eager mode."""
    torch.backends.quantized.engine = engine
    model.eval()
    if fuse:
        quantization.fuse_modules(model, [list(row) for row in fuse], inplace=True)
    model.qconfig = quantization.get_default_qconfig(engine)
    quantization.prepare(model, inplace=True)
    model(example)
    return quantization.convert(model, inplace=True)


def net(engine="x86"):
    return static(Net(), image(), engine,
                  [("conv", "bn", "relu"), ("head", "head_relu")])


class Convolutions(nn.Module):
    """One and three dimensions, and transposed ones."""

    def __init__(self):
        super().__init__()
        self.quant = quantization.QuantStub()
        self.dequant = quantization.DeQuantStub()
        self.one = nn.Conv1d(4, 6, 3, stride=2, padding=1)
        self.up = nn.ConvTranspose1d(6, 4, 3, stride=2, output_padding=1)
        self.flat = nn.Conv2d(4, 4, 1)
        self.up2 = nn.ConvTranspose2d(4, 3, 2, stride=2)
        self.three = nn.Conv3d(3, 5, (1, 3, 3), padding=(0, 1, 1))

    def forward(self, x):
        x = self.up(self.one(self.quant(x)))
        x = self.up2(self.flat(x.unsqueeze(2)))
        return self.dequant(self.three(x.unsqueeze(2)))


class Sequence(nn.Module):

    def __init__(self, layer):
        super().__init__()
        self.embed = nn.Embedding(20, 6)
        self.rnn = layer
        self.fc = nn.Linear(5 * (2 if layer.bidirectional else 1), 3)

    def forward(self, tokens):
        return self.fc(self.rnn(self.embed(tokens))[0])


class Steps(nn.Module):

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTMCell(6, 5)
        self.gru = nn.GRUCell(5, 5)
        self.rnn = nn.RNNCell(5, 5)

    def forward(self, x):
        h, c = self.lstm(x)
        return self.rnn(self.gru(h, c), c)


class Packs(nn.Module):
    """Packs its weights whenever it runs."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(4, 3, 1, 1))

    def forward(self, x):
        x = torch.quantize_per_tensor(x, 0.05, 100, torch.quint8)
        weight = torch.quantize_per_tensor(self.weight * 2, 0.02, 0, torch.qint8)
        return quantized.functional.conv2d(x, weight, None, scale=0.1, zero_point=90)


class QuantizedTest(unittest.TestCase):

    def setUp(self):
        torch.manual_seed(0)
        engine = torch.backends.quantized.engine
        self.addCleanup(setattr, torch.backends.quantized, "engine", engine)

    def check(self, model, *inputs, layers=None, codes=()):
        """Converts, and expects the model's bits, also from both formats."""
        engine = torch.backends.quantized.engine
        options = {} if layers is None else {"layers": layers}
        with torch.no_grad():
            expected = model(*inputs)
            conv = flextorchir.convert(model, inputs, **options)
        # Whatever the process is set to when it runs again.
        torch.backends.quantized.engine = next(
            other for other in ENGINES if other not in ("none", engine))
        self.assertEqual(set(codes), {row["code"] for row in conv.report["warnings"]
                                      if row["severity"] != "info"})
        if layers is None:
            self.assertEqual([], conv.report["placeholders"])
        self.assert_same(expected, conv.run(*inputs))
        with tempfile.TemporaryDirectory() as folder:
            for name, extension in (("protobuf", "ftpb"), ("flatbuffers", "ftfb")):
                prefix = os.path.join(folder, name)
                conv.save(prefix, format=name)
                read = flextorchir.load(f"{prefix}.{extension}")
                self.assertEqual(conv.text, read.text)
                self.assert_same(expected, read.run(*inputs))
        torch.backends.quantized.engine = engine
        return conv

    def assert_same(self, expected, actual):
        if isinstance(expected, (tuple, list)):
            for one, other in zip(expected, actual, strict=True):
                self.assert_same(one, other)
            return
        self.assertEqual(expected.is_quantized, actual.is_quantized)
        if expected.is_quantized:
            self.assertEqual(expected.q_scale(), actual.q_scale())
            self.assertEqual(expected.q_zero_point(), actual.q_zero_point())
            expected, actual = expected.int_repr(), actual.int_repr()
        self.assertTrue(torch.equal(expected, actual), (expected, actual))

    def test_static(self):
        model = net()
        conv = self.check(model, image())
        kinds = conv.report["layers_by_kind"]
        for kind in ("QuantizePerTensor", "QuantizedConv2d", "QuantizedBatchNorm",
                     "QuantizedHardswish", "QuantizedLeakyReLU", "Sigmoid",
                     "QuantizedELU", "QuantizedAdd", "QuantizedMul", "QuantizedCat",
                     "QuantizedLinear", "Dequantize", "MaxPool2d"):
            self.assertIn(kind, kinds)
        # Weights have the names that they have in the state dict, and their
        # scales; the geometry is that of the layer.
        self.assertRegex(
            conv.text,
            r'weights "conv.weight" parameter qi8\[8,3,3,3\].* quantized\(scales=')
        self.assertRegex(conv.text, r'weights "conv.bias" parameter f32\[8\]')
        self.assertRegex(conv.text, r'weights "fc.weight" parameter qi8\[5,8\]')
        self.assertRegex(
            conv.text,
            rf'QuantizedConv2d "conv".*activation="relu".*groups=1.*'
            rf'output_scale={model.conv.scale}, '
            rf'output_zero_point={model.conv.zero_point}, padding=\[1, 1\]')
        weights = (8 * 3 * 9 + 8) + 8 * 9 + 2 * 8 + (5 * 8 + 5) + (4 * 5 + 4)
        self.assertEqual(weights, conv.report["parameters"])
        self.assertGreater(conv.report["macs"], 8 * 3 * 9 * 2 * 16 * 16)

    def test_in_place_by_flag(self):
        model = static(
            nn.Sequential(quantization.QuantStub(), nn.Conv2d(3, 2, 1),
                          nn.ReLU6(inplace=True), quantization.DeQuantStub()),
            image() * 9)
        self.check(model, image() * 9)

    def test_every_engine(self):
        x = image()
        for engine in ENGINES:
            with self.subTest(engine):
                self.check(net(engine), x)

    def test_raw_layers(self):
        conv = self.check(net(), image(), layers="raw")
        self.assertIn("quantized::conv2d_relu.new", conv.report["layers_by_kind"])

    def test_convolutions(self):
        model = Convolutions().eval()
        model.qconfig = quantization.QConfig(  # transposed ones have one scale
            activation=quantization.default_observer,
            weight=quantization.default_weight_observer)
        quantization.prepare(model, inplace=True)
        model(torch.randn(2, 4, 9))
        conv = self.check(quantization.convert(model), torch.randn(2, 4, 9))
        for kind in ("QuantizedConv1d", "QuantizedConv2d", "QuantizedConv3d",
                     "QuantizedConvTranspose1d", "QuantizedConvTranspose2d"):
            self.assertEqual(1, conv.report["layers_by_kind"][kind])
        self.assertIn("output_padding=[1]", conv.text)

    def test_shared_object_is_stored_once(self):
        model = static(nn.Sequential(quantization.QuantStub(), nn.Linear(4, 4),
                                     nn.Linear(4, 4)), torch.randn(2, 4))
        model[2]._packed_params = model[1]._packed_params
        conv = self.check(model, torch.randn(2, 4))
        self.assertEqual(4 * 4 + 4, conv.report["parameters"])
        self.assertIn('aliases ["2.weight"]', conv.text)

    def test_dynamic_linear(self):
        model = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3)).eval()
        for dtype, kind in ((torch.qint8, "DynamicQuantizedLinear"),
                            (torch.float16, "Float16Linear")):
            with self.subTest(dtype):
                conv = self.check(
                    quantization.quantize_dynamic(model, {nn.Linear}, dtype=dtype),
                    torch.randn(4, 6))
                self.assertEqual(2, conv.report["layers_by_kind"][kind])
                self.assertIn('weights "0.weight" parameter', conv.text)

    def test_recurrent(self):
        tokens = torch.randint(20, (7, 3))
        for layer in (nn.LSTM(6, 5), nn.LSTM(6, 5, 2, bidirectional=True),
                      nn.GRU(6, 5, batch_first=True)):
            model = Sequence(layer).eval()
            for dtype in (torch.qint8, torch.float16):
                with self.subTest(layer=str(layer), dtype=dtype):
                    conv = self.check(
                        quantization.quantize_dynamic(
                            model, {nn.LSTM, nn.GRU, nn.Linear}, dtype=dtype), tokens)
                    kind = "DynamicQuantized" + type(layer).__name__
                    self.assertEqual(1, conv.report["layers_by_kind"][kind])

    def test_packed_sequences(self):
        rnn = quantization.quantize_dynamic(
            nn.Sequential(nn.LSTM(6, 5)).eval(), {nn.LSTM})[0]

        class Packed(nn.Module):

            def __init__(self):
                super().__init__()
                self.rnn = rnn

            def forward(self, x, lengths):
                packed = nn.utils.rnn.pack_padded_sequence(x, lengths)
                return nn.utils.rnn.pad_packed_sequence(self.rnn(packed)[0])[0]

        self.check(Packed(), torch.randn(4, 3, 6), torch.tensor([4, 2, 1]),
                   codes=["baked-value"])

    def test_single_steps(self):
        for dtype in (torch.qint8, torch.float16):
            with self.subTest(dtype):
                conv = self.check(
                    quantization.quantize_dynamic(
                        Steps().eval(), {nn.LSTMCell, nn.GRUCell, nn.RNNCell},
                        dtype=dtype), torch.randn(3, 6))
                self.assertIn("DynamicQuantizedLSTMCell",
                              conv.report["layers_by_kind"])
                self.assertIn('"lstm.weight_ih" parameter', conv.text)

    def test_embedding(self):
        model = nn.Sequential(nn.Embedding(10, 8)).eval()
        model.qconfig = quantization.float_qparams_weight_only_qconfig
        quantization.prepare(model, inplace=True)
        quantization.convert(model, inplace=True)
        conv = self.check(model, torch.randint(10, (3, 4)))
        self.assertIn('weights "0.weight" parameter qu8[10,8] quantized(', conv.text)

    def test_training_aware(self):
        torch.backends.quantized.engine = "x86"
        model = nn.Sequential(quantization.QuantStub(), nn.Conv2d(3, 4, 3), nn.ReLU(),
                              quantization.DeQuantStub())
        model.qconfig = quantization.get_default_qat_qconfig("x86")
        quantization.prepare_qat(model.train(), inplace=True)
        model(image())
        model.apply(quantization.disable_observer).eval()
        conv = self.check(model, image())
        self.assertIn("FusedMovingAvgObsFakeQuantize", conv.report["layers_by_kind"])
        self.check(quantization.convert(model), image())

    def test_graph_mode(self):
        model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(),
                              nn.Flatten(), nn.Linear(4 * 14 * 14, 5)).eval()
        prepared = quantize_fx.prepare_fx(
            model, quantization.get_default_qconfig_mapping("x86"), (image(),))
        prepared(image())
        conv = self.check(quantize_fx.convert_fx(prepared), image())
        self.assertIn("QuantizedConv2d", conv.report["layers_by_kind"])
        self.assertIn("QuantizedLinear", conv.report["layers_by_kind"])

    def test_weights_that_the_model_packs_are_its_own(self):
        conv = self.check(Packs(), image())
        self.assertIn("QuantizedConv2d", conv.report["layers_by_kind"])

    def test_quantized_result(self):
        model = static(nn.Sequential(quantization.QuantStub(), nn.Conv2d(3, 2, 1)),
                       image())
        conv = self.check(model, image())
        self.assertRegex(conv.text, rf"quantized\(scales=\[{model[1].scale}\]")

    def test_object_that_cannot_be_unpacked_is_reported(self):
        weight = torch.quantize_per_channel(
            torch.randn(4, 8), torch.rand(4) + 0.1, torch.randn(4), 0,
            torch.quint4x2)
        packed = torch.ops.quantized.embedding_bag_prepack(weight)

        class Net4(nn.Module):

            def forward(self, indices):
                return torch.ops.quantized.embedding_4bit(packed, indices)

        conv = flextorchir.convert(Net4(), (torch.randint(4, (3,)),))
        self.assertEqual(["quantized::embedding_4bit"],
                         [row["target"] for row in conv.report["placeholders"]])
        rows = [row for row in conv.report["warnings"]
                if row["code"] == "argument-without-type"]
        self.assertEqual(1, len(rows))
        self.assertIn("packed dtype", rows[0]["message"])


if __name__ == "__main__":
    unittest.main()
