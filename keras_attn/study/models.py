"""The models that a study can start from: built-in networks, and a user's own."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import keras
import numpy as np

from keras_attn.data.description import describe_model
from keras_attn.study.adaptation import value_range_of
from keras_attn.study.adaptation import with_logits as adapted
from keras_attn.study.built_in import built_in
from keras_attn.study.initialization import is_trained, layers_of
from keras_attn.study.model_sources import (
    APPLICATIONS,
    LEAST_SIZE,
    PREFIXES,
    Expected,
    expected_by,
    library_model,
)
from keras_attn.study.recalibration import IMAGES, normalizations
from keras_attn.surgery.points import check_model

FORMS = (
    f"one of {', '.join(built_in())}; a Functional keras.Model, or the path of a .keras file; a "
    "function (image_shape, num_classes) that returns a keras.Model, or the text "
    "'file.py:function' or 'package.module:function'; or 'keras.applications:NAME', "
    "'keras_hub:PRESET_OR_FOLDER' or 'keras_cv:CLASS(argument=value, ...)'"
)


class Body(NamedTuple):
    """A given model that returns the logits of a task.

    Attributes:
        model: The model.
        is_trained: Whether it has trained weights, which all trials start from.
        value_range: Smallest and largest value of the images that it expects; None if unknown.
        notes: What the reader of the results should know.
        steps: What is applied to the images after they were brought into the value range.
    """

    model: keras.Model
    is_trained: bool
    value_range: tuple[float, float] | None
    notes: tuple[str, ...]
    steps: tuple[Callable[[Any], Any], ...] = ()


@dataclass(eq=False)
class GivenModel:
    """A model that is not one of the built-in networks.

    Args:
        source: A model, a path, a function, or the text that names a function or an application.
        weights: For a model of a library, a file of weights or the library's own by their name.
        value_range: Smallest and largest value of the images that the model expects; None to read
            it off the model.
    """

    source: Any
    weights: str | None = None
    value_range: tuple[float, float] | None = None
    _bodies: dict[Any, Body] = field(default_factory=dict, init=False, repr=False)
    _models: dict[Any, keras.Model] = field(default_factory=dict, init=False, repr=False)

    @property
    def name(self) -> str:
        """The name in results and reports."""
        if isinstance(self.source, keras.Model):
            return self.source.name
        if callable(self.source):
            return getattr(self.source, "__name__", type(self.source).__name__)
        return os.fspath(self.source)

    def __str__(self) -> str:
        return self.name

    def __getstate__(self) -> dict[str, Any]:
        """Without the models that were built, which each process builds itself."""
        return {**vars(self), "_bodies": {}, "_models": {}}

    def body(self, image_shape: tuple[int, ...], task: str, num_classes: int) -> Body:
        """The model for images of this shape, built once."""
        key = (image_shape, task, num_classes)
        # Layers compute in the precision that was set when they were constructed.
        where = (*key, keras.config.dtype_policy().name)
        if where not in self._bodies:
            self._bodies[where] = self._new_body(*key)
        return self._bodies[where]

    def _new_body(self, image_shape: tuple[int, ...], task: str, num_classes: int) -> Body:
        model = self._model(image_shape, num_classes)
        if not isinstance(model, keras.Model):
            raise ValueError(
                f"The function {self.name!r} must return a keras.Model. It returned: {model!r}."
            )
        check_model(model)
        expected = self._expected()
        value_range, trained = self._value_range(model, expected), is_trained(model)
        if trained and value_range is None:
            raise ValueError(
                f"The value range that the trained model {self.name!r} expects is not known: no "
                "Rescaling or Normalization layer of it says so. Give it, such as "
                "value_range=(0, 1) or value_range=(-1, 1)."
            )
        body, notes = adapted(model, task, num_classes)
        if normalizations(body):
            notes.append(
                "Before every evaluation, the moving statistics of batch normalisation were "
                f"computed from up to {IMAGES} training images, because a short training does not "
                "bring them up to date."
            )
        if image_shape[-1] == 1 and body.inputs[0].shape[-1] not in (None, 1):
            notes.append(
                f"{self.name} takes {body.inputs[0].shape[-1]} channels; the one channel of the "
                "images was repeated."
            )
        notes.append(
            f"All trials start from the trained weights of {self.name}; the seed decides the new "
            "weights, the order of the images and the augmentation."
            if trained
            else f"{self.name} has random weights, which the seed decides."
        )
        steps = () if expected is None or self.value_range is not None else expected.steps
        if steps and expected is not None:
            notes.append(f"{expected.words}, as the weights of {self.name} expect.")
        return Body(body, trained, value_range, tuple(notes), steps)

    def _expected(self) -> Expected | None:
        """What the weights of an application expect of images."""
        text = "" if callable(self.source) else os.fspath(self.source)
        if self.weights is None or not text.startswith(APPLICATIONS):
            return None
        return expected_by(text.removeprefix(APPLICATIONS))

    def _value_range(
        self, model: keras.Model, expected: Expected | None
    ) -> tuple[float, float] | None:
        if self.value_range is not None:
            return self.value_range
        if (description := describe_model(model)) is not None:
            return (0.0, 255.0) if description.dtype == "uint8" else (0.0, 1.0)
        return value_range_of(model) if expected is None else expected.value_range

    def _model(self, image_shape: tuple[int, ...], num_classes: int) -> Any:
        """The model as its source gives it, read or constructed once for images of a shape."""
        if isinstance(self.source, keras.Model):
            return self.source
        if callable(self.source):
            return self.source(image_shape, num_classes)
        text = os.fspath(self.source)
        is_file = text.endswith(".keras")
        key = (None if is_file else (image_shape, num_classes), keras.config.dtype_policy().name)
        if key not in self._models:
            if is_file:
                self._models[key] = keras.saving.load_model(text, compile=False)
            elif text.startswith(PREFIXES):
                self._models[key] = library_model(text, image_shape, self.weights)
            else:
                self._models[key] = load_function(text)(image_shape, num_classes)
        return self._models[key]

    def size_for(self, image_shape: tuple[int, ...]) -> int | None:
        """The side of the images if these must be resized for the model; None if they fit.

        Raises:
            ValueError: If the model takes images that are not square, of another size.
        """
        if callable(self.source) and not isinstance(self.source, keras.Model):
            return None
        try:
            wanted = self._model(image_shape, 2).inputs[0].shape[1:-1]
        except ValueError as error:
            if (found := LEAST_SIZE.search(str(error))) is None:
                raise
            return int(found[1])
        if all(size in (None, have) for size, have in zip(wanted, image_shape, strict=False)):
            return None
        if len(wanted) != 2 or len(image_shape) != 3:
            return None  # volumes, or images for a model of volumes, which is refused later
        if wanted[0] != wanted[1]:
            raise ValueError(
                f"The model {self.name!r} takes images of {wanted[0]}x{wanted[1]}, and the images "
                f"have {image_shape[0]}x{image_shape[1]}. Resize them before the comparison."
            )
        return wanted[0]

    def fingerprint(self, image_shape: Any, task: str, num_classes: int) -> str:
        """A digest of the layers, and of the weights if they are trained."""
        body = self.body(image_shape, task, num_classes)
        digest = hashlib.sha256()
        for _, layer in layers_of(body.model):
            shapes = [tuple(weight.shape) for weight in layer.weights]
            digest.update(repr((type(layer).__name__, shapes)).encode())
        if body.is_trained:
            for weight in body.model.get_weights():
                digest.update(np.ascontiguousarray(weight).tobytes())
        return digest.hexdigest()[:16]


#: The name of a built-in network, or a given model.
Network: TypeAlias = str | GivenModel


def read_model(
    model: Any, weights: str | None = None, value_range: Sequence[float] | None = None
) -> Network:
    """The network that a user names.

    Args:
        model: A name, a model, a path, or a function.
        weights: Of a model of a library.
        value_range: Smallest and largest value of the images that the model expects.

    Raises:
        ValueError: If it is none of these.
    """
    if isinstance(model, str) and model in built_in():
        if weights is not None or value_range is not None:
            raise ValueError("`weights` and `value_range` are not for built-in networks.")
        return model
    is_text = isinstance(model, (str, os.PathLike))
    text = os.fspath(model) if is_text else ""
    is_library = text.startswith(PREFIXES)
    if weights is not None and not is_library:
        raise ValueError(
            f"`weights` are those of a model of a library, such as {APPLICATIONS}MobileNetV2. Load "
            "the weights of other models into the model."
        )
    if text.endswith(".keras"):
        if not Path(text).is_file():
            raise ValueError(f"There is no file {text!r}.")
    elif is_text and not is_library and ":" in text:
        load_function(text)
    elif not is_library and (is_text or not callable(model)):
        raise ValueError(f"`model` must be {FORMS}. Received: {model!r}.")
    limits = None if value_range is None else tuple(map(float, value_range))
    if limits is not None and not (len(limits) == 2 and limits[0] < limits[1]):
        raise ValueError(
            "`value_range` must be two numbers, the smaller first, such as (0, 255). Received: "
            f"{value_range!r}."
        )
    return GivenModel(model, weights, limits)


def load_function(text: str) -> Callable[..., Any]:
    """The function that `file.py:function` or `package.module:function` names.

    Raises:
        ValueError: If there is no such file, module or function.
    """
    place, _, name = text.rpartition(":")
    try:
        if place.endswith(".py"):
            specification = importlib.util.spec_from_file_location(Path(place).stem, place)
            module = importlib.util.module_from_spec(specification)  # type: ignore[arg-type]
            specification.loader.exec_module(module)  # type: ignore[union-attr]
        else:
            module = importlib.import_module(place)
    except (ImportError, FileNotFoundError) as error:
        raise ValueError(f"The model {text!r} cannot be loaded: {error}.") from error
    function = getattr(module, name, None)
    if not callable(function):
        raise ValueError(
            f"There is no function {name!r} in {place!r}. Expected a function (image_shape, "
            "num_classes) that returns a keras.Model."
        )
    return function
