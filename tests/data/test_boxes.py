"""Boxes: what files of Pascal VOC and COCO become, and what is wrong with them."""

import os
import re
from pathlib import Path

import numpy as np
import pytest
from detection_sets import coco, scene_set, write_coco, write_voc
from PIL import Image

from keras_attn.data import load_dataset
from keras_attn.data.boxes import objects_of
from keras_attn.data.dataset import Dataset, Split

pytestmark = pytest.mark.once

SIZES = [(64, 48), (64, 48), (32, 64)]

VOC = [
    [("cell", 1, 1, 64, 48), ("platelet", 11, 5, 20, 14)],
    [],
    [("cell", 3, 2, 10, 60, "difficult"), ("platelet", 1, 1, 16, 32)],
]


def voc(root, boxes=VOC, sizes=SIZES, splits=None):
    lists = {"train": ["0", "2"], "test": ["1"]} if splits is None else splits
    return write_voc(root, boxes, sizes, lists)


def test_a_folder_of_pascal_voc(tmp_path):
    # Lists by class, of which each line also says whether the image has it, are not splits.
    sets = {"train": ["0", "2"], "val": ["1"], "test": ["3"], "cell_train": ["0 1", "1 -1"]}
    boxes = [VOC[0], [("cell", 1, 1, 9, 9)], VOC[2], [("cell", 1, 1, 9, 9)]]
    dataset = load_dataset(voc(tmp_path, boxes, [*SIZES, (64, 48)], sets), size=64)
    assert (dataset.task, dataset.class_names) == ("detection", ("cell", "platelet"))
    # Sizes differ: the longer side becomes 64, on a canvas with room for all.
    assert dataset.image_shape == (64, 64, 3)
    first, second = dataset.train.labels
    assert first[:2].tolist() == [[0, 0, 64, 48, 0, 0], [10, 4, 20, 14, 1, 0]]
    assert second[0].tolist() == [2, 1, 10, 60, 0, 1]  # difficult: a crowd
    assert dataset.train.images[0, 47, 63].tolist() == [40, 40, 40]
    assert not dataset.train.images[0, 48:].any()
    assert not dataset.train.images[1, :, 32:].any()


def test_boxes_shrink_with_their_images(tmp_path):
    boxes = [[("a", 101, 51, 300, 200)]] * 3
    splits = {"train": ["0"], "val": ["1"], "test": ["2"]}
    dataset = load_dataset(voc(tmp_path, boxes, [(640, 480)] * 3, splits), size=320)
    assert dataset.image_shape == (256, 320, 3)
    assert dataset.test.labels[0].tolist() == [[50, 25, 150, 100, 0, 0]]


@pytest.mark.parametrize("layout", ["official", "inside images", "beside"])
def test_folders_of_coco(tmp_path, layout):
    boxes = [[("disc", 0, 0, 10, 20, 0), ("square", 5, 5, 30, 30, 1)], [("square", 1, 2, 3, 4, 0)]]
    sizes = [(64, 64), (64, 64)]
    for part in ("train", "val", "test"):
        path, images = {
            "official": (f"annotations/instances_{part}2017.json", f"{part}2017"),
            "inside images": (f"annotations/instances_{part}.json", f"images/{part}"),
            "beside": (f"{'valid' if part == 'val' else part}/_annotations.coco.json", None),
        }[layout]
        path = tmp_path / path
        folder = path.parent if images is None else tmp_path / images
        write_coco(path, folder, coco(boxes, sizes, ("nothing", "disc", "square")), sizes)
    dataset = load_dataset(tmp_path)
    assert dataset.class_names == ("disc", "square")  # the empty superclass is left out
    for split in (dataset.train, dataset.val, dataset.test):
        assert split.labels[0].tolist() == [[0, 0, 10, 20, 0, 0], [5, 5, 35, 35, 1, 1]]
        assert objects_of(split.labels[1]).tolist() == [[1, 2, 4, 6, 1, 0]]
    renamed = load_dataset(tmp_path, class_names={"square": "box", "disc": "circle"})
    assert renamed.class_names == ("box", "circle")
    np.testing.assert_array_equal(renamed.test.labels[0][:, 4], [1, 0])
    assert (renamed.test.labels[1][:, 4] == [0, -1]).all()


