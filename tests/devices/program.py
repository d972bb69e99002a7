"""Trains a network with all 18 topologies side by side, and prints the loss of each.

Run by test_devices.py in processes of its own: how many devices there are is decided before a
backend starts. Arguments: one, data or model; then, for several processes, the address, their
number, and this one's.
"""

import json
import os
import sys

layout, *processes = sys.argv[1:]
if os.environ["KERAS_BACKEND"] == "jax":
    import jax

    if processes:
        jax.config.update("jax_cpu_collectives_implementation", "gloo")
else:
    import tensorflow as tf

    # Two: every replica is traced on its own, and eight take minutes on as few processors.
    (cpu,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)

import keras  # noqa: E402
import numpy as np  # noqa: E402

import keras_attn  # noqa: E402
from keras_attn.kernels.devices import distributed  # noqa: E402

ADDRESS, COUNT, INDEX = processes[0] if processes else "", *map(int, processes[1:] or (1, 0))
if processes:
    keras.distribution.initialize(ADDRESS, COUNT, INDEX)


def network():
    keras.utils.set_random_seed(0)
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(16, 3, padding="same", activation="relu", name="stem")(inputs)
    outputs = {}
    for key in keras_attn.list_topologies():
        y = keras_attn.create(key, name=key, data_format="channels_last")(x)
        y = keras.layers.GlobalAveragePooling2D(name=f"{key}_pooling")(y)
        outputs[key] = keras.layers.Dense(4, name=f"{key}_logits")(y)
    return keras.Model(inputs, outputs)


def losses():
    model = network()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    keys = keras_attn.list_topologies()
    # XLA compiles the program of each replica of TensorFlow anew, which takes minutes.
    compiled = "auto" if keras.backend.backend() == "jax" else False
    model.compile(keras.optimizers.SGD(0.1), dict.fromkeys(keys, loss), jit_compile=compiled)
    random = np.random.default_rng(0)
    images = random.random((32, 8, 8, 3), "float32")
    labels = random.integers(0, 4, 32)
    # Of each batch of 16, every process brings its share.
    share = 16 // COUNT
    mine = np.arange(32).reshape(2, COUNT, share)[:, INDEX].ravel()
    targets = dict.fromkeys(keys, labels[mine])
    history = model.fit(images[mine], targets, batch_size=share, epochs=2, shuffle=False, verbose=0)
    kernel = model.get_layer("stem").kernel
    shards = len(kernel.value.sharding.device_set) if layout == "model" else 0
    return history.history, shards


if layout == "model":
    devices = keras.distribution.list_devices()
    mesh = keras.distribution.DeviceMesh((2, len(devices) // 2), ["batch", "model"], devices)
    layouts = keras.distribution.LayoutMap(mesh)
    layouts["stem/kernel"] = (None, None, None, "model")
    keras.distribution.set_distribution(
        keras.distribution.ModelParallel(layout_map=layouts, batch_dim_name="batch")
    )
    found, shards = losses()
    assert shards == len(devices)
elif processes:
    keras.distribution.set_distribution(keras.distribution.DataParallel(auto_shard_dataset=False))
    found, _ = losses()
else:
    with distributed("all" if layout == "data" else None):
        found, _ = losses()
print("\n" + json.dumps(found))
