"""The plan that the arguments of `compare` describe."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from keras_attn.data.batches import is_batches
from keras_attn.data.dataset import Dataset
from keras_attn.data.table import is_table
from keras_attn.study.built_in import usual_network
from keras_attn.study.models import read_model
from keras_attn.study.plan import Plan, make_plan
from keras_attn.study.protocols import find_protocol
from keras_attn.study.size import at_size
from keras_attn.study.split_note import split_note
from keras_attn.study.training import Training

Source = Dataset | str | os.PathLike[str]

#: The arguments of `compare` that change a setting of the training.
SETTINGS = (
    *("epochs", "batch_size", "learning_rate", "weight_decay", "shift", "flip"),
    *("devices", "select"),
)


def plan_of(arguments: Mapping[str, Any]) -> Plan:
    """The plan of a study, after everything in it was checked.

    Args:
        arguments: Those of `keras_attn.compare`, by name.

    Raises:
        ValueError: If an argument is not valid, or a variant does not fit the network.
    """
    changes = {name: arguments[name] for name in SETTINGS}
    training = arguments["training"]
    if arguments["protocol"] is not None:
        if training is not None:
            raise ValueError(
                "`protocol` names a training, and `training` is one: give one of them. Single "
                "settings, such as epochs=20, change either."
            )
        training = find_protocol(arguments["protocol"]).lasting(arguments["epochs"])
    config = with_changes(training, changes)
    variants = _either("variants", arguments["variants"], "topologies", arguments["topologies"])
    model = _either("model", arguments["model"], "backbone", arguments["backbone"])
    loaded = check_datasets(arguments["dataset"], arguments["data_dir"])
    name = usual_network(loaded[0].task) if model is None else model
    network = read_model(name, arguments["weights"], arguments["value_range"])
    images, notes = at_size(loaded, network, arguments["size"])
    return make_plan(
        images,
        variants,
        arguments["seeds"],
        arguments["samples"],
        network,
        config,
        # In a cross-validation, the splits that were cut are not used.
        (*notes, *(split_note(each) for each in images if each.cut and arguments["folds"] is None)),
        headline=arguments["headline"],
        margin=arguments["margin"],
        folds=arguments["folds"],
    )


def with_changes(training: Training | None, changes: dict[str, Any]) -> Training:
    """A training with the settings that were given by themselves.

    Raises:
        ValueError: If it is not a `Training`, or a setting is not valid.
    """
    if not isinstance(training, Training | None):
        raise ValueError(
            "`training` must be a keras_attn.Training, such as keras_attn.Training(epochs=30, "
            f"schedule='cosine'). Received: {training!r}."
        )
    given = {name: value for name, value in changes.items() if value is not None}
    return replace(training or Training(), **given)


def _either(name: str, value: Any, alias: str, other: Any) -> Any:
    """The value of an argument that has two names.

    Raises:
        ValueError: If both were given.
    """
    if value is not None and other is not None:
        raise ValueError(f"`{alias}` is another name of `{name}`: give one of them.")
    return other if value is None else value


def check_datasets(
    dataset: Source | Sequence[Source], data_dir: str | os.PathLike[str] | None
) -> list[Dataset]:
    """The image sets, loaded where they are names or paths.

    Raises:
        ValueError: If one is not a data set, name or path, or cannot be loaded.
    """
    several = isinstance(dataset, Sequence) and not isinstance(dataset, str)
    sources = list(dataset) if several else [dataset]  # type: ignore[arg-type]
    if not sources:
        raise ValueError("`dataset` is empty: give at least one image set, name or path.")
    return [check_dataset(source, data_dir) for source in sources]


def check_dataset(dataset: Any, data_dir: str | os.PathLike[str] | None) -> Dataset:
    """The image set, loaded if it is a name or a path.

    Raises:
        ValueError: If it is not a data set, name or path, or cannot be loaded.
    """
    if isinstance(dataset, (str, os.PathLike)) or is_table(dataset) or is_batches(dataset):
        from keras_attn.data import load_dataset

        dataset = load_dataset(dataset, data_dir)
    if not isinstance(dataset, Dataset):
        raise ValueError(
            "`dataset` must be a Dataset, or a name or path for `keras_attn.load_dataset`. "
            f"Received: {type(dataset).__name__}."
        )
    return dataset
