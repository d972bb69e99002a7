"""What the answer of a comparison says, in one sentence and in the report."""

import dataclasses
import re

import numpy as np
import pytest
from report_pages import Tags, page_of
from scipy import stats

from keras_attn.study import compare
from keras_attn.study.report import hardware_of
from keras_attn.study.wording import caution, signed

pytestmark = pytest.mark.once

RANKING = re.compile(r"\b(best|worst|wins?|improves?|outperforms?)\b")


def with_scores(comparison, scores, seconds=None, noise=0.001):
    """The comparison with another AUC for each topology, a little different for each seed."""
    trials = {}
    for key, trial in comparison.trials.items():
        auc = scores.get(key.topology, 0.7) + noise * ((7 * key.seed + len(key.topology)) % 5)
        times = (seconds or {}).get(key.topology, 1.0)
        taken = times[key.seed] if isinstance(times, list) else times
        point = trial.curve[0]._replace(seconds=taken)
        trials[key] = dataclasses.replace(
            trial, scores={**trial.scores, "auc": auc}, curve=[point], best=point
        )
    return dataclasses.replace(comparison, trials=trials)


@pytest.fixture
def five_seeds(invented_comparison, tiny):
    return invented_comparison("csa", "sa", seeds=5)[0]


def words(comparison):
    return comparison.answer(), caution(comparison.summary(), comparison.plan.question)


def test_the_answer_is_one_sentence_with_its_cost(five_seeds):
    same = with_scores(five_seeds, {}, {"csa": 1.38, "sa": 1.21})
    assert words(same)[0] == (
        "No benefit: csa and sa are equivalent to no attention within 0.01 AUC and take "
        "21 % to 38 % longer per step."
    )
    mixed = with_scores(five_seeds, {"csa": 0.8, "sa": 0.6}, {"csa": 1.38})
    assert re.fullmatch(
        r"Benefit: csa is better than no attention by 0\.\d+ AUC and takes 38 % longer per step; "
        r"sa is worse than no attention by 0\.\d+ AUC and takes the same time per step\.",
        words(mixed)[0],
    )


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        # Another program ran during half of the trainings without attention.
        ({"none": [2, 2, 1, 2, 1]}, ", and the timings vary too much to tell the cost."),
        # It ran during all of them: a network that computes more does not take less time.
        ({"none": 1.3}, ", and the timings vary too much to tell the cost."),
        (
            {"csa": [1, 2, 1, 2, 1], "sa": 1.1},
            ", and sa takes 10 % longer per step (the other timings vary too much).",
        ),
        (
            {"csa": [1.02, 0.98, 1, 1.03, 0.97], "sa": [1.02, 0.98, 1, 1.01, 1.01]},
            " and take up to 3 % longer per step.",
        ),
    ],
)
def test_a_cost_is_told_as_far_as_the_timings_tell_it(five_seeds, seconds, told):
    said, _ = words(with_scores(five_seeds, {}, seconds))
    assert said == f"No benefit: csa and sa are equivalent to no attention within 0.01 AUC{told}"


def test_a_network_that_computes_less_may_take_less_time(five_seeds):
    faster = with_scores(five_seeds, {}, {"csa": 0.9, "sa": 1.1})
    for key, trial in faster.trials.items():
        faster.trials[key] = dataclasses.replace(trial, macs=1 if key.topology == "csa" else 2)
    assert words(faster)[0].endswith(" and take between 10 % less and 10 % more time per step.")


def test_the_report_has_the_ratio_of_the_times(five_seeds, tmp_path):
    comparison = with_scores(five_seeds, {}, {"csa": [1.1, 1.1, 1.1, 1.1, 1.3]})
    row = comparison.summary().loc["csa"]
    logs = np.log([1.1, 1.1, 1.1, 1.1, 1.3])
    ends = np.exp(stats.t.interval(0.95, 4, logs.mean(), stats.sem(logs)))
    assert (row["slowdown_low"], row["slowdown_high"]) == pytest.approx(tuple(ends))
    words = Tags(page_of(comparison, tmp_path)).words
    place = words.index(f"× {np.exp(logs.mean()):.2f}")
    assert words[place + 1] == f"{ends[0]:.2f} to {ends[1]:.2f}"


def test_a_difference_that_is_shown_and_smaller_than_the_margin_is_told(five_seeds):
    said, _ = words(with_scores(five_seeds, {"csa": 0.705}))
    assert "(a smaller difference is shown: csa +0.005)" in said
    assert said.startswith("No benefit: csa and sa are equivalent")


