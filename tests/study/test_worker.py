from datetime import datetime

import keras
import pytest
from image_sets import make_dataset

from keras_attn.study.grid import TrialKey
from keras_attn.study.plan import make_plan
from keras_attn.study.status import read_status
from keras_attn.study.store import Store
from keras_attn.study.trainer import Trainer
from keras_attn.study.training import Training
from keras_attn.study.worker import Listener, work


def plan_of(backbone, seeds=2, topologies=("csa", "sa")):
    config = Training(epochs=1)
    return make_plan([make_dataset()], topologies, seeds, None, backbone, config)


@pytest.fixture
def study(tiny, invented, tmp_path):
    plan = plan_of(tiny)
    return plan, Store.create(tmp_path, plan, "")


def test_everything_is_run_once_and_seeds_share_a_trainer(study, invented, monkeypatch):
    plan, store = study
    made = []
    begin = Trainer.__init__
    monkeypatch.setattr(
        Trainer, "__init__", lambda self, *given: made.append(given[1]) or begin(self, *given)
    )
    work(plan, store, "first")
    assert len(invented) == len(set(invented)) == len(plan.grid) == 8
    assert list(map(str, made)) == ["none", "csa", "sa", "matched-csa"]
    work(plan, store, "second")
    assert len(invented) == 8
    assert len(made) == 4


def test_a_process_keeps_its_memory_from_its_first_trial_on(study, invented, monkeypatch):
    trials_before = []
    monkeypatch.setattr(
        "keras_attn.study.worker.keep_memory", lambda: trials_before.append(len(invented))
    )
    work(*study, "run")
    assert trials_before == [0]


def test_a_worker_begins_where_it_is_told_and_comes_round(study, invented):
    plan, store = study
    work(plan, store, "run", start=6)
    assert invented[:2] == [("sa", 0), ("sa", 1)]
    assert len(set(invented)) == 8


def test_what_is_running_elsewhere_is_left_until_the_end(study, invented, monkeypatch):
    plan, store = study
    key = TrialKey("squares", None, "none", 1)
    holder = store.claim(key, wait=False)
    assert holder.__enter__()
    ends = []

    class LetGo(Listener):
        def end(self, key, trial):
            ends.append(key)
            if len(ends) == 7:
                holder.__exit__(None, None, None)

    work(plan, store, "run", listener=LetGo())
    assert ends[-1] == key
    assert len(ends) == 8


def test_a_failure_is_recorded_and_the_others_go_on(study, invented, monkeypatch):
    plan, store = study
    run = Trainer.run

    def fail(self, seed, on_epoch=None):
        if (self.topology, seed) == ("csa", 0):
            raise MemoryError("too large")
        return run(self, seed, on_epoch)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "run", fail)
        work(plan, store, "first")
    assert len(invented) == 7
    trial = store.trial(TrialKey("squares", None, "csa", 0))
    assert trial.error.strip().endswith("MemoryError: too large")
    assert "in fail" in trial.error  # where it happened
    status = read_status(store.folder)
    assert (status.finished, status.waiting) == (7, 0)
    assert list(status.failed.values()) == ["MemoryError: too large"]
    assert "failed: squares, csa, seed 0: MemoryError: too large" in str(status)
    work(plan, store, "second")
    assert invented[-1] == ("csa", 0)
    assert read_status(store.folder).failed == {}


def test_status_counts_and_estimates(study, invented, monkeypatch):
    plan, store = study
    empty = read_status(store.folder)
    assert (empty.trials, empty.finished, empty.waiting, empty.seconds_left) == (8, 0, 8, None)
    assert "unknown" in str(empty)
    keys = list(plan.grid.trials())

    class Stop(Listener):
        def begin(self, key):
            if key == keys[3]:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work(plan, store, "run", listener=Stop())
    with store.claim(keys[3], wait=False):
        status = read_status(store.folder)
        assert (status.finished, status.running, status.waiting) == (3, (str(keys[3]),), 4)
        assert status.seconds_left == pytest.approx(5 * 0.2)
        assert f"until {datetime.now().astimezone():%d %B %Y}" in str(status)
    stopped = read_status(store.folder)
    assert (stopped.running, stopped.waiting) == ((), 5)
    assert "same command" in str(stopped)
    work(plan, store, "again")
    assert read_status(store.folder).seconds_left == 0
    assert "8 of 8 trials finished" in str(read_status(store.folder))


def test_a_grid_that_shrank_counts_its_own_trials(study, invented):
    plan, store = study
    work(plan, store, "run")
    smaller = plan_of(plan.backbone, seeds=1)
    Store.create(store.folder, smaller, "")
    assert read_status(store.folder).trials == 4


@pytest.mark.slow_on("jax", "tensorflow")
def test_the_real_trainer_leaves_nothing_behind_that_another_seed_sees(tiny, tmp_path):
    plan = plan_of(tiny, seeds=2, topologies=("csa",))
    store = Store.create(tmp_path, plan, "")
    work(plan, store, "run")
    alone = Trainer(plan.data(plan.grid.groups[0]), "csa", tiny, plan.config).run(1)
    kept = store.trial(TrialKey("squares", None, "csa", 1))
    assert kept.scores == alone.scores
    assert kept.recall == alone.recall
    assert kept.macs == alone.macs > 0
    assert keras.backend.backend() in store.read()["configuration"]["backend"]
