"""Networks by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import keras

import keras_attn.catalogue as catalogue
from keras_attn.checks import check_choice
from keras_attn.networks import mobilenet, resnet
from keras_attn.networks.design import DESIGNS, POSITIONS, Attention, Design, Placement
from keras_attn.networks.parts import head


def list_networks() -> list[str]:
    """The names that `create` takes.

    Example:
        >>> from keras_attn import networks
        >>> "resnet50" in networks.list_networks()
        True
    """
    return list(DESIGNS)


def create(
    name: str,
    attention: str | Attention | None = None,
    num_classes: int = 1000,
    input_shape: Sequence[int | None] | None = None,
    include_top: bool = True,
    pooling: str | None = None,
    pyramid: bool = False,
) -> keras.Model:
    """A network with attention in every block, with random initial weights.

    Strided convolutions pad as in PyTorch and normalisations have its epsilon, 1e-5, so that
    `from_torch` can load published weights. Names that end in `_same` are the networks that
    `keras_attn.study.compare` trains on small images; they pad as Keras does and also take
    volumes. The network reads and computes in Keras's own data format and dtype policy
    (`keras.config`).

    Args:
        name: One of `list_networks()`.
        attention: A key of the catalogue, which places the layer at the end of the branch of
            every block; an `Attention`, which also sets its arguments and its position; or None.
        num_classes: Number of logits.
        input_shape: Shape of one image in Keras's data format; three channels of any size if
            None.
        include_top: Whether the network ends in logits.
        pooling: Without the top, `"avg"` or `"max"` for pooled features; None for the last map.
        pyramid: Whether the outputs are the maps after every stage, by the names `"stage1"`,
            `"stage2"`, and so on, as detectors and segmentation networks need them.

    Returns:
        A Functional model, not compiled. A network with an attention branch returns a dictionary:
        the logits `"perception"`, and those of the branch, `"attention"`.

    Raises:
        ValueError: If the name, the key, the position or the pooling is unknown.

    Source: arXiv:1512.03385, arXiv:1801.04381, arXiv:1812.10025.

    Example:
        >>> from keras_attn import networks
        >>> model = networks.create(
        ...     "resnet20_cifar", "eca", num_classes=10, input_shape=(32, 32, 3)
        ... )
        >>> model.output_shape
        (None, 10)
    """
    check_choice("network", name, DESIGNS)
    check_choice("pooling", pooling, (None, "avg", "max"))
    if isinstance(attention, str):
        attention = Attention(attention)
    if attention is not None:
        catalogue.describe_layer_of_one_map(attention.key)
        check_choice("position", attention.position, POSITIONS)
    return build(
        DESIGNS[name],
        {} if attention is None else {attention.position: attention.place},
        num_classes,
        input_shape,
        include_top=include_top,
        pooling=pooling,
        pyramid=pyramid,
        name=name,
    )


def build(
    design: Design,
    places: Mapping[str, Placement],
    num_classes: int,
    input_shape: Sequence[int | None] | None = None,
    *,
    include_top: bool = True,
    pooling: str | None = None,
    pyramid: bool = False,
    preprocessing: keras.layers.Layer | None = None,
    name: str = "network",
) -> keras.Model:
    """The network of a design; other arguments as in `create`.

    Args:
        design: The design.
        places: What is applied, by position (`keras_attn.networks.design.POSITIONS`).
        num_classes: Number of logits.
        input_shape: Shape of one image or volume in the data format of the design.
        include_top: Whether the network ends in logits.
        pooling: Without the top, `"avg"`, `"max"` or None.
        pyramid: Whether the outputs are the maps after every stage.
        preprocessing: A layer that is applied to the images first, such as a standardisation.
        name: The name of the model.

    Raises:
        ValueError: If what is applied at a position does not return one map of the same shape.
    """
    any_size = (None, None, 3) if design.channel_axis == -1 else (3, None, None)
    inputs = keras.Input(any_size if input_shape is None else tuple(input_shape), name="image")
    x = inputs if preprocessing is None else preprocessing(inputs)
    branch_logits = None
    if design.block == "inverted":
        maps = mobilenet.stages(x, design, places)
    else:
        maps, branch_logits = resnet.stages(x, design, places, num_classes)
    outputs = head(maps[-1], design, include_top, pooling, num_classes)
    if pyramid:
        outputs = {f"stage{number}": each for number, each in enumerate(maps, 1)}
    elif branch_logits is not None and include_top:
        outputs = {"perception": outputs, "attention": branch_logits}
    return keras.Model(inputs, outputs, name=name)
