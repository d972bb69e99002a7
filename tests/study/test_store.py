import dataclasses
import json
import multiprocessing
import os
import tempfile

import numpy as np
import pytest
from image_sets import make_dataset

from keras_attn.study import store as store_module
from keras_attn.study.configuration import TrainingConfig
from keras_attn.study.plan import Group, TrialKey, make_plan
from keras_attn.study.store import Store, prepare_folder, remove_leftovers, replacing
from keras_attn.study.trial import Epoch, Trial

GROUP = Group("squares")


def plan_of(epochs=1, seeds=2, datasets=None):
    datasets = datasets or [make_dataset()]
    return make_plan(datasets, ("csa",), seeds, None, "resnet20", TrainingConfig(epochs=epochs))


def key_of(topology="csa", seed=0):
    return TrialKey(*GROUP, topology, seed)


def trial_of(topology="csa", seed=0, score=0.7):
    curve = [Epoch(1, 0.5, 0.9, 0.8, score, score), Epoch(2, 0.4, 0.7, float("nan"), 0.5, 0.5)]
    return Trial(
        topology,
        seed,
        parameters=5,
        macs=7,
        steps=3,
        curve=curve,
        best=curve[0],
        scores={"auc": score, "kappa": float("nan")},
        recall=[0.25, float("nan")],
        seconds=1.5,
        weights=[np.full((2, 2), score, "float32"), np.arange(3)],
    )


@pytest.fixture
def store(tmp_path):
    return Store.create(tmp_path / "study", plan_of(), "called so")


def test_a_trial_comes_back_as_it_went(store):
    trial = trial_of()
    store.add(key_of(), trial, "run")
    again = store.trial(key_of())
    assert repr(dataclasses.replace(again, weights=[])) == repr(
        dataclasses.replace(trial, weights=[])
    )
    assert again.best == trial.curve[0]
    assert store.trial(key_of(seed=1)) is None


def test_weights_are_those_of_the_best_whatever_the_order(store):
    for topology, seed, score in (("csa", 0, 0.7), ("none", 0, 0.9), ("csa", 1, 0.8)):
        store.add(key_of(topology, seed), trial_of(topology, seed, score), "run")
    for topology, seed, score in (("none", 0, 0.9), ("csa", 1, 0.8)):
        weights = store.weights_of(GROUP, trial_of(topology, seed, score))
        np.testing.assert_array_equal(weights[0], np.full((2, 2), score, "float32"))
        np.testing.assert_array_equal(weights[1], np.arange(3))
    assert store.weights_of(GROUP, trial_of("csa", 0, 0.7)) == []
    assert store.weights_of(Group("squares", 5), trial_of()) == []
    assert store.weights_of(GROUP, None) == []


def test_many_weights_keep_their_order(store):
    many = [np.full(1, number) for number in range(120)]
    store.add(key_of(), dataclasses.replace(trial_of(), weights=many), "run")
    assert [int(each[0]) for each in store.weights_of(GROUP, trial_of())] == list(range(120))


def test_a_failure_is_settled_in_its_own_run_alone(store):
    store.add(key_of(), Trial("csa", 0, error="ValueError: no"), "first")
    assert store.is_settled(key_of(), "first")
    assert not store.is_settled(key_of(), "second")
    store.add(key_of(), trial_of(), "second")
    assert store.is_settled(key_of(), "third")


@pytest.mark.parametrize("damage", ["", "{", '{"key": 1}', "[]", '{"key": []}', b"\xff\xfe"])
def test_a_trial_file_cut_short_is_a_trial_that_is_not_there(store, damage):
    store.add(key_of(), trial_of(), "run")
    store.add(key_of(seed=1), trial_of(seed=1), "run")
    path = store.folder / "trials" / f"{key_of().name}.json"
    path.write_bytes(damage if isinstance(damage, bytes) else damage.encode())
    assert store.trial(key_of()) is None
    assert not store.is_settled(key_of(), "run")
    assert store.trial(key_of(seed=1)) is not None


def test_every_beginning_of_a_trial_file_is_no_trial(store):
    store.add(key_of(), trial_of(), "run")
    path = store.folder / "trials" / f"{key_of().name}.json"
    whole = path.read_bytes()
    for length in range(0, len(whole) - 1, 7):
        path.write_bytes(whole[:length])
        assert store.trial(key_of()) is None


def test_another_configuration_is_refused_with_what_differs(store):
    store.add(key_of(), trial_of(), "run")
    with pytest.raises(ValueError, match=r"epochs was 1 and is 3.*Name another folder"):
        Store.create(store.folder, plan_of(epochs=3), "")
    other = dataclasses.replace(make_dataset(seed=1), class_names=("x", "y"))
    with pytest.raises(ValueError, match="the images of squares are others"):
        Store.create(store.folder, plan_of(datasets=[other]), "")
    assert store.trial(key_of()) is not None
    assert store.read()["configuration"]["epochs"] == 1


