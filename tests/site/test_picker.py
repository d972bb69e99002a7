"""The picker says what `recommend` says, by mouse and by keyboard, on a phone too."""

import itertools

import pytest

import keras_attn
from keras_attn.guideline.law import REGIMES
from keras_attn.guideline.recommendation import GRANULARITIES, PRIORITIES
from keras_attn.guideline.tasks import TASKS
from tests.site.conftest import PHONE

SIZES = (1, 10, 546, 999, 1_000, 1_001, 12_345, 49_999, 50_000, 50_001, 10**6, 10**9)
SAID = ("topology", "alternatives", "regime", "reasons", "evidence", "grade", "judge_by")

SHOWN = {"accuracy": "accuracy", "stability": "stable training", "parameters": "few parameters"}


def test_script_and_package_give_the_same_answers(tab):
    page = tab()
    page.goto("guideline/")
    cases = list(itertools.product(SIZES, GRANULARITIES, PRIORITIES, TASKS))
    answers = page.evaluate("cases => cases.map((each) => recommend(LAW, ...each))", cases)
    assert len(cases) > 400
    for case, answer in zip(cases, answers, strict=True):
        expected = keras_attn.recommend(*case).as_dict()
        found = {name: answer[name] for name in SAID}
        assert found == {
            name: list(expected[name]) if isinstance(expected[name], tuple) else expected[name]
            for name in SAID
        }, case


def test_the_strip_shows_every_outcome_with_its_grade_and_takes_the_reader_there(tab):
    page = tab()
    page.goto("guideline/")
    cells = page.locator("#picker-strip td button")
    sizes = [regime.last or 10**6 for regime in REGIMES]
    for priority in PRIORITIES:
        page.get_by_label(SHOWN[priority]).check()
        cases = list(itertools.product(GRANULARITIES, sizes))
        assert cells.count() == len(cases)
        for cell, (granularity, size) in zip(cells.all(), cases, strict=True):
            expected = keras_attn.recommend(size, granularity, priority)
            assert cell.inner_text().split("\n") == [expected.topology, expected.grade]
            cell.click()
            assert chosen(page) == expected.topology
            assert cell.get_attribute("aria-current") == "true"
    assert page.locator("#picker-strip [aria-current]").count() == 1


def test_a_link_reproduces_the_answer(tab):
    page = tab()
    page.goto("guideline/")
    page.get_by_label("Training images", exact=True).fill("20000")
    page.get_by_label("in detail only").check()
    page.get_by_label("stable training").check()
    page.get_by_label("Task").select_option("ordinal")
    answer = page.locator("#picker-answer").inner_text()
    other = tab()
    other.goto(page.url)
    assert other.locator("#picker-answer").inner_text() == answer
    assert other.get_by_label("Training images", exact=True).input_value() == "20000"
    other.goto("guideline/?samples=none&granularity=odd&task=toString")
    assert chosen(other) == "cmssa"


def test_bad_numbers_are_refused_as_in_the_package(tab):
    page = tab()
    page.goto("guideline/")
    for text in ("0", "-5", "1.5", ""):
        page.get_by_label("Training images", exact=True).fill(text)
        assert "training images" in page.locator("#picker-answer .wrong").inner_text()


def chosen(page):
    """The key that the answer names first."""
    return page.locator("#picker-answer .what code").inner_text()


@pytest.mark.parametrize("viewport", [None, PHONE])
def test_by_mouse_or_finger(tab, viewport):
    page = tab(viewport=viewport) if viewport else tab()
    page.goto("guideline/")
    assert chosen(page) == "cmssa"
    page.get_by_label("few parameters").check()
    assert chosen(page) == "rcsa"
    page.get_by_label("accuracy").check()
    page.get_by_label("in detail only").check()
    assert chosen(page) == "sca"
    page.get_by_label("clearly").check()
    page.get_by_label("Task").select_option("detection")
    answer = page.locator("#picker-answer").inner_text()
    assert "this is the law of another task" in answer
    assert "backbone = keras_attn.insert_attention(backbone" in answer
    box = page.locator("#picker-slider").bounding_box()
    page.mouse.click(box["x"] + box["width"] - 2, box["y"] + box["height"] / 2)
    assert int(page.get_by_label("Training images", exact=True).input_value()) > 900_000
    assert chosen(page) == "gcsa2"


def test_by_keyboard_alone(tab):
    page = tab()
    page.goto("guideline/")
    page.get_by_label("Training images", exact=True).focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("20000")
    assert chosen(page) == "csafa"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "picker-slider"
    page.keyboard.press("End")
    assert chosen(page) == "gcsa2"
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    assert chosen(page) == "sca"
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")  # the next task
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    assert chosen(page) == "rcsa"


def test_its_code_can_be_copied_and_runs(tab):
    page = tab(permissions=["clipboard-read", "clipboard-write"])
    page.goto("guideline/")
    page.get_by_role("button", name="Copy the code").click()
    page.get_by_role("button", name="Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    code = "\n".join(line for line in copied.splitlines() if not line.startswith("model"))
    names = {}
    exec(code, names)
    assert type(names["layer"]).__name__ == "CMSSA"
    assert "insert_attention" in copied


def test_it_links_to_the_layers(tab):
    page = tab()
    page.goto("guideline/")
    page.locator("#picker-answer .what a").click()
    page.wait_for_url("**/layers/cmssa/")
