"""Surgery on Functional models: where attention can go, how it is inserted and removed."""

from keras_attn.surgery.branch_network import attention_branch_network
from keras_attn.surgery.feature_pyramid import FeaturePyramid
from keras_attn.surgery.freezing import freeze_all_but_attention, unfreeze
from keras_attn.surgery.insert import insert_attention
from keras_attn.surgery.points import InsertionPoint, insertion_points
from keras_attn.surgery.remove import remove_attention

__all__ = [
    "FeaturePyramid",
    "InsertionPoint",
    "attention_branch_network",
    "freeze_all_but_attention",
    "insert_attention",
    "insertion_points",
    "remove_attention",
    "unfreeze",
]
