"""Attention in a model that is already there: where it can go, in, and out again."""

from keras_attn.surgery.feature_pyramid import FeaturePyramid
from keras_attn.surgery.insert import insert_attention
from keras_attn.surgery.points import InsertionPoint, insertion_points
from keras_attn.surgery.remove import remove_attention

__all__ = [
    "FeaturePyramid",
    "InsertionPoint",
    "insert_attention",
    "insertion_points",
    "remove_attention",
]
