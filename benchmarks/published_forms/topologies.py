"""The 18 topologies of arXiv:2601.07310. CA(x) and SA(x) are the re-weighted maps."""

# The layers' own docstrings say what each class computes.
# ruff: noqa: D101, D102

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn


def bottleneck(channels: int, reduction: float, outputs: int, bias: bool) -> list[nn.Module]:
    """Two dense layers, as 1x1 convolutions, around max(8, C / r) units."""
    hidden = max(8, int(channels // reduction))
    return [
        nn.Conv2d(channels, hidden, 1, bias=bias),
        nn.ReLU(),
        nn.Conv2d(hidden, outputs, 1, bias=bias),
    ]


def mixing_gate(channels: int, reduction: float, branches: int) -> nn.Sequential:
    """One logit a branch, from the mean over the positions."""
    return nn.Sequential(
        nn.AdaptiveAvgPool2d(1), *bottleneck(channels, reduction, branches, bias=True)
    )


class CA(nn.Module):
    """A map with its channels re-weighted."""

    def __init__(self, channels: int, reduction: float = 16) -> None:
        super().__init__()
        self.mlp = nn.Sequential(*bottleneck(channels, reduction, channels, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        mean = self.mlp(F.adaptive_avg_pool2d(x, 1))
        maximum = self.mlp(F.adaptive_max_pool2d(x, 1))
        return torch.sigmoid(mean + maximum) * x


class SA(nn.Module):
    """A map with its positions re-weighted."""

    def __init__(self, channels: int = 0, kernel_size: int = 7) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        mean = torch.mean(x, dim=1, keepdim=True)
        maximum, _ = torch.max(x, dim=1, keepdim=True)
        return torch.sigmoid(self.conv(torch.cat([mean, maximum], dim=1))) * x


class GlobalGate(nn.Module):
    """The gate of GA."""

    def __init__(self, channels: int, reduction: float = 16) -> None:
        super().__init__()
        self.mlp = nn.Sequential(*bottleneck(channels, reduction, channels, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        return torch.sigmoid(self.mlp(F.adaptive_avg_pool2d(x, 1)))


class CSA(nn.Module):
    def __init__(self, channels: int, reduction: float = 16) -> None:
        super().__init__()
        self.ca = CA(channels, reduction)
        self.sa = SA()

    def forward(self, x: Tensor) -> Tensor:
        return self.sa(self.ca(x))


class SCA(CSA):
    def forward(self, x: Tensor) -> Tensor:
        return self.ca(self.sa(x))


class CSCA(nn.Module):
    def __init__(self, channels: int, reduction: float = 16) -> None:
        super().__init__()
        self.ca1 = CA(channels, reduction)
        self.sa = SA()
        self.ca2 = CA(channels, reduction)

    def forward(self, x: Tensor) -> Tensor:
        return self.ca2(self.sa(self.ca1(x)))


class SCSATopology(nn.Module):
    def __init__(self, channels: int, reduction: float = 16) -> None:
        super().__init__()
        self.sa1 = SA()
        self.ca = CA(channels, reduction)
        self.sa2 = SA()

    def forward(self, x: Tensor) -> Tensor:
        return self.sa2(self.ca(self.sa1(x)))


class CSA2(CSA):
    def forward(self, x: Tensor) -> Tensor:
        return 0.5 * (self.ca(x) + self.sa(x))


class CSAFA(CSA):
    def __init__(self, channels: int, reduction: float = 16) -> None:
        super().__init__(channels, reduction)
        self.gamma = nn.Parameter(torch.tensor(0.5))

    def forward(self, x: Tensor) -> Tensor:
        a = torch.sigmoid(self.gamma)
        return a * self.ca(x) + (1 - a) * self.sa(x)


class BiCSA(CSA):
    def forward(self, x: Tensor) -> Tensor:
        return self.sa(self.ca(x)) + self.ca(self.sa(x))


class BiCSAFA(BiCSA):
    def __init__(self, channels: int, reduction: float = 16) -> None:
        super().__init__(channels, reduction)
        self.ga = GlobalGate(channels, reduction)

    def forward(self, x: Tensor) -> Tensor:
        both = super().forward(x)
        g = self.ga(both)
        return g * both + (1 - g) * x


class GCSA2(CSA):
    def __init__(self, channels: int, reduction: float = 16) -> None:
        super().__init__(channels, reduction)
        self.gate_c = mixing_gate(channels, reduction, 1)
        self.gate_s = nn.Sequential(
            *bottleneck(channels, reduction, 1, bias=True), nn.AdaptiveAvgPool2d(1)
        )

    def forward(self, x: Tensor) -> Tensor:
        w = torch.softmax(torch.cat([self.gate_c(x), self.gate_s(x)], dim=1), dim=1)
        return w[:, 0:1] * self.ca(x) + w[:, 1:2] * self.sa(x)


class TGPFA(CSA):
    def __init__(self, channels: int, reduction: float = 16) -> None:
        super().__init__(channels, reduction)
        self.gate = mixing_gate(channels, reduction, 3)

    def forward(self, x: Tensor) -> Tensor:
        w = torch.softmax(self.gate(x), dim=1)
        return w[:, 0:1] * x + w[:, 1:2] * self.ca(x) + w[:, 2:3] * self.sa(x)


class RCSA(CSA):
    def forward(self, x: Tensor) -> Tensor:
        return x + self.sa(self.ca(x))


class ARCSA(CSA):
    def __init__(self, channels: int, reduction: float = 16) -> None:
        super().__init__(channels, reduction)
        self.beta = nn.Parameter(torch.tensor(0.5))

    def forward(self, x: Tensor) -> Tensor:
        b = torch.sigmoid(self.beta)
        return (1 - b) * x + b * self.sa(self.ca(x))


class GRCSA(CSA):
    def __init__(self, channels: int, reduction: float = 16) -> None:
        super().__init__(channels, reduction)
        self.gate = mixing_gate(channels, reduction, 1)

    def forward(self, x: Tensor) -> Tensor:
        g = torch.sigmoid(self.gate(x))
        return (1 - g) * x + g * self.sa(self.ca(x))


class CMSSA(nn.Module):
    def __init__(self, channels: int, reduction: float = 16) -> None:
        super().__init__()
        self.ca = CA(channels, reduction)
        self.sa_3 = SA(kernel_size=3)
        self.sa_5 = SA(kernel_size=5)
        self.sa_7 = SA(kernel_size=7)
        self.gate = mixing_gate(channels, reduction, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.ca(x)
        w = torch.softmax(self.gate(x), dim=1)
        return w[:, 0:1] * self.sa_3(x) + w[:, 1:2] * self.sa_5(x) + w[:, 2:3] * self.sa_7(x)


class MSCSA(nn.Module):
    def __init__(self, channels: int, reduction: float = 16) -> None:
        super().__init__()
        self.ca_4 = CA(channels, 4)
        self.ca_8 = CA(channels, 8)
        self.ca_16 = CA(channels, 16)
        self.ca_32 = CA(channels, 32)
        self.gate = mixing_gate(channels, reduction, 4)
        self.sa = SA()

    def forward(self, x: Tensor) -> Tensor:
        w = torch.softmax(self.gate(x), dim=1)
        branches = (self.ca_4(x), self.ca_8(x), self.ca_16(x), self.ca_32(x))
        return self.sa(sum(w[:, i : i + 1] * branch for i, branch in enumerate(branches)))


class CCMSSA(nn.Module):
    def __init__(self, channels: int, reduction: float = 16) -> None:
        super().__init__()
        self.ca = CA(channels, reduction)
        self.sa_coarse = SA(kernel_size=7)
        self.sa_medium = SA(kernel_size=5)
        self.sa_fine = SA(kernel_size=3)

    def forward(self, x: Tensor) -> Tensor:
        return self.sa_fine(self.sa_medium(self.sa_coarse(self.ca(x))))


TOPOLOGIES: dict[str, type[nn.Module]] = {
    "ca": CA,
    "sa": SA,
    "csa": CSA,
    "sca": SCA,
    "csca": CSCA,
    "scsa_topology": SCSATopology,
    "csa2": CSA2,
    "csafa": CSAFA,
    "bicsa": BiCSA,
    "bicsafa": BiCSAFA,
    "gcsa2": GCSA2,
    "tgpfa": TGPFA,
    "rcsa": RCSA,
    "arcsa": ARCSA,
    "grcsa": GRCSA,
    "cmssa": CMSSA,
    "mscsa": MSCSA,
    "ccmssa": CCMSSA,
}
