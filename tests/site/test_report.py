"""The report of a comparison, in a browser."""

import pytest
from image_sets import make_dataset

import keras_attn
from keras_attn.study import report_table

pytestmark = pytest.mark.once


def test_the_table_of_results_fits_its_card(browser, tmp_path, monkeypatch):
    # The longest of what that column can say.
    monkeypatch.setattr(report_table, "_needed", lambda row: "13.6 times the test images")
    keras_attn.compare(
        make_dataset(),
        "se(reduction=8)@stages",
        seeds=2,
        epochs=1,
        backbone="resnet8",
        output=tmp_path,
        progress=False,
    )
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto((tmp_path / "report.html").as_uri())
    assert page.get_by_text("13.6 times the test images needed").count() > 0
    hidden = "each => each.scrollWidth > each.clientWidth"
    found = [each.evaluate(hidden) for each in page.query_selector_all(".wide")]
    assert found
    assert not any(found)
    page.close()
