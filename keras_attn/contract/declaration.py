"""Checks of what a layer says about itself: documentation, configuration, parameters, errors."""

from __future__ import annotations

import inspect
import json
import math

import keras

from keras_attn.arguments import constructor_arguments
from keras_attn.catalogue import Entry
from keras_attn.catalogue.entry import LIMITS
from keras_attn.contract.assertions import expect, expect_equal, expect_error
from keras_attn.contract.samples import CHANNELS, SIZES, create, shape_of


def check_documentation(entry: Entry) -> None:
    """The docstring has the catalogue's formula and every section a reader looks for."""
    entry = entry.base or entry
    text = inspect.getdoc(entry.layer_class) or ""
    expect(entry.summary.endswith("."), "the docstring begins with one sentence on one line")
    parts = [
        entry.formula,
        entry.title,
        entry.source,
        *("Args:", "Call arguments:", "Output shape:", "Raises:", "Example:"),
        *(f"{name}:" for name in entry.default_config),
    ]
    missing = [part for part in parts if part not in text]
    expect(not missing, f"the docstring of {entry.layer_class.__name__} lacks {missing}")


def check_limits(entry: Entry) -> None:
    """Limits have known names and reasons; other checks find out that each is necessary."""
    unknown = entry.limits.keys() - LIMITS.keys()
    expect(not unknown, f"limits must be among {tuple(LIMITS)}. Received: {sorted(unknown)}.")
    expect(all(entry.limits.values()), "every limit has a reason")
    limited = entry.spatial_ranks != (1, 2, 3)
    expect_equal("spatial_axes" in entry.limits, limited, "the limit spatial_axes is declared")


def check_config(entry: Entry) -> None:
    """`get_config` has every argument, makes the same layer again, and has the defaults."""
    layer = create(entry, name="kept", dtype="mixed_bfloat16", data_format="channels_first")
    config = layer.get_config()
    arguments = set(constructor_arguments(entry.layer_class)) - {"kwargs"}
    missing = (arguments | {"data_format", "name", "dtype"}) - config.keys()
    expect(not missing, f"get_config lacks {missing}")
    again = entry.layer_class.from_config(config)
    expect_equal(again.get_config(), config, "from_config(get_config())")
    defaults = entry.create(**{name: entry.default_config[name] for name in entry.sample})
    own = {name: defaults.get_config()[name] for name in entry.default_config}
    expect_equal(own, entry.default_config, "the defaults, which the catalogue states")


def check_serialization(entry: Entry) -> None:
    """The class is registered, and a layer survives serialisation through JSON."""
    name = keras.saving.get_registered_name(entry.layer_class)
    registered = keras.saving.get_registered_object(name)
    expect(registered is entry.layer_class, f"{name} is not registered with Keras")
    layer = create(entry)
    layer.build(shape_of(2))
    serialized = keras.saving.serialize_keras_object(layer)
    restored = json.loads(json.dumps(serialized))
    expect_equal(restored, _as_json(serialized), "the serialised layer after JSON")
    again = keras.saving.deserialize_keras_object(restored)
    expect(again.built, "the restored layer is not built, though the serialised one was")
    expect_equal(again.get_config(), layer.get_config(), "the configuration after JSON")
    expect_equal(sorted(dir(again)), sorted(dir(layer)), "the attributes of the restored layer")


def _as_json(value: object) -> object:
    """The value with tuples as the lists that JSON makes of them."""
    if isinstance(value, dict):
        return {name: _as_json(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_as_json(each) for each in value]
    return value


def check_parameters(entry: Entry) -> None:
    """The built layer has the catalogue's count, and refuses what the catalogue refuses."""
    for rank in entry.spatial_ranks:
        for channels in (1, 24, CHANNELS, 160):
            layer = create(entry)
            shape = (None, *SIZES[:rank], channels)
            try:
                count = entry.parameters(channels, spatial_axes=rank, **entry.sample)
            except ValueError:
                expect(channels != CHANNELS, f"{entry.key} must take {CHANNELS} channels")
                with expect_error(str(channels)):
                    layer.build(shape)
                continue
            layer.build(shape)
            built = sum(math.prod(weight.shape) for weight in layer.trainable_weights)
            expect_equal(built, count, f"parameters for {channels} channels and {rank} axes")


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


CHECKS = (
    check_documentation,
    check_limits,
    check_config,
    check_serialization,
    check_parameters,
    check_bad_input,
)
