"""The catalogue: keys, their order, parameter counts, and errors that help."""

import json

import keras
import pytest

import keras_attn
from keras_attn import catalogue

pytestmark = pytest.mark.once

TOPOLOGIES = (
    "ca sa csa sca csca scsa_topology csa2 csafa bicsa bicsafa gcsa2 tgpfa rcsa arcsa grcsa "
    "cmssa mscsa ccmssa"
)

# Totals for 64, 256 and 512 channels, counted in the published code (arXiv:2601.07310).
PUBLISHED_COUNTS = {
    "ca": (1024, 8192, 32768),
    "csa": (1122, 8290, 32866),
    "csca": (2146, 16482, 65634),
    "bicsafa": (2146, 16482, 65634),
    "scsa_topology": (1220, 8388, 32964),
    "gcsa2": (2180, 16548, 65764),
    "tgpfa": (1669, 12453, 49381),
    "grcsa": (1651, 12419, 49315),
    "cmssa": (1737, 12521, 49449),
    "mscsa": (5774, 65718, 262406),
    "ccmssa": (1190, 8358, 32934),
}


def test_the_topologies_come_first_and_in_order():
    assert keras_attn.list_topologies() == TOPOLOGIES.split()
    assert keras_attn.list_layers()[:18] == TOPOLOGIES.split()
    assert "ga" in keras_attn.list_layers()


@pytest.mark.parametrize(("key", "counts"), PUBLISHED_COUNTS.items())
def test_parameter_counts_are_the_published_ones(key, counts):
    entry = keras_attn.describe(key)
    assert tuple(entry.parameters(channels) for channels in (64, 256, 512)) == counts


@pytest.mark.parametrize("key", keras_attn.list_layers())
def test_classes_are_registered_under_the_name_of_the_package(key):
    # Saved models have these names in them: they never change.
    layer_class = keras_attn.describe(key).layer_class
    name = f"keras_attn>{layer_class.__name__}"
    assert keras.saving.get_registered_name(layer_class) == name
    assert keras.saving.get_registered_object(name) is layer_class


def test_every_class_is_in_the_catalogue_once():
    classes = [keras_attn.describe(key).layer_class for key in keras_attn.list_layers()]
    public = {getattr(keras_attn.layers, name) for name in keras_attn.layers.__all__}
    assert len(set(classes)) == len(classes)
    # The base of all, the wrapper that surgery puts around any of them, and the gate of two inputs.
    layers = keras_attn.layers
    others = {layers.AttentionLayer, layers.Blend, layers.AttentionGate}
    assert set(classes) == public - others


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("cmsa", "nearest: cmssa, csa"),
        ("C-MSSA", "nearest: cmssa"),
        ("transformer", "All keys: ca, sa, csa"),
        ("scsa", "two published designs.*scsa_topology.*2601.*scsa_synergistic.*2407"),
    ],
)
def test_an_unknown_key_is_an_error_that_names_the_nearest(key, words):
    for function in (keras_attn.create, keras_attn.describe):
        with pytest.raises(ValueError, match=words):
            function(key)


def test_a_key_is_registered_once():
    for key in ("csa", "scsa"):
        entry = catalogue.Entry(key, keras_attn.layers.CSA, "published", "", "", "", lambda n: 0)
        with pytest.raises(ValueError, match=f"'{key}' is taken"):
            catalogue.register(entry)


def test_an_entry_reads_as_text():
    assert str(keras_attn.describe("scsa_topology")).splitlines() == [
        "scsa_topology: Spatial, channel, and once more spatial attention (SCSA).",
        "  y = x · s(x) · c(x s) · s'(x s c)",
        "  keras_attn.layers.SCSATopology(reduction=16, kernel_size=7, channel='ca', spatial='sa')",
        "  trainable parameters on images: 1,220 (C=64), 8,388 (C=256), 32,964 (C=512)",
        "  sequential, arXiv:2601.07310",
    ]


@pytest.mark.parametrize("key", keras_attn.list_layers())
def test_entries_go_into_json(key):
    entry = json.loads(json.dumps(keras_attn.describe(key).as_dict()))
    assert entry["key"] == key
    assert keras_attn.create(key, **entry["config"]).get_config()
