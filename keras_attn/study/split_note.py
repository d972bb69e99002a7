"""What the reader should know about splits that were cut, and what a test split can show."""

from __future__ import annotations

import math

from keras_attn.data.dataset import Dataset

#: The accuracy at which the smallest visible difference is stated.
ACCURACY = 0.9

#: Standard errors of a 95 % interval.
WIDTH = 1.96


def split_note(dataset: Dataset) -> str:
    """A note on the splits that were cut from the training images, and on the test split's size.

    Args:
        dataset: The image set, of which at least one split was cut.
    """
    words = {"test": "test", "val": "validation"}
    sizes = {part: len(getattr(dataset, part).images) for part in dataset.cut}
    cut = " and ".join(f"{size:,} for {words[part]}" for part, size in sizes.items())
    absent = " and ".join(words[part] for part in dataset.cut)
    by_group = " in whole groups" if dataset.groups else ""
    count = len(dataset.test.images)
    note = (
        f"The image set {dataset.name} came without {absent} images, so {cut} were cut from its "
        f"training images{by_group}."
    )
    if dataset.task == "segmentation":
        sides = "x".join(map(str, dataset.image_shape[:-1]))
        return f"{note} Images were resized to {sides} and masks are scored at that size."
    if dataset.task == "detection":
        return note
    return (
        f"{note} With {count:,} test images, two equally good networks of "
        f"{100 * ACCURACY:.0f} % accuracy can differ by up to {smallest_difference(count):.3f} in "
        "accuracy by chance (95 %, independent errors)."
    )


def smallest_difference(count: int) -> float:
    """The difference in accuracy that chance alone exceeds in 5 % of pairs of networks.

    1.96 sqrt(2 p (1 - p) / n) for p = 0.9 and n test images; less if the networks err on the same
    images.

    Args:
        count: The number of test images.
    """
    return WIDTH * math.sqrt(2 * ACCURACY * (1 - ACCURACY) / count)
