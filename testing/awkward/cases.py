"""All awkward models: `CHAPTERS`, in the order of the page."""

import os

import torch

# What they call (custom_operators.cc).
torch.ops.load_library(
    os.path.join(os.path.dirname(os.path.abspath(__file__)),
                 "custom_operators.so"))

# pylint: disable=unused-import,wrong-import-position
from testing.awkward import control_flow
from testing.awkward import modules
from testing.awkward import tensors
from testing.awkward.case import CHAPTERS
