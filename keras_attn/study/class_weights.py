"""The weight of each image in the loss, from the weights of the classes."""

from __future__ import annotations

import numpy as np

from keras_attn.data.dataset import Dataset


def image_weights(weights: str | dict[str, float] | None, dataset: Dataset) -> np.ndarray | None:
    """The weight of each training image, of mean 1; None if all are equal.

    Weights of the images themselves are multiplied by those of their classes.

    Args:
        weights: `"balanced"`, the weight of each class by its name, or None.
        dataset: The images.

    Raises:
        ValueError: If a class has no weight, a name is not a class, or the task has several
            labels per image.
    """
    own = dataset.weights
    if weights is None or dataset.task == "segmentation":
        return None if own is None else own / own.mean()
    if dataset.task in ("multi-label", "detection"):
        raise ValueError(
            f"`class_weights` are not for {dataset.task} tasks, where an image has several labels "
            "or none. Leave them out."
        )
    labels = dataset.train.labels
    by_class = _by_class(weights, labels, dataset.class_names)
    by_image = by_class[labels].astype("float32") * (1 if own is None else own)
    if not by_image.any():
        raise ValueError(f"`class_weights` are 0 for every training image. Received: {weights!r}.")
    return by_image / by_image.mean()


def class_weights_of_pixels(
    weights: str | dict[str, float] | None, dataset: Dataset
) -> np.ndarray | None:
    """The weight of each class of a segmentation, of mean 1; None if all are equal.

    Args:
        weights: As for `image_weights`; `"balanced"` weighs by the inverse number of pixels.
        dataset: Images and masks.

    Raises:
        ValueError: If a class has no weight, or a name is not a class.
    """
    if weights is None:
        return None
    names, masks = dataset.class_names, dataset.train.labels
    by_class = _by_class(weights, masks[masks < len(names)], names)
    return (by_class / by_class.mean()).astype("float32")


def _by_class(
    weights: str | dict[str, float], labels: np.ndarray, names: tuple[str, ...]
) -> np.ndarray:
    """The weight of each class, not scaled."""
    if isinstance(weights, str):
        return 1.0 / np.maximum(np.bincount(labels, minlength=len(names)), 1)
    if set(weights) != set(names):
        raise ValueError(
            "`class_weights` must have one weight for each class of the images: "
            f"{', '.join(names)}. Received: {', '.join(weights)}."
        )
    return np.array([weights[name] for name in names])
