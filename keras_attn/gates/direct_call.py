"""Calls of the parts of an attention layer, without what Keras does around a call."""

from __future__ import annotations

import inspect
from typing import Any, ClassVar

import keras
from keras import ops

from keras_attn.kernels import Tensor

#: What a layer on PyTorch, which is a module, does before and after its call and its gradient.
HOOKS = ("_forward_pre_hooks", "_forward_hooks", "_backward_pre_hooks", "_backward_hooks")


def called(part: keras.layers.Layer, x: Tensor) -> Any:
    """The output of a part of a layer that does the same in training and in inference.

    Around every call Keras checks, casts and records. For the parts of an attention layer this
    repeats what it has done for the layer, and on a small map takes as long as what they compute:
    PyTorch waits for it at every step, and every compiler while it traces. So `call` is called
    directly wherever that computes the same.
    """
    return part.call(x) if is_prepared(part, x) else part(x)


def is_prepared(part: keras.layers.Layer, x: Any) -> bool:
    """Whether Keras's own call would neither build, cast, quantise nor record anything.

    The layer around the part has chosen the dtype in which variables are read.
    """
    return (
        part.built
        and ops.is_tensor(x)
        and keras.backend.standardize_dtype(x.dtype) == part.compute_dtype
        and part.compute_dtype == part.variable_dtype
        and part.quantization_mode is None
        and part.activity_regularizer is None
        and keras.distribution.distribution() is None
        and not any(getattr(part, name, None) for name in HOOKS)
    )


class DirectlyCalled(keras.layers.Layer):
    """A layer that is called as `called` calls the parts of a layer."""

    _takes_training: ClassVar = False

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._takes_training = "training" in inspect.signature(cls.call).parameters

    def __call__(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """`call`, by way of Keras's own call only where that does more."""
        if self.is_prepared(x):
            return self.call(x, *args, **kwargs)
        return super().__call__(x, *args, **kwargs)

    def is_prepared(self, x: Any) -> bool:
        """Whether Keras's own call would do nothing more, such as to infer `training`."""
        return not self._takes_training and is_prepared(self, x)
