"""Exchanges files with the safetensors library, in both directions."""

import os
import subprocess
import tempfile
import unittest

import safetensors
import safetensors.torch
import torch

_MAIN = os.path.join(os.path.dirname(__file__), "safetensors_interop_main")

# What the safetensors library can say, and our name of it.
_DTYPES = {
    torch.bool: "bool",
    torch.uint8: "u8",
    torch.int8: "i8",
    torch.int16: "i16",
    torch.int32: "i32",
    torch.int64: "i64",
    torch.uint16: "u16",
    torch.uint32: "u32",
    torch.uint64: "u64",
    torch.float16: "f16",
    torch.float32: "f32",
    torch.float64: "f64",
    torch.bfloat16: "bf16",
    torch.complex64: "c64",
    torch.float8_e5m2: "f8_e5m2",
    torch.float8_e4m3fn: "f8_e4m3fn",
    torch.float8_e5m2fnuz: "f8_e5m2fnuz",
    torch.float8_e4m3fnuz: "f8_e4m3fnuz",
}


def _bytes(tensor):
    return bytes(tensor.contiguous().reshape(-1).view(torch.uint8).tolist())


class SafetensorsInteropTest(unittest.TestCase):

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name

    def path(self, name):
        return os.path.join(self.directory, name)

    def run_main(self, *arguments):
        return subprocess.run(
            [_MAIN, self.directory, *arguments],
            check=True,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        ).stdout

    def test_reads_and_writes_what_the_library_does(self):
        generator = torch.Generator().manual_seed(1)
        tensors = {
            "empty": torch.zeros(3, 0),
            "scalar": torch.tensor(2.5),
            "unicode \u00fc \u20ac \"'\\": torch.arange(5),
        }
        for dtype, name in _DTYPES.items():
            size = torch.empty(0, dtype=dtype).element_size()
            data = torch.randint(
                0, 2 if dtype == torch.bool else 256, (6 * size,),
                dtype=torch.uint8, generator=generator)
            tensors["of_" + name] = data.view(dtype).reshape(2, 3)
        safetensors.torch.save_file(
            tensors, self.path("in.safetensors"), metadata={"a": "b"})

        listing = self.run_main("copy", "in.safetensors", "out.safetensors")
        for name in _DTYPES.values():
            self.assertIn(f"of_{name} {name}[2,3]\n", listing)
        self.assertIn("empty f32[3,0]\n", listing)
        self.assertIn("scalar f32[]\n", listing)

        copies = safetensors.torch.load_file(self.path("out.safetensors"))
        self.assertEqual(copies.keys(), tensors.keys())
        for name, tensor in tensors.items():
            self.assertEqual(copies[name].dtype, tensor.dtype, name)
            self.assertEqual(copies[name].shape, tensor.shape, name)
            self.assertEqual(_bytes(copies[name]), _bytes(tensor), name)

    def test_the_library_reads_every_dtype(self):
        self.run_main("all", "out.safetensors")
        path = self.path("out.safetensors")
        with safetensors.safe_open(path, framework="pt") as file:
            self.assertEqual(file.metadata(), {"format": "pt"})
        tensors = safetensors.torch.load_file(path)
        dtypes = {
            str(dtype).split(".")[1]
            for dtype in vars(torch).values() if isinstance(dtype, torch.dtype)
        }
        # A newer torch may have more.
        self.assertLessEqual(tensors.keys(), dtypes)
        self.assertGreaterEqual(len(tensors), 46)
        for name, tensor in tensors.items():
            dtype = getattr(torch, name)
            if dtype in _DTYPES:
                self.assertEqual(tensor.dtype, dtype)
                self.assertEqual(list(tensor.shape), [1, 2])
            else:
                self.assertIn(tensor.dtype, (torch.uint8, torch.int8), name)
                self.assertEqual(list(tensor.shape), [1, 2, dtype.itemsize],
                                 name)
            count = 2 * dtype.itemsize
            expected = bytes([1, 1]) if name == "bool" else bytes(
                range(1, count + 1))
            self.assertEqual(_bytes(tensor), expected, name)


if __name__ == "__main__":
    unittest.main()
