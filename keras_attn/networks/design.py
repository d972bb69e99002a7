"""What a network is made of, as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import keras

import keras_attn.catalogue as catalogue

#: What is applied at a place: a function of a feature map and a name, which returns the new map.
Placement = Callable[[keras.KerasTensor, str], keras.KerasTensor]

#: Where attention can sit: at the end of a block's branch, before the last convolution of the
#: branch, or between the stages.
POSITIONS = ("branch", "inside", "stages")


class Attention(NamedTuple):
    """Attention in a network.

    Attributes:
        key: A key of the catalogue.
        config: Arguments of the layer; or a function of the layer's name that returns them, or
            None where the network has no attention.
        position: One of `POSITIONS`.
    """

    key: str
    config: Mapping[str, Any] | Callable[[str], Mapping[str, Any] | None] = MappingProxyType({})
    position: str = "branch"

    def arguments(self, name: str) -> Mapping[str, Any] | None:
        """The arguments of the layer of this name; None if it is absent."""
        return self.config(name) if callable(self.config) else self.config

    def place(self, x: keras.KerasTensor, name: str) -> keras.KerasTensor:
        """The map after the layer of this name."""
        config = self.arguments(name)
        return x if config is None else catalogue.create(self.key, name=name, **config)(x)


class Design(NamedTuple):
    """The size and the form of a network.

    Attributes:
        block: `"basic"`, `"bottleneck"` or `"inverted"` (MobileNetV2).
        widths: Channels of each stage; a bottleneck returns four times as many.
        depths: Number of blocks in each stage.
        stem: `"imagenet"` (7x7 with stride 2, max pooling), `"cifar"` (3x3), `"deep"` (three
            3x3 convolutions, max pooling) or `"mobile"` (3x3 with stride 2).
        stem_widths: Channels of the convolutions of the stem.
        pooled_shortcut: Whether a shortcut halves the map with average pooling, instead of a
            strided convolution.
        projected_first: Whether the first shortcut of the first stage is a convolution though
            no width changes.
        branch_stage: Number of the stage before which an attention branch starts; 0 for none.
        expansion: Channels inside an inverted block per channel of its input.
        strides: Stride of each stage; None for 1, and 2 from the second stage on.
        head_width: Channels of the last 1x1 convolution; 0 for none.
        padding: `"torch"` pads all sides alike, as published weights need it; `"same"` pads as
            Keras does, more on the far side where a stride of 2 leaves no choice.
        data_format: `"channels_last"`, `"channels_first"`, or None for Keras's own.
    """

    block: str
    widths: tuple[int, ...]
    depths: tuple[int, ...]
    stem: str = "imagenet"
    stem_widths: tuple[int, ...] = (64,)
    pooled_shortcut: bool = False
    projected_first: bool = False
    branch_stage: int = 0
    expansion: int = 6
    strides: tuple[int, ...] | None = None
    head_width: int = 0
    padding: str = "torch"
    data_format: str | None = None

    @property
    def stage_strides(self) -> tuple[int, ...]:
        """The stride of each stage."""
        return self.strides or (1, *(2 for _ in self.widths[1:]))

    @property
    def channel_axis(self) -> int:
        """The axis of the channels."""
        last = (self.data_format or keras.config.image_data_format()) == "channels_last"
        return -1 if last else 1


_WIDTHS = (64, 128, 256, 512)
_SMALL = (16, 32, 64)
_SAME: dict[str, Any] = {"stem": "cifar", "padding": "same"}
_DEEP: dict[str, Any] = {"stem": "deep", "pooled_shortcut": True}


def mobile_design(widths: tuple[int, ...], depths: tuple[int, ...], stem: int, head: int) -> Design:
    """A MobileNetV2 of these widths."""
    strides = (1, 2, 2, 2, 1, 2, 1)
    return Design("inverted", widths, depths, "mobile", (stem,), strides=strides, head_width=head)


DESIGNS = {
    "resnet18": Design("basic", _WIDTHS, (2, 2, 2, 2)),
    "resnet34": Design("basic", _WIDTHS, (3, 4, 6, 3)),
    "resnet50": Design("bottleneck", _WIDTHS, (3, 4, 6, 3)),
    "resnet101": Design("bottleneck", _WIDTHS, (3, 4, 23, 3)),
    "resnet152": Design("bottleneck", _WIDTHS, (3, 8, 36, 3)),
    "resnet50d": Design("bottleneck", _WIDTHS, (3, 4, 6, 3), stem_widths=(32, 32, 64), **_DEEP),
    "resnet50t": Design("bottleneck", _WIDTHS, (3, 4, 6, 3), stem_widths=(24, 32, 64), **_DEEP),
    "resnet20_cifar": Design("basic", _SMALL, (3, 3, 3), "cifar", (16,)),
    "resnet32_cifar": Design("basic", _SMALL, (5, 5, 5), "cifar", (16,)),
    "resnet56_cifar": Design("basic", _SMALL, (9, 9, 9), "cifar", (16,)),
    "resnet18_cifar": Design("basic", _WIDTHS, (2, 2, 2, 2), "cifar"),
    "resnet50_cifar": Design("bottleneck", _WIDTHS, (3, 4, 6, 3), "cifar"),
    "resnet8_same": Design("basic", _SMALL, (1, 1, 1), stem_widths=(16,), **_SAME),
    "resnet20_same": Design("basic", _SMALL, (3, 3, 3), stem_widths=(16,), **_SAME),
    "resnet18_same": Design("basic", _WIDTHS, (2, 2, 2, 2), **_SAME),
    "resnet50_same": Design("bottleneck", _WIDTHS, (3, 4, 6, 3), **_SAME),
    "mobilenet_v2": mobile_design((16, 24, 32, 64, 96, 160, 320), (1, 2, 3, 4, 3, 3, 1), 32, 1280),
    "abn_resnet20_cifar": Design("basic", _SMALL, (3, 3, 3), "cifar", (16,), branch_stage=3),
    "abn_resnet50": Design("bottleneck", _WIDTHS, (3, 4, 6, 3), branch_stage=4),
}
