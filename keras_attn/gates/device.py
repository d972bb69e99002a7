"""What the backend runs on, as far as a gate's arithmetic depends on it."""

from __future__ import annotations

import functools

import keras


def is_xla_on_cpu() -> bool:
    """Whether `fit` compiles by XLA for the CPU: JAX and TensorFlow without an accelerator."""
    return keras.backend.backend() in ("jax", "tensorflow") and not _has_accelerator()


def sums_slowly() -> bool:
    """Whether sums of products of maps are best taken by matrix products.

    The version of XLA in TensorFlow computes them several times more slowly; that in JAX fuses
    them with the products.
    """
    return keras.backend.backend() == "tensorflow" and is_xla_on_cpu()


@functools.cache
def _has_accelerator() -> bool:
    if keras.backend.backend() == "jax":
        import jax

        return jax.default_backend() != "cpu"
    import tensorflow as tf

    return bool(tf.config.list_physical_devices("GPU") or tf.config.list_physical_devices("TPU"))
