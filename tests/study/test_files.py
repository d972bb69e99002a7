import json
import tempfile

import numpy as np
import pytest

from keras_attn.study.files import (
    prepare_folder,
    remove_leftovers,
    replacing,
    standard,
    write_json,
)

pytestmark = pytest.mark.once


def test_json_is_standard_whatever_the_numbers(tmp_path):
    value = {"a": [np.float32(0.5), np.nan, float("inf")], 1: (np.int64(3), None, "text", True)}
    write_json(tmp_path / "a.json", value)
    expected = {"a": [0.5, None, None], "1": [3, None, "text", True]}
    assert json.loads((tmp_path / "a.json").read_text()) == standard(value) == expected


def test_an_error_names_the_file_that_was_asked_for(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no folder '.*missing' for the file 'x.html'"):
        write_json(tmp_path / "missing" / "x.html", 1)
    path = tmp_path / "x.json"
    with pytest.raises(OSError, match=r"x\.json") as caught:
        write_into_nothing(path)
    assert caught.value.filename == str(path)


def write_into_nothing(path):
    with replacing(path) as temporary:
        temporary.mkdir()
        temporary.rmdir()
        temporary.read_text()


def test_leftovers_of_other_names_are_left_alone(tmp_path):
    names = [f".a.{'1' * 32}.npz", f".a.b.{'1' * 32}.npz", ".a.short.npz", "a.npz"]
    for name in names:
        (tmp_path / name).touch()
    remove_leftovers(tmp_path / "a.npz")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names[1:])


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
