"""How far every layer is from an independent NumPy version, on the backend in use.

    KERAS_BACKEND=jax python -m benchmarks.fidelity      # measures this backend
    python -m benchmarks.fidelity --write                # computes the vectors again

The vectors, benchmarks/results/fidelity_vectors.npz, are the outputs of the NumPy version in
tests/oracle for one map per layer. The weights and the maps are drawn from seeds. Each call adds a
backend to benchmarks/results/fidelity.json, from which `python -m docs.generate` writes the page.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import zlib
from typing import Any

import keras
import numpy as np

from benchmarks.matrix import RESULTS, ROOT
from keras_attn import catalogue
from keras_attn.contract.running import run
from keras_attn.contract.samples import random_state
from keras_attn.layers import AttentionLayer
from keras_attn.layers.torch_weights import load_torch_weights

VECTORS = RESULTS / "fidelity_vectors.npz"
FILE = RESULTS / "fidelity.json"

#: One map with 32 channels, channels first.
SHAPE = (1, 32, 6, 5)


def sample(key: str) -> tuple[AttentionLayer, dict[str, np.ndarray], np.ndarray]:
    """A built layer, its weights under their published names, and a map."""
    entry = catalogue.describe(key)
    layer = entry.create(data_format="channels_first", **entry.sample)
    layer.build(SHAPE)
    seed = zlib.crc32(key.encode())
    x = np.random.default_rng(seed).standard_normal(SHAPE).astype("float32")
    return layer, random_state(layer, seed), x


def vector(key: str) -> np.ndarray:
    """What the NumPy version returns for a layer."""
    if str(ROOT / "tests") not in sys.path:
        sys.path.append(str(ROOT / "tests"))
    oracle = importlib.import_module("oracle")
    layer, state, x = sample(key)
    found = oracle.output(key, state, x, **layer.get_config())
    attended = found[0] if isinstance(found, (list, tuple)) else found
    return attended.astype("float32")


def measured() -> dict[str, float]:
    """By key, the largest difference to the vectors, in units of the largest output."""
    differences = {}
    with np.load(VECTORS) as vectors:
        for key in catalogue.list_layers():
            layer, state, x = sample(key)
            load_torch_weights(layer, state)
            found = run(layer, x)
            attended = found[0] if isinstance(found, (list, tuple)) else found
            known = vectors[key]
            error = np.abs(keras.ops.convert_to_numpy(attended) - known).max()
            differences[key] = float(f"{error / np.abs(known).max():.1e}")
    return differences


def stored() -> dict[str, Any]:
    """What was measured so far: by backend, the version of Keras and the differences by key."""
    return json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}


def main() -> None:
    """Measures the backend in use, or writes the vectors."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--write", action="store_true", help="compute the vectors again")
    if parser.parse_args().write:
        vectors = {key: vector(key) for key in catalogue.list_layers()}
        np.savez_compressed(VECTORS, allow_pickle=False, **vectors)
        return
    backend = keras.backend.backend()
    found = measured()
    content = {**stored(), backend: {"keras": keras.version(), "difference": found}}
    FILE.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    for key, difference in found.items():
        print(f"{key}: {difference:.1e}")


if __name__ == "__main__":
    main()
