import dataclasses
import re
from html.parser import HTMLParser
from itertools import combinations

import pandas as pd
import pytest
from matplotlib.figure import Figure

from keras_attn.study import compare
from keras_attn.study.comparison import Comparison
from keras_attn.study.plots import Palette, draw_cost
from keras_attn.study.report import MOST_CLASSES, content, hardware_of
from keras_attn.study.wording import caution, p_text, seeds_text, signed

pytestmark = pytest.mark.once

NASTY = '<script>alert("&")</script>'


class Tags(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.found, self.words = [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.words.append(data)


@pytest.fixture
def comparison(invented_comparison, tiny) -> Comparison:
    return invented_comparison("csa", "cmssa", seeds=2)[0]


def page_of(comparison, folder):
    return comparison.report(folder / "report.html").read_text(encoding="utf-8")


def test_the_report_shows_the_numbers_and_what_they_depend_on(comparison, tmp_path):
    text = " ".join(Tags(page_of(comparison, tmp_path)).words)
    summary = comparison.summary()
    for topology in ("none", "csa", "cmssa"):
        row = summary.loc[topology]
        assert topology in text
        assert f"{row['auc']:.3f}" in text
        assert f"{row['auc_low']:.3f} to {row['auc_high']:.3f}" in text
    assert f"+{summary.loc['csa', 'auc_difference']:.3f}" in text
    for fact in ("squares", "CC0", "made here", "40 training", "keras", "numpy", "AdamW"):
        assert fact in text
    assert "keras_attn.compare(dataset, variants=['csa', 'cmssa'], " in text
    assert "seeds=2" in text
    for word in ("matched-cmssa", "Holm", "Student", "without attention", "Calibration error"):
        assert word in text
    for class_name, recall in comparison.recall_of(comparison.groups[0]).items():
        assert class_name in text
        assert f"{recall['csa']:.3f}" in text


def test_the_report_asks_for_nothing_from_elsewhere(comparison, tmp_path):
    page = page_of(comparison, tmp_path)
    for tag, attributes in Tags(page).found:
        assert tag not in ("script", "link", "img", "iframe")
        for name in ("src", "href", "xlink:href"):
            assert (attributes.get(name) or "#").startswith(("#", "data:image/png;base64,"))
    assert "@import" not in page
    assert not re.search(r"url\((?!#)", page)


def test_pictures_take_the_colours_of_the_page(comparison, tmp_path):
    pictures = re.findall(r"<svg.*?</svg>", page_of(comparison, tmp_path), flags=re.DOTALL)
    # Differences, metrics, costs, learning curves of three networks, gate maps.
    assert len(pictures) == 1 + 4 + 3 + 3 + 1
    for picture in pictures:
        assert "var(--text)" in picture


def test_names_are_escaped(comparison, tmp_path):
    nasty = dataclasses.replace(
        comparison.dataset, name=NASTY, class_names=(NASTY, "b"), licence=NASTY, source=NASTY
    )
    plan = dataclasses.replace(comparison.plan, datasets={"squares": nasty})
    page = page_of(dataclasses.replace(comparison, plan=plan, command=NASTY), tmp_path)
    tags = Tags(page)
    assert "script" not in [tag for tag, _ in tags.found]
    assert NASTY not in page
    assert "".join(tags.words).count(NASTY) >= 5


def test_one_seed_has_no_interval(dataset, tiny, invented, tmp_path):
    comparison = compare(dataset, ["csa"], seeds=1, backbone=tiny, progress=False)
    page = page_of(comparison, tmp_path)
    assert "nan" not in page
    assert "<small>–</small>" in page
    assert not re.search(r"\d to \d", page.partition("Where csa looks")[0])
    assert "One seed gives no interval" in page


RANKING = re.compile(r"\b(best|worst|wins?|improves?|outperforms?)\b")


def with_scores(comparison, scores, seconds=None, noise=0.001):
    """The comparison with another AUC for each topology, a little different for each seed."""
    trials = {}
    for key, trial in comparison.trials.items():
        auc = scores.get(key.topology, 0.7) + noise * ((7 * key.seed + len(key.topology)) % 5)
        point = trial.curve[0]._replace(seconds=(seconds or {}).get(key.topology, 1.0))
        trials[key] = dataclasses.replace(
            trial, scores={**trial.scores, "auc": auc}, curve=[point], best=point
        )
    return dataclasses.replace(comparison, trials=trials)


@pytest.fixture
def five_seeds(invented_comparison, tiny):
    return invented_comparison("csa", "sa", seeds=5)[0]


def words(comparison):
    return comparison.answer(), caution(comparison.summary(), (), comparison.plan.question)


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
    faster = with_scores(five_seeds, {"csa": 0.6, "sa": 0.6}, {"csa": 0.9, "sa": 1.1})
    assert re.fullmatch(
        r"No benefit: csa and sa are worse than no attention in AUC \(csa −0\.\d+, sa −0\.\d+\) "
        r"and take between 10 % less and 10 % more time per step\.",
        words(faster)[0],
    )


def test_a_difference_that_is_shown_and_smaller_than_the_margin_is_told(five_seeds):
    said, _ = words(with_scores(five_seeds, {"csa": 0.705}))
    assert "(a smaller difference is shown: csa +0.005)" in said
    assert said.startswith("No benefit: csa and sa are equivalent")


def test_what_is_undecided_says_how_many_more_seeds_would_decide(five_seeds):
    comparison = with_scores(five_seeds, {"csa": 0.7105}, noise=0.01)
    said, careful = words(comparison)
    (more,) = re.findall(
        r"csa and sa are undecided with 5 seeds, and (\d+) more would decide it if the "
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


def test_several_groups_have_an_overview_and_a_ranking(tiny, invented, dataset_of, tmp_path):
    sets = [dataset_of(name=name) for name in ("one", "two", "three")]
    comparison = compare(sets, ["csa", "sa"], seeds=2, backbone=tiny, progress=False)
    page = page_of(comparison, tmp_path)
    text = " ".join(" ".join(Tags(page).words).split())
    assert "No benefit shown: of 6 comparisons with no attention" in text
    assert "Friedman" in text
    assert "critical difference of" in text
    for name in ("one", "two", "three"):
        assert f"{name}, 40 images" in text
    table = comparison.summary()
    assert signed(table.loc[("two", 40, "csa"), "auc_difference"]) in text


def test_of_many_classes_those_that_differ_most_are_shown(comparison, tmp_path, monkeypatch):
    monkeypatch.setattr("keras_attn.study.report.MOST_CLASSES", 1)
    page = page_of(comparison, tmp_path)
    assert "the other 1 are in results.json" in page
    assert MOST_CLASSES > 1


def test_the_longer_side_of_the_recalls_runs_down_the_page(comparison, monkeypatch):
    recall = comparison.recall_of(comparison.groups[0])
    networks, classes = list(recall.index), list(recall.columns)
    assert len(networks) > len(classes)
    table = content(comparison.analysis)["groups"][0]["recall"]
    assert (table["head"], table["columns"]) == ("Network", classes)
    assert [name for name, _ in table["rows"]] == networks
    monkeypatch.setattr(Comparison, "recall_of", lambda self, group: recall[:1])
    table = content(comparison.analysis)["groups"][0]["recall"]
    assert (table["head"], table["columns"]) == ("Class", networks[:1])
    assert [name for name, _ in table["rows"]] == classes


def test_names_of_networks_that_are_alike_stay_readable():
    scores = {"none": 0.7, "csa": 0.7005, "cmssa": 0.8}
    summary = pd.DataFrame({"parameters": 100.0, "auc": scores})
    axes = Figure((4.2, 2.9)).add_subplot()
    draw_cost(axes, summary, "parameters", "auc", "AUC against parameters", Palette())
    boxes = [name.get_window_extent() for name in axes.texts]
    assert len(boxes) == len(summary)
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))


def test_p_values_and_seeds_in_words():
    assert [p_text(value) for value in (0.2, 0.0004, 0.0496, 0.0504, float("nan"))] == [
        "p = 0.200",
        "p < 0.001",
        "p = 0.0496",
        "p = 0.0504",
        "–",
    ]
    assert [seeds_text(value) for value in (12.0, 2e5, float("inf"), float("nan"))] == [
        "12",
        "over 1,000",
        "over 1,000",
        "–",
    ]


def test_diverged_trials_are_told(comparison, tmp_path):
    trials = dict(comparison.trials)
    key = list(trials)[2]
    trials[key] = dataclasses.replace(trials[key], best=None, diverged=True, scores={})
    page = page_of(dataclasses.replace(comparison, trials=trials), tmp_path)
    assert "1 diverged" in page
    assert "counted as diverged" in page
    assert "nan" not in page.replace("nano", "")


def test_differences_carry_their_sign():
    values = [0.0123, -0.0123, 0.0004, -0.0004, float("nan")]
    assert [signed(value) for value in values] == ["+0.012", "−0.012", "0.000", "0.000", "–"]


def test_the_command_that_was_given_is_the_one_shown(dataset, tiny, invented, tmp_path):
    command = "keras-attn compare squares --topologies csa"
    comparison = compare(dataset, ["csa"], backbone=tiny, progress=False, command=command)
    assert f"<pre>{command}</pre>" in page_of(comparison, tmp_path)


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


def test_notes_of_the_plan_are_in_the_report(comparison, tmp_path):
    plan = dataclasses.replace(comparison.plan, notes=("There is no parameter-matched control.",))
    page = page_of(dataclasses.replace(comparison, plan=plan), tmp_path)
    assert "There is no parameter-matched control." in page


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
