"""SimAM: attention without parameters."""

from __future__ import annotations

from typing import Any

from keras.saving import register_keras_serializable

from keras_attn.gates.energy import EnergyGate
from keras_attn.kernels import Tensor
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
        self.regularization = regularization
        self.energy = self.add_gate(EnergyGate, regularization=regularization)

    def compute_gates(self, x: Tensor) -> dict[str, Tensor]:
        """The gate of every value of x."""
        return {"energy": self.energy(x)}

    def attend(self, x: Tensor, energy: Tensor) -> Tensor:
        """The map under its gate."""
        return self.times(x, energy)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "regularization": self.regularization}
