"""The attention gate of Attention U-Net, which has two inputs."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import keras
from keras import ops
from keras.saving import register_keras_serializable

from keras_attn.checks import check_choice, check_whole_number
from keras_attn.gates.parts import batch_normalization, convolution, dense
from keras_attn.kernels import Tensor
from keras_attn.layers.base import DATA_FORMATS

VARIANTS = ("grid", "additive")


@register_keras_serializable(package="keras_attn")
class AttentionGate(keras.layers.Layer):
    """Attention gate: weighs the positions of a skip connection by a gating map.

        grid:      y = BN(W (A · x)),  A = up(σ(ψ relu(θ x + up(φ g))))
        additive:  y = A · x,          A = σ(BN(ψ relu(BN(θ x) + BN(φ g))))

    θ, φ and ψ map C, G and m channels to m, m and 1, W maps C to C. In `"grid"`, θ is a convolution
    whose kernel and stride are `subsample`, so that gating maps of a coarser level fit, and `up`
    resizes to the size of θ x and of x by linear interpolation with half-pixel centres; g may have
    any size. In `"additive"` all are 1x1 convolutions and g has the size of x. All have biases
    but θ in `"grid"`. BN has epsilon 1e-5 and momentum 0.9. A is one number per position, in
    [0, 1].

    Trainable parameters: grid s^n Cm + Gm + 2m + 1 + C² + 3C, for n spatial axes and s = subsample;
    additive Cm + Gm + 7m + 3.

    Fidelity:
        `"grid"` is the authors' code for two and three dimensions, `"additive"` the form that is
        common in 2D re-implementations. The paper draws no transform W after the gate; the
        authors' code has it.

    Args:
        intermediate_channels: m, the channels between; half of those of x if None.
        variant: `"grid"` or `"additive"`.
        subsample: Kernel and stride of θ in `"grid"`, a positive integer.
        data_format: `"channels_last"` or `"channels_first"`; Keras's own setting if None.
        **kwargs: Arguments of `keras.layers.Layer`, such as `name` and `dtype`.

    Call arguments:
        x: The skip connection: (B, *positions, C) with two or three spatial axes, or
            (B, C, *positions) in channels_first.
        gating: The gating map, (B, *positions, G); in `"additive"` of the size of x.

    Output shape: that of x.

    Raises:
        ValueError: If an argument is out of its range; at build, if the maps do not have two or
            three spatial axes, differ in rank, or in `"additive"` in size.

    Source: arXiv:1804.03999.

    Example:
        >>> import numpy as np
        >>> from keras_attn.layers import AttentionGate
        >>> skip, gating = np.ones((2, 8, 8, 16), "float32"), np.ones((2, 4, 4, 32), "float32")
        >>> tuple(AttentionGate()(skip, gating).shape)
        (2, 8, 8, 16)
    """

    @property
    def torch_names(self) -> dict[str, str]:
        """Attribute of the layer -> name of that part in the published PyTorch module."""
        return self._torch_names[self.variant]

    _torch_names: ClassVar[dict[str, dict[str, str]]] = {
        "grid": {
            "theta": "theta",
            "phi": "phi",
            "psi": "psi",
            "transform": "W.0",
            "normalization": "W.1",
        },
        "additive": {
            "theta": "W_x.0",
            "theta_normalization": "W_x.1",
            "phi": "W_g.0",
            "phi_normalization": "W_g.1",
            "psi": "psi.0",
            "psi_normalization": "psi.1",
        },
    }

    def __init__(
        self,
        intermediate_channels: int | None = None,
        variant: str = "grid",
        subsample: int = 2,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if intermediate_channels is not None:
            check_whole_number("intermediate_channels", intermediate_channels, least=1)
        self.intermediate_channels = intermediate_channels
        self.variant = check_choice("variant", variant, VARIANTS)
        self.subsample = check_whole_number("subsample", subsample, least=1)
        self.data_format = check_choice(
            "data_format", data_format or keras.config.image_data_format(), DATA_FORMATS
        )

    def build(self, x_shape: tuple[int | None, ...], gating_shape: tuple[int | None, ...]) -> None:
        """Makes the convolutions and normalisations for two maps of these shapes."""
        channels, gating_channels = self._check_shapes(x_shape, gating_shape)
        middle = self.intermediate_channels or max(1, channels // 2)
        axes = len(x_shape) - 2
        shared: dict[str, Any] = {"dtype": self.dtype_policy}
        self.phi = dense(middle, gating_channels, name="phi", **shared)
        self.psi = dense(1, middle, name="psi", **shared)
        if self.variant == "grid":
            kernel = (self.subsample,) * axes
            self.theta = convolution(
                middle, kernel, channels, strides=self.subsample, use_bias=False, **shared
            )
            self.theta.padding = "valid"
            self.transform = dense(channels, channels, name="transform", **shared)
            self.normalization = batch_normalization(channels, axes=axes, **shared)
        else:
            self.theta = dense(middle, channels, name="theta", **shared)
            self.theta_normalization = batch_normalization(middle, axes=axes, **shared)
            self.phi_normalization = batch_normalization(middle, axes=axes, **shared)
            self.psi_normalization = batch_normalization(1, axes=axes, **shared)

    def call(self, x: Tensor, gating: Tensor) -> Tensor:
        """The skip connection under the gate."""
        x, gating = self._channels_last(x), self._channels_last(gating)
        y = x * self._gate(x, gating)
        if self.variant == "grid":
            y = self.normalization(self.transform(y))
        return self._restored(y)

    def gates(self, x: Tensor, gating: Tensor) -> dict[str, Tensor]:
        """The gate by its name, `spatial`: one channel, the size of x."""
        gate = self._gate(self._channels_last(x), self._channels_last(gating))
        return {"spatial": self._restored(gate)}

    def _gate(self, x: Tensor, gating: Tensor) -> Tensor:
        if self.variant == "additive":
            hidden = self.theta_normalization(self.theta(x))
            hidden = ops.relu(hidden + self.phi_normalization(self.phi(gating)))
            return ops.sigmoid(self.psi_normalization(self.psi(hidden)))
        hidden = self.theta(x)
        hidden = ops.relu(hidden + resized(self.phi(gating), like=hidden))
        return resized(ops.sigmoid(self.psi(hidden)), like=x)

    def macs(self, x_shape: tuple[int, ...], gating_shape: tuple[int, ...]) -> int:
        """Multiply-accumulates for one sample of a built layer, as `keras_attn.cost` counts them.

        Args:
            x_shape: Shape of x; all but the batch must be known.
            gating_shape: Shape of the gating map.
        """
        sides, gating_sides = self._sides(x_shape), self._sides(gating_shape)
        positions = math.prod(sides)
        gated = math.prod(side // self.subsample for side in sides)
        phi, psi, theta = (
            math.prod(each.kernel.shape) for each in (self.phi, self.psi, self.theta)
        )
        transform = math.prod(self.transform.kernel.shape) if self.variant == "grid" else 0
        of_the_gate = (theta + psi) * (gated if self.variant == "grid" else positions)
        return of_the_gate + phi * math.prod(gating_sides) + transform * positions

    def compute_output_shape(
        self, x_shape: tuple[int | None, ...], gating_shape: tuple[int | None, ...]
    ) -> tuple[int | None, ...]:
        """That of x."""
        return x_shape

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "intermediate_channels": self.intermediate_channels,
            "variant": self.variant,
            "subsample": self.subsample,
            "data_format": self.data_format,
        }

    def _check_shapes(
        self, x_shape: tuple[int | None, ...], gating_shape: tuple[int | None, ...]
    ) -> tuple[int, int]:
        """The channels of both maps."""
        last = self.data_format == "channels_last"
        channels, gating_channels = (shape[-1 if last else 1] for shape in (x_shape, gating_shape))
        sides = [self._sides(shape) for shape in (x_shape, gating_shape)]
        expected = "two maps with two or three spatial axes and defined channels"
        fits = len(x_shape) in (4, 5) and len(x_shape) == len(gating_shape)
        if self.variant == "additive":
            expected += ", of one size"
            pairs = zip(*sides, strict=False)
            fits = fits and all(a == b or None in (a, b) for a, b in pairs)
        if not fits or channels is None or gating_channels is None:
            raise ValueError(
                f"AttentionGate with variant={self.variant!r} takes {expected}. Received: x of the "
                f"shape {tuple(x_shape)}, gating of the shape {tuple(gating_shape)}."
            )
        return channels, gating_channels

    def _sides(self, shape: tuple[Any, ...]) -> tuple[Any, ...]:
        return shape[1:-1] if self.data_format == "channels_last" else shape[2:]

    def _channels_last(self, x: Tensor) -> Tensor:
        return x if self.data_format == "channels_last" else ops.moveaxis(x, 1, -1)

    def _restored(self, x: Tensor) -> Tensor:
        return x if self.data_format == "channels_last" else ops.moveaxis(x, -1, 1)


def resized(x: Tensor, like: Tensor) -> Tensor:
    """A map at the size of another, by linear interpolation with half-pixel centres.

    Args:
        x: (B, *positions, C) with two or three spatial axes.
        like: A map of the size that is wanted.
    """
    *_, height, width, channels = ops.shape(x)
    sides = ops.shape(like)[1:-1]
    if len(sides) == 2:
        return _images(x, sides)
    batch, depth = ops.shape(x)[:2]
    flat = _images(ops.reshape(x, (-1, height, width, channels)), sides[1:])
    lines = ops.reshape(flat, (batch, depth, sides[1] * sides[2], channels))
    lines = _images(lines, (sides[0], sides[1] * sides[2]))
    return ops.reshape(lines, (batch, *sides, channels))


def _images(x: Tensor, sides: tuple[Any, ...]) -> Tensor:
    return ops.image.resize(
        x, sides, interpolation="bilinear", antialias=False, data_format="channels_last"
    )
