"""Published modules, one file per module."""

from keras_attn.layers.published.abn import ABN
from keras_attn.layers.published.bam import BAM
from keras_attn.layers.published.cbam import CBAM
from keras_attn.layers.published.coordinate import CoordinateAttention
from keras_attn.layers.published.cpca import CPCA
from keras_attn.layers.published.eca import ECA
from keras_attn.layers.published.ela import ELA
from keras_attn.layers.published.ema import EMA
from keras_attn.layers.published.fca import FCA
from keras_attn.layers.published.ga import GA
from keras_attn.layers.published.gam import GAM
from keras_attn.layers.published.nam import NAM
from keras_attn.layers.published.scsa import SCSASynergistic
from keras_attn.layers.published.scse import SCSE
from keras_attn.layers.published.se import SE
from keras_attn.layers.published.shuffle import ShuffleAttention
from keras_attn.layers.published.simam import SimAM
from keras_attn.layers.published.triplet import TripletAttention

__all__ = [
    "ABN",
    "BAM",
    "CBAM",
    "CPCA",
    "ECA",
    "ELA",
    "EMA",
    "FCA",
    "GA",
    "GAM",
    "NAM",
    "SCSE",
    "SE",
    "CoordinateAttention",
    "SCSASynergistic",
    "ShuffleAttention",
    "SimAM",
    "TripletAttention",
]
