"""The diagrams are read off the formulas."""

import itertools
from xml.etree import ElementTree

import numpy as np
import pytest

import keras_attn
from docs.diagrams.flow import flow, nodes, shape_of
from docs.diagrams.formula import parse
from docs.diagrams.layout import arrange
from docs.diagrams.svg import draw, lines_of
from docs.site import gallery

KEYS = keras_attn.list_layers()


def graph(key):
    """The nodes of a layer as text, with what they read."""
    root = flow(key, keras_attn.describe(key).formula)
    return [f"{n.text}({', '.join(each.text for each, _ in n.inputs)})" for n in nodes(root)]


def test_what_flows_in_csa():
    assert graph("csa") == ["x()", "c(x)", "×(x, c)", "s(×)", "×(×, s)", "y(×)"]


def test_a_definition_is_a_box_that_others_read():
    assert "a = σ(γ)()" in graph("csafa")
    assert "1 - a(a = σ(γ))" in graph("csafa")


def test_a_gate_under_another_reads_the_product_that_the_output_is_made_of():
    assert graph("rcsa") == ["x()", "c(x)", "×(x, c)", "s(×)", "×(×, s)", "+(x, ×)", "y(+)"]


def test_a_function_of_the_formula_is_drawn_out():
    gates = [node for node in graph("ccmssa") if node.startswith("s")]
    assert gates == ["s₇(×)", "s₅(×)", "s₃(×)"]


@pytest.mark.parametrize("key", KEYS)
def test_everything_comes_from_x_and_leads_to_y(key):
    root = flow(key, keras_attn.describe(key).formula)
    found = list(nodes(root))
    assert root.text == "y"
    assert "x" in [node.text for node in found]
    # What reads nothing is the map, or was learned.
    assert {n.kind for n in found if not n.inputs and n.text != "x"} <= {"learned"}


@pytest.mark.parametrize("key", KEYS)
def test_shapes_are_those_that_the_gates_return(key):
    if "single_output" in keras_attn.describe(key).limits:
        pytest.skip("it returns the logits of its branch too")
    layer = keras_attn.create(key, data_format="channels_last")
    height, width, channels = 12, 16, 128
    x = np.ones((1, height, width, channels), "float32")
    layer.build(x.shape)
    returned = {gate.shape[1:] for gate in layer.gates(x).values()}
    sizes = {"H": height, "W": width, "C": channels, "1": 1}
    root = flow(key, keras_attn.describe(key).formula)
    drawn = {shape_of(node) for node in nodes(root) if node.kind == "gate"} - {""}
    assert {tuple(sizes[side] for side in shape.split("×")) for shape in drawn} <= returned


@pytest.mark.parametrize("key", KEYS)
def test_nothing_is_drawn_over_another(key):
    root = flow(key, keras_attn.describe(key).formula)
    rows, lines = arrange(root, dict.fromkeys(nodes(root), 50.0))
    for row in rows:
        for left, right in itertools.pairwise(row):
            assert right.x - left.x >= (left.width + right.width) / 2
    assert all(line.places[0].row < line.places[-1].row for line in lines)


@pytest.mark.parametrize("key", KEYS)
def test_a_diagram_is_svg_with_a_name_and_every_text(key):
    entry = keras_attn.describe(key)
    picture = ElementTree.fromstring(draw(key, entry.formula, "A & B"))
    assert picture.get("aria-label") == "A & B"
    texts = {each.text for each in picture.iter("text")}
    for node in nodes(flow(key, entry.formula)):
        assert set(lines_of(node)) <= texts
    assert "NaN" not in draw(key, entry.formula)


@pytest.mark.parametrize("text", ["y = x · (c(x)", "y = x ? c(x)", "x", "y = x )"])
def test_what_is_no_formula_is_an_error(text):
    with pytest.raises(ValueError, match=r"expected|understood|definition"):
        parse(text)


def test_the_families_of_the_gallery_have_every_layer():
    shown = [entry.key for family in gallery.FAMILIES for entry in gallery.entries(family)]
    assert sorted(shown) == sorted(KEYS)


def test_a_page_of_the_gallery_has_what_the_catalogue_knows():
    for key in KEYS:
        entry, page = keras_attn.describe(key), gallery.page(keras_attn.describe(key))
        assert entry.formula in page
        assert entry.fidelity in page
        assert all(reason in page for reason in entry.limits.values())
        assert f'keras_attn.create("{key}"' in page
        assert "| `kernel_size` |" in page or "kernel_size" not in entry.default_config
