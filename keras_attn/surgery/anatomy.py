"""What a network is made of: its residual blocks, its stages, and its trunk between them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import keras

from keras_attn.cost import CONVOLUTIONS, SEPARABLE
from keras_attn.functional import Step, graph_of, trace

#: In place of sizes that a model leaves open; a multiple of all usual strides.
OPEN_SIZE = 256


@dataclass(frozen=True)
class Block:
    """A residual block.

    Attributes:
        addition: Position of the step that adds shortcut and branch.
        branch: Which of its inputs is the branch.
        steps: Positions of the steps of the branch.
    """

    addition: int
    branch: int
    steps: tuple[int, ...]


class Anatomy:
    """The steps of a model and what they make together.

    Args:
        model: A Functional model.

    Attributes:
        steps: Every call, of nested models too, in an order of computation.
        data_format: Of the model's layers.
        blocks: The residual blocks.
        stage_ends: Position of the last step of each stage.
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
        self.steps, outputs = trace(
            graph, keras.tree.pack_sequence_as(graph._inputs_struct, inputs)
        )
        self.data_format = self._data_format()
        self._producer = {
            id(tensor): index for index, step in enumerate(self.steps) for tensor in step.outputs
        }
        self._ancestors = self._find_ancestors()
        self.blocks = self._find_blocks()
        self.stage_ends = self._find_stage_ends(outputs)

    def is_map(self, index: int) -> bool:
        """Whether a step gives one feature map with more than one position."""
        outputs = self.steps[index].outputs
        return len(outputs) == 1 and len(outputs[0].shape) > 2 and max(self.size(index)) > 1

    def size(self, index: int) -> tuple[int, ...]:
        """The spatial sizes of the map of a step."""
        shape = self.steps[index].outputs[0].shape
        return shape[1:-1] if self.data_format == "channels_last" else shape[2:]

    def channels(self, index: int) -> int:
        """The channels of the map of a step."""
        return self.steps[index].outputs[0].shape[-1 if self.data_format == "channels_last" else 1]

    def stage(self, index: int) -> int:
        """The stage that a step belongs to, from 1."""
        ends = self.stage_ends
        before = sum(end < index for end in ends)
        return min(before + 1, len(ends)) if ends else 1

    def spatial_convolutions(self, block: Block) -> list[int]:
        """The convolutions of a block's branch that look further than one position."""
        return [
            index
            for index in block.steps
            if isinstance(layer := self.steps[index].operation, CONVOLUTIONS + SEPARABLE)
            and max(layer.kernel_size) > 1
        ]

    def activated(self, index: int) -> int:
        """The end of the normalisation and activation that follow a convolution, if any do."""
        while len(users := self._users(index)) == 1 and _is_pointwise(self.steps[users[0]]):
            index = users[0]
        return index

    def dtype_policy(self, index: int) -> Any:
        """The dtype policy of the layer that gives a map; a function's is that of its input."""
        while not isinstance(self.steps[index].operation, keras.Layer):
            sources = [self._producer.get(id(tensor)) for tensor in self.steps[index].inputs]
            known = [source for source in sources if source is not None]
            if not known:
                return keras.config.dtype_policy()
            index = known[0]
        return self.steps[index].operation.dtype_policy

    def _users(self, index: int) -> list[int]:
        output = self.steps[index].outputs[0]
        return [i for i, step in enumerate(self.steps) if any(x is output for x in step.inputs)]

    def _data_format(self) -> str:
        for step in self.steps:
            if (data_format := getattr(step.operation, "data_format", None)) is not None:
                return data_format
        return keras.config.image_data_format()

    def _find_ancestors(self) -> list[int]:
        """For each step the steps before it on any path, and itself, as the bits of a number."""
        ancestors: list[int] = []
        for index, step in enumerate(self.steps):
            bits = 1 << index
            for tensor in step.inputs:
                if (source := self._producer.get(id(tensor))) is not None:
                    bits |= ancestors[source]
            ancestors.append(bits)
        return ancestors

    def _before(self, tensor: keras.KerasTensor) -> int:
        source = self._producer.get(id(tensor))
        return 0 if source is None else self._ancestors[source]

    def _find_blocks(self) -> list[Block]:
        """Every sum of maps, one of which has come through more steps of its own.

        The other is the shortcut: the map itself, or a projection of it.
        """
        blocks = []
        for index, step in enumerate(self.steps):
            shapes = {tensor.shape for tensor in step.inputs}
            if not (_is_addition(step) and self.is_map(index) and len(shapes) == 1):
                continue
            before = [self._before(tensor) for tensor in step.inputs]
            shared = before[0]
            for bits in before[1:]:
                shared &= bits
            own = [_positions(bits & ~shared) for bits in before]
            lengths = sorted(map(len, own))
            branch = max(range(len(own)), key=lambda i: len(own[i]))
            learned = any(getattr(self.steps[i].operation, "weights", ()) for i in own[branch])
            if lengths[-1] > lengths[-2] and learned:
                blocks.append(Block(index, branch, tuple(own[branch])))
        return blocks

    def _find_trunk(self, outputs: tuple[keras.KerasTensor, ...]) -> list[int]:
        """The steps that every path to the output passes: that with most steps before it."""
        output = max(outputs, key=lambda tensor: self._before(tensor).bit_count())
        relevant = _positions(self._before(output))
        last_use: dict[int, int] = {}
        for index in relevant:
            for tensor in self.steps[index].inputs:
                last_use[id(tensor)] = index
        trunk = []
        open_until = max(use for tensor, use in last_use.items() if tensor not in self._producer)
        for index in relevant:
            if open_until <= index:
                trunk.append(index)
            for tensor in self.steps[index].outputs:
                open_until = max(open_until, last_use.get(id(tensor), index))
        return trunk

    def _find_stage_ends(self, outputs: tuple[keras.KerasTensor, ...]) -> list[int]:
        """The last map of each resolution, before anything prepares for the next.

        In the last stage it is the last of all. In the others with residual or dense blocks it is
        the narrowest map after the last of them, with its activation: what follows in inverted
        bottlenecks is wider and belongs to the next block. Where some stages have blocks, the
        stem, which has none, is no stage.
        """
        trunk = [index for index in self._find_trunk(outputs) if self.is_map(index)]
        runs = [list(run) for _, run in itertools.groupby(trunk, key=self.size)]
        merging = [run for run in runs if self._merges(run)]
        learned = [run for run in runs if self._has_weights(run)]
        ends = []
        for run in merging or learned:
            merges = self._merges(run)
            if merges and run is not runs[-1]:
                after = run[run.index(merges[-1]) :]
                ends.append(self._with_activation(min(after, key=self.channels)))
            else:
                ends.append(run[-1])
        return ends

    def _merges(self, run: list[int]) -> list[int]:
        return [
            index
            for index in run
            if _is_addition(self.steps[index])
            or isinstance(self.steps[index].operation, keras.layers.Concatenate)
        ]

    def _has_weights(self, run: list[int]) -> bool:
        return any(getattr(self.steps[index].operation, "weights", ()) for index in run)

    def _with_activation(self, index: int) -> int:
        users = self._users(index)
        activated = len(users) == 1 and _is_pointwise(self.steps[users[0]])
        if activated and not getattr(self.steps[users[0]].operation, "weights", ()):
            return users[0]
        return index


def _positions(bits: int) -> list[int]:
    return [i for i, bit in enumerate(reversed(f"{bits:b}")) if bit == "1"]


def _is_addition(step: Step) -> bool:
    operation: Any = step.operation
    named_add = type(operation).__name__ == "Add" and isinstance(operation, keras.Operation)
    return named_add and len(step.inputs) > 1


def _is_pointwise(step: Step) -> bool:
    """Whether a step keeps the shape, and mixes no positions: a normalisation or activation."""
    shapes = {tensor.shape for tensor in (*step.inputs, *step.outputs)}
    if len(step.inputs) != 1 or len(shapes) != 1:
        return False
    weights = getattr(step.operation, "weights", ())
    return not weights or "Normalization" in type(step.operation).__name__
