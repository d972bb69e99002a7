import dataclasses
import json
import multiprocessing
import os

import numpy as np
import pytest
from image_sets import make_dataset

from keras_attn.study import store as store_module
from keras_attn.study.grid import Group, TrialKey
from keras_attn.study.plan import make_plan
from keras_attn.study.status import read_status
from keras_attn.study.store import Store
from keras_attn.study.training import Training
from keras_attn.study.trial import Epoch, Trial

pytestmark = pytest.mark.once

GROUP = Group("squares")


def plan_of(epochs=1, seeds=2, datasets=None):
    datasets = datasets or [make_dataset()]
    return make_plan(datasets, ("csa",), seeds, None, "resnet20", Training(epochs=epochs))


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
    with pytest.raises(ValueError, match="the images of squares are different"):
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
    with pytest.raises(ValueError, match="does not hold a study"):
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


def test_records_are_json_that_names_the_trial_and_its_worker(store):
    store.add(key_of(), trial_of(), "run")
    record = json.loads((store.folder / "trials" / f"{key_of().name}.json").read_text())
    assert record["key"] == list(key_of())
    assert str(os.getpid()) in record["worker"]


def test_a_diverged_trial_is_standard_json_and_comes_back_as_it_went(store):
    nan = float("nan")
    curve = [Epoch(1, 0.5, nan, nan, nan, nan)]
    trial = Trial("csa", 0, curve=curve, scores={"auc": nan}, recall=[nan, nan], diverged=True)
    store.add(key_of(), trial, "run")

    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    text = (store.folder / "trials" / f"{key_of().name}.json").read_text()
    values = json.loads(text, parse_constant=refuse)
    assert values["trial"]["scores"] == {"auc": None}
    assert repr(store.trial(key_of())) == repr(trial)


def test_a_trial_that_was_stored_before_the_preparation_was_measured_is_read(store):
    store.add(key_of(), trial_of(), "run")
    path = store.folder / "trials" / f"{key_of().name}.json"
    values = json.loads(path.read_text())
    del values["trial"]["preparation"]
    path.write_text(json.dumps(values))
    assert store.trial(key_of()).scores["auc"] == 0.7


def test_trials_that_began_with_other_initial_weights_are_refused(store):
    store.add(key_of(), trial_of(), "run")
    path = store.folder / "study.json"
    study = json.loads(path.read_text())
    del study["configuration"]["initial_weights"]
    path.write_text(json.dumps(study))
    message = "initial_weights was 'not recorded' and is 'by seed and layer name'"
    with pytest.raises(ValueError, match=message):
        Store.create(store.folder, plan_of(), "")
    assert len(Store(store.folder).grid()) == 3 * 2  # it can still be read


def test_image_sets_whose_names_differ_by_a_suffix_of_ours_have_their_own_files(tmp_path):
    names = ("X", "X-attention", "X-best", "attention", "study", "weights-best-X")
    plan = plan_of(datasets=[make_dataset(name=name) for name in names])
    store = Store.create(tmp_path / "study", plan, "")
    for number, name in enumerate(names):
        key, trial = TrialKey(name, None, "csa", 0), trial_of(score=0.5 + 0.01 * number)
        with store.claim(key, wait=False) as claimed:
            assert claimed
            store.add(key, trial, "run")
    for number, name in enumerate(names):
        trial = trial_of(score=0.5 + 0.01 * number)
        (weights, _) = store.weights_of(Group(name), trial)
        assert weights[0, 0] == np.float32(0.5 + 0.01 * number)


def test_looking_at_a_study_changes_nothing(store, monkeypatch):
    with store.claim(key_of(), wait=False):
        store.add(key_of(), trial_of(), "run")
        leftover = store.folder / "trials" / f".{key_of(seed=1).name}.{'0' * 32}.json"
        leftover.write_text("half")
        before = {path: path.stat().st_mtime_ns for path in store.folder.rglob("*")}
        monkeypatch.setattr(store_module, "FileLock", None)  # a reader must not need it
        assert store.is_running(key_of())
        assert not store.is_running(key_of(seed=1))
        status = read_status(store.folder)
        assert (status.finished, status.running) == (1, ())
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_folder_that_can_only_be_read_has_a_status(store):
    store.add(key_of(), trial_of(), "run")
    with store.claim(key_of(seed=1), wait=False):
        pass
    paths = [store.folder, *store.folder.rglob("*")]
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        assert read_status(store.folder).finished == 1
    finally:
        for path in paths:
            path.chmod(0o755 if path.is_dir() else 0o644)
