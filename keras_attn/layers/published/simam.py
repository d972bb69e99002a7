"""SimAM: attention without parameters."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from keras import ops
from keras.saving import register_keras_serializable

from keras_attn.gates import Gate
from keras_attn.kernels import Tensor, accumulation_dtype, times
from keras_attn.layers.base import AttentionLayer


@register_keras_serializable(package="keras_attn")
class SimAM(AttentionLayer):
    """Simple, parameter-free attention (SimAM): weighs values by how far they are from the mean.

        y = x · σ(d / (4 (Σ d / (n - 1) + λ)) + ½),   d = (x - mean x)²

    Mean and sum run over the n positions, channel by channel.

    Trainable parameters: none.

    Fidelity:
        Paper and authors' code agree. One position divides by zero in the code; here it is an
        error.

    Args:
        regularization: λ, positive; the authors use 1e-4 in all networks.
        **kwargs: `data_format`, and the arguments of `keras.layers.Layer`.

    Call arguments:
        x: The feature map: (B, *positions, C), or (B, C, *positions) in channels_first, with
            one to three spatial axes.

    Output shape: that of x.

    Raises:
        ValueError: If `regularization` is not positive; at build or call, if the map has one
            position only; at build, if the channels are undefined or there are not one to three
            spatial axes.

    Source: ICML 2021, PMLR 139.

    Example:
        >>> import numpy as np
        >>> from keras_attn.layers import SimAM
        >>> layer = SimAM()
        >>> tuple(layer(np.ones((2, 8, 8, 32), "float32")).shape)
        (2, 8, 8, 32)
    """

    def __init__(self, regularization: float = 1e-4, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not regularization > 0:
            raise ValueError(
                f"`regularization` must be positive. Received: regularization={regularization!r}."
            )
        self.regularization = regularization
        self.energy = self.add_gate(EnergyGate, regularization=regularization)

    def compute_gates(self, x: Tensor) -> dict[str, Tensor]:
        """The gate of every value of x."""
        return {"energy": self.energy(x)}

    def attend(self, x: Tensor, energy: Tensor) -> Tensor:
        """The map under its gate."""
        return times(x, energy)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "regularization": self.regularization}


class EnergyGate(Gate):
    """sigmoid(d / (4 (sum d / (n - 1) + regularization)) + 1/2), d = (x - mean x)^2.

    Args:
        regularization: Keeps the division finite where a channel is constant.
        **kwargs: Arguments of `Gate`.

    Output: the shape of x.
    """

    takes_mask: ClassVar = True

    def __init__(self, regularization: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.regularization = regularization

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Refuses maps of one position."""
        super().build(input_shape)
        self._check_positions(input_shape)

    def call(self, x: Tensor) -> Tensor:
        """The gate of map x."""
        self._check_positions(x.shape)
        wide = ops.cast(x, accumulation_dtype(x.dtype))
        number = ops.cast(self._number(x), wide.dtype)
        squares = ops.square(wide - self._mean(wide))
        variance = self._mean(squares) * (number / (number - 1))
        energy = squares / (4 * (variance + self.regularization)) + 0.5
        return ops.cast(ops.sigmoid(energy), x.dtype)

    def _mean(self, x: Tensor) -> Tensor:
        """The mean over the positions, which are kept with length one."""
        return self.pooled_over_positions(x, ("mean",))[0]

    def _number(self, x: Tensor) -> Tensor:
        """How many positions the mean is taken over."""
        if self.position_mask is None:
            sizes = ops.shape(x)
            return math.prod([sizes[axis] for axis in self.spatial_axes])
        kept = ops.expand_dims(ops.cast(self.position_mask, "int32"), self.channel_axis)
        return ops.maximum(ops.sum(kept, self.spatial_axes, keepdims=True), 2)

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """None: no weights."""
        return 0

    def _check_positions(self, shape: tuple[int | None, ...]) -> None:
        if all(shape[axis] == 1 for axis in self.spatial_axes):
            raise ValueError(
                f"SimAM compares the positions of a map with each other, so it needs at least "
                f"two. Received a map of shape {tuple(shape)}, which has one."
            )
