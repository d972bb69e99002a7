"""Exported files as functions: each format run by its own runtime."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_attn.extras import require
from keras_attn.graph.read import graph_of

#: Runs an exported model: takes arrays in the order of the model's inputs, and returns outputs in
#: the order of the model's outputs.
Runner = Callable[[list[np.ndarray]], list[np.ndarray]]


@dataclass(frozen=True)
class Interface:
    """What goes into a model and comes out of it.

    Attributes:
        inputs: The names of its inputs, in the order of `keras.tree.flatten`.
        outputs: The names of its outputs in that order, if they are a dictionary.
        structure: The structure of its inputs.
    """

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    structure: Any

    @classmethod
    def of(cls, model: keras.Model) -> Interface:
        """The interface of a Functional model."""
        graph = graph_of(model)
        outputs = graph._outputs_struct
        return cls(
            tuple(tensor._keras_history.operation.name for tensor in graph.inputs),
            tuple(sorted(outputs)) if isinstance(outputs, dict) else (),
            graph._inputs_struct,
        )

    def named(self, names: Iterable[str], arrays: list[np.ndarray]) -> dict[str, np.ndarray]:
        """The arrays by the names that a file has for its inputs, in the order of the file.

        A file whose names are others has them in the order of the model.
        """
        names = list(names)
        own = dict(zip(self.inputs, arrays, strict=True))
        return own if set(names) == set(own) else dict(zip(names, arrays, strict=True))

    def ordered(self, outputs: Mapping[str, Any]) -> list[np.ndarray]:
        """The outputs of a file by name, in the order of the model.

        Outputs of a dictionary have its keys; others are numbered, as in `output_0`.
        """
        names = list(self.outputs) if set(outputs) == set(self.outputs) else _numbered(outputs)
        return [np.asarray(outputs[name]) for name in names]


def _numbered(names: Iterable[str]) -> list[str]:
    def number(name: str) -> tuple[int, str]:
        found = re.search(r"(\d+)$", name)
        return (int(found.group()) if found else -1, name)

    return sorted(names, key=number)


def load_saved_model(path: Path, interface: Interface) -> Runner:
    """A TensorFlow SavedModel."""
    tensorflow = require("tensorflow", extra="tensorflow")
    loaded = tensorflow.saved_model.load(str(path))
    serve = loaded.signatures["serving_default"]
    names = list(serve.structured_input_signature[1])

    def run(arrays: list[np.ndarray]) -> list[np.ndarray]:
        named = interface.named(names, arrays)
        outputs = serve(**{name: tensorflow.constant(each) for name, each in named.items()})
        return interface.ordered({name: each.numpy() for name, each in outputs.items()})

    run.keep = loaded  # type: ignore[attr-defined]
    return run


def load_onnx(path: Path, interface: Interface) -> Runner:
    """An ONNX file."""
    session = require("onnxruntime", extra="export").InferenceSession(
        str(path), providers=["CPUExecutionProvider"]
    )
    names = [each.name for each in session.get_inputs()]
    return lambda arrays: session.run(None, interface.named(names, arrays))


def load_openvino(path: Path, interface: Interface) -> Runner:
    """A file of OpenVINO's intermediate representation."""
    openvino = require("openvino", extra="export")
    # In its default precision, OpenVINO computes in bfloat16 on processors that have it.
    exact = {"INFERENCE_PRECISION_HINT": "f32"}
    model = openvino.Core().compile_model(str(path), "CPU", exact)
    names = [min(each.get_names(), default=str(i)) for i, each in enumerate(model.inputs)]
    indices = _own_outputs([each.get_names() for each in model.outputs], interface)

    def run(arrays: list[np.ndarray]) -> list[np.ndarray]:
        named = interface.named(names, arrays)
        outputs = model([named[name] for name in names])
        return [np.array(outputs[index]) for index in indices]

    return run


def _own_outputs(names: list[set[str]], interface: Interface) -> list[int]:
    """The positions of a model's outputs among those of an OpenVINO file.

    What Keras writes on TensorFlow has every result of a custom gradient among its outputs; the
    model's own outputs have the names that TensorFlow gives to the outputs of a function.
    """
    keyed = {name: index for index, each in enumerate(names) for name in each}
    if interface.outputs and set(interface.outputs) <= set(keyed):
        return [keyed[name] for name in interface.outputs]
    own = [name for name in keyed if re.fullmatch(r"Identity(_\d+)?:0", name)]
    ordered = sorted(own, key=lambda name: (len(name), name))
    return [keyed[name] for name in ordered] or list(range(len(names)))


def load_litert(path: Path, interface: Interface) -> Runner:
    """A LiteRT file. Its tensors have no fixed order, so they are read by the signature's names."""
    interpreter = require("ai_edge_litert.interpreter", extra="export").Interpreter(str(path))
    ((key, signature),) = interpreter.get_signature_list().items()
    serve = interpreter.get_signature_runner(key)
    return lambda arrays: interface.ordered(serve(**interface.named(signature["inputs"], arrays)))


def load_torch(path: Path, interface: Interface) -> Runner:
    """A program of `torch.export`."""
    torch = require("torch", extra="torch")
    module = torch.export.load(str(path)).module()

    def run(arrays: list[np.ndarray]) -> list[np.ndarray]:
        tensors = [torch.from_numpy(np.ascontiguousarray(each)) for each in arrays]
        with torch.no_grad():
            outputs = module(keras.tree.pack_sequence_as(interface.structure, tensors))
        return [each.numpy() for each in keras.tree.flatten(outputs)]

    return run
