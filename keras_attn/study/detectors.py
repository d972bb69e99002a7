"""Detectors of keras_cv and keras_hub as a study trains them."""

from __future__ import annotations

import keras
import numpy as np

from keras_attn.graph.copy import copy_model
from keras_attn.layers.anchored_outputs import AnchoredOutputs
from keras_attn.tasks.create import learning_task
from keras_attn.tasks.detection import VARIANCE

#: Which of the four offsets of an encoding are those of x, y, width and height.
ORDERS = {"center_xywh": (0, 1, 2, 3), "center_yxhw": (1, 0, 3, 2)}


def with_anchored_outputs(model: keras.Model, num_classes: int) -> keras.Model:
    """A copy of a detector whose output has the form of `keras_attn.tasks.detection`.

    Args:
        model: A RetinaNet of keras_cv or keras_hub, or a Functional model whose output has that
            form already.
        num_classes: Number of classes.

    Raises:
        ValueError: If it is neither, or has another number of classes.
    """
    outputs = learning_task("detection", num_classes).outputs
    shapes = [tuple(each.shape) for each in model.outputs]
    if len(shapes) == 1 and len(shapes[0]) == 3 and shapes[0][-1] == outputs:
        return copy_model(model)
    if not hasattr(model, "anchor_generator") or [shape[-1] for shape in shapes] != [
        4,
        num_classes,
    ]:
        raise ValueError(
            f"For the detection of {num_classes} classes a model must be a RetinaNet of keras_cv "
            f"or keras_hub with num_classes={num_classes}, or return (boxes, {outputs}): the "
            f"anchor, four offsets and the logits. {model.name!r} returns outputs of the shapes "
            f"{shapes}."
        )
    (image,) = model.inputs
    encoder = model.label_encoder
    encoding = getattr(encoder, "encoding_format", "center_yxhw")
    order = ORDERS[encoding]
    variance = keras.ops.convert_to_numpy(encoder.box_variance)
    layer = AnchoredOutputs(
        anchors_of(model),
        order=order,
        factors=[float(variance[place]) / own for place, own in zip(order, VARIANCE, strict=True)],
        name="outputs",
    )
    return copy_model(keras.Model(image, layer(list(model.outputs)), name=model.name))


def anchors_of(model: keras.Model) -> np.ndarray:
    """The anchors of a RetinaNet, (anchors, 4) in pixels: left, top, right, bottom.

    Raises:
        ValueError: If the model takes images of any size, so that its anchors are not fixed.
    """
    height, width, channels = model.inputs[0].shape[1:]
    if None in (height, width):
        raise ValueError(
            f"{model.name!r} takes images of any size, so that its anchors are not fixed. Build it "
            "for the size of the images: give a function (image_shape, num_classes)."
        )
    generator = model.anchor_generator
    if type(generator).__module__.startswith("keras_cv"):
        levels = generator(image_shape=(height, width, channels))
    else:
        levels = generator(np.zeros((1, height, width, channels), "float32"))
    anchors = np.concatenate([keras.ops.convert_to_numpy(each) for each in levels.values()])
    corners = keras.utils.bounding_boxes.convert_format(
        anchors, source=generator.bounding_box_format, target="xyxy", height=height, width=width
    )
    return keras.ops.convert_to_numpy(corners)
