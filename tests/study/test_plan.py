import dataclasses
import json

import numpy as np
import pytest
from image_sets import make_dataset

import keras_attn
from keras_attn.data.dataset import Split
from keras_attn.study.grid import Group, TrialKey
from keras_attn.study.plan import fingerprint, make_plan
from keras_attn.study.training import Training

pytestmark = pytest.mark.once

CONFIG = Training(epochs=1)


def plan_of(datasets, topologies=("csa",), seeds=2, samples=None):
    return make_plan(datasets, topologies, seeds, samples, "resnet8", CONFIG)


def test_the_grid_is_everything_with_everything_else():
    pair = [make_dataset(name="one"), make_dataset(name="two")]
    grid = plan_of(pair, ("sa", "csa"), seeds=(3, 5), samples=(10, 20)).grid
    assert grid.topologies == ("none", "sa", "csa", "matched-csa")
    trials = list(grid.trials())
    assert len(grid) == len(trials) == len(set(trials)) == 2 * 2 * 4 * 2
    assert trials[0] == TrialKey("one", 10, "none", 3)
    assert trials[-1] == TrialKey("two", 20, "matched-csa", 5)
    assert len({key.name for key in trials}) == len(trials)


def test_the_guideline_names_topologies_for_every_size():
    dataset = make_dataset(sizes=(1200, 9, 9))
    plan = plan_of([dataset], None, samples=(100, 1200))
    small, large = (keras_attn.recommend(size) for size in (100, 1200))
    assert {small.topology, large.topology, "csa"} < set(plan.grid.topologies)


def test_the_data_of_a_group_is_the_subset_and_made_once():
    plan = plan_of([make_dataset()], samples=(10,))
    group = Group("squares", 10)
    assert len(plan.data(group).train.images) == 10
    assert plan.data(group) is plan.data(group)


def test_names_are_safe_for_files_and_differ():
    names = [Group(name, size).name for name in ("a/b", "a_b", "../up", "ä") for size in (None, 5)]
    assert len(set(names)) == len(names)
    for name in names:
        assert "/" not in name
        assert not name.startswith(".")
    assert Group("breastmnist", 200).name == "breastmnist-200"


def test_an_image_set_named_like_our_own_files_is_told_apart():
    assert Group("a-200").name != Group("a", 200).name
    control, other = TrialKey("a", None, "matched-csa", 0), TrialKey("a-matched", None, "csa", 0)
    assert control.name != other.name


def test_a_fingerprint_tells_images_labels_and_names_apart():
    dataset = make_dataset()
    images, labels = dataset.train
    other = images.copy()
    other[0, 0, 0, 0] ^= 1
    changed = [
        dataclasses.replace(dataset, train=Split(other, labels)),
        dataclasses.replace(dataset, test=Split(dataset.test.images, 1 - dataset.test.labels)),
        dataclasses.replace(dataset, class_names=("a", "b")),
    ]
    prints = {fingerprint(each) for each in [dataset, *changed]}
    assert len(prints) == 4
    assert fingerprint(make_dataset()) == fingerprint(dataset)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"samples": ()}, "`samples` is empty"),
        ({"samples": (0,)}, "`samples` must be a whole number of at least 1"),
        ({"samples": (10, 2.5)}, "`samples` must be a whole number"),
        ({"samples": (10, 41)}, "fewer than the 41 samples"),
        ({"samples": (1,)}, "leaves the class 'class .' without images"),
        ({"topologies": ("matched-cas",)}, "cas"),
        ({"topologies": ("matched-eca",)}, "eca adds 9 parameters.*Leave 'matched-eca' out"),
        ({"topologies": ("csa", "ema")}, "(?s)1 of 4 networks.*ema: .*multiple of `groups`"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        plan_of([make_dataset()], **changes)


def test_two_image_sets_of_one_name_are_refused():
    with pytest.raises(ValueError, match="same name"):
        plan_of([make_dataset(), make_dataset(seed=1)])


def test_batches_suit_the_size_of_the_subset():
    for size, batch in ((20, 8), (126, 15), (546, 64), (5000, 64)):
        assert CONFIG.for_samples(size).batch_size == batch
    assert dataclasses.replace(CONFIG, batch_size=7).for_samples(5000).batch_size == 7


def test_numpy_numbers_become_numbers_of_python():
    config = Training(
        epochs=np.int64(2), batch_size=np.int32(8), learning_rate=np.float32(0.5), flip=np.bool_(1)
    )
    sizes, seeds = np.int64(16), np.arange(2)
    plan = make_plan([make_dataset()], ("csa",), seeds, sizes, "resnet8", config)
    assert plan.grid.seeds == (0, 1)
    assert [group.samples for group in plan.grid.groups] == [16]
    json.dumps(plan.configuration())
    several = plan_of([make_dataset()], seeds=np.int64(3), samples=np.array([16, 20]))
    assert several.grid.seeds == (0, 1, 2)
    assert [group.samples for group in several.grid.groups] == [16, 20]
    json.dumps([*several.grid.trials()])


def test_a_topology_too_small_to_match_gets_no_control_and_a_note():
    plan = plan_of([make_dataset()], ("eca",))
    assert plan.grid.topologies == ("none", "eca")
    assert "eca adds 9 parameters" in plan.notes[0]
    matched = plan_of([make_dataset()], ("eca", "csa"))
    assert matched.grid.topologies == ("none", "eca", "csa", "matched-csa")
    assert matched.notes == ()
