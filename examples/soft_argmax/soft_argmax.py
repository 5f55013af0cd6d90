"""A pose network whose head ends in a layer that its runtime has as one kernel."""

import numpy
import torch
from torch import nn


class SoftArgMax(nn.Module):
    """The expected place of each heat map's maximum, as (x, y) from -1 to 1.

    The coordinates come from NumPy: nothing in them depends on the input, so that
    they are constants of the graph.
    """

    def __init__(self, beta=10.0):
        super().__init__()
        self.beta = beta

    def forward(self, heat_maps):
        height, width = heat_maps.shape[2:]
        chances = torch.softmax(self.beta * heat_maps.flatten(2), 2)
        x, y = numpy.meshgrid(numpy.linspace(-1, 1, width, dtype=numpy.float32),
                              numpy.linspace(-1, 1, height, dtype=numpy.float32))
        grid = torch.from_numpy(numpy.stack([x.ravel(), y.ravel()], 1))
        return chances @ grid.to(heat_maps.device)


class PoseNet(nn.Module):

    def __init__(self, joints=5):
        super().__init__()
        self.backbone = nn.Sequential(
            nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.BatchNorm2d(8),
            nn.ReLU(inplace=True))
        self.head = nn.Conv2d(8, joints, 1)
        self.to_places = SoftArgMax()

    def forward(self, image):
        return self.to_places(self.head(self.backbone(image)))
