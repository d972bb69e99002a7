"""What a trained model expects and answers, stored in the model itself.

Keras saves the configuration of a model's layers and nothing about the model as a whole. The
description therefore travels in the configuration of one layer: it wraps the initializer of the
last layer that has one, which is the head of a classifier. An initializer is not used again once
the weights exist, so the model computes what it did before, its graph and its class are the same,
and the description survives saving, loading, cloning and surgery. A new head starts without one,
as it should: the old classes are not its own.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, get_args

import keras

from keras_attn.checks import check_choice
from keras_attn.data.checks import Task
from keras_attn.data.dataset import Dataset
from keras_attn.version import __version__

SUFFIX = "_initializer"


@dataclass(frozen=True)
class ModelDescription:
    """What a model was trained for, and on which kind of images.

    Attributes:
        task: `"binary"`, `"multi-class"`, `"ordinal"` or `"multi-label"`.
        class_names: One name per class, in the order of the labels.
        value_range: Smallest and largest pixel value of the training images, as the model
            receives them.
        image_shape: Height, width and channels.
        dtype: `"uint8"` where pixels go from 0 to 255, `"float32"` where they go from 0 to 1.
        bits: Bits per sample of the image files it was trained on; None if it was trained on
            arrays.
        dataset: Name of the image set.
        version: Version of keras-attn that trained the model.
    """

    task: Task
    class_names: tuple[str, ...]
    value_range: tuple[float, float]
    image_shape: tuple[int, ...]
    dtype: str = "uint8"
    bits: int | None = None
    dataset: str = ""
    version: str = ""

    def __post_init__(self) -> None:
        """Check the choices, and make tuples of the lists that JSON gives."""
        check_choice("task", self.task, get_args(Task))
        check_choice("dtype", self.dtype, ("uint8", "float32"))
        for name in ("class_names", "value_range", "image_shape"):
            object.__setattr__(self, name, tuple(getattr(self, name)))

    @classmethod
    def of(cls, dataset: Dataset) -> ModelDescription:
        """The description of a model that is trained on a data set."""
        images = dataset.train.images
        return cls(
            task=dataset.task,
            class_names=dataset.class_names,
            value_range=(float(images.min()), float(images.max())),
            image_shape=dataset.image_shape,
            dtype=images.dtype.name,
            bits=dataset.bits,
            dataset=dataset.name,
            version=__version__,
        )

    def to_dict(self) -> dict[str, Any]:
        """The description as JSON values."""
        values = asdict(self)
        return {name: list(v) if isinstance(v, tuple) else v for name, v in values.items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ModelDescription:
        """The description that `to_dict` gave; fields of later versions are ignored.

        Raises:
            TypeError: A required field is missing.
        """
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in values.items() if name in known})


@keras.saving.register_keras_serializable(package="keras_attn")
class DescribedInitializer(keras.initializers.Initializer):
    """An initializer that also carries the description of the model it belongs to.

    Args:
        initializer: What initializes the weights.
        description: The description, as `ModelDescription.to_dict` gives it.
    """

    def __init__(self, initializer: Any, description: Mapping[str, Any]) -> None:
        self.initializer = keras.initializers.get(initializer)
        self.description = dict(description)

    def __call__(self, shape: Any, dtype: Any = None, **kwargs: Any) -> Any:
        """The first values of a weight."""
        return self.initializer(shape, dtype=dtype, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs."""
        return {
            "initializer": keras.initializers.serialize(self.initializer),
            "description": self.description,
        }


REGISTERED_NAME = keras.saving.get_registered_name(DescribedInitializer)


def attach(model: keras.Model, description: ModelDescription) -> None:
    """Store a description in a model; it replaces one that is there.

    A file of such a model loads after `import keras_attn`, as one of a model with attention does.

    Args:
        model: A Functional or Sequential model.
        description: What the model was trained for.

    Raises:
        ValueError: The model is of another kind, or none of its layers has an initializer.

    Example:
        >>> model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(),
        ...                           keras.layers.Dense(1)])
        >>> attach(model, ModelDescription("binary", ("cat", "dog"), (0, 255), (8, 8, 1)))
        >>> describe_model(model).class_names
        ('cat', 'dog')
    """
    carriers = list(_carriers(model))
    if not carriers:
        raise ValueError(
            f"The model {model.name!r} is not a Functional or Sequential model with a layer that "
            "has an initializer, in which its description is stored. Add such a layer, for example "
            "Dense, or make it a Functional model."
        )
    layer, name = carriers[-1]
    initializer = getattr(layer, name)
    if isinstance(initializer, DescribedInitializer):
        initializer = initializer.initializer
    setattr(layer, name, DescribedInitializer(initializer, description.to_dict()))


def describe_model(model: keras.Model | str | os.PathLike[str]) -> ModelDescription | None:
    """What a model was trained for: task, classes in order, value range, size and channels.

    Args:
        model: A model, or the path of a `.keras` file, which is read without building the model.

    Returns:
        The description, or None if the model has none: `compare` stores one in every model that
        it saves.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is not a `.keras` file.

    Example:
        >>> describe_model(keras.Sequential([keras.layers.Dense(1)])) is None
        True
    """
    if isinstance(model, keras.Model):
        carriers = list(_carriers(model))
        found = getattr(*carriers[-1]) if carriers else None
        values = found.description if isinstance(found, DescribedInitializer) else None
    else:
        values = _stored_description(_read_config(Path(model)))
    return None if values is None else ModelDescription.from_dict(values)


def _carriers(model: keras.Model) -> Iterator[tuple[keras.layers.Layer, str]]:
    """Each layer with initializers, nested models' layers in their place, and the first's name.

    Only Functional and Sequential models save the configuration of their layers.
    """
    if not (isinstance(model, keras.Sequential) or hasattr(model, "operations")):
        return
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _carriers(layer)
        elif name := _initializer_name(_config_of(layer)):
            yield layer, name


def _config_of(layer: keras.layers.Layer) -> dict[str, Any]:
    """A layer's configuration; empty if it has none, so that it cannot be saved anyway."""
    try:
        return layer.get_config()
    except NotImplementedError:
        return {}


def _initializer_name(config: Mapping[str, Any]) -> str | None:
    """The first initializer in a layer's configuration."""
    names = (n for n, value in config.items() if n.endswith(SUFFIX) and isinstance(value, Mapping))
    return min(names, default=None)


def _read_config(path: Path) -> dict[str, Any]:
    """The configuration in a `.keras` file."""
    if not path.exists():
        raise FileNotFoundError(f"There is no file {str(path)!r}.")
    try:
        with zipfile.ZipFile(path) as archive:
            return json.loads(archive.read("config.json"))
    except (zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
        raise ValueError(
            f"{str(path)!r} is not a .keras file ({error}). Save the model with "
            'model.save("model.keras").'
        ) from error


def _stored_description(config: Mapping[str, Any]) -> dict[str, Any] | None:
    """The description in the configuration of a model, from its last layer with an initializer."""
    found = list(_stored_initializers(config))
    if not found or found[-1]["registered_name"] != REGISTERED_NAME:
        return None
    return found[-1]["config"]["description"]


def _stored_initializers(config: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The first initializer of each layer, in the order of `_carriers`."""
    for layer in config["config"].get("layers", ()):
        if "layers" in layer["config"]:
            yield from _stored_initializers(layer)
        elif name := _initializer_name(layer["config"]):
            yield layer["config"][name]
