"""The page on exporting, from the results of `python -m benchmarks.export`."""

from __future__ import annotations

import json
from typing import Any

from benchmarks.export import RESULTS
from keras_attn import catalogue
from keras_attn.export import FORMATS

PAGE = """\
# Export

A model is written for another runtime, run there, and compared with Keras:

    keras-attn export best.keras --format onnx

or, from Python, `keras_attn.export.export_model(model, "model.onnx", "onnx")`. The files are
written by Keras itself (`keras.Model.export`). A file is kept only if its runtime returns what
Keras returns for random inputs; otherwise one error says why, and no file is left. A model that was
trained on one backend can be exported on another:
`KERAS_BACKEND=tensorflow keras-attn export best.keras --format litert`. The runtimes are installed
with `pip install ".[export]"` in a clone.

Models may have several inputs and outputs, which keep their order. Files for
{one_sample} take one sample at a time.

## Open sizes

Where a model leaves the height and width open, as in `keras.Input((None, None, 3))`, the file is
run at two sizes before it is kept. On TensorFlow, every layer of the catalogue can be written to
ONNX with open sizes, which a test checks. The ONNX exporters of JAX and PyTorch refuse most layers
then, so on these backends the model is written by TensorFlow in a second process, if TensorFlow is
installed, and compared in the first one. Layers of your own cannot be loaded in a second process.
Fix the sizes then:

    keras_attn.export.export_model(model, "model.onnx", "onnx", input_shape=(224, 224, 3))

On the command line, `--input-shape 224,224,3` does the same.

## What works

The number of layers of the catalogue, of {count}, that return the same in the format's own runtime
as in Keras (largest difference below 1e-4, relative to the largest output), at the fixed size of
16 x 16 with 32 channels; for each backend on which Keras writes the format:

| format | file | {backends} |
|---|---|{lines}|
{rows}

{failures}

This page is written by `python -m docs.generate` from `benchmarks/results/export.json`, which
`KERAS_BACKEND=tensorflow python -m benchmarks.export`, and the same on JAX and PyTorch, measured
with {versions}. A test exports every layer again.

## Eight bits

`model.quantize("int8")`, Keras's own, quantizes the dense layers inside the gates too: each layer
of the catalogue stays within 3 % of its largest output (tests/layers/test_quantization.py), and a
quantized model can be saved and loaded. Convolutions and other layers are not quantized, and Keras
warns about each. Quantize last: surgery refuses a quantized model.

## Keras's NumPy and OpenVINO backends

With `KERAS_BACKEND=numpy` or `openvino` the layers compute the forward pass and nothing else. A
test compares every layer with the NumPy oracle there: all {count} agree on NumPy, and all but `bam`
and `cpca` on OpenVINO, which gives other numbers for these two.
"""

#: Why the table has less than all layers: what Keras or a runtime cannot do.
REASONS = {
    ("jax", "tf_saved_model", "cpca"): (
        "JAX {jax} writes the error function of CPCA's GELU as an operation that TensorFlow "
        "{tensorflow} does not know"
    ),
    ("tensorflow", "litert", "cpca"): (
        "LiteRT has no error function, which CPCA's GELU needs, among its own operations"
    ),
    ("torch", "openvino", "fca"): (
        "OpenVINO {openvino} loads FCA's product of weights and basis, but does not compile it"
    ),
}

BACKENDS = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}


def page() -> str:
    """The page."""
    content = json.loads(RESULTS.read_text())
    results, versions = content["results"], content["versions"]
    rows, failures = [], []
    for name, format in FORMATS.items():
        cells = [_cell(results.get(backend, {}).get(name)) for backend in BACKENDS]
        rows.append(f"| {name} | {format.suffix or 'folder'} | {' | '.join(cells)} |")
        for backend, text in BACKENDS.items():
            for key, value in results.get(backend, {}).get(name, {}).items():
                if isinstance(value, str):
                    reason = REASONS.get((backend, name, key))
                    why = reason.format(**versions) if reason else f"`{value}`"
                    title = catalogue.describe(key).title
                    failures.append(f"* {title}, {name} on {text}: {why}.")
    failures.append(
        "* OpenVINO on JAX is not among them: Keras writes one operation around the whole "
        f"program, XlaCallModule, which OpenVINO {versions['openvino']} does not convert."
    )
    one_sample = [
        f"{name} on {' and '.join(BACKENDS[each] for each in format.one_sample)}"
        for name, format in FORMATS.items()
        if set(format.one_sample) & set(format.backends)
    ]
    return PAGE.format(
        one_sample=", ".join(one_sample),
        count=len(catalogue.list_layers()),
        backends=" | ".join(BACKENDS.values()),
        lines="|".join(["---:"] * len(BACKENDS)),
        rows="\n".join(rows),
        failures="\n".join(failures),
        versions=", ".join(f"{name} {number}" for name, number in versions.items()),
    )


def _cell(found: dict[str, Any] | None) -> str:
    if found is None:
        return "-"
    working = [value for value in found.values() if not isinstance(value, str)]
    return f"{len(working)}, to {max(working):.0e}"
