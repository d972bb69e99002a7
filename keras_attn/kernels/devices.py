"""The devices that a model is trained on, one or all, and the compiler for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import keras

from keras_attn.kernels import is_xla_on_cpu


def check_devices(devices: Any) -> str | None:
    """Checks the argument `devices`.

    Raises:
        ValueError: If it is neither None nor `"all"`, or the backend does not distribute models.
    """
    if devices not in (None, "all"):
        raise ValueError(f"`devices` must be None or 'all'. Received: devices={devices!r}.")
    backend = keras.backend.backend()
    if devices == "all" and backend not in ("jax", "tensorflow"):
        raise ValueError(
            f"Keras does not distribute a model on {backend}. Set KERAS_BACKEND=jax or "
            f"KERAS_BACKEND=tensorflow, or run several trials at a time (`jobs`)."
        )
    return devices


def device_count(devices: str | None) -> int:
    """The number of devices that share each batch."""
    if devices is None:
        return 1
    if keras.backend.backend() == "jax":
        return len(keras.distribution.list_devices())
    return len(_tensorflow_devices())


def jit_compile() -> bool | str:
    """The value of `jit_compile` with which `Model.compile` trains the networks of a study fastest.

    On the CPU, TensorFlow without XLA trained the residual networks of a study up to 1.6 times as
    fast as with it, and compiled them in half the time. Elsewhere Keras chooses.
    """
    on_tensorflow = keras.backend.backend() == "tensorflow"
    return False if on_tensorflow and is_xla_on_cpu() else "auto"


@contextmanager
def distributed(devices: str | None) -> Iterator[None]:
    """Distributes the models that are built and trained inside over devices.

    On JAX this is `keras.distribution.DataParallel`; batch normalisation sees the whole batch. On
    TensorFlow it is `tf.distribute.MirroredStrategy`; batch normalisation sees the part of the
    batch on its own device, as is usual there, unless a layer has `synchronized=True`. A model
    may be trained in several such contexts, one after the other.

    Args:
        devices: `"all"`, or None for one device.

    Raises:
        ValueError: If `check_devices` refuses the argument.
    """
    check_devices(devices)
    if devices is None:
        yield
    elif keras.backend.backend() == "jax":
        before = keras.distribution.distribution()
        keras.distribution.set_distribution(keras.distribution.DataParallel())
        try:
            yield
        finally:
            keras.distribution.set_distribution(before)
    else:
        with _mirrored_strategy(tuple(_tensorflow_devices())).scope():
            yield


@cache
def _mirrored_strategy(devices: tuple[str, ...]) -> Any:
    """The strategy for these devices: TensorFlow refuses a model under any other than its first."""
    import tensorflow as tf

    return tf.distribute.MirroredStrategy(list(devices))


def _tensorflow_devices() -> list[str]:
    """The names of all GPUs, or of all CPUs if there is no GPU."""
    import tensorflow as tf

    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    return [device.name for device in devices]
