"""The stages of a detector, which returns boxes, or a map for each of several resolutions."""

from __future__ import annotations

import math
from collections.abc import Callable

import keras

from keras_attn.graph.anatomy import Anatomy
from keras_attn.graph.kinds import has_weights, is_merge

#: From an anatomy and one of its tensors, the calls that every path to the tensor passes.
MainPath = Callable[[Anatomy, keras.KerasTensor], list[int]]


def is_detector(anatomy: Anatomy) -> bool:
    """Whether a model returns maps of different resolutions, or boxes and has a pyramid."""
    maps = _output_maps(anatomy)
    if len({anatomy.size(index) for index in maps}) > 1:
        return True
    rank = max(anatomy.input_ranks)
    returns_boxes = rank > 3 and all(len(each.shape) == 3 for each in anatomy.outputs)
    return returns_boxes and any(_enlarges(anatomy, index) for index in range(len(anatomy.calls)))


def backbone_path(anatomy: Anatomy, main_path: MainPath) -> list[int]:
    """The main path of the backbone: the calls up to its smallest map, before any enlargement."""
    enlarging = [index for index in range(len(anatomy.calls)) if _enlarges(anatomy, index)]
    after = sum(1 << index for index in enlarging)
    rank = max(anatomy.input_ranks)
    maps = [
        index
        for index, call in enumerate(anatomy.calls)
        if anatomy.is_map(index)
        and len(call.outputs[0].shape) == rank
        and not anatomy.ancestors[index] & after
    ]
    smallest = min(_area(anatomy, index) for index in maps)
    heads = [
        index
        for index in maps
        if _area(anatomy, index) == smallest
        and not any(anatomy.ancestors[later] >> index & 1 for later in maps if later > index)
    ]
    # Of the ends without a follower, the first belongs to the backbone: heads come after it.
    last = min(heads)
    return main_path(anatomy, anatomy.calls[last].outputs[0])


def neck_ends(anatomy: Anatomy, main_path: MainPath) -> list[int]:
    """The map that the head of each output begins with, in the order of computation.

    A head ends with a merge of its branches, or with one layer with weights.
    """
    found = []
    for output in _output_maps(anatomy):
        path = main_path(anatomy, anatomy.calls[output].outputs[0])
        ends = [i for i in path if has_weights(anatomy.calls[i]) or is_merge(anatomy.calls[i])]
        before = path[: path.index(ends[-1])] if ends else []
        found += [index for index in before if anatomy.is_map(index)][-1:]
    return sorted(set(found))


def _output_maps(anatomy: Anatomy) -> list[int]:
    rank = max(anatomy.input_ranks)
    images = [anatomy.producer(each) for each in anatomy.outputs if len(each.shape) == rank]
    return [index for index in images if index is not None and anatomy.is_map(index)]


def _enlarges(anatomy: Anatomy, index: int) -> bool:
    """Whether a call doubles the sides of a map, or more; padding does not count.

    The reshaping in a self-attention may lengthen one side, but never all of them.
    """
    call = anatomy.calls[index]
    if not anatomy.is_map(index) or "Pad" in type(call.operation).__name__:
        return False
    sources = [anatomy.producer(tensor) for tensor in call.inputs]
    sizes = [anatomy.size(each) for each in sources if each is not None and anatomy.is_map(each)]
    return bool(sizes) and all(
        len(size) == len(anatomy.size(index))
        and all(new >= 2 * old for new, old in zip(anatomy.size(index), size, strict=True))
        for size in sizes
    )


def _area(anatomy: Anatomy, index: int) -> int:
    return math.prod(anatomy.size(index))
