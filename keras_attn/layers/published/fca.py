"""Frequency channel attention: squeeze-and-excitation that pools by more than the mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from keras import ops
from keras.saving import register_keras_serializable

from keras_attn.checks import check_choice, check_whole_number
from keras_attn.gates import ChannelGate
from keras_attn.gates.parts import Linear, size
from keras_attn.kernels import Tensor, accumulation_dtype, times
from keras_attn.layers.base import AttentionLayer

#: The authors' rankings of the frequencies: pairs of a vertical and a horizontal one.
RANKINGS = {
    "top": "00 01 60 05 02 10 12 40 50 16 30 04 06 03 35 22 "
    "46 63 33 53 55 21 61 52 54 32 31 41 23 20 65 13",
    "low": "00 01 10 11 02 20 21 12 22 03 30 40 04 13 31 05 "
    "14 23 32 41 50 06 15 24 33 42 51 60 16 25 34 43",
    "bot": "66 14 34 36 26 43 11 24 44 45 56 15 42 62 25 51 "
    "64 13 65 20 23 41 31 32 54 52 61 21 55 53 33 63",
}
#: They are those of a transform of this side; larger ones multiply them.
RANKED_SIZE = 7
FREQUENCIES = tuple(f"{ranking}{count}" for ranking in RANKINGS for count in (1, 2, 4, 8, 16, 32))


@register_keras_serializable(package="keras_attn")
class FCA(AttentionLayer):
    """Frequency channel attention (FCA): weighs channels by parts of their cosine transform.

        y = x · σ(D₂ relu(D₁ Σ x B))

    B is a basis function of the two-dimensional discrete cosine transform for every channel, and
    the sum runs over the positions. The channels are cut into as many contiguous parts as there
    are frequencies, and all channels of a part have one. A map of another size than the basis is
    brought to it by adaptive average pooling first. D₁ and D₂ are dense, without biases, around
    m = floor(C / reduction) units.

    Trainable parameters: 2Cm. B is a weight that is not trained.

    Fidelity:
        The authors' code is followed: the factors of B have norm one, and its products with x are
        summed, not averaged, so that frequency (0, 0) alone is √(HW) times the mean. The
        frequencies are ranked for a basis of 7 x 7 and multiplied by floor(side / 7) for another;
        with a side below 7 only frequency 0 is left. The authors' networks have a side of 56, 28,
        14 and 7 at their four stages; here one size, 7, is the default, whatever the map.

    Args:
        reduction: Ratio of the channels to the units of the bottleneck, at least 1.
        frequencies: `"top"` (the best one by one), `"low"` or `"bot"` (the worst), followed by how
            many: 1, 2, 4, 8, 16 or 32.
        dct_size: Side of the basis, or its height and width, positive integers.
        **kwargs: `data_format`, and the arguments of `keras.layers.Layer`.

    Call arguments:
        x: The feature map: (B, H, W, C), or (B, C, H, W) in channels_first.

    Output shape: that of x.

    Raises:
        ValueError: If an argument is out of its range; at build, if there are fewer channels than
            `reduction`, if the frequencies do not divide them or they are undefined, or if there
            are not two spatial axes.

    Source: arXiv:2012.11879.

    Example:
        >>> import numpy as np
        >>> from keras_attn.layers import FCA
        >>> layer = FCA()
        >>> tuple(layer(np.ones((2, 8, 8, 32), "float32")).shape)
        (2, 8, 8, 32)
    """

    spatial_ranks: ClassVar = (2,)

    torch_names: ClassVar = {
        "channel.basis": "dct_layer.weight",
        "channel.bottleneck.squeeze": Linear("fc.0"),
        "channel.bottleneck.expand": Linear("fc.2"),
    }

    def __init__(
        self,
        reduction: float = 16,
        frequencies: str = "top16",
        dct_size: int | Sequence[int] = 7,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        sizes = check_dct_size(dct_size)
        self.reduction = reduction
        self.frequencies = check_choice("frequencies", frequencies, FREQUENCIES)
        self.dct_size = dct_size if isinstance(dct_size, int) else sizes
        self.channel = self.add_gate(
            FrequencyGate,
            reduction=reduction,
            frequencies=frequencies,
            dct_size=sizes,
        )

    def compute_gates(self, x: Tensor) -> dict[str, Tensor]:
        """The channel gate of x."""
        return {"channel": self.channel(x)}

    def attend(self, x: Tensor, channel: Tensor) -> Tensor:
        """The map under its gate."""
        return times(x, channel)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "reduction": self.reduction,
            "frequencies": self.frequencies,
            "dct_size": self.dct_size,
        }


class FrequencyGate(ChannelGate):
    """c(x) = sigmoid(expand(relu(squeeze(sum over the positions of x B)))).

    Args:
        reduction: The bottleneck has floor(C / reduction) units.
        frequencies: One of `FREQUENCIES`.
        dct_size: Height and width of B.
        **kwargs: Arguments of `Gate`.

    Output: (B, 1, 1, C), or (B, C, 1, 1) in channels_first.
    """

    takes_mask: ClassVar = False

    def __init__(
        self, reduction: float, frequencies: str, dct_size: tuple[int, int], **kwargs: Any
    ) -> None:
        super().__init__(reduction, pools=("mean",), minimum=0, **kwargs)
        self.frequencies = check_choice("frequencies", frequencies, FREQUENCIES)
        self.dct_size = dct_size

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the basis and the bottleneck."""
        super().build(input_shape)
        basis = cosine_basis(self.frequencies, self.dct_size)
        if self.channels % len(basis):
            raise ValueError(
                f"With frequencies={self.frequencies!r} the channels are cut into {len(basis)} "
                f"equal parts. Received a map of {self.channels} channels; give it a multiple of "
                f"{len(basis)}, or choose fewer frequencies."
            )
        values = np.repeat(basis, self.channels // len(basis), axis=0)
        self.basis = self.add_weight(
            shape=values.shape,
            initializer=lambda shape, dtype: ops.convert_to_tensor(values, dtype),
            trainable=False,
            name="basis",
        )

    def pooled(self, x: Tensor, under: Tensor | None = None) -> list[Tensor]:
        """The sum of x times the basis over the positions, of the shape of the gate."""
        x = x if under is None else x * under
        wide = ops.cast(x, accumulation_dtype(x.dtype))
        basis = ops.moveaxis(self.basis_for(x), 0, self.channel_axis - 1)
        return [ops.sum(wide * ops.cast(basis, wide.dtype), axis=self.spatial_axes, keepdims=True)]

    def basis_for(self, x: Tensor) -> Tensor:
        """The basis in the size of map x, (C, H, W).

        To sum its products with x is to sum those of the basis itself with the pooled map.
        """
        if tuple(x.shape[axis] for axis in self.spatial_axes) == self.dct_size:
            return self.basis
        rows, columns = (
            pooling_matrix(ops.shape(x)[axis], bins, self.basis.dtype)
            for axis, bins in zip(self.spatial_axes, self.dct_size, strict=True)
        )
        return ops.matmul(ops.matmul(ops.transpose(rows), self.basis), columns)

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """The basis and the bottleneck, once."""
        return size(self.basis) + super().macs(input_shape)


def check_dct_size(dct_size: int | Sequence[int]) -> tuple[int, int]:
    """Returns height and width, or raises ValueError where they are not positive integers."""
    sizes = dct_size if isinstance(dct_size, Sequence) else (dct_size, dct_size)
    if len(sizes) != 2:
        raise ValueError(
            f"`dct_size` must be one side or a height and a width. Received: dct_size={dct_size!r}."
        )
    height, width = (check_whole_number("dct_size", each, least=1) for each in sizes)
    return height, width


def cosine_basis(frequencies: str, dct_size: tuple[int, int]) -> np.ndarray:
    """The basis function of each frequency of the transform, (frequencies, height, width)."""
    ranking, count = frequencies[:3], int(frequencies[3:])
    pairs = np.array([[int(digit) for digit in pair] for pair in RANKINGS[ranking].split()[:count]])
    vertical, horizontal = (
        cosines(numbers * (length // RANKED_SIZE), length)
        for numbers, length in zip(pairs.T, dct_size, strict=True)
    )
    return vertical[:, :, None] * horizontal[:, None, :]


def cosines(frequencies: np.ndarray, length: int) -> np.ndarray:
    """The one-dimensional factors, (frequencies, length), each of norm one."""
    phases = np.pi * np.outer(frequencies, (np.arange(length) + 0.5) / length)
    return np.cos(phases) * np.sqrt(np.where(frequencies > 0, 2, 1) / length)[:, None]


def pooling_matrix(length: Any, bins: int, dtype: str) -> Tensor:
    """What adaptive average pooling multiplies an axis by, (bins, length).

    Bin i covers floor(i length / bins) to ceil((i + 1) length / bins): where the bins do not
    divide the length, they overlap. The length may be a tensor, as in graphs of unknown sizes.
    """
    bin_numbers = ops.expand_dims(ops.arange(0, bins, dtype="int32"), 1)
    positions = ops.expand_dims(ops.arange(0, length, dtype="int32"), 0)
    starts = bin_numbers * length // bins
    ends = ((bin_numbers + 1) * length + bins - 1) // bins
    covered = ops.logical_and(positions >= starts, positions < ends)
    return ops.cast(covered, dtype) / ops.cast(ends - starts, dtype)
