"""The page that combines gates says what the package says, by mouse and by keyboard, on a phone."""

import pytest

import keras_attn
from tests.site.conftest import PHONE


@pytest.mark.parametrize("viewport", [pytest.param(None, marks=pytest.mark.slow), PHONE])
def test_a_combination_is_shown(tab, viewport):
    page = tab(viewport=viewport) if viewport else tab()
    page.goto("layers/combinations/")
    page.get_by_label("Topology").select_option("bicsafa")
    page.get_by_label("Channel gate").select_option("eca")
    page.get_by_label("Spatial gate").select_option("coordinate")
    answer = page.locator("#combination-answer").inner_text()
    entry = keras_attn.describe("bicsafa", channel="eca", spatial="coordinate")
    for count in (entry.parameters(channels) for channels in (32, 64, 512)):
        assert f"{count:,}" in answer
    assert "c(x) = σ(k * mean x)" in answer
    assert "For images only" in answer
    names = {}
    exec(page.locator("#combination-answer pre").inner_text(), names)
    assert names["layer"].get_config()["spatial"] == "coordinate"
    boxes = page.locator("#combination-answer svg .what").all_text_contents()
    assert {"eca", "coordinate"} <= set(boxes)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    shared = page.url
    again = tab()
    again.goto(shared)
    assert again.get_by_label("Channel gate").input_value() == "eca"


def test_by_keyboard_alone(tab):
    page = tab()
    page.goto("layers/combinations/")
    page.get_by_label("Channel gate").focus()
    page.keyboard.type("eca")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.name") == "spatial"
    assert 'channel="eca"' in page.locator("#combination-answer pre").inner_text()
