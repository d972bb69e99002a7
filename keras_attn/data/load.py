"""The front door: a name or a path in, a `Dataset` out."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from keras_attn.checks import check_whole_number
from keras_attn.data import medmnist
from keras_attn.data.annotations import FaultyBoxes
from keras_attn.data.archive import load_archive
from keras_attn.data.assemble import assemble
from keras_attn.data.batches import is_batches, load_batches
from keras_attn.data.checks import Granularity, Task
from keras_attn.data.cifar import CLASS_NAMES as CIFAR
from keras_attn.data.cifar import load_cifar
from keras_attn.data.coco_files import is_coco_folder, load_coco_file, load_coco_folder
from keras_attn.data.dataset import Dataset
from keras_attn.data.digits import load_digits
from keras_attn.data.folder import load_folder
from keras_attn.data.mask_folder import is_mask_folder, load_mask_folder
from keras_attn.data.masks import with_void_in
from keras_attn.data.places import check_folder
from keras_attn.data.raw import RawDataset
from keras_attn.data.table import is_table, load_frame, load_table
from keras_attn.data.voc_folder import is_voc_folder, load_voc_folder
from keras_attn.extras import missing


def list_datasets() -> list[str]:
    """The names that `load_dataset` knows.

    Returns:
        `"digits"`, the CIFAR sets and, where medmnist is installed, the sets of MedMNIST: those of
        images, then those of volumes.

    Example:
        >>> list_datasets()[:3]
        ['digits', 'cifar10', 'cifar100']
    """
    return ["digits", *CIFAR, *_medmnist_names()]


def _medmnist_names() -> list[str]:
    return [*medmnist.names(), *medmnist.names_3d()] if medmnist.is_installed() else []


def load_dataset(
    name_or_path: Any,
    data_dir: str | os.PathLike[str] | None = None,
    *,
    size: int | None = None,
    seed: int = 0,
    task: Task | None = None,
    class_names: Sequence[str] | Mapping[str, str] | None = None,
    granularity: Granularity | None = None,
    void: int | None = None,
    faulty_boxes: FaultyBoxes = "drop",
) -> Dataset:
    """Load an image set by its name, from a `.npz` file, a folder of images or a table of labels.

    Known names come first (`./digits` is a path, `digits` is not):

    * `"digits"`: scikit-learn's 1,797 scans of 8x8, always there.
    * `"cifar10"`, `"cifar100"`: `cifar10.npz` in `data_dir` or in the folder named by the
      environment variable `KERAS_ATTN_DATA`, else downloaded by Keras.
    * The sets of MedMNIST, such as `"breastmnist"` or, with volumes, `"organmnist3d"`: the file in
      `data_dir`, in `KERAS_ATTN_DATA` or in medmnist's own folder, else downloaded into the first
      of these that there is, and checked against the official MD5.

    Then paths:

    * A `.npz` file with train_images and train_labels, and maybe val_ and test_: images (N, H, W)
      or (N, H, W, 1 or 3), or volumes (N, D, H, W) or (N, D, H, W, 1 or 3), uint8 or floats in
      [0, 1]; labels (N,) or (N, 1) for one class per
      image, (N, classes) of 0 and 1 for a multi-label task.
    * A folder with one sub-folder per class, or with train, val and test above them.
    * For segmentation, a folder with `images/` and `masks/`, or with train, val and test above
      them: one PNG file of class indices for each image, with the same name. A `.npz` file has
      train_masks in place of train_labels.
    * For detection, a folder in the layout of Pascal VOC (JPEGImages, Annotations,
      ImageSets/Main), a folder in that of COCO (annotations/instances_train2017.json with
      train2017/, or train/_annotations.coco.json), or one `.json` file of COCO's format beside its
      images.
    * A `.csv` file, or a pandas table, with the columns path and label, and maybe split, group and
      weight. Paths are relative to the file, or to `data_dir` for a pandas table. Several labels of
      an image are separated by `;`. A group, such as a patient, is never in two splits.

    Then what Keras and TensorFlow load: a `keras.utils.PyDataset` or a `tf.data.Dataset` of batches
    of images and labels, or a mapping with one for each of train, val and test. It is read once, as
    it comes: leave augmentation to `compare`, and do not shuffle what is to be resumed.

    A set without test images has 20 % of its training images cut off for them, and one without
    validation images 10 %: the same fraction of every class, chosen by `seed`. For multi-label
    tasks, where stratifying by class is not defined, they are drawn at random.

    Args:
        name_or_path: A name from `list_datasets()`, a path, a pandas table, or batches.
        data_dir: A folder with the files of known sets, and for those to be downloaded.
        size: Height and width. MedMNIST: 28 (default), 64, 128 or 224; 28 or 64 for volumes.
            Folders: what to resize to; by default images of one size keep it, others become 64x64.
            Detection: what the longer side becomes, 320 by default if the sizes differ; images
            keep their proportions, on a canvas whose sides are multiples of 32.
        seed: Of the choice of images where a split is missing.
        task: `"binary"`, `"multi-class"`, `"ordinal"`, `"multi-label"`, `"segmentation"` or
            `"detection"`; by default what the known set is for, else inferred. That classes are
            ordered cannot be inferred, and the order of the grades cannot either: give it in
            `class_names`.
        class_names: The classes in the order of their labels: label k is the k-th name, and its
            images are those of the folder (or the class of the set) with that name. To rename
            classes, map each name to the new one, in order: `{"cls_0": "healthy", ...}`. Labels
            that are only numbers, as in a `.npz` file, get the names in the order of the
            numbers. By default the classes are in alphabetical order, or in that of the set.
        granularity: `"fine"` where classes differ in detail only; by default so for cifar100.
        void: For segmentation, the value of pixels in the masks that are not counted; 255 if None.
        faulty_boxes: For detection, `"drop"` leaves out boxes without area or outside of their
            image, with a warning that names file and line; `"refuse"` is an error in their place.

    Returns:
        The set with all three splits in memory.

    Raises:
        ValueError: The name or the path is unknown, or the images or labels cannot be trained on.
        OSError: A file or folder does not exist or cannot be read, or a download failed.
        ImportError: An extra of this package has to be installed first.

    Example:
        >>> load_dataset("digits")
        <Dataset digits: multi-class, 10 classes, 8x8x1, train 1259, val 179, test 359>
    """
    if data_dir is not None:
        data_dir = check_folder(data_dir, "data_dir")
    if size is not None:
        size = check_whole_number("size", size, least=1)
    if is_table(name_or_path):
        raw = load_frame(name_or_path, data_dir or Path(), size)
    elif is_batches(name_or_path):
        raw = load_batches(name_or_path, task)
    else:
        name = os.fspath(name_or_path)
        raw = _find_boxes(name, size, faulty_boxes) or _find(name, data_dir, size, task, void)
    if task is not None:
        raw = replace(raw, task=task)
    if granularity is not None:
        raw = replace(raw, granularity=granularity)
    dataset = assemble(raw, seed, class_names)
    sides = dataset.image_shape[:-1]
    if size is not None and set(sides) != {size} and dataset.task != "detection":
        raise ValueError(
            f"{raw.origin} has images of {'x'.join(map(str, sides))}, not of size {size}: only "
            "folders of images are resized, and only MedMNIST sets come in several sizes. Leave "
            "`size` out."
        )
    return dataset


def _find_boxes(name: str, size: int | None, faulty: FaultyBoxes) -> RawDataset | None:
    """The image set with boxes that a path stands for; None if it has none."""
    path = Path(name).expanduser()
    if name and path.is_dir():
        if is_voc_folder(path):
            return load_voc_folder(path, size, faulty)
        if is_coco_folder(path):
            return load_coco_folder(path, size, faulty)
    if path.is_file() and path.suffix.lower() == ".json":
        return load_coco_file(path, size, faulty)
    return None


def _find(
    name: str, data_dir: Path | None, size: int | None, task: Task | None, void: int | None
) -> RawDataset:
    """Load what a name or a path stands for."""
    if name == "digits":
        return load_digits()
    if name in CIFAR:
        return load_cifar(name, data_dir)
    if name in _medmnist_names():
        return medmnist.load_medmnist(name, data_dir, size)
    path = Path(name).expanduser()
    if name and path.is_dir():
        if task in (None, "segmentation") and is_mask_folder(path):
            return load_mask_folder(path, size, void)
        return load_folder(path, size)
    if path.is_file() and path.suffix.lower() == ".npz":
        return with_void_in(load_archive(path), void)
    if path.is_file() and path.suffix.lower() == ".csv":
        return load_table(path, size)
    if name and path.exists():
        raise ValueError(
            f"{path} is a file that cannot be loaded: expected a .npz file, a .csv table of "
            "labels, a .json file of boxes, or a folder of images."
        )
    raise _unknown(name)


def _unknown(name: str) -> Exception:
    """The error for what is neither a known name nor a path."""
    if name.endswith(("mnist", "mnist3d")) and not medmnist.is_installed():
        return missing("medmnist", extra="datasets")
    known = list_datasets()
    near = difflib.get_close_matches(name.lower(), known, cutoff=0.5)
    hint = (
        f"Did you mean {' or '.join(map(repr, near))}?"
        if near
        else f"Known are {', '.join(known)}."
    )
    return ValueError(
        f"{name!r} is neither a known data set nor an existing path. {hint} The path of a .npz "
        "file, of a .csv table of labels or of a folder of images is accepted too."
    )
