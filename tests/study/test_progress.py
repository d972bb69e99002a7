import io

import pytest
from image_sets import make_dataset
from rich.console import Console

from keras_attn.study import progress as progress_module
from keras_attn.study.forecast import duration, seconds_left
from keras_attn.study.grid import TrialKey
from keras_attn.study.plan import make_plan
from keras_attn.study.progress import TrialProgress
from keras_attn.study.store import Store
from keras_attn.study.training import Training
from keras_attn.study.trial import Epoch, Trial

pytestmark = pytest.mark.once

EPOCHS = 4


@pytest.fixture
def clock(monkeypatch):
    """A clock that moves only when it is told to."""

    class Clock:
        now = 100.0

        def perf_counter(self):
            return self.now

    clock = Clock()
    monkeypatch.setattr(progress_module, "time", clock)
    return clock


@pytest.fixture
def study(tiny, tmp_path):
    config = Training(epochs=EPOCHS)
    plan = make_plan([make_dataset()], ("csa",), 3, None, tiny, config)
    return plan, Store.create(tmp_path, plan, "")


def trial_of(key, seconds, preparation=0.0, **values):
    curve = [Epoch(1, 1.0, 1.0, 1.0, 0.5, 0.5)]
    return Trial(
        key.topology,
        key.seed,
        curve=curve,
        scores={"auc": 0.75},
        seconds=seconds,
        preparation=preparation,
        **values,
    )


def console(terminal):
    return Console(file=io.StringIO(), force_terminal=terminal, width=120)


def key_of(topology, seed):
    return TrialKey("squares", None, topology, seed)


def test_the_rest_is_forecast_with_the_compilation_of_every_network_that_is_still_to_come():
    finished = {
        key_of("none", 0): trial_of(key_of("none", 0), 30.0, preparation=20.0),
        key_of("none", 1): trial_of(key_of("none", 1), 10.0),
    }
    same = [key_of("none", 2), key_of("none", 3)]
    compiled = {(key_of("none", 0).group, "none")}
    assert seconds_left(same, finished, compiled=compiled) == 20
    assert seconds_left(same, finished) == 40
    others = [key_of(topology, seed) for topology in ("csa", "sa") for seed in (0, 1)]
    assert seconds_left(others, finished) == 4 * 10 + 2 * 20
    assert seconds_left(others, finished, workers=2) == 40
    assert seconds_left(others, {}) is None
    assert seconds_left([], finished) == 0


def test_a_trial_that_was_disturbed_does_not_change_the_forecast():
    keys = [key_of("none", seed) for seed in range(5)]
    times = dict(zip(keys, (10.0, 1000.0, 10.0), strict=False))
    finished = {key: trial_of(key, seconds) for key, seconds in times.items()}
    assert seconds_left(keys[3:], finished) == 20


def test_the_time_left_includes_compilation_from_the_first_trial_on(study, clock):
    plan, store = study
    with TrialProgress(plan, store, "run", console=console(True)) as bar:
        first = key_of("none", 0)
        bar.begin(first)
        assert bar.time_left() == "estimating the time left"
        for seconds in (50.0, 10.0):  # the first epoch includes 40 s of compilation
            clock.now += seconds
            bar.epoch(0)
        # Two epochs of this trial, two trials of this network, three of each of two others.
        assert bar.seconds_left() == pytest.approx(2 * 10 + 2 * 40 + 2 * (40 + 3 * 40))
        store.add(first, trial_of(first, 80.0, preparation=40.0), "run")
        bar.end(first, store.trial(first))
        bar.begin(key_of("none", 1))
        clock.now += 10
        bar.epoch(1)
        assert bar.seconds_left() == pytest.approx(30 + 40 + 2 * (40 + 3 * 40))


def run_all(plan, store, bar, clock):
    for number, key in enumerate(plan.grid.trials()):
        bar.begin(key)
        for epoch in range(EPOCHS):
            clock.now += 1
            bar.epoch(epoch + 1)
        values = {"error": "ValueError: no [/] room"} if number == 1 else {}
        values = {"diverged": True} if number == 2 else values
        store.add(key, trial_of(key, EPOCHS, **values), "run")
        bar.end(key, store.trial(key))


def test_a_terminal_has_a_bar_that_ends_as_finished(study, clock):
    plan, store = study
    shown = console(True)
    with TrialProgress(plan, store, "run", console=shown) as bar:
        run_all(plan, store, bar, clock)
    last = [line for line in shown.file.getvalue().splitlines() if "trials" in line][-1]
    assert "finished" in last
    assert "9/9" in last
    assert "left" not in last
    assert "running" not in last


def test_without_a_terminal_there_is_one_line_per_trial(study, clock):
    plan, store = study
    shown = console(False)
    with TrialProgress(plan, store, "run", console=shown) as bar:
        run_all(plan, store, bar, clock)
    lines = shown.file.getvalue().splitlines()
    assert len(lines) == 9
    assert lines[0] == ("trial 1 of 9: squares, none, seed 0: AUC 0.750, 4 s; about 32 s left")
    assert "none, seed 1: failed: ValueError: no [/] room" in lines[1]
    assert "none, seed 2: diverged, 4 s" in lines[2]
    assert lines[8] == "trial 9 of 9: squares, matched-csa, seed 2: AUC 0.750, 4 s"
    again = console(False)
    with TrialProgress(plan, store, "run", console=again):
        pass
    assert again.file.getvalue() == "9 of 9 trials are stored already\n"


def test_nothing_is_shown_if_nothing_is_wanted(study, clock):
    plan, store = study
    for terminal in (True, False):
        shown = console(terminal)
        with TrialProgress(plan, store, "run", visible=False, console=shown) as bar:
            bar.begin(key_of("none", 0))
            bar.epoch(1)
        assert shown.file.getvalue() == ""


def test_trials_of_other_processes_are_counted_when_it_looks(study):
    plan, store = study
    shown = console(False)
    with TrialProgress(plan, store, "run", workers=2, console=shown) as bar:
        for seed in (0, 1):
            key = key_of("none", seed)
            store.add(key, trial_of(key, 60.0), "run")
        bar.look()
        assert bar.seconds_left() == 7 * 60 / 2
    lines = shown.file.getvalue().splitlines()
    assert [line.partition(":")[0] for line in lines] == ["trial 1 of 9", "trial 2 of 9"]


def test_times_are_in_the_units_that_people_use():
    assert [duration(seconds) for seconds in (12, 300, 6000)] == ["12 s", "5 min", "1 h 40 min"]
