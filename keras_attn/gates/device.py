"""What the backend runs on, as far as a gate's arithmetic depends on it."""

from __future__ import annotations

import functools

import keras


def is_xla_on_cpu() -> bool:
    """Whether `fit` compiles by XLA for the CPU: JAX and TensorFlow without an accelerator."""
    return keras.backend.backend() in ("jax", "tensorflow") and not _has_accelerator()


def is_compiled_by_xla_for_cpu() -> bool:
    """Whether what is computed now becomes a program of XLA's for the CPU.

    Unlike `is_xla_on_cpu` it is false on TensorFlow outside of a function that XLA compiles: what
    only a compiler makes fast, because it fuses many operations, is slow there.
    """
    if keras.backend.backend() != "tensorflow":
        return is_xla_on_cpu()
    from tensorflow.python.framework import ops
    from tensorflow.python.ops import control_flow_util

    graph = ops.get_default_graph()
    return is_xla_on_cpu() and control_flow_util.GraphOrParentsInXlaContext(graph)


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
