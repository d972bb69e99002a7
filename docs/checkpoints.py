"""The page on whole networks and their published checkpoints, from benchmarks.checkpoints."""

from __future__ import annotations

from benchmarks.checkpoints import stored
from benchmarks.tables import markdown

PAGE = """\
# Networks and checkpoints

`keras_attn.networks.create` builds ResNets, MobileNetV2 and attention branch networks with any
layer of the catalogue in every block, and `keras_attn.networks.from_torch` turns a published
PyTorch checkpoint of such a network into a Keras model, on TensorFlow, JAX and PyTorch.

```py
model = keras_attn.networks.from_torch("resnet50_cbam.pth")
model.save("resnet50_cbam.keras")
```

On the command line, `keras-attn import resnet50_cbam.pth --output resnet50_cbam.keras` does the
same. The family, the depth, the stem, the attention and its arguments are read off the names and
shapes of the entries; a `.pth` file is loaded without running code in it. `.safetensors`, `.npz`
and a state dict in memory are accepted too. A checkpoint that is not recognised gets one error,
which names the nearest family and the entries that are missing, left over or of another shape.

To fine-tune it on your images, with and without further attention, put the statistics of the
images that it was trained on into the model, and give the function to a comparison:

```py
def network(image_shape, num_classes):
    trained = keras_attn.networks.from_torch("resnet50_cbam.pth")
    inputs = keras.Input(image_shape)
    mean, deviation = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
    variance = [each**2 for each in deviation]
    x = keras.layers.Normalization(mean=mean, variance=variance)(inputs)
    return keras.Model(inputs, trained(x))


training = keras_attn.Training(freeze_epochs=3)
keras_attn.compare(dataset, "csa@stages", model=network, training=training)
```

## How close they are to the authors' code

Each network below was computed with its authors' own code, in the repository that its name links
to: weights, an input and the logits. The last columns are the largest difference of a logit, in
units of the largest logit, on the CPU; float32 resolves 1e-7. Input gradients are compared by the
tests. `python -m benchmarks.checkpoints` measures them where the recorded networks are at hand.

{table}

Weights are the trainable parameters, for the number of classes of the checkpoint, and
multiply-accumulates are those for one square image with the side in the table. Other depths and
numbers of classes of these families are recognised as well.
"""

NAMES = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}


def page() -> str:
    """The page."""
    content = stored()
    backends = [each for each in NAMES if each in content["versions"]]
    head = ["network", "attention", "side", "weights", "MACs"]
    rows = [
        [
            _link(name, row["repository"]),
            _attention(row["attention"]),
            str(row["input"][0]),
            f"{row['parameters'] / 1e6:.2f} M",
            f"{row['macs'] / 1e9:.2f} G",
            *(f"{row['difference'][each]:.0e}" for each in backends),
        ]
        for name, row in content["networks"].items()
    ]
    return PAGE.format(table=markdown([[*head, *(NAMES[each] for each in backends)], *rows]))


def _link(name: str, repository: str) -> str:
    """A link from the name of a network to the repository of its authors."""
    return f"[{name.replace('_', ' ')}](https://github.com/{repository})"


def _attention(key: str | None) -> str:
    """A link to the page of the layer."""
    if key is None:
        return "none"
    return f"[{key.partition('_')[0]}](layers/{key}.md)"
