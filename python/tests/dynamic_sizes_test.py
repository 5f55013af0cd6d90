"""Tests conversions with dynamic sizes: the graph runs on sizes never shown."""

import os
import tempfile
import unittest

import flextorchir
import torch
import torchvision
from torch import nn


class Encoder(nn.Module):
    """Tokens with positions and padding, through a transformer."""

    def __init__(self):
        super().__init__()
        self.tokens = nn.Embedding(50, 16)
        self.positions = nn.Embedding(64, 16)
        layer = nn.TransformerEncoderLayer(16, 4, 32, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)

    def forward(self, tokens, padding):
        length = tokens.shape[1]
        x = self.tokens(tokens) + self.positions(torch.arange(length))
        causal = nn.Transformer.generate_square_subsequent_mask(length)
        return self.encoder(x, mask=causal, src_key_padding_mask=padding)


class Recurrent(nn.Module):

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(6, 8, num_layers=2, bidirectional=True, batch_first=True)
        self.head = nn.Linear(16, 3)

    def forward(self, x):
        state = x.new_zeros(4, x.shape[0], 8)
        y, (h, _) = self.lstm(x, (state, state))
        return {"steps": self.head(y), "last": h[-1]}


class WindowAttention(nn.Module):
    """What Swin does to an image: pads, rolls, windows, and masks."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, x):
        n, h, w, c = x.shape
        x = nn.functional.pad(x, (0, 0, 0, (4 - w % 4) % 4, 0, (4 - h % 4) % 4))
        ph, pw = x.shape[1:3]
        x = torch.roll(x, (-2, -2), (1, 2))
        x = x.view(n, ph // 4, 4, pw // 4, 4, c).permute(0, 1, 3, 2, 4, 5)
        x = x.reshape(n * (ph // 4) * (pw // 4), 16, c)
        mask = x.new_zeros((ph, pw))
        mask[:-4, :-2] = 1.0
        mask = mask.view(ph // 4, 4, pw // 4, 4).permute(0, 2, 1, 3).reshape(-1, 16, 1)
        x = self.linear(x).view(n, -1, 16, c) + mask
        x = x.view(n, ph // 4, pw // 4, 4, 4, c).permute(0, 1, 3, 2, 4, 5)
        # Slices that take everything are left out by Python's indexing.
        return x.reshape(n, ph, pw, c).narrow(1, 0, h).narrow(2, 0, w) * 2


class DynamicSizesTest(unittest.TestCase):

    def setUp(self):
        torch.manual_seed(0)
        # Fused layers round otherwise than those that are converted.
        fast_path = torch.backends.mha.get_fastpath_enabled()
        torch.backends.mha.set_fastpath_enabled(False)
        self.addCleanup(torch.backends.mha.set_fastpath_enabled, fast_path)

    def check(self, module, args, dynamic, fresh):
        """Converts, saves, loads, and runs on sizes that were not shown."""
        module = module.eval()
        with torch.no_grad():
            conv = flextorchir.convert(module, args, dynamic=dynamic)
            self.assertEqual([], [
                row for row in conv.report["warnings"] if row["severity"] != "info"
            ])
            self.assertEqual([], conv.report["placeholders"])
            models = [conv]
            with tempfile.TemporaryDirectory() as folder:
                paths = conv.save(os.path.join(folder, "net"),
                                  format=["flatbuffers", "protobuf"])
                for path in paths:
                    if not path.endswith(".safetensors"):
                        models.append(flextorchir.load(path))
                self.assertEqual(3, len(models))
                for model in models:
                    self.assertEqual(conv.text, model.text)
                    for inputs in fresh:
                        self.assert_same(module(*inputs), model.run(*inputs))
        return conv

    def assert_same(self, expected, actual):
        if isinstance(expected, dict):
            self.assertEqual(list(expected), list(actual))
            for key, value in expected.items():
                self.assert_same(value, actual[key])
            return
        self.assertEqual(expected.shape, actual.shape)
        self.assertTrue(torch.equal(expected, actual))

    def test_resnet(self):
        conv = self.check(
            torchvision.models.resnet18(num_classes=7), (torch.randn(2, 3, 64, 64),),
            {"x": {0: "batch", 2: "height", -1: "width"}},
            [(torch.randn(1, 3, 64, 64),), (torch.randn(5, 3, 97, 131),)])
        self.assertIn("f32[batch,512,(height + 31) // 32,(width + 31) // 32]",
                      conv.text)
        self.assertIn("symbol batch", conv.text)

    def test_detection_backbone(self):
        backbone = torchvision.models.detection.backbone_utils.resnet_fpn_backbone(
            backbone_name="resnet18", weights=None)
        self.check(backbone, (torch.randn(2, 3, 96, 96),),
                   {"x": {0: "batch", 2: "height", 3: "width"}},
                   [(torch.randn(1, 3, 130, 71),), (torch.randn(3, 3, 64, 200),)])

    def test_vision_transformer(self):
        model = torchvision.models.VisionTransformer(
            image_size=32, patch_size=8, num_layers=2, num_heads=4, hidden_dim=32,
            mlp_dim=64, num_classes=5)
        self.check(model, (torch.randn(2, 3, 32, 32),), {"x": {0: "batch"}},
                   [(torch.randn(1, 3, 32, 32),), (torch.randn(9, 3, 32, 32),)])

    def test_windows(self):
        self.check(WindowAttention(), (torch.randn(2, 12, 16, 4),),
                   {"x": {0: "batch", 1: "height", 2: "width"}},
                   [(torch.randn(1, 17, 9, 4),), (torch.randn(4, 32, 30, 4),)])

    def test_recurrent(self):
        self.check(Recurrent(), (torch.randn(2, 5, 6),),
                   {"x": {0: "batch", 1: "time"}},
                   [(torch.randn(1, 5, 6),), (torch.randn(6, 13, 6),)])

    def test_transformer_with_masks(self):
        def inputs(batch, length):
            padding = torch.zeros(batch, length, dtype=torch.bool)
            padding[:, length - 1:] = length > 1
            return torch.randint(50, (batch, length)), padding

        for batch, length in [(2, 7), (3, 12)]:
            self.check(
                Encoder(), inputs(batch, length), {
                    "tokens": {0: "batch", 1: "length"},
                    "padding": {0: "batch", 1: "length"},
                }, [inputs(1, 4), inputs(4, 33)])

    def test_examples_and_containers(self):
        class Net(nn.Module):

            def forward(self, images, scale=None):
                return torch.cat(images, 1).flatten(1) * scale

        def call(a, b):
            return [torch.randn(2, a, 3), torch.randn(2, b, 3)]

        scale = torch.ones(())
        conv = flextorchir.convert(
            Net(), (call(2, 5),), {"scale": scale},
            dynamic={"images[0]": {1: "a"}, "images.1": {1: "b"}},
            example_inputs=[((call(3, 9),), {"scale": scale}),
                            ((call(7, 4),), {"scale": scale})])
        images = call(11, 1)
        self.assert_same(Net()(images, scale), conv.run(images, scale=scale))
        self.assertIn("f32[2,(a + b)*3]", conv.text)

    def test_bad_declarations(self):
        net = nn.Linear(3, 4)
        x = torch.randn(2, 3)
        for dynamic, examples, message in [
            ({"y": {0: "n"}}, None, 'no input "y"; there is "input"'),
            ({"input": {2: "n"}}, None, "there is no size 2"),
            ({"input": {1: "n"}}, None, "the model runs with 3 only"),
            ({"input": ["n"]}, None, "not a dict of dimensions"),
            ({"input": {"0": "n"}}, None, "not the number of a dimension"),
            ({"input": {0: 5}}, None, "and a name"),
            (None, [x], "give a tuple, (x,)"),
            (None, x, "give a list of examples"),
            (None, [(x, x)], "only sizes of tensors may differ"),
            (None, [(torch.randn(2, 5),)], "example 1: "),
        ]:
            with self.assertRaises(flextorchir.Error) as caught:
                flextorchir.convert(net, (x,), dynamic=dynamic,
                                    example_inputs=examples)
            self.assertIn(message, str(caught.exception))

    def test_wrong_sizes_at_run_time(self):
        class Add(nn.Module):

            def forward(self, a, b):
                return a + b

        conv = flextorchir.convert(
            Add(), (torch.randn(2, 3), torch.randn(2, 3)),
            dynamic={"a": {0: "n"}, "b": {0: "n"}})
        with self.assertRaisesRegex(flextorchir.Error, "n is 4 elsewhere"):
            conv.run(torch.randn(4, 3), torch.randn(5, 3))
        with self.assertRaisesRegex(flextorchir.Error, r"not f32\[n,3\]"):
            conv.run(torch.randn(4, 2), torch.randn(4, 2))


if __name__ == "__main__":
    unittest.main()
