import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import keras_attn.data
from keras_attn.data import list_datasets, load_dataset, medmnist
from keras_attn.extras import require


def test_digits_hold_the_scans():
    dataset = load_dataset("digits")
    sklearn = pytest.importorskip("sklearn.datasets")
    scans = sklearn.load_digits()
    assert (dataset.task, dataset.class_names) == ("multi-class", tuple("0123456789"))
    assert dataset.image_shape == (8, 8, 1)
    found = [
        ((image * 16).astype(int).tobytes(), label)
        for split in (dataset.train, dataset.val, dataset.test)
        for image, label in zip(*split, strict=True)
    ]
    expected = zip(scans.images, scans.target, strict=True)
    assert sorted(found) == sorted((i.astype(int).tobytes(), label) for i, label in expected)
    assert [len(dataset.val.labels), len(dataset.test.labels)] == [179, 359]


def test_seed_chooses_the_cut():
    first, same, other = (load_dataset("digits", seed=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first.test.images, same.test.images)
    assert (first.test.labels != other.test.labels).any()


@pytest.mark.parametrize("kind", [str, Path, np.str_])
def test_name_or_path_of_any_type(kind, arrays, save):
    assert load_dataset(kind(save(arrays(), "breastmnist.npz"))).image_shape == (6, 5, 3)
    assert load_dataset(kind("digits")).name == "digits"


def test_home_folder_is_found(arrays, save, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    save(arrays())
    assert load_dataset("~/mine.npz").name == "mine"


def test_known_name_comes_before_a_path(arrays, save, monkeypatch, tmp_path):
    (tmp_path / "digits").mkdir()
    monkeypatch.chdir(tmp_path)
    assert load_dataset("digits").image_shape == (8, 8, 1)
    with pytest.raises(ValueError, match="has no sub-folder"):
        load_dataset("./digits")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("digit", "neither a known data set nor an existing path. Did you mean 'digits'"),
        ("CIFAR-10", "Did you mean 'cifar10'"),
        ("nowhere/x.npz", "Known are digits, cifar10.*path of a .npz file, of a"),
        ("", "'' is neither"),
    ],
)
def test_unknown_name(name, message):
    with pytest.raises(ValueError, match=message):
        load_dataset(name)


def test_near_name_of_medmnist(table):
    with pytest.raises(ValueError, match="Did you mean 'breastmnist'"):
        load_dataset("BreastMNST")


def test_file_of_another_kind(tmp_path):
    (tmp_path / "images.zip").touch()
    with pytest.raises(ValueError, match=r"images.zip is a file that cannot be loaded"):
        load_dataset(tmp_path / "images.zip")


def test_size_of_what_has_one_size(arrays, save):
    assert load_dataset("digits", size=8).image_shape == (8, 8, 1)
    with pytest.raises(ValueError, match="digits has images of 8x8, not of size 28"):
        load_dataset("digits", size=28)
    with pytest.raises(ValueError, match=r"mine.npz has images of 6x5, not of size 6"):
        load_dataset(save(arrays()), size=6)


def test_data_dir_is_checked_even_where_it_is_not_needed(tmp_path):
    with pytest.raises(FileNotFoundError, match="`data_dir` names a folder that does not exist"):
        load_dataset("digits", tmp_path / "missing")


def test_missing_extras_say_how_to_install_them(monkeypatch):
    monkeypatch.setattr(medmnist, "_table", medmnist._table.__wrapped__)  # not the cached table
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for name in ("digits", "breastmnist"):
        with pytest.raises(ImportError, match=r'pip install "\.\[datasets\]"'):
            load_dataset(name)
    assert list_datasets() == ["digits", "cifar10", "cifar100"]
    with pytest.raises(ImportError, match=r"'no_such.module'.*\"\.\[study\]\""):
        require("no_such.module", extra="study")


def test_loading_imports_no_framework():
    """INFO is read without medmnist, which would import torch, and without Keras."""
    code = """
import sys, types
package = types.ModuleType("keras_attn")
package.__path__ = [sys.argv[1]]
sys.modules["keras_attn"] = package
from keras_attn.data import list_datasets, load_dataset
list_datasets(), load_dataset("digits")
heavy = {"keras", "medmnist", "torch", "torchvision", "tensorflow", "jax"} & set(sys.modules)
assert not heavy, heavy
"""
    folder = Path(keras_attn.data.__file__).parents[1]
    subprocess.run([sys.executable, "-c", code, str(folder)], check=True)


def test_names_of_a_known_set_give_an_order_or_are_mapped():
    names = list("0123456789")
    usual = load_dataset("digits")
    backwards = load_dataset("digits", class_names=names[::-1])
    assert backwards.class_names == tuple("9876543210")
    counts = np.bincount(usual.train.labels)
    np.testing.assert_array_equal(np.bincount(backwards.train.labels), counts[::-1])
    words = load_dataset("digits", class_names={name: f"digit {name}" for name in names})
    np.testing.assert_array_equal(words.train.labels, usual.train.labels)
    assert words.class_names[3] == "digit 3"
    with pytest.raises(ValueError, match="`class_names` differ from the classes of digits"):
        load_dataset("digits", class_names=[f"digit {name}" for name in names])
    assert load_dataset("digits", task="ordinal").class_names == tuple(names)
