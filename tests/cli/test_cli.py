"""The command line: answers, JSON, and one message with exit status 2 for bad input."""

import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest

import keras_attn
from keras_attn.study.built_in import residual_network


def test_list_names_every_layer(command):
    status, text, _ = command("list")
    assert status == 0
    assert all(key in text for key in keras_attn.list_layers())
    assert "[x₁" in text  # brackets of a formula are not markup
    status, text, _ = command("list", "--json")
    assert [entry["key"] for entry in json.loads(text)] == keras_attn.list_layers()


@pytest.mark.parametrize("columns", [80, 200])
def test_list_shows_gates_as_the_arguments_that_they_are(command, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    _, text, _ = command("list", "--gates", "--channels", 32)
    assert max(map(len, text.splitlines())) <= columns
    _, content, _ = command("list", "--gates", "--json")
    gates = json.loads(content)
    assert len(gates) == sum(len(keras_attn.list_gates(kind)) for kind in ("channel", "spatial"))
    for gate in gates:
        entry = keras_attn.describe_gate(gate["key"], gate["kind"])
        assert gate["parameters"]["64"] == entry.parameters(64)
        start = f"{entry.kind}={entry.key} "
        (line,) = [each for each in text.splitlines() if each.startswith(start)]
        assert entry.returns in line
        assert f" {entry.parameters(32):,}" in line
        assert any(each.rstrip().endswith(entry.formula) for each in text.splitlines())


@pytest.mark.parametrize("columns", [80, 200])
def test_list_breaks_no_formula_and_shows_no_name_twice(command, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    _, text, _ = command("list")
    assert max(map(len, text.splitlines())) <= columns
    for key in keras_attn.list_layers():
        formula = keras_attn.describe(key).formula
        assert any(line.rstrip().endswith(formula) for line in text.splitlines())
    assert "SCSA (topology)" in text
    assert "SCSA (synergistic)" in text


def test_compare_takes_what_python_takes(command, monkeypatch, tmp_path):
    """Seeds, optimiser, task and classes; what training does with them is tested elsewhere."""
    given = {}

    def compare(datasets, **options):
        given.update(options, datasets=datasets)
        raise KeyboardInterrupt

    monkeypatch.setattr("keras_attn.study.compare", compare)
    for seeds, expected in (("3,4", [3, 4]), ("2", 2), ("7,", [7])):
        command("compare", "digits", "--seeds", seeds, "--output", tmp_path)
        assert given["seeds"] == expected
    assert (given["learning_rate"], given["training"].learning_rate) == (None, 3e-3)
    assert (given["headline"], given["margin"]) == (None, None)
    command(
        *("compare", "digits", "--headline", "accuracy", "--margin", "0.02", "--output", tmp_path)
    )
    assert (given["seeds"], given["headline"], given["margin"]) == (5, "accuracy", 0.02)
    command(
        *(
            "compare",
            "digits",
            "--learning-rate",
            "0.01",
            "--weight-decay",
            0,
            "--output",
            tmp_path,
        ),
        *("--task", "ordinal", "--granularity", "fine"),
        *("--class-names", "9=nine," + ",".join("876543210")),
    )
    assert (given["learning_rate"], given["weight_decay"]) == (0.01, 0)
    (dataset,) = given["datasets"]
    assert (dataset.task, dataset.granularity) == ("ordinal", "fine")
    assert dataset.class_names == ("nine", *"876543210")
    status, _, errors = command("compare", "digits", "digits", "--class-names", "a,b")
    assert (status, "--class-names are those of one data set" in errors) == (2, True)


def test_recommend_by_number_and_by_data_set(command):
    status, text, _ = command("recommend", "--samples", 546)
    assert status == 0
    assert text.startswith("cmssa")
    assert "no seeds" in text
    status, text, _ = command("recommend", "digits", "--json")
    assert status == 0
    assert json.loads(text) == json.loads(
        json.dumps(keras_attn.recommend_for(keras_attn.load_dataset("digits")).as_dict())
    )
    _, text, _ = command("recommend", "--samples", 5000, "--granularity", "fine", "--json")
    assert json.loads(text)["topology"] == "sca"
    _, text, _ = command("recommend", "--samples", 5000, "--task", "detection")
    assert "for detection this is the law of another task" in " ".join(text.split())


def write_archive(path, **changes):
    images = np.random.default_rng(0).integers(0, 255, (24, 8, 8), "uint8")
    arrays = {
        f"{split}_{name}": values
        for split in ("train", "val", "test")
        for name, values in (("images", images), ("labels", np.arange(24) % 2))
    }
    np.savez(path, **{k: v for k, v in {**arrays, **changes}.items() if v is not None})
    return path


def test_compare_trains_and_writes_what_it_says(command, tmp_path):
    shell = command
    archive = write_archive(tmp_path / "pairs.npz")
    output = tmp_path / "results"
    status, text, error = command(
        *("compare", archive, "--topologies", "sa", "--seeds", 1, "--epochs", 1),
        *("--output", output),
    )
    assert status == 0
    assert "trial 2 of 2" in error
    assert str(output / "report.html") in text
    command = f"KERAS_BACKEND={keras.backend.backend()} keras-attn compare {archive}"
    assert command in (output / "report.html").read_text()
    rows = (output / "results.csv").read_text().splitlines()
    assert rows[0].startswith("dataset,topology,variant,seed,accuracy,balanced_accuracy,auc,")
    assert [row.split(",")[:4] for row in rows[1:]] == [
        ["pairs", key, key, "0"] for key in ("none", "sa")
    ]
    assert (output / "best.keras").exists()
    status, text, _ = shell("compare", "--status", output)
    assert status == 0
    assert text.startswith("2 of 2 trials finished, 0 failed, 0 running, 0 waiting")
    status, text, _ = shell("compare", "--status", output, "--json")
    assert json.loads(text)["finished"] == 2
    status, _, error = shell("compare", archive, "--epochs", 2, "--output", output)
    assert status == 2
    assert "epochs was 1 and is 2" in error
    (output / "report.html").unlink()
    status, again, _ = shell("report", output)
    assert status == 0
    assert again.startswith("Undecided: sa is undecided with one seed, because a verdict needs")
    assert (output / "report.html").exists()
    status, text, _ = shell("report", output, "--json")
    assert [row["topology"] for row in json.loads(text)] == ["none", "sa"]
    status, _, error = shell("report", tmp_path)
    assert (status, "does not hold a study" in error) == (2, True)


def test_an_interrupted_comparison_says_how_to_resume(command, tmp_path, monkeypatch):
    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("keras_attn.study.trainer.Trainer.run", interrupt)
    status, _, error = command("compare", "digits", "--output", tmp_path / "results")
    assert status == 130
    assert "the same command resumes" in error
    assert "Traceback" not in error


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("recommend",), "either a data set or --samples"),
        (("recommend", "digits", "--samples", "5"), "either a data set or --samples"),
        (("recommend", "--samples", "0"), "--samples"),
        (("recommend", "--samples", "5", "--priority", "speed"), "--priority must be one of"),
        (("recommend", "brestmnist"), "breastmnist"),
        (("compare", "digits", "--topologies", "cmsa"), "nearest: cmssa"),
        (("compare", "digits", "--topologies", "scsa"), "two published designs"),
        (("compare", "digits", "--seeds", "0"), "seeds"),
        (("compare", "digits", "--epochs", "0"), "epochs"),
        (("compare", "digits", "--backbone", "resnet21"), "resnet20, resnet18, resnet50"),
        (("compare", "nowhere.npz"), "nowhere.npz"),
        (("compare",), "either data sets or --status"),
        (("compare", "digits", "--status", "nowhere"), "either data sets or --status"),
        (("compare", "digits", "--samples", "many"), "whole numbers separated by commas"),
        (("compare", "digits", "--samples", "9999"), "fewer than the 9,999 samples"),
        (("compare", "digits", "--engine", "spark"), '"local", "ray"'),
        (("list", "--chanels", "3"), "No such option"),
    ],
)
def test_bad_input_is_one_message_and_status_2(command, tmp_path, arguments, message):
    if arguments[0] == "compare":
        arguments = (*arguments, "--output", str(tmp_path / "results"))
    status, text, error = command(*arguments)
    assert status == 2
    assert text == ""
    assert message in error
    assert "Traceback" not in error
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"train_images": None}, "train_images"),
        ({"train_images": np.full((24, 8, 8), np.nan, "float32")}, "NaN"),
        ({"train_images": np.full((24, 8, 8), 3.0, "float32")}, "[0, 1]"),
        ({"test_labels": np.full(24, 2)}, "up to 2"),
        ({"train_labels": np.zeros(24, int)}, "one class"),
    ],
)
def test_bad_images_are_refused_before_training(command, tmp_path, changes, message):
    archive = write_archive(tmp_path / "bad.npz", **changes)
    status, _, error = command("compare", archive, "--output", tmp_path / "results")
    assert status == 2
    assert message in error
    assert not (tmp_path / "results").exists()


