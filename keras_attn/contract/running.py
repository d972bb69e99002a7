"""Running a layer on the backend of the process, and reading what it returns."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any
from weakref import WeakKeyDictionary, ref

import keras
import numpy as np
from keras import ops

HALF = ("float16", "bfloat16")


def run(layer: keras.layers.Layer, x: np.ndarray, function: Callable | None = None) -> Any:
    """`function(x)`, or `layer(x)`, in inference; compiled as a whole on JAX.

    Eagerly, JAX compiles each operation for each shape, which takes many times longer. The layer
    itself is compiled once for each shape of x.

    Args:
        layer: A built layer.
        x: The input, which is passed as it is.
        function: A function of x that uses the variables of the layer, such as `layer.gates`.
    """
    if keras.backend.backend() != "jax":
        return (function or layer)(ops.convert_to_tensor(x))
    if function is not None:
        compiled = _compiled(layer, function)
    elif layer in _COMPILED:
        compiled = _COMPILED[layer]
    else:
        compiled = _COMPILED[layer] = _compiled(layer, _called(layer))
    return compiled([variable.value for variable in layer.variables], x)


#: Compiled layers, as long as the layers live.
_COMPILED: WeakKeyDictionary[keras.layers.Layer, Callable] = WeakKeyDictionary()


def _called(layer: keras.layers.Layer) -> Callable:
    """A function that calls the layer, without keeping it alive."""
    reference = ref(layer)
    return lambda x: reference()(x)  # type: ignore[misc]


def _compiled(layer: keras.layers.Layer, function: Callable) -> Callable:
    """A compiled function of the values of a layer's variables and of x."""
    import jax

    reference = ref(layer)

    def stateless(values: list, x: Any) -> Any:
        variables = reference().variables  # type: ignore[union-attr]
        with keras.StatelessScope(list(zip(variables, values, strict=True))):
            return function(x)

    return jax.jit(stateless)


def run_attended(layer: keras.layers.Layer, x: np.ndarray) -> np.ndarray:
    """The attended map of `run`, as an array."""
    return as_array(attended(run(layer, x)))


def attended(output: Any) -> Any:
    """The attended map: the output of a layer, or the first of several."""
    return output[0] if isinstance(output, (list, tuple)) else output


def as_array(tensor: Any) -> np.ndarray:
    """A NumPy array of any backend's tensor; half precision is widened to float32."""
    return ops.convert_to_numpy(ops.cast(tensor, "float32") if dtype_of(tensor) in HALF else tensor)


def dtype_of(tensor: Any) -> str:
    """The dtype of a tensor or variable of any backend, by its name in Keras."""
    return keras.backend.standardize_dtype(tensor.dtype)


@contextlib.contextmanager
def wide_floats() -> Iterator[None]:
    """Lets JAX keep float64, which it otherwise narrows to float32; other backends keep it."""
    if keras.backend.backend() != "jax":
        yield
        return
    import jax

    with jax.enable_x64(True):
        yield
