import keras
import pytest
from hypothesis import given
from hypothesis import strategies as st

import keras_attn
from keras_attn.study.grammar import as_variants, parse_variant, parse_variants
from keras_attn.study.variants import Variant

pytestmark = pytest.mark.once

KEYS = st.sampled_from(["csa", "gam", "eca", "scsa_topology"])
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    NUMBERS | st.booleans() | st.none() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.builds(Variant, KEYS),
    max_leaves=4,
)
PARTS = st.builds(
    Variant,
    KEYS,
    where=st.none() | st.sampled_from(["stages", "stage3.blocks", "conv4_*", "net/conv[1]"]),
    config=st.dictionaries(st.from_regex(r"[a-z]+(_[a-z]+)*", fullmatch=True), VALUES, max_size=3),
    start=st.sampled_from([None, "identity", "published"]),
)


def joined(parts):
    first, *others = parts
    for part in others:
        first = first + part
    return first


@given(st.lists(st.lists(PARTS, min_size=1, max_size=3).map(joined), min_size=1, max_size=3))
def test_the_text_of_variants_is_read_back_as_the_same_variants(variants):
    text = ", ".join(map(str, variants))
    read = parse_variants(text)
    assert read == variants
    assert [each.config for each in read] == [each.config for each in variants]
    assert ", ".join(map(str, read)) == text


def test_every_part_of_a_variant_is_read():
    variant = parse_variant(" matched-csa( kernel_size=7,reduction = 8 )@stage3.blocks:published ")
    assert variant.key == "csa"
    assert variant.config == {"kernel_size": 7, "reduction": 8}
    assert (variant.where, variant.start, variant.control) == ("stage3.blocks", "published", True)
    first, second = parse_variants("eca@blocks+csa@stage4, gam(rates=[1,2.5,x], channel=eca(k=5))")
    assert [part.where for part in first.parts] == ["blocks", "stage4"]
    assert first.topology == "eca+csa"
    assert second.config == {"rates": [1, 2.5, "x"], "channel": Variant("eca", config={"k": 5})}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected the key of an attention layer at position 0, found the end"),
        ("csa,", "expected the key of an attention layer at position 4, found the end"),
        ("csa(reduction)", r"expected = at position 13, found '\)'"),
        ("csa(reduction=8", r"expected a comma or \) at position 15, found the end"),
        ("csa(sizes=[3;5])", "expected a comma or ] at position 12"),
        ("csa@", "expected a place"),
        ("csa:late", "expected identity or published at position 4, found 'late'"),
        ("csa csa", "expected a comma, \\+, or the end at position 4"),
        ("cas", "key 'cas'.*csa"),
        ("none@stages", "takes no arguments, place or start"),
        ("csa+none@blocks", "takes no arguments, place or start"),
    ],
)
def test_a_text_that_cannot_be_read_is_an_error_with_the_position(text, message):
    with pytest.raises(ValueError, match=message):
        parse_variants(text)


def test_a_layer_is_the_key_and_the_arguments_that_differ_from_the_defaults():
    assert str(Variant(keras_attn.layers.CSA(reduction=4))) == "csa(reduction=4)"
    assert str(Variant(keras_attn.layers.CSA(), where="stages")) == "csa@stages"


def test_own_layers_and_functions_have_a_name():
    class MyGate(keras.layers.Layer):
        pass

    def wider(model):
        return model

    assert str(Variant(MyGate, where="stages")) == "my_gate@stages"
    assert str(Variant(wider)) == "wider"
    assert str(Variant(lambda model: model, name="same")) == "same"
    with pytest.raises(ValueError, match="needs a name"):
        Variant(lambda model: model)
    with pytest.raises(ValueError, match="takes no place"):
        Variant(wider, where="stages")
    with pytest.raises(ValueError, match="must be a key"):
        Variant(3)


def test_variants_are_named_in_every_form_and_each_once():
    layer = keras_attn.layers.CSA()
    found = as_variants(["csa, eca@stages", layer, Variant("eca", where="stages"), "none"])
    assert list(map(str, found)) == ["csa", "eca@stages", "none"]
    with pytest.raises(ValueError, match="Two different variants have the name 'same'"):
        as_variants([Variant(lambda model: model, name="same") for _ in range(2)])
    with pytest.raises(ValueError, match="`variants` is empty"):
        as_variants([])
