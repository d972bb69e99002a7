"""Synthetic images, of which everything is known."""

from __future__ import annotations

import numpy as np

#: The names of the classes, in the order of the labels.
SHAPES = ("disc", "ring", "cross")


def draw_shapes(
    count: int, size: int = 32, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Discs, rings and crosses of random colour at random places, on noise.

    Args:
        count: How many images; the shapes take turns.
        size: Height and width, at least 16.
        seed: Decides colours, places and noise.

    Returns:
        Images, uint8 (count, size, size, 3); labels, (count,); and where each shape is,
        bool (count, size, size).

    Raises:
        ValueError: If the images would be too small for a shape.

    Example:
        >>> images, labels, masks = draw_shapes(6)
        >>> images.shape, [SHAPES[label] for label in labels[:3]]
        ((6, 32, 32, 3), ['disc', 'ring', 'cross'])
    """
    if size < 16:
        raise ValueError(f"`size` must be at least 16. Received: size={size!r}.")
    random = np.random.default_rng(seed)
    labels = np.arange(count) % len(SHAPES)
    radius = size / 6
    centres = random.uniform(radius + 1, size - radius - 2, (count, 2, 1, 1))
    rows, columns = np.mgrid[:size, :size]
    down, right = np.abs(rows - centres[:, 0]), np.abs(columns - centres[:, 1])
    distance = np.hypot(down, right)
    masks = np.select(
        [labels[:, None, None] == label for label in range(len(SHAPES))],
        [
            distance <= radius,
            (distance <= radius) & (distance > 0.55 * radius),
            (np.minimum(down, right) <= 0.25 * radius) & (np.maximum(down, right) <= radius),
        ],
    ).astype(bool)
    images = random.normal(90, 35, (count, size, size, 3))
    colours = random.uniform(50, 160, (count, 1, 1, 3))
    images += colours * masks[..., None]
    return images.clip(0, 255).astype("uint8"), labels, masks
