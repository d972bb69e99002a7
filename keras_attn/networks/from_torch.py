"""A published PyTorch checkpoint of a whole network as a Keras model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_attn.layers.torch_weights import PublishedVariable, published_variables
from keras_attn.networks.create import build
from keras_attn.networks.files import read_checkpoint
from keras_attn.networks.modules import Module
from keras_attn.networks.recognition import Recognised, recognise

#: How many entries of each kind an error lists.
LISTED = 10

#: Entries that every network of a family has, in the naming of its sources.
FAMILIES = {
    "ResNet": ("conv1.weight", "bn1.weight", "layer1.0.conv1.weight", "layer4.0.conv1.weight"),
    "MobileNetV2 of torchvision": (
        "features.0.0.weight",
        "features.1.conv.0.0.weight",
        "features.18.0.weight",
    ),
    "MobileNetV2 of timm": (
        "conv_stem.weight",
        "bn1.weight",
        "blocks.0.0.conv_dw.weight",
        "conv_head.weight",
    ),
}


def from_torch(
    weights: Mapping[str, Any] | str | Path, input_shape: Sequence[int | None] | None = None
) -> keras.Model:
    """A Keras model with the weights of a published checkpoint of a ResNet or a MobileNetV2.

    Family, depth, stem, attention and its arguments follow from the names and shapes of the
    entries. Known are the networks of torchvision and timm, and those that the authors of SE
    (a widespread PyTorch copy), CBAM, BAM, ECA, triplet attention, SCSA, coordinate attention and
    the attention branch network published.

    Args:
        weights: A state dict (name -> array or tensor), or a `.pth`, `.pt`, `.safetensors` or
            `.npz` file. Files of PyTorch are read without executing code in them.
        input_shape: Shape of one image in Keras's data format; any size if None.

    Returns:
        A Functional model in Keras's data format that returns logits, or the last map if the
        checkpoint has no classifier. A network with an attention branch returns a dictionary: the
        logits `"perception"`, and those of the branch, `"attention"`.

    Raises:
        ValueError: If the file is not a checkpoint or holds code, if no network fits, or if
            `input_shape` is too small. The message names the entries that are missing, left over
            or misshapen.

    Example:
        >>> from keras_attn import networks
        >>> model = networks.from_torch("resnet50_cbam.pth")  # doctest: +SKIP
    """
    entries = read_checkpoint(weights)
    found = recognise(entries)
    if found is None:
        raise ValueError(_unknown(list(entries)))
    shape = _input_shape(found, input_shape)
    try:
        model = build(
            found.design,
            {found.attention.position: found.attention.place} if found.attention else {},
            found.num_classes,
            shape,
            include_top=found.num_classes > 0,
            name="network",
        )
    except ValueError as error:
        raise ValueError(
            f"The checkpoint is almost that of {_described(found)}, but no network has entries of "
            f"these shapes: {error}"
        ) from error
    values = _matched(model, found, entries)
    for variable, value in values:
        variable.assign(value)
    return model


def _input_shape(
    found: Recognised, input_shape: Sequence[int | None] | None
) -> tuple[int | None, ...]:
    """The shape of an image, checked.

    Raises:
        ValueError: If it has other channels, or is too small.
    """
    last = keras.config.image_data_format() == "channels_last"
    if input_shape is None:
        any_size = (None, None)
        return (*any_size, found.channels) if last else (found.channels, *any_size)
    shape = tuple(input_shape)
    form = f"(height, width, {found.channels})" if last else f"({found.channels}, height, width)"
    if len(shape) != 3 or shape[-1 if last else 0] != found.channels:
        raise ValueError(f"Expected an input_shape of the form {form}. Received: {shape}.")
    halvings = {"imagenet": 4, "deep": 4, "cifar": 1, "mobile": 2}[found.design.stem]
    stride = int(halvings * np.prod(found.design.stage_strides))
    windowed = found.attention is not None and found.attention.key == "scsa_synergistic"
    least = 6 * stride + 1 if windowed else stride
    sizes = shape[:2] if last else shape[1:]
    if any(size is not None and size < least for size in sizes):
        raise ValueError(
            f"The network needs images of at least {least}x{least} pixels. Received an input_shape "
            f"of {shape}."
        )
    return shape


def _matched(
    model: keras.Model, found: Recognised, entries: Mapping[str, np.ndarray]
) -> list[tuple[keras.Variable, np.ndarray]]:
    """Every variable of the model with its value.

    Raises:
        ValueError: If entries are missing, left over or misshapen.
    """
    expected = {name: (each, swaps) for name, each, swaps in _published(model, found)}
    missing = [name for name in expected if name not in entries]
    left_over = [name for name in entries if name not in expected]
    misshapen, values = [], []
    for name, (each, swaps) in expected.items():
        if name in entries:
            array = entries[name]
            value = each.from_torch(array[:, ::-1] if swaps else array)
            if value is None:
                misshapen.append(f"{name} is {array.shape}, expected {each.torch_shape}")
            else:
                values.append((each.variable, value))
    problems = {"missing": missing, "left over": left_over, "misshapen": misshapen}
    if any(problems.values()):
        lines = [
            f"{kind}: {', '.join(names[:LISTED])}"
            + (f" and {len(names) - LISTED} more" if len(names) > LISTED else "")
            for kind, names in problems.items()
            if names
        ]
        raise ValueError(
            f"The checkpoint is almost that of {_described(found)}, but its entries do not fit:\n  "
            + "\n  ".join(lines)
        )
    return values


def _published(
    model: keras.Model, found: Recognised
) -> Iterator[tuple[str, PublishedVariable, bool]]:
    """Name in the checkpoint, variable, and whether its two input maps come in reverse order."""
    for layer in model.layers:
        if layer.weights:
            prefix = found.names.get(layer.name, layer.name)
            module: Module | None = found.modules.get(layer.name)
            for each in published_variables(layer, "" if module else prefix):
                if module is None:
                    yield each.name.lstrip("."), each, False
                else:
                    swaps = module.swaps_maps and len(each.torch_shape) == 4
                    swaps = swaps and each.torch_shape[:2] == (1, 2)
                    yield f"{prefix}.{module.theirs(each.name)}", each, swaps


def _described(found: Recognised) -> str:
    design = found.design
    family = "MobileNetV2" if design.block == "inverted" else "a ResNet"
    with_attention = f" with {found.attention.key!r}" if found.attention else ""
    blocks = "-".join(map(str, design.depths))
    return f"{family} of {blocks} {design.block} blocks{with_attention}"


def _unknown(entries: list[str]) -> str:
    """What is wrong with a checkpoint of no known network: how far it is from the nearest."""

    def missing(family: str) -> list[str]:
        return [name for name in FAMILIES[family] if name not in entries]

    def shared(family: str) -> int:
        """How many entries begin with a module that the family has."""
        modules = {name.partition(".")[0] for name in FAMILIES[family]}
        return sum(name.partition(".")[0] in modules for name in entries)

    nearest = min(FAMILIES, key=lambda each: (len(missing(each)), -shared(each)))
    shown = ", ".join(entries[:LISTED])
    return (
        f"The checkpoint is not of a network that is known here. The nearest family is {nearest}, "
        f"of which these entries are missing: {', '.join(missing(nearest)) or 'none'}. "
        f"The checkpoint has {len(entries)} entries: {shown}"
        f"{' ...' if len(entries) > LISTED else ''}. "
        "Known are ResNets and MobileNetV2 with published attention."
    )
