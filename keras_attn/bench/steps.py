"""What is timed of a layer: a forward pass, and a pass forward and back, on each backend.

A layer is compiled as its backend's `fit` compiles it: by XLA on JAX and TensorFlow, and on
TensorFlow also as a graph without XLA, which is how a comparison trains on the CPU; on PyTorch it
runs both eagerly and by `torch.compile`. Maps and weights are arguments or variables of
what is compiled, so that nothing is computed beforehand.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from keras_attn import catalogue
from keras_attn.layers import AttentionLayer

#: Does a piece of work, and returns its results when they are ready.
Step = Callable[[], Any]

#: How a backend runs a layer; the first is what users get without asking.
MODES = {
    "tensorflow": ("compiled", "without XLA"),
    "jax": ("compiled",),
    "torch": ("eager", "compiled"),
}


def new_layer(key: str) -> AttentionLayer:
    """A layer with its defaults, and the catalogue's values for arguments without any."""
    entry = catalogue.describe_layer_of_one_map(key)
    return entry.create(**entry.default_config, data_format="channels_last", dtype="float32")


def random_data(
    layer: AttentionLayer, shape: tuple[int, ...]
) -> tuple[np.ndarray, list[np.ndarray]]:
    """A map as it is after a ReLU, and the weighting of each output; builds the layer."""
    generator = np.random.default_rng(0)
    outputs = keras.tree.flatten(layer(keras.KerasTensor(shape, "float32")))
    x = np.maximum(generator.standard_normal(shape, "float32"), 0)
    return x, [generator.standard_normal(each.shape, "float32") for each in outputs]


def layer_steps(layer: AttentionLayer, shape: tuple[int, ...], mode: str) -> dict[str, Step]:
    """What is timed of a layer.

    Args:
        layer: The layer, of the backend in use.
        shape: Of the map.
        mode: One of the backend's `MODES`.

    Returns:
        `"inference"`, the outputs for a map x; `"training"`, the outputs and the gradients of
        sum(outputs * weightings) by x and by all trainable weights; `"double"`, x * 2. In
        training the outputs are returned too, so that they are written as in a network.
    """
    x, weightings = random_data(layer, shape)
    backend = keras.backend.backend()
    if backend == "jax":
        return _jax_steps(layer, x, weightings)
    if backend == "tensorflow":
        return _tensorflow_steps(layer, x, weightings, mode)
    return torch_steps(
        lambda x: layer(x, training=False),
        lambda x: layer(x, training=True),
        [variable.value for variable in layer.trainable_variables],
        x,
        weightings,
        mode,
    )


def _jax_steps(layer: AttentionLayer, x: Any, weightings: Any) -> dict[str, Step]:
    import jax

    x, weightings = jax.device_put((x, weightings))
    trainable = [variable.value for variable in layer.trainable_variables]
    fixed = [variable.value for variable in layer.non_trainable_variables]

    def forward(trainable: Any, fixed: Any, x: Any, training: bool) -> Any:
        variables = [*layer.trainable_variables, *layer.non_trainable_variables]
        values = zip(variables, [*trainable, *fixed], strict=True)
        with keras.StatelessScope(values) as scope:
            outputs = keras.tree.flatten(layer(x, training=training))
        return outputs, [scope.get_current_value(v) for v in layer.non_trainable_variables]

    @jax.jit
    def inference(trainable: Any, fixed: Any, x: Any) -> Any:
        return forward(trainable, fixed, x, training=False)[0]

    @jax.jit
    def training(trainable: Any, fixed: Any, x: Any, weightings: Any) -> Any:
        outputs, backward, state = jax.vjp(
            lambda trainable, x: forward(trainable, fixed, x, training=True),
            trainable,
            x,
            has_aux=True,
        )
        return outputs, backward(weightings), state

    double = jax.jit(lambda x: x * 2)
    return {
        "inference": lambda: jax.block_until_ready(inference(trainable, fixed, x)),
        "training": lambda: jax.block_until_ready(training(trainable, fixed, x, weightings)),
        "double": lambda: jax.block_until_ready(double(x)),
    }


def _tensorflow_steps(layer: AttentionLayer, x: Any, weightings: Any, mode: str) -> dict[str, Step]:
    import tensorflow as tf

    x, weightings = tf.constant(x), [*map(tf.constant, weightings)]
    weights = [variable.value for variable in layer.trainable_variables]
    graph = tf.function(jit_compile=mode == "compiled")

    @graph
    def inference(x: Any) -> Any:
        return layer(x, training=False)

    @graph
    def training(x: Any, weightings: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs = keras.tree.flatten(layer(x, training=True))
        return outputs, tape.gradient(outputs, [x, *weights], weightings)

    @graph
    def double(x: Any) -> Any:
        return x * 2

    def finished(results: Any) -> Any:
        tf.test.experimental.sync_devices()
        return results

    return {
        "inference": lambda: finished(inference(x)),
        "training": lambda: finished(training(x, weightings)),
        "double": lambda: finished(double(x)),
    }


def torch_steps(
    inference: Callable,
    training: Callable,
    weights: list[Any],
    x: Any,
    weightings: list[Any],
    mode: str,
) -> dict[str, Step]:
    """The steps of any PyTorch module; see `layer_steps`.

    Args:
        inference: Its forward pass in inference.
        training: The same in training.
        weights: Its trainable weights.
        x: The map.
        weightings: One array like each output.
        mode: `"compiled"` for `torch.compile`, or `"eager"`.
    """
    import torch

    prepare = torch.compile if mode == "compiled" else lambda function: function
    inference, training, double = map(prepare, (inference, training, lambda x: x * 2))
    # Copies, because PyTorch aligns its own memory better than NumPy.
    x, *weightings = (keras.ops.convert_to_tensor(each).clone() for each in (x, *weightings))
    x.requires_grad_()

    def finished(results: Any) -> Any:
        if x.is_cuda:
            torch.cuda.synchronize()
        return results

    def without_gradient(function: Callable) -> Any:
        with torch.no_grad():
            return finished(function(x))

    def with_gradient() -> Any:
        outputs = training(x)
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        return finished((outputs, torch.autograd.grad(outputs, [x, *weights], weightings)))

    return {
        "inference": lambda: without_gradient(inference),
        "training": with_gradient,
        "double": lambda: without_gradient(double),
    }
