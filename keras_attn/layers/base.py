"""The base of every layer: y = attend(x, gates of x) = x * gain."""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

import keras
from keras import ops

from keras_attn.gates import Gate
from keras_attn.gates.reading import Reading
from keras_attn.gates.specification import GateSpecification
from keras_attn.kernels import Tensor

DATA_FORMATS = ("channels_last", "channels_first")
AXIS_NAMES = {1: "signals", 2: "images", 3: "volumes"}

AnyGate = TypeVar("AnyGate", bound=Gate)


class AttentionLayer(keras.layers.Layer):
    """Multiplies its input by a gain that is computed from gates.

    A subclass makes its gates in `__init__` with `add_gate`, computes their maps in
    `compute_gates`, and applies them to x in `attend`. Where `attend` multiplies x by its gates,
    `gain` is its value at x = 1:

        y = attend(x, **compute_gates(x)) = x * gain(**compute_gates(x))

    A gate that reads x under other gates is called as `self.spatial(x, under=channel)` or
    `self.spatial(x, under=(channel, other))`, and x under its gates is
    `self.times(x, channel, spatial)`. Each statistic of a map is then pooled once, and
    `keras_attn.kernels` computes the products and their gradients in the way that is fastest on the
    backend.

    This class owns the rest: data format, dtype, shapes, masks, configuration.

    Masks: A layer for signals leaves out the positions that a mask marks as padding, in pooled
    statistics and in batch statistics. At all other positions its output is that of the signal
    without padding, and it passes the mask on. A layer with a gate that cannot leave out positions
    refuses a mask.

    Transforms: On PyTorch `torch.func` works (`grad`, `jvp`, `hessian`, `vmap`), except `vmap` of
    layers that hold Keras's convolutions of full-size maps, where PyTorch raises "NYI:
    Tensor.clone(memory_format) inside vmap". On JAX reverse mode and `vmap` work. Forward mode
    (`jax.jvp`, `jax.jacfwd`, `jax.hessian`) raises "can't apply forward-mode autodiff (jvp) to a
    custom_vjp function"; it works inside `with keras_attn.kernels.plain():`, where layers compute
    in Keras's own operations.

    Args:
        data_format: `"channels_last"` or `"channels_first"`; Keras's own setting if None.
        **kwargs: Arguments of `keras.layers.Layer`, such as `name` and `dtype`. (For float64,
            Keras's own operations compute in float32 on JAX and PyTorch, and so do gates.)

    Call arguments:
        x: The feature map, (B, *positions, C), or (B, C, *positions) in channels_first, with
            one to three spatial axes. Batch and spatial sizes may be unknown.
        mask: (B, *positions), False where a position is padding; that of x if None.

    Output shape: that of x.

    Raises:
        ValueError: If `data_format` is neither of its values; at build, if the channels are
            undefined or the layer does not take that many spatial axes; at the call, if the layer
            does not take a mask, or the mask does not have the positions of x.
    """

    #: How many spatial axes the layer is defined for.
    spatial_ranks: ClassVar[tuple[int, ...]] = (1, 2, 3)

    #: Attribute of the layer -> name of that part in the published PyTorch module.
    torch_names: ClassVar[dict[str, str]] = {}

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self._reading = Reading()
        self.data_format = data_format or keras.config.image_data_format()
        if self.data_format not in DATA_FORMATS:
            raise ValueError(
                f"`data_format` must be one of {DATA_FORMATS}. "
                f"Received: data_format={data_format!r}."
            )

    def add_gate(self, gate_class: type[AnyGate], **config: Any) -> AnyGate:
        """A new gate of this layer's data format, which computes in the dtype that it asks for.

        A gate that convolves the full-size map computes in the policy of the layer, so that a mixed
        policy makes it as fast as the convolutions of the network around it.
        """
        dtypes = {
            "variables": self.variable_dtype,
            "policy": self.dtype_policy,
            "wide range": self.wide_range_policy,
        }
        config.setdefault("dtype", dtypes[gate_class.computes_in])
        gate = gate_class(data_format=self.data_format, **config)
        gate.reading = self._reading
        return gate

    def add_named_gate(self, given: GateSpecification, **defaults: Any) -> Any:
        """A new gate as specified.

        Args:
            given: The specification.
            **defaults: Arguments for what is not specified; those that the gate does not take are
                left out.
        """
        return self.add_gate(given.gate_class, **given.arguments(**defaults))

    @property
    def wide_range_policy(self) -> keras.DTypePolicy:
        """The layer's policy, or that of its variables where it computes in float16.

        Products of a map with unbounded gates, and sums of them, exceed the 65,504 of float16 long
        before the layer's output does.
        """
        if self.compute_dtype == "float16":
            return keras.DTypePolicy(self.variable_dtype)
        return self.dtype_policy

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

    def attend(self, x: Tensor, **gates: Tensor) -> Tensor:
        """The map x under its gates."""
        raise NotImplementedError(f"{type(self).__name__} must define `attend`.")

    def times(self, x: Tensor, *gates: Tensor) -> Tensor:
        """The map under its gates, x * gate * ... * gate.

        Args:
            x: A map.
            *gates: One gate or two; first the one under which the other reads x, if it does.
        """
        return self._reading.times(x, *gates)

    def gain(self, **gates: Tensor) -> Tensor:
        """What `attend` multiplies x by, from the gate maps."""
        like = next(iter(gates.values()))
        return self.attend(ops.ones((1,) * len(like.shape), like.dtype), **gates)

    def call(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """The attended map."""
        with self._reading.of_one_call(self._mask_of(x, mask)):
            return self.attend(x, **self.compute_gates(x))

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The mask of the input, or an error if the layer does not take it."""
        masks = [each for each in keras.tree.flatten(previous_mask) if each is not None]
        if not masks:
            return previous_mask
        ignoring = [gate for gate in self._gates() if not gate.takes_mask]
        if ignoring:
            raise ValueError(
                f"{type(self).__name__} does not take a mask: its {type(ignoring[0]).__name__} "
                f"would read the padding too. Remove the padding before the layer, or remove the "
                f"mask: call the layer on `keras.ops.copy(x)`, and padding counts as data."
            )
        x, (mask,) = inputs, masks
        positions = [n for axis, n in enumerate(x.shape) if axis != self.channel_axis(x.shape)]
        pairs = zip(mask.shape, positions, strict=False)
        same = all(None in (ours, theirs) or ours == theirs for ours, theirs in pairs)
        if len(mask.shape) != len(positions) or not same:
            raise ValueError(
                f"A mask must have one value for each position of the map, so its shape must be "
                f"{tuple(positions)}. Received a mask of shape {tuple(mask.shape)} for a map of "
                f"shape {tuple(x.shape)}."
            )
        return previous_mask

    def gates(self, x: Any, mask: Any = None) -> dict[str, Tensor]:
        """The named gate maps for input x, as the layer computes them in inference.

        Args:
            x: A feature map, array or tensor, as for calling the layer.
            mask: As for calling the layer.

        Returns:
            Name -> map, in the order of computation. A channel gate is (B, 1, 1, C), a
            spatial gate (B, H, W, 1), mixing weights (B, 1, 1, branches), in the data format
            of the layer.
        """
        x = ops.convert_to_tensor(x, dtype=self.compute_dtype)
        if not self.built:
            self.build(x.shape)
        mask = None if mask is None else ops.convert_to_tensor(mask, dtype="bool")
        with self._reading.of_one_call(self._mask_of(x, mask), is_of_call=False):
            return self.compute_gates(x)

    def split(self, mixing: Tensor, branches: int) -> list[Tensor]:
        """The weights of the branches, each (B, 1, 1, 1), from the map of a mixing gate.

        Their number is given because sizes are symbolic while PyTorch traces a model for ONNX.
        """
        return ops.split(mixing, branches, axis=self.channel_axis(mixing.shape))

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """Multiply-accumulates for one sample of a built layer, as `keras_attn.cost` counts them.

        Args:
            input_shape: Shape of the map; all but the batch must be known.
        """
        return sum(gate.macs(input_shape) for gate in self._gates())

    @property
    def accepted_ranks(self) -> tuple[int, ...]:
        """How many spatial axes the layer and all of its gates are defined for."""
        gates = self._gates()
        return tuple(r for r in self.spatial_ranks if all(r in g.spatial_ranks for g in gates))

    @property
    def described(self) -> str:
        """What messages call the layer."""
        return type(self).__name__

    def channel_axis(self, shape: tuple[int | None, ...]) -> int:
        """The axis of the channels in a shape of this layer's data format."""
        return len(shape) - 1 if self.data_format == "channels_last" else 1

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The shape of the input."""
        self._check_shape(input_shape)
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "data_format": self.data_format}

    def get_build_config(self) -> dict[str, Any] | None:
        """What a saved layer is built from: shapes, and the quantisation of its parts.

        `keras.Model.quantize` replaces the weights of dense layers inside gates, so a loaded layer
        must quantise them before it loads its weights.
        """
        config = super().get_build_config()
        quantized = [
            [index, part.quantization_mode]
            for index, part in enumerate(self._flatten_layers())
            if getattr(part, "quantization_mode", None) is not None
        ]
        return {**config, "quantized": quantized} if config and quantized else config

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Builds the layer, and quantises the parts that were quantised."""
        super().build_from_config(config)
        parts = list(self._flatten_layers())
        for index, mode in config.get("quantized", ()):
            parts[index].quantize(mode)

    def _mask_of(self, x: Tensor, mask: Tensor | None) -> Tensor | None:
        """The checked mask, as truth values."""
        return None if self.compute_mask(x, mask) is None else ops.cast(mask, "bool")

    def _gates(self) -> list[Gate]:
        return list(self._flatten_layers(include_self=False, recursive=False))

    def _check_shape(self, shape: tuple[int | None, ...]) -> None:
        ranks = self.accepted_ranks
        if len(shape) - 2 not in ranks:
            kinds = ", ".join(f"{rank} ({AXIS_NAMES[rank]})" for rank in ranks)
            raise ValueError(
                f"{self.described} takes a batch of feature maps with channels and this "
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
