"""How a given model is made to fit an image set: its outputs, its channels, its value range."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

from keras_attn.data.dataset import Dataset
from keras_attn.graph.copy import copy_model
from keras_attn.graph.edit import leave_out
from keras_attn.graph.head import find_head
from keras_attn.graph.kinds import has_weights
from keras_attn.graph.read import Call, graph_of, trace
from keras_attn.study.detectors import with_anchored_outputs
from keras_attn.tasks.create import learning_task

#: The name of a head that a study adds.
HEAD = "study_logits"


def with_logits(model: keras.Model, task: str, num_classes: int) -> tuple[keras.Model, list[str]]:
    """A copy of a classifier that returns the logits of a task.

    An activation at its end is left out, two outputs for two classes become one logit, and a head
    that does not fit is replaced after the last global pooling.

    Args:
        model: A Functional model, which is not changed.
        task: The task.
        num_classes: Number of classes, or of labels.

    Returns:
        The copy, and what the reader of the results should know.

    Raises:
        ValueError: If the model has several inputs or outputs, or its head cannot be replaced.
    """
    if task == "detection":
        return with_anchored_outputs(model, num_classes), []
    _check_single(model)
    if task == "segmentation":
        return _with_map_of_logits(model, num_classes)
    needed = learning_task(task, num_classes).outputs
    (output,) = model.outputs
    has_two = task == "binary" and output.shape[1:] == (2,)
    if output.shape[1:] != (needed,) and not has_two:
        return _with_new_head(model, needed)
    calls, (traced,) = _trace(model)
    head = find_head(calls, traced)
    notes = []
    if head.activation is None:
        notes.append(
            f"The end of {model.name} does not show whether it returns logits or probabilities; "
            "its outputs were taken for logits."
        )
    new = _without_activation(model, calls, head.path) if head.path else copy_model(model)
    if has_two:
        (logits,) = new.outputs
        new = keras.Model(new.inputs, logits[:, 1:] - logits[:, :1], name=model.name)
    return new, notes


def _with_map_of_logits(model: keras.Model, num_classes: int) -> tuple[keras.Model, list[str]]:
    """A copy of a segmentation model that returns logits for each pixel.

    Raises:
        ValueError: If it does not return one map of the size of the images for the classes.
    """
    (image,), (output,) = model.inputs, model.outputs
    needed = learning_task("segmentation", num_classes).outputs
    fits = len(output.shape) == 4 and output.shape[-1] in (needed, num_classes)
    if not fits or output.shape[1:-1] != image.shape[1:-1]:
        raise ValueError(
            f"For the segmentation of {num_classes} classes a model must return a map with the "
            f"sides of its images, {image.shape[1:-1]}, and {needed} channels of logits. "
            f"{model.name!r} returns the shape {tuple(output.shape[1:])}."
        )
    calls, (traced,) = _trace(model)
    head = find_head(calls, traced)
    new = _without_activation(model, calls, head.path) if head.path else copy_model(model)
    if output.shape[-1] != needed:  # two logits for two classes become one
        (logits,) = new.outputs
        new = keras.Model(new.inputs, logits[..., 1:] - logits[..., :1], name=model.name)
    return new, []


def _check_single(model: keras.Model) -> None:
    """Raises a ValueError unless the model takes one batch of images and has one output."""
    if len(model.inputs) == 1 and len(model.inputs[0].shape) == 4 and len(model.outputs) == 1:
        return
    shapes = [[tuple(each.shape) for each in part] for part in (model.inputs, model.outputs)]
    raise ValueError(
        f"A study trains models with one input, images of the shape (height, width, channels), "
        f"and one output. {model.name!r} has inputs of the shapes {shapes[0]} and outputs of the "
        f"shapes {shapes[1]}. Give keras.Model(inputs, output) with one of each."
    )


def _trace(model: keras.Model) -> tuple[list[Call], tuple[keras.KerasTensor, ...]]:
    graph = graph_of(model)
    return trace(graph, graph._inputs_struct)


def _without_activation(model: keras.Model, calls: list[Call], path: str) -> keras.Model:
    """A copy without the activation that a call applies."""
    (call,) = [each for each in calls if each.path == path]
    if not has_weights(call):
        return copy_model(model, {path: leave_out})
    new = copy_model(model)
    (counterpart,) = [each for each in _trace(new)[0] if each.path == path]
    counterpart.operation.activation = keras.activations.linear
    return new


def _with_new_head(model: keras.Model, outputs: int) -> tuple[keras.Model, list[str]]:
    """A copy with a new layer of logits after the last global pooling."""
    pooled, place = _features(model)
    logits = keras.layers.Dense(outputs, name=HEAD)(pooled)
    new = copy_model(keras.Model(model.inputs, logits, name=model.name))
    note = (
        f"{model.name} returned outputs of the shape {tuple(model.outputs[0].shape[1:])}; its head "
        f"was replaced by a new layer with {outputs} logit{'s' * (outputs != 1)} after {place}."
    )
    return new, [note]


def _features(model: keras.Model) -> tuple[keras.KerasTensor, str]:
    """The tensor that a new head begins with, and where it is.

    Raises:
        ValueError: If there is none.
    """
    (output,) = model.outputs
    if len(output.shape) == 4:
        pooling = keras.layers.GlobalAveragePooling2D(name="study_pooling")
        return pooling(output), "a new global average pooling"
    own = [node for layer in model.layers for node in layer._inbound_nodes]
    inside = {id(tensor) for tensor in _tensors(model)}
    pooled = [
        node for node in own if _is_global_pooling(node.operation) and id(node.outputs[0]) in inside
    ]
    if pooled:
        return pooled[-1].outputs[0], f"its last global pooling, {pooled[-1].operation.name}"
    weighted = [
        node
        for node in own
        if isinstance(node.operation, keras.layers.Dense) and id(node.outputs[0]) in inside
    ]
    if weighted:
        last = weighted[-1]
        return last.arguments.keras_tensors[0], f"the input of its last layer {last.operation.name}"
    if len(output.shape) == 2:
        return output, "its output"
    raise ValueError(
        f"{model.name!r} returns outputs of the shape {tuple(output.shape[1:])}, which are not "
        "those of the classes, and has no global pooling that a new head can follow. Give the "
        "model without its head, or with one that fits."
    )


def _tensors(model: keras.Model) -> list[keras.KerasTensor]:
    """The tensors of a model's own graph."""
    graph = graph_of(model)
    nodes = [node for depth in graph._nodes_by_depth.values() for node in depth]
    return [tensor for node in nodes for tensor in node.outputs]


