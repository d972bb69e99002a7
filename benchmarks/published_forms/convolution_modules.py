"""Modules whose spatial gate is a convolution of the map, of its statistics or of its strips."""

# The layers' own docstrings say what each class computes.
# ruff: noqa: D101, D102

from __future__ import annotations

from collections import OrderedDict

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn


class NormalizedConv(nn.Module):
    """A convolution of two maps to one, and its batch normalisation."""

    def __init__(self, kernel_size: int = 7) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2, bias=False)
        self.bn = nn.BatchNorm2d(1, momentum=0.01)

    def forward(self, x: Tensor) -> Tensor:
        return self.bn(self.conv(x))


def max_and_mean(x: Tensor) -> Tensor:
    """Maximum and mean over the channels, (N, 2, H, W)."""
    return torch.cat([x.max(dim=1, keepdim=True)[0], x.mean(dim=1, keepdim=True)], dim=1)


class CBAMChannel(nn.Module):
    def __init__(self, channels: int, reduction: int) -> None:
        super().__init__()
        hidden = channels // reduction
        self.mlp = nn.Sequential(
            nn.Flatten(), nn.Linear(channels, hidden), nn.ReLU(), nn.Linear(hidden, channels)
        )

    def forward(self, x: Tensor) -> Tensor:
        mean = self.mlp(F.adaptive_avg_pool2d(x, 1))
        maximum = self.mlp(F.adaptive_max_pool2d(x, 1))
        return x * torch.sigmoid(mean + maximum)[:, :, None, None]


