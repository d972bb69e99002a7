"""Image sets: one type, and the ways to load one."""

from keras_attn.data.dataset import Dataset, Split
from keras_attn.data.description import ModelDescription, describe_model
from keras_attn.data.load import list_datasets, load_dataset

__all__ = [
    "Dataset",
    "ModelDescription",
    "Split",
    "describe_model",
    "list_datasets",
    "load_dataset",
]
