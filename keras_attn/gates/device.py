"""What the backend runs on, as far as a gate's arithmetic depends on it."""

from __future__ import annotations

import functools

import keras


def is_xla_on_cpu() -> bool:
    """Whether `fit` compiles by XLA for the CPU: JAX and TensorFlow without an accelerator."""
    return keras.backend.backend() in ("jax", "tensorflow") and not _has_accelerator()


def fuses_sums() -> bool:
    """Whether a sum of products of two maps is computed as it is read, without a map of products.

    The version of XLA in TensorFlow does not, on the CPU; that in JAX does, and PyTorch's compiler.
    """
    return not (keras.backend.backend() == "tensorflow" and is_xla_on_cpu())


@functools.cache
def _has_accelerator() -> bool:
    if keras.backend.backend() == "jax":
        import jax

        return jax.default_backend() != "cpu"
    import tensorflow as tf

    return bool(tf.config.list_physical_devices("GPU") or tf.config.list_physical_devices("TPU"))
