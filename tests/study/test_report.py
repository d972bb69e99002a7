import dataclasses
import re
from html.parser import HTMLParser

import pytest

from keras_attn.study import compare
from keras_attn.study.comparison import Comparison
from keras_attn.study.report import answer, caution, signed

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
def comparison(dataset, tiny, invented) -> Comparison:
    return compare(dataset, ["csa", "cmssa"], seeds=2, backbone=tiny, progress=False)


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
    for fact in ("squares", "CC0", "made here", "40 training", "Keras", "NumPy", "AdamW"):
        assert fact in text
    assert "keras_attn.compare(dataset, topologies=('csa', 'cmssa'), seeds=2" in text


def test_the_report_asks_for_nothing_from_elsewhere(comparison, tmp_path):
    page = page_of(comparison, tmp_path)
    for tag, attributes in Tags(page).found:
        assert tag not in ("script", "link", "img", "iframe")
        for name in ("src", "href", "xlink:href"):
            assert (attributes.get(name) or "#").startswith("#")
    assert "@import" not in page
    assert not re.search(r"url\((?!#)", page)


def test_pictures_take_the_colours_of_the_page(comparison, tmp_path):
    pictures = re.findall(r"<svg.*?</svg>", page_of(comparison, tmp_path), flags=re.DOTALL)
    assert len(pictures) == 3 + 2  # metrics, learning curves of the topologies
    for picture in pictures:
        assert "var(--text)" in picture
        assert "var(--accent)" in picture


def test_names_are_escaped(comparison, tmp_path):
    nasty = dataclasses.replace(
        comparison.dataset, name=NASTY, class_names=(NASTY, "b"), licence=NASTY, source=NASTY
    )
    page = page_of(dataclasses.replace(comparison, dataset=nasty, command=NASTY), tmp_path)
    tags = Tags(page)
    assert "script" not in [tag for tag, _ in tags.found]
    assert NASTY not in page
    assert "".join(tags.words).count(NASTY) >= 5


def test_one_seed_has_no_interval(dataset, tiny, invented, tmp_path):
    comparison = compare(dataset, ["csa"], seeds=1, backbone=tiny, progress=False)
    page = page_of(comparison, tmp_path)
    assert "nan" not in page
    assert "<small>–</small>" in page
    assert not re.search(r"\d to \d", page)
    assert "One seed gives no interval" in page


def test_the_words_rank_nothing(comparison):
    summary = comparison.summary()
    text = answer(comparison, summary) + caution(summary)
    assert "has not been tested" in text
    assert not re.search(r"\b(better|best|worse|worst|wins?|improves?|outperforms?)\b", text)


def test_diverged_trials_are_told(comparison, tmp_path):
    trials = list(comparison.trials)
    trials[2] = dataclasses.replace(
        trials[2], best=None, diverged=True, scores=dict.fromkeys(trials[2].scores, float("nan"))
    )
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
