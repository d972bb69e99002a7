"""FCA's gate: frequencies in place of the mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from keras import ops

from keras_attn.checks import check_choice, check_whole_number
from keras_attn.gates.channel import ChannelGate
from keras_attn.gates.gate import Under
from keras_attn.gates.parts import (
    Linear,
    size,
)
from keras_attn.kernels import Tensor, accumulation_dtype, weighted_sum

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


class FrequencyGate(ChannelGate):
    """c(x) = sigmoid(expand(relu(squeeze(sum over the positions of x B)))).

    Args:
        reduction: The bottleneck has floor(C / reduction) units.
        frequencies: One of `FREQUENCIES`.
        dct_size: Height and width of B, or one side.
        **kwargs: Arguments of `Gate`.

    Output: (B, 1, 1, C), or (B, C, 1, 1) in channels_first.
    """

    spatial_ranks: ClassVar = (2,)
    takes_mask: ClassVar = False
    torch_names: ClassVar = {
        "basis": "dct_layer.weight",
        "bottleneck.squeeze": Linear("fc.0"),
        "bottleneck.expand": Linear("fc.2"),
    }

    def __init__(
        self,
        reduction: float = 16,
        frequencies: str = "top16",
        dct_size: int | Sequence[int] = 7,
        **kwargs: Any,
    ) -> None:
        super().__init__(reduction, pools=("mean",), minimum=0, **kwargs)
        self.frequencies = check_choice("frequencies", frequencies, FREQUENCIES)
        self.dct_size = check_dct_size(dct_size)

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

    def pooled(self, x: Tensor, under: Under = ()) -> list[Tensor]:
        """The sum of x times the basis over the positions, of the shape of the gate."""
        wide = ops.cast(self.product(x, under), accumulation_dtype(x.dtype))
        basis = ops.moveaxis(self.basis_for(x), 0, self.channel_axis - 1)
        basis = ops.expand_dims(ops.cast(basis, wide.dtype), 0)
        return [weighted_sum(wide, basis, self.spatial_axes)]

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