def test_one_file_is_cut_into_splits(tmp_path):
    boxes, sizes = [[("disc", 0, 0, 9, 9, 0)]] * 10, [(32, 32)] * 10
    content = coco(boxes, sizes, ("disc",))
    path = write_coco(tmp_path / "boxes.json", tmp_path / "images", content, sizes)
    dataset = load_dataset(path)
    assert [len(s.images) for s in (dataset.train, dataset.val, dataset.test)] == [7, 1, 2]
    assert dataset.cut == ("test", "val")


FAULTY = [
    [("a", 5, 5, 5, 9), ("a", 1, 1, 9, 9)],
    [("a", 20, 5, 80, 9), ("a", 3, 3, 65, 9)],
    [("a", 3, 3, 9, 9)],
]


def test_faulty_boxes_are_named_and_dropped_or_refused(tmp_path):
    splits = {"train": ["0"], "val": ["1"], "test": ["2"]}
    root = voc(tmp_path, FAULTY, [(64, 64)] * 3, splits)
    first = (
        rf"{re.escape(str(root))}/Annotations/0\.xml, line 3: the box \(5, 5, 5, 9\) has no area"
    )
    second = r"1\.xml, line 3: the box \(19, 4, 80, 9\) lies outside of the image, 64x64 \(a\)"
    with pytest.warns(
        UserWarning, match=rf"(?s)2 faulty box\(es\) are left out:.*{first}.*{second}"
    ):
        dataset = load_dataset(root)
    assert objects_of(dataset.train.labels).tolist() == [[0, 0, 9, 9, 0, 0]]
    # A box that ends one pixel outside is cut.
    assert objects_of(dataset.val.labels).tolist() == [[2, 2, 64, 9, 0, 0]]
    with pytest.raises(ValueError, match=rf'(?s)faulty_boxes="drop".*{first}.*{second}'):
        load_dataset(root, faulty_boxes="refuse")
    with pytest.raises(ValueError, match='`faulty_boxes` must be one of "drop", "refuse"'):
        load_dataset(root, faulty_boxes="ignore")


def missing_annotation(root):
    (root / "Annotations/2.xml").unlink()


def missing_image(root):
    (root / "JPEGImages/2.jpg").unlink()


def listed_twice(root):
    (root / "ImageSets/Main/val.txt").write_text("0\n", "utf-8")


def cut_short(root):
    path = root / "Annotations/0.xml"
    path.write_text(path.read_text("utf-8")[:-9], "utf-8")


def without_number(root):
    path = root / "Annotations/0.xml"
    path.write_text(path.read_text("utf-8").replace("<xmin>11</xmin>", "<xmin>x</xmin>"), "utf-8")


def other_size(root):
    Image.new("RGB", (48, 64)).save(root / "JPEGImages/0.jpg")


