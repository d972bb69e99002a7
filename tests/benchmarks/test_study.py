import dataclasses

from image_sets import make_dataset

from benchmarks import study
from keras_attn.study.trial import Epoch, Trial


def test_both_loops_run_the_same_trials_and_find_the_same_numbers():
    found = study.measure(make_dataset(), ["none"], seeds=2, epochs=1, backbone="resnet8")
    assert found["trials"] == 2
    assert found["identical"]
    seconds = found["seconds"][0]
    assert found["ratio"] == round(seconds["plain"] / seconds["shared"], 2)
    hours = found["seconds"][0]["plain"] / 3600
    assert abs(found["trials_per_hour"]["plain"] - 2 / hours) < 1


def test_trials_that_differ_in_a_digit_are_not_the_same():
    curve = [Epoch(1, 0.5, 0.9, 0.8, 0.7, 0.7)]
    trial = Trial("none", 0, curve=curve, scores={"auc": 0.7}, recall=[0.5])
    slower = dataclasses.replace(trial, curve=[curve[0]._replace(seconds=9.0)])
    other = dataclasses.replace(trial, scores={"auc": 0.7000000001})
    assert study.same(trial, slower)
    assert not study.same(trial, other)
