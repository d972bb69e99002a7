"""Any channel gate and any spatial gate in any topology."""

import itertools
import json
import re

import keras
import numpy as np
import oracle
import pytest
from keras import ops

import keras_attn
from keras_attn import catalogue, contract, gates
from keras_attn.contract.running import as_array, run, run_attended
from keras_attn.contract.samples import copy_weights, create_random, random_map, random_state
from keras_attn.layers.torch_weights import load_torch_weights, torch_state_dict

TOPOLOGIES = keras_attn.list_topologies()
CHANNEL = keras_attn.list_gates("channel")
SPATIAL = keras_attn.list_gates("spatial")

FACTORS = {
    "topology": TOPOLOGIES,
    "channel": CHANNEL,
    "spatial": SPATIAL,
    "rank": (2, 1, 3),
    "data_format": ("channels_last", "channels_first"),
    "dtype": ("float32", "mixed_bfloat16"),
}

#: JAX compiles for each case, so that it takes part of them unless the slow tests are asked for.
EVERY = 6 if keras.backend.backend() == "jax" else 1


def covering_array():
    """Cases in which every pair of two factors' values occurs, found greedily."""
    names = list(FACTORS)
    pairs = {
        ((a, x), (b, y))
        for a, b in itertools.combinations(names, 2)
        for x in FACTORS[a]
        for y in FACTORS[b]
    }
    cases = []
    while pairs:
        (a, x), (b, y) = min(pairs, key=repr)
        case = {a: x, b: y}
        for name in names:
            if name not in case:
                case[name] = max(
                    FACTORS[name], key=lambda value, name=name: _new(pairs, case, name, value)
                )
        pairs -= _pairs_of(case)
        cases.append(case)
    return cases


def _pairs_of(case):
    ordered = [(name, case[name]) for name in FACTORS if name in case]
    return set(itertools.combinations(ordered, 2))


def _new(pairs, case, name, value):
    return len(_pairs_of({**case, name: value}) & pairs)


CASES = [
    pytest.param(
        *case.values(),
        id="-".join(map(str, case.values())),
        marks=[pytest.mark.slow] * (number % EVERY > 0),
    )
    for number, case in enumerate({n: c[n] for n in FACTORS} for c in covering_array())
]


def arguments(topology, channel, spatial):
    """The gates that a topology can have."""
    taken = {"ca": ["channel"], "sa": ["spatial"]}.get(topology, ["channel", "spatial"])
    return {kind: {"channel": channel, "spatial": spatial}[kind] for kind in taken}


@pytest.mark.parametrize(tuple(FACTORS), CASES)
def test_a_combination_is_that_of_the_oracle(topology, channel, spatial, rank, data_format, dtype):
    config = arguments(topology, channel, spatial)
    entry = keras_attn.describe(topology, **config)
    layer = entry.create(data_format=data_format, dtype=dtype)
    x = random_map((2, 32, *(7, 6, 5)[:rank]))
    mine = x if data_format == "channels_first" else np.moveaxis(x, 1, -1)
    if rank not in entry.spatial_ranks:
        with pytest.raises(ValueError, match=f"{layer.described} takes a batch"):
            layer.build(mine.shape)
        return
    layer.build(mine.shape)
    state = random_state(layer)
    load_torch_weights(layer, state)
    assert {name: tuple(a.shape) for name, a in torch_state_dict(layer).items()} == {
        name: a.shape for name, a in state.items()
    }
    output, maps = run(layer, mine, lambda x: (layer(x), layer.gates(x)))
    assert {*config} & {"channel", "spatial"} <= {*maps} | {"spatial"}
    expected = oracle.output(topology, state, x, **layer.get_config())
    if data_format == "channels_last":
        expected = np.moveaxis(expected, 1, -1)
    tolerance = 5e-5 if dtype == "float32" else 0.1
    assert np.abs(as_array(output) - expected).max() <= tolerance * np.abs(expected).max()
    count = sum(int(np.prod(weight.shape)) for weight in layer.trainable_weights)
    assert count == entry.parameters(32, spatial_axes=rank)
    restored = json.loads(json.dumps(keras.saving.serialize_keras_object(layer)))
    again = keras.saving.deserialize_keras_object(restored)
    copy_weights(layer, again)
    np.testing.assert_array_equal(run_attended(again, mine), as_array(output))


