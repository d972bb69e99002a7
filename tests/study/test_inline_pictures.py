"""Pictures inside a page."""

import re

import pytest
from matplotlib.figure import Figure

from keras_attn.study.inline_pictures import svg

pytestmark = pytest.mark.once


def picture(name, shift=0.0):
    figure = Figure(figsize=(2, 1 + shift))
    axes = figure.subplots()
    axes.plot([0, 1], [shift, 1], marker="o")
    return str(svg(name, figure))


def test_a_picture_does_not_depend_on_the_last_digits_of_its_coordinates():
    assert picture("a") == picture("a", shift=1e-13)


def test_references_lead_to_the_parts_of_the_same_picture():
    ids = {name: set(re.findall(r'\bid="([^"]+)"', picture(name))) for name in ("se@a", "se-a")}
    assert ids["se@a"].isdisjoint(ids["se-a"])
    for name, own in ids.items():
        references = re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', picture(name))
        assert references
        assert {first or second for first, second in references} <= own
