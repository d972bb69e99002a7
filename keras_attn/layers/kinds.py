"""Which layers of a model are attention of this package."""

from __future__ import annotations

from typing import Any, TypeAlias, TypeGuard

from keras_attn.layers.attention_gate import AttentionGate
from keras_attn.layers.base import AttentionLayer
from keras_attn.layers.blend import Blend

#: A layer of this package that is attention by itself.
Attention: TypeAlias = AttentionLayer | AttentionGate | Blend


def is_attention(layer: Any) -> TypeGuard[Attention]:
    """Whether a layer is attention: of one map, of a map and a gating map, or blended."""
    return isinstance(layer, (AttentionLayer, AttentionGate, Blend))
