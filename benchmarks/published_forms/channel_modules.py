"""Modules that weigh channels alone, and one that weighs every element alone."""

# The layers' own docstrings say what each class computes.
# ruff: noqa: D101, D102

from __future__ import annotations

import math

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from benchmarks.published_forms.topologies import GlobalGate


class GA(GlobalGate):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) * x


class SE(nn.Module):
    def __init__(self, channels: int, reduction: int = 16) -> None:
        super().__init__()
        self.down = nn.Conv2d(channels, channels // reduction, 1)
        self.up = nn.Conv2d(channels // reduction, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        mean = F.adaptive_avg_pool2d(x, 1)
        return torch.sigmoid(self.up(F.relu(self.down(mean)))) * x


class ECA(nn.Module):
    def __init__(self, channels: int, kernel_size: int = 3) -> None:
        super().__init__()
        self.conv = nn.Conv1d(1, 1, kernel_size, padding=kernel_size // 2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        mean = F.adaptive_avg_pool2d(x, 1).squeeze(-1).transpose(1, 2)
        return torch.sigmoid(self.conv(mean)).transpose(1, 2).unsqueeze(-1) * x


class SimAM(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()

    def forward(self, x: Tensor) -> Tensor:
        others = x.shape[2] * x.shape[3] - 1
        d = (x - x.mean(dim=(2, 3), keepdim=True)) ** 2
        energy = d / (4 * (d.sum(dim=(2, 3), keepdim=True) / others + 1e-4)) + 0.5
        return x * torch.sigmoid(energy)


class DCTLayer(nn.Module):
    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.register_buffer("weight", weight)

    def forward(self, x: Tensor) -> Tensor:
        return (x * self.weight).sum(dim=(2, 3))


class FCA(nn.Module):
    #: The authors' sixteen best frequencies of a transform of side 7.
    vertical = (0, 0, 6, 0, 0, 1, 1, 4, 5, 1, 3, 0, 0, 0, 3, 2)
    horizontal = (0, 1, 0, 5, 2, 0, 2, 0, 0, 6, 0, 4, 6, 3, 5, 2)

    def __init__(self, channels: int, reduction: int = 16, dct_size: int = 7) -> None:
        super().__init__()
        self.dct_size = dct_size
        self.dct_layer = DCTLayer(self.basis().repeat_interleave(channels // 16, dim=0))
        self.fc = nn.Sequential(
            nn.Linear(channels, channels // reduction, bias=False),
            nn.ReLU(),
            nn.Linear(channels // reduction, channels, bias=False),
        )

    def basis(self) -> Tensor:
        """The two-dimensional cosines, (16, side, side)."""

        def cosines(frequencies: tuple[int, ...]) -> Tensor:
            numbers = torch.tensor(frequencies)[:, None] * (self.dct_size // 7)
            phases = numbers * (torch.arange(self.dct_size) + 0.5) * math.pi / self.dct_size
            norms = torch.where(numbers > 0, math.sqrt(2), 1.0) / math.sqrt(self.dct_size)
            return torch.cos(phases) * norms

        return cosines(self.vertical)[:, :, None] * cosines(self.horizontal)[:, None, :]

    def forward(self, x: Tensor) -> Tensor:
        pooled = F.adaptive_avg_pool2d(x, self.dct_size)
        gate = torch.sigmoid(self.fc(self.dct_layer(pooled)))
        return x * gate[:, :, None, None]


class NAMChannel(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        scale = self.bn2.weight.detach().abs()
        weight = (scale / scale.sum())[:, None, None]
        return x * torch.sigmoid(weight * self.bn2(x))


class NAM(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.Channel_Att = NAMChannel(channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.Channel_Att(x)
