"""Timing a layer from the command line."""

import json

import keras
import pytest

import keras_attn
from keras_attn import bench


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:`torch.jit.script:DeprecationWarning")
def test_bench_times_a_layer(command):
    status, text, _ = command("bench", "csa", "--shape", "2,8,8,16", "--repeats", 3, "--json")
    assert status == 0
    timings = json.loads(text)
    backend = keras.backend.backend()
    assert [timing["mode"] for timing in timings] == list(bench.MODES[backend])
    timing = timings[0]
    assert (timing["key"], timing["shape"], timing["backend"]) == ("csa", [2, 8, 8, 16], backend)
    assert timing["repeats"] == 3
    assert timing["parameters"] == keras_attn.describe("csa").parameters(16)
    assert timing["macs"] == keras_attn.cost(keras_attn.create("csa"), (8, 8, 16)).macs
    assert 0 < timing["inference_ms"] < 1e3 * timing["first_call_s"]
    assert timing["training_ms"] > 0
    assert timing["double_ms"] > 0
    assert timing["peak_memory"] >= 0


def test_bench_shows_a_table(command, monkeypatch):
    timing = bench.Timing(
        key="abn",
        shape=(2, 8, 8, 16),
        backend="torch",
        mode="eager",
        inference_ms=1.234,
        training_ms=5.0,
        double_ms=0.1,
        first_call_s=2.0,
        parameters=1122,
        macs=10_000_000,
        peak_memory=None,
        repeats=20,
    )
    monkeypatch.setattr(bench, "bench", lambda key, shape, repeats: [timing])
    status, text, _ = command("bench", "abn", "--shape", "2,8,8,16")
    assert status == 0
    lines = [line.split() for line in text.splitlines()]
    assert lines[0] == ["abn,", "2x8x8x16", "torch,", "eager"]
    assert ["inference", "1.23", "ms"] in lines
    assert ["multiply-accumulates", "10,000,000"] in lines
    assert ["peak", "memory", "-"] in lines


def test_three_sizes_are_said_to_be_signals(command, monkeypatch):
    monkeypatch.setattr(bench, "bench", lambda key, shape, repeats: [])
    _, _, errors = command("bench", "csa", "--shape", "28,28,64")
    assert "Three sizes are signals: 28 of length 28 with 64 channels." in errors
    assert command("bench", "csa", "--shape", "2,28,28,64")[2] == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("cssa", "--shape", "2,8,8,16"), "nearest: cmssa"),
        (("csa", "--shape", "2,16"), "batch, height, width and channels"),
        (("csa", "--shape", "2,8,0,16"), "at least 1"),
        (("csa", "--shape", "2x8x8x16"), "whole numbers separated by commas"),
        (
            ("csa", "--shape", "2,8,8,16", "--repeats", "0"),
            "--repeats must be a whole number of at least 1",
        ),
        (("bam", "--shape", "2,8,16"), "spatial axes: 2 (images)"),
        (("shuffle", "--shape", "2,8,8,64"), "multiple of 128"),
        (("csa",), "--shape"),
    ],
)
def test_bad_input_is_one_message_and_status_2(command, arguments, message):
    status, text, error = command("bench", *arguments)
    assert status == 2
    assert text == ""
    assert message in error
    assert "Traceback" not in error
