"""`compare --config FILE`: the same study from a TOML file."""

import pytest

from keras_attn.study import Training

FILE = """
datasets = ["digits"]
variants = ["csa", "se(reduction=8)"]
samples = [200, 400]
batch-size = 16
seeds = 3

[training]
epochs = 4
schedule = "steps"
milestones = [2, 3]
class_weights = { one = 1, two = 3 }
"""


class CapturedError(ValueError):
    """Ends the command after its arguments were read."""


@pytest.fixture
def captured(monkeypatch):
    found = {}

    def compare(images, **arguments):
        found.update(arguments, names=[each.name for each in images])
        raise CapturedError

    monkeypatch.setattr("keras_attn.study.compare", compare)
    return found


def test_options_and_training_come_from_the_file_unless_given(command, captured, tmp_path):
    (tmp_path / "study.toml").write_text(FILE)
    command(
        *("compare", "--config", tmp_path / "study.toml", "--seeds", "5", "--schedule", "steps"),
        *("--epochs", "8", "--freeze-epochs", "1", "--optimizer", "sgd(momentum=0.9)"),
    )
    assert captured["names"] == ["digits"]
    assert captured["variants"] == "csa,se(reduction=8)"
    assert captured["samples"] == [200, 400]
    assert (captured["seeds"], captured["batch_size"]) == (5, 16)
    assert captured["training"] == Training(
        epochs=8,
        schedule="steps",
        milestones=(2, 3),
        class_weights={"one": 1, "two": 3},
        freeze_epochs=1,
        optimizer="sgd(momentum=0.9)",
    )


def test_class_weights_are_a_word_or_a_table(command, captured):
    command("compare", "digits", "--class-weights", "balanced")
    assert captured["training"].class_weights == "balanced"
    command("compare", "digits", "--class-weights", "a=1, b c=2.5")
    assert captured["training"].class_weights == {"a": 1.0, "b c": 2.5}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seedz = 3", "unknown key 'seedz'. Did you mean 'seeds'?"),
        ("seeds = = 3", "is not a TOML file"),
        ("training = 3", "must be a table, which begins with [training]"),
        ("[training]\nepoch = 3", "unknown key 'epoch'. Did you mean 'epochs'?"),
        ("[training]\nschedule = 'linear'", "schedule must be one of"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_message(command, tmp_path, text, message):
    (tmp_path / "study.toml").write_text(text)
    status, _, error = command("compare", "digits", "--config", tmp_path / "study.toml")
    assert status == 2
    assert message in " ".join(error.split())


def test_a_missing_file_and_wrong_class_weights_are_one_message(command, tmp_path):
    status, _, error = command("compare", "digits", "--config", tmp_path / "nowhere.toml")
    assert (status, "There is no file" in " ".join(error.split())) == (2, True)
    status, _, error = command("compare", "digits", "--class-weights", "a=b")
    assert (status, "takes balanced, or weights such as healthy=1" in error) == (2, True)
