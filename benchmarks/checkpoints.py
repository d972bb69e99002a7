"""How far the networks of published checkpoints are from their authors' code, on each backend.

    KERAS_ATTN_NETWORKS=DIR KERAS_BACKEND=jax python -m benchmarks.checkpoints

DIR has the recorded networks: entries, weights, inputs and logits that the authors' own code
computed. Each call measures one backend and adds it to benchmarks/results/checkpoints.json, from
which `python -m docs.generate` writes the page "Networks and checkpoints".
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np

import keras_attn
from benchmarks.matrix import RESULTS

FILE = RESULTS / "checkpoints.json"


def measure(folder: Path) -> None:
    """Measures every network on this backend and stores the results."""
    content = stored()
    backend = keras.backend.backend()
    for path in sorted(folder.glob("*.json")):
        row = measured(folder, path)
        differences = content["networks"].get(path.stem, {}).get("difference", {})
        row["difference"] = {**differences, backend: row.pop("found")}
        content["networks"][path.stem] = row
        print(f"{path.stem}: {row['difference'][backend]:.1e}", flush=True)
    content["versions"][backend] = keras.version()
    FILE.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def measured(folder: Path, path: Path) -> dict[str, Any]:
    """The source, the cost and the largest difference of a network, in its largest logit."""
    weights = _reader(folder)
    record = weights.read(path)
    model = keras_attn.networks.from_torch(weights.state_dict(record))
    if isinstance(model.output, dict):
        model = keras.Model(model.inputs, model.output["perception"])
    x = weights.network_input(record).transpose(0, 2, 3, 1)
    logits = np.asarray(model.predict(x, verbose=0))
    known = np.array(record["logits"]["values"])
    difference = np.abs(logits[:, : known.shape[1]] - known).max() / record["logits"]["abs_max"]
    cost = keras_attn.cost(model, input_shape=x.shape[1:])
    return {
        "repository": record["source"]["repository"],
        "licence": record["source"]["licence"],
        "attention": (record.get("attention") or {}).get("key"),
        "input": list(x.shape[1:]),
        "parameters": int(cost.parameters),
        "macs": int(cost.macs),
        "found": float(f"{difference:.2g}"),
    }


def stored() -> dict[str, Any]:
    """What was measured so far."""
    if not FILE.exists():
        return {"versions": {}, "networks": {}}
    return json.loads(FILE.read_text(encoding="utf-8"))


def _reader(folder: Path) -> Any:
    """The module beside the records, which makes their weights and inputs."""
    specification = importlib.util.spec_from_file_location("weights", folder / "weights.py")
    module = importlib.util.module_from_spec(specification)  # type: ignore[arg-type]
    specification.loader.exec_module(module)  # type: ignore[union-attr]
    return module


def main() -> None:
    """Measures the backend in use."""
    argparse.ArgumentParser(description=__doc__.partition("\n")[0]).parse_args()
    folder = Path(os.environ.get("KERAS_ATTN_NETWORKS", ""))
    if not (folder / "weights.py").is_file():
        sys.exit("benchmarks.checkpoints: KERAS_ATTN_NETWORKS must name the recorded networks.")
    measure(folder)


if __name__ == "__main__":
    main()