def test_a_larger_grid_and_further_images_are_welcome(store):
    store.add(key_of(), trial_of(), "run")
    Store.create(store.folder, plan_of(seeds=5, datasets=[make_dataset(name="more")]), "")
    assert len(store.grid()) == 3 * 5
    images = store.read()["configuration"]["images"]
    assert set(images) == {"squares", "more"}
    Store.create(store.folder, plan_of(), "")
    assert store.is_settled(key_of(), "any")


def test_a_folder_without_trials_takes_any_configuration(store):
    Store.create(store.folder, plan_of(epochs=3), "")
    assert store.read()["configuration"]["epochs"] == 3


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"format": 99}'])
def test_a_study_file_of_another_kind_is_refused(store, content):
    (store.folder / "study.json").write_text(content)
    with pytest.raises(ValueError, match="damaged, or of another version"):
        Store.create(store.folder, plan_of(), "")
    assert (store.folder / "study.json").read_text() == content


def test_a_folder_without_a_study_is_named(tmp_path):
    with pytest.raises(ValueError, match="holds no study"):
        Store(tmp_path).grid()


def test_a_full_disk_is_told_and_loses_no_other_trial(store, monkeypatch):
    store.add(key_of(), trial_of(), "run")

    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    for broken in ((np, "savez"), (store_module, "write_json")):
        with monkeypatch.context() as patch:
            patch.setattr(*broken, full)
            with pytest.raises(OSError, match=r"seed 1.*No space left.*make room"):
                store.add(key_of(seed=1), trial_of(seed=1, score=0.9), "run")
        assert store.trial(key_of()) is not None
        assert store.trial(key_of(seed=1)) is None
    names = [path.name for path in store.folder.rglob("*")]
    assert not [name for name in names if name.startswith(".")]


def hold(folder, key, claimed, release):
    with Store(folder).claim(key, wait=False):
        claimed.set()
        release.wait(60)


def test_a_lock_is_held_by_one_process_and_ends_with_it(store):
    context = multiprocessing.get_context("spawn")
    claimed, release = context.Event(), context.Event()
    holder = context.Process(target=hold, args=(store.folder, key_of(), claimed, release))
    holder.start()
    try:
        assert claimed.wait(60)
        assert store.is_running(key_of())
        assert not store.is_running(key_of(seed=1))
        with store.claim(key_of(), wait=False) as mine:
            assert not mine
    finally:
        holder.kill()
        holder.join()
    with store.claim(key_of(), wait=True) as mine:
        assert mine
    assert not store.is_running(key_of())


def test_what_a_killed_process_was_writing_is_removed(store):
    trials = store.folder / "trials"
    mine = trials / f".{key_of().name}.{'0' * 32}.json"
    other = trials / f".{key_of(seed=1).name}.{'0' * 32}.json"
    mine.write_text("half")
    other.write_text("half")
    with store.claim(key_of(), wait=False):
        assert not mine.exists()
        assert other.exists()


def test_leftovers_of_other_names_are_left_alone(tmp_path):
    names = [f".a.{'1' * 32}.npz", f".a.b.{'1' * 32}.npz", ".a.short.npz", "a.npz"]
    for name in names:
        (tmp_path / name).touch()
    remove_leftovers(tmp_path / "a.npz")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names[1:])


def test_records_are_json_that_names_the_trial_and_its_worker(store):
    store.add(key_of(), trial_of(), "run")
    record = json.loads((store.folder / "trials" / f"{key_of().name}.json").read_text())
    assert record["key"] == list(key_of())
    assert str(os.getpid()) in record["worker"]


def interrupted(path):
    with replacing(path) as temporary:
        temporary.write_text("half of")
        raise KeyboardInterrupt


def test_an_interrupted_write_leaves_what_was_there(tmp_path):
    path = tmp_path / "results.csv"
    path.write_text("before")
    with pytest.raises(KeyboardInterrupt):
        interrupted(path)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_finished_write_takes_its_place(tmp_path):
    path = tmp_path / "best.keras"
    path.write_text("before")
    with replacing(path) as temporary:
        temporary.write_text("after")
        assert path.read_text() == "before"
        assert temporary.suffix == ".keras"
    assert path.read_text() == "after"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_is_made_and_nothing_is_left_in_it(tmp_path):
    folder = prepare_folder(tmp_path / "a" / "b")
    assert folder.is_dir()
    assert not list(folder.iterdir())


@pytest.mark.parametrize("inside", ["", "folder"])
def test_a_file_is_no_folder(tmp_path, inside):
    file = tmp_path / "file"
    file.write_text("mine")
    with pytest.raises(NotADirectoryError, match="Name a folder"):
        prepare_folder(file / inside)
    assert file.read_text() == "mine"


def test_a_folder_that_cannot_be_written_to_is_refused(tmp_path, monkeypatch):
    def refuse(**arguments):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    with pytest.raises(PermissionError, match=r"Permission denied.*Name another folder"):
        prepare_folder(tmp_path)
