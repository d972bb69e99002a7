import dataclasses
import re
from itertools import combinations

import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from report_pages import Tags, page_of

from keras_attn.study import compare
from keras_attn.study.comparison import Comparison
from keras_attn.study.plots import Palette, draw_cost, draw_forest
from keras_attn.study.question import Question
from keras_attn.study.report import MOST_CLASSES, content
from keras_attn.study.wording import p_text, seeds_text, signed

pytestmark = pytest.mark.once

NASTY = '<script>alert("&")</script>'


@pytest.fixture
def comparison(invented_comparison, tiny) -> Comparison:
    return invented_comparison("csa", "cmssa", seeds=2)[0]


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


def test_a_long_title_stays_over_its_panel():
    summary = pd.DataFrame(
        {"seconds_per_step": [1.0, 2.0], "map": [0.3, 0.4]}, index=["none", "csa"]
    )
    figure = Figure((3.4, 2.4))
    axes = figure.add_subplot()
    title = "COCO mAP against seconds per training step"
    draw_cost(axes, summary, "seconds_per_step", "map", title, Palette())
    (drawn,) = axes.findobj(lambda each: isinstance(each, Text) and each.get_text()[:4] == "COCO")
    assert drawn.get_text().split() == title.split()
    assert drawn.get_window_extent().x1 <= figure.bbox.x1


def test_an_interval_over_test_images_is_seen_where_it_is_the_shorter_one():
    ends = {"map_difference": 0.01, "map_difference_low": -0.02, "map_difference_high": 0.04}
    combined = {"combined_low": -0.01, "combined_high": 0.03}
    unknown = {"combined_low": float("nan"), "combined_high": float("nan")}
    rows = {"csa": {**ends, **combined}, "se": {**ends, **unknown}}
    summary = pd.DataFrame(rows).T.assign(verdict="undecided")
    axes = Figure().add_subplot()
    draw_forest(axes, summary, Question("map", 0.01), Palette())
    capped = [line for line in axes.lines if line.get_marker() == "|"]
    assert [list(line.get_xdata()) for line in capped] == [[-0.01, 0.03]]


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


def test_notes_of_the_plan_are_in_the_report(comparison, tmp_path):
    plan = dataclasses.replace(comparison.plan, notes=("There is no parameter-matched control.",))
    page = page_of(dataclasses.replace(comparison, plan=plan), tmp_path)
    assert "There is no parameter-matched control." in page