class CBAMSpatial(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.spatial = NormalizedConv()

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(self.spatial(max_and_mean(x)))


class CBAM(nn.Module):
    def __init__(self, channels: int, reduction: int = 16) -> None:
        super().__init__()
        self.ChannelGate = CBAMChannel(channels, reduction)
        self.SpatialGate = CBAMSpatial()

    def forward(self, x: Tensor) -> Tensor:
        return self.SpatialGate(self.ChannelGate(x))


class BAMChannel(nn.Module):
    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.gate_c = nn.Sequential(
            OrderedDict(
                flatten=nn.Flatten(),
                gate_c_fc_0=nn.Linear(channels, hidden),
                gate_c_bn_1=nn.BatchNorm1d(hidden),
                gate_c_relu_1=nn.ReLU(),
                gate_c_fc_final=nn.Linear(hidden, channels),
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        logits = self.gate_c(F.adaptive_avg_pool2d(x, 1))
        return logits[:, :, None, None].expand_as(x)


class BAMSpatial(nn.Module):
    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.gate_s = nn.Sequential(
            OrderedDict(
                gate_s_conv_reduce0=nn.Conv2d(channels, hidden, 1),
                gate_s_bn_reduce0=nn.BatchNorm2d(hidden),
                gate_s_relu_reduce0=nn.ReLU(),
                gate_s_conv_di_0=nn.Conv2d(hidden, hidden, 3, padding=4, dilation=4),
                gate_s_bn_di_0=nn.BatchNorm2d(hidden),
                gate_s_relu_di_0=nn.ReLU(),
                gate_s_conv_di_1=nn.Conv2d(hidden, hidden, 3, padding=4, dilation=4),
                gate_s_bn_di_1=nn.BatchNorm2d(hidden),
                gate_s_relu_di_1=nn.ReLU(),
                gate_s_conv_final=nn.Conv2d(hidden, 1, 1),
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.gate_s(x).expand_as(x)


class BAM(nn.Module):
    def __init__(self, channels: int, reduction: int = 16) -> None:
        super().__init__()
        self.channel_att = BAMChannel(channels, channels // reduction)
        self.spatial_att = BAMSpatial(channels, channels // reduction)

    def forward(self, x: Tensor) -> Tensor:
        return (1 + torch.sigmoid(self.channel_att(x) * self.spatial_att(x))) * x


class GAM(nn.Module):
    def __init__(self, channels: int, reduction: int = 16) -> None:
        super().__init__()
        hidden = channels // reduction
        self.channel_attention = nn.Sequential(
            nn.Linear(channels, hidden), nn.ReLU(), nn.Linear(hidden, channels)
        )
        self.spatial_attention = nn.Sequential(
            nn.Conv2d(channels, hidden, 7, padding=3),
            nn.BatchNorm2d(hidden),
            nn.ReLU(),
            nn.Conv2d(hidden, channels, 7, padding=3),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        channel = self.channel_attention(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        x = x * channel
        return x * torch.sigmoid(self.spatial_attention(x))


class TripletGate(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = NormalizedConv()

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(self.conv(max_and_mean(x)))


class TripletAttention(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.cw = TripletGate()
        self.hc = TripletGate()
        self.hw = TripletGate()

    def forward(self, x: Tensor) -> Tensor:
        cw = self.cw(x.transpose(1, 2)).transpose(1, 2)
        hc = self.hc(x.transpose(1, 3)).transpose(1, 3)
        return (cw + hc + self.hw(x)) / 3


class ABN(nn.Module):
    def __init__(self, channels: int, num_classes: int = 10) -> None:
        super().__init__()
        self.bn_att = nn.BatchNorm2d(channels)
        self.att_conv = nn.Conv2d(channels, num_classes, 1, bias=False)
        self.bn_att2 = nn.BatchNorm2d(num_classes)
        self.att_conv2 = nn.Conv2d(num_classes, num_classes, 1, bias=False)
        self.att_conv3 = nn.Conv2d(num_classes, 1, 3, padding=1, bias=False)
        self.bn_att3 = nn.BatchNorm2d(1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        u = F.relu(self.bn_att2(self.att_conv(self.bn_att(x))))
        mask = torch.sigmoid(self.bn_att3(self.att_conv3(u)))
        logits = F.adaptive_avg_pool2d(self.att_conv2(u), 1).flatten(1)
        return mask * x + x, logits


class CoordinateAttention(nn.Module):
    def __init__(self, channels: int, reduction: int = 32) -> None:
        super().__init__()
        hidden = max(8, channels // reduction)
        self.conv1 = nn.Conv2d(channels, hidden, 1)
        self.bn1 = nn.BatchNorm2d(hidden)
        self.conv_h = nn.Conv2d(hidden, channels, 1)
        self.conv_w = nn.Conv2d(hidden, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[2:]
        rows = x.mean(dim=3, keepdim=True)
        columns = x.mean(dim=2, keepdim=True).transpose(2, 3)
        strips = F.hardswish(self.bn1(self.conv1(torch.cat([rows, columns], dim=2))))
        rows, columns = strips.split([height, width], dim=2)
        gate_h = torch.sigmoid(self.conv_h(rows))
        gate_w = torch.sigmoid(self.conv_w(columns.transpose(2, 3)))
        return x * gate_w * gate_h


class ChannelSE(nn.Module):
    def __init__(self, channels: int, reduction: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(channels, channels // reduction)
        self.fc2 = nn.Linear(channels // reduction, channels)

    def forward(self, x: Tensor) -> Tensor:
        gate = torch.sigmoid(self.fc2(F.relu(self.fc1(x.mean(dim=(2, 3))))))
        return x * gate[:, :, None, None]


class SpatialSE(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(self.conv(x))


class SCSE(nn.Module):
    def __init__(self, channels: int, reduction: int = 2) -> None:
        super().__init__()
        self.cSE = ChannelSE(channels, reduction)
        self.sSE = SpatialSE(channels)

    def forward(self, x: Tensor) -> Tensor:
        return torch.max(self.cSE(x), self.sSE(x))


class ELA(nn.Module):
    def __init__(self, channels: int, kernel_size: int = 7) -> None:
        super().__init__()
        self.conv = nn.Conv1d(
            channels, channels, kernel_size, padding=kernel_size // 2, groups=channels, bias=False
        )
        self.gn = nn.GroupNorm(16, channels)

    def forward(self, x: Tensor) -> Tensor:
        height = torch.sigmoid(self.gn(self.conv(x.mean(dim=3))))
        width = torch.sigmoid(self.gn(self.conv(x.mean(dim=2))))
        return x * height[:, :, :, None] * width[:, :, None, :]
