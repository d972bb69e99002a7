"""Checks of what a layer computes in inference: shapes, gates, data formats, samples, masks."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from keras_attn.catalogue import Entry
from keras_attn.contract.assertions import expect, expect_equal, expect_error, expect_near
from keras_attn.contract.running import as_array, attended, run, run_attended
from keras_attn.contract.samples import (
    CHANNELS,
    SIZES,
    copy_weights,
    create,
    create_random,
    random_map,
    shape_of,
)
from keras_attn.layers import AttentionLayer


def check_shapes(entry: Entry) -> None:
    """Declared and symbolic shapes agree; batch and spatial sizes may be unknown.

    `check_data_formats` compares the computed shapes of the same maps.
    """
    for rank in entry.spatial_ranks:
        for data_format in ("channels_last", "channels_first"):
            shape = shape_of(rank, data_format)
            layer = create(entry, data_format=data_format)
            unknown = tuple(size if size == CHANNELS else None for size in shape)
            output = layer(keras.KerasTensor(unknown, dtype="float32"))
            several = isinstance(output, (list, tuple))
            expect_equal("single_output" in entry.limits, several, "several outputs are declared")
            expect_equal(tuple(attended(output).shape), unknown, "the symbolic shape")
            declared = layer.compute_output_shape(shape)
            expect_equal(_attended_shape(declared), shape, "compute_output_shape")


def _attended_shape(shape: Any) -> tuple:
    """The shape of the attended map, which is the first where there are several."""
    return tuple(shape[0] if isinstance(shape[0], (list, tuple)) else shape)


def check_gates(entry: Entry) -> None:
    """The gates broadcast against the input and give the output through `gain`.

    A layer that declares the limit `gain` must not give its output so.
    """
    for data_format in ("channels_last", "channels_first"):
        x = random_map(shape_of(2, data_format))
        layer = create_random(entry, x.shape, data_format=data_format)
        output, gates = run(layer, x, lambda x, layer=layer: (attended(layer(x)), layer.gates(x)))
        expect(gates, "the layer has no gates")
        for name, gate in gates.items():
            expect_equal(len(gate.shape), x.ndim, f"the rank of the gate {name}")
            # The weights of a mixing gate lie along the channels.
            mixing = {1, gate.shape[layer.channel_axis(x.shape)]}
            fits = all(
                ours in {1, theirs} | mixing
                for ours, theirs in zip(gate.shape, x.shape, strict=True)
            )
            expect(fits, f"the gate {name} of shape {gate.shape} does not broadcast to {x.shape}")
        gained = _gained(layer, x, gates)
        if "gain" not in entry.limits:
            if gained is None:
                raise AssertionError("the layer has no gain, and does not declare that limit")
            expect_near(gained, as_array(output), what="x times the gain")
        elif gained is not None and gained.shape == x.shape:
            different = np.abs(as_array(output) - gained).max() > 1e-3
            expect(different, "the limit gain is declared, but the output is x times the gain")


def _gained(layer: AttentionLayer, x: np.ndarray, gates: dict[str, Any]) -> np.ndarray | None:
    """The input times the gain; None where the layer has no gain."""
    try:
        return x * as_array(layer.gain(**gates))
    except (NotImplementedError, TypeError, ValueError):
        return None


def check_data_formats(entry: Entry) -> None:
    """Both data formats compute the same, and keep the shape of the input."""
    for rank in entry.spatial_ranks:
        x = random_map(shape_of(rank))
        last = create_random(entry, x.shape, data_format="channels_last")
        first = create(entry, data_format="channels_first")
        first.build((None, CHANNELS, *SIZES[:rank]))
        copy_weights(last, first)
        expected = run_attended(last, x)
        expect_equal(expected.shape, x.shape, "the computed shape")
        result = np.moveaxis(run_attended(first, np.moveaxis(x, -1, 1)), 1, -1)
        expect_near(result, expected, what=f"channels_first with {rank} spatial axes")


def check_batch_independence(entry: Entry) -> None:
    """In inference the output of a sample does not depend on the other samples in its batch."""
    x = random_map(shape_of(2))
    layer = create_random(entry, x.shape)
    together = run_attended(layer, x)
    for index in range(len(x)):
        alone = run_attended(layer, x[index : index + 1])
        expect_near(alone, together[index : index + 1], what=f"sample {index} alone")


def check_mask(entry: Entry) -> None:
    """A masked signal gives the output of the signal without padding, or a mask is refused."""
    rank = entry.spatial_ranks[0]
    x = random_map(shape_of(rank)) - 1
    mask = np.ones(x.shape[:-1], bool)
    mask[:, 4:] = False
    layer = create_random(entry, x.shape)
    if "mask" in entry.limits:
        with expect_error("does not take a mask"):
            layer.compute_mask(x, mask)
        return
    expect_equal(rank, 1, "the rank of the maps that can have a mask")
    expected = run_attended(layer, x[:, :4])
    x[~mask] = 100
    masked = run(layer, x, lambda x: attended(layer(x, mask=ops.convert_to_tensor(mask))))
    expect_near(as_array(masked)[:, :4], expected, what="the output for a masked signal")


CHECKS = (check_shapes, check_gates, check_data_formats, check_batch_independence, check_mask)
