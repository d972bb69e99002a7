"""The published modules in plain NumPy float64: what the layers are tested against.

Shares no code with the package. Works on (N, C, *positions) and on weights under their
published names, and is written branch by branch, the way the papers write it.
"""

import itertools

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def positions(x):
    return tuple(range(2, x.ndim))


def per_channel(vector, x):
    """(N, C) to the shape of a map with one position."""
    return vector.reshape(vector.shape + (1,) * (x.ndim - 2))


class Module:
    """A published state dict, and the parts that read it."""

    def __init__(self, state):
        self.state = {name: np.asarray(value, np.float64) for name, value in state.items()}

    def dense(self, name, v):
        weight = self.state[f"{name}.weight"]
        return v @ weight.reshape(weight.shape[:2]).T + self.state.get(f"{name}.bias", 0.0)

    def two_layers(self, first, second, v):
        return self.dense(second, np.maximum(self.dense(first, v), 0))

    def mask_c(self, name, x):
        prefix = f"{name}.mlp" if name else "mlp"
        pools = x.mean(positions(x)), x.max(positions(x))
        logits = sum(self.two_layers(f"{prefix}.0", f"{prefix}.2", v) for v in pools)
        return per_channel(sigmoid(logits), x)

    def mask_g(self, name, x):
        prefix = f"{name}.mlp" if name else "mlp"
        logits = self.two_layers(f"{prefix}.0", f"{prefix}.2", x.mean(positions(x)))
        return per_channel(sigmoid(logits), x)

    def mask_s(self, name, x):
        kernel = self.state[f"{name}.conv.weight" if name else "conv.weight"][0]
        pooled = np.stack([x.mean(1), x.max(1)], axis=1)
        half = kernel.shape[-1] // 2
        padding = [(0, 0), (0, 0)] + [(half, half)] * (x.ndim - 2)
        padded = np.pad(pooled, padding)
        total = np.zeros((x.shape[0], *x.shape[2:]))
        for offset in itertools.product(*(range(k) for k in kernel.shape[1:])):
            window = tuple(slice(o, o + n) for o, n in zip(offset, x.shape[2:], strict=True))
            for plane in range(2):
                total += kernel[(plane, *offset)] * padded[(slice(None), plane, *window)]
        return sigmoid(total)[:, None]

    def ca(self, x, name="ca"):
        return self.mask_c(name, x) * x

    def sa(self, x, name="sa"):
        return self.mask_s(name, x) * x

    def weights(self, x, name="gate"):
        """Branch weights, branch first: (n, N, 1, ...)."""
        logits = self.two_layers(f"{name}.1", f"{name}.3", x.mean(positions(x)))
        return [per_channel(w[:, None], x) for w in softmax(logits).T]


def ca(m, x):
    return m.ca(x, "")


def sa(m, x):
    return m.sa(x, "")


def ga(m, x):
    return m.mask_g("", x) * x


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
    g = m.mask_g("ga", u)
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


#: Key -> function of a Module and a map.
ORACLES = {
    function.__name__: function
    for function in (
        *(ca, sa, ga, csa, sca, csca, scsa_topology, csa2, csafa, bicsa, bicsafa, gcsa2),
        *(tgpfa, rcsa, arcsa, grcsa, cmssa, mscsa, ccmssa),
    )
}


def output(key, state, x):
    """What the module `key` with this published state makes of x, (N, C, *positions)."""
    return ORACLES[key](Module(state), np.asarray(x, np.float64))
