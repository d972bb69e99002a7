"""The base of every layer: y = x * gain(gates of x)."""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

import keras
from keras import ops

from keras_attn.gates import Gate
from keras_attn.gates.statistics import Tensor
from keras_attn.gates.sums import times

DATA_FORMATS = ("channels_last", "channels_first")
AXIS_NAMES = {1: "signals", 2: "images", 3: "volumes"}

AnyGate = TypeVar("AnyGate", bound=Gate)


class AttentionLayer(keras.layers.Layer):
    """Multiplies its input by a gain that is computed from gates.

    A subclass makes its gates in `__init__` with `add_gate`, names what they see in
    `compute_gates`, and combines them either in `gain` or, where x passes one gate after the
    other, in `attend`, of which `gain` is the value at x = 1:

        y = attend(x, **compute_gates(x)) = x * gain(**compute_gates(x))

    A gate that reads x under another gate is told so, `self.spatial(x, under=channel)`, and maps
    under gates are `times(x, channel, spatial)`: each backend then computes the products, and
    their gradients, in the way that is fastest there (`gates.statistics`, `gates.sums`).

    This class owns the rest: data format, dtype, shapes, configuration, the multiplication.

    Args:
        data_format: `"channels_last"` or `"channels_first"`; Keras's own setting if None.
        **kwargs: Arguments of `keras.layers.Layer`, such as `name` and `dtype`. (For float64,
            Keras's own operations compute in float32 on JAX and PyTorch, and so do gates.)

    Call arguments:
        x: The feature map, (B, *positions, C), or (B, C, *positions) in channels_first, with
            one to three spatial axes. Batch and spatial sizes may be unknown.

    Output shape: that of x.
    """

    #: How many spatial axes the layer is defined for.
    spatial_ranks: ClassVar[tuple[int, ...]] = (1, 2, 3)

    #: Attribute of the layer -> name of that part in the published PyTorch module.
    torch_names: ClassVar[dict[str, str]] = {}

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = data_format or keras.config.image_data_format()
        if self.data_format not in DATA_FORMATS:
            raise ValueError(
                f"`data_format` must be one of {DATA_FORMATS}. "
                f"Received: data_format={data_format!r}."
            )

    def add_gate(self, gate_class: type[AnyGate], **config: Any) -> AnyGate:
        """A new gate of this layer's data format, in the dtype of its variables.

        A gate that convolves the full-size map takes `dtype=self.dtype_policy` in its place, so
        that a mixed policy makes it as fast as the convolutions of the network around it.
        """
        config.setdefault("dtype", self.variable_dtype)
        return gate_class(data_format=self.data_format, **config)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Checks the shape and builds the gates, all of which read maps of this shape."""
        self._check_shape(input_shape)
        self.input_spec = keras.layers.InputSpec(
            ndim=len(input_shape),
            axes={self.channel_axis(input_shape): input_shape[self.channel_axis(input_shape)]},
        )
        for gate in self._gates():
            gate.build(input_shape)

    def compute_gates(self, x: Tensor) -> dict[str, Tensor]:
        """The named gate maps of x, each of which broadcasts against x."""
        raise NotImplementedError(f"{type(self).__name__} must define `compute_gates`.")

    def gain(self, **gates: Tensor) -> Tensor:
        """What x is multiplied by, from the gate maps."""
        if type(self).attend is AttentionLayer.attend:
            raise NotImplementedError(f"{type(self).__name__} must define `gain` or `attend`.")
        like = next(iter(gates.values()))
        return self.attend(ops.ones((1,) * len(like.shape), like.dtype), **gates)

    def call(self, x: Tensor) -> Tensor:
        """The attended map."""
        return self.attend(x, **self.compute_gates(x))

    def attend(self, x: Tensor, **gates: Tensor) -> Tensor:
        """The map x under its gates."""
        return times(x, self.gain(**gates))

    def gates(self, x: Any) -> dict[str, Tensor]:
        """The named gate maps for input x, as a trained layer sees it; what is drawn.

        Args:
            x: A feature map, array or tensor, as for calling the layer.

        Returns:
            Name -> map, in the order of computation. A channel gate is (B, 1, 1, C), a
            spatial gate (B, H, W, 1), mixing weights (B, 1, 1, branches), in the data format
            of the layer.
        """
        x = ops.convert_to_tensor(x, dtype=self.compute_dtype)
        if not self.built:
            self.build(x.shape)
        return self.compute_gates(x)

    def split(self, mixing: Tensor, branches: int) -> list[Tensor]:
        """The weights of the branches, each (B, 1, 1, 1), from the map of a mixing gate.

        Their number is given because sizes are no numbers while PyTorch traces a model for ONNX.
        """
        return ops.split(mixing, branches, axis=self.channel_axis(mixing.shape))

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """Multiply-accumulates for one sample of a built layer, as `keras_attn.cost` counts them.

        Args:
            input_shape: Shape of the map; all but the batch must be known.
        """
        return sum(gate.macs(input_shape) for gate in self._gates())

    def channel_axis(self, shape: tuple[int | None, ...]) -> int:
        """Where the channels are in a shape of this layer's data format."""
        return len(shape) - 1 if self.data_format == "channels_last" else 1

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The shape of the input."""
        self._check_shape(input_shape)
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "data_format": self.data_format}

    def get_build_config(self) -> dict[str, Any] | None:
        """What a saved layer is built from: shapes, and which of its parts are quantised how.

        `keras.Model.quantize` changes the dense layers inside gates, which come built; so a loaded
        layer has to change them again before it takes its weights.
        """
        config = super().get_build_config()
        quantized = [
            [index, part.quantization_mode]
            for index, part in enumerate(self._flatten_layers())
            if getattr(part, "quantization_mode", None) is not None
        ]
        return {**config, "quantized": quantized} if config and quantized else config

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Builds the layer, and quantises the parts that were."""
        super().build_from_config(config)
        parts = list(self._flatten_layers())
        for index, mode in config.get("quantized", ()):
            parts[index].quantize(mode)

    def _gates(self) -> list[Gate]:
        return list(self._flatten_layers(include_self=False, recursive=False))

    def _check_shape(self, shape: tuple[int | None, ...]) -> None:
        if len(shape) - 2 not in self.spatial_ranks:
            kinds = ", ".join(f"{rank} ({AXIS_NAMES[rank]})" for rank in self.spatial_ranks)
            raise ValueError(
                f"{type(self).__name__} takes a batch of feature maps with channels and this "
                f"many spatial axes: {kinds}. Received an input of shape {tuple(shape)}, which "
                f"has {max(len(shape) - 2, 0)}."
            )
        if not shape[self.channel_axis(shape)]:
            raise ValueError(
                f"{type(self).__name__} needs a defined number of channels, because its weights "
                f"depend on it. Received an input of shape {tuple(shape)} with "
                f"data_format={self.data_format!r}, so the channels are axis "
                f"{self.channel_axis(shape)}; give that axis a size (in "
                f"`keras.Input(shape=...)`, say), or choose the other data_format."
            )
