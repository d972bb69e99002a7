"""The modules that people ask for by name, each with the default arguments of our layer."""

# The layers' own docstrings say what each class computes.
# ruff: noqa: D101, D102

from __future__ import annotations

import math
from collections import OrderedDict

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


class SimAM(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()

    def forward(self, x: Tensor) -> Tensor:
        others = x.shape[2] * x.shape[3] - 1
        d = (x - x.mean(dim=(2, 3), keepdim=True)) ** 2
        energy = d / (4 * (d.sum(dim=(2, 3), keepdim=True) / others + 1e-4)) + 0.5
        return x * torch.sigmoid(energy)


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


MODULES: dict[str, type[nn.Module]] = {
    "ga": GA,
    "se": SE,
    "eca": ECA,
    "cbam": CBAM,
    "bam": BAM,
    "gam": GAM,
    "scsa_synergistic": SCSASynergistic,
    "triplet": TripletAttention,
    "abn": ABN,
    "coordinate": CoordinateAttention,
    "scse": SCSE,
    "simam": SimAM,
    "ema": EMA,
    "ela": ELA,
    "cpca": CPCA,
    "shuffle": ShuffleAttention,
    "fca": FCA,
    "nam": NAM,
}
