"""The modules people ask for by name, as their published code computes them.

Arguments beyond the map are those of the layers' configurations that change the formula.
"""

import math

import numpy as np

from .module import per_channel, positions, relu, sigmoid, softmax


def ga(m, x):
    return m.mask_g("", x) * x


def se(m, x):
    first, second = ("down", "up") if "down.weight" in m.state else ("fc.0", "fc.2")
    return x * per_channel(sigmoid(m.two_layers(first, second, x.mean(positions(x)))), x)


def eca(m, x):
    means = x.mean(positions(x))[:, None]
    return x * per_channel(sigmoid(m.conv("conv", means)[:, 0]), x)


def cbam(m, x):
    first, second = "ChannelGate.mlp.1", "ChannelGate.mlp.3"
    pools = x.mean(positions(x)), x.max(positions(x))
    u = x * per_channel(sigmoid(sum(m.two_layers(first, second, v) for v in pools)), x)
    pooled = np.stack([u.max(1), u.mean(1)], axis=1)
    logits = m.bn("SpatialGate.spatial.bn", m.conv("SpatialGate.spatial.conv", pooled))
    return u * sigmoid(logits)


def bam(m, x, fusion="product"):
    c, s = "channel_att.gate_c.gate_c", "spatial_att.gate_s.gate_s"
    hidden = m.dense(f"{c}_fc_0", x.mean((2, 3)))
    channel = per_channel(m.dense(f"{c}_fc_final", relu(m.bn(f"{c}_bn_1", hidden))), x)
    v = relu(m.bn(f"{s}_bn_reduce0", m.pointwise(f"{s}_conv_reduce0", x)))
    for index in range(2):
        v = m.conv(f"{s}_conv_di_{index}", v, dilation=4)
        v = relu(m.bn(f"{s}_bn_di_{index}", v))
    spatial = m.pointwise(f"{s}_conv_final", v)
    logits = channel * spatial if fusion == "product" else channel + spatial
    return x * (1 + sigmoid(logits))


def gam(m, x, groups=1, shuffle_groups=4, channel_activation=None):
    hidden = relu(m.pointwise("channel_attention.0", x))
    a = m.pointwise("channel_attention.2", hidden)
    u = x * (sigmoid(a) if channel_activation else a)
    t = m.conv("spatial_attention.0", u, groups=groups)
    t = relu(m.bn("spatial_attention.1", t))
    mask = m.conv("spatial_attention.3", t, groups=groups)
    mask = sigmoid(m.bn("spatial_attention.4", mask))
    if groups > 1:
        channels = x.shape[1]
        order = np.arange(channels).reshape(shuffle_groups, -1).T.ravel()
        mask = mask[:, order]
    return u * mask


def triplet(m, x):
    def gate(name, pooled_axis, rows, columns):
        pooled = np.stack([x.max(pooled_axis), x.mean(pooled_axis)], axis=1)
        # The axes that are left, in the order of x; brought to (rows, columns) and back.
        left = [axis for axis in (1, 2, 3) if axis != pooled_axis]
        swapped = left != [rows, columns]
        if swapped:
            pooled = pooled.swapaxes(2, 3)
        mask = sigmoid(m.bn(f"{name}.conv.bn", m.conv(f"{name}.conv.conv", pooled)))[:, 0]
        return np.expand_dims(mask.swapaxes(1, 2) if swapped else mask, pooled_axis)

    masks = gate("cw", 2, 1, 3), gate("hc", 3, 2, 1), gate("hw", 1, 2, 3)
    return x * sum(masks) / 3


def abn(m, x):
    u = relu(m.bn("bn_att2", m.pointwise("att_conv", m.bn("bn_att", x))))
    mask = sigmoid(m.bn("bn_att3", m.conv("att_conv3", u)))
    logits = m.pointwise("att_conv2", u).mean((2, 3))
    return x * mask + x, logits


def scse(m, x):
    channel = sigmoid(m.two_layers("cSE.fc1", "cSE.fc2", x.mean(positions(x))))
    spatial = sigmoid(m.pointwise("sSE.conv", x))
    return np.maximum(x * per_channel(channel, x), x * spatial)


def simam(m, x):
    squares = (x - x.mean(positions(x), keepdims=True)) ** 2
    others = math.prod(x.shape[2:]) - 1
    variance = squares.sum(positions(x), keepdims=True) / others
    return x * sigmoid(squares / (4 * (variance + 1e-4)) + 0.5)


PUBLISHED = {
    function.__name__: function
    for function in (ga, se, eca, cbam, bam, gam, triplet, abn, scse, simam)
}
