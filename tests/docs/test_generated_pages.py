"""The pages that are written from the catalogue are up to date, and the costs are the paper's."""

import keras
import pytest

import keras_attn
from benchmarks import cost_table
from docs import generate


@pytest.fixture(scope="module")
def costs():
    # The networks are never run, and to draw their weights would take half of the time.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            keras.initializers.HeNormal,
            "__call__",
            lambda self, shape, dtype=None: keras.ops.zeros(shape, dtype),
        )
        return list(cost_table.measured())


def test_the_costs_are_those_of_the_gam_paper(costs):
    assert [row.name for row in costs] == [row.name for row in cost_table.TABLE]
    for row in costs:
        assert row.our_parameters == pytest.approx(row.parameters, rel=1e-3)
        assert row.our_macs == pytest.approx(row.macs, rel=1e-2)


def test_pages_are_up_to_date(costs, monkeypatch):
    monkeypatch.setattr(cost_table, "measured", lambda: costs)
    for path, write in generate.PAGES.items():
        page = path.read_text(encoding="utf-8")
        assert page == write(), f"{path.name} is stale: run python -m docs.generate"


@pytest.mark.parametrize("key", keras_attn.list_layers())
def test_every_published_module_says_how_faithful_it_is(key):
    entry = keras_attn.describe(key)
    assert entry.fidelity or entry.family != "published"
