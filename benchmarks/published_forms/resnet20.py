"""The comparison's small residual network in plain PyTorch, with published attention or none."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from benchmarks.published_forms import published_form


class Block(nn.Module):
    """relu(shortcut(x) + attention(branch(x)))."""

    def __init__(self, inputs: int, outputs: int, stride: int, attention: str | None) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.attention = published_form(attention, outputs) if attention else nn.Identity()
        self.shortcut: nn.Module = nn.Identity()
        if stride > 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        """The block's output."""
        branch = F.relu(self.bn1(self.conv1(x)))
        branch = self.attention(self.bn2(self.conv2(branch)))
        return F.relu(self.shortcut(x) + branch)


class ResNet20(nn.Module):
    """Three stages of three blocks, as `keras_attn.study.built_in` builds them."""

    def __init__(self, channels: int, classes: int, attention: str | None) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(channels, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU()
        )
        inputs, blocks = 16, []
        for width in (16, 32, 64):
            for _ in range(3):
                stride = 2 if width > inputs else 1
                blocks.append(Block(inputs, width, stride, attention))
                inputs = width
        self.blocks = nn.Sequential(*blocks)
        self.logits = nn.Linear(64, classes)

    def forward(self, x: Tensor) -> Tensor:
        """The logits."""
        return self.logits(self.blocks(self.stem(x)).mean(dim=(2, 3)))


def training_step(
    attention: str | None,
    images: np.ndarray,
    labels: np.ndarray,
    mode: str,
    learning_rate: float,
    weight_decay: float,
) -> tuple[Callable[[], float], int]:
    """A step of the usual training loop, and how many parameters it trains.

    Args:
        attention: A key of the catalogue, or None.
        images: (N, C, H, W).
        labels: Whole numbers below 10.
        mode: `"compiled"` for `torch.compile`, or `"eager"`.
        learning_rate: Of AdamW.
        weight_decay: Of AdamW.
    """
    network = ResNet20(images.shape[1], 10, attention)
    parameters = list(network.parameters())
    optimizer = torch.optim.AdamW(parameters, lr=learning_rate, weight_decay=weight_decay)
    forward = torch.compile(network) if mode == "compiled" else network

    def step() -> float:
        # As arrays, because that is what the other side's training step is given.
        x, y = torch.from_numpy(images), torch.from_numpy(labels)
        optimizer.zero_grad()
        loss = F.cross_entropy(forward(x), y)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step, sum(parameter.numel() for parameter in parameters)
