"""The MedMNIST sets, of images and of volumes. What is known of them is medmnist's INFO table."""

from __future__ import annotations

import functools
import importlib.util
import os
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

from keras_attn.data.archive import read_archive
from keras_attn.data.checks import Task
from keras_attn.data.download import download, md5_of
from keras_attn.data.places import VARIABLE, data_folders, find_file
from keras_attn.data.raw import RawDataset
from keras_attn.extras import missing

DEFAULT_SIZE = 28
TASKS: dict[str, Task] = {
    "binary-class": "binary",
    "multi-class": "multi-class",
    "ordinal-regression": "ordinal",
    "multi-label, binary-class": "multi-label",
}


def is_installed() -> bool:
    """Whether medmnist can be found; it is not imported."""
    return importlib.util.find_spec("medmnist") is not None


def names() -> list[str]:
    """The two-dimensional sets, in medmnist's order."""
    return [name for name in _table().INFO if not is_3d(name)]


def names_3d() -> list[str]:
    """The sets of volumes, in medmnist's order."""
    return [name for name in _table().INFO if is_3d(name)]


def training_sizes() -> dict[str, int]:
    """How many training images each of the two-dimensional sets has."""
    return {name: _table().INFO[name]["n_samples"]["train"] for name in names()}


def is_3d(name: str) -> bool:
    """Whether a name is that of a set of volumes."""
    return name.endswith("mnist3d")


def load_medmnist(
    name: str, data_dir: str | os.PathLike[str] | None, size: int | None
) -> RawDataset:
    """Load a MedMNIST set from its file, or download it.

    Args:
        name: One of `names()` or `names_3d()`.
        data_dir: The folder to look in first, and to download to.
        size: The side of the images or volumes; None for 28.

    Returns:
        The official splits.

    Raises:
        ValueError: There is no such size, or the download is corrupted.
        OSError: A folder does not exist or the download fails.
    """
    info = _table().INFO[name]
    suffix = _suffix(name, info, DEFAULT_SIZE if size is None else size)
    url, md5 = info[f"url{suffix}"], info[f"MD5{suffix}"]
    source = f"{info['python_class']} of MedMNIST ({_table().HOMEPAGE}), {url}"
    path = _find(f"{name}{suffix}.npz", data_dir)
    if not path.exists():
        download(url, path, md5)
    elif (actual := md5_of(path)) != md5:
        # An older release or the user's own cut: usable, but not to be reported as the official.
        source += f"; from a file that differs, MD5 {actual}"
        warnings.warn(
            f"{path} is not the official file: its MD5 is {actual}, not {md5}. It is used as it "
            "is; delete it to have the official one downloaded.",
            stacklevel=4,
        )
    return RawDataset(
        name=name,
        arrays=read_archive(path),
        origin=str(path),
        task=TASKS[info["task"]],
        class_names=tuple(info["label"][str(i)] for i in range(len(info["label"]))),
        ordered=TASKS[info["task"]] == "ordinal",
        licence=info["license"],
        source=source,
    )


def _suffix(name: str, info: dict[str, Any], size: int) -> str:
    """What a size adds to the names of the file and of its INFO entries."""
    larger = [int(key.removeprefix("url_")) for key in info if key.startswith("url_")]
    if size != DEFAULT_SIZE and size not in larger:
        sizes = ", ".join(map(str, sorted([DEFAULT_SIZE, *larger])))
        raise ValueError(
            f"{name} has no images of that size: `size` must be one of {sizes}. "
            f"Received: size={size}."
        )
    return "" if size == DEFAULT_SIZE else f"_{size}"


def _find(filename: str, data_dir: str | os.PathLike[str] | None) -> Path:
    """The path of a file or, if there is none, the path to download it to."""
    folders = data_folders(data_dir)
    if _table().DEFAULT_ROOT is not None:
        folders.append(Path(_table().DEFAULT_ROOT))
    if not folders:
        raise OSError(
            f"There is no folder to download {filename} to: medmnist could not make its own in "
            f"the home folder. Name one in `data_dir` or in the environment variable {VARIABLE}."
        )
    return find_file(filename, folders) or folders[0] / filename


@functools.cache
def _table() -> ModuleType:
    """The module medmnist.info, run from its file: importing medmnist imports torch as well."""
    spec = importlib.util.find_spec("medmnist")
    if spec is None or not spec.submodule_search_locations:
        raise missing("medmnist", extra="datasets")
    file = Path(spec.submodule_search_locations[0]) / "info.py"
    info = importlib.util.spec_from_file_location("keras_attn.data._medmnist_info", file)
    assert info is not None
    assert info.loader is not None
    module = importlib.util.module_from_spec(info)
    with warnings.catch_warnings():
        # It warns where it cannot make its folder; `_find` copes, and says so if it matters.
        warnings.simplefilter("ignore")
        info.loader.exec_module(module)
    return module
