"""Global attention: channel attention on the mean alone."""

from __future__ import annotations

from typing import ClassVar

from keras.saving import register_keras_serializable

from keras_attn.layers.topologies import CA


@register_keras_serializable(package="keras_attn")
class GA(CA):
    """Global attention (GA): weighs channels by their pooled mean.

        y = x · g(x)
        g(x) = σ(D₂ relu(D₁ mean x))

    The mean runs over the positions; D₁ and D₂ are dense, without biases.

    Trainable parameters, on images: 2Ch.

    Fidelity:
        As in the published code of the study, where it gates `BiCSAFA`. It is
        squeeze-and-excitation without biases and with a floor of 8 under the bottleneck's units.

    Args:
        reduction: Ratio of the channels to the units of the bottlenecks, at least 1; they
            have h = max(8, floor(C / reduction)).
        **kwargs: `data_format`, and the arguments of `keras.layers.Layer`.

    Call arguments:
        x: The feature map: (B, *positions, C), or (B, C, *positions) in channels_first, with
            one to three spatial axes.

    Output shape: that of x.

    Raises:
        ValueError: If `reduction` is below 1; at build, if the
            channels are undefined or there are not one to three spatial axes.

    Source: arXiv:2601.07310.

    Example:
        >>> import numpy as np
        >>> from keras_attn.layers import GA
        >>> layer = GA()
        >>> tuple(layer(np.ones((2, 8, 8, 32), "float32")).shape)
        (2, 8, 8, 32)
    """

    pools: ClassVar[tuple[str, ...]] = ("mean",)
