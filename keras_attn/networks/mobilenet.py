"""MobileNetV2 (arXiv:1801.04381): inverted residual blocks."""

from __future__ import annotations

from collections.abc import Mapping

import keras
from keras import layers

from keras_attn.networks.design import Design, Placement
from keras_attn.networks.parts import attended, channels_of, normalised


def stages(
    x: keras.KerasTensor, design: Design, places: Mapping[str, Placement]
) -> list[keras.KerasTensor]:
    """The map after each stage; the last one after the head's convolution."""
    x = normalised(x, design, design.stem_widths[0], 3, 2, name="stem", activation=6.0)
    maps = []
    for number, (width, depth) in enumerate(zip(design.widths, design.depths, strict=True), 1):
        for block in range(1, depth + 1):
            stride = design.stage_strides[number - 1] if block == 1 else 1
            expansion = 1 if number == 1 else design.expansion
            name = f"stage{number}_block{block}"
            x = _block(x, design, width, stride, expansion, places, name)
        maps.append(x)
    maps[-1] = normalised(x, design, design.head_width, 1, name="head", activation=6.0)
    return maps


def _block(
    x: keras.KerasTensor,
    design: Design,
    width: int,
    stride: int,
    expansion: int,
    places: Mapping[str, Placement],
    name: str,
) -> keras.KerasTensor:
    """X + project(depthwise(expand(x))), without the sum where the shape changes."""
    shortcut = x
    if expansion > 1:
        hidden = channels_of(x, design) * expansion
        x = normalised(x, design, hidden, 1, name=f"{name}_expand", activation=6.0)
    x = normalised(
        x, design, 0, 3, stride, name=f"{name}_depthwise", activation=6.0, depthwise=True
    )
    x = attended(x, places, "inside", name)
    x = normalised(x, design, width, 1, name=f"{name}_project")
    x = attended(x, places, "branch", name)
    if stride == 1 and channels_of(shortcut, design) == width:
        x = layers.Add(name=f"{name}_add")([shortcut, x])
    return x
