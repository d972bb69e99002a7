"""Every layer of the catalogue as people write it in PyTorch: what the layers are timed against.

Written from the published formulas, in channels_first, branch by branch: a re-weighted map is
computed where a formula has one, and every sum of maps is a sum of maps. Submodules are named as
in the published code, so that a module takes `keras_attn.torch_state_dict(layer)`:

    module.load_state_dict({name: torch.from_numpy(array) for name, array in state.items()})
"""

from __future__ import annotations

from typing import Any

from torch import nn

from benchmarks.published_forms.modules import MODULES
from benchmarks.published_forms.topologies import TOPOLOGIES


def published_form(key: str, channels: int, **config: Any) -> nn.Module:
    """A new module.

    Args:
        key: One of `keras_attn.list_layers()`.
        channels: Channels of the maps it will get.
        **config: Arguments of the module, under the names that our layer has for them.
    """
    return {**TOPOLOGIES, **MODULES}[key](channels, **config)
