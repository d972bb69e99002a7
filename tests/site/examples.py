"""Runs the Python blocks of pages one after the other; later blocks can use earlier results.

A page that trains a network has to show that the network learned, because a reader will copy its
code: every training that a page starts must end well above chance.
"""

import functools
import re
import sys
from pathlib import Path

import keras
import numpy as np

import keras_attn

BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def check_learned(place, accuracy, labels):
    """Requires an accuracy at least half-way from chance to 1."""
    chance = np.bincount(np.ravel(labels)).max() / len(labels)
    least = (1 + chance) / 2
    if accuracy < least:
        raise AssertionError(
            f"{place}: this training reaches an accuracy of {accuracy:.3f}, and chance is "
            f"{chance:.3f}. Code in the documentation must learn: expected {least:.3f} or more."
        )


def checked_fit(pages, fit):
    """`Model.fit`, which checks the trainings that a page starts itself."""

    @functools.wraps(fit)
    def wrapper(model, *args, **kwargs):
        history = fit(model, *args, **kwargs)
        place = sys._getframe(1).f_code.co_filename
        if place in pages:
            if "accuracy" not in history.history:
                raise AssertionError(f"{place}: compile the model with metrics=['accuracy'].")
            measured = history.history.get("val_accuracy", history.history["accuracy"])
            check_learned(place, measured[-1], labels=args[1])
        return history

    return wrapper


def checked_compare(compare):
    """`keras_attn.compare`, which checks the networks that it trains."""

    @functools.wraps(compare)
    def wrapper(dataset, *args, **kwargs):
        comparison = compare(dataset, *args, **kwargs)
        for row in comparison.results.itertuples():
            check_learned(f"compare, {row.topology}", row.accuracy, dataset.test.labels)
        return comparison

    return wrapper


def main(pages):
    """Runs the blocks of these pages."""
    keras.Model.fit = checked_fit(pages, keras.Model.fit)
    keras_attn.compare = checked_compare(keras_attn.compare)
    names = {"__name__": "page"}
    for page in pages:
        for block in BLOCK.findall(Path(page).read_text(encoding="utf-8")):
            exec(compile(block, page, "exec"), names)


if __name__ == "__main__":
    main(sys.argv[1:])
