"""The 18 topologies of arXiv:2601.07310, branch by branch as the paper writes them."""

import numpy as np

from . import gates
from .module import Module, per_channel, positions, sigmoid, softmax


class Topology(Module):
    """A module with a channel gate and a spatial gate, by their keys."""

    def __init__(self, state, training=False, channel="ca", spatial="sa"):
        super().__init__(state, training)
        self.channel = gates.GATES["channel"][channel]
        self.spatial = gates.GATES["spatial"][spatial]

    def ca(self, x, name="ca"):
        return x * self.channel(self.at(name), x)

    def sa(self, x, name="sa"):
        return x * self.spatial(self.at(name), x)


def ca(m, x):
    return m.ca(x, "")


def sa(m, x):
    return m.sa(x, "")


def csa(m, x):
    return m.sa(m.ca(x))


def sca(m, x):
    return m.ca(m.sa(x))


def csca(m, x):
    return m.ca(m.sa(m.ca(x, "ca1")), "ca2")


def scsa_topology(m, x):
    return m.sa(m.ca(m.sa(x, "sa1")), "sa2")


def csa2(m, x):
    return (m.ca(x) + m.sa(x)) / 2


def csafa(m, x):
    a = sigmoid(m.state["gamma"])
    return a * m.ca(x) + (1 - a) * m.sa(x)


def bicsa(m, x):
    return m.sa(m.ca(x)) + m.ca(m.sa(x))


def bicsafa(m, x):
    u = bicsa(m, x)
    g = gates.excitation(m.at("ga"), u)
    return g * u + (1 - g) * x


def gcsa2(m, x):
    l1 = m.two_layers("gate_c.1", "gate_c.3", x.mean(positions(x)))
    l2 = m.two_layers("gate_s.0", "gate_s.2", np.moveaxis(x, 1, -1)).mean(
        tuple(range(1, x.ndim - 1))
    )
    w1, w2 = (per_channel(w[:, None], x) for w in softmax(np.concatenate([l1, l2], axis=1)).T)
    return w1 * m.ca(x) + w2 * m.sa(x)


def tgpfa(m, x):
    w1, w2, w3 = m.weights(x)
    return w1 * x + w2 * m.ca(x) + w3 * m.sa(x)


def rcsa(m, x):
    return x + csa(m, x)


def arcsa(m, x):
    b = sigmoid(m.state["beta"])
    return (1 - b) * x + b * csa(m, x)


def grcsa(m, x):
    logit = m.two_layers("gate.1", "gate.3", x.mean(positions(x)))
    g = per_channel(sigmoid(logit), x)
    return (1 - g) * x + g * csa(m, x)


def cmssa(m, x):
    c = m.ca(x)
    return sum(
        w * m.sa(c, name) for w, name in zip(m.weights(c), ("sa_3", "sa_5", "sa_7"), strict=True)
    )


def mscsa(m, x):
    names = ("ca_4", "ca_8", "ca_16", "ca_32")
    return m.sa(sum(w * m.ca(x, n) for w, n in zip(m.weights(x), names, strict=True)))


def ccmssa(m, x):
    return m.sa(m.sa(m.sa(m.ca(x), "sa_coarse"), "sa_medium"), "sa_fine")


TOPOLOGIES = {
    function.__name__: function
    for function in (
        *(ca, sa, csa, sca, csca, scsa_topology, csa2, csafa, bicsa, bicsafa, gcsa2),
        *(tgpfa, rcsa, arcsa, grcsa, cmssa, mscsa, ccmssa),
    )
}
