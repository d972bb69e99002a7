"""The built-in networks in which attention is compared: residual ones, a U-Net, a RetinaNet."""

from __future__ import annotations

from typing import NamedTuple

import keras
from keras import layers

from keras_attn.checks import check_choice
from keras_attn.gates.parts import CONVOLUTIONS
from keras_attn.networks.retinanet import retinanet
from keras_attn.networks.unet import WIDTHS, unet
from keras_attn.study.control import Placement, attention_of
from keras_attn.study.variants import Variant
from keras_attn.tasks.create import learning_task


class Design(NamedTuple):
    """The size of a residual network.

    Attributes:
        widths: Channels of each stage; every stage after the first halves height and width.
        depths: Number of blocks in each stage.
        bottleneck: Whether a block is 1x1, 3x3, 1x1 with four times the channels at its end,
            instead of two 3x3 convolutions.
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


#: The network of each task that is not classification.
NETWORKS = {"segmentation": "unet", "detection": "retinanet"}


def built_in() -> tuple[str, ...]:
    """The names of all built-in networks."""
    return (*BACKBONES, *NETWORKS.values())


def usual_network(task: str) -> str:
    """The built-in network that a study trains unless another is named."""
    return NETWORKS.get(task, "resnet20")


def check_network(name: str, task: str) -> None:
    """Checks that there is a built-in network of a name, and that it is one for a task.

    Raises:
        ValueError: If not.
    """
    check_choice("backbone", name, built_in())
    if name != NETWORKS.get(task) and (task in NETWORKS or name not in BACKBONES):
        raise ValueError(
            f"The network {name!r} is not one for the task {task!r}. "
            f"Choose {usual_network(task)!r}, or give a model of your own."
        )


def plain_network(
    image_shape: tuple[int, ...],
    task: str,
    num_classes: int,
    name: str,
    preprocessing: layers.Layer | None = None,
) -> keras.Model:
    """A built-in network without attention.

    Args:
        image_shape: Height, width and channels; depth first for volumes.
        task: The task.
        num_classes: Number of classes, or of labels.
        name: One of `BUILT_IN`.
        preprocessing: A layer that is applied to the images first.

    Raises:
        ValueError: If the network is not one for the task.
    """
    check_network(name, task)
    if task == "detection":
        return retinanet(image_shape, num_classes, preprocessing)
    if task == "segmentation":
        return unet(image_shape, learning_task(task, num_classes).outputs, WIDTHS, preprocessing)
    return build_model(image_shape, task, num_classes, None, name, preprocessing)


def build_model(
    image_shape: tuple[int, ...],
    task: str,
    num_classes: int,
    attention: str | Variant | Placement | None = None,
    backbone: str = "resnet20",
    preprocessing: layers.Layer | None = None,
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
        backbone: A key of `BACKBONES`; `"resnet8"` is the smallest.
        preprocessing: A layer that is applied to the images first, such as a standardisation.

    Returns:
        A Functional model, not compiled.

    Raises:
        ValueError: If the backbone, the task or the key is unknown.
    """
    design = check_backbone(backbone)
    outputs = learning_task(task, num_classes).outputs
    placement = attention_of(attention) if isinstance(attention, (str, Variant)) else attention
    inputs = keras.Input(image_shape, name="image")
    x = inputs if preprocessing is None else preprocessing(inputs)
    x = _normalised(x, design.widths[0], 3, name="stem")
    x = layers.ReLU(name="stem_relu")(x)
    for stage, (width, depth) in enumerate(zip(design.widths, design.depths, strict=True), 1):
        for block in range(1, depth + 1):
            stride = 2 if stage > 1 and block == 1 else 1
            name = f"stage{stage}_block{block}"
            x = _block(x, width, stride, design.bottleneck, placement, name)
    pooling = {2: layers.GlobalAveragePooling2D, 3: layers.GlobalAveragePooling3D}
    x = pooling[len(x.shape) - 2](data_format="channels_last", name="pooling")(x)
    logits = layers.Dense(outputs, kernel_initializer="he_normal", name="logits")(x)
    return keras.Model(inputs, logits, name=backbone)


def check_backbone(backbone: str) -> Design:
    """The design of a residual network.

    Raises:
        ValueError: If there is no backbone of that name.
    """
    check_choice("backbone", backbone, BACKBONES)
    return BACKBONES[backbone]


def _block(
    x: keras.KerasTensor,
    width: int,
    stride: int,
    bottleneck: bool,
    placement: Placement | None,
    name: str,
) -> keras.KerasTensor:
    """A residual block: relu(shortcut(x) + attention(branch(x)))."""
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
    if placement is not None:
        x = _placed(placement, x, f"{name}_attention")
    x = layers.Add(name=f"{name}_add")([shortcut, x])
    return layers.ReLU(name=f"{name}_relu")(x)


def _placed(placement: Placement, x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """The map after attention.

    Raises:
        ValueError: If the result is not one map of the same shape.
    """
    y = placement(x, name)
    if isinstance(y, (tuple, list)):
        raise ValueError(
            f"it returns {len(y)} outputs, but a residual branch needs one map of the same shape"
        )
    if y.shape != x.shape:
        raise ValueError(
            f"it turns a map of the shape {x.shape[1:]} into {y.shape[1:]}, but a residual branch "
            "needs the same shape"
        )
    return y


def _normalised(
    x: keras.KerasTensor, filters: int, kernel_size: int, stride: int = 1, *, name: str
) -> keras.KerasTensor:
    """A convolution and a normalisation, which would remove any bias of the convolution."""
    x = CONVOLUTIONS[len(x.shape) - 2](
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
