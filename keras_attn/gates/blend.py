"""The blend gate: one learned number between 0 and 1, the same for every sample."""

from __future__ import annotations

from typing import Any, ClassVar

import keras
from keras import ops

from keras_attn.gates.gate import Gate
from keras_attn.kernels import Tensor


class BlendGate(Gate):
    """a = sigmoid(logit), logit a learned scalar.

    Args:
        initial_logit: Initial value of the logit; 0.5 gives a = 0.6225.
        **kwargs: Arguments of `Gate`.

    Output: (1, 1, 1, 1).
    """

    takes_mask: ClassVar[bool] = True

    def __init__(self, initial_logit: float = 0.5, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.initial_logit = initial_logit

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the scalar."""
        super().build(input_shape)
        self.logit = self.add_weight(
            shape=(),
            initializer=keras.initializers.Constant(self.initial_logit),
            name="logit",
        )

    def from_map(self, x: Tensor) -> Tensor:
        """The blend, in the dtype of x."""
        return ops.cast(ops.reshape(ops.sigmoid(self.logit), (1,) * self.rank), x.dtype)

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """None: it does not read the map."""
        return 0
