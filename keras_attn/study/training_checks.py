"""Whether a training fits the images and the model of a study, before anything is trained."""

from __future__ import annotations

import os
from collections.abc import Sequence

import keras

from keras_attn.data.dataset import Dataset
from keras_attn.study.augmentation import PRESETS, moves_masks
from keras_attn.study.class_weights import class_weights_of_pixels, image_weights
from keras_attn.study.models import Network
from keras_attn.study.training import Training


def check_training(training: Training, datasets: Sequence[Dataset], network: Network) -> None:
    """Checks what depends on the images or on the model.

    Args:
        training: The configuration.
        datasets: The image sets.
        network: What `keras_attn.study.models.read_model` returned.

    Raises:
        ValueError: If class weights do not fit the classes, layers are to be frozen in a model
            without trained weights, or the precision of a finished model is to be changed.
    """
    for dataset in datasets:
        image_weights(training.class_weights, dataset)
        if dataset.task == "detection":
            _check_boxes_move(training)
        if dataset.task == "segmentation":
            _check_masks_move(training)
            class_weights_of_pixels(training.class_weights, dataset)
    if training.dtype != "float32" and is_finished(network):
        raise ValueError(
            f"`dtype` is decided when layers are constructed, and {network} is constructed "
            "already. Give a function (image_shape, num_classes) that builds it, or construct it "
            f"after keras.config.set_dtype_policy({training.dtype!r})."
        )
    if not (training.freeze_epochs or training.pretrained_rate != 1.0):
        return
    for dataset in datasets:
        kind = (dataset.image_shape, dataset.task, len(dataset.class_names))
        if isinstance(network, str) or not network.body(*kind).is_trained:
            raise ValueError(
                "`freeze_epochs` and `pretrained_rate` are for models with trained weights, and "
                f"{network} has random ones. Leave them out, or give `weights` or a trained model."
            )


def _check_masks_move(training: Training) -> None:
    """Checks that a layer that augments images also augments their masks."""
    if not isinstance(training.augmentation, dict):
        return
    layer = keras.layers.deserialize(training.augmentation)
    if not moves_masks(layer):
        raise ValueError(
            f"`augmentation` must move the masks with the images, and {type(layer).__name__} does "
            "not. Use one of Keras's layers for images, such as keras.layers.RandomFlip, or one of "
            f"{', '.join(PRESETS)}."
        )


def _check_boxes_move(training: Training) -> None:
    """Checks that images with boxes are augmented by a preset."""
    if isinstance(training.augmentation, dict):
        raise ValueError(
            "`augmentation` must move the boxes with the images. For detection, use one of "
            f"{', '.join(PRESETS)}. Received the layer {training.augmentation['class_name']}."
        )


def is_finished(network: Network) -> bool:
    """Whether the layers of a network exist already, or are read from a file."""
    if isinstance(network, str):
        return False
    source = network.source
    is_path = isinstance(source, (str, os.PathLike)) and os.fspath(source).endswith(".keras")
    return isinstance(source, keras.Model) or is_path
