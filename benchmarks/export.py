"""Which layers can be exported to which formats, and how far the outputs are from Keras's.

    KERAS_BACKEND=tensorflow python -m benchmarks.export     # and jax, and torch

Every layer of the catalogue is written in every format that Keras writes on the backend in use,
and run by the format's own runtime. The results of all backends stand in one file, from which
docs/export.md is generated.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras
import numpy as np

import keras_attn
from keras_attn import export

RESULTS = Path(__file__).parent / "results" / "export.json"

#: Packages whose versions decide what works.
PACKAGES = (
    "keras",
    "tensorflow",
    "jax",
    "torch",
    "onnx",
    "onnxruntime",
    "onnxscript",
    "tf2onnx",
    "jax2onnx",
    "openvino",
    "ai-edge-litert",
)

SHAPE = (16, 16, 32)

#: Up to this difference, in units of the largest output, a layer counts as exported.
TOLERANCE = 1e-4


def network(keys: list[str]) -> keras.Model:
    """One model with a layer a key beside each other, their maps joined at the channels."""
    inputs = keras.Input(SHAPE)
    maps = []
    for key in keys:
        entry = keras_attn.describe(key)
        config = {**entry.default_config, **entry.sample, "data_format": "channels_last"}
        maps.append(keras.tree.flatten(entry.create(**config, name=key)(inputs))[0])
    return keras.Model(inputs, keras.layers.Concatenate()(maps) if len(maps) > 1 else maps[0])


def differences(keys: list[str], format: str) -> dict[str, float]:
    """How far each layer's exported output is from its own, in units of its largest value."""
    images = np.random.default_rng(0).standard_normal((2, *SHAPE), "float32")
    model = network(keys)
    with tempfile.TemporaryDirectory() as folder:
        path = export.export_model(model, Path(folder) / "model", format)
        (found,) = export.load_exported(path, format, model)([images])
    expected = model.predict_on_batch(images)
    parts = (np.split(each, len(keys), axis=-1) for each in (found, expected))
    return {
        key: float(np.abs(one - other).max() / np.abs(other).max())
        for key, one, other in zip(keys, *parts, strict=True)
    }


def measure(format: str) -> dict[str, Any]:
    """Key -> difference, or the first line of why it cannot be exported."""
    keys = keras_attn.list_layers()
    try:
        return dict(differences(keys, format))
    except Exception:
        return {key: _alone(key, format) for key in keys}


def _alone(key: str, format: str) -> float | str:
    try:
        return differences([key], format)[key]
    except Exception as error:
        lines = [line for line in str(error).splitlines() if line.strip()]
        return f"{type(error).__name__}: {lines[0] if lines else ''}"[:200]


def main() -> None:
    """Measures the backend in use, and keeps what the file has of the others."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--formats", help="separated by commas; all that the backend writes")
    parser.add_argument("--output", type=Path, default=RESULTS)
    options = parser.parse_args()
    backend = keras.backend.backend()
    possible = [name for name, each in export.FORMATS.items() if backend in each.backends]
    formats = possible if options.formats is None else options.formats.split(",")
    for format in formats:
        found = measure(format)
        # Read only now: another backend may have been measured in the meantime.
        content = json.loads(options.output.read_text()) if options.output.exists() else {}
        content["versions"] = {name: version(name) for name in PACKAGES}
        content.setdefault("results", {}).setdefault(backend, {})[format] = found
        failed = [key for key, value in found.items() if isinstance(value, str)]
        print(f"{backend}, {format}: {len(found) - len(failed)} of {len(found)}", *failed)
        temporary = options.output.with_suffix(".tmp")
        temporary.write_text(json.dumps(content, indent=1) + "\n")
        temporary.replace(options.output)


if __name__ == "__main__":
    main()
