"""The cost columns of the GAM paper's CIFAR-100 table (arXiv:2112.05561), beside ours.

    python -m benchmarks.cost_table

A ResNet-50 with CIFAR stem, 100 classes, 32x32 images; attention at the end of every
bottleneck's branch, BAM after stages 1 to 3. The networks are built, not run: about 20 seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import keras

import keras_attn
from keras_attn.study.built_in import residual_network

#: The last layers of stages 1 to 3.
STAGE_ENDS = ("stage1_block3_relu", "stage2_block4_relu", "stage3_block6_relu")


class Published(NamedTuple):
    """A row of the paper's table.

    Attributes:
        name: The network.
        build: Makes it.
        parameters: In millions.
        macs: Multiply-accumulates, in thousands of millions.
    """

    name: str
    build: Callable[[], keras.Model]
    parameters: float
    macs: float


class Row(NamedTuple):
    """The paper's figures and ours, both in millions and thousands of millions."""

    name: str
    parameters: float
    our_parameters: float
    macs: float
    our_macs: float


def resnet50(key: str | None = None, **config: Any) -> keras.Model:
    """The network with attention at the end of every block's branch."""

    def attend(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
        return keras_attn.create(str(key), name=name, **config)(x)

    attention = None if key is None else attend
    return residual_network((32, 32, 3), "multi-class", 100, attention, "resnet50")


def resnet50_after_stages(key: str) -> keras.Model:
    """The network with attention once after each of stages 1 to 3."""

    def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
        x = layer(*args, **kwargs)
        return keras_attn.create(key)(x) if layer.name in STAGE_ENDS else x

    return keras.models.clone_model(resnet50(), call_function=call)


TABLE = (
    Published("ResNet-50", resnet50, 23.71, 1.30),
    Published("+ SE", lambda: resnet50("se"), 26.22, 1.31),
    Published("+ BAM", lambda: resnet50_after_stages("bam"), 24.06, 1.33),
    Published("+ CBAM", lambda: resnet50("cbam"), 26.24, 1.31),
    Published("+ GAM", lambda: resnet50("gam"), 149.47, 8.02),
    Published("+ GAM, 4 groups", lambda: resnet50("gam", groups=4), 57.05, 3.08),
)


def measured() -> Iterator[Row]:
    """Each row of the table with the cost of our network."""
    for name, build, parameters, macs in TABLE:
        cost = keras_attn.cost(build())
        yield Row(name, parameters, cost.parameters / 1e6, macs, cost.macs / 1e9)


if __name__ == "__main__":
    for row in measured():
        print(
            f"{row.name:16} parameters {row.parameters:6.2f} M, ours {row.our_parameters:7.3f} M; "
            f"MACs {row.macs:.2f} G, ours {row.our_macs:.3f} G"
        )
