"""What the theme brings: search, buttons that copy, dark mode."""

from pathlib import Path

import pytest

import keras_attn


def test_search_finds_a_layer_without_leaving_the_site(tab):
    page = tab()
    page.goto("./", wait_until="networkidle")  # what was typed before the index came is lost
    # Not "C-MSSA": if typing pauses after "C-", the theme's search rejects it as a query.
    page.get_by_role("textbox", name="Search").press_sequentially("MSSA")
    result = page.locator(".md-search-result__link[href*='layers/cmssa/']").first
    result.click(timeout=120_000)
    page.wait_for_url("**/layers/cmssa/**")


def test_code_can_be_copied(tab):
    page = tab(permissions=["clipboard-read", "clipboard-write"])
    page.goto("layers/csa/")
    block = page.locator("div.highlight", has_text="keras_attn.create").first
    block.locator("button, .md-clipboard").first.click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert 'layer = keras_attn.create("csa")' in copied


@pytest.mark.parametrize(("scheme", "name"), [("light", "default"), ("dark", "slate")])
def test_the_system_chooses_between_light_and_dark(tab, scheme, name):
    page = tab(color_scheme=scheme)
    page.goto("layers/csa/")
    assert page.locator("body").get_attribute("data-md-color-scheme") == name


def test_dark_mode_can_be_chosen_and_changes_the_diagrams(tab):
    page = tab(color_scheme="light")
    page.goto("layers/csa/")
    box = page.locator("svg.flow .channel rect")
    before = box.evaluate("each => getComputedStyle(each).fill")
    page.locator("label[title='Switch to dark mode']").click()
    assert page.locator("body").get_attribute("data-md-color-scheme") == "slate"
    assert box.evaluate("each => getComputedStyle(each).fill") != before


def test_a_long_table_can_be_sorted_and_downloaded(tab):
    page = tab()
    page.goto("layers/")
    table = page.locator(".md-content table").last
    column = table.get_by_role("button", name="parameters")

    def shown():
        texts = table.locator("tbody tr td:nth-child(3)").all_inner_texts()
        return [int(text.replace(",", "")) for text in texts if text]

    before = shown()
    column.click()
    assert shown() == sorted(before) != before
    assert table.locator("th[aria-sort]").get_attribute("aria-sort") == "ascending"
    column.press("Enter")
    assert shown() == sorted(before, reverse=True)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as CSV").last.click()
    assert download.value.suggested_filename == "layers.csv"
    lines = Path(download.value.path()).read_text(encoding="utf-8").splitlines()
    assert lines[0] == 'layer,family,parameters,TensorFlow,JAX,"PyTorch, eager",verdicts'
    assert len(lines) == 1 + len(keras_attn.list_layers())


def test_the_home_page_is_light_and_soon_there(tab):
    page = tab()
    page.goto("./", wait_until="networkidle")
    sizes = page.evaluate(
        """() => ["navigation", "resource"]
            .flatMap((kind) => performance.getEntriesByType(kind))
            .map((each) => [each.name, each.decodedBodySize])"""
    )
    # The search fetches its index in the background, after the page is there.
    shown = sum(size for name, size in sizes if not name.endswith("search_index.json"))
    assert 100_000 < shown < 500_000
    took = page.evaluate("performance.getEntriesByType('navigation')[0].domInteractive")
    assert took < 1000  # milliseconds
