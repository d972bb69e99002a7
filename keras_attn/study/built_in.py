"""The built-in networks of studies, by the names that `model=` takes."""

from __future__ import annotations

import keras

from keras_attn.checks import check_choice
from keras_attn.networks.create import build
from keras_attn.networks.design import DESIGNS, Placement
from keras_attn.networks.retinanet import retinanet
from keras_attn.networks.unet import WIDTHS, unet
from keras_attn.study.control import attention_of
from keras_attn.study.variants import Variant
from keras_attn.tasks.create import learning_task

#: The residual networks for small images: the designs that pad as Keras does.
RESIDUAL = {
    name.removesuffix("_same"): design for name, design in DESIGNS.items() if name.endswith("_same")
}

#: The network of each task that is not classification.
NETWORKS = {"segmentation": "unet", "detection": "retinanet"}


def built_in() -> tuple[str, ...]:
    """The names of all built-in networks."""
    return (*RESIDUAL, *NETWORKS.values())


def usual_network(task: str) -> str:
    """The built-in network that a study trains unless another is named."""
    return NETWORKS.get(task, "resnet20")


def check_network(name: str, task: str) -> None:
    """Checks that there is a built-in network of a name, and that it is one for a task.

    Raises:
        ValueError: If not.
    """
    check_choice("backbone", name, built_in())
    if name != NETWORKS.get(task) and (task in NETWORKS or name not in RESIDUAL):
        raise ValueError(
            f"The network {name!r} is not one for the task {task!r}. "
            f"Choose {usual_network(task)!r}, or give a model of your own."
        )


def plain_network(
    image_shape: tuple[int, ...],
    task: str,
    num_classes: int,
    name: str,
    preprocessing: keras.layers.Layer | None = None,
) -> keras.Model:
    """A built-in network without attention.

    Args:
        image_shape: Height, width and channels; depth first for volumes.
        task: The task.
        num_classes: Number of classes, or of labels.
        name: One of `built_in()`.
        preprocessing: A layer that is applied to the images first.

    Raises:
        ValueError: If the network is not one for the task.
    """
    check_network(name, task)
    if task == "detection":
        return retinanet(image_shape, num_classes, preprocessing)
    if task == "segmentation":
        return unet(image_shape, learning_task(task, num_classes).outputs, WIDTHS, preprocessing)
    return residual_network(image_shape, task, num_classes, None, name, preprocessing)


def residual_network(
    image_shape: tuple[int, ...],
    task: str,
    num_classes: int,
    attention: str | Variant | Placement | None = None,
    name: str = "resnet20",
    preprocessing: keras.layers.Layer | None = None,
) -> keras.Model:
    """A residual network for small images (arXiv:1512.03385, section 4.2) that returns logits.

    Its first convolution is 3x3 with stride 1 and no pooling follows, so that images of 8x8
    or 28x28 keep their detail. Attention is placed at the end of every block's residual branch:
    after the last normalisation, before the addition. All layers have fixed names, so that the
    networks of two variants share the names of all layers that they have in common.

    Args:
        image_shape: Height, width and channels; depth first for volumes.
        task: `"binary"`, `"multi-class"`, `"ordinal"` or `"multi-label"`.
        num_classes: Number of classes, or of labels.
        attention: A topology, as `keras_attn.study.control.attention_of` takes it; a function of
            a feature map and a layer name that returns the new map; or None for the plain network.
        name: A key of `RESIDUAL`; `"resnet8"` is the smallest.
        preprocessing: A layer that is applied to the images first, such as a standardisation.

    Returns:
        A Functional model, not compiled.

    Raises:
        ValueError: If the network, the task or the key is unknown.
    """
    check_choice("backbone", name, RESIDUAL)
    outputs = learning_task(task, num_classes).outputs
    placement = attention_of(attention) if isinstance(attention, (str, Variant)) else attention
    return build(
        RESIDUAL[name]._replace(data_format="channels_last"),
        {} if placement is None else {"branch": placement},
        outputs,
        image_shape,
        preprocessing=preprocessing,
        name=name,
    )
