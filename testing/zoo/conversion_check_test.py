"""Tests what zoo.py and other_libraries.py share, on models of a line each."""

import contextlib
import io
import json
import os
import sys
import tempfile
import unittest
from unittest import mock

import conversion_check
import torch


class Reads(torch.nn.Module):

    def forward(self, x):
        return x * x.sum().item()


class Crashes(torch.nn.Module):

    def forward(self, x):
        os._exit(7)


def fails(x):
    raise ValueError("on purpose")


MODELS = {
    "good": torch.nn.Linear(3, 4).eval(),
    "reads": Reads(),
    "fails": fails,
    "crashes": Crashes(),
}


class ConversionCheckTest(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.made = os.path.join(folder.name, "made")
        self.results = os.path.join(folder.name, "results.jsonl")
        self.table = os.path.join(folder.name, "table.md")

    def make(self, name):
        with open(self.made, "a", encoding="utf-8") as file:
            file.write(f"{name} ")
        return MODELS[name], (torch.rand(2, 3),), {}

    def run_main(self, *flags, exceptions=()):
        """Returns the exit status, and the models that were made for it."""
        library = conversion_check.Library(
            command="this test", title="Models", introduction="Some models",
            names=list(MODELS), make=self.make, exceptions=list(exceptions))
        with open(self.made, "w", encoding="utf-8"):
            pass
        self.output = io.StringIO()
        with mock.patch.object(sys, "argv", ["test", *flags]), \
                contextlib.redirect_stdout(self.output):
            status = conversion_check.main({"some": lambda: (library, "1.0")})
        with open(self.made, encoding="utf-8") as file:
            return status, file.read().split()

    def test_each_model_has_its_verdict(self):
        status, made = self.run_main(f"--table={self.table}")
        self.assertEqual(1, status)
        self.assertEqual(list(MODELS), made)
        output = self.output.getvalue()
        self.assertIn("good: well\n", output)
        self.assertRegex(output, "reads: baked-value: .*conversion_check_test.py")
        self.assertIn("fails: ValueError: on purpose\n", output)
        self.assertIn("crashes: exit status 7\n", output)
        with open(self.table, encoding="utf-8") as file:
            table = file.read()
        self.assertIn("| good | 1 | 16 |", table)
        self.assertIn("| fails | | | | | | | ValueError: on purpose |", table)
        self.assertIn("1 of 4 models are verified.", table)

    def test_what_is_explained_is_well(self):
        reads = ("re", "baked-value", "reads a sum")
        flags = ("--models=reads", f"--table={self.table}")
        self.assertEqual(0, self.run_main(*flags, exceptions=[reads])[0])
        with open(self.table, encoding="utf-8") as file:
            self.assertIn("yes; warns that it reads a sum |", file.read())
        for other in (("good", "baked-value", ""), ("re", "unknown-tensor", "")):
            self.assertEqual(1, self.run_main(*flags, exceptions=[other])[0])

    def test_a_run_in_pieces(self):
        results = f"--results={self.results}"
        self.assertEqual((0, ["good"]), self.run_main("--models=good", results))
        self.assertEqual((0, []), self.run_main("--models=good", results))
        self.assertEqual((1, ["reads"]),
                         self.run_main("--models=good,reads", results))
        self.assertEqual((1, ["reads"]),
                         self.run_main("--models=good,reads", results))
        self.assertEqual((0, ["good"]),
                         self.run_main("--models=good", results, "--again"))
        with open(self.results, encoding="utf-8") as file:
            models = [json.loads(line)["model"] for line in file]
        self.assertEqual(["good", "reads", "reads", "good"], models)


if __name__ == "__main__":
    unittest.main()
