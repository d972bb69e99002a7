"""What in an image speaks for a class: gradient-weighted class activation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_attn.functional import graph_of, run_nested
from keras_attn.surgery.anatomy import Anatomy
from keras_attn.visualize.gates import single_input


@dataclass(frozen=True)
class Activation:
    """The class activation of a batch.

    Attributes:
        maps: (N, h, w), at the resolution of the layer; 0 where nothing speaks for the class.
        classes: The class of each image's map.
        layer: Name of the layer.
    """

    maps: np.ndarray
    classes: np.ndarray
    layer: str


def class_activation_maps(
    model: keras.Model,
    images: np.ndarray,
    layer: str | None = None,
    classes: int | Sequence[int] | None = None,
) -> Activation:
    """Gradient-weighted class activation (Grad-CAM) of a classifier, on every backend.

        map = relu(Σ_c w_c f_c),   w_c = mean over the positions of ∂score / ∂f_c

    f are the maps of a layer and score the class's logit; of a model that ends in a softmax, the
    logarithm of its probability.

    Args:
        model: A Functional classifier with one input and one output, (N, classes) or (N, 1).
        images: A batch of inputs.
        layer: Name of the layer, in a nested model `"model/layer"`; the last map if None.
        classes: Of each image, or one for all; what the model says if None.

    Raises:
        ValueError: If the model is no such classifier, there is no such layer, or no such class.

    Source: arXiv:1610.02391.

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
    graph = graph_of(model)
    if len(graph.outputs) != 1 or len(graph.outputs[0].shape) != 2:
        shapes = [tuple(tensor.shape) for tensor in graph.outputs]
        raise ValueError(f"A classifier has one output of shape (N, classes). Received: {shapes}.")
    anatomy = Anatomy(model)
    layer = _last_map(anatomy) if layer is None else _check_layer(anatomy, layer)
    inputs = single_input(model, images)
    last = anatomy.steps[-1].operation
    kept: list[Any] = []

    def scores(features: Any) -> tuple[Any, Any]:
        """The outputs where the layer gives these features; its own if there are none."""

        def call(path: str, operation: Any, *args: Any, **kwargs: Any) -> Any:
            outputs = operation(*args, **kwargs)
            if path != layer:
                return outputs
            kept.append(outputs)
            return outputs if features is None else features

        (outputs,) = keras.tree.flatten(run_nested(graph, inputs, call))
        return _logits(outputs, last)

    logits = ops.convert_to_numpy(scores(None))
    features = kept[0]
    chosen = _check_classes(classes, logits)
    # A single logit speaks for class 1, and against class 0.
    weighting = np.eye(2)[chosen] @ [[-1.0], [1.0]] if logits.shape[1] == 1 else None
    if weighting is None:
        weighting = np.eye(logits.shape[1])[chosen]
    weighting = ops.convert_to_tensor(weighting, dtype=logits.dtype)
    gradient = _gradient(lambda features: ops.sum(scores(features) * weighting), features)
    return Activation(_weighted(features, gradient, anatomy.data_format), chosen, layer)


def _weighted(features: Any, gradient: Any, data_format: str) -> np.ndarray:
    """The positive part of the sum of the maps, each under the mean of its gradient."""
    maps, slopes = (
        np.array(ops.convert_to_numpy(each), "float32") for each in (features, gradient)
    )
    channels = -1 if data_format == "channels_last" else 1
    positions = (1, 2) if data_format == "channels_last" else (2, 3)
    weights = slopes.mean(axis=positions, keepdims=True)
    return np.maximum((maps * weights).sum(axis=channels), 0)


def _last_map(anatomy: Anatomy) -> str:
    maps = [index for index in range(len(anatomy.steps)) if anatomy.is_map(index)]
    if not maps:
        raise ValueError("The model has no layer that gives feature maps.")
    return anatomy.steps[maps[-1]].path


def _check_layer(anatomy: Anatomy, layer: str) -> str:
    for index, step in enumerate(anatomy.steps):
        if step.path == layer and anatomy.is_map(index) and len(step.outputs[0].shape) == 4:
            return layer
    known = [step.path for i, step in enumerate(anatomy.steps) if anatomy.is_map(i)]
    raise ValueError(
        f"No layer {layer!r} of the model gives a map of height and width. "
        f"The last that do: {', '.join(known[-5:])}."
    )


def _check_classes(classes: int | Sequence[int] | None, logits: np.ndarray) -> np.ndarray:
    count = max(2, logits.shape[1])
    if classes is None:
        return (logits[:, 0] > 0).astype(int) if logits.shape[1] == 1 else logits.argmax(axis=1)
    chosen = np.broadcast_to(np.asarray(classes), len(logits)).copy()
    if not np.issubdtype(chosen.dtype, np.integer) or (chosen < 0).any() or (chosen >= count).any():
        raise ValueError(
            f"`classes` are whole numbers from 0 to {count - 1}. Received: {classes!r}."
        )
    return chosen


def _logits(outputs: Any, last: Any) -> Any:
    """Logits of the outputs, up to a constant that no class depends on alone."""
    activation = getattr(last, "activation", None)
    if activation is keras.activations.softmax or isinstance(last, keras.layers.Softmax):
        return ops.log(outputs + keras.config.epsilon())
    if activation is keras.activations.sigmoid:
        epsilon = keras.config.epsilon()
        return ops.log(outputs + epsilon) - ops.log(1 - outputs + epsilon)
    return outputs


def _gradient(function: Callable[[Any], Any], x: Any) -> Any:
    """The gradient of a number by a tensor."""
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
