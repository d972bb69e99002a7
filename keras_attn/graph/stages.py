"""The stages of a network: the last map of each resolution on its main path."""

from __future__ import annotations

import itertools
import math

import keras

from keras_attn.graph.anatomy import Anatomy
from keras_attn.graph.detector import backbone_path, is_detector, neck_ends
from keras_attn.graph.kinds import (
    CONVOLUTIONS,
    SEPARABLE,
    TRANSPOSED,
    activation_of,
    has_weights,
    is_addition,
    is_merge,
    is_pointwise,
)

#: Activations that may follow a layer that returns logits.
_OUTPUT_ACTIVATIONS = (None, "linear", "sigmoid", "softmax", "log_softmax", "tanh")


def stage_ends(anatomy: Anatomy) -> list[int]:
    """The position of the last call of each stage, in the order of the main path.

    Stages of a classifier differ in resolution. Those of an encoder-decoder network are the stages
    of its encoder, the bottleneck, and those of its decoder. The layer that returns the logits
    belongs to no stage. Those of a detector that returns maps of several resolutions are the stages
    of its backbone, and the maps of its neck that the heads begin with.

    The last stage ends with its last map. In the others with residual or dense blocks, the end is
    the narrowest map after the last of them, with its activation: what follows in inverted
    bottlenecks is wider and belongs to the next block. Where some stages of an encoder or decoder
    have blocks, those without, such as the stem, are not stages.
    """
    if is_detector(anatomy):
        backbone = _ends(anatomy, backbone_path(anatomy, _main_path))
        return [*backbone, *neck_ends(anatomy, _main_path)]
    # The main output is the one that most calls lead to.
    output = max(anatomy.outputs, key=lambda tensor: anatomy.before(tensor).bit_count())
    return _ends(anatomy, _without_head(anatomy, _main_path(anatomy, output)))


def stage_of(index: int, ends: list[int]) -> int:
    """The number of the stage that a call belongs to, from 1."""
    before = sum(end < index for end in ends)
    return min(before + 1, len(ends)) if ends else 1


def _ends(anatomy: Anatomy, path: list[int]) -> list[int]:
    """The last call of each stage of a path."""
    trunk = [index for index in path if anatomy.is_map(index)]
    runs = [list(run) for _, run in itertools.groupby(trunk, key=anatomy.size)]
    if not runs:
        return []
    lowest = min(range(len(runs)), key=lambda i: math.prod(anatomy.size(runs[i][0])))
    found = []
    for part in (runs[: lowest + 1], runs[lowest + 1 :]):
        merging = [run for run in part if _merges(anatomy, run)]
        learned = [run for run in part if any(has_weights(anatomy.calls[i]) for i in run)]
        found += [_end(anatomy, run, is_last=run is runs[-1]) for run in merging or learned]
    return found


def _end(anatomy: Anatomy, run: list[int], is_last: bool) -> int:
    merges = _merges(anatomy, run)
    if not merges or is_last:
        return run[-1]
    if is_detector(anatomy) and not is_addition(anatomy.calls[merges[-1]]):
        return run[-1]  # the blocks of detectors end with a convolution of what they concatenate
    after = run[run.index(merges[-1]) :]
    return _with_activation(anatomy, min(after, key=anatomy.channels))


def _with_activation(anatomy: Anatomy, index: int) -> int:
    if isinstance(anatomy.calls[index].operation, CONVOLUTIONS):
        return anatomy.activated(index)
    users = anatomy.users(index)
    activated = len(users) == 1 and is_pointwise(anatomy.calls[users[0]])
    return users[0] if activated and not has_weights(anatomy.calls[users[0]]) else index


def _merges(anatomy: Anatomy, run: list[int]) -> list[int]:
    """The calls that end a residual or dense block."""
    return [
        index
        for index in run
        if is_merge(anatomy.calls[index])
        and not any(anatomy.is_long_skip(index, each) for each in anatomy.calls[index].inputs)
    ]


def _main_path(anatomy: Anatomy, output: keras.KerasTensor) -> list[int]:
    """The calls that every path to an output passes, long skips aside."""
    inputs = _inputs_without_skips(anatomy, output)
    last_use = {id(tensor): index for index in sorted(inputs) for tensor in inputs[index]}
    outputs = {id(each) for index in inputs for each in anatomy.calls[index].outputs}
    open_until = max(use for tensor, use in last_use.items() if tensor not in outputs)
    path = []
    for index in sorted(inputs):
        if open_until <= index:
            path.append(index)
        for tensor in anatomy.calls[index].outputs:
            open_until = max(open_until, last_use.get(id(tensor), index))
    return path


def _inputs_without_skips(
    anatomy: Anatomy, output: keras.KerasTensor
) -> dict[int, list[keras.KerasTensor]]:
    """The calls that an output depends on, long skips aside, and their inputs."""
    found: dict[int, list[keras.KerasTensor]] = {}
    waiting = [anatomy.producer(output)]
    while waiting:
        index = waiting.pop()
        if index is None or index in found:
            continue
        inputs = anatomy.calls[index].inputs
        found[index] = [each for each in inputs if not anatomy.is_long_skip(index, each)]
        waiting += [anatomy.producer(each) for each in found[index]]
    return found


def _without_head(anatomy: Anatomy, path: list[int]) -> list[int]:
    """The main path up to the layer that returns the logits, if they are a map."""
    learned = [index for index in path if has_weights(anatomy.calls[index])]
    if len([index for index in learned if anatomy.is_map(index)]) < 2:
        return path
    last = learned[-1]
    following = [index for index in path if index > last]
    kinds = CONVOLUTIONS + TRANSPOSED + SEPARABLE
    activations = [activation_of(anatomy.calls[index].operation) for index in (last, *following)]
    is_head = (
        isinstance(anatomy.calls[last].operation, kinds)
        and all(activation in _OUTPUT_ACTIVATIONS for activation in activations)
        and not any(is_merge(anatomy.calls[index]) for index in following)
    )
    return [index for index in path if index < last] if is_head else path
