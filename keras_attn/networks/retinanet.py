"""The detector that a study trains: a RetinaNet of keras_cv with named places for attention."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers

from keras_attn.extras import require
from keras_attn.layers.anchored_outputs import AnchoredOutputs

#: The levels of the feature pyramid; level k halves the image k times.
LEVELS = (3, 4, 5, 6, 7)

#: Channels of the pyramid.
WIDTH = 256

#: Anchors at each position: three sizes in three proportions.
ANCHORS = 9

#: The probability of each class at the beginning, because almost every anchor is background.
PRIOR = 0.01


def retinanet(
    image_shape: Sequence[int],
    num_classes: int,
    preprocessing: layers.Layer | None = None,
) -> keras.Model:
    """RetinaNet (arXiv:1708.02002) with the ResNet-18, the heads and the anchors of keras_cv.

    The momentum of batch normalisation is 0.9, because studies are short.

    Places for attention: the blocks and stages of the backbone, and `pyramid3` to `pyramid7`, the
    levels of the pyramid, from the largest map. `keras_attn.insertion_points(model, "pyramid")`
    lists those.

    Args:
        image_shape: Height and width, each divisible by 32, and channels.
        num_classes: Number of classes.
        preprocessing: A layer that is applied to the images first, such as a standardisation.

    Returns:
        A Functional model, not compiled. Its output has the form that
        `keras_attn.tasks.detection.Detection` describes.

    Raises:
        ValueError: If a side is not divisible by 32, or there are not two sides.
        ImportError: If keras_cv is not installed.
    """
    _check(image_shape)
    models = require("keras_cv", extra="detection").models
    inputs = keras.Input(tuple(image_shape), name="image")
    x = inputs if preprocessing is None else preprocessing(inputs)
    backbone = models.ResNetBackbone(
        stackwise_filters=[64, 128, 256, 512],
        stackwise_blocks=[2, 2, 2, 2],
        stackwise_strides=[1, 2, 2, 2],
        include_rescaling=False,
        input_shape=tuple(image_shape),
        block_type="basic_block",
    )
    for layer in backbone.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.momentum = 0.9
    names = backbone.pyramid_level_inputs
    maps = {level: backbone.get_layer(names[level]).output for level in ("P3", "P4", "P5")}
    features = keras.Model(backbone.inputs, maps, name="backbone")(x)
    boxes, classes = _heads(models.retinanet.PredictionHead, num_classes)
    offsets, logits = [], []
    for level, found in zip(LEVELS, _pyramid(*features.values()), strict=True):
        offsets.append(layers.Reshape((-1, 4), name=f"offsets{level}")(boxes(found)))
        logits.append(layers.Reshape((-1, num_classes), name=f"logits{level}")(classes(found)))
    joined = [layers.Concatenate(axis=1)(each) for each in (offsets, logits)]
    anchors = default_anchors(models, image_shape)
    return keras.Model(inputs, AnchoredOutputs(anchors, name="outputs")(joined), name="retinanet")


def _pyramid(*maps: keras.KerasTensor) -> list[keras.KerasTensor]:
    """The levels of a feature pyramid (arXiv:1612.03144), from the maps of levels 3, 4 and 5."""
    names = LEVELS[: len(maps)]
    found = {
        level: _convolution(1, name=f"lateral{level}")(each)
        for level, each in zip(names, maps, strict=True)
    }
    for level in reversed(names[:-1]):
        above = layers.UpSampling2D(2, data_format="channels_last")(found[level + 1])
        found[level] = layers.Add(name=f"merge{level}")([found[level], above])
    levels = [_convolution(3, name=f"pyramid{level}")(each) for level, each in found.items()]
    x = maps[-1]
    for level in LEVELS[len(maps) :]:
        x = _convolution(3, strides=2, name=f"pyramid{level}")(x)
        levels.append(x)
        x = layers.ReLU(name=f"pyramid{level}_relu")(x)
    return levels


def _convolution(size: int, **options: Any) -> layers.Layer:
    return layers.Conv2D(WIDTH, size, padding="same", data_format="channels_last", **options)


def default_anchors(models: Any, image_shape: Sequence[int]) -> np.ndarray:
    """The anchors that keras_cv's RetinaNet has for images of a shape, (anchors, 4)."""
    generator = models.RetinaNet.default_anchor_generator("xyxy")
    levels = generator(image_shape=tuple(image_shape)).values()
    return np.concatenate([keras.ops.convert_to_numpy(each) for each in levels])


def _heads(head: type[layers.Layer], num_classes: int) -> tuple[layers.Layer, layers.Layer]:
    """The heads that all levels share: offsets and logits."""
    bias = keras.initializers.Constant(float(np.log(PRIOR / (1 - PRIOR))))
    zeros = keras.initializers.Zeros()
    return (
        head(output_filters=4 * ANCHORS, bias_initializer=zeros, name="box_head"),
        head(output_filters=num_classes * ANCHORS, bias_initializer=bias, name="class_head"),
    )


def _check(image_shape: Sequence[int]) -> None:
    sides = image_shape[:-1]
    if len(sides) != 2 or any(side is None or side % 32 for side in sides):
        raise ValueError(
            "A RetinaNet needs images whose height and width are divisible by 32. Received: "
            f"{'x'.join(map(str, image_shape))}. `load_dataset` gives images with boxes such sides."
        )
