"""Published attention modules inside networks: how entries tell them apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

Entries = Mapping[str, np.ndarray]


class Module(NamedTuple):
    """One published module.

    Attributes:
        key: The key of our layer.
        marker: An entry that no other module has.
        config: The arguments of our layer, from the entries of the module.
        names: Beginnings of our published names, and what this module has in their place.
        swaps_maps: Whether the mean map comes before the maximum, unlike ours.
    """

    key: str
    marker: str
    config: Callable[[Entries], dict[str, Any]]
    names: Mapping[str, str] = {}
    swaps_maps: bool = False

    def theirs(self, name: str) -> str:
        """What the module calls the entry that we publish by this name."""
        for ours, theirs in self.names.items():
            if name.startswith(ours):
                return theirs + name.removeprefix(ours)
        return name


def _reduction(weight: np.ndarray) -> float:
    """The ratio whose rounded-down quotient gives the units of this squeezing layer."""
    units, channels = weight.shape[:2]
    return channels / units if channels % units == 0 else channels / (units + 0.5)


def _se(squeeze: str, bias: bool) -> Callable[[Entries], dict[str, Any]]:
    return lambda entries: {"reduction": _reduction(entries[squeeze]), "use_bias": bias}


def _cbam(entries: Entries) -> dict[str, Any]:
    spatial = entries.get("SpatialGate.spatial.conv.weight")
    config = {"reduction": _reduction(entries["ChannelGate.mlp.1.weight"])}
    if spatial is None:
        return {**config, "spatial": False}
    return {**config, "kernel_size": spatial.shape[-1]}


def _timm_cbam(entries: Entries) -> dict[str, Any]:
    return {
        "reduction": _reduction(entries["channel.fc1.weight"]),
        "kernel_size": entries["spatial.conv.conv.weight"].shape[-1],
        "use_bias": False,
    }


def _triplet(plane: str, spatial: str) -> Callable[[Entries], dict[str, Any]]:
    return lambda entries: {
        "kernel_size": entries[f"{plane}.conv.weight"].shape[-1],
        "spatial": f"{spatial}.conv.weight" in entries,
    }


def _scsa(entries: Entries) -> dict[str, Any]:
    parts = ("local_dwc", "global_dwc_s", "global_dwc_m", "global_dwc_l")
    return {
        "kernel_sizes": [entries[f"{part}.weight"].shape[-1] for part in parts],
        "qkv_bias": "q.bias" in entries,
    }


def _coordinate(entries: Entries) -> dict[str, Any]:
    units, channels = entries["conv1.weight"].shape[:2]
    usual = max(8, channels // 32) == units
    return {"reduction": 32 if usual else _reduction(entries["conv1.weight"])}


#: The first whose marker is among a module's entries counts.
MODULES = (
    Module(
        "se",
        "fc.0.bias",
        _se("fc.0.weight", True),
        {"down": "fc.0", "up": "fc.2"},
    ),
    Module("se", "fc.0.weight", _se("fc.0.weight", False)),
    Module("se", "fc1.weight", _se("fc1.weight", True), {"down": "fc1", "up": "fc2"}),
    Module(
        "cbam",
        "channel.fc1.weight",
        _timm_cbam,
        {
            "ChannelGate.mlp.1": "channel.fc1",
            "ChannelGate.mlp.3": "channel.fc2",
            "SpatialGate.spatial": "spatial.conv",
        },
        swaps_maps=True,
    ),
    Module("cbam", "ChannelGate.mlp.1.weight", _cbam),
    Module(
        "triplet",
        "ChannelGateH.spatial.conv.weight",
        _triplet("ChannelGateH.spatial", "SpatialGate.spatial"),
        {
            "cw.conv": "ChannelGateH.spatial",
            "hc.conv": "ChannelGateW.spatial",
            "hw.conv": "SpatialGate.spatial",
        },
    ),
    Module("triplet", "cw.conv.conv.weight", _triplet("cw.conv", "hw.conv")),
    Module("scsa_synergistic", "local_dwc.weight", _scsa),
    Module("coordinate", "conv_h.weight", _coordinate),
    Module("coordinate", "conv3.weight", _coordinate, {"conv_h": "conv2", "conv_w": "conv3"}),
    Module(
        "bam",
        "channel_att.gate_c.gate_c_fc_0.weight",
        lambda entries: {"reduction": _reduction(entries["channel_att.gate_c.gate_c_fc_0.weight"])},
    ),
    Module(
        "eca",
        "conv.weight",
        lambda entries: {"kernel_size": entries["conv.weight"].shape[-1]},
    ),
)


def recognise_module(entries: Entries) -> Module | None:
    """The published module that has these entries, or None."""
    return next((module for module in MODULES if module.marker in entries), None)
