import numpy as np
import pandas as pd
import pytest

import keras_attn
from keras_attn.study.verdicts import decide

pytestmark = pytest.mark.once

RANDOM = np.random.default_rng(0)
BASE = 0.8 + 0.01 * RANDOM.normal(size=6)
GAINS = {
    "up": 0.05 + 0.002 * RANDOM.normal(size=6),
    "down": -0.05 + 0.002 * RANDOM.normal(size=6),
    "same": 0.001 * RANDOM.normal(size=6),
    "open": 0.01 + 0.05 * RANDOM.normal(size=6),
}


def table(gains=None, base=BASE):
    """The rows of all variants, those of the seeds in no order."""
    scores = {"none": base, **{name: base + each for name, each in (gains or GAINS).items()}}
    rows = [(name, seed, score) for name, each in scores.items() for seed, score in enumerate(each)]
    frame = pd.DataFrame(rows, columns=["variant", "seed", "score"])
    return frame.sample(frac=1, random_state=0)


def test_every_verdict_and_the_statistics_of_a_comparison():
    found = keras_attn.test_scores(table())
    assert found["verdict"].loc[list(GAINS)].tolist() == [
        "better",
        "worse",
        "equivalent",
        "undecided",
    ]
    assert found.index.name == "variant"
    for name, decision in decide(GAINS, keras_attn.study.question.Question()).items():
        assert found.loc[name, "p_corrected"] == pytest.approx(decision.p_corrected)
        assert found.loc[name, "explanation"].startswith(decision.verdict)
    assert found.loc["up", "difference"] == pytest.approx(GAINS["up"].mean())
    assert found.loc["open", "seeds_needed"] > 6


def test_a_smaller_score_can_be_the_better_one_and_the_margin_can_be_given():
    found = keras_attn.test_scores(table(), larger_is_better=False)["verdict"]
    assert (found["up"], found["down"]) == ("worse", "better")
    wide = keras_attn.test_scores(table(), margin=0.2)
    assert set(wide["verdict"]) == {"equivalent"}
    assert "although a smaller difference" in wide.loc["up", "explanation"]
    percent = table().assign(score=lambda each: 100 * each["score"])
    with pytest.raises(ValueError, match="`margin` is missing: the scores are not all between"):
        keras_attn.test_scores(percent)
    scaled = keras_attn.test_scores(percent, margin=1)
    assert scaled["verdict"].equals(keras_attn.test_scores(table())["verdict"])


def test_several_data_sets_are_indexed_and_corrected_each_on_its_own():
    one, other = table().assign(dataset="one"), table({"up": GAINS["same"]}).assign(dataset="two")
    found = keras_attn.test_scores(pd.concat([one, other]))
    assert found.index.names == ["variant", "dataset"]
    assert found.loc[("up", "one"), "verdict"] == "better"
    assert found.loc[("up", "two"), "verdict"] == "equivalent"
    alone = keras_attn.test_scores(other)
    assert alone.index.tolist() == ["up"]
    assert alone.loc["up", "p_corrected"] == found.loc[("up", "two"), "p_corrected"]


def test_seeds_that_one_of_both_lacks_are_left_out_and_named():
    frame = table()
    frame = frame[~((frame["variant"] == "up") & (frame["seed"] == 3))]
    frame.loc[(frame["variant"] == "down") & (frame["seed"].isin([1, 2])), "score"] = np.nan
    found = keras_attn.test_scores(frame)
    assert found["seeds"].loc[["up", "down", "same"]].tolist() == [5, 4, 6]
    assert found.loc["up", "verdict"] == "better"
    assert "Left out, because one of the two lacks them: seeds 3." in found.loc["up", "explanation"]
    assert found.loc["down", "verdict"] == "undecided"
    assert "needs at least 5 seeds, and there are 4" in found.loc["down", "explanation"]
    assert found.loc["up", "baseline"] == pytest.approx(np.delete(BASE, 3).mean())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(columns="seed"), "no column 'seed'.*variant, score"),
        (lambda t: pd.concat([t, t[:2]]), "2 rows for a training that it already has, such as"),
        (lambda t: t[t["variant"] != "none"], "no variant 'none' in the scores"),
        (lambda t: t[t["variant"] == "none"], "no variant to compare with 'none'"),
        (lambda t: t.assign(score="high"), "finite number.*'high'"),
        (lambda t: t.assign(seed=np.nan), "without a data set, variant or seed"),
        (
            lambda t: t.assign(seed=t["seed"] + 10 * (t["variant"] == "up")),
            "up and none have no seed in common",
        ),
        (lambda t: [1, 2], "must be a pandas DataFrame. Received: list"),
    ],
)
def test_a_table_that_cannot_be_tested_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        keras_attn.test_scores(change(table()))


@pytest.mark.parametrize("margin", [0, -0.1, float("nan"), "0.1"])
def test_a_margin_that_is_not_one_is_refused(margin):
    with pytest.raises(ValueError, match="`margin` must be a number above 0"):
        keras_attn.test_scores(table(), margin=margin)