@pytest.mark.slow_on("jax")
@contract.parametrize(
    keras_attn.describe("bicsafa", channel="eca", spatial="coordinate"),
    keras_attn.describe("cmssa", channel="bam", spatial="cbam"),
)
def test_a_combination_passes_the_contract(entry, check):
    check(entry)


#: What a module is as a combination, and by what its output is to be multiplied.
IDENTITIES = [
    *((key, {}, "ca", {"channel": key}, 1) for key in ("ga", "se", "eca", "fca", "nam")),
    ("gam", {"spatial": False}, "ca", {"channel": "gam"}, 1),
    ("gam", {"channel": False}, "sa", {"spatial": "gam"}, 1),
    *((key, {}, "sa", {"spatial": key}, 1) for key in ("coordinate", "ela", "simam")),
    ("gam", {}, "csa", {"channel": "gam", "spatial": "gam"}, 1),
    ("cbam", {"use_bias": False, "reduction": 4}, "csa", {"reduction": 4, "spatial": "cbam"}, 1),
    ("scse", {"fusion": "sum"}, "csa2", {"channel": "se(reduction=2)", "spatial": "scse"}, 0.5),
]


@pytest.mark.parametrize(("module", "config", "topology", "combined", "factor"), IDENTITIES)
def test_a_module_is_a_combination(module, config, topology, combined, factor):
    x = random_map((2, 7, 6, 32))
    published = create_random(keras_attn.describe(module), x.shape, **config)
    combination = keras_attn.create(topology, **combined)
    combination.build(x.shape)
    copy_weights(published, combination)
    np.testing.assert_allclose(
        run_attended(combination, x), factor * run_attended(published, x), rtol=1e-5, atol=1e-6
    )


@keras.saving.register_keras_serializable(package="tests")
class Contrast(gates.Gate):
    """Twice the share of a value in its position; one number per element."""

    takes_mask = True

    def __init__(self, sharpness=1.0, **kwargs):
        super().__init__(**kwargs)
        self.sharpness = sharpness

    def from_map(self, x):
        return ops.sigmoid(self.sharpness * x)

    def macs(self, input_shape):
        return 0

    def get_config(self):
        return {**super().get_config(), "sharpness": self.sharpness}


@pytest.mark.parametrize("given", [Contrast, Contrast(2.0)])
def test_a_gate_of_the_users_own(given, tmp_path):
    x = random_map((2, 7, 6, 32))
    layer = keras_attn.create("bicsafa", channel=given, spatial="scse")
    model = keras.Sequential([keras.Input(x.shape[1:]), layer])
    expected = run_attended(model, x)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(run_attended(loaded, x), expected)
    sharpness = 1.0 if given is Contrast else 2.0
    assert loaded.layers[-1].channel.sharpness == sharpness
    assert keras_attn.describe("csa", channel=given).parameters(32) == 2 * 49


def test_a_gate_is_given_in_several_ways():
    given = "eca(kernel_size=5)", {"key": "eca", "kernel_size": 5}
    layers = [keras_attn.create("csa", channel=each) for each in given]
    assert {layer.channel.kernel_size for layer in layers} == {5}
    assert {layer.get_config()["channel"] for layer in layers} == {"eca(kernel_size=5)"}
    assert keras_attn.describe("bicsafa", channel="eca", spatial="coordinate").title == (
        "Bi-CSAFA with the channel gate of ECA and the spatial gate of coordinate attention"
    )


def test_multiscale_topologies_scale_the_gates_that_have_the_argument():
    layer = keras_attn.create("mscsa", channel="se", reductions=(2, 4))
    assert [gate.reduction for gate in layer.channels] == [2, 4]
    layer = keras_attn.create("cmssa", spatial="cbam", kernel_sizes=(3, 5))
    assert [gate.kernel_size for gate in layer.spatials] == [3, 5]
    layer = keras_attn.create("mscsa", channel="nam", reductions=(2, 4))
    assert list(layer.gates(random_map((1, 4, 4, 8)))) == [
        *("channel_2", "channel_4", "mixing", "channel", "spatial")
    ]


