"""Tests that SoftArgMax is one layer, and that this changes no bit."""

import os
import tempfile
import unittest

import flextorchir
import torch

from examples.soft_argmax.convert import convert
from examples.soft_argmax.soft_argmax import PoseNet
from examples.soft_argmax.soft_argmax import SoftArgMax


class SoftArgMaxTest(unittest.TestCase):

    def setUp(self):
        torch.manual_seed(0)
        self.model = PoseNet().eval()
        self.image = torch.rand(1, 3, 32, 48)
        self.fresh = torch.rand(1, 3, 32, 48)

    def test_finds_the_maximum(self):
        heat_maps = torch.zeros(1, 2, 9, 5)
        heat_maps[0, 0, 0, 4] = 10  # the upper right corner
        heat_maps[0, 1, 4, 2] = 10  # the middle
        torch.testing.assert_close(SoftArgMax()(heat_maps),
                                   torch.tensor([[[1.0, -1.0], [0.0, 0.0]]]))

    def test_is_one_layer_with_a_body(self):
        conv = convert(self.model, self.image)
        kinds = conv.report["layers_by_kind"]
        self.assertEqual(
            {"Conv2d": 2, "BatchNorm2d": 1, "ReLU": 1, "SoftArgMax": 1}, kinds)
        self.assertEqual([], conv.report["placeholders"])
        # That NumPy made the grid is good to know, and nothing is wrong with it.
        self.assertEqual(
            [("constant-of-unknown-origin", "info")],
            [(row["code"], row["severity"]) for row in conv.report["warnings"]])
        self.assertIn("beta=10", conv.text)

    def test_computes_the_same_bits(self):
        conv = convert(self.model, self.image)
        with torch.no_grad():
            # The same without the composite: what its body says, inlined.
            inlined = flextorchir.convert(self.model, (self.image,))
            for image in (self.image, self.fresh):
                expected = self.model(image)
                self.assertTrue(torch.equal(expected, conv.run(image)))
                self.assertTrue(torch.equal(expected, inlined.run(image)))
        self.assertNotIn("SoftArgMax", inlined.report["layers_by_kind"])

    def test_the_file_has_the_layer_and_its_body(self):
        conv = convert(self.model, self.image)
        with tempfile.TemporaryDirectory() as folder:
            conv.save(os.path.join(folder, "pose"))
            loaded = flextorchir.load(os.path.join(folder, "pose.ftfb"))
            self.assertEqual(conv.text, loaded.text)
            self.assertTrue(
                torch.equal(conv.run(self.fresh), loaded.run(self.fresh)))


if __name__ == "__main__":
    unittest.main()
