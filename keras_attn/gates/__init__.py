"""Gates: layers that read a feature map and return numbers that broadcast against it."""

from keras_attn.gates.blend import BlendGate
from keras_attn.gates.channel import ChannelGate
from keras_attn.gates.gate import Gate
from keras_attn.gates.lookup import describe_gate, list_gates
from keras_attn.gates.mixing import GlobalLocalMixingGate, MixingGate
from keras_attn.gates.spatial import NormalizedSpatialGate, SpatialGate

__all__ = [
    "BlendGate",
    "ChannelGate",
    "Gate",
    "GlobalLocalMixingGate",
    "MixingGate",
    "NormalizedSpatialGate",
    "SpatialGate",
    "describe_gate",
    "list_gates",
]
