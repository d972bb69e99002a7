"""What in an image speaks for a class: gradient-weighted class activation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_attn.graph.anatomy import Anatomy
from keras_attn.graph.head import Head, call_without_activation, find_head
from keras_attn.graph.inputs import model_inputs
from keras_attn.graph.kinds import has_weights
from keras_attn.graph.read import graph_of, run_nested


@dataclass(frozen=True)
class Activation:
    """The class activation of a batch.

    Attributes:
        maps: (N, *positions), such as (N, h, w), at the resolution of the layer; 0 where nothing
            speaks for the class.
        classes: The class of each image's map.
        layer: Name of the layer.
    """

    maps: np.ndarray
    classes: np.ndarray
    layer: str


def class_activation_maps(
    model: keras.Model,
    images: Any,
    layer: str | None = None,
    classes: int | Sequence[int] | None = None,
) -> Activation:
    """Gradient-weighted class activation (Grad-CAM) of a classifier or segmentation network.

        map = relu(Σ_c w_c f_c),   w_c = mean over the positions of ∂score / ∂f_c

    f are the maps of a layer and score is the logit of the class; in segmentation, its mean over
    the positions that are predicted as the class, or over all if there are none. If the model
    returns probabilities, the logits are the inputs of its last softmax or sigmoid. Where the graph
    does not show where the probabilities come from, outputs between 0 and 1 are taken for
    probabilities if there is one output, or if they add up to 1.

    Args:
        model: A Functional model with one output: (N, classes) or (N, 1), or a map of classes with
            as many axes as the input.
        images: A batch of inputs; for a model with several inputs a list of batches, or a
            dictionary by the name of the input.
        layer: Name of the layer, in a nested model `"model/layer"`, for the second call of a
            shared layer `"layer[1]"`. If None, the last map with as many axes as the input; in
            segmentation, the last before the logits.
        classes: The class of each image, or one for all; if None, the predicted class, or that of
            most positions. Class 1 is that of a single output in segmentation.

    Raises:
        ValueError: If the model is not such a model, or there is no such layer or class.

    Source: arXiv:1610.02391; for segmentation arXiv:2002.11434.

    Example:
        >>> import keras, numpy as np
        >>> from keras_attn import visualize
        >>> inputs = keras.Input((16, 16, 3))
        >>> x = keras.layers.Conv2D(8, 3, strides=2, padding="same", name="conv")(inputs)
        >>> x = keras.layers.GlobalAveragePooling2D()(x)
        >>> model = keras.Model(inputs, keras.layers.Dense(5)(x))
        >>> found = visualize.class_activation_maps(model, np.ones((2, 16, 16, 3)))
        >>> found.maps.shape, found.layer
        ((2, 8, 8), 'conv')
    """
    graph, anatomy = graph_of(model), Anatomy(model)
    rank = max(anatomy.input_ranks)
    if len(graph.outputs) != 1 or len(graph.outputs[0].shape) not in (2, rank):
        shapes = [tuple(tensor.shape) for tensor in graph.outputs]
        raise ValueError(
            "Expected a model with one output: of shape (N, classes), or a map of classes with as "
            f"many axes as the input. Received a model with outputs of shape {shapes}."
        )
    gives_a_map = len(graph.outputs[0].shape) == rank > 2
    index = _last_map(anatomy, gives_a_map) if layer is None else _check_layer(anatomy, layer)
    path = anatomy.calls[index].path
    head = find_head(anatomy.calls, anatomy.outputs[0])
    inputs = model_inputs(model, images)
    kept: list[Any] = []

    def run(features: Any) -> Any:
        """The scores if the layer returns these features; its own if there are none."""

        def call(name: str, operation: Any, *args: Any, **kwargs: Any) -> Any:
            if name == head.path:
                outputs = call_without_activation(operation, *args, **kwargs)
            else:
                outputs = operation(*args, **kwargs)
            if name != path:
                return outputs
            kept.append(outputs)
            return outputs if features is None else features

        (outputs,) = keras.tree.flatten(run_nested(graph, inputs, call))
        outputs = ops.cast(outputs, "float32")
        if gives_a_map and anatomy.data_format(index) == "channels_first":
            outputs = ops.moveaxis(outputs, 1, -1)
        return ops.reshape(outputs, (outputs.shape[0], -1, outputs.shape[-1]))

    scores = ops.convert_to_numpy(run(None))
    to_logits = _to_logits(head, scores)
    logits = ops.convert_to_numpy(to_logits(ops.convert_to_tensor(scores)))
    features = kept[0]
    predicted = (logits[..., 0] > 0).astype(int) if logits.shape[2] == 1 else logits.argmax(axis=2)
    chosen = _chosen(classes, predicted, logits.shape[2], gives_a_map)
    weighting = ops.convert_to_tensor(_weighting(chosen, predicted, logits.shape[2]), "float32")
    # Gradients of a mean over many positions are too small for float16 unless they are scaled.
    scale = 256.0 if keras.backend.standardize_dtype(features.dtype) == "float16" else 1.0
    gradient = _gradient(lambda each: ops.sum(to_logits(run(each)) * weighting * scale), features)
    maps = _weighted(features, gradient, anatomy.data_format(index)) / scale
    return Activation(maps, chosen, path)


def _weighted(features: Any, gradient: Any, data_format: str) -> np.ndarray:
    """The positive part of the sum of the maps, each times the mean of its gradient."""
    maps, slopes = (
        np.array(ops.convert_to_numpy(each), "float32") for each in (features, gradient)
    )
    if data_format == "channels_first":
        maps, slopes = (np.moveaxis(each, 1, -1) for each in (maps, slopes))
    positions = tuple(range(1, maps.ndim - 1))
    weights = slopes.mean(axis=positions, keepdims=True)
    return np.maximum((maps * weights).sum(axis=-1), 0)


def _last_map(anatomy: Anatomy, gives_a_map: bool) -> int:
    """The last map with as many axes as the input: others are sequences of tokens.

    The last layer with weights of a network that returns a map makes the logits.
    """
    rank = max(anatomy.input_ranks)
    weighted = [index for index, call in enumerate(anatomy.calls) if has_weights(call)]
    end = weighted[-1] if gives_a_map and weighted else len(anatomy.calls)
    maps = [
        index
        for index, call in enumerate(anatomy.calls[:end])
        if anatomy.is_map(index) and len(call.outputs[0].shape) == rank
    ]
    if not maps:
        raise ValueError(
            "No layer of the model returns a feature map with as many axes as its input. Name a "
            "layer: layer='NAME'."
        )
    return maps[-1]


def _check_layer(anatomy: Anatomy, layer: str) -> int:
    maps = {call.path: i for i, call in enumerate(anatomy.calls) if anatomy.is_map(i)}
    if layer not in maps:
        raise ValueError(
            f"No layer {layer!r} of the model returns a feature map. "
            f"The last that do: {', '.join([*maps][-5:])}."
        )
    return maps[layer]


def _chosen(
    classes: int | Sequence[int] | None, predicted: np.ndarray, outputs: int, gives_a_map: bool
) -> np.ndarray:
    """The class of each image.

    Args:
        classes: As for `class_activation_maps`.
        predicted: The predicted class at each position, (N, P).
        outputs: Number of outputs.
        gives_a_map: Whether the model segments; a single output is then that of the foreground.
    """
    count = max(2, outputs)
    if classes is None:
        if gives_a_map and outputs == 1:
            classes = 1
        else:
            return np.array([np.bincount(each, minlength=count).argmax() for each in predicted])
    chosen = np.broadcast_to(np.asarray(classes), len(predicted)).copy()
    if not np.issubdtype(chosen.dtype, np.integer) or (chosen < 0).any() or (chosen >= count).any():
        raise ValueError(
            f"`classes` are whole numbers from 0 to {count - 1}. Received: {classes!r}."
        )
    return chosen


def _weighting(chosen: np.ndarray, predicted: np.ndarray, outputs: int) -> np.ndarray:
    """What the logits, (N, P, outputs), are multiplied by and added up to give the scores.

    A single logit speaks for class 1, and against class 0.
    """
    signs = np.array([[-1.0], [1.0]]) if outputs == 1 else np.eye(outputs)
    member = predicted == chosen[:, None]
    member |= ~member.any(axis=1, keepdims=True)
    return signs[chosen][:, None] * (member / member.sum(axis=1, keepdims=True))[..., None]


def _to_logits(head: Head, scores: np.ndarray) -> Callable[[Any], Any]:
    """The function that makes logits of what the model returns without its last activation."""
    if head.activation is not None:
        return lambda outputs: outputs
    epsilon = float(np.finfo("float32").tiny)
    if scores.min() < 0 or scores.max() > 1:
        return lambda outputs: outputs
    if scores.shape[-1] == 1:
        return lambda outputs: ops.log(outputs + epsilon) - ops.log(1 - outputs + epsilon)
    if np.allclose(scores.sum(axis=-1), 1, atol=1e-2):
        return lambda outputs: ops.log(outputs + epsilon)
    return lambda outputs: outputs


def _gradient(function: Callable[[Any], Any], x: Any) -> Any:
    """The gradient of a number with respect to a tensor."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(x)
            total = function(x)
        return tape.gradient(total, x)
    if backend == "jax":
        import jax

        return jax.grad(function)(x)
    import torch

    x = x.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(function(x), x)
    return gradient
