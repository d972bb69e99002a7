"""The factorial study of gates tells its three choices apart, and says which of them matter."""

import json

import numpy as np
import pandas as pd
import pytest

from benchmarks import gates
from docs import factorial
from keras_attn.guideline import evidence

pytestmark = pytest.mark.once


@pytest.fixture
def stored(tmp_path, monkeypatch):
    """A study in which bicsa is better than all other topologies, and gates do not matter."""
    random = np.random.default_rng(0)
    rows = [
        (name, 500, variant, seed, 0.8 + 0.02 * variant.startswith("bicsa(") + noise)
        for name in gates.DATASETS
        for seed in range(3)
        for variant, noise in zip(
            gates.design(), random.normal(0, 0.004, len(gates.design())), strict=True
        )
    ]
    monkeypatch.setattr(gates, "FILE", tmp_path / "gates.json")
    gates.write(pd.DataFrame(rows, columns=gates.COLUMNS), {"keras": "3"})


def test_the_choice_that_matters_is_found(stored):
    tests = gates.tests(gates.stored()[0])
    assert list(tests.index) == ["topology", "channel", "spatial"]
    assert tests.loc["topology", "p_corrected"] < 1e-6 < 0.05 < tests.loc["channel", "p_corrected"]
    assert tests["share"].sum() < 1
    effects = gates.effects(gates.stored()[0])
    assert effects.loc["topology"]["effect"].idxmax() == "bicsa"


def test_the_page_and_the_recommendation_say_it(stored, tmp_path, monkeypatch):
    file = tmp_path / "evidence.json"
    file.write_text(json.dumps({"findings": [], "choices": gates.evidence()}))
    monkeypatch.setattr(evidence, "FILE", file)
    sentence = evidence.own_results("binary")
    assert "the topology (bicsa over" in sentence
    assert "shown to matter); the channel gate (" in sentence
    assert "not shown to matter)" in sentence
    assert sentence in factorial.section()
    file.write_text(json.dumps({"findings": []}))
    assert evidence.own_results("binary") == ""
