"""The outputs of a detector together with its anchors, so that they can be read without it."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops


@keras.saving.register_keras_serializable(package="keras_attn")
class AnchoredOutputs(layers.Layer):
    """Joins the anchors of a detector, its offsets and its logits in one tensor.

    Args:
        anchors: (anchors, 4): left, top, right, bottom in pixels; or the text of `get_config`.
        order: Which of a detector's four offsets are those of x, y, width and height.
        factors: What the offsets in that order are multiplied by, to bring them to the units of
            `keras_attn.tasks.detection`.
        **kwargs: Arguments of `keras.layers.Layer`.

    Input shapes: offsets (B, anchors, 4) and logits (B, anchors, classes).
    Output shape: (B, anchors, 8 + classes), in float32.

    Example:
        >>> import numpy as np
        >>> layer = AnchoredOutputs(np.zeros((10, 4)))
        >>> tuple(layer([np.zeros((2, 10, 4)), np.zeros((2, 10, 3))]).shape)
        (2, 10, 11)
    """

    def __init__(
        self,
        anchors: np.ndarray | str,
        order: Sequence[int] = (0, 1, 2, 3),
        factors: Sequence[float] = (1.0, 1.0, 1.0, 1.0),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if isinstance(anchors, str):
            anchors = np.frombuffer(base64.b64decode(anchors), "<f4").reshape(-1, 4)
        self.anchors = np.asarray(anchors, "float32")
        self.order = list(order)
        self.factors = [float(factor) for factor in factors]

    def build(self, input_shape: Any) -> None:
        """Nothing: there are no weights."""

    def call(self, inputs: Any) -> Any:
        """[offsets, logits] -> anchors, offsets in the usual order and units, logits."""
        offsets, logits = (ops.cast(each, "float32") for each in inputs)
        offsets = ops.stack([offsets[..., place] for place in self.order], axis=-1)
        offsets = offsets * ops.convert_to_tensor(self.factors, "float32")
        shape = (ops.shape(offsets)[0], *self.anchors.shape)
        anchors = ops.broadcast_to(ops.convert_to_tensor(self.anchors), shape)
        return ops.concatenate([anchors, offsets, logits], axis=-1)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """(B, anchors, 8 + classes)."""
        offsets, logits = input_shape
        return (offsets[0], len(self.anchors), 8 + logits[-1])

    def compute_output_spec(self, inputs: Any) -> keras.KerasTensor:
        """The same shape, always in float32."""
        shape = self.compute_output_shape([each.shape for each in inputs])
        return keras.KerasTensor(shape, "float32")

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor, with the anchors as text."""
        text = base64.b64encode(self.anchors.astype("<f4").tobytes()).decode()
        config = {"anchors": text, "order": self.order, "factors": self.factors}
        return {**super().get_config(), **config}
