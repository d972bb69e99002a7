"""The modules people ask for by name, as their published code computes them.

Arguments beyond the map are those of the layers' configurations that change the formula.
"""

import math

import numpy as np

from . import gates
from .module import per_channel, positions, relu, sigmoid, softmax


def ga(m, x):
    return x * gates.excitation(m, x)


def se(m, x):
    first, second = ("down", "up") if "down.weight" in m.state else ("fc.0", "fc.2")
    return x * per_channel(sigmoid(m.two_layers(first, second, x.mean(positions(x)))), x)


def eca(m, x):
    return x * gates.eca(m, x)


def cbam(m, x, pools=("mean", "max"), spatial=True):
    first, second = "ChannelGate.mlp.1", "ChannelGate.mlp.3"
    vectors = [getattr(x, pool)(positions(x)) for pool in pools]
    u = x * per_channel(sigmoid(sum(m.two_layers(first, second, v) for v in vectors)), x)
    if not spatial:
        return u
    ordered = [pool for pool in ("max", "mean") if pool in pools]
    return u * gates.cbam(m.at("SpatialGate.spatial"), u, ordered)


def bam(m, x, fusion="product"):
    channel = gates.bam_channel_logits(m.at("channel_att"), x)
    spatial = gates.bam_spatial_logits(m.at("spatial_att"), x)
    logits = channel * spatial if fusion == "product" else channel + spatial
    return x * (1 + sigmoid(logits))


def gam(
    m,
    x,
    groups=1,
    shuffle_groups=4,
    channel_activation=None,
    channel=True,
    spatial=True,
    pool_size=None,
):
    u = x
    if channel:
        a = gates.gam_channel(m.at("channel_attention"), x)
        u = x * (sigmoid(a) if channel_activation else a)
    return u * (
        gates.gam_spatial(m.at("spatial_attention"), u, groups, shuffle_groups, pool_size)
        if spatial
        else 1
    )


def triplet(m, x, spatial=True):
    def gate(name, pooled_axis, rows, columns):
        pooled = np.stack([x.max(pooled_axis), x.mean(pooled_axis)], axis=1)
        # The axes that are left, in the order of x; brought to (rows, columns) and back.
        left = [axis for axis in (1, 2, 3) if axis != pooled_axis]
        swapped = left != [rows, columns]
        if swapped:
            pooled = pooled.swapaxes(2, 3)
        mask = sigmoid(m.bn(f"{name}.conv.bn", m.conv(f"{name}.conv.conv", pooled)))[:, 0]
        return np.expand_dims(mask.swapaxes(1, 2) if swapped else mask, pooled_axis)

    masks = [gate("cw", 2, 1, 3), gate("hc", 3, 2, 1)]
    if spatial:
        masks.append(gate("hw", 1, 2, 3))
    return x * sum(masks) / len(masks)


def abn(m, x):
    u = relu(m.bn("bn_att2", m.pointwise("att_conv", m.bn("bn_att", x))))
    mask = sigmoid(m.bn("bn_att3", m.conv("att_conv3", u)))
    logits = m.pointwise("att_conv2", u).mean((2, 3))
    return x * mask + x, logits


def scse(m, x, fusion="max"):
    channel = sigmoid(m.two_layers("cSE.fc1", "cSE.fc2", x.mean(positions(x))))
    recalibrated = x * per_channel(channel, x), x * gates.scse(m.at("sSE"), x)
    return np.maximum(*recalibrated) if fusion == "max" else sum(recalibrated)


def simam(m, x, regularization=1e-4):
    return x * gates.simam(m, x, regularization)


def cpca(m, x):
    def gelu(v):
        return v * (1 + np.vectorize(math.erf)(v / math.sqrt(2))) / 2

    def depthwise(name, v):
        return m.conv(f"dconv{name}", v, groups=v.shape[1])

    z = gelu(m.pointwise("conv", x))
    channel = sum(
        sigmoid(m.two_layers("ca.fc1", "ca.fc2", v)) for v in (z.mean((2, 3)), z.max((2, 3)))
    )
    u = z * per_channel(channel, z)
    d = depthwise("5_5", u)
    scales = [depthwise(f"{k}_1", depthwise(f"1_{k}", d)) for k in (7, 11, 21)]
    return m.pointwise("conv", m.pointwise("conv", d + sum(scales)) * u)


