"""What a network is made of: its feature maps, its residual blocks, and its stages."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import keras

from keras_attn.graph.kinds import has_weights, is_addition, is_pointwise, is_spatial_convolution
from keras_attn.graph.read import Call, graph_of, trace

#: In place of sizes that a model leaves open; a multiple of all usual strides.
OPEN_SIZE = 256


@dataclass(frozen=True)
class Block:
    """A residual block.

    Attributes:
        addition: Position of the call that adds shortcut and branch.
        branch: Which of its inputs is the branch.
        calls: Positions of the calls of the branch.
    """

    addition: int
    branch: int
    calls: tuple[int, ...]


class Anatomy:
    """The calls of a model and what they form together.

    Calls are named by their position in `calls`.

    Args:
        model: A Functional model.

    Attributes:
        calls: Every call, also of nested models, in an order of computation.
        outputs: The model's outputs.
        ancestors: For each call the bits of the calls that it depends on, and its own.
    """

    def __init__(self, model: keras.Model) -> None:
        graph = graph_of(model)
        inputs = [
            keras.KerasTensor(
                (1, *(OPEN_SIZE if size is None else size for size in tensor.shape[1:])),
                dtype=tensor.dtype,
            )
            for tensor in graph.inputs
        ]
        self.input_ranks = [len(tensor.shape) for tensor in inputs]
        self.calls, self.outputs = trace(
            graph, keras.tree.pack_sequence_as(graph._inputs_struct, inputs)
        )
        self._producer = {
            id(tensor): index for index, call in enumerate(self.calls) for tensor in call.outputs
        }
        self.ancestors = self._find_ancestors()

    def producer(self, tensor: keras.KerasTensor) -> int | None:
        """The call that returns a tensor; None for an input of the model."""
        return self._producer.get(id(tensor))

    def before(self, tensor: keras.KerasTensor) -> int:
        """The bits of the calls that a tensor depends on."""
        source = self.producer(tensor)
        return 0 if source is None else self.ancestors[source]

    def users(self, index: int) -> list[int]:
        """The calls that are given the first output of a call."""
        output = self.calls[index].outputs[0]
        return [i for i, call in enumerate(self.calls) if any(x is output for x in call.inputs)]

    def is_map(self, index: int) -> bool:
        """Whether a call returns one feature map with more than one position."""
        outputs = self.calls[index].outputs
        if len(outputs) != 1 or len(outputs[0].shape) < 3 or self.has_time_axis(index):
            return False
        return max(self.size(index)) > 1

    def size(self, index: int) -> tuple[int, ...]:
        """The spatial sizes of the map of a call."""
        shape = self.calls[index].outputs[0].shape
        return shape[1:-1] if self.data_format(index) == "channels_last" else shape[2:]

    def channels(self, index: int) -> int:
        """The number of channels of the map of a call."""
        shape = self.calls[index].outputs[0].shape
        return shape[-1 if self.data_format(index) == "channels_last" else 1]

    def data_format(self, index: int) -> str:
        """The data format of the map of a call: its layer's own, or that of its input."""
        return self._data_formats[index]

    def has_time_axis(self, index: int) -> bool:
        """Whether the first axis of a call's output is the time axis of a `TimeDistributed`."""
        return self._time_axes[index]

    def dtype_policy(self, index: int) -> Any:
        """The dtype policy of the layer that returns a map; a function's is that of its input."""
        while not isinstance(self.calls[index].operation, keras.Layer):
            sources = [self.producer(tensor) for tensor in self.calls[index].inputs]
            known = [source for source in sources if source is not None]
            if not known:
                return keras.config.dtype_policy()
            index = known[0]
        return self.calls[index].operation.dtype_policy

    def spatial_convolutions(self, block: Block) -> list[int]:
        """The convolutions of a block's branch that cover more than one position."""
        return [i for i in block.calls if is_spatial_convolution(self.calls[i].operation)]

    def activated(self, index: int) -> int:
        """The end of the normalization and activation that follow a call, if any do."""
        while len(users := self.users(index)) == 1 and is_pointwise(self.calls[users[0]]):
            index = users[0]
        return index

    def is_long_skip(self, index: int, tensor: keras.KerasTensor) -> bool:
        """Whether an input of a call bypasses lower resolutions, as between encoder and decoder.

        That is so if another input comes from a spatial convolution at a lower resolution that
        this one does not come from.
        """
        inputs = self.calls[index].inputs
        if len(inputs) < 2 or not self.is_map(index):
            return False
        main = max(inputs, key=lambda each: self.before(each).bit_count())
        own = positions(self.before(main) & ~self.before(tensor))
        return any(
            is_spatial_convolution(self.calls[i].operation)
            and math.prod(self.size(i)) < math.prod(self.size(index))
            for i in own
        )

    @cached_property
    def blocks(self) -> list[Block]:
        """Every sum of maps, one of which has passed through more calls of its own.

        The other is the shortcut: the map itself, or a projection of it.
        """
        blocks = []
        for index, call in enumerate(self.calls):
            shapes = {tensor.shape for tensor in call.inputs}
            if not (is_addition(call) and self.is_map(index) and len(shapes) == 1):
                continue
            if any(self.is_long_skip(index, tensor) for tensor in call.inputs):
                continue
            before = [self.before(tensor) for tensor in call.inputs]
            shared = before[0]
            for bits in before[1:]:
                shared &= bits
            own = [positions(bits & ~shared) for bits in before]
            lengths = sorted(map(len, own))
            branch = max(range(len(own)), key=lambda i: len(own[i]))
            learned = any(has_weights(self.calls[i]) for i in own[branch])
            if lengths[-1] > lengths[-2] and learned:
                blocks.append(Block(index, branch, tuple(own[branch])))
        return blocks

    def _find_ancestors(self) -> list[int]:
        ancestors: list[int] = []
        for index, call in enumerate(self.calls):
            bits = 1 << index
            for tensor in call.inputs:
                if (source := self.producer(tensor)) is not None:
                    bits |= ancestors[source]
            ancestors.append(bits)
        return ancestors

    @cached_property
    def _data_formats(self) -> list[str]:
        own = [getattr(call.operation, "data_format", None) for call in self.calls]
        default = next(filter(None, own), keras.config.image_data_format())
        formats: list[str] = []
        for call, each in zip(self.calls, own, strict=True):
            source = self.producer(call.inputs[0])
            formats.append(each or (default if source is None else formats[source]))
        return formats

    @cached_property
    def _time_axes(self) -> list[bool]:
        found: list[bool] = []
        for call in self.calls:
            sources = [self.producer(tensor) for tensor in call.inputs]
            inherited = any(source is not None and found[source] for source in sources)
            ranks = {len(tensor.shape) for tensor in (*call.inputs, *call.outputs)}
            found.append(_is_temporal(call) or (inherited and len(ranks) == 1 and _keeps(call)))
        return found


def _is_temporal(call: Call) -> bool:
    """Whether a call returns a sequence of maps."""
    sequence = isinstance(call.operation, (keras.layers.TimeDistributed, keras.layers.RNN))
    return sequence and len(call.outputs[0].shape) > 3


def _keeps(call: Call) -> bool:
    """Whether a call treats the time axis of its input as one: a 3-D convolution does not."""
    kinds = (keras.layers.Conv3D, keras.layers.Conv3DTranspose)
    return not isinstance(call.operation, kinds)


def positions(bits: int) -> list[int]:
    """The positions of the ones in the binary form of a number, from the lowest."""
    return [i for i, bit in enumerate(reversed(f"{bits:b}")) if bit == "1"]
