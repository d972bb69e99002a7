"""Residual networks (arXiv:1512.03385), with or without an attention branch."""

from __future__ import annotations

from collections.abc import Mapping

import keras
from keras import layers

from keras_attn.layers import ABN
from keras_attn.networks.design import Design, Placement
from keras_attn.networks.parts import attended, channels_of, normalised, of_rank


def stages(
    x: keras.KerasTensor, design: Design, places: Mapping[str, Placement], num_classes: int
) -> tuple[list[keras.KerasTensor], keras.KerasTensor | None]:
    """The map after each stage, and the logits of the attention branch, if there is one."""
    x = _stem(x, design)
    maps: list[keras.KerasTensor] = []
    branch_logits = None
    for number, width in enumerate(design.widths, 1):
        if number == design.branch_stage:
            features = _stage(x, design, number, width, 1, places, "branch_")
            x, branch_logits = ABN(num_classes, name="attention_branch")(x, features)
        stride = design.stage_strides[number - 1]
        x = _stage(x, design, number, width, stride, places)
        if number < len(design.widths):
            x = attended(x, places, "stages", f"stage{number}")
        maps.append(x)
    return maps, branch_logits


def _stem(x: keras.KerasTensor, design: Design) -> keras.KerasTensor:
    if design.stem == "deep":
        for number, width in enumerate(design.stem_widths, 1):
            stride = 2 if number == 1 else 1
            x = normalised(x, design, width, 3, stride, name=f"stem_{number}", activation="relu")
    else:
        size, stride = (3, 1) if design.stem == "cifar" else (7, 2)
        x = normalised(
            x, design, design.stem_widths[0], size, stride, name="stem", activation="relu"
        )
    if design.stem == "cifar":
        return x
    # After a ReLU, padding with zeros gives the same maximum as padding with minus infinity.
    shared = {"data_format": design.data_format}
    x = of_rank("ZeroPadding", x)(1, name="stem_pooling_padding", **shared)(x)
    return of_rank("MaxPooling", x)(3, 2, name="stem_pooling", **shared)(x)


def _stage(
    x: keras.KerasTensor,
    design: Design,
    number: int,
    width: int,
    stride: int,
    places: Mapping[str, Placement],
    prefix: str = "",
) -> keras.KerasTensor:
    for block in range(1, design.depths[number - 1] + 1):
        name = f"{prefix}stage{number}_block{block}"
        projected = design.projected_first and block == 1
        x = _block(x, design, width, stride if block == 1 else 1, projected, places, name)
    return x


def _block(
    x: keras.KerasTensor,
    design: Design,
    width: int,
    stride: int,
    projected: bool,
    places: Mapping[str, Placement],
    name: str,
) -> keras.KerasTensor:
    """A residual block: relu(shortcut(x) + attention(branch(x)))."""
    bottleneck = design.block == "bottleneck"
    channels = 4 * width if bottleneck else width
    shortcut = x
    if projected or stride > 1 or channels_of(x, design) != channels:
        if design.pooled_shortcut and stride > 1:
            pool = of_rank("AveragePooling", x)
            options = {"data_format": design.data_format, "name": f"{name}_shortcut_pooling"}
            shortcut, stride_left = pool(2, stride, "same", **options)(x), 1
        else:
            stride_left = stride
        shortcut = normalised(shortcut, design, channels, 1, stride_left, name=f"{name}_shortcut")
    if bottleneck:
        x = normalised(x, design, width, 1, name=f"{name}_1", activation="relu")
        x = normalised(x, design, width, 3, stride, name=f"{name}_2", activation="relu")
        x = attended(x, places, "inside", name)
        x = normalised(x, design, channels, 1, name=f"{name}_3")
    else:
        x = normalised(x, design, width, 3, stride, name=f"{name}_1", activation="relu")
        x = attended(x, places, "inside", name)
        x = normalised(x, design, channels, 3, name=f"{name}_2")
    x = attended(x, places, "branch", name)
    x = layers.Add(name=f"{name}_add")([shortcut, x])
    return layers.ReLU(name=f"{name}_relu")(x)
