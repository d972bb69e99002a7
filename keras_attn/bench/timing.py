"""A layer timed on the backend in use: what `keras-attn bench` shows."""

from __future__ import annotations

import statistics
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import keras

from keras_attn.bench.clock import WARM_UP, interleaved_times, seconds
from keras_attn.bench.memory import training_memory
from keras_attn.bench.steps import MODES, layer_steps, new_layer
from keras_attn.checks import check_whole_number
from keras_attn.gates.parts import size
from keras_attn.graph.cost import cost


@dataclass(frozen=True)
class Timing:
    """What was measured of one layer.

    Attributes:
        key: The layer.
        shape: Of the map, (batch, *positions, channels), float32.
        backend: Of Keras.
        mode: One of the backend's `MODES`.
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
        shape: Batch, height, width and channels of the map; or one or three sizes instead of
            height and width, for signals and volumes.
        repeats: How often each step is timed, in turn with the others.

    Returns:
        One timing per mode of the backend: compiled by XLA and without it on TensorFlow, eager and
        compiled on PyTorch.

    Raises:
        ValueError: If the key is unknown, or the shape is invalid or not one the layer takes.
    """
    shape = check_shape(shape)
    repeats = check_whole_number("repeats", repeats, least=1)
    return list(_timings(key, shape, repeats))


def check_shape(shape: Sequence[int]) -> tuple[int, ...]:
    """The shape as a tuple.

    Raises:
        ValueError: If it is not the shape of a batch of signals, images or volumes.
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
