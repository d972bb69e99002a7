"""The rows of layers that are called with a gating map too, `layer(x, gating)`.

`keras_attn.create` and `keras_attn.describe` take their keys. They are not among
`keras_attn.list_layers()`, whose layers all turn one map into another.
"""

from __future__ import annotations

from keras_attn import layers
from keras_attn.catalogue.count import Count
from keras_attn.catalogue.entry import Entry


def _attention_gate(n: Count) -> int:
    c, gating = n.channels, n.config.get("gating_channels", n.channels)
    m = n.config["intermediate_channels"] or max(1, c // 2)
    if n.config["variant"] == "additive":
        return c * m + gating * m + 7 * m + 3
    return n.config["subsample"] ** n.axes * c * m + gating * m + 2 * m + 1 + c**2 + 3 * c


GATED = (
    Entry(
        key="attention_gate",
        layer_class=layers.AttentionGate,
        family="published",
        title="Attention gate",
        formula="y = BN(W (A · x)),   A = up(σ(ψ relu(θ x + up(φ g))))",
        source="arXiv:1804.03999",
        count=_attention_gate,
        limits={
            "spatial_axes": "it is published for two and three axes",
            "mask": "it reads all positions of an image, padding or not",
            "gain": "its output is normalised after the gate",
        },
        placement="skip",
        ranks=(2, 3),
    ),
)
