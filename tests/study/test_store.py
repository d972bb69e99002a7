import tempfile

import pytest

from keras_attn.study.store import prepare_folder, replacing


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
