"""The published modules in plain NumPy float64: what the layers are tested against.

Shares no code with the package. Works on (N, C, *positions) and on weights under their
published names, and is written branch by branch, the way the papers write it. Every product of a
weight that a convolution, a dense layer or a matrix product makes is counted.
"""

import inspect

import numpy as np

from .module import Module
from .published import PUBLISHED
from .topologies import TOPOLOGIES, Topology

#: Key -> function of a Module and a map, and of those arguments that change the formula.
ORACLES = {**TOPOLOGIES, **PUBLISHED}


def run(key, state, x, training=False, **config):
    """The module with this state, and what it makes of x, (N, C, *positions)."""
    function = ORACLES[key]
    if key in TOPOLOGIES:
        kinds = {kind: config[kind] for kind in ("channel", "spatial") if kind in config}
        module = Topology(state, training, **kinds)
    else:
        module = Module(state, training)
    arguments = inspect.signature(function).parameters
    known = {name: value for name, value in config.items() if name in arguments}
    return module, function(module, np.asarray(x, np.float64), **known)


def output(key, state, x, **config):
    """What the module `key` with this published state makes of x, in inference."""
    return run(key, state, x, **config)[1]
