"""A backbone that names its maps of several resolutions, for detectors and segmenters."""

from __future__ import annotations

import importlib
from typing import Any

import keras
from keras.saving import register_keras_serializable


@register_keras_serializable(package="keras_attn")
class FeaturePyramid(keras.Model):
    """A Functional model that knows which of its layers return the levels of a feature pyramid.

    Surgery returns this class for a backbone of keras_cv or keras_hub, because their own classes
    cannot hold additional layers. `keras_cv.models.RetinaNet`, `DeepLabV3Plus` and other models
    that read `pyramid_level_inputs` or `pyramid_outputs` accept it like the original.

    Args:
        inputs: As for `keras.Model`.
        outputs: As for `keras.Model`.
        name: As for `keras.Model`.
        **kwargs: `pyramid_level_inputs`, a dictionary: level, such as `"P3"` -> name of a layer.
    """

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None, **kwargs: Any) -> None:
        levels = kwargs.pop("pyramid_level_inputs", {})
        super().__init__(inputs, outputs, name=name, **kwargs)
        self.pyramid_level_inputs = levels

    @property
    def pyramid_outputs(self) -> dict[str, keras.KerasTensor]:
        """Level -> symbolic output of its layer."""
        outputs = {operation.name: operation for operation in self.operations}
        return {level: outputs[name].output for level, name in self.pyramid_level_inputs.items()}

    def get_config(self) -> dict[str, Any]:
        """The graph, and the levels."""
        return {**super().get_config(), "pyramid_level_inputs": dict(self.pyramid_level_inputs)}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> FeaturePyramid:
        """The model of a configuration."""
        graph = {name: value for name, value in config.items() if name != "pyramid_level_inputs"}
        with keras.saving.custom_object_scope(_mended_classes(graph)):
            model = super().from_config(graph, custom_objects=custom_objects)
        model.pyramid_level_inputs = config["pyramid_level_inputs"]
        return model


def _mended_classes(config: dict[str, Any]) -> dict[str, type]:
    """Replacements for classes of a graph that cannot be created from their configuration.

    The hard sigmoid of keras_cv's MobileNetV3 (0.9.0) does not take its name.
    """
    module = "keras_cv.src.models.backbones.mobilenet_v3.mobilenet_v3_backbone"
    if module not in repr(config):
        return {}
    original = importlib.import_module(module).HardSigmoidActivation
    without_arguments = classmethod(lambda cls, config: original())
    mended = type("HardSigmoidActivation", (original,), {"from_config": without_arguments})
    return {"HardSigmoidActivation": mended}


def levels_of(model: keras.Model) -> dict[str, str]:
    """Level -> name of its layer, for a backbone of keras_cv or keras_hub; otherwise empty."""
    if names := getattr(model, "pyramid_level_inputs", None):
        return dict(names)
    tensors = getattr(model, "pyramid_outputs", None) or {}
    return {
        level: operation.name
        for level, tensor in tensors.items()
        for operation in model.operations
        if operation.output is tensor
    }


def with_levels(model: keras.Model, levels: dict[str, str]) -> keras.Model:
    """The model as a `FeaturePyramid` with these levels; the model itself if there are none."""
    if not levels:
        return model
    return FeaturePyramid(model.input, model.output, name=model.name, pyramid_level_inputs=levels)
