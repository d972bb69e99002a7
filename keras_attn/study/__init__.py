"""Training topologies side by side, and reporting what came of it."""

from keras_attn.study.comparison import Comparison
from keras_attn.study.run import compare

__all__ = ["Comparison", "compare"]
