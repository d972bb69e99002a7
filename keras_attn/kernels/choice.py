"""Which kernels compute: the one place that asks for the backend and its device."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keras

from keras_attn.kernels.interface import Kernels

_chosen: Kernels | None = None


def chosen() -> Kernels:
    """The kernels of the backend and its device, or those of `plain` inside it."""
    # Not at import: finding the device initialises the backend.
    global _chosen
    if _chosen is None:
        _chosen = _of_backend(keras.backend.backend())
    return _chosen


@contextmanager
def plain() -> Iterator[None]:
    """Computes in Keras's own operations inside, which have every derivative of the backend.

    Gradients are the same without it. Forward-mode derivatives and Hessians on JAX need it, because
    `jax.custom_vjp` functions do not have them. It holds for what is traced inside; a function that
    was compiled before keeps its kernels.
    """
    global _chosen
    before, _chosen = _chosen, Kernels()
    try:
        yield
    finally:
        _chosen = before


def is_xla_on_cpu() -> bool:
    """Whether `fit` compiles by XLA for the CPU: JAX and TensorFlow without an accelerator."""
    return keras.backend.backend() in ("jax", "tensorflow") and not _has_accelerator()


def _of_backend(backend: str) -> Kernels:
    # Imported here, because each of these modules imports its backend.
    if backend == "torch":
        from keras_attn.kernels.torch import Torch

        return Torch()
    if backend == "tensorflow":
        from keras_attn.kernels.tensorflow import TensorFlow, TensorFlowOnCPU

        return TensorFlowOnCPU() if is_xla_on_cpu() else TensorFlow()
    if backend == "jax":
        from keras_attn.kernels.jax import JAX, JAXOnCPU

        return JAXOnCPU() if is_xla_on_cpu() else JAX()
    return Kernels()


def _has_accelerator() -> bool:
    if keras.backend.backend() == "jax":
        import jax

        return jax.default_backend() != "cpu"
    import tensorflow as tf

    return bool(tf.config.list_physical_devices("GPU") or tf.config.list_physical_devices("TPU"))
