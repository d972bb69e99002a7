"""CIFAR-10 and CIFAR-100: from a `.npz` file if there is one, else through Keras."""

from __future__ import annotations

import os

import numpy as np

from keras_attn.data.archive import read_archive
from keras_attn.data.checks import Granularity
from keras_attn.data.places import VARIABLE, data_folders, find_file
from keras_attn.data.raw import Arrays, RawDataset

CLASS_NAMES = {
    "cifar10": "airplane automobile bird cat deer dog frog horse ship truck",
    "cifar100": """
        apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus
        butterfly camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach couch
        crab crocodile cup dinosaur dolphin elephant flatfish forest fox girl hamster house
        kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree motorcycle
        mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree
        plain plate poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark
        shrew skunk skyscraper snail snake spider squirrel streetcar sunflower sweet_pepper table
        tank telephone television tiger tractor train trout tulip turtle wardrobe whale
        willow_tree wolf woman worm""",
}


def load_cifar(name: str, data_dir: str | os.PathLike[str] | None) -> RawDataset:
    """Load CIFAR-10 or CIFAR-100.

    Args:
        name: `"cifar10"` or `"cifar100"`.
        data_dir: A folder that may have `cifar10.npz` or `cifar100.npz`.

    Returns:
        The training and the test images; the validation images are cut from the former.
    """
    path = find_file(f"{name}.npz", data_folders(data_dir))
    granularity: Granularity = "fine" if name == "cifar100" else "coarse"
    return RawDataset(
        name=name,
        arrays=read_archive(path) if path else _from_keras(name),
        origin=str(path or name),
        task="multi-class",
        class_names=tuple(name.replace("_", " ") for name in CLASS_NAMES[name].split()),
        granularity=granularity,
        licence="none stated",
        source="Alex Krizhevsky, https://www.cs.toronto.edu/~kriz/cifar.html",
    )


def _from_keras(name: str) -> Arrays:
    """The images as Keras downloads and checks them."""
    import keras

    try:
        train, test = getattr(keras.datasets, name).load_data()
    # Keras raises a bare Exception when it cannot reach the server.
    except Exception as error:
        raise OSError(
            f"{name} could not be downloaded ({error}). Try again, or put {name}.npz with "
            "train_images, train_labels, test_images and test_labels into a folder, and name the "
            f"folder in `data_dir` or in the environment variable {VARIABLE}."
        ) from error
    return {"train": _channels_last(*train), "test": _channels_last(*test)}


def _channels_last(images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Keras gives the channels first where the user has set it so."""
    return (images.transpose(0, 2, 3, 1) if images.shape[1] == 3 else images), labels
