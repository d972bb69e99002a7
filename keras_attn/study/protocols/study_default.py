"""`default`: how a study trains unless it is told otherwise.

    keras-attn compare digits --protocol default

AdamW at 3e-3 with weight decay 5e-4 and cosine decay, 10 epochs, without augmentation. It suits
short comparisons of small networks from random weights.

Source: `keras_attn.Training`, whose documentation has the measurements.
"""

from __future__ import annotations

from keras_attn.study.protocols.protocol import Protocol
from keras_attn.study.training import Training

DEFAULT = Protocol(name="default", training=Training(), source="keras_attn.Training")
