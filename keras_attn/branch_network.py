"""The attention branch network: a classifier with a second head that learns its attention."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any

import keras

from keras_attn.functional import graph_of
from keras_attn.layers import ABN


def attention_branch_network(
    model: keras.Model,
    at: str,
    branch: Callable[[Any], Any] | None = None,
    optimizer: str | keras.optimizers.Optimizer = "adam",
    **config: Any,
) -> keras.Model:
    """A classifier with an attention branch, its two heads and their two losses.

        loss = cross-entropy(perception) + cross-entropy(attention)

    Args:
        model: A Functional classifier, with logits or softmax at its end. It is not changed; the
            new model has copies of its layers and weights.
        at: Name of the layer whose map is attended, such as the end of the last stage but one.
        branch: What the branch does to that map first: a layer, a model or a function from map to
            map that keeps height and width; the authors use a copy of the next stage with
            stride 1. Without one, the branch reads the map itself.
        optimizer: As for `model.compile`.
        **config: Arguments of `ABN` such as `data_format`.

    Returns:
        A compiled model with the outputs `"perception"` (the classifier's) and `"attention"` (the
        logits of the branch). It is trained by
        `fit(images, {"perception": labels, "attention": labels})`, with integer labels.

    Raises:
        ValueError: If the model is no Functional classifier, or has no layer of that name.

    Source: arXiv:1812.10025.

    Example:
        >>> import keras, keras_attn, numpy as np
        >>> inputs = keras.Input((16, 16, 3))
        >>> x = keras.layers.Conv2D(8, 3, padding="same", name="stage")(inputs)
        >>> x = keras.layers.GlobalAveragePooling2D()(x)
        >>> classifier = keras.Model(inputs, keras.layers.Dense(5)(x))
        >>> model = keras_attn.attention_branch_network(classifier, at="stage")
        >>> sorted(model(np.zeros((1, 16, 16, 3))))
        ['attention', 'perception']
    """
    graph = graph_of(model)
    names = [layer.name for layer in model.layers]
    if at not in names:
        near = difflib.get_close_matches(at, names, n=3) or names[-3:]
        raise ValueError(
            f"The model has no layer called {at!r}. Some that it has: {', '.join(near)}; "
            f"model.summary() lists all."
        )
    if len(graph.outputs) != 1 or len(graph.outputs[0].shape) != 2:
        raise ValueError(
            f"A classifier has one output of shape (batch, classes). Received a model with "
            f"{[tuple(tensor.shape) for tensor in graph.outputs]}."
        )
    attention = ABN(graph.outputs[0].shape[-1], name="attention_branch", **config)
    logits = []

    def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
        outputs = layer(*args, **kwargs)
        if layer.name != at:
            return outputs
        features = () if branch is None else (branch(outputs),)
        attended, branch_logits = attention(outputs, *features)
        logits.append(branch_logits)
        return attended

    copy = keras.models.clone_model(model, call_function=call)
    for layer in filter(lambda layer: layer.weights, model.layers):
        copy.get_layer(layer.name).set_weights(layer.get_weights())
    network = keras.Model(
        copy.input, {"perception": copy.outputs[0], "attention": logits[0]}, name=model.name
    )
    activation = getattr(model.layers[-1], "activation", None)
    normalised = activation is keras.activations.softmax
    loss = keras.losses.SparseCategoricalCrossentropy
    network.compile(
        optimizer,
        loss={"perception": loss(from_logits=not normalised), "attention": loss(from_logits=True)},
        metrics={"perception": ["accuracy"]},
    )
    return network
