"""A U-Net with named places for attention."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

#: The widths of the U-Net that a study trains.
WIDTHS = (16, 32, 64, 128)


def unet(
    image_shape: Sequence[int],
    outputs: int,
    widths: Sequence[int] = WIDTHS,
    preprocessing: layers.Layer | None = None,
) -> keras.Model:
    """A U-Net (arXiv:1505.04597) with batch normalisation that returns a map of logits.

    Every level has two 3x3 convolutions. The encoder halves the map between levels by maximum
    pooling; the decoder doubles it by repetition and a convolution, and joins the map of the same
    level of the encoder. The momentum of batch normalisation is 0.9, because studies are short.

    Places for attention, numbered from the largest map: the layers `encoder1` to `encoderN` return
    the ends of the levels of the encoder, `bottleneck` the smallest map, `skip1` to `skipN` what
    the decoder joins, and `decoder1` to `decoderN` the ends of its levels.
    `keras_attn.insertion_points(model, "decoder")` lists those of the decoder.

    Args:
        image_shape: Positions and channels: two or three sides, each divisible by
            2 ** (len(widths) - 1), and the channels. A side of None is not checked.
        outputs: Number of logits for each position.
        widths: Channels of each level, the last that of the bottleneck; two or more.
        preprocessing: A layer that is applied to the images first, such as a standardisation.

    Returns:
        A Functional model, not compiled: (N, *sides, channels) -> (N, *sides, outputs).

    Raises:
        ValueError: If a side is not divisible, or there are not two or three sides.

    Example:
        >>> unet((32, 32, 3), outputs=1, widths=(4, 8)).output_shape
        (None, 32, 32, 1)
    """
    *sides, _ = image_shape
    _check(sides, widths)
    inputs = keras.Input(tuple(image_shape), name="image")
    x = inputs if preprocessing is None else preprocessing(inputs)
    rank = len(sides)
    skips = []
    for level, width in enumerate(widths[:-1], 1):
        x = _level(x, width, rank, f"encoder{level}")
        skips.append(layers.Identity(name=f"skip{level}")(x))
        x = _layer("MaxPooling", rank)(2, data_format="channels_last", name=f"pool{level}")(x)
    x = _level(x, widths[-1], rank, "bottleneck")
    for level in range(len(skips), 0, -1):
        width = widths[level - 1]
        x = _layer("UpSampling", rank)(2, data_format="channels_last", name=f"double{level}")(x)
        x = _convolved(x, width, rank, f"up{level}", f"up{level}_relu")
        x = layers.Concatenate(name=f"join{level}")([skips[level - 1], x])
        x = _level(x, width, rank, f"decoder{level}")
    logits = _convolution(outputs, 1, rank, use_bias=True, name="logits")(x)
    return keras.Model(inputs, logits, name="unet")


def _check(sides: Sequence[int], widths: Sequence[int]) -> None:
    factor = 2 ** (len(widths) - 1)
    if len(widths) < 2 or len(sides) not in (2, 3):
        raise ValueError(
            "A U-Net has two or more levels and two or three sides. Received: "
            f"widths={tuple(widths)}, sides {tuple(sides)}."
        )
    if any(side is not None and side % factor for side in sides):
        found = "x".join(map(str, sides))
        nearest = max(factor, round(max(sides) / factor) * factor)
        raise ValueError(
            f"A U-Net with {len(widths)} levels halves the image {len(widths) - 1} times, so each "
            f"side must be divisible by {factor}. The images have {found}. Resize them, such as to "
            f"{nearest}: `size={nearest}`, or --size {nearest} on the command line."
        )


def _level(x: keras.KerasTensor, width: int, rank: int, name: str) -> keras.KerasTensor:
    """Two convolutions; the last layer has the name of the level."""
    x = _convolved(x, width, rank, f"{name}_1", f"{name}_1_relu")
    return _convolved(x, width, rank, f"{name}_2", name)


def _convolved(
    x: keras.KerasTensor, width: int, rank: int, name: str, end: str
) -> keras.KerasTensor:
    """A convolution, a normalisation, which would remove any bias, and a ReLU called `end`."""
    x = _convolution(width, 3, rank, use_bias=False, name=f"{name}_conv")(x)
    x = layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=f"{name}_norm")(x)
    return layers.ReLU(name=end)(x)


def _convolution(width: int, size: int, rank: int, *, use_bias: bool, name: str) -> layers.Layer:
    return _layer("Conv", rank)(
        width,
        size,
        padding="same",
        use_bias=use_bias,
        kernel_initializer="he_normal",
        data_format="channels_last",
        name=name,
    )


def _layer(kind: str, rank: int) -> type[layers.Layer]:
    return getattr(layers, f"{kind}{rank}D")
