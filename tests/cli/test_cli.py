"""The command line: answers, JSON, and one message with exit status 2 for bad input."""

import json
import subprocess
import sys

import keras
import numpy as np
import pytest
from PIL import Image

import keras_attn
from keras_attn.study.backbone import build_model


def test_list_names_every_layer(command):
    status, text, _ = command("list")
    assert status == 0
    assert all(key in text for key in keras_attn.list_layers())
    assert "[x₁" in text  # brackets of a formula are no markup
    status, text, _ = command("list", "--json")
    assert [entry["key"] for entry in json.loads(text)] == keras_attn.list_layers()


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
    assert "for detection this is the law of another task" in text


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
    assert rows[0].startswith("dataset,topology,seed,accuracy,balanced_accuracy,auc,")
    assert [row.split(",")[:3] for row in rows[1:]] == [
        ["pairs", key, "0"] for key in ("none", "sa")
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


def test_an_interrupted_comparison_says_how_to_go_on(command, tmp_path, monkeypatch):
    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("keras_attn.study.trial.Trainer.run", interrupt)
    status, _, error = command("compare", "digits", "--output", tmp_path / "results")
    assert status == 130
    assert "the same command goes on" in error
    assert "Traceback" not in error


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("recommend",), "either a data set or --samples"),
        (("recommend", "digits", "--samples", "5"), "either a data set or --samples"),
        (("recommend", "--samples", "0"), "positive integer"),
        (("recommend", "--samples", "5", "--priority", "speed"), "`priority` must be one of"),
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
    )
    assert process.returncode == 2
    assert "positive integer" in process.stderr
    assert "Traceback" not in process.stderr


def test_without_the_extra_the_error_says_how_to_install_it():
    hide = "import sys; sys.modules.update(pandas=None, typer=None); import keras_attn\n"
    for statement in ("keras_attn.compare", "import keras_attn.cli"):
        process = subprocess.run(
            [sys.executable, "-c", hide + statement], capture_output=True, text=True, check=False
        )
        assert process.returncode != 0
        assert 'pip install "keras-attn[study]"' in process.stderr


@pytest.fixture(scope="module")
def saved_model(tmp_path_factory):
    model = build_model((16, 16, 3), "multi-class", 3, "csa", "resnet8")
    path = tmp_path_factory.mktemp("model") / "model.keras"
    model.save(path)
    return path


def test_explain_draws_the_images(saved_model, tmp_path, command):
    pictures = [tmp_path / "one.png", tmp_path / "two.png"]
    for number, path in enumerate(pictures):
        Image.new("RGB", (20, 20), (200, 40 * number, 0)).save(path)
    output = tmp_path / "new" / "seen.png"
    status, text, _ = command("explain", saved_model, *pictures, "--output", output)
    assert status == 0
    assert text == f"Picture: {output}\n"
    with Image.open(output) as picture:
        assert picture.width > picture.height > 500
    status, _, errors = command("explain", tmp_path / "no.keras", *pictures, "--output", output)
    assert status == 2
    assert "There is no model" in errors


def test_export_writes_and_compares(saved_model, tmp_path, command):
    output = tmp_path / "out"
    status, text, _ = command(
        "export", saved_model, "--format", "tf_saved_model", "--output", output
    )
    assert status == 0
    assert (output / "saved_model.pb").exists()
    assert float(text.strip().rpartition(": ")[2]) < 1e-5
    status, _, errors = command("export", saved_model, "--format", "torch")
    assert status == 2
    assert "Set KERAS_BACKEND=torch: a .keras file loads on every backend" in errors
