"""The modules that people ask for by name, each with the default arguments of our layer."""

from torch import nn

from benchmarks.published_forms.channel_modules import ECA, FCA, GA, NAM, SE, SimAM
from benchmarks.published_forms.convolution_modules import (
    ABN,
    BAM,
    CBAM,
    ELA,
    GAM,
    SCSE,
    CoordinateAttention,
    TripletAttention,
)
from benchmarks.published_forms.grouped_modules import CPCA, EMA, SCSASynergistic, ShuffleAttention

MODULES: dict[str, type[nn.Module]] = {
    "ga": GA,
    "se": SE,
    "eca": ECA,
    "cbam": CBAM,
    "bam": BAM,
    "gam": GAM,
    "scsa_synergistic": SCSASynergistic,
    "triplet": TripletAttention,
    "abn": ABN,
    "coordinate": CoordinateAttention,
    "scse": SCSE,
    "simam": SimAM,
    "ema": EMA,
    "ela": ELA,
    "cpca": CPCA,
    "shuffle": ShuffleAttention,
    "fca": FCA,
    "nam": NAM,
}
