"""What the notebooks share: a first look at images, one training, and its results.

The training, the metrics and the gate maps are those of `keras_attn.study`. One training on one
seed shows how things are done, and nothing about which topology is better: for that there is
`keras_attn.compare`.
"""

from keras_attn.tutorial.pictures import (
    show_balance,
    show_confusion,
    show_curves,
    show_gates,
    show_images,
)
from keras_attn.tutorial.portion import take
from keras_attn.tutorial.shapes import SHAPES, draw_shapes
from keras_attn.tutorial.tables import class_table, confused_pairs, metrics_table
from keras_attn.tutorial.training import Run, train

__all__ = [
    "SHAPES",
    "Run",
    "class_table",
    "confused_pairs",
    "draw_shapes",
    "metrics_table",
    "show_balance",
    "show_confusion",
    "show_curves",
    "show_gates",
    "show_images",
    "take",
    "train",
]
