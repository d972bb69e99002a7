"""Main effects, the probability of being best, and seeds that are added until a study decides."""

import numpy as np
import pandas as pd
import pytest
from image_sets import make_dataset
from statsmodels.formula.api import ols

from keras_attn.study import Comparison, compare
from keras_attn.study.best import best_probabilities
from keras_attn.study.effects import main_effects
from keras_attn.study.grammar import parse_variants
from keras_attn.study.trainer import Trainer
from keras_attn.study.trial import Epoch, Trial

pytestmark = pytest.mark.once

DESIGN = "csa,csafa,csa@stages,csafa@stages,csa(channel=eca),csafa(channel=eca)@stages"


def factorial(noise=0.01, seeds=6):
    """Scores with known effects: +0.02 for csafa, -0.01 for stages, +0.03 for eca."""
    random = np.random.default_rng(0)
    rows = []
    for seed in range(seeds):
        block = random.normal(0, 0.1)
        for variant in parse_variants(DESIGN):
            gain = 0.02 * (variant.key == "csafa") - 0.01 * (variant.where == "stages")
            gain += 0.03 * ("channel" in variant.config)
            score = 0.7 + block + gain + random.normal(0, noise)
            rows.append(("digits", 100, str(variant), seed, score))
    return pd.DataFrame(rows, columns=["dataset", "train_samples", "topology", "seed", "auc"])


def effects_of(table):
    variants = {str(variant): variant for variant in parse_variants(DESIGN)}
    return main_effects(table, variants, "auc")


def test_effects_are_those_of_the_design():
    effects = effects_of(factorial(noise=0))["effect"]
    assert effects["topology", "csafa"] == pytest.approx(0.01)
    assert effects["place", "usual"] == pytest.approx(0.005)
    assert effects["channel", "eca"] == pytest.approx(0.015)
    assert effects.groupby(level="factor").sum().abs().max() < 1e-12


def test_intervals_are_those_of_an_independent_linear_model():
    table = factorial()
    ours = effects_of(table)
    variants = {str(variant): variant for variant in parse_variants(DESIGN)}
    table["key"] = [variants[text].key for text in table["topology"]]
    table["place"] = [variants[text].where or "usual" for text in table["topology"]]
    table["channel"] = ["eca" if "eca" in text else "ca" for text in table["topology"]]
    model = ols("auc ~ C(seed) + C(key, Sum) + C(place, Sum) + C(channel, Sum)", table).fit()
    low, high = model.conf_int().loc["C(key, Sum)[S.csa]"]
    found = ours.loc["topology", "csa"]
    assert found[["effect", "low", "high"]].tolist() == pytest.approx(
        [model.params["C(key, Sum)[S.csa]"], low, high]
    )
    assert found["trainings"] == 18


def test_what_cannot_be_told_apart_is_refused():
    table = factorial()
    mixed = table[table["topology"].isin(["csa", "csafa@stages"])]
    with pytest.raises(ValueError, match="topology, place cannot be told apart"):
        effects_of(mixed)
    with pytest.raises(ValueError, match="do not vary"):
        effects_of(table[table["topology"] == "csa"])


def test_the_probability_of_being_best():
    random = np.random.default_rng(1)
    blocks = random.normal(0, 1, (8, 1))
    scores = pd.DataFrame(blocks + random.normal(0, 0.1, (8, 3)), columns=["none", "a", "b"])
    scores["a"] += 1
    clear = best_probabilities(scores, 1.0)
    assert clear.sum() == pytest.approx(1)
    assert clear["a"] > 0.99
    assert best_probabilities(scores, -1.0)["a"] < 0.01
    wide = pd.DataFrame(np.eye(3) * 4, index=scores.columns, columns=scores.columns)
    assert 0.4 < best_probabilities(scores, 1.0, wide)["a"] < 0.9
    assert 0.4 < best_probabilities(scores, 1.0, overlap=500)["a"] < 0.9
    alike = pd.DataFrame(dict.fromkeys(("none", "a"), scores["none"]))
    assert best_probabilities(alike, 1.0).tolist() == pytest.approx([0.5, 0.5])
    assert best_probabilities(scores[:4], 1.0).isna().all()


@pytest.fixture
def noisy(monkeypatch):
    """Trials whose scores need several seeds to be decided; the seeds that ran."""
    ran = []

    def run(self, seed, on_epoch=None):
        random = np.random.default_rng((seed, len(self.topology)))
        score = 0.8 + 0.02 * (self.topology == "csa") + random.normal(0, 0.012)
        ran.append(seed)
        point = Epoch(1, 0.1, 1.0, 1.0, score, score)
        return Trial(
            self.topology,
            seed,
            parameters=100,
            macs=1000,
            steps=2,
            curve=[point],
            best=point,
            scores=dict.fromkeys(self.task.metric_names, score),
            recall=[0.5, 0.5],
            seconds=0.2,
            weights=self.build().get_weights(),
        )

    monkeypatch.setattr(Trainer, "run", run)
    return ran


def test_seeds_are_added_until_everything_is_decided(noisy, tiny, tmp_path):
    arguments = {"seeds": "auto", "model": tiny, "progress": False, "output": tmp_path}
    comparison = compare(make_dataset(), "csa", **arguments)
    assert sorted(set(noisy)) == list(range(10))
    row = comparison.summary().loc["csa"]
    assert (row["verdict"], row["n"]) == ("better", 10)
    assert row["p_corrected"] == pytest.approx(3 * row["p_value"])
    assert "a factor of 3 for the 3 numbers of seeds" in comparison.report(
        tmp_path / "again.html"
    ).read_text(encoding="utf-8")
    stored = Comparison.read(tmp_path).summary().loc["csa"]
    assert stored["p_corrected"] == row["p_corrected"]
    noisy.clear()
    compare(make_dataset(), "csa", **arguments)
    assert noisy == []
    with pytest.raises(ValueError, match="looks"):
        compare(make_dataset(), "csa", **{**arguments, "seeds": 20})
    with pytest.raises(ValueError, match=r"`seeds` must be.*auto"):
        compare(make_dataset(), "csa", **{**arguments, "seeds": "some"})
