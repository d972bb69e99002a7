"""The 18 topologies of arXiv:2601.07310, by family."""

from keras_attn.layers.topologies.basic import CA, SA
from keras_attn.layers.topologies.bidirectional import BiCSA, BiCSAFA
from keras_attn.layers.topologies.multiscale import CCMSSA, CMSSA, MSCSA
from keras_attn.layers.topologies.parallel import CSA2, CSAFA, GCSA2, TGPFA
from keras_attn.layers.topologies.residual import ARCSA, GRCSA, RCSA
from keras_attn.layers.topologies.sequential import CSA, CSCA, SCA, SCSATopology

__all__ = [
    "ARCSA",
    "CA",
    "CCMSSA",
    "CMSSA",
    "CSA",
    "CSA2",
    "CSAFA",
    "CSCA",
    "GCSA2",
    "GRCSA",
    "MSCSA",
    "RCSA",
    "SA",
    "SCA",
    "TGPFA",
    "BiCSA",
    "BiCSAFA",
    "SCSATopology",
]
