"""What most topologies have: one channel gate, one spatial gate, and their two arguments."""

from __future__ import annotations

from typing import Any, ClassVar

from keras_attn.gates import ChannelGate, SpatialGate
from keras_attn.layers.base import AttentionLayer


class Topology(AttentionLayer):
    """A layer over a channel gate c (`self.channel`) and a spatial gate s (`self.spatial`).

    Args:
        reduction: Ratio of the channels to the units of the bottlenecks, which have
            max(8, floor(C / reduction)).
        kernel_size: Odd side of the spatial gate's kernel.
        **kwargs: Arguments of `AttentionLayer`: `data_format`, `name`, `dtype`.
    """

    torch_names: ClassVar = {"channel": "ca", "spatial": "sa"}

    def __init__(self, reduction: float = 16, kernel_size: int = 7, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.reduction = reduction
        self.kernel_size = kernel_size
        self.channel = self.add_gate(ChannelGate, reduction=reduction)
        self.spatial = self.add_gate(SpatialGate, kernel_size=kernel_size)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "reduction": self.reduction,
            "kernel_size": self.kernel_size,
        }
