"""A start that changes nothing: attention blended with the identity."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops
from keras.saving import register_keras_serializable


@register_keras_serializable(package="keras_attn")
class Blend(keras.layers.Layer):
    """Attention blended with the identity; it starts as the identity.

        y = x + α (A(x) - x)

    α is one learnable number that starts at 0, so that y = x and a trained network gives the same
    outputs as before. The gradient of α is the sum of (A(x) - x) times the gradient of y, which is
    not 0; the weights of A learn as soon as α has left 0. At α = 1 the layer is A.

    The blend is computed in float32 or more. Where A(x) overflows, y = x: otherwise 0 times
    infinity would be NaN, in a mixed_float16 network for example.

    Trainable parameters: those of A, and 1.

    Args:
        attention: The attention layer A, which keeps the shape of its input.
        **kwargs: Arguments of `keras.layers.Layer`.

    Call arguments:
        x: The feature map.

    Output shape: that of x.

    Raises:
        ValueError: If `attention` is not a Keras layer; at build, if it does not return one map
            of the shape of its input.

    Source: the start at zero is that of ReZero (arXiv:2003.04887), here for a whole module.

    Example:
        >>> import keras, numpy as np
        >>> from keras_attn.layers import CSA, Blend
        >>> x = np.ones((2, 8, 8, 32), "float32")
        >>> y = keras.ops.convert_to_numpy(Blend(CSA())(x))
        >>> bool((y == x).all())
        True
    """

    def __init__(self, attention: keras.layers.Layer, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(attention, keras.layers.Layer):
            raise ValueError(
                f"`attention` must be a layer, such as keras_attn.create('csa'). "
                f"Received: attention={attention!r}."
            )
        self.attention = attention

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates α, and builds the attention."""
        self.blend = self.add_weight(shape=(), initializer="zeros", name="blend")
        # A symbolic call also builds layers that create their parts when they are first called.
        outputs = self.attention(keras.KerasTensor(input_shape, dtype=self.compute_dtype))
        if getattr(outputs, "shape", None) != tuple(input_shape):
            found = keras.tree.map_structure(lambda each: tuple(each.shape), outputs)
            raise ValueError(
                f"`attention` must return one map of the shape of its input, "
                f"{tuple(input_shape)}. {self.attention.name!r} returns {found}."
            )

    def call(self, x: Any) -> Any:
        """The blended map."""
        precision = keras.backend.result_type(x.dtype, "float32")
        identity = ops.cast(x, precision)
        attended = ops.cast(self.attention(x), precision)
        change = ops.where(ops.isfinite(attended), attended - identity, 0)
        return ops.cast(identity + ops.cast(self.blend, precision) * change, x.dtype)

    def gates(self, x: Any) -> dict[str, Any]:
        """The gate maps of the attention for input x, as if it were not blended."""
        return self.attention.gates(x)

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """Those of the attention."""
        return self.attention.macs(input_shape)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The shape of the input."""
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        attention = keras.saving.serialize_keras_object(self.attention)
        return {**super().get_config(), "attention": attention}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Blend:
        """The layer of a configuration."""
        attention = keras.saving.deserialize_keras_object(config["attention"])
        return cls(**{**config, "attention": attention})
