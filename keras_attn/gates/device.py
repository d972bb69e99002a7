"""What the backend runs on, as far as a gate's arithmetic depends on it."""

from __future__ import annotations

import functools

import keras


@functools.cache
def is_xla_on_cpu() -> bool:
    """Whether `fit` compiles by XLA for the CPU: JAX and TensorFlow without an accelerator."""
    backend = keras.backend.backend()
    if backend == "jax":
        import jax

        return jax.default_backend() == "cpu"
    if backend == "tensorflow":
        import tensorflow as tf

        return not (
            tf.config.list_physical_devices("GPU") or tf.config.list_physical_devices("TPU")
        )
    return False
