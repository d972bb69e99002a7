"""Networks to operate on, each built once in a process."""

from functools import cache

import keras
import pytest


def residual_network(**arguments):
    """Two stages of one and two blocks, with a projection shortcut."""
    inputs = keras.Input((16, 16, 3))
    layers = keras.layers
    x = layers.Conv2D(8, 3, padding="same", name="stem", **arguments)(inputs)
    for name, width, stride in (("first", 8, 1), ("second", 16, 2), ("third", 16, 1)):
        shortcut = x
        if stride > 1:
            shortcut = layers.Conv2D(width, 1, stride, name=f"{name}_shortcut")(x)
        x = layers.Conv2D(width, 3, stride, padding="same", name=f"{name}_1")(x)
        x = layers.BatchNormalization(name=f"{name}_norm")(x)
        x = layers.ReLU(name=f"{name}_relu")(x)
        x = layers.Conv2D(width, 3, padding="same", name=f"{name}_2")(x)
        x = layers.ReLU(name=f"{name}_out")(layers.Add(name=f"{name}_sum")([shortcut, x]))
    x = layers.GlobalAveragePooling2D(name="pooling")(x)
    return keras.Model(inputs, layers.Dense(3, name="logits")(x), name="small")


@pytest.fixture
def network():
    return residual_network()


def application(name):
    return getattr(keras.applications, name)(weights=None, input_shape=(64, 64, 3), classes=3)


def keras_cv_resnet():
    keras_cv = pytest.importorskip("keras_cv", reason="keras-cv is not installed")
    return keras_cv.models.ResNetBackbone(
        stackwise_filters=[16, 16, 32, 32],
        stackwise_blocks=[1, 2, 1, 1],
        stackwise_strides=[1, 2, 2, 2],
        include_rescaling=True,
        input_shape=(64, 64, 3),
    )


def keras_cv_mobilenet():
    keras_cv = pytest.importorskip("keras_cv", reason="keras-cv is not installed")
    return keras_cv.models.MobileNetV3Backbone(
        stackwise_expansion=[1, 4, 3, 4, 6, 6],
        stackwise_filters=[8, 16, 16, 24, 24, 24],
        stackwise_kernel_size=[3, 3, 3, 5, 5, 5],
        stackwise_stride=[2, 2, 1, 2, 1, 1],
        stackwise_se_ratio=[0.25, None, None, 0.25, 0.25, 0.25],
        stackwise_activation=["relu", "relu", "relu", "hard_swish", "hard_swish", "hard_swish"],
        include_rescaling=True,
        input_shape=(64, 64, 3),
    )


def keras_hub_resnet():
    keras_hub = pytest.importorskip("keras_hub", reason="keras-hub is not installed")
    return keras_hub.models.ResNetBackbone(
        input_conv_filters=[64],
        input_conv_kernel_sizes=[7],
        stackwise_num_filters=[64, 64, 64],
        stackwise_num_blocks=[1, 2, 1],
        stackwise_num_strides=[1, 2, 2],
        block_type="basic_block",
        use_pre_activation=True,
        image_shape=(64, 64, 3),
    )


@cache
def architecture(name):
    makers = {
        "keras_cv ResNet": keras_cv_resnet,
        "keras_cv MobileNetV3": keras_cv_mobilenet,
        "keras_hub ResNet": keras_hub_resnet,
    }
    keras.utils.set_random_seed(0)
    return makers[name]() if name in makers else application(name)
