import functools
import hashlib
import http.server
import threading

import numpy as np
import pytest

from keras_attn.data import list_datasets, load_dataset

# The tasks as the MedMNIST v2 paper describes them.
TASKS = {
    "pathmnist": ("multi-class", 9),
    "chestmnist": ("multi-label", 14),
    "dermamnist": ("multi-class", 7),
    "octmnist": ("multi-class", 4),
    "pneumoniamnist": ("binary", 2),
    "retinamnist": ("ordinal", 5),
    "breastmnist": ("binary", 2),
    "bloodmnist": ("multi-class", 8),
    "tissuemnist": ("multi-class", 8),
    "organamnist": ("multi-class", 11),
    "organcmnist": ("multi-class", 11),
    "organsmnist": ("multi-class", 11),
}


def official(table, monkeypatch, name, content, suffix="", url=None):
    """Make some bytes the official file."""
    monkeypatch.setitem(table.INFO[name], f"MD5{suffix}", hashlib.md5(content).hexdigest())
    if url is not None:
        monkeypatch.setitem(table.INFO[name], f"url{suffix}", url)


@pytest.fixture
def server(tmp_path):
    """A web server on this machine: the folder it serves, and its address."""
    folder = tmp_path / "served"
    folder.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield folder, f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


@pytest.fixture
def breast(arrays, save):
    """A small file that can pass for breastmnist."""
    return save(arrays(shape=(28, 28)), "elsewhere/breastmnist.npz")


def test_names_are_those_of_the_paper(table):
    volumes = [name for name in list_datasets() if name.endswith("3d")]
    assert len(volumes) == 6
    assert list_datasets() == ["digits", "cifar10", "cifar100", *TASKS, *volumes]


@pytest.mark.parametrize("name", TASKS)
def test_every_set_has_its_task_and_classes(name, table, arrays, save, monkeypatch):
    task, classes = TASKS[name]
    found = arrays(per_class=(1,) * classes, shape=(28, 28))
    if task == "multi-label":
        for part in ("train", "val", "test"):
            found[f"{part}_labels"] = np.eye(classes, dtype=int)[found[f"{part}_labels"][:, 0]]
    path = save(found, f"files/{name}.npz")
    official(table, monkeypatch, name, path.read_bytes())
    dataset = load_dataset(name, path.parent)
    assert (dataset.name, dataset.task, dataset.granularity) == (name, task, "coarse")
    assert dataset.class_names == tuple(table.INFO[name]["label"].values())
    assert len(dataset.class_names) == classes
    assert dataset.licence == ("CC BY-NC 4.0" if name == "dermamnist" else "CC BY 4.0")
    assert dataset.source.endswith(table.INFO[name]["url"])


def test_places_in_their_order(table, arrays, monkeypatch, tmp_path):
    """data_dir, then KERAS_ATTN_DATA, then medmnist's own folder."""
    places = [tmp_path / "root-of-medmnist", tmp_path / "variable", tmp_path / "argument"]
    monkeypatch.setenv("KERAS_ATTN_DATA", str(places[1]))
    for place in places:
        place.mkdir(exist_ok=True)
    for i, place in enumerate(places):
        np.savez(place / "breastmnist.npz", **arrays(shape=(28, 28), seed=i))
        content = (place / "breastmnist.npz").read_bytes()
        official(table, monkeypatch, "breastmnist", content)
        found = load_dataset("breastmnist", places[2])
        expected = arrays(shape=(28, 28), seed=i)["train_images"]
        np.testing.assert_array_equal(found.train.images[..., 0], expected)


@pytest.mark.parametrize("size", [28, 64, 128, 224])
def test_sizes(size, table, arrays, save, monkeypatch):
    suffix = "" if size == 28 else f"_{size}"
    path = save(arrays(shape=(size, size)), f"files/breastmnist{suffix}.npz")
    official(table, monkeypatch, "breastmnist", path.read_bytes(), suffix)
    assert load_dataset("breastmnist", path.parent, size=size).image_shape == (size, size, 1)


@pytest.mark.parametrize("size", [27, 32, 2240])
def test_unknown_size(size, table):
    with pytest.raises(
        ValueError, match=f"`size` must be one of 28, 64, 128, 224. Received: size={size}"
    ):
        load_dataset("breastmnist", size=size)


