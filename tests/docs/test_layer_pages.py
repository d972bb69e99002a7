"""The pages of the layers: advice, arguments with defaults, and what was measured."""

import re

import pytest

import keras_attn
from benchmarks import latest
from docs.site import gallery, measured
from docs.site.advice import ADVICE

pytestmark = pytest.mark.once


def test_every_layer_has_advice_and_names_others():
    assert list(ADVICE) == keras_attn.list_layers()
    for key, each in ADVICE.items():
        assert set(each.alternatives) <= set(ADVICE) - {key}


def test_a_page_has_types_defaults_and_results():
    page = gallery.page(keras_attn.describe("csa"))
    assert "| `reduction` | `float` | `16` | Ratio of the channels" in page
    row = r"\| {} \| 0\.\d\d \| \d\.\d\d \| ([-\d]+) \|"
    first, later = (re.search(row.format(name), page)[1] for name in ("jax", "torch eager"))
    assert first < later  # PyTorch as it stands was measured again
    assert re.search(r"\| breastmnist \| 546 \| 5 \| [+−-]0\.\d+ \|", page)
    page = gallery.page(keras_attn.describe("scsa_synergistic"))
    assert "| `window_size` | `int \\| None` | `7` |" in page
    assert "In this project's studies" not in page


def test_what_was_not_measured_is_left_out():
    assert measured.speed("none") == measured.studies("se") == ""


def test_a_layer_has_a_row_for_each_variant_that_was_measured(monkeypatch):
    times = {"training": {"median": 2.0}, "inference": {"median": 1.0}}
    cell = {"key": "csa", "shape": [1, 2, 2, 8], "results": {"jax": {"times": times}}}
    run = {"date": "2001-02-03", "variants": ["jax", "torch eager"], "cells": [cell]}
    monkeypatch.setattr(measured, "_speeds", lambda: latest.latest([run]))
    assert "| jax | - | - | 2001-02-03 |" in measured.speed("csa")
    assert "torch eager |" not in measured.speed("csa")
    assert measured.speed("se") == ""
    assert measured.training_times("csa") == {}
