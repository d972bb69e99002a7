"""What every attention layer must do: the checks that each entry of the catalogue passes.

A layer that is added to the catalogue is covered with no new test code. For a layer of your own:

    from keras_attn.contract import CHECKS
    for check in CHECKS:
        check(entry)          # a keras_attn.catalogue.Entry

Each check raises AssertionError, with a word on what is wrong. They run on the backend of the
process; run them once a backend.
"""

from __future__ import annotations

import contextlib
import inspect
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_attn.catalogue import Entry
from keras_attn.catalogue.entry import LIMITS
from keras_attn.gates.parts import size
from keras_attn.layers import AttentionLayer
from keras_attn.torch_weights import load_torch_weights, published_variables, torch_state_dict

Check = Callable[[Entry], None]
CHECKS: list[Check] = []

CHANNELS = 32
SIZES = (7, 6, 5)


def check(function: Check) -> Check:
    """Adds a function to the contract."""
    CHECKS.append(function)
    return function


def shape_of(rank: int, data_format: str = "channels_last", batch: int | None = 2) -> tuple:
    """The shape of a small map with `rank` spatial axes, of different sizes."""
    if data_format == "channels_last":
        return (batch, *SIZES[:rank], CHANNELS)
    return (batch, CHANNELS, *SIZES[:rank])


def random_map(shape: tuple, seed: int = 0) -> np.ndarray:
    """A map of standard normal numbers."""
    return np.random.default_rng(seed).standard_normal(shape).astype("float32")


def create(entry: Entry, **config: Any) -> AttentionLayer:
    """A new layer with the arguments that suit the contract's small maps."""
    return entry.create(**{**entry.sample, **config})


def create_random(entry: Entry, shape: tuple, **config: Any) -> AttentionLayer:
    """The same, built for maps of that shape and with random weights.

    Where weights start matters to no check, and some start at 0, which would hide a part.
    """
    layer = create(entry, **config)
    layer.build(shape)
    load_torch_weights(layer, random_state(layer))
    return layer


def random_state(layer: AttentionLayer, seed: int = 0) -> dict[str, np.ndarray]:
    """Published weights for a built layer: normal numbers, and positive ones for variances."""
    generator = np.random.default_rng(seed)
    state = {}
    for each in published_variables(layer):
        normal = generator.standard_normal(each.torch_shape).astype("float32") / 2
        state[each.name] = 0.5 + np.abs(normal) if each.name.endswith("running_var") else normal
    return state


def attended(output: Any) -> Any:
    """The attended map: what a layer returns, or the first of it."""
    return output[0] if isinstance(output, (list, tuple)) else output


def as_array(tensor: Any) -> np.ndarray:
    """A NumPy array of any backend's tensor, bfloat16 included."""
    return ops.convert_to_numpy(ops.cast(tensor, "float32") if _is_low(tensor) else tensor)


def _is_low(tensor: Any) -> bool:
    return keras.backend.standardize_dtype(tensor.dtype) in ("float16", "bfloat16")


def copy_weights(source: keras.layers.Layer, target: keras.layers.Layer) -> None:
    """Gives `target` the weights of `source`, in its own dtype."""
    for from_variable, to_variable in zip(source.weights, target.weights, strict=True):
        to_variable.assign(ops.convert_to_numpy(from_variable.value))


def assert_near(result: np.ndarray, expected: np.ndarray, tolerance: float = 1e-5) -> None:
    """The arrays differ by no more than float32 rounds, relative to the largest value."""
    assert result.shape == expected.shape
    error = np.abs(result - expected).max() / np.abs(expected).max()
    assert error <= tolerance, f"off by {error:.1e} of the largest value"


@contextlib.contextmanager
def wide_floats() -> Iterator[None]:
    """Lets JAX keep float64, which it otherwise cuts to float32; the other backends do."""
    if keras.backend.backend() != "jax":
        yield
        return
    import jax

    with jax.enable_x64(True):
        yield


@check
def check_documentation(entry: Entry) -> None:
    """The docstring has the catalogue's formula and every part a reader looks for."""
    text = inspect.getdoc(entry.layer_class) or ""
    assert entry.summary.endswith("."), "the docstring begins with one sentence on one line"
    parts = [
        entry.formula,
        entry.title,
        entry.source,
        *("Args:", "Call arguments:", "Output shape:", "Raises:", "Example:"),
        *(f"{name}:" for name in entry.default_config),
    ]
    missing = [part for part in parts if part not in text]
    assert not missing, f"the docstring of {entry.layer_class.__name__} lacks {missing}"