def _is_global_pooling(operation: Any) -> bool:
    name = type(operation).__name__
    return name.startswith("Global") and "Pooling" in name


def around(
    body: keras.Model,
    dataset: Dataset,
    preprocessing: Sequence[keras.layers.Layer],
    steps: Sequence[Callable[[Any], Any]] = (),
) -> keras.Model:
    """The network that a study trains: the images as they are, the preprocessing, the model.

    Args:
        body: A model that returns logits.
        dataset: The images.
        preprocessing: Layers that are applied to the images in this order.
        steps: What is then applied to images with the channels that the model takes.
    """
    *sides, channels = dataset.image_shape
    wanted = body.inputs[0].shape[1:]
    repeats = channels == 1 and wanted[-1] not in (None, 1)
    found = (*sides, wanted[-1] if repeats else channels)
    pairs = zip(wanted, found, strict=False)
    if len(found) != len(wanted) or any(size not in (None, have) for size, have in pairs):
        raise ValueError(
            f"The model {body.name!r} takes images of {_size(wanted)}, and those of "
            f"{dataset.name} have {_size(dataset.image_shape)}. Give `size`, or a function "
            "(image_shape, num_classes) that builds the model for the images at hand."
        )
    inputs = x = keras.Input(dataset.image_shape, name="image")
    for layer in preprocessing:
        x = layer(x)
    if repeats:
        x = keras.layers.Concatenate(name="repeat_channel")([x] * wanted[-1])
    for step in steps:
        x = step(x)
    return keras.Model(inputs, body(x), name="study")


def _size(shape: Any) -> str:
    return "x".join("any" if each is None else str(each) for each in shape)


def value_range_of(model: keras.Model) -> tuple[float, float] | None:
    """The value range of the images that a model expects; None if no layer of it says so."""
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.Rescaling) and np.max(np.abs(layer.scale)) < 0.1:
            return 0.0, 255.0
        if isinstance(layer, keras.layers.Normalization):
            mean = np.asarray(keras.ops.convert_to_numpy(layer.mean))
            return 0.0, (255.0 if np.max(mean) > 1 else 1.0)
    return None


def rescaling(value_range: tuple[float, float], dataset: Dataset) -> list[keras.layers.Layer]:
    """The layers that bring the images of a set into a value range."""
    top = 255.0 if dataset.train.images.dtype == np.uint8 else 1.0
    low, high = value_range
    if (low, high) == (0.0, top):
        return []
    return [keras.layers.Rescaling((high - low) / top, offset=low, name="value_range")]
