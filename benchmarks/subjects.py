"""What a worker times: a variant of a layer, or of a network's training step.

The variants are our layers on each backend, compiled as its `fit` compiles (TensorFlow also without
XLA, PyTorch both as it stands and by `torch.compile`), and the published form in PyTorch.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import keras
import numpy as np

import keras_attn
from keras_attn import bench
from keras_attn.bench import Step
from keras_attn.gates.parts import size
from keras_attn.study.built_in import residual_network
from keras_attn.study.optimizer import make_optimizer
from keras_attn.study.training import Training

#: Steps per epoch, and epochs, of the schedule of the learning rate.
SCHEDULED = 100


class Subject(NamedTuple):
    """What is timed.

    Attributes:
        steps: Name -> what is timed.
        parameters: Trainable ones.
    """

    steps: dict[str, Step]
    parameters: int


def layer(variant: str, key: str, shape: list[int]) -> Subject:
    """A layer with its defaults, on a map of the variant's own data format."""
    name, _, mode = variant.partition(" ")
    ours = bench.new_layer(key)
    if name != "published":
        steps = bench.layer_steps(ours, tuple(shape), mode or "compiled")
        return Subject(steps, sum(map(size, ours.trainable_variables)))
    from benchmarks.published_forms import published_form

    x, weightings = (channels_first(each) for each in bench.random_data(ours, tuple(shape)))
    entry = keras_attn.describe(key)
    config = {argument: entry.default_config[argument] for argument in entry.sample}
    inference = published_form(key, shape[-1], **config).eval()
    training = published_form(key, shape[-1], **config).train()
    weights = list(training.parameters())
    steps = bench.torch_steps(inference, training, weights, x, weightings, mode)
    return Subject(steps, sum(weight.numel() for weight in weights))


def channels_first(arrays: Any) -> Any:
    """Maps in PyTorch's order of axes; what is not a map stays as it is."""
    return keras.tree.map_structure(
        lambda a: np.ascontiguousarray(np.moveaxis(a, -1, 1)) if a.ndim == 4 else a, arrays
    )


def network(variant: str, key: str, shape: list[int]) -> Subject:
    """The training step of the comparison's small residual network, ten classes, by AdamW.

    `key` names the attention, or is `"none"`.
    """
    name, _, mode = variant.partition(" ")
    generator = np.random.default_rng(0)
    images = generator.standard_normal(shape, "float32")
    labels = generator.integers(0, 10, shape[0])
    attention = None if key == "none" else key
    training = Training()
    if name == "published":
        from benchmarks.published_forms.resnet20 import training_step

        step, parameters = training_step(
            attention,
            channels_first(images),
            labels,
            mode,
            training.learning_rate,
            training.weight_decay,
        )
        return Subject({"training": step}, parameters)
    model = residual_network(tuple(shape[1:]), "multi-class", 10, attention)
    model.compile(
        make_optimizer(training, steps=SCHEDULED, epochs=SCHEDULED),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=(mode or "compiled") == "compiled",
    )
    parameters = sum(map(size, model.trainable_variables))
    # The loss comes as a number, so the step is over when it is there.
    return Subject({"training": lambda: model.train_on_batch(images, labels)}, parameters)
