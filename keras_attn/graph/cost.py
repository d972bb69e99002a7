"""What a model costs: parameters, and multiply-accumulates for one sample, layer by layer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import keras

from keras_attn.gates.parts import size
from keras_attn.graph.inputs import input_shapes
from keras_attn.graph.kinds import CONVOLUTIONS, SEPARABLE, TRANSPOSED
from keras_attn.graph.read import graph_of, trace
from keras_attn.layers import AttentionGate
from keras_attn.layers.kinds import Attention, is_attention

Shape = tuple[int, ...]


class LayerCost(NamedTuple):
    """A row of the table: one layer, all its calls in the model together.

    Attributes:
        layer: Path of its first call: its name, in a nested model `"model/layer"`.
        kind: Its class.
        output_shape: That of its last call, without the batch.
        parameters: Number of weights that can be trained, including those of frozen layers.
        macs: Multiply-accumulates for one sample; None where no rule is known.
    """

    layer: str
    kind: str
    output_shape: tuple
    parameters: int
    macs: int | None


@dataclass(frozen=True)
class Cost:
    """The cost of a model.

    Attributes:
        table: One row per layer, in the order of computation.
    """

    table: tuple[LayerCost, ...]

    @property
    def parameters(self) -> int:
        """The number of weights that can be trained, including those of frozen layers."""
        return sum(row.parameters for row in self.table)

    @property
    def macs(self) -> int:
        """Multiply-accumulates for one sample, without those of the layers in `uncounted`."""
        return sum(row.macs or 0 for row in self.table)

    @property
    def uncounted(self) -> tuple[str, ...]:
        """Names of the layers for which no counting rule is known."""
        return tuple(row.layer for row in self.table if row.macs is None)

    def __str__(self) -> str:
        cells = [("layer", "kind", "output", "parameters", "MACs")]
        cells += [
            (
                row.layer,
                row.kind,
                " x ".join(map(str, row.output_shape)),
                f"{row.parameters:,}",
                "not counted" if row.macs is None else f"{row.macs:,}",
            )
            for row in self.table
        ]
        cells.append(("total", "", "", f"{self.parameters:,}", f"{self.macs:,}"))
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        aligned = (str.ljust, str.ljust, str.ljust, str.rjust, str.rjust)
        return "\n".join(
            "  ".join(
                align(cell, width) for align, cell, width in zip(aligned, row, widths, strict=True)
            ).rstrip()
            for row in cells
        )


def cost(model: keras.Model | Attention, input_shape: Sequence | None = None) -> Cost:
    """Parameters and multiply-accumulates of a model, without running it.

    The count includes the products that convolutions, dense layers and matrix products add up; for
    attention layers those of the published formula, however a backend computes it.
    Normalization, pooling, activations and element-wise products are not counted, as is usual.

    Args:
        model: A Functional model, a Sequential one with known input, or one attention layer.
        input_shape: Shape of the input without the batch, where the model leaves sizes open; a
            list of shapes for a model with several inputs. An attention layer needs it; an
            attention gate needs the shapes of its map and of its gating map.

    Returns:
        A `Cost`: `.parameters`, `.macs`, `.table` by layer; printed, the table.

    Raises:
        ValueError: If sizes are open, the layers of the model cannot be read, or a single layer
            takes another number of maps.

    Example:
        >>> import keras, keras_attn
        >>> inputs = keras.Input((8, 8, 32))
        >>> model = keras.Model(inputs, keras_attn.create("csa")(inputs))
        >>> keras_attn.cost(model).parameters
        610
        >>> keras_attn.cost(keras_attn.create("csa"), (8, 8, 32)).macs
        7296
        >>> gate = keras_attn.create("attention_gate")
        >>> keras_attn.cost(gate, [(8, 8, 32), (4, 4, 64)]).macs
        114944
    """
    if is_attention(model):
        return cost(_model_of(model, input_shape))
    graph = graph_of(model)
    rows: dict[int, LayerCost] = {}
    for call in trace(graph, _inputs(graph, input_shape))[0]:
        if isinstance(call.operation, keras.layers.Layer):
            shapes = [tensor.shape for tensor in call.inputs]
            row = _layer_cost(call.path, call.operation, shapes, call.outputs[0].shape)
            _add(rows, id(call.operation), row)
    return Cost(tuple(rows.values()))


def _model_of(layer: Attention, input_shape: Sequence | None) -> keras.Model:
    """A model of one new layer, so that the given one is not changed."""
    if isinstance(layer, AttentionGate):
        number, example = 2, "[(56, 56, 64), (28, 28, 128)]"
        expected = "the shapes of its map and of its gating map"
    else:
        number, example, expected = 1, "(56, 56, 64)", "the shape of its map"
    given = [] if input_shape is None else list(input_shape)
    shapes = given if given and isinstance(given[0], (list, tuple)) else [given]
    if len(shapes) != number or not all(shapes):
        raise ValueError(
            f"The cost of the layer {type(layer).__name__} depends on its input: `input_shape` "
            f"must be {expected} without the batch, such as input_shape={example}. "
            f"Received: {input_shape!r}."
        )
    inputs = [keras.Input(tuple(shape)) for shape in shapes]
    return keras.Model(inputs, type(layer).from_config(layer.get_config())(*inputs))


def _inputs(graph: keras.Function, input_shape: Sequence | None) -> list[keras.KerasTensor]:
    """The inputs of the graph, of the given or their own shapes."""
    shapes = input_shapes(graph, input_shape)
    if any(None in shape for shape in shapes):
        raise ValueError(
            f"The model leaves sizes of its input open, {shapes}, and its cost depends on them. "
            f"Give the input shape without the batch, such as cost(model, input_shape=(224, 224, "
            f"3))."
        )
    return [
        keras.KerasTensor((1, *shape), dtype=tensor.dtype)
        for shape, tensor in zip(shapes, graph.inputs, strict=True)
    ]


def _add(rows: dict[int, LayerCost], key: int, row: LayerCost) -> None:
    """Adds a call: a second call of a layer adds multiply-accumulates, but no parameters."""
    if (earlier := rows.get(key)) is not None and earlier.macs is not None:
        row = row._replace(layer=earlier.layer, macs=earlier.macs + (row.macs or 0))
    rows[key] = row


def _layer_cost(name: str, layer: Any, shapes: list[Shape], output: Shape) -> LayerCost:
    parameters = sum(
        size(variable) for each in layer._flatten_layers() for variable in each._trainable_variables
    )
    return LayerCost(
        name, type(layer).__name__, tuple(output[1:]), parameters, _macs(layer, shapes, output)
    )


def _macs(layer: Any, shapes: list[Shape], output: Shape) -> int | None:
    """Multiply-accumulates of one call; None where no rule is known.

    A layer with a method `macs` counts its own. A layer whose weights are all vectors, such as a
    normalization, scales and shifts values, which is not counted.
    """
    if hasattr(layer, "macs"):
        return layer.macs(*shapes)
    if isinstance(layer, keras.layers.Dense):
        return size(layer.kernel) * math.prod(output[1:-1])
    if isinstance(layer, TRANSPOSED):
        return size(layer.kernel) * _positions(layer, shapes[0])
    if isinstance(layer, CONVOLUTIONS):
        return size(layer.kernel) * _positions(layer, output)
    if isinstance(layer, SEPARABLE):
        kernels = layer.depthwise_kernel, layer.pointwise_kernel
        return sum(map(size, kernels)) * _positions(layer, output)
    if all(len(weight.shape) <= 1 for weight in layer.weights):
        return 0
    return None


def _positions(layer: Any, shape: Shape) -> int:
    """How many positions a map of that shape has, in the data format of a convolution."""
    return math.prod(shape[1:-1] if layer.data_format == "channels_last" else shape[2:])
