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
    if weights is None:
        return None if own is None else own / own.mean()
    if dataset.task == "multi-label":
        raise ValueError(
            "`class_weights` are not for multi-label tasks, where an image has several labels or "
            "none. Leave them out."
        )
    names, labels = dataset.class_names, dataset.train.labels
    if isinstance(weights, str):
        counts = np.bincount(labels, minlength=len(names))
        by_class = 1.0 / np.maximum(counts, 1)
    else:
        if set(weights) != set(names):
            raise ValueError(
                "`class_weights` must have one weight for each class of the images: "
                f"{', '.join(names)}. Received: {', '.join(weights)}."
            )
        by_class = np.array([weights[name] for name in names])
    by_image = by_class[labels].astype("float32") * (1 if own is None else own)
    if not by_image.any():
        raise ValueError(f"`class_weights` are 0 for every training image. Received: {weights!r}.")
    return by_image / by_image.mean()
