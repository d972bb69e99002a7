"""Published ways to train: their settings, a few steps of each, and the choice of the epoch."""

import pytest
from image_sets import make_dataset

import keras_attn
from benchmarks import protocols as protocol_run
from docs import protocols as protocols_page
from keras_attn.study import compare
from keras_attn.study.protocols import PROTOCOLS
from keras_attn.study.trainer import Trainer
from keras_attn.study.training import Training

pytestmark = pytest.mark.once


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_protocol_trains(name, tiny):
    comparison = compare(
        make_dataset(), ["none"], protocol=name, epochs=2, seeds=1, model=tiny, progress=False
    )
    (trial,) = comparison.trials.values()
    assert not trial.error
    assert len(trial.curve) == 2
    assert any(f"protocol {name!r}" in note for note in comparison.plan.notes)
    protocol = PROTOCOLS[name].training
    config = comparison.plan.config
    assert (config.optimizer, config.batch_size) == (protocol.optimizer, protocol.batch_size)


def test_the_shortened_run_is_shown(invented, tmp_path, monkeypatch):
    monkeypatch.setattr(keras_attn, "load_dataset", lambda *args, **kwargs: make_dataset())
    for name, value in (("MODEL", "resnet8"), ("SAMPLES", None), ("FOLDER", tmp_path / "run")):
        monkeypatch.setattr(protocol_run, name, value)
    monkeypatch.setattr(protocol_run, "FILE", tmp_path / "run.json")
    protocol_run.run(tmp_path)
    assert len(invented) == 3
    text = protocols_page.page()
    assert "| variant | test accuracy |" in text
    assert "| matched-cbam | 0." in text


def test_the_schedule_is_scaled_to_other_numbers_of_epochs():
    protocol = PROTOCOLS["cifar-200"]
    assert protocol.lasting(None).milestones == (60, 120, 160)
    assert protocol.lasting(20).milestones == (6, 12, 16)
    assert protocol.training.weight_decay == pytest.approx(5e-3)


def test_the_epoch_can_be_chosen_by_the_test_images_and_the_report_warns(tiny, tmp_path):
    dataset = make_dataset()
    config = Training(epochs=3, select="test")
    trial = Trainer(dataset, "none", tiny, config).run(0)
    assert trial.best.val_score == pytest.approx(trial.scores["auc"])
    comparison = compare(
        dataset, ["none"], seeds=1, epochs=1, select="test", model=tiny, progress=False
    )
    page = comparison.report(tmp_path / "report.html").read_text(encoding="utf-8")
    assert "chosen by its score on the test images" in page
    assert "AUC on the test images after each epoch" in page


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"protocol": "cifar-300"}, "`protocol` must be one of.*cifar-200"),
        ({"protocol": "default", "training": Training()}, "give one of them"),
        ({"select": "train"}, "`select` must be one of.*validation.*test"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments, message, tiny):
    with pytest.raises(ValueError, match=message):
        compare(make_dataset(), ["none"], model=tiny, progress=False, **arguments)
