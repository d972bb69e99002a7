"""The latest measurement of every layer, from all results files of `benchmarks.layers`.

A run need not measure all layers or all variants. Times of different runs, which may be of
different machines, are never compared: each result keeps those that were measured beside it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from benchmarks import matrix, tables


def runs() -> list[dict[str, Any]]:
    """All results files, the oldest first."""
    paths = sorted(matrix.RESULTS.glob("layers-*.json"))
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths]


def latest(contents: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One content with the latest result of each variant of each layer at each shape.

    Args:
        contents: Results files, the oldest first.

    Returns:
        The variants and the cells of a results file. A result has three more entries: `"date"`;
        `"run"`, the place of its run in `contents`; and `"beside"`, the results of that cell in
        that run.
    """
    variants: dict[str, None] = {}
    cells: dict[tuple, tables.Cell] = {}
    for number, content in enumerate(contents):
        variants |= dict.fromkeys(content["variants"])
        for cell in content["cells"]:
            same = {name: cell[name] for name in ("key", "shape")}
            whole = cells.setdefault((cell["key"], *cell["shape"]), {**same, "results": {}})
            for variant, result in cell["results"].items():
                origin = {"date": content["date"], "run": number, "beside": cell["results"]}
                whole["results"][variant] = {**result, **origin}
    return {"variants": list(variants), "cells": list(cells.values())}


def remains(content: dict[str, Any]) -> dict[int, dict[str, list[str]]]:
    """What the content that `latest` returns has of each run.

    Returns:
        The place of the run -> layers -> their variants, without the published ones.
    """
    found: dict[int, dict[str, list[str]]] = {}
    for cell in content["cells"]:
        for variant in tables.our_variants(content):
            if variant in cell["results"]:
                variants = found.setdefault(cell["results"][variant]["run"], {})
                names = variants.setdefault(cell["key"], [])
                if variant not in names:
                    names.append(variant)
    return dict(sorted(found.items()))