def test_volumes(table, save, monkeypatch):
    random, arrays = np.random.default_rng(0), {}
    for part in ("train", "val", "test"):
        arrays[f"{part}_images"] = random.integers(0, 255, (22, 28, 28, 28), "uint8")
        arrays[f"{part}_labels"] = np.arange(22)[:, None].astype("uint8") % 11
    path = save(arrays, "files/organmnist3d.npz")
    official(table, monkeypatch, "organmnist3d", path.read_bytes(), "")
    dataset = load_dataset("organmnist3d", path.parent)
    assert dataset.image_shape == (28, 28, 28, 1)
    assert len(dataset.class_names) == 11
    assert "organmnist3d" in list_datasets()


def test_file_that_is_not_the_official_one(table, breast):
    with pytest.warns(UserWarning, match="breastmnist.npz is not the official file"):
        dataset = load_dataset("breastmnist", breast.parent)
    assert f"MD5 {hashlib.md5(breast.read_bytes()).hexdigest()}" in dataset.source


@pytest.mark.parametrize("place", ["data_dir", "KERAS_ATTN_DATA", "root-of-medmnist"])
def test_download(place, table, breast, server, tmp_path, monkeypatch, capsys):
    served, address = server
    content = breast.read_bytes()
    (served / "file").write_bytes(content)
    official(table, monkeypatch, "breastmnist", content, url=f"{address}/file?download=1")
    folder = tmp_path / place
    folder.mkdir(exist_ok=True)
    if place == "KERAS_ATTN_DATA":
        monkeypatch.setenv(place, str(folder))
    data_dir = folder if place == "data_dir" else None
    dataset = load_dataset("breastmnist", data_dir)
    assert f"Downloading data from {address}" in capsys.readouterr().out
    assert [path.name for path in folder.iterdir()] == ["breastmnist.npz"]
    assert (folder / "breastmnist.npz").read_bytes() == content

    (served / "file").unlink()  # the second time it is there
    again = load_dataset("breastmnist", data_dir)
    np.testing.assert_array_equal(again.train.images, dataset.train.images)


@pytest.mark.parametrize("fault", ["cut short", "changed", "an error page"])
def test_corrupted_download_leaves_nothing(fault, table, breast, server, tmp_path, monkeypatch):
    served, address = server
    content = breast.read_bytes()
    official(table, monkeypatch, "breastmnist", content, url=f"{address}/file")
    faulty = {
        "cut short": content[:-1],
        "changed": content[:500] + bytes([content[500] ^ 1]) + content[501:],
        "an error page": b"<html>busy</html>",
    }
    (served / "file").write_bytes(faulty[fault])
    folder = tmp_path / "data"
    folder.mkdir()
    with pytest.raises(ValueError, match=r"breastmnist.npz .* is corrupted: its MD5 is .* deleted"):
        load_dataset("breastmnist", folder)
    assert not list(folder.iterdir())


def test_unreachable_download_leaves_nothing(table, server, tmp_path, monkeypatch):
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setitem(table.INFO["breastmnist"], "url", f"{server[1]}/missing")
    with pytest.raises(OSError, match=r"could not be downloaded \(.*404.*or download it yourself"):
        load_dataset("breastmnist", folder)
    monkeypatch.setitem(table.INFO["breastmnist"], "url", "http://127.0.0.1:1/file")
    with pytest.raises(OSError, match=r"could not be downloaded \(.*refused.*breastmnist.npz"):
        load_dataset("breastmnist", folder)
    assert not list(folder.iterdir())


def test_folder_to_download_to(table, tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match="`data_dir` names a folder that does not exist"):
        load_dataset("breastmnist", tmp_path / "missing")
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError, match="`data_dir` is a file"):
        load_dataset("breastmnist", tmp_path / "file")
    monkeypatch.setenv("KERAS_ATTN_DATA", str(tmp_path / "missing"))
    with pytest.raises(FileNotFoundError, match="`KERAS_ATTN_DATA` names a folder"):
        load_dataset("breastmnist")
    monkeypatch.delenv("KERAS_ATTN_DATA")
    monkeypatch.setattr("os.access", lambda *args: False)
    with pytest.raises(PermissionError, match="root-of-medmnist is not writable"):
        load_dataset("breastmnist")
    monkeypatch.setattr(table, "DEFAULT_ROOT", None)
    with pytest.raises(OSError, match=r"no folder to download breastmnist.npz to"):
        load_dataset("breastmnist")
