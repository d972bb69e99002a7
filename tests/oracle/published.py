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


def cbam(m, x, pools=("mean", "max"), spatial=True):
    first, second = "ChannelGate.mlp.1", "ChannelGate.mlp.3"
    vectors = [getattr(x, pool)(positions(x)) for pool in pools]
    u = x * per_channel(sigmoid(sum(m.two_layers(first, second, v) for v in vectors)), x)
    if not spatial:
        return u
    pooled = np.stack([getattr(u, pool)(1) for pool in ("max", "mean") if pool in pools], axis=1)
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
        hidden = relu(m.pointwise("channel_attention.0", x))
        a = m.pointwise("channel_attention.2", hidden)
        u = x * (sigmoid(a) if channel_activation else a)
    if not spatial:
        return u
    t = u
    if pool_size:
        half = pool_size // 2
        margins = [(0, 0), (0, 0), (half, half), (half, half)]
        padded = np.pad(u, margins, constant_values=-np.inf)
        windows = np.lib.stride_tricks.sliding_window_view(padded, (pool_size, pool_size), (2, 3))
        t = windows.max((-2, -1))
    t = m.conv("spatial_attention.0", t, groups=groups)
    t = relu(m.bn("spatial_attention.1", t))
    mask = m.conv("spatial_attention.3", t, groups=groups)
    mask = sigmoid(m.bn("spatial_attention.4", mask))
    if groups > 1:
        channels = x.shape[1]
        order = np.arange(channels).reshape(shuffle_groups, -1).T.ravel()
        mask = mask[:, order]
    return u * mask


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
    spatial = sigmoid(m.pointwise("sSE.conv", x))
    recalibrated = x * per_channel(channel, x), x * spatial
    return np.maximum(*recalibrated) if fusion == "max" else sum(recalibrated)


def simam(m, x, regularization=1e-4):
    squares = (x - x.mean(positions(x), keepdims=True)) ** 2
    others = math.prod(x.shape[2:]) - 1
    variance = squares.sum(positions(x), keepdims=True) / others
    return x * sigmoid(squares / (4 * (variance + regularization)) + 0.5)


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
    basis = m.state["dct_layer.weight"]
    (height, width), (rows, columns) = x.shape[2:], basis.shape[1:]
    z = np.zeros(x.shape[:2])
    for i, j in np.ndindex(rows, columns):
        window = x[
            :,
            :,
            math.floor(i * height / rows) : math.ceil((i + 1) * height / rows),
            math.floor(j * width / columns) : math.ceil((j + 1) * width / columns),
        ]
        z += window.mean((2, 3)) * basis[:, i, j]
    m.macs += basis.size
    return x * per_channel(sigmoid(m.two_layers("fc.0", "fc.2", z)), x)


def nam(m, x):
    scale = np.abs(m.state["Channel_Att.bn2.weight"])
    return x * sigmoid(per_channel(scale / scale.sum(), x) * m.bn("Channel_Att.bn2", x))


def strip_means(x):
    """(N, C, H) and (N, C, W)."""
    return x.mean(3), x.mean(2)


def coordinate(m, x):
    rows = x.shape[2]
    joint = m.bn("bn1", m.pointwise("conv1", np.concatenate(strip_means(x), axis=2)))
    joint = joint * np.clip(joint + 3, 0, 6) / 6
    height = sigmoid(m.pointwise("conv_h", joint[:, :, :rows]))
    width = sigmoid(m.pointwise("conv_w", joint[:, :, rows:]))
    return x * width[:, :, None] * height[..., None]


def ela(m, x, groups=16):
    height, width = (
        sigmoid(m.gn("gn", m.conv("conv", strip, groups=x.shape[1]), groups))
        for strip in strip_means(x)
    )
    return x * height[..., None] * width[:, :, None]


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

    rows, columns = strip_means(x)
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
        joint = sigmoid(m.pointwise("conv1x1", np.concatenate(strip_means(part), axis=2)))
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
