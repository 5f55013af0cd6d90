"""Converts PoseNet with its SoftArgMax as one layer:

    bazel run //examples/soft_argmax:convert -- FOLDER
"""

import os
import sys

import flextorchir
import torch

from examples.soft_argmax.soft_argmax import PoseNet
from examples.soft_argmax.soft_argmax import SoftArgMax


def convert(model, image):
    """The three lines: what becomes one layer is said by its class."""
    with torch.no_grad():
        conv = flextorchir.convert(model, (image,), blackbox=[SoftArgMax])
    return conv


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 1
    # `bazel run` starts programs in a folder of its own.
    folder = os.path.join(os.environ.get("BUILD_WORKING_DIRECTORY", ""),
                          sys.argv[1])
    os.makedirs(folder, exist_ok=True)
    conv = convert(PoseNet().eval(), torch.rand(1, 3, 32, 48))
    print(conv.text)
    for path in conv.save(os.path.join(folder, "pose")):
        print(f"wrote {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
