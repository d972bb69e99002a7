import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from keras_attn.data import load_dataset

PARTS = ("train", "val", "test")


@st.composite
def valid_arrays(draw):
    """Every form that images and labels may take in a file."""
    height, width = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    tail = draw(st.sampled_from([(), (1,), (3,)]))
    dtype = draw(st.sampled_from(["uint8", "float16", "float32", "float64"]))
    values = None if dtype == "uint8" else st.floats(0, 1, width=16)
    classes = draw(st.integers(2, 4))
    kind = draw(st.sampled_from(["(N,)", "(N, 1)", "(N, L)"]))
    found = {}
    for part in PARTS:
        extra = draw(st.lists(st.integers(0, classes - 1), max_size=4))
        labels = np.array([*range(classes), *extra] if part == "train" else [0, *extra])
        labels = labels.astype(draw(st.sampled_from(["uint8", "int32", "int64"])))
        if kind == "(N, 1)":
            labels = labels[:, None]
        elif kind == "(N, L)":
            labels = np.concatenate([np.eye(classes)[labels], np.ones((1, classes))]).astype(int)
        shape = (len(labels), height, width, *tail)
        found[f"{part}_images"] = draw(hnp.arrays(dtype, shape, elements=values))
        found[f"{part}_labels"] = labels
    return found


@settings(max_examples=60, deadline=None)
@given(found=valid_arrays())
def test_any_valid_file_arrives_unchanged(found, tmp_path_factory):
    path = tmp_path_factory.mktemp("npz") / "mine.npz"
    np.savez(path, **found)
    dataset = load_dataset(path)
    labels = found["train_labels"]
    multi_label = labels.ndim == 2 and labels.shape[1] > 1
    classes = labels.shape[1] if multi_label else len(np.unique(labels))
    by_count = "binary" if classes == 2 else "multi-class"
    assert dataset.task == ("multi-label" if multi_label else by_count)
    assert dataset.class_names == tuple(str(i) for i in range(classes))
    assert dataset.name == "mine"
    assert dataset.source == str(path)
    for part in PARTS:
        images, labels = getattr(dataset, part)
        expected = found[f"{part}_images"]
        assert images.dtype == ("uint8" if expected.dtype == "uint8" else "float32")
        np.testing.assert_array_equal(images, expected.reshape(images.shape).astype(images.dtype))
        np.testing.assert_array_equal(labels, found[f"{part}_labels"].reshape(labels.shape))
        assert labels.ndim == (2 if multi_label else 1)


def test_task_class_names_and_granularity_can_be_given(arrays, save):
    path = save(arrays(per_class=(3, 3, 3)))
    dataset = load_dataset(
        str(path), task="ordinal", class_names=["mild", "moderate", "severe"], granularity="fine"
    )
    assert dataset.task == "ordinal"
    assert dataset.class_names == ("mild", "moderate", "severe")
    assert dataset.granularity == "fine"


def test_one_hot_labels_are_warned_of(arrays, save):
    found = arrays()
    for part in PARTS:
        found[f"{part}_labels"] = np.eye(2, dtype="uint8")[found[f"{part}_labels"][:, 0]]
    path = save(found)
    with pytest.warns(UserWarning, match="one-hot, save labels.argmax"):
        assert load_dataset(path).task == "multi-label"
    assert load_dataset(path, task="multi-label").task == "multi-label"


def change(key, function):
    """A way to spoil a file: one of its arrays changed."""
    return lambda arrays: arrays | {key: function(arrays[key])}


def drop(*keys):
    return lambda arrays: {key: value for key, value in arrays.items() if key not in keys}


def with_value(value):
    def spoil(images):
        images = images / 255
        images.flat[7] = value
        return images

    return change("train_images", spoil)


