"""A small comparison over all devices, or on one; prints the AUC of each network."""

import json
import sys

import keras_attn

if __name__ == "__main__":
    comparison = keras_attn.compare(
        "digits",
        ["sa"],
        seeds=1,
        epochs=1,
        samples=200,
        backbone="resnet8",
        devices="all" if sys.argv[1] == "data" else None,
        batch_size=24,
        progress=False,
    )
    print("\n" + json.dumps(comparison.results.set_index("topology")["auc"].to_dict()))
