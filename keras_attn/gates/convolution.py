"""GAM's spatial gate: two large convolutions."""

from __future__ import annotations

from typing import Any, ClassVar

from keras import ops

from keras_attn.checks import check_whole_number
from keras_attn.gates.bottleneck import check_reduction, hidden_channels
from keras_attn.gates.checks import check_divisor, check_kernel_size
from keras_attn.gates.gate import Gate
from keras_attn.gates.parts import (
    batch_normalization,
    convolution,
    size,
)
from keras_attn.gates.shuffle import shuffle_channels
from keras_attn.kernels import Tensor

KERNEL_SIZE = (7, 7)


class ConvolutionGate(Gate):
    """sigmoid(BN(K2 relu(BN(K1 x)))), its channels shuffled where the convolutions are grouped.

    Args:
        reduction: K1 has floor(C / reduction) channels.
        groups: Of the convolutions.
        shuffle_groups: Of the shuffle.
        pool_size: Side of a max pooling before K1, or None.
        **kwargs: Arguments of `Gate`.

    Output: the shape of x.
    """

    spatial_ranks: ClassVar = (2,)
    computes_in: ClassVar = "wide range"
    torch_names: ClassVar = {
        "convolution_1": "0",
        "normalization_1": "1",
        "convolution_2": "3",
        "normalization_2": "4",
    }

    def __init__(
        self,
        reduction: float = 16,
        groups: int = 1,
        shuffle_groups: int = 4,
        pool_size: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.reduction = check_reduction(reduction)
        self.groups = check_whole_number("groups", groups, least=1)
        self.shuffle_groups = check_whole_number("shuffle_groups", shuffle_groups, least=1)
        self.pool_size = None if pool_size is None else check_kernel_size(pool_size, "pool_size")

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the convolutions and their normalisations."""
        super().build(input_shape)
        channels, hidden = self.channels, hidden_channels(self.channels, self.reduction, minimum=0)
        if self.groups > 1:
            check_divisor("groups", self.groups, channels)
            check_divisor("groups", self.groups, hidden, what="channels / reduction")
            check_divisor("shuffle_groups", self.shuffle_groups, channels)
        shared = {"dtype": self.dtype_policy}
        grouped = {"kernel_size": KERNEL_SIZE, "groups": self.groups, **shared}
        self.convolution_1 = convolution(hidden, channels=channels, **grouped)
        self.normalization_1 = batch_normalization(hidden, axes=2, **shared)
        self.convolution_2 = convolution(channels, channels=hidden, **grouped)
        self.normalization_2 = batch_normalization(channels, axes=2, **shared)

    def from_map(self, x: Tensor) -> Tensor:
        """The gate of map x."""
        features = self.channels_last(x)
        if self.pool_size is not None:
            features = ops.max_pool(
                features, self.pool_size, strides=1, padding="same", data_format="channels_last"
            )
        hidden = ops.relu(self.normalization_1(self.convolution_1(features)))
        mask = ops.sigmoid(self.normalization_2(self.convolution_2(hidden)))
        if self.groups > 1:
            mask = shuffle_channels(mask, axis=-1, groups=self.shuffle_groups)
        return self.restored(mask, like=x)

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """Both convolutions at every position."""
        kernels = size(self.convolution_1.kernel) + size(self.convolution_2.kernel)
        return kernels * self.positions(input_shape)