SPOILT = {
    "no train images": (drop("train_images"), "no 'train_images'. It holds train_labels, val_im"),
    "no train labels": (drop("train_labels"), "no 'train_labels'. It holds train_images"),
    "half a split": (drop("test_images"), "no 'test_images'"),
    "nothing": (lambda arrays: {}, "no 'train_images'. It holds nothing"),
    "NaN": (with_value(np.nan), "train images of .*mine.npz hold NaN or infinite values"),
    "infinity": (with_value(-np.inf), "train images .* hold NaN or infinite values"),
    "floats to 255": (
        change("test_images", lambda x: x.astype("float32").clip(3, 250)),
        "test images .* floats from 3 to 250: expected floats in \\[0, 1\\]; divide them by 255",
    ),
    "negative floats": (with_value(-1), "floats from -1 to 1: .* rescale them"),
    "wide integers": (change("train_images", np.int64), "of type int64: expected uint8"),
    "strings": (change("train_images", lambda x: x.astype(str)), "expected uint8"),
    "rank 2": (change("train_images", lambda x: x[:, :, 0, 0]), r"shape \(8, 6\): expected \(N"),
    "rank 6": (change("train_images", lambda x: x[..., None, None]), r"shape \(8, 6, 5, 3, 1, 1\)"),
    "volumes": (change("train_images", lambda x: x[..., None]), r"\(6, 5, 3\), where those have"),
    "2 channels": (change("train_images", lambda x: x[..., :2]), "with 1 or 3 channels"),
    "channels first": (
        change("train_images", lambda x: x.transpose(0, 3, 1, 2)),
        "Move the channels last",
    ),
    "no pixels": (change("train_images", lambda x: x[:, :0]), r"shape \(8, 0, 5, 3\)"),
    "empty split": (
        lambda arrays: (
            arrays
            | {"val_images": arrays["val_images"][:0], "val_labels": arrays["val_labels"][:0]}
        ),
        "val images .* are empty",
    ),
    "fewer labels": (change("val_labels", lambda y: y[1:]), "val labels .*: 3 labels for 4 images"),
    "negative label": (change("train_labels", lambda y: y.astype(int) - 1), "go down to -1"),
    "float labels": (change("train_labels", np.float32), "of type float32: expected integers"),
    "NaN labels": (
        change("train_labels", lambda y: np.where(np.arange(len(y))[:, None] == 3, np.nan, y)),
        "1 of the 8 labels are NaN or missing, the first that of image 3. Label these images or re",
    ),
    "NaN as text": (
        change("train_labels", lambda y: np.where(y == 1, "nan", "cat")[:, 0]),
        "4 of the 8 labels are NaN or missing",
    ),
    "float one-hot": (
        change("train_labels", lambda y: np.eye(2, dtype="float32")[y[:, 0]]),
        r"exactly one 1. If the rows are one-hot, save the class indices, labels.argmax\(axis=1\)",
    ),
    "float multi-label": (
        change("train_labels", lambda y: np.hstack([y, y * 0 + 1.0])),
        r"For a multi-label task save labels.astype\(\"int64\"\)",
    ),
    "probabilities": (
        change("train_labels", lambda y: np.hstack([y * 0.3, 1 - y * 0.3])),
        r"If the columns are probabilities or scores, save labels.argmax\(axis=1\)",
    ),
    "text labels": (change("train_labels", lambda y: y.astype(str)), "expected integers"),
    "labels of rank 3": (change("train_labels", lambda y: y[..., None]), r"shape \(8, 1, 1\)"),
    "labels without columns": (change("train_labels", lambda y: y[:, :0]), r"shape \(8, 0\)"),
    "two columns of indices": (
        change("train_labels", lambda y: np.hstack([y, y + 1])),
        "values from 0 to 2: multi-label labels are 0 or 1",
    ),
    "labels from 1": (
        change("train_labels", lambda y: y + 1),
        "go up to 2: expected 0 to 1, .*np.unique",
    ),
    "labels of a mask": (change("train_labels", lambda y: y * 255), "go up to 255"),
    "test label beyond train": (
        change("test_labels", lambda y: y * 2),
        "test labels of mine go up to 2: expected 0 to 1",
    ),
    "one class": (change("train_labels", lambda y: y * 0), "are all 0: one class only"),
    "pickled objects": (change("train_images", lambda x: x.astype(object)), "pickled Python"),
}


@pytest.mark.parametrize(("spoil", "message"), SPOILT.values(), ids=SPOILT.keys())
def test_spoilt_file(spoil, message, arrays, save):
    with pytest.raises(ValueError, match=message):
        load_dataset(save(spoil(arrays())))


@pytest.mark.parametrize("content", [b"", b"not an archive", b"\x93NUMPY", b"PK\x03\x04" * 9])
def test_another_kind_of_file(content, tmp_path):
    path = tmp_path / "mine.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"mine.npz is not a complete .npz file"):
        load_dataset(path)


def test_cut_short_or_changed_anywhere(arrays, save):
    """A damaged download never comes through as images."""
    path = save(arrays())
    whole = path.read_bytes()
    for length in range(0, len(whole), 97):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"is not a complete .npz file"):
            load_dataset(path)
    # The first array's pixels lie past its two headers, well before the end of the file.
    for position in range(300, 800, 53):
        path.write_bytes(
            whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :],
        )
        with pytest.raises(ValueError, match=r"train_images of .* is damaged"):
            load_dataset(path)


def test_code_in_a_file_is_not_run(arrays, save, tmp_path):
    class Payload:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "ran"),)

    found = arrays()
    with pytest.raises(ValueError, match="pickled"):
        load_dataset(save(found | {"train_labels": np.array([Payload()] * 8, object)}))
    # An array that is not asked for is not looked at.
    assert load_dataset(save(found | {"notes": np.array([Payload()], object)})).name == "mine"
    assert not (tmp_path / "ran").exists()


def test_unreadable_file(arrays, save, monkeypatch):
    path = save(arrays())

    def refuse(self, *args):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(OSError, match=r"mine.npz cannot be read \(Permission denied\)"):
        load_dataset(path)


def test_class_names_of_numbers_give_names_or_an_order(arrays, save):
    path = save(arrays(per_class=(3, 3, 3)))
    named = load_dataset(path, class_names=["a", "b", "c"])
    ordered = load_dataset(path, class_names=["2", "0", "1"])
    mapped = load_dataset(path, class_names={"2": "c", "0": "a", "1": "b"})
    assert ordered.train.labels.tolist() == [(label + 1) % 3 for label in named.train.labels]
    np.testing.assert_array_equal(mapped.train.labels, ordered.train.labels)
    assert mapped.class_names == ("c", "a", "b")
    assert load_dataset(path, task="ordinal").class_names == ("0", "1", "2")


def test_class_names_reorder_the_columns_of_labels(arrays, save):
    found = arrays()
    for part in PARTS:
        found[f"{part}_labels"] = np.hstack([found[f"{part}_labels"], found[f"{part}_labels"] ^ 1])
    path = save(found)
    dataset = load_dataset(path, task="multi-label", class_names=["1", "0"])
    np.testing.assert_array_equal(dataset.test.labels, found["test_labels"][:, ::-1])
