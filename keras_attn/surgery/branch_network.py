"""The attention branch network: a classifier with a second head that learns its attention."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from keras_attn.graph.copy import copy_model
from keras_attn.graph.head import find_head
from keras_attn.graph.read import graph_of, trace
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
        model: A Functional classifier that ends in logits or a softmax. It is not changed; the
            new model has copies of its layers, weights and state.
        at: Name of the layer whose map is attended, such as the end of the last stage but one.
        branch: What the branch does to that map first: a layer, a model or a function from map to
            map that keeps height and width; the authors use a copy of the next stage with
            stride 1. Without one, the branch reads the map itself.
        optimizer: As for `model.compile`.
        **config: Arguments of `ABN` such as `data_format`.

    Returns:
        A compiled model with the outputs `"perception"` (the classifier's) and `"attention"` (the
        logits of the branch). Train it with
        `fit(images, {"perception": labels, "attention": labels})`, with integer labels.

    Raises:
        ValueError: If the model is not a Functional classifier, or has no layer of that name.

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
    calls, outputs = trace(graph, graph._inputs_struct)
    paths = [call.path for call in calls if "/" not in call.path]
    if at not in paths:
        near = difflib.get_close_matches(at, paths, n=3) or paths[-3:]
        raise ValueError(
            f"The model has no layer called {at!r}. Similar layers: {', '.join(near)}; "
            f"model.summary() lists all."
        )
    if len(outputs) != 1 or len(outputs[0].shape) != 2:
        raise ValueError(
            f"Expected a classifier with one output of shape (batch, classes). Received a model "
            f"with outputs of shape {[tuple(tensor.shape) for tensor in outputs]}."
        )
    attention = ABN(outputs[0].shape[-1], name="attention_branch", **config)
    logits = []

    def attend(call: Any, *args: Any, **kwargs: Any) -> Any:
        features = call(*args, **kwargs)
        attended, branch_logits = attention(
            features, *(() if branch is None else (branch(features),))
        )
        logits.append(branch_logits)
        return attended

    copy = copy_model(model, {at: attend})
    network = keras.Model(
        copy._inputs_struct,
        {"perception": copy.outputs[0], "attention": logits[0]},
        name=model.name,
    )
    activation = find_head(calls, outputs[0]).activation
    normalized = activation == "softmax" or (activation is None and _sums_to_one(model))
    loss = keras.losses.SparseCategoricalCrossentropy
    network.compile(
        optimizer,
        loss={"perception": loss(from_logits=not normalized), "attention": loss(from_logits=True)},
        metrics={"perception": ["accuracy"]},
    )
    return network


def _sums_to_one(model: keras.Model) -> bool:
    """Whether the outputs of a model for random inputs are probabilities."""
    generator = np.random.default_rng(0)
    inputs = [
        generator.random((4, *(size or 64 for size in tensor.shape[1:]))).astype(tensor.dtype)
        for tensor in model.inputs
    ]
    structure = keras.tree.pack_sequence_as(graph_of(model)._inputs_struct, inputs)
    outputs = np.asarray(model.predict_on_batch(structure), "float32")
    return bool((outputs >= 0).all() and np.allclose(outputs.sum(axis=-1), 1, atol=1e-2))