def no_train(root):
    (root / "ImageSets/Main/train.txt").unlink()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (missing_annotation, r"The annotation of .*2\.jpg is missing\. Expected the file .*2\.xml"),
        (missing_image, r"train\.txt, line 2 names '2', and .*JPEGImages has no image"),
        (listed_twice, r"'0' is listed twice, in .*train\.txt, line 1 and in .*val\.txt, line 1"),
        (cut_short, r"0\.xml is not complete XML"),
        (without_number, r"0\.xml, line 5: <bndbox> needs a number <xmin>. Found: 'x'"),
        (other_size, r"0\.xml says that 0\.jpg has 64x48 pixels, but it has 48x64"),
        (no_train, r"lists test, but has no train\.txt"),
    ],
)
def test_damaged_folders_of_voc_are_refused(tmp_path, spoil, message):
    root = voc(tmp_path)
    spoil(root)
    with pytest.raises(ValueError, match=message):
        load_dataset(root)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"categories": {}}, r"is not in the format of COCO: expected .* images, annotations"),
        ({"categories": [{"id": 1}]}, "each of the categories needs an id and a name"),
        (
            {"annotations": [{"id": 7, "image_id": 0, "category_id": 99, "bbox": [0, 0, 1, 1]}]},
            "annotation 7 needs an image_id, the category_id of a category",
        ),
        (
            {"annotations": [{"id": 7, "image_id": 5, "category_id": 10, "bbox": [0, 0, 1, 1]}]},
            "annotation 7 belongs to an image that the file does not list",
        ),
        ({"images": [{"id": 0, "file_name": "no.png"}]}, r"there is no image file .*no\.png"),
        ({"images": [{"id": 0}]}, "image 0 needs an id and a file_name"),
    ],
)
def test_damaged_files_of_coco_are_refused(tmp_path, changes, message):
    content = {**coco([[("disc", 0, 0, 9, 9, 0)]], [(32, 32)]), **changes}
    path = write_coco(tmp_path / "boxes.json", tmp_path, content, [(32, 32)])
    with pytest.raises(ValueError, match=message):
        load_dataset(path)
    path.write_text("{", "utf-8")
    with pytest.raises(ValueError, match="is not complete JSON"):
        load_dataset(path)


def test_splits_with_other_classes_are_refused(tmp_path):
    for part, names in {"train": ("disc", "square"), "val": ("disc", "cube")}.items():
        content = coco([[("disc", 0, 0, 9, 9, 0)]], [(32, 32)], names)
        path = tmp_path / f"annotations/instances_{part}.json"
        write_coco(path, tmp_path / part, content, [(32, 32)])
    with pytest.raises(ValueError, match=r"val\.json are disc, cube; those of .*disc, square"):
        load_dataset(tmp_path)


def spoilt(change):
    labels = scene_set().train.labels.copy()
    change(labels)
    return labels


def far_outside(labels):
    labels[1, 0, 2] = 90


def half_a_class(labels):
    labels[0, 0, 4] = 0.5


def third_class(labels):
    labels[0, 0, 4] = 2


def no_disc(labels):
    labels[..., 4][labels[..., 4] == 0] = 1


def nothing(labels):
    labels[..., 4] = -1


def not_a_number(labels):
    labels[0, 0, 0] = np.nan


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (far_outside, r"1 faulty box\(es\), the first on image 1: the box .* lies outside"),
        (half_a_class, "have classes that are not whole numbers"),
        (third_class, "have the class 2: expected 0 to 1"),
        (no_disc, "never have the class 'disc'"),
        (nothing, "have no box on any image"),
        (not_a_number, "have values that are NaN or infinite"),
    ],
)
def test_arrays_of_boxes_are_checked(change, message):
    whole = scene_set()
    with pytest.raises(ValueError, match=message):
        Dataset(
            "mine",
            "detection",
            whole.class_names,
            train=Split(whole.train.images, spoilt(change)),
            val=whole.val,
            test=whole.test,
        )
    with pytest.raises(ValueError, match=r'does not suit the task "?\'?multi-class'):
        Dataset("mine", "multi-class", whole.class_names, whole.train, whole.val, whole.test)


@pytest.mark.filterwarnings("ignore:2 faulty box")
def test_the_blood_cells():
    folder = Path(os.environ.get("KERAS_ATTN_DATA", ""), "bccd")
    if not (folder / "Annotations").is_dir():
        pytest.skip("there is no folder bccd in KERAS_ATTN_DATA")
    dataset = load_dataset(folder, size=160)
    assert dataset.class_names == ("Platelets", "RBC", "WBC")
    assert dataset.image_shape == (128, 160, 3)
    sizes = [len(split.images) for split in (dataset.train, dataset.val, dataset.test)]
    assert sizes == [205, 87, 72]
    counts = sum(
        np.bincount(objects_of(split.labels)[:, 4].astype(int), minlength=3)
        for split in (dataset.train, dataset.val, dataset.test)
    )
    assert counts.tolist() == [361, 4153, 372]  # two of the 4,155 red cells have no area
