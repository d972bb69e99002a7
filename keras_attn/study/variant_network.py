"""The network of a variant: a built-in one or a given model, with the variant inside."""

from __future__ import annotations

from collections.abc import Collection

import keras

from keras_attn.data.dataset import Dataset
from keras_attn.study.adaptation import HEAD, around, rescaling
from keras_attn.study.built_in import RESIDUAL, plain_network, residual_network
from keras_attn.study.initialization import layers_of
from keras_attn.study.models import Network
from keras_attn.study.placement import with_variant
from keras_attn.study.variants import GATE, Variant


def build_variant(
    network: Network,
    variant: Variant,
    image_shape: tuple[int, ...],
    task: str,
    num_classes: int,
    dataset: Dataset | None = None,
) -> keras.Model:
    """The network of a variant.

    Args:
        network: What `read_model` returned.
        variant: The variant, or a control.
        image_shape: Height, width and channels.
        task: The task.
        num_classes: Number of classes, or of labels.
        dataset: The images, which decide the preprocessing; without them there is none.

    Returns:
        A Functional model that returns logits, not compiled.
    """
    if isinstance(network, str):
        standardise = None if dataset is None else standardisation(dataset)
        if is_inserted(network, variant):
            plain = plain_network(image_shape, task, num_classes, network, standardise)
            return with_variant(plain, variant, is_trained=False)
        return residual_network(image_shape, task, num_classes, variant, network, standardise)
    body = network.body(image_shape, task, num_classes)
    model = with_variant(body.model, variant, body.is_trained)
    if dataset is None:
        return model
    if body.value_range is None:
        return around(model, dataset, [standardisation(dataset)])
    return around(model, dataset, rescaling(body.value_range, dataset), body.steps)


def is_inserted(network: Network, variant: Variant) -> bool:
    """Whether surgery inserts the variant, because the network is not constructed with it."""
    if not isinstance(network, str) or network not in RESIDUAL:
        return True
    return has_own_place(variant)


def has_own_place(variant: Variant) -> bool:
    """Whether a variant is not only at the end of each branch of a built-in network."""
    return (
        variant.changes_model
        or GATE in (part.key for part in variant.parts)
        or bool(variant.others)
        or variant.where not in (None, "blocks")
        or variant.start not in (None, "published")
    )


def standardisation(dataset: Dataset) -> keras.layers.Layer:
    """The layer that standardises the images of a set."""
    return keras.layers.Normalization(name="standardise", **dataset.channel_statistics)


def new_layers(network: Network, dataset: Dataset, model: keras.Model) -> dict[str, str] | None:
    """Which layers of a network a seed draws, and under which names.

    The layers of a given model may have other names in every process, because Keras numbers them.
    Their weights are therefore drawn by the position of the layer.

    Args:
        network: What `read_model` returned.
        dataset: The images.
        model: What `build_variant` returned for the network and the images.

    Returns:
        The name by the path of each layer; None for all layers under their own paths.
    """
    if isinstance(network, str):
        return None
    body = network.body(dataset.image_shape, dataset.task, len(dataset.class_names))
    own = {path: number for number, (path, _) in enumerate(layers_of(body.model))}
    names = {}
    count = 0
    for path, _ in layers_of(model):
        inner = _own_path(path, own)
        if inner is None:
            names[path] = f"new layer {count}"
            count += 1
        elif inner == HEAD or not body.is_trained:
            names[path] = f"layer {own[inner]}"
    return names


def _own_path(path: str, own: Collection[str]) -> str | None:
    """The path of a layer in the model itself, whatever models it is nested in now."""
    parts = path.split("/")
    ends = ("/".join(parts[start:]) for start in range(len(parts)))
    return next((end for end in ends if end in own), None)
