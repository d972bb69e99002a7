"""Checks of dtype policies: what each computes in, and how accurately."""

from __future__ import annotations

import contextlib

import keras
import numpy as np
from keras import ops

from keras_attn.catalogue import Entry
from keras_attn.contract.assertions import expect, expect_equal, expect_near
from keras_attn.contract.running import as_array, attended, dtype_of, run, wide_floats
from keras_attn.contract.samples import CHANNELS, copy_weights, create, random_map

#: Policy -> tolerance, in units of the rounding of its compute dtype where that is coarse.
TOLERANCES = {
    "float64": 1e-5,
    "mixed_float16": 8 * 2**-11,
    "mixed_bfloat16": 8 * 2**-8,
    # The weights are rounded, too.
    "float16": 16 * 2**-11,
    "bfloat16": 16 * 2**-8,
}


def check_dtypes(entry: Entry) -> None:
    """Each policy has its compute and variable dtype in every part, and is as accurate."""
    # Half precision loses more with some initial values, a tenth above the tolerance with a few.
    keras.utils.set_random_seed(1)
    # Sums over large maps overflow or stall in half precision unless they are taken in float32.
    x = random_map((2, 24, 24, CHANNELS)) + np.float32(8)
    reference = create(entry, dtype="float32")
    reference.build(x.shape)
    for name, tolerance in TOLERANCES.items():
        policy = keras.DTypePolicy(name)
        with wide_floats() if name == "float64" else contextlib.nullcontext():
            layer = create(entry, dtype=name)
            layer.build(x.shape)
            copy_weights(reference, layer)
            rounded = as_array(ops.cast(ops.convert_to_tensor(x), policy.compute_dtype))
            output, gates = run(
                layer, x, lambda x, layer=layer: (attended(layer(x)), layer.gates(x))
            )
            output_dtype, result = dtype_of(output), as_array(output)
        expect_equal(output_dtype, policy.compute_dtype, f"dtype of the output under {name}")
        for gate_name, gate in gates.items():
            what = f"dtype of the gate {gate_name} under {name}"
            expect_equal(dtype_of(gate), policy.compute_dtype, what)
        _check_parts(layer, policy)
        expected = as_array(attended(run(reference, rounded.astype("float32"))))
        expect_near(result, expected, tolerance, f"the output under {name}")


def _check_parts(layer: keras.layers.Layer, policy: keras.DTypePolicy) -> None:
    """Every part has the policy of the layer, or computes in the dtype of its variables."""
    for part in layer._flatten_layers():
        allowed = (policy.name, policy.variable_dtype)
        name = part.dtype_policy.name
        expect(name in allowed, f"{part.path} has the policy {name}, not one of {allowed}")
        for variable in part.weights:
            expect_equal(dtype_of(variable), policy.variable_dtype, f"dtype of {variable.path}")


CHECKS = (check_dtypes,)