def shuffle(m, x, groups):
    half = x.shape[1] // (2 * groups)
    mapped = []
    for group in np.split(x, groups, axis=1):
        first, second = group[:, :half], group[:, half:]
        w1, b1, w2, b2 = (
            per_channel(m.state[name].ravel(), x)
            for name in ("cweight", "cbias", "sweight", "sbias")
        )
        mapped.append(first * sigmoid(w1 * first.mean(positions(x), keepdims=True) + b1))
        mapped.append(second * sigmoid(w2 * m.gn("gn", second, groups=half) + b2))
    joined = np.concatenate(mapped, axis=1)
    shuffled = np.empty_like(joined)
    shuffled[:, 0::2], shuffled[:, 1::2] = np.split(joined, 2, axis=1)
    return shuffled


def fca(m, x):
    return x * gates.fca(m, x)


def nam(m, x):
    return x * gates.nam(m.at("Channel_Att"), x)


def coordinate(m, x):
    return x * gates.coordinate(m, x)


def ela(m, x, groups=16):
    return x * gates.ela(m, x, groups)


def scsa_synergistic(
    m, x, num_heads=1, window_size=7, downsample="mean", gate_activation="sigmoid"
):
    samples, channels, *sizes = x.shape
    names = ("local_dwc", "global_dwc_s", "global_dwc_m", "global_dwc_l")

    def activation(logits, axis):
        return softmax(logits, axis) if gate_activation == "softmax" else sigmoid(logits)

    def direction(strip, norm):
        quarters = np.split(strip, 4, axis=1)
        filtered = [
            m.conv(name, quarter, groups=channels // 4)
            for name, quarter in zip(names, quarters, strict=True)
        ]
        return activation(m.gn(norm, np.concatenate(filtered, axis=1), 4), axis=2)

    rows, columns = gates.strip_means(x)
    height, width = direction(rows, "norm_h"), direction(columns, "norm_w")
    u = x * height[..., None] * width[:, :, None]
    window = [window_size or size for size in sizes]
    number = [size // side for size, side in zip(sizes, window, strict=True)]
    whole = u[:, :, : number[0] * window[0], : number[1] * window[1]]
    tiles = whole.reshape(samples, channels, number[0], window[0], number[1], window[1])
    pooled = m.gn("norm", getattr(tiles, downsample)((3, 5)), 1)
    query, key, value = (
        m.conv(name, pooled, groups=channels).reshape(samples, num_heads, channels // num_heads, -1)
        for name in "qkv"
    )
    attention = softmax(m.product(query, key.swapaxes(2, 3)) / math.sqrt(query.shape[2]), axis=3)
    logits = m.product(attention, value).mean(3).reshape(samples, channels, 1, 1)
    return u * activation(logits, axis=1)


def ema(m, x, groups=32):
    def mask(part):
        samples, channels, rows, columns = part.shape
        joint = sigmoid(m.pointwise("conv1x1", np.concatenate(gates.strip_means(part), axis=2)))
        gated = part * joint[:, :, :rows, None] * joint[:, :, None, rows:]
        x1, x2 = m.gn("gn", gated, channels), m.conv("conv3x3", part)
        logits = sum(
            m.product(softmax(a.mean((2, 3)))[:, None], b.reshape(samples, channels, -1))
            for a, b in ((x1, x2), (x2, x1))
        )
        return sigmoid(logits).reshape(samples, 1, rows, columns)

    return np.concatenate([part * mask(part) for part in np.split(x, groups, axis=1)], axis=1)


PUBLISHED = {
    function.__name__: function
    for function in (
        *(ga, se, eca, cbam, bam, gam, triplet, abn, scse, simam),
        *(cpca, shuffle, fca, nam),
        *(coordinate, ela, scsa_synergistic, ema),
    )
}
