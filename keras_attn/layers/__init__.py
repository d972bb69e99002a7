"""Every attention layer, by class."""

from keras_attn.layers import published, topologies
from keras_attn.layers.anchored_outputs import AnchoredOutputs  # noqa: F401 (registers it)
from keras_attn.layers.attention_gate import AttentionGate
from keras_attn.layers.base import AttentionLayer
from keras_attn.layers.blend import Blend
from keras_attn.layers.plain_bottleneck import PlainBottleneck  # noqa: F401 (registers it)
from keras_attn.layers.published import *  # noqa: F403
from keras_attn.layers.topologies import *  # noqa: F403

__all__ = ["AttentionGate", "AttentionLayer", "Blend", *published.__all__, *topologies.__all__]
