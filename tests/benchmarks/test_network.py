"""The network in plain PyTorch is the comparison's."""

import math

import numpy as np
import pytest

from benchmarks.published_forms.resnet20 import training_step
from keras_attn.gates.parts import size
from keras_attn.study.built_in import residual_network


@pytest.mark.parametrize("attention", [None, "csa"])
def test_both_networks_train_the_same_number_of_parameters(attention):
    images = np.random.default_rng(0).standard_normal((4, 3, 8, 8), "float32")
    labels = np.arange(4)
    step, parameters = training_step(attention, images, labels, "eager", 1e-2, 0.0)
    model = residual_network((8, 8, 3), "multi-class", 10, attention)
    assert parameters == sum(map(size, model.trainable_variables))
    losses = [step() for _ in range(5)]
    assert all(map(math.isfinite, losses))
    assert losses[-1] < losses[0]
