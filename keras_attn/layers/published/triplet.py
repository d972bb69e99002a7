"""Triplet attention: a spatial gate over each pair of a map's three axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from keras import ops
from keras.saving import register_keras_serializable

from keras_attn.gates import NormalizedSpatialGate
from keras_attn.gates.gate import Under
from keras_attn.gates.parts import size
from keras_attn.kernels import Tensor
from keras_attn.layers.base import AttentionLayer


@register_keras_serializable(package="keras_attn")
class TripletAttention(AttentionLayer):
    """Triplet attention: three gates, each over two of height, width and channels.

        y = x · (s_H(x) + s_W(x) + s_C(x)) / 3
        s_A(x) = σ(BN(K_A [max x; mean x]))

    s_A takes maximum and mean over the axis A and convolves over the two that are left, with
    zeros beyond the edges, of the channels too; K_A has no bias; BN normalises the one map
    (epsilon 1e-5, momentum 0.99).

    Trainable parameters: 3 (2k² + 2), whatever the channels; 2 (2k² + 2) without s_C.

    Fidelity:
        Paper and authors' code agree. As in the authors' networks the scale of the normalisation
        in s_C starts at 0, in the other two at 1. `spatial=False` is the code's `no_spatial`, and
        halves the sum. Keras keeps the biased running variance, PyTorch the unbiased one.

    Args:
        kernel_size: Side of the three kernels, a positive odd integer.
        spatial: Whether there is s_C, the gate over height and width.
        **kwargs: `data_format`, and the arguments of `keras.layers.Layer`.

    Call arguments:
        x: The feature map: (B, H, W, C), or (B, C, H, W) in channels_first.

    Output shape: that of x.

    Raises:
        ValueError: If `kernel_size` is not a positive odd integer; at build, if the channels are
            undefined or there are not two spatial axes.

    Source: arXiv:2010.03045.

    Example:
        >>> import numpy as np
        >>> from keras_attn.layers import TripletAttention
        >>> layer = TripletAttention()
        >>> tuple(layer(np.ones((2, 8, 8, 32), "float32")).shape)
        (2, 8, 8, 32)
    """

    spatial_ranks: ClassVar = (2,)

    def __init__(self, kernel_size: int = 7, spatial: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kernel_size = kernel_size
        self.height = self.add_gate(
            PlaneGate, pooled="height", plane=("channel", "width"), kernel_size=kernel_size
        )
        self.width = self.add_gate(
            PlaneGate, pooled="width", plane=("height", "channel"), kernel_size=kernel_size
        )
        self.spatial = None
        if spatial:
            self.spatial = self.add_gate(
                NormalizedSpatialGate, kernel_size=kernel_size, initial_scale=0.0
            )

    @property
    def torch_names(self) -> dict[str, str]:
        """Those of the authors' module."""
        names = {"height": "cw.conv", "width": "hc.conv"}
        return {**names, "spatial": "hw.conv"} if self.spatial else names

    def compute_gates(self, x: Tensor) -> dict[str, Tensor]:
        """The gates of x, each named after the axis that it pools."""
        gates = {"height": self.height(x), "width": self.width(x)}
        return {**gates, "channel": self.spatial(x)} if self.spatial else gates

    def attend(self, x: Tensor, **gates: Tensor) -> Tensor:
        """The map under the mean of the gates."""
        return self.times(x, sum(gates.values()) / len(gates))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "kernel_size": self.kernel_size,
            "spatial": self.spatial is not None,
        }


class PlaneGate(NormalizedSpatialGate):
    """The normalised spatial gate, over another plane than that of height and width.

    Args:
        pooled: The axis that maximum and mean are taken over: `"height"` or `"width"`.
        plane: The names of the kernel's rows and columns, in the published order.
        **kwargs: Arguments of `NormalizedSpatialGate`.

    Output: the shape of x, with one in place of the pooled axis.
    """

    takes_mask: ClassVar = False

    def __init__(self, pooled: str, plane: tuple[str, str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pooled_name = pooled
        self.plane = plane

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Finds the axes that go by these names in the data format."""
        super().build(input_shape)
        height, width = self.spatial_axes
        axes = {"height": height, "width": width, "channel": self.channel_axis}
        self.pooled_axis = axes[self.pooled_name]
        self.plane_axes = tuple(axes[name] for name in self.plane)
        rows, columns = self.plane_axes
        self.swapped = rows > columns

    def pooled(self, x: Tensor, under: Under = ()) -> list[Tensor]:
        """Maximum and mean, each in the shape of the gate."""
        return self.pooled_over((self.pooled_axis,), x, self.pools, under)

    def from_pooled(self, pooled: Sequence[Tensor], like: Tensor) -> Tensor:
        """The gate of a map with these statistics, in the dtype of `like`."""
        maps = [self._swap(ops.squeeze(each, self.pooled_axis)) for each in pooled]
        mask = self._swap(ops.sigmoid(self.logits(maps)))
        return ops.cast(ops.expand_dims(mask, self.pooled_axis), like.dtype)

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """The kernel at every place of the plane."""
        rows, columns = self.plane_axes
        return size(self.kernel) * input_shape[rows] * input_shape[columns]

    def _swap(self, maps: Tensor) -> Tensor:
        """From the order of the map's axes to that of the kernel, and back."""
        return ops.swapaxes(maps, 1, 2) if self.swapped else maps
