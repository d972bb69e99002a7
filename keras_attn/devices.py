"""What a model is trained on: one device or all of them, and by which compiler."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras

from keras_attn.kernels import is_xla_on_cpu


def check_devices(devices: Any) -> str | None:
    """Checks the argument of that name.

    Raises:
        ValueError: If it is neither None nor `"all"`, or the backend does not distribute.
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
    """How many devices a batch is cut among."""
    if devices is None:
        return 1
    if keras.backend.backend() == "jax":
        return len(keras.distribution.list_devices())
    return len(_tensorflow_devices())


def jit_compile() -> bool | str:
    """The argument of that name with which `Model.compile` trains a study's networks fastest.

    For the CPU, TensorFlow without XLA trained the residual networks of a study with the topologies
    in them up to 1.6 times as fast, and compiled them in half the time; what Keras chooses, else.
    """
    on_tensorflow = keras.backend.backend() == "tensorflow"
    return False if on_tensorflow and is_xla_on_cpu() else "auto"


@contextmanager
def distributed(devices: str | None) -> Iterator[None]:
    """Has the models that are built and trained inside share their batches among devices.

    On JAX by `keras.distribution.DataParallel`; batch normalisation sees the whole batch. On
    TensorFlow by `tf.distribute.MirroredStrategy`; batch normalisation sees each device's part of
    it, as is usual there, unless a layer says `synchronized=True`.

    Args:
        devices: `"all"`, or None for one.

    Raises:
        ValueError: As `check_devices`.
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
        import tensorflow as tf

        with tf.distribute.MirroredStrategy(_tensorflow_devices()).scope():
            yield


def _tensorflow_devices() -> list[str]:
    """The names of all graphics processors; of all CPUs where there are none."""
    import tensorflow as tf

    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    return [device.name for device in devices]
