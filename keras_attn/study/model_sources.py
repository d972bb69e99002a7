"""Models of libraries by name: `keras.applications:NAME`, `keras_hub:...` and `keras_cv:...`."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from keras_attn.extras import require
from keras_attn.study.grammar import parse_call

APPLICATIONS = "keras.applications:"
#: Prefix -> the module of a library, and the extra that installs it.
LIBRARIES = {"keras_hub:": "keras-hub", "keras_cv:": "keras-cv"}
PREFIXES = (APPLICATIONS, *LIBRARIES)

#: Means and standard deviations of ImageNet's channels in red, green, blue, for values 0 to 1.
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
#: Means that the weights of the Caffe networks expect subtracted, in red, green, blue, 0 to 255.
CAFFE_MEAN = (123.68, 116.779, 103.939)

#: Smaller images are refused by the applications, each of which names the size in its error.
LEAST_SIZE = re.compile(r"at least (\d+)x(\d+)")


class Expected(NamedTuple):
    """What trained weights expect of images.

    Attributes:
        value_range: Smallest and largest value.
        steps: What is then applied to an image with three channels.
        words: A sentence about the steps for the reader of the results; empty if there are none.
    """

    value_range: tuple[float, float]
    steps: tuple[Callable[[Any], Any], ...] = ()
    words: str = ""


def expected_by(name: str) -> Expected | None:
    """What the trained weights of an application expect, as Keras documents it.

    Args:
        name: The name of the application.

    Returns:
        The expectation; None for applications whose own layers rescale their images.
    """
    if re.fullmatch(r"MobileNet(V2)?|Xception|Inception\w+|NASNet\w+|ResNet\d+V2", name):
        return Expected((-1.0, 1.0))
    if re.fullmatch(r"DenseNet\d+", name):
        standardise = keras.layers.Normalization(
            mean=MEAN, variance=np.square(DEVIATION), name="imagenet_statistics"
        )
        words = "Images are standardised by the means and deviations of ImageNet's channels"
        return Expected((0.0, 1.0), (standardise,), words)
    if re.fullmatch(r"VGG\d+|ResNet\d+", name):
        subtract = keras.layers.Normalization(
            mean=CAFFE_MEAN, variance=(1.0, 1.0, 1.0), name="imagenet_means"
        )
        words = "The means of ImageNet are subtracted from the images, whose channels are reversed"
        return Expected((0.0, 255.0), (subtract, reversed_channels), words)
    return None


def reversed_channels(images: Any) -> Any:
    """Blue, green, red. PyTorch has no slices with a negative step."""
    return keras.ops.flip(images, axis=-1)


def library_model(text: str, image_shape: tuple[int, ...], weights: str | None) -> keras.Model:
    """The model that a text with one of the prefixes names.

    Args:
        text: Such as `"keras.applications:MobileNetV2"`, `"keras_hub:resnet_18_imagenet"`, the
            folder of a preset, or a class with arguments such as
            `"keras_cv:ResNetBackbone(stackwise_filters=[64], ...)"`.
        image_shape: Height, width and channels of the images; the model takes three channels.
            Volumes are refused.
        weights: A file, or for an application their name, or `"preset"` for those of a preset;
            None for random weights.

    Raises:
        ValueError: If there is no such model.
        ImportError: If the library is not installed.
    """
    prefix = next(each for each in PREFIXES if text.startswith(each))
    name = text.removeprefix(prefix)
    stored = weights is not None and Path(weights).suffix != ""
    named = None if stored else weights
    if len(image_shape) != 3:
        sides = "x".join(map(str, image_shape[:-1]))
        raise ValueError(
            f"{text} takes images, and these are volumes of {sides}. Give a built-in network, or a "
            "function (image_shape, num_classes) that builds yours."
        )
    shape = (*image_shape[:2], 3)
    if prefix == APPLICATIONS:
        model = _application(name, shape, named)
    else:
        library = require(prefix.removesuffix(":"), extra=LIBRARIES[prefix])
        model = _backbone(library, name, shape, named)
    if stored:
        model.load_weights(weights)
    return model


def _application(name: str, shape: tuple[int, ...], weights: str | None) -> keras.Model:
    """An application without its head, with a global average pooling at its end."""
    constructor = getattr(keras.applications, name, None)
    if constructor is None or not name[:1].isupper():
        known = [each for each in dir(keras.applications) if each[:1].isupper()]
        raise ValueError(
            f"There is no application {name!r}. keras.applications has {', '.join(known)}."
        )
    return constructor(include_top=False, weights=weights, input_shape=shape, pooling="avg")


def _backbone(library: Any, name: str, shape: tuple[int, ...], weights: str | None) -> keras.Model:
    """A backbone of keras_hub or keras_cv, from a class with arguments or from a preset."""
    if not Path(name).is_dir() and hasattr(library.models, name.partition("(")[0].strip()):
        class_name, arguments = parse_call(name)
        if weights is not None:
            raise ValueError(
                f"{class_name} with arguments has random weights: `weights` must be None or a "
                f"file. Received: weights={weights!r}."
            )
        argument = "image_shape" if library.__name__ == "keras_hub" else "input_shape"
        return getattr(library.models, class_name)(**{argument: shape, **arguments})
    if weights not in (None, "preset"):
        raise ValueError(
            "`weights` of a preset must be None for random weights, 'preset' for its own, or a "
            f"file. Received: weights={weights!r}."
        )
    try:
        return library.models.Backbone.from_preset(name, load_weights=weights is not None)
    except Exception as error:
        known = [each for each in dir(library.models) if each.endswith("Backbone")]
        raise ValueError(
            f"{library.__name__} has no preset {name!r} that can be read: {error} Give the folder "
            "of a preset, or a class with its arguments, which is one of "
            f"{', '.join(known)}."
        ) from error
