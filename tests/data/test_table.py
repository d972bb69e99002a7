"""Tables of labels: columns, groups that never straddle splits, and what is refused."""

import dataclasses
import warnings

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from keras_attn.data import load_dataset
from keras_attn.data.groups import warn_of_groups
from keras_attn.data.subsets import subset
from keras_attn.study.class_weights import image_weights
from keras_attn.study.details import details
from keras_attn.study.facts import Facts
from keras_attn.study.split_note import smallest_difference, split_note

pytestmark = pytest.mark.once


@pytest.fixture
def folder(tmp_path):
    """Images of 12 patients, 5 each; the label is the parity of the patient."""
    random = np.random.default_rng(0)
    rows = []
    for patient in range(12):
        for slice_ in range(5):
            name = f"images/p{patient}_s{slice_}.png"
            (tmp_path / "images").mkdir(exist_ok=True)
            pixels = np.full((6, 6), 20 * patient + slice_, "uint8")
            Image.fromarray(pixels).save(tmp_path / name)
            rows.append(
                {
                    "path": name,
                    "label": "odd" if patient % 2 else "even",
                    "group": f"patient {patient}",
                    "weight": random.integers(1, 4),
                }
            )
    return tmp_path, pd.DataFrame(rows)


def written(folder, frame, name="labels.csv"):
    frame.to_csv(folder / name, index=False)
    return folder / name


def patients(split):
    """The patients of a split, read off the pixels."""
    return {int(image[0, 0, 0]) // 20 for image in split.images}


def test_groups_never_straddle_splits_and_classes_are_in_all(folder):
    dataset = load_dataset(written(*folder))
    assert dataset.class_names == ("even", "odd")
    found = [patients(getattr(dataset, part)) for part in ("train", "val", "test")]
    assert set.union(*found) == set(range(12))
    assert sum(map(len, found)) == 12
    for part in ("train", "val", "test"):
        split = getattr(dataset, part)
        assert set(split.labels) == {0, 1}
        groups = [f"patient {image[0, 0, 0] // 20}" for image in split.images]
        assert dataset.groups[part].tolist() == groups
        for image, label in zip(split.images, split.labels, strict=True):
            assert label == image[0, 0, 0] // 20 % 2
    assert dataset.cut == ("test", "val")
    assert len(dataset.weights) == len(dataset.train.images)
    frame = folder[1].set_index(folder[1]["path"])
    for image, weight in zip(dataset.train.images, dataset.weights, strict=True):
        patient, slice_ = divmod(int(image[0, 0, 0]), 20)
        assert frame.loc[f"images/p{patient}_s{slice_}.png", "weight"] == weight
    np.testing.assert_allclose(image_weights(None, dataset).mean(), 1, rtol=1e-6)
    again = load_dataset(folder[1], data_dir=folder[0])
    np.testing.assert_array_equal(again.test.images, dataset.test.images)
    other = load_dataset(written(*folder), seed=1)
    assert patients(other.test) != patients(dataset.test)
    few = subset(dataset, 20)
    assert len(few.groups["train"]) == len(few.weights) == 20


def test_given_splits_are_kept_and_several_labels_make_a_multi_label_task(folder):
    path, frame = folder
    parts = ["train"] * 40 + ["valid"] * 10 + ["testing"] * 10
    dataset = load_dataset(written(path, frame.assign(split=parts)))
    assert [len(getattr(dataset, part).images) for part in ("train", "val", "test")] == [40, 10, 10]
    assert dataset.cut == ()
    labels = (["a;b", "", "b", "10; 9"] * 15)[:60]
    many = load_dataset(written(path, frame.assign(label=labels)))
    assert (many.task, many.class_names) == ("multi-label", ("9", "10", "a", "b"))
    assert {tuple(row) for row in many.train.labels} <= {
        *((0, 0, 1, 1), (0, 0, 0, 0), (0, 0, 0, 1), (1, 1, 0, 0))
    }


def test_the_report_says_how_many_groups_there_are_and_what_was_cut(folder):
    dataset = load_dataset(written(*folder))
    facts = Facts.from_dict(Facts.of(dataset).as_dict())
    assert facts.groups == {part: len(patients(getattr(dataset, part))) for part in facts.groups}
    assert sum(facts.groups.values()) == 12
    note = split_note(dataset)
    assert f"so {len(dataset.test.images)} for test and" in note
    assert "in whole groups" in note
    assert smallest_difference(400) == pytest.approx(smallest_difference(100) / 2)
    earlier = {k: v for k, v in Facts.of(dataset).as_dict().items() if k not in ("groups", "cut")}
    assert Facts.from_dict(earlier).groups == {}
    assert details is not None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.rename(columns={"label": "class"}), "Missing: 'label'. Unknown: 'class'"),
        (lambda f: f.assign(label=""), r"no label in line 2 and 59 other"),
        (
            lambda f: f.assign(path=f["path"].where(f.index != 3, "no.png")),
            "1 of 60 images.*no.png",
        ),
        (lambda f: pd.concat([f, f.head(1)]), "names 1 image.s. more than once"),
        (lambda f: f.head(0), "has a header, but no rows"),
        (
            lambda f: f.assign(split=(["train", "test"] * 30)),
            "'patient 0' .* train and test, as are",
        ),
        (lambda f: f.assign(split="fold1"), "the split 'fold1' in line 2"),
        (lambda f: f.assign(split="test"), "no row of the split train"),
        (lambda f: f.assign(group=f["group"].where(f.index != 3, " ")), "no group in line 5"),
        (lambda f: f.assign(weight="heavy"), "must be numbers: .*heavy"),
        (lambda f: f.assign(weight=-1), "not negative"),
        (lambda f: f.assign(group="one"), r"Class 'odd' of .* has 1 group.s.: too few"),
        (
            lambda f: f.assign(label=["rare", *f["label"][1:]]).drop(columns="group"),
            "too few to cut",
        ),
        (lambda f: f.assign(label=["rare", *f["label"][1:]]), "'rare' of .* has 1 group"),
    ],
)
def test_a_table_that_cannot_be_used_is_one_error(folder, change, message):
    path, frame = folder
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # names that look like groups
        with pytest.raises(ValueError, match=message):
            load_dataset(written(path, change(frame)))


def test_a_file_that_is_not_an_image_or_not_text_is_one_error(folder):
    path, frame = folder
    (path / "images/p0_s0.png").write_text("no pixels")
    with pytest.raises(ValueError, match=r"p0_s0\.png"):
        load_dataset(written(path, frame))
    (path / "bytes.csv").write_bytes(b"\xff\xfe\x00path")
    with pytest.raises(ValueError, match="is not a table of text"):
        load_dataset(path / "bytes.csv")


def test_names_that_look_like_patients_are_warned_of(folder):
    path, frame = folder
    with pytest.warns(UserWarning, match="as if there were 12 groups, such as p0, p1, p2"):
        load_dataset(written(path, frame.drop(columns="group")))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_dataset(written(path, frame))
        names = [path / f"{kind}/{number:03}.png" for kind in "ab" for number in range(9)]
        warn_of_groups([*names, *(path / f"cat_{n}.png" for n in range(9))], "cats")


def test_a_group_in_two_given_splits_is_refused_for_any_dataset(folder):
    dataset = load_dataset(written(*folder))
    groups = {**dataset.groups, "val": np.array(["patient 0", *dataset.groups["val"][1:]])}
    groups["train"] = np.array(["patient 0", *dataset.groups["train"][1:]])
    with pytest.raises(ValueError, match=r"'patient 0' .* is in the splits"):
        dataclasses.replace(dataset, groups=groups)
