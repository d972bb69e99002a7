"""Finding a layer by its key."""

from __future__ import annotations

import difflib
from typing import Any

from keras_attn.catalogue.combination import combined
from keras_attn.catalogue.entry import Entry
from keras_attn.catalogue.gated import GATED
from keras_attn.catalogue.published import PUBLISHED
from keras_attn.catalogue.topologies import TOPOLOGIES
from keras_attn.layers import AttentionLayer

#: Keys that name more than one published design, and the keys to use in their place.
AMBIGUOUS = {
    "scsa": {
        "scsa_topology": "spatial, channel, spatial attention (arXiv:2601.07310)",
        "scsa_synergistic": "spatial and channel synergistic attention (arXiv:2407.05128)",
    },
}


_ENTRIES: dict[str, Entry] = {}
_GATED = {entry.key: entry for entry in GATED}


def register(entry: Entry) -> None:
    """Adds a row, and with it the layer to everything that reads the catalogue.

    Raises:
        ValueError: If the key is taken.
    """
    if entry.key in (*_ENTRIES, *_GATED, *AMBIGUOUS):
        raise ValueError(f"The key {entry.key!r} is taken; choose another.")
    _ENTRIES[entry.key] = entry


def list_layers() -> list[str]:
    """All keys, the 18 topologies first.

    Example:
        >>> import keras_attn
        >>> keras_attn.list_layers()[:3]
        ['ca', 'sa', 'csa']
    """
    return list(_ENTRIES)


def list_topologies() -> list[str]:
    """The keys of the 18 topologies of arXiv:2601.07310; a registered layer is not one of them.

    Example:
        >>> import keras_attn
        >>> len(keras_attn.list_topologies())
        18
    """
    return [entry.key for entry in TOPOLOGIES]


def describe(key: str, **config: Any) -> Entry:
    """The catalogue's entry for a key: class, family, formula, source, parameter count.

    Args:
        key: One of `list_layers()`, or `"attention_gate"`, which is called with a gating map too.
        **config: Arguments of the layer, such as the gates of a topology: the entry is then that of
            the combination.

    Raises:
        ValueError: If there is no such key (the message names the nearest ones), no such gate, or
            an argument is out of its range.

    Example:
        >>> import keras_attn
        >>> keras_attn.describe("csa").formula
        'y = x · c(x) · s(x c)'
        >>> keras_attn.describe("csa").parameters(channels=64)
        1122
        >>> keras_attn.describe("csa", channel="eca").title
        'CSA with the channel gate of ECA'
        >>> keras_attn.describe("csa", channel="eca").parameters(channels=64)
        101
    """
    if key in AMBIGUOUS:
        meanings = "; ".join(f"{name!r} is {meaning}" for name, meaning in AMBIGUOUS[key].items())
        raise ValueError(f"{key!r} names two published designs: {meanings}. Use one of these keys.")
    if key in _GATED:
        return combined(_GATED[key], config) if config else _GATED[key]
    if key not in _ENTRIES:
        near = difflib.get_close_matches(str(key).lower(), _ENTRIES, n=3, cutoff=0.5)
        hint = f" The nearest: {', '.join(near)}." if near else ""
        raise ValueError(
            f"There is no attention layer with the key {key!r}.{hint} "
            f"All keys: {', '.join(_ENTRIES)}."
        )
    return combined(_ENTRIES[key], config) if config else _ENTRIES[key]


def describe_layer_of_one_map(key: str) -> Entry:
    """The entry of a layer that turns one map into another, as `list_layers` names them.

    Raises:
        ValueError: If there is no such key, or the layer takes a gating map too.
    """
    if key in _GATED:
        raise ValueError(
            f"{key!r} is called with two maps, layer(x, gating), so it does not fit a place of one "
            f"map. Call it in your model, or compare {key}@skip in a U-Net."
        )
    return describe(key)


def create(key: str, **config: Any) -> AttentionLayer:
    """A new attention layer.

    Args:
        key: One of `list_layers()`, such as `"csa"`, or `"attention_gate"`.
        **config: Arguments of the layer's class, such as `reduction`, `kernel_size`,
            `data_format`, `name` and `dtype`.

    Returns:
        The layer; its channel count is read when it is first called.

    Raises:
        ValueError: If there is no such key (the message names the nearest), or an argument
            is unknown or out of its range.

    Example:
        >>> import keras_attn
        >>> keras_attn.create("csa", reduction=8).reduction
        8
    """
    return describe(key).create(**config)


for _row in (*TOPOLOGIES, *PUBLISHED):
    register(_row)
