"""Modules that treat groups of channels apart."""

# The layers' own docstrings say what each class computes.
# ruff: noqa: D101, D102

from __future__ import annotations

import math

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn


class SCSASynergistic(nn.Module):
    def __init__(self, channels: int, window_size: int = 7) -> None:
        super().__init__()

        def depthwise(kernel_size: int) -> nn.Conv1d:
            part = channels // 4
            return nn.Conv1d(part, part, kernel_size, padding=kernel_size // 2, groups=part)

        self.local_dwc = depthwise(3)
        self.global_dwc_s = depthwise(5)
        self.global_dwc_m = depthwise(7)
        self.global_dwc_l = depthwise(9)
        self.norm_h = nn.GroupNorm(4, channels)
        self.norm_w = nn.GroupNorm(4, channels)
        self.pool = nn.AvgPool2d(window_size, window_size)
        self.norm = nn.GroupNorm(1, channels)
        self.q = nn.Conv2d(channels, channels, 1, bias=False, groups=channels)
        self.k = nn.Conv2d(channels, channels, 1, bias=False, groups=channels)
        self.v = nn.Conv2d(channels, channels, 1, bias=False, groups=channels)

    def filtered(self, strip: Tensor) -> Tensor:
        """The four convolutions on the four quarters of the channels."""
        convolutions = (self.local_dwc, self.global_dwc_s, self.global_dwc_m, self.global_dwc_l)
        quarters = strip.chunk(4, dim=1)
        pairs = zip(convolutions, quarters, strict=True)
        return torch.cat([convolution(quarter) for convolution, quarter in pairs], dim=1)

    def forward(self, x: Tensor) -> Tensor:
        height = torch.sigmoid(self.norm_h(self.filtered(x.mean(dim=3))))
        width = torch.sigmoid(self.norm_w(self.filtered(x.mean(dim=2))))
        x = x * height[:, :, :, None] * width[:, :, None, :]
        pooled = self.norm(self.pool(x))
        q, k, v = (part(pooled).flatten(2) for part in (self.q, self.k, self.v))
        attention = torch.softmax(q @ k.transpose(1, 2) / math.sqrt(x.shape[1]), dim=-1)
        return torch.sigmoid((attention @ v).mean(dim=2))[:, :, None, None] * x


class EMA(nn.Module):
    def __init__(self, channels: int, groups: int = 32) -> None:
        super().__init__()
        self.groups = groups
        size = channels // groups
        self.conv1x1 = nn.Conv2d(size, size, 1)
        self.conv3x3 = nn.Conv2d(size, size, 3, padding=1)
        self.gn = nn.GroupNorm(size, size)

    def forward(self, x: Tensor) -> Tensor:
        batch, channels, height, width = x.shape
        groups = x.reshape(batch * self.groups, channels // self.groups, height, width)
        rows = groups.mean(dim=3, keepdim=True)
        columns = groups.mean(dim=2, keepdim=True).transpose(2, 3)
        strips = self.conv1x1(torch.cat([rows, columns], dim=2))
        rows, columns = strips.split([height, width], dim=2)
        first = self.gn(groups * rows.sigmoid() * columns.transpose(2, 3).sigmoid())
        second = self.conv3x3(groups)

        def weighted(by: Tensor, of: Tensor) -> Tensor:
            means = F.adaptive_avg_pool2d(by, 1).flatten(1)
            return torch.softmax(means, dim=1)[:, None] @ of.flatten(2)

        logits = weighted(first, second) + weighted(second, first)
        mask = torch.sigmoid(logits.reshape(-1, 1, height, width))
        return (groups * mask).reshape(x.shape)


class ShuffleAttention(nn.Module):
    def __init__(self, channels: int, groups: int = 64) -> None:
        super().__init__()
        self.groups = groups
        half = channels // (2 * groups)
        self.cweight = nn.Parameter(torch.zeros(1, half, 1, 1))
        self.cbias = nn.Parameter(torch.ones(1, half, 1, 1))
        self.sweight = nn.Parameter(torch.zeros(1, half, 1, 1))
        self.sbias = nn.Parameter(torch.ones(1, half, 1, 1))
        self.gn = nn.GroupNorm(half, half)

    def forward(self, x: Tensor) -> Tensor:
        batch, channels, height, width = x.shape
        groups = x.reshape(batch * self.groups, channels // self.groups, height, width)
        first, second = groups.chunk(2, dim=1)
        mean = F.adaptive_avg_pool2d(first, 1)
        first = first * torch.sigmoid(self.cweight * mean + self.cbias)
        second = second * torch.sigmoid(self.sweight * self.gn(second) + self.sbias)
        joined = torch.cat([first, second], dim=1)
        halves = joined.reshape(batch, 2, channels // 2, height, width)
        return halves.transpose(1, 2).reshape(x.shape)


class CPCAChannel(nn.Module):
    def __init__(self, channels: int, reduction: int) -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(channels, channels // reduction, 1)
        self.fc2 = nn.Conv2d(channels // reduction, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        mean = self.fc2(F.relu(self.fc1(F.adaptive_avg_pool2d(x, 1))))
        maximum = self.fc2(F.relu(self.fc1(F.adaptive_max_pool2d(x, 1))))
        return x * (torch.sigmoid(mean) + torch.sigmoid(maximum))


class CPCA(nn.Module):
    def __init__(self, channels: int, reduction: int = 4) -> None:
        super().__init__()

        def depthwise(rows: int, columns: int) -> nn.Conv2d:
            padding = rows // 2, columns // 2
            return nn.Conv2d(channels, channels, (rows, columns), padding=padding, groups=channels)

        self.ca = CPCAChannel(channels, reduction)
        self.dconv5_5 = depthwise(5, 5)
        self.dconv1_7 = depthwise(1, 7)
        self.dconv7_1 = depthwise(7, 1)
        self.dconv1_11 = depthwise(1, 11)
        self.dconv11_1 = depthwise(11, 1)
        self.dconv1_21 = depthwise(1, 21)
        self.dconv21_1 = depthwise(21, 1)
        self.conv = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.ca(F.gelu(self.conv(x)))
        initial = self.dconv5_5(x)
        first = self.dconv7_1(self.dconv1_7(initial))
        second = self.dconv11_1(self.dconv1_11(initial))
        third = self.dconv21_1(self.dconv1_21(initial))
        spatial = self.conv(first + second + third + initial)
        return self.conv(spatial * x)
