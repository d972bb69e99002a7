"""A small comparison over all devices, or on one; prints AUC and error of each trial."""

import json
import os
import sys

if os.environ["KERAS_BACKEND"] == "tensorflow":
    import tensorflow as tf

    (cpu,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)

import keras_attn

if __name__ == "__main__":
    comparison = keras_attn.compare(
        "digits",
        ["sa"],
        seeds=3,
        epochs=1,
        samples=200,
        backbone="resnet8",
        devices="all" if sys.argv[1] == "data" else None,
        batch_size=24,
        progress=False,
    )
    results = comparison.results
    names = results["topology"] + results["seed"].astype(str)
    pairs = zip(names, results[["auc", "error"]].values.tolist(), strict=True)
    print("\n" + json.dumps(dict(pairs)))