def test_the_command_runs_as_a_process(tmp_path):
    process = subprocess.run(
        [sys.executable, "-m", "keras_attn", "recommend", "--samples", "-1"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "KERAS_BACKEND": "jax"},  # imported in half the time of the others
    )
    assert process.returncode == 2
    assert "--samples" in process.stderr
    assert "Traceback" not in process.stderr


@pytest.fixture(scope="module")
def saved_model(tmp_path_factory):
    model = residual_network((16, 16, 3), "multi-class", 3, "csa", "resnet8")
    path = tmp_path_factory.mktemp("model") / "model.keras"
    model.save(path)
    return path


@pytest.mark.filterwarnings("ignore")  # of the exporter, about the versions of others
def test_export_writes_and_compares(saved_model, tmp_path, command):
    output = tmp_path / "out"
    status, text, _ = command("export", saved_model, "--format", "onnx", "--output", output)
    assert status == 0
    assert output.with_suffix(".onnx").exists()
    assert float(text.strip().rpartition(": ")[2]) < 1e-5
    status, _, errors = command("export", saved_model, "--format", "litert")
    assert status == 2
    assert "Set KERAS_BACKEND=tensorflow: a .keras file loads on every backend" in errors
    status, _, errors = command("export", saved_model, "--input-shape", "16,16")
    assert status == 2
    assert "must have the sizes of the model's input" in errors


@pytest.mark.filterwarnings("ignore")  # of the exporter, about the versions of others
def test_export_fixes_open_sizes(tmp_path, command):
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, keras.layers.Conv2D(2, 3, data_format="channels_last")(inputs))
    model.save(tmp_path / "open.keras")
    status, text, _ = command("export", tmp_path / "open.keras", "--input-shape", "20,24,3")
    assert status == 0
    assert (tmp_path / "open.onnx").exists()
    assert float(text.strip().rpartition(": ")[2]) < 1e-5
