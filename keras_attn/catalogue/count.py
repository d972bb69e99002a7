"""What the parameter formulas of layers are written in."""

from __future__ import annotations

from typing import Any

from keras_attn.gates import count
from keras_attn.gates.lookup import describe_gate
from keras_attn.gates.specification import specification


class Count(count.Count):
    """The sizes that formulas are made of, and the gates that a topology has.

    Attributes:
        channels: C, the channels of the map.
        axes: How many spatial axes it has.
        config: Arguments of the layer.
    """

    def channel(self, **scale: float) -> int:
        """A channel gate.

        Args:
            **scale: The argument that distinguishes gates of several scales.
        """
        return self._gate("channel", "reduction", scale)

    def spatial(self, **scale: float) -> int:
        """A spatial gate; as for `channel`."""
        return self._gate("spatial", "kernel_size", scale)

    def fusion(self) -> int:
        """The gate of GA, which fuses a branch and the map itself."""
        reduction = self.config["reduction"]
        return describe_gate("ga").parameters(self.channels, self.axes, reduction=reduction)

    def _gate(self, kind: str, argument: str, scale: dict[str, Any]) -> int:
        given = specification(kind, self.config[kind])
        own = {argument: self.config[argument]} if given.is_own and not scale else {}
        return given.parameters(self.channels, self.axes, **own, **scale)
