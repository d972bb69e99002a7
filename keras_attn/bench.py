"""How long a layer takes on this machine: what `keras-attn bench` and benchmarks/ measure.

A layer is compiled the way its backend's `fit` compiles it: by XLA on JAX and TensorFlow, and on
PyTorch both as it stands and by `torch.compile`. Maps and weights are arguments or variables of
what is compiled, so that nothing is computed beforehand.
"""

from __future__ import annotations

import gc
import os
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_attn import catalogue
from keras_attn.gates.parts import size
from keras_attn.graph.cost import cost
from keras_attn.layers import AttentionLayer

#: Does a piece of work, and returns its results when they are there.
Step = Callable[[], Any]

#: How a backend runs a layer; the first is what users get without asking.
MODES = {"tensorflow": ("compiled",), "jax": ("compiled",), "torch": ("eager", "compiled")}

#: Runs of each step before any is timed: allocators and thread pools settle.
WARM_UP = 2

#: Makes the allocators take large blocks from the system and give them back when they are freed,
#: glibc's and TensorFlow's own.
MEMORY_ENVIRONMENT = {"MALLOC_MMAP_THRESHOLD_": "65536", "TF_ENABLE_ONEDNN_OPTS": "0"}


@dataclass(frozen=True)
class Timing:
    """What was measured of one layer.

    Attributes:
        key: The layer.
        shape: Of the map, (batch, *positions, channels), float32.
        backend: Of Keras.
        mode: `"compiled"` or `"eager"`.
        inference_ms: Median time of a forward pass.
        training_ms: Of a forward and a backward pass, with the gradients by the map and by all
            weights.
        double_ms: Of `x * 2`, the least that reading and writing the map takes.
        first_call_s: Of the first forward and backward pass, in seconds: tracing and compiling.
        parameters: Trainable ones.
        macs: Multiply-accumulates of one sample; see `keras_attn.cost`.
        peak_memory: Bytes that a forward and a backward pass needs beyond the map and the weights;
            None where it cannot be measured.
        repeats: How often each was timed.
    """

    key: str
    shape: tuple[int, ...]
    backend: str
    mode: str
    inference_ms: float
    training_ms: float
    double_ms: float
    first_call_s: float
    parameters: int
    macs: int
    peak_memory: int | None
    repeats: int

    def as_dict(self) -> dict[str, Any]:
        """What JSON can hold."""
        return asdict(self)


def bench(key: str, shape: Sequence[int], repeats: int = 20) -> list[Timing]:
    """Times a layer on the backend in use.

    Args:
        key: One of `keras_attn.list_layers()`.
        shape: Batch, height, width and channels of the map; or one or three sizes in place of
            height and width, for signals and volumes.
        repeats: How often each step is timed, in turn with the others.

    Returns:
        One timing a mode of the backend: on PyTorch eager and compiled.

    Raises:
        ValueError: If the key is unknown, the shape is not one, or the layer does not take it.
    """
    shape = check_shape(shape)
    if repeats < 1:
        raise ValueError(f"`repeats` must be at least 1. Received: repeats={repeats}.")
    return list(_timings(key, shape, repeats))


def check_shape(shape: Sequence[int]) -> tuple[int, ...]:
    """The shape as a tuple.

    Raises:
        ValueError: If it is not one of a batch of signals, images or volumes.
    """
    if not 3 <= len(shape) <= 5 or any(number < 1 for number in shape):
        raise ValueError(
            f"The shape must be batch, height, width and channels, such as 32,56,56,64 (or with "
            f"one or three sizes between batch and channels, for signals and volumes), each at "
            f"least 1. Received: {','.join(map(str, shape))}."
        )
    return tuple(shape)


