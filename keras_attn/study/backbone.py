"""The residual networks that attention is compared in: small images, one place for attention."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import keras
from keras import layers

from keras_attn import catalogue
from keras_attn.study.tasks import task_head

Attention = str | Callable[[], layers.Layer] | None


class Design(NamedTuple):
    """What tells one residual network from another.

    Attributes:
        widths: Channels of each stage; every stage after the first halves height and width.
        depths: Blocks of each stage.
        bottleneck: Whether a block is 1x1, 3x3, 1x1 with four times the channels at its end,
            or two 3x3.
    """

    widths: tuple[int, ...]
    depths: tuple[int, ...]
    bottleneck: bool = False


BACKBONES = {
    "resnet8": Design((16, 32, 64), (1, 1, 1)),
    "resnet20": Design((16, 32, 64), (3, 3, 3)),
    "resnet18": Design((64, 128, 256, 512), (2, 2, 2, 2)),
    "resnet50": Design((64, 128, 256, 512), (3, 4, 6, 3), bottleneck=True),
}


def build_model(
    image_shape: tuple[int, int, int],
    task: str,
    num_classes: int,
    attention: Attention = None,
    backbone: str = "resnet20",
    preprocessing: layers.Layer | None = None,
) -> keras.Model:
    """A residual network for small images (arXiv:1512.03385, section 4.2) that gives logits.

    Its first convolution is 3x3 with stride 1 and no pooling follows, so that images of 8x8
    or 28x28 keep their detail. Attention sits at the end of every block's residual branch:
    after the last normalisation, before the addition.

    Args:
        image_shape: Height, width and channels.
        task: `"binary"`, `"multi-class"`, `"ordinal"` or `"multi-label"`.
        num_classes: Number of classes, or of labels.
        attention: A key of the catalogue, a callable that returns a new layer, or None for
            the plain network.
        backbone: A key of `BACKBONES`; `"resnet8"` is for a first look.
        preprocessing: A layer that the images pass first, such as a standardisation.

    Returns:
        A Functional model, not compiled.

    Raises:
        ValueError: If the backbone, the task or the key is unknown.
    """
    design = check_backbone(backbone)
    outputs = task_head(task, num_classes).outputs
    inputs = keras.Input(image_shape, name="image")
    x = inputs if preprocessing is None else preprocessing(inputs)
    x = _normalised(x, design.widths[0], 3, name="stem")
    x = layers.ReLU(name="stem_relu")(x)
    for stage, (width, depth) in enumerate(zip(design.widths, design.depths, strict=True), 1):
        for block in range(1, depth + 1):
            stride = 2 if stage > 1 and block == 1 else 1
            name = f"stage{stage}_block{block}"
            x = _block(x, width, stride, design.bottleneck, attention, name)
    x = layers.GlobalAveragePooling2D(data_format="channels_last", name="pooling")(x)
    logits = layers.Dense(outputs, kernel_initializer="he_normal", name="logits")(x)
    return keras.Model(inputs, logits, name=backbone)


def check_backbone(backbone: str) -> Design:
    """The design of that name.

    Raises:
        ValueError: If there is none.
    """
    if backbone not in BACKBONES:
        raise ValueError(
            f"`backbone` must be one of {', '.join(BACKBONES)}. Received: backbone={backbone!r}."
        )
    return BACKBONES[backbone]


def _block(
    x: keras.KerasTensor,
    width: int,
    stride: int,
    bottleneck: bool,
    attention: Attention,
    name: str,
) -> keras.KerasTensor:
    """relu(shortcut(x) + attention(branch(x)))."""
    channels = 4 * width if bottleneck else width
    shortcut = x
    if stride > 1 or x.shape[-1] != channels:
        shortcut = _normalised(x, channels, 1, stride, name=f"{name}_shortcut")
    if bottleneck:
        x = layers.ReLU(name=f"{name}_relu1")(_normalised(x, width, 1, name=f"{name}_1"))
        x = layers.ReLU(name=f"{name}_relu2")(_normalised(x, width, 3, stride, name=f"{name}_2"))
        x = _normalised(x, channels, 1, name=f"{name}_3")
    else:
        x = layers.ReLU(name=f"{name}_relu1")(_normalised(x, width, 3, stride, name=f"{name}_1"))
        x = _normalised(x, channels, 3, name=f"{name}_2")
    if isinstance(attention, str):
        x = catalogue.create(attention, data_format="channels_last", name=f"{name}_attention")(x)
    elif attention is not None:
        x = attention()(x)
    x = layers.Add(name=f"{name}_add")([shortcut, x])
    return layers.ReLU(name=f"{name}_relu")(x)


def _normalised(
    x: keras.KerasTensor, filters: int, kernel_size: int, stride: int = 1, *, name: str
) -> keras.KerasTensor:
    """A convolution without biases, which the normalisation after it would take out again."""
    x = layers.Conv2D(
        filters,
        kernel_size,
        stride,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        data_format="channels_last",
        name=f"{name}_conv",
    )(x)
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=f"{name}_norm")(x)
