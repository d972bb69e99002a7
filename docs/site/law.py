"""The law, the evidence and the cost, as the picker's script reads them."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from docs.site.code import create_call, insert_call
from keras_attn import catalogue
from keras_attn.guideline.evidence import grade, own_results, replication
from keras_attn.guideline.law import EVIDENCE, FINE_GRAINED, REGIMES, RESIDUAL, SOURCE
from keras_attn.guideline.recommendation import GRANULARITIES, PRIORITIES
from keras_attn.guideline.tasks import JUDGE_BY, TASKS, caution


def law() -> dict[str, Any]:
    """All that `recommend` decides by."""
    claims = (*REGIMES, FINE_GRAINED, RESIDUAL)
    entries = map(catalogue.describe, catalogue.list_topologies())
    return {
        "source": SOURCE,
        "evidence": EVIDENCE,
        "regimes": [asdict(regime) for regime in REGIMES],
        "fine": asdict(FINE_GRAINED),
        "residual": asdict(RESIDUAL),
        "replication": {claim.name: replication(claim.name) for claim in claims},
        "grades": {claim.name: grade(claim.name) for claim in claims},
        "granularities": GRANULARITIES,
        "priorities": PRIORITIES,
        "tasks": {
            task: {
                "judgeBy": JUDGE_BY[task],
                "caution": caution(task),
                "ownResults": own_results(task) or None,
            }
            for task in TASKS
        },
        "layers": {
            entry.key: {
                "title": entry.title,
                "formula": entry.formula,
                "parameters": entry.parameters(channels=64),
                "create": create_call(entry),
                "insert": insert_call(entry),
            }
            for entry in entries
        },
    }


def script() -> str:
    """A script that defines LAW."""
    return f"const LAW = {json.dumps(law(), ensure_ascii=False, indent=1)};\n"
