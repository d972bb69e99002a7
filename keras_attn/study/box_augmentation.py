"""How boxes move with the images that are augmented."""

from __future__ import annotations

import numpy as np

from keras_attn.data.boxes import CLASS, NO_OBJECT, cut_boxes

#: Boxes of which less than this share is left inside the image are dropped.
LEAST_LEFT = 0.3


def mirrored_boxes(boxes: np.ndarray, width: int) -> np.ndarray:
    """Boxes of images that are mirrored, (N, objects, 6)."""
    mirrored = boxes.copy()
    mirrored[..., 0], mirrored[..., 2] = width - boxes[..., 2], width - boxes[..., 0]
    return mirrored


def shifted_boxes(boxes: np.ndarray, move: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Boxes of an image that is moved, (objects, 6).

    Args:
        boxes: The boxes.
        move: Pixels down and to the right.
        shape: Of the image, height first.
    """
    down, right = move
    moved = boxes.copy()
    moved[..., :4] += np.array([right, down, right, down], boxes.dtype)
    return _inside(moved, shape)


def rotated_boxes(boxes: np.ndarray, angle: float, shape: tuple[int, ...]) -> np.ndarray:
    """The smallest boxes around those of an image that is turned about its centre.

    Args:
        boxes: (objects, 6).
        angle: In degrees, as `rotated` turns images.
        shape: Of the image, height first.
    """
    height, width = shape[:2]
    centre = np.array([width - 1, height - 1]) / 2
    columns = boxes[:, [[0, 1], [2, 1], [0, 3], [2, 3]]]  # the four corners
    radians = np.deg2rad(angle)
    turn = np.array([[np.cos(radians), np.sin(radians)], [-np.sin(radians), np.cos(radians)]])
    corners = (columns - 0.5 - centre) @ turn.T + centre + 0.5
    turned = boxes.copy()
    turned[:, :2], turned[:, 2:4] = corners.min(axis=1), corners.max(axis=1)
    return _inside(turned, shape)


def _inside(boxes: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Boxes cut at the border; those that are mostly outside become rows without an object."""
    cut = boxes.copy()
    cut[..., :4] = cut_boxes(boxes[..., :4], shape[1], shape[0])
    is_kept = _area(cut) > LEAST_LEFT * _area(boxes)
    cut[~is_kept] = 0
    cut[~is_kept, CLASS] = NO_OBJECT
    return cut


def _area(boxes: np.ndarray) -> np.ndarray:
    return (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])
