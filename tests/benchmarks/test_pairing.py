"""Both rules for initial weights differ in nothing but the initial weights."""

import keras
import numpy as np
import pytest
from image_sets import make_dataset

from benchmarks import pairing
from benchmarks.pairing import UnpairedTrainer, spread
from keras_attn.networks.design import Design
from keras_attn.study.built_in import RESIDUAL
from keras_attn.study.trainer import Trainer
from keras_attn.study.training import Training


def test_the_spread_is_that_of_the_paired_differences():
    found = spread({"none": [0.5, 0.6, 0.7], "csa": [0.6, 0.8, 0.7]})
    differences = np.array([0.1, 0.2, 0.0])
    assert found.difference == pytest.approx(0.1)
    assert found.deviation == pytest.approx(differences.std(ddof=1))
    assert found.correlation == pytest.approx(0.5)


def test_only_the_trainer_of_the_study_starts_variants_alike(monkeypatch):
    monkeypatch.setitem(
        RESIDUAL, "tiny", Design("basic", (8, 16), (1, 1), "cifar", (8,), padding="same")
    )
    last = {}

    def fit(self, batches, **options):
        if "callbacks" in options:  # not the step that only compiles
            last[len(self.layers)] = self.get_layer("stage2_block1_2_conv").get_weights()[0]
            raise KeyboardInterrupt

    monkeypatch.setattr(keras.Model, "fit", fit)
    for trainer_class, alike in ((Trainer, True), (UnpairedTrainer, False)):
        last.clear()
        for topology in pairing.TOPOLOGIES:
            trainer = trainer_class(make_dataset(), topology, "tiny", Training(epochs=1))
            with pytest.raises(KeyboardInterrupt):
                trainer.run(1)
        one, other = last.values()
        assert (one == other).all() == alike
