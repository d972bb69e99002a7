"""What parameter formulas are written in: the sizes that depend on channels and arguments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Count:
    """Counts the trainable parameters of a layer's gates on maps of `channels` channels."""

    channels: int
    axes: int
    config: dict[str, Any]

    def hidden(self, reduction: float) -> int:
        """Units of a bottleneck: h = max(8, floor(C / r))."""
        return max(8, int(self.channels // reduction))

    def share(self, groups: int) -> int:
        """Channels of a group.

        Raises:
            ValueError: If the channels do not divide into so many groups.
        """
        if self.channels % groups:
            raise ValueError(f"{self.channels} channels do not divide into {groups} groups.")
        return self.channels // groups

    def squeezed(self) -> int:
        """Units of a bottleneck without a floor: m = floor(C / r).

        Raises:
            ValueError: If that is 0.
        """
        units = int(self.channels // self.config["reduction"])
        if units < 1:
            raise ValueError(f"{self.channels} channels are too few for the reduction.")
        return units

    def excitation(self, use_bias: bool = True) -> int:
        """Two dense layers around m units: 2 C m, and m + C for the biases."""
        m = self.squeezed()
        return 2 * self.channels * m + use_bias * (m + self.channels)

    def mixing(self, branches: int) -> int:
        """A mixing gate, with biases: C h + h + n (h + 1)."""
        h = self.hidden(self.config["reduction"])
        return self.channels * h + h + branches * (h + 1)
