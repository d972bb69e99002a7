"""A published state dict, and the operations that read it."""

import itertools
import math

import numpy as np


def sigmoid(z):
    return (1 + np.tanh(z / 2)) / 2


def relu(z):
    return np.maximum(z, 0)


def softmax(z, axis=1):
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def positions(x):
    return tuple(range(2, x.ndim))


def per_channel(vector, x):
    """(N, C) or (C,) to the shape of a map with one position."""
    return vector.reshape(vector.shape + (1,) * (x.ndim - 2))


class Module:
    """Weights under their published names; `macs` counts products for one sample."""

    def __init__(self, state, training=False):
        self.state = {name: np.asarray(value, np.float64) for name, value in state.items()}
        self.training = training
        self.macs = 0
        self.moments = {}

    def at(self, name):
        """The part whose names begin so; what it counts and what it finds go to the whole."""
        return Part(self, f"{name}." if name else "")

    def dense(self, name, v):
        """A dense layer on the last axis; published as linear layer or 1x1 convolution."""
        weight = self.state[f"{name}.weight"]
        self.macs += weight.size * v[0, ..., 0].size
        return v @ weight.reshape(weight.shape[:2]).T + self.state.get(f"{name}.bias", 0.0)

    def pointwise(self, name, x):
        """The same on the channels of a map."""
        return np.moveaxis(self.dense(name, np.moveaxis(x, 1, -1)), -1, 1)

    def two_layers(self, first, second, v):
        return self.dense(second, relu(self.dense(first, v)))

    def conv(self, name, x, dilation=1, groups=1):
        """A convolution that keeps the size: zero-padded, cross-correlation, any axes."""
        weight = self.state[f"{name}.weight"]
        filters, _, *kernel = weight.shape
        self.macs += weight.size * math.prod(x.shape[2:])
        margins = [dilation * (k // 2) for k in kernel]
        padded = np.pad(x, [(0, 0), (0, 0), *((m, m) for m in margins)])
        parts = padded.reshape(len(x), groups, -1, *padded.shape[2:])
        kernels = weight.reshape(groups, filters // groups, *weight.shape[1:])
        total = np.zeros((len(x), groups, filters // groups, *x.shape[2:]))
        for offset in itertools.product(*map(range, kernel)):
            window = tuple(
                slice(dilation * o, dilation * o + n)
                for o, n in zip(offset, x.shape[2:], strict=True)
            )
            total += np.einsum(
                "goc,ngc...->ngo...", kernels[(..., *offset)], parts[(slice(None),) * 3 + window]
            )
        total = total.reshape(len(x), filters, *x.shape[2:])
        bias = self.state.get(f"{name}.bias")
        return total if bias is None else total + per_channel(bias, x)

    def bn(self, name, x):
        """Batch normalisation: running moments, or in training those of the batch."""
        axes = (0, *positions(x))
        mean, variance = self.state[f"{name}.running_mean"], self.state[f"{name}.running_var"]
        if self.training:
            mean, variance = x.mean(axes), x.var(axes)
            self.moments[name] = mean, variance
        scale = self.state[f"{name}.weight"] / np.sqrt(variance + 1e-5)
        return per_channel(scale, x) * (x - per_channel(mean, x)) + per_channel(
            self.state[f"{name}.bias"], x
        )

    def gn(self, name, x, groups):
        """Group normalisation over contiguous channels."""
        parts = x.reshape(len(x), groups, -1)
        centred = parts - parts.mean(2, keepdims=True)
        unit = (centred / np.sqrt(parts.var(2, keepdims=True) + 1e-5)).reshape(x.shape)
        weight, bias = self.state[f"{name}.weight"], self.state[f"{name}.bias"]
        return per_channel(weight, x) * unit + per_channel(bias, x)

    def product(self, a, b):
        """A matrix product of two maps of a sample."""
        self.macs += math.prod(a.shape[1:]) * b.shape[-1]
        return a @ b

    def weights(self, x, name="gate"):
        """Branch weights, branch first: (n, N, 1, ...)."""
        logits = self.two_layers(f"{name}.1", f"{name}.3", x.mean(positions(x)))
        return [per_channel(w[:, None], x) for w in softmax(logits).T]


class Part(Module):
    """A part of a module, under the names that it has by itself."""

    def __init__(self, whole, prefix):
        self.whole, self.prefix, self.training = whole, prefix, whole.training
        self.state = {
            name.removeprefix(prefix): value
            for name, value in whole.state.items()
            if name.startswith(prefix)
        }
        self.moments = Prefixed(whole.moments, prefix)

    @property
    def macs(self):
        return self.whole.macs

    @macs.setter
    def macs(self, value):
        self.whole.macs = value


class Prefixed:
    """A dictionary of the whole, which a part writes to under its own names."""

    def __init__(self, whole, prefix):
        self.whole, self.prefix = whole, prefix

    def __setitem__(self, name, value):
        self.whole[self.prefix + name] = value