@pytest.mark.once
def test_each_statistic_is_pooled_once(monkeypatch):
    from keras_attn import kernels

    pooled = []
    original = kernels.pooled

    def counted(x, axes, pools, under=None):
        pooled.append((tuple(axes), tuple(pools)))
        return original(x, axes, pools, under)

    monkeypatch.setattr(kernels, "pooled", counted)
    x = random_map((2, 8, 8, 16))
    for key, times in {"cmssa": 2, "mscsa": 2, "tgpfa": 2, "ccmssa": 2, "gcsa2": 2}.items():
        pooled.clear()
        keras_attn.create(key, data_format="channels_last")(x)
        assert len(pooled) == times, (key, pooled)


def test_a_product_that_a_gate_has_read_is_computed_once(monkeypatch):
    from keras_attn import kernels

    factors = []
    original = kernels.times

    def counted(x, *gates):
        factors.append(len(gates))
        return original(x, *gates)

    monkeypatch.setattr(kernels, "times", counted)
    x = ops.convert_to_tensor(random_map((2, 8, 8, 16)))
    shares = kernels.shares_product(x, x, ("mean", "max"))
    expected = {"csa": 2, "sca": 2, "cbam": 2, "bicsa": 4, "csca": 3, "rcsa": 2, "cmssa": 2}
    for key, products in expected.items():
        factors.clear()
        layer = keras_attn.create(key, data_format="channels_last")
        layer(x)
        if shares:
            assert factors == [1] * products, key
        else:
            assert 1 not in factors, key
        assert layer.gain(**layer.gates(x)).shape == x.shape


@pytest.mark.once
@pytest.mark.parametrize(
    ("key", "config", "message"),
    [
        (
            "csa",
            {"channel": "sa"},
            "no channel gate.*'sa'. It is a spatial gate.*All channel gates: ca, ga",
        ),
        ("csa", {"spatial": "eca"}, "no spatial gate.*'eca'. It is a channel gate.*sa, cbam"),
        ("csa", {"channel": "ecca"}, "The nearest: eca, ca"),
        ("csa", {"channel": "eca(size=3)"}, "'eca' does not take.*'size'.*kernel_size"),
        ("csa", {"channel": "eca(kernel_size=4)"}, "must be odd"),
        ("csa", {"channel": "eca(3)"}, "cannot be read.*KEY.argument=value"),
        ("csa", {"channel": "eca("}, "cannot be read"),
        ("csa", {"channel": 3}, "must be the key of a gate.*Received: channel=3"),
        ("csa", {"channel": gates.Gate}, "Gate must define `from_map"),
        ("csa", {"channel": "se", "reduction": 8}, "argument of the gate 'ca'.*se.argument=value"),
    ],
)
def test_a_gate_that_does_not_fit(key, config, message):
    with pytest.raises(ValueError, match=re.compile(message, re.DOTALL)):
        keras_attn.create(key, **config)


@pytest.mark.once
def test_gates_that_do_not_fit_the_map():
    with pytest.raises(ValueError, match=r"CSA with channel=FCA takes.*2 \(images\)"):
        keras_attn.create("csa", channel="fca").build((None, 9, 32))
    with pytest.raises(ValueError, match="24 channels"):
        keras_attn.create("csa", channel="fca").build((None, 9, 9, 24))


@pytest.mark.once
def test_the_table_of_gates():
    assert keras_attn.list_gates() == list(dict.fromkeys(CHANNEL + SPATIAL))
    for kind in ("channel", "spatial"):
        for key in keras_attn.list_gates(kind):
            entry = keras_attn.describe_gate(key, kind)
            assert (entry.key, entry.kind) == (key, kind)
            assert entry.formula.startswith("c(x) =" if kind == "channel" else "s(x) =")
            assert key in str(entry)
    with pytest.raises(ValueError, match="no gate with the key 'csa'"):
        keras_attn.describe_gate("csa")
    with pytest.raises(ValueError, match="`kind` must be"):
        keras_attn.list_gates("temporal")
    assert catalogue.describe("csa").base is None