def _timings(key: str, shape: tuple[int, ...], repeats: int) -> Iterator[Timing]:
    backend = keras.backend.backend()
    if backend not in MODES:
        raise ValueError(f"The backend {backend!r} does not train; use {', '.join(MODES)}.")
    for mode in MODES[backend]:
        layer = new_layer(key)
        steps = layer_steps(layer, shape, mode)
        try:
            first_call = seconds(steps["training"])
        except RuntimeError as error:
            # Where no C++ compiler is found, say; what runs without one is measured all the same.
            if mode == MODES[backend][0]:
                raise
            reason = str(error).partition("\n")[0]
            warnings.warn(f"Not measured: {backend} {mode}, because {reason}", stacklevel=3)
            return
        times = interleaved_times(steps, repeats, WARM_UP)
        medians = {f"{name}_ms": statistics.median(times[name]) for name in steps}
        yield Timing(
            key=key,
            shape=shape,
            backend=backend,
            mode=mode,
            **medians,
            first_call_s=first_call,
            parameters=sum(map(size, layer.trainable_variables)),
            macs=cost(layer, shape[1:]).macs,
            peak_memory=training_memory(key, shape, mode),
            repeats=repeats,
        )


def new_layer(key: str) -> AttentionLayer:
    """A layer with its defaults, and the catalogue's values for arguments without any."""
    entry = catalogue.describe(key)
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
        return _tensorflow_steps(layer, x, weightings)
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


def _tensorflow_steps(layer: AttentionLayer, x: Any, weightings: Any) -> dict[str, Step]:
    import tensorflow as tf

    x, weightings = tf.constant(x), [*map(tf.constant, weightings)]
    weights = [variable.value for variable in layer.trainable_variables]
    compiled = tf.function(jit_compile=True)

    @compiled
    def inference(x: Any) -> Any:
        return layer(x, training=False)

    @compiled
    def training(x: Any, weightings: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs = keras.tree.flatten(layer(x, training=True))
        return outputs, tape.gradient(outputs, [x, *weights], weightings)

    @compiled
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


def seconds(step: Step) -> float:
    """How long a step takes."""
    begin = time.perf_counter()
    results = step()
    duration = time.perf_counter() - begin
    del results  # memory is given back after the clock has stopped
    return duration


def interleaved_times(
    steps: dict[str, Step], repeats: int, warm_up: int = 1
) -> dict[str, list[float]]:
    """Milliseconds of every repetition of every step, the steps taking turns."""
    for _ in range(warm_up):
        for step in steps.values():
            step()
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(repeats):
        for name, step in steps.items():
            times[name].append(1e3 * seconds(step))
    return times


def training_memory(key: str, shape: tuple[int, ...], mode: str) -> int | None:
    """The peak memory of a layer's training step, from a process of its own.

    There the allocators give back what is freed. Times are those of allocators as they are.
    """
    script = (
        "from keras_attn import bench\n"
        f"steps = bench.layer_steps(bench.new_layer({key!r}), {shape!r}, {mode!r})\n"
        "print(bench.peak_memory(steps['training']))"
    )
    process = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **MEMORY_ENVIRONMENT},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    # A backend may have printed lines of its own before.
    last = process.stdout.rpartition("\n")[0].rpartition("\n")[2]
    return int(last) if process.returncode == 0 and last.isdigit() else None


def peak_memory(step: Step) -> int | None:
    """By how many bytes resident memory rises, at its highest, while a step runs.

    Outputs, gradients and temporary arrays count; arguments and weights, which are there before,
    do not. The system keeps the highest value since the mark was reset, so nothing between two
    looks is missed. What the allocator has kept of earlier steps would be missed: measure in a
    process with `MEMORY_ENVIRONMENT`. The median of three; on Linux only, and for the CPU, None
    elsewhere.
    """
    if runs_on_accelerator():
        return None
    for _ in range(WARM_UP):
        step()
    try:
        return max(0, round(statistics.median(_memory_growth(step) for _ in range(3))))
    except OSError:
        return None


def _memory_growth(step: Step) -> int:
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")
    before = _resident_memory("VmRSS")
    results = step()
    growth = _resident_memory("VmHWM") - before
    del results
    return growth


def _resident_memory(name: str) -> int:
    """A line of the process's status, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith(f"{name}:"))
    return int(line.split()[1]) * 1024


def runs_on_accelerator() -> bool:
    """Whether the backend keeps its tensors elsewhere than in the computer's memory."""
    return "cpu" not in str(keras.ops.zeros(1).device).lower()