def test_what_is_undecided_says_how_many_more_seeds_would_decide(five_seeds):
    comparison = with_scores(five_seeds, {"csa": 0.7105}, noise=0.01)
    said, careful = words(comparison)
    (more,) = re.findall(
        r"csa and sa are undecided with 5 seeds, and (\d+) more would decide them if the "
        r"differences are what they seem to be",
        said,
    )
    assert int(more) == comparison.summary()["seeds_needed"].max() - 5
    assert not RANKING.search(said + careful)
    assert "not what other test images would" in careful
    assert (
        "Holm’s correction over the 2 variants, and over both kinds of test, keeps the "
        "probability of any wrong verdict at 5 % or less." in careful
    )


def test_of_many_networks_their_number_is_told(five_seeds, monkeypatch):
    monkeypatch.setattr("keras_attn.study.answer.MOST_NAMES", 1)
    said, _ = words(with_scores(five_seeds, {}))
    assert said.startswith("No benefit: 2 variants are equivalent to no attention within 0.01")


@pytest.mark.parametrize(("seeds", "count"), [(1, "one seed"), (2, "2 seeds")])
def test_few_seeds_decide_nothing(dataset, tiny, invented, seeds, count):
    comparison = compare(dataset, ["csa"], seeds=seeds, backbone=tiny, progress=False)
    said, careful = words(comparison)
    assert said == (
        f"Undecided: csa is undecided with {count}, because a verdict needs at least 5."
    )
    assert "everything is undecided with fewer than 5 seeds" in careful


def test_another_headline_and_margin_are_in_every_sentence(dataset, tiny, invented, tmp_path):
    comparison = compare(
        dataset,
        ["csa"],
        seeds=5,
        backbone=tiny,
        headline="balanced_accuracy",
        margin=0.2,
        progress=False,
    )
    page = page_of(comparison, tmp_path)
    text = " ".join(" ".join(Tags(page).words).split())
    assert "csa is equivalent to no attention within 0.2 balanced accuracy" in text
    assert "Verdicts are about balanced accuracy" in text
    assert "Difference in balanced accuracy" in text
    assert "exploratory" in text
    assert '<li class="equivalent">csa <strong>equivalent</strong>' in page


@pytest.mark.parametrize(
    ("control", "found"),
    [(0.6, "was better"), (0.9, "was worse"), (0.7, "was not shown to differ")],
)
def test_the_topology_is_tested_against_its_control_beside_the_family(five_seeds, control, found):
    comparison = with_scores(five_seeds, {"csa": 0.7005, "matched-csa": control})
    _, said = words(comparison)
    assert f"a plain network that has the same number of parameters, csa {found} (diff" in said
    assert "over the 2 variants" in said
    row = comparison.summary().loc["csa"]
    assert f"difference {signed(row['control_difference'])}" in said


def test_a_line_of_the_table_ends_within_a_name_only_between_its_parts(five_seeds, tmp_path):
    page = page_of(five_seeds, tmp_path)
    assert re.search(r'<th scope="row">matched-<wbr>\w+<small>no attention,', page)


def test_a_notebook_shows_the_answer_and_the_verdicts(five_seeds):
    shown = Tags(five_seeds._repr_html_())
    assert shown.words[0] == five_seeds.answer()
    summary = five_seeds.summary()
    for topology in ("csa", "sa"):
        row = summary.loc[topology]
        assert topology in shown.words
        assert row["verdict"] in shown.words
        assert f"{row['auc']:.3f} ({row['auc_low']:.3f} to {row['auc_high']:.3f})" in shown.words
    assert sum(tag == "tr" for tag, _ in shown.found) == 1 + len(summary)


def test_the_hardware_is_that_of_the_trials(five_seeds):
    assert hardware_of(five_seeds) == "not recorded"
    trials = [
        dataclasses.replace(trial, hardware=f"processor {trial.seed % 2}")
        for trial in five_seeds.trials.values()
    ]
    both = dataclasses.replace(five_seeds, trials=dict(zip(five_seeds.trials, trials, strict=True)))
    assert hardware_of(both) == "processor 0, and processor 1"


def test_the_report_leaves_out_an_interval_of_times_that_says_nothing(five_seeds, tmp_path):
    comparison = with_scores(five_seeds, {}, {"csa": [0.01, 1.1, 1.1, 1.1, 50.0]})
    row = comparison.summary().loc["csa"]
    assert row["slowdown_high"] > 10 * row["slowdown_low"]
    words = Tags(page_of(comparison, tmp_path)).words
    assert words[words.index(f"× {row['slowdown']:.2f}") + 1] == "uncertain"
