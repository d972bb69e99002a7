"""The guideline: the published regimes, their exact boundaries, and bad input."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import keras_attn
from keras_attn.data.dataset import Dataset, Split
from keras_attn.guideline.law import FINE_GRAINED, REGIMES, RESIDUAL, regime_of
from keras_attn.guideline.tasks import TASKS, UNTESTED


@pytest.mark.parametrize(
    ("num_samples", "regime", "topology", "next_best"),
    [
        (1, "few-shot", "cmssa", "ccmssa"),
        (999, "few-shot", "cmssa", "ccmssa"),
        (1_000, "medium-scale", "csafa", "bicsafa"),
        (50_000, "medium-scale", "csafa", "bicsafa"),
        (50_001, "large-scale", "gcsa2", "tgpfa"),
        (10**9, "large-scale", "gcsa2", "tgpfa"),
    ],
)
def test_the_regimes_and_their_boundaries(num_samples, regime, topology, next_best):
    recommendation = keras_attn.recommend(num_samples)
    assert recommendation.regime == regime
    assert recommendation.topology == topology
    assert recommendation.alternatives[0] == next_best
    assert set(RESIDUAL.topologies) <= set(recommendation.alternatives)


@given(num_samples=st.integers(1, 10**7))
def test_every_size_is_in_exactly_one_regime(num_samples):
    assert [r for r in REGIMES if r.holds(num_samples)] == [regime_of(num_samples)]


@given(
    num_samples=st.integers(1, 10**6),
    granularity=st.sampled_from(["coarse", "fine"]),
    priority=st.sampled_from(["accuracy", "stability", "parameters"]),
    task=st.sampled_from(TASKS),
)
def test_every_recommendation_can_be_created_cited_and_written(
    num_samples, granularity, priority, task
):
    recommendation = keras_attn.recommend(num_samples, granularity, priority, task)
    keys = (recommendation.topology, *recommendation.alternatives)
    assert len(set(keys)) == len(keys)
    assert set(keys) <= set(keras_attn.list_topologies())
    assert isinstance(recommendation.create(reduction=4), keras_attn.describe(keys[0]).layer_class)
    assert any("arXiv:2601.07310" in reason for reason in recommendation.reasons)
    assert any("no seeds" in sentence for sentence in recommendation.evidence)
    text = str(recommendation)
    assert all(reason in text for reason in recommendation.reasons)
    assert recommendation.judge_by in text
    assert f"evidence grade: {recommendation.grade}" in text
    assert json.loads(json.dumps(recommendation.as_dict()))["topology"] == keys[0]


def test_granularity_and_priority_change_the_choice():
    assert keras_attn.recommend(5_000, "fine").topology == "sca"
    assert keras_attn.recommend(5_000, "fine").alternatives[0] == "csafa"
    assert FINE_GRAINED.sentence in keras_attn.recommend(5_000, "fine").reasons[1]
    assert keras_attn.recommend(5_000, priority="stability").topology == "rcsa"


@pytest.mark.parametrize("granularity", ["coarse", "fine"])
@pytest.mark.parametrize("num_samples", [546, 5_000, 100_000])
def test_priority_on_parameters_names_the_fewest_of_all_that_it_lists(num_samples, granularity):
    found = keras_attn.recommend(num_samples, granularity, "parameters")
    counts = {
        key: keras_attn.describe(key).parameters(channels=64)
        for key in (found.topology, *found.alternatives)
    }
    assert counts[found.topology] == min(counts.values())
    assert any("fewest parameters" in reason for reason in found.reasons)
    assert found.alternatives


@pytest.mark.parametrize("task", TASKS)
def test_a_task_changes_how_to_judge_and_not_the_topology(task):
    usual, asked = keras_attn.recommend(500), keras_attn.recommend(500, task=task)
    assert asked.topology == usual.topology
    assert asked.task == task
    assert "AUC" in asked.judge_by or task in UNTESTED
    warned = [reason for reason in asked.reasons if "this is the law of another task" in reason]
    assert len(warned) == (task in UNTESTED)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0,), "whole number of at least 1.*num_samples=0"),
        ((-5,), "whole number of at least 1.*num_samples=-5"),
        ((1.5,), r"whole number of at least 1.*num_samples=1\.5"),
        (("many",), "whole number of at least 1.*num_samples='many'"),
        ((True,), "whole number of at least 1.*num_samples=True"),
        ((10, "medium"), '`granularity` must be one of "coarse", "fine".*\'medium\''),
        ((10, "fine", "speed"), "`priority` must be one of .*'speed'"),
        ((10, "fine", "accuracy", "captions"), "`task` must be one of .*'captions'"),
    ],
)
def test_bad_input_is_an_error_that_says_what_was_expected(arguments, message):
    with pytest.raises(ValueError, match=message):
        keras_attn.recommend(*arguments)


def test_recommend_for_reads_size_granularity_and_task_off_the_training_split():
    images = np.zeros((1_200, 8, 8, 1), "uint8")
    labels = np.arange(1_200) % 3
    train, rest = Split(images, labels), Split(images[:30], labels[:30])
    dataset = Dataset(
        name="breeds",
        task="ordinal",
        class_names=("a", "b", "c"),
        train=train,
        val=rest,
        test=rest,
        granularity="fine",
    )
    assert keras_attn.recommend_for(dataset) == keras_attn.recommend(1_200, "fine", task="ordinal")
    assert keras_attn.recommend_for(dataset, "coarse") == keras_attn.recommend(
        np.int64(1_200), task="ordinal"
    )
