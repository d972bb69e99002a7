"""wip."""
from keras_attn.layers.topologies.sequential import CSA


def create(key, **config):
    return CSA(**config)
