"""SimAM's gate: how far a value is from the rest of its channel."""

from __future__ import annotations

from typing import Any, ClassVar

from keras import ops

from keras_attn import kernels
from keras_attn.gates.gate import Gate
from keras_attn.kernels import Tensor


class EnergyGate(Gate):
    """sigmoid(d / (4 (sum d / (n - 1) + regularization)) + 1/2), d = (x - mean x)^2.

    Args:
        regularization: Keeps the division finite where a channel is constant.
        **kwargs: Arguments of `Gate`.

    Output: the shape of x.
    """

    takes_mask: ClassVar = True

    def __init__(self, regularization: float = 1e-4, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not regularization > 0:
            raise ValueError(
                f"`regularization` must be positive. Received: regularization={regularization!r}."
            )
        self.regularization = regularization

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Refuses maps of one position."""
        super().build(input_shape)
        self._check_positions(input_shape)

    def from_map(self, x: Tensor) -> Tensor:
        """The gate of map x."""
        self._check_positions(x.shape)
        mask = self.position_mask
        weights = None if mask is None else ops.expand_dims(mask, self.channel_axis)
        gate = kernels.energy(x, self.spatial_axes, weights, self.regularization)
        return ops.cast(gate, x.dtype)

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """None: no weights."""
        return 0

    def _check_positions(self, shape: tuple[int | None, ...]) -> None:
        if all(shape[axis] == 1 for axis in self.spatial_axes):
            raise ValueError(
                f"SimAM compares the positions of a map with each other, so it needs at least "
                f"two. Received a map of shape {tuple(shape)}, which has one."
            )