@check
def check_limits(entry: Entry) -> None:
    """What the layer cannot do is declared, with a reason, and nothing else is."""
    assert not entry.limits.keys() - LIMITS.keys(), f"limits are {tuple(LIMITS)}"
    assert all(entry.limits.values()), "every limit has a reason"
    assert ("spatial_axes" in entry.limits) == (entry.spatial_ranks != (1, 2, 3))


@check
def check_config(entry: Entry) -> None:
    """`get_config` has every argument, and makes the same layer again."""
    layer = create(entry, name="kept", dtype="mixed_bfloat16", data_format="channels_first")
    config = layer.get_config()
    arguments = set(inspect.signature(entry.layer_class).parameters) - {"kwargs"}
    missing = (arguments | {"data_format", "name", "dtype"}) - config.keys()
    assert not missing, f"get_config lacks {missing}"
    again = entry.layer_class.from_config(config)
    assert again.get_config() == config, "from_config(get_config()) differs"
    defaults = entry.create(**{name: entry.default_config[name] for name in entry.sample})
    own = {name: defaults.get_config()[name] for name in entry.default_config}
    assert own == entry.default_config, "the catalogue's defaults are not the layer's"


@check
def check_registration(entry: Entry) -> None:
    """The class is registered with Keras, so that saved models with it can be loaded."""
    name = keras.saving.get_registered_name(entry.layer_class)
    assert keras.saving.get_registered_object(name) is entry.layer_class


@check
def check_parameters(entry: Entry) -> None:
    """The catalogue's count is that of the built layer, which refuses what it cannot divide."""
    for rank in entry.spatial_ranks:
        for channels in (1, 24, CHANNELS, 160):
            layer = create(entry)
            shape = (None, *SIZES[:rank], channels)
            try:
                count = entry.parameters(channels, spatial_axes=rank, **entry.sample)
            except ValueError:
                assert channels != CHANNELS, f"{entry.key} must take {CHANNELS} channels"
                with expect_error(str(channels)):
                    layer.build(shape)
                continue
            layer.build(shape)
            assert sum(map(size, layer.trainable_weights)) == count


@check
def check_shapes(entry: Entry) -> None:
    """Declared, symbolic and eager shapes agree; batch and spatial sizes may be unknown."""
    for rank in entry.spatial_ranks:
        for data_format in ("channels_last", "channels_first"):
            shape = shape_of(rank, data_format)
            layer = create(entry, data_format=data_format)
            unknown = tuple(size if size == CHANNELS else None for size in shape)
            symbolic = attended(layer(keras.KerasTensor(unknown, dtype="float32")))
            assert tuple(symbolic.shape) == unknown
            assert attended_shape(layer.compute_output_shape(shape)) == shape
            for batch in (2, 5):
                x = random_map((batch, *shape[1:]))
                assert tuple(attended(layer(x)).shape) == x.shape


def attended_shape(shape: Any) -> tuple:
    """The attended map's shape: what `compute_output_shape` returns, or the first of it."""
    return tuple(shape[0] if isinstance(shape[0], (list, tuple)) else shape)


@check
def check_gates(entry: Entry) -> None:
    """The gate maps broadcast against the input and give the output through `gain`."""
    for data_format in ("channels_last", "channels_first"):
        x = random_map(shape_of(2, data_format))
        layer = create_random(entry, x.shape, data_format=data_format)
        gates = layer.gates(x)
        assert gates
        for name, gate in gates.items():
            assert len(gate.shape) == x.ndim, f"the gate {name} has another rank than the input"
            sizes = zip(gate.shape, x.shape, strict=True)
            mixing = {1, gate.shape[layer.channel_axis(x.shape)]}
            assert all(ours in {1, theirs} | mixing for ours, theirs in sizes)
        if "gain" not in entry.limits:
            expected = x * as_array(layer.gain(**gates))
            assert_near(as_array(attended(layer(x))), expected)


@check
def check_data_formats(entry: Entry) -> None:
    """Both data formats compute the same."""
    for rank in entry.spatial_ranks:
        x = random_map(shape_of(rank))
        last = create_random(entry, x.shape, data_format="channels_last")
        first = create(entry, data_format="channels_first")
        first.build((None, CHANNELS, *SIZES[:rank]))
        copy_weights(last, first)
        expected = as_array(attended(last(x)))
        result = np.moveaxis(as_array(attended(first(np.moveaxis(x, -1, 1)))), 1, -1)
        assert_near(result, expected)


