"""What a network needs to know of the images before it sees them."""

from __future__ import annotations

import numpy as np


def channel_statistics(images: np.ndarray) -> dict[str, list[float]]:
    """Mean and variance of each channel, summed image by image to spare the memory.

    A channel that never changes gets a variance of 1, so that it becomes 0 and not infinite.
    """
    axes = tuple(range(images.ndim - 2))
    mean = np.mean([image.mean(axes, dtype="float64") for image in images], axis=0)
    variance = np.mean([((image - mean) ** 2).mean(axes) for image in images], axis=0)
    return {"mean": mean.tolist(), "variance": np.where(variance > 0, variance, 1.0).tolist()}