@check
def check_dtypes(entry: Entry) -> None:
    """Each policy gives its compute dtype, keeps its variable dtype, and is as accurate."""
    # Means of large maps overflow or stall in half precision unless they are summed in float32.
    x = random_map((2, 24, 24, CHANNELS)) + np.float32(8)
    reference = create(entry, dtype="float32")
    reference(x)
    for policy, tolerance in (
        ("float64", 1e-5),
        ("mixed_float16", 8 * 2**-11),
        ("mixed_bfloat16", 8 * 2**-8),
    ):
        with wide_floats() if policy == "float64" else contextlib.nullcontext():
            layer = create(entry, dtype=policy)
            layer.build(x.shape)
            copy_weights(reference, layer)
            rounded = as_array(ops.cast(ops.convert_to_tensor(x), layer.compute_dtype))
            output = attended(layer(x))
            gates = layer.gates(x)
        compute_dtype = keras.DTypePolicy(policy).compute_dtype
        assert keras.backend.standardize_dtype(output.dtype) == compute_dtype
        for gate in gates.values():
            assert keras.backend.standardize_dtype(gate.dtype) == compute_dtype
        for variable in layer.weights:
            assert variable.dtype == keras.DTypePolicy(policy).variable_dtype
        expected = as_array(attended(reference(rounded)))
        error = np.abs(as_array(output) - expected).max() / np.abs(expected).max()
        assert error <= tolerance, f"{policy} is off by {error:.1e} of the largest output"


@check
def check_batch_independence(entry: Entry) -> None:
    """In inference a sample's output does not depend on the others in its batch."""
    x = random_map(shape_of(2, batch=3))
    layer = create_random(entry, x.shape)
    together = as_array(attended(layer(x)))
    for index in range(3):
        alone = as_array(attended(layer(x[index : index + 1])))
        assert_near(alone, together[index : index + 1])


@check
def check_training_and_saving(entry: Entry) -> None:
    """A compiled `fit` moves every weight, and a saved model gives bit-equal outputs."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((None, None, CHANNELS))
    layer = create(entry)
    outputs = layer(inputs)
    features = [keras.layers.GlobalAveragePooling2D()(attended(outputs))]
    features += outputs[1:] if isinstance(outputs, (list, tuple)) else []
    joined = keras.layers.Concatenate()(features) if features[1:] else features[0]
    model = keras.Model(inputs, keras.layers.Dense(1)(joined))
    model.compile(keras.optimizers.SGD(0.1), "mse")
    x = random_map(shape_of(2, batch=8))
    before = [as_array(weight) for weight in model.trainable_weights]
    history = model.fit(x, random_map((8, 1), seed=1), epochs=2, batch_size=4, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    for weight, old in zip(model.trainable_weights, before, strict=True):
        if weight.name == "bias" and "every_bias_learns" in entry.limits:
            continue
        assert np.any(as_array(weight) != old), f"{weight.path} gets no gradient"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        loaded = keras.models.load_model(path)
    np.testing.assert_array_equal(as_array(loaded(x)), as_array(model(x)))
    assert loaded.layers[1].get_config() == layer.get_config()


@check
def check_published_weights(entry: Entry) -> None:
    """Every weight has a published name of its own, and goes there and back unchanged."""
    layer = create(entry)
    layer.build(shape_of(2))
    published = list(published_variables(layer))
    assert len({each.name for each in published}) == len(published)
    assert {id(each.variable) for each in published} == {id(weight) for weight in layer.weights}
    state = random_state(layer)
    load_torch_weights(layer, {f"block.{name}": array for name, array in state.items()}, "block.")
    for each in published:
        ours, theirs = as_array(each.variable), state[each.name]
        np.testing.assert_array_equal(np.sort(ours, axis=None), np.sort(theirs, axis=None))
    back = torch_state_dict(layer)
    assert back.keys() == state.keys()
    for name, array in back.items():
        np.testing.assert_array_equal(array, state[name])


@check
def check_bad_input(entry: Entry) -> None:
    """A wrong rank and an undefined channel count get an error that says what to do."""
    wrong = [rank for rank in (1, 2, 3) if rank not in entry.spatial_ranks]
    for sizes in ((), (2, 3, 4, 5), *(SIZES[:rank] for rank in wrong)):
        shape = (None, *sizes, CHANNELS)
        with expect_error("spatial axes", str(shape)):
            create(entry).build(shape)
    with expect_error("defined number of channels", "None"):
        create(entry).build((None, 8, 8, None))
    with expect_error("data_format", "channels_middle"):
        create(entry, data_format="channels_middle")


@contextlib.contextmanager
def expect_error(*words: str) -> Iterator[None]:
    """Asserts that the block raises a ValueError whose message has all the words."""
    message = None
    try:
        yield
    except ValueError as error:
        message = str(error)
    assert message is not None, f"no ValueError that speaks of {words}"
    missing = [word for word in words if word not in message]
    assert not missing, f"the error says {message!r}, without {missing}"
