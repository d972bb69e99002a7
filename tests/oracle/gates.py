"""Every gate by itself: what it multiplies a map by, under the names that its weights have."""

import math

import numpy as np

from .module import per_channel, positions, relu, sigmoid


def excitation(m, x, pools=("mean",)):
    vectors = [getattr(x, pool)(positions(x)) for pool in pools]
    return per_channel(sigmoid(sum(m.two_layers("mlp.0", "mlp.2", v) for v in vectors)), x)


def ca(m, x):
    return excitation(m, x, ("mean", "max"))


def eca(m, x):
    means = x.mean(positions(x))[:, None]
    return per_channel(sigmoid(m.conv("conv", means)[:, 0]), x)


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
    return per_channel(sigmoid(m.two_layers("fc.0", "fc.2", z)), x)


def nam(m, x):
    scale = np.abs(m.state["bn2.weight"])
    return sigmoid(per_channel(scale / scale.sum(), x) * m.bn("bn2", x))


def bam_channel_logits(m, x):
    hidden = m.bn("gate_c.gate_c_bn_1", m.dense("gate_c.gate_c_fc_0", x.mean((2, 3))))
    return per_channel(m.dense("gate_c.gate_c_fc_final", relu(hidden)), x)


def bam_channel(m, x):
    return sigmoid(bam_channel_logits(m, x))


def gam_channel(m, x):
    return m.pointwise("2", relu(m.pointwise("0", x)))


def sa(m, x):
    return sigmoid(m.conv("conv", np.stack([x.mean(1), x.max(1)], axis=1)))


def cbam(m, x, pools=("max", "mean")):
    pooled = np.stack([getattr(x, pool)(1) for pool in pools], axis=1)
    return sigmoid(m.bn("bn", m.conv("conv", pooled)))


def bam_spatial_logits(m, x):
    v = relu(m.bn("gate_s.gate_s_bn_reduce0", m.pointwise("gate_s.gate_s_conv_reduce0", x)))
    for index in range(2):
        v = m.conv(f"gate_s.gate_s_conv_di_{index}", v, dilation=4)
        v = relu(m.bn(f"gate_s.gate_s_bn_di_{index}", v))
    return m.pointwise("gate_s.gate_s_conv_final", v)


def bam_spatial(m, x):
    return sigmoid(bam_spatial_logits(m, x))


def scse(m, x):
    return sigmoid(m.pointwise("conv", x))


def strip_means(x):
    """(N, C, H) and (N, C, W)."""
    return x.mean(3), x.mean(2)


def coordinate(m, x):
    rows = x.shape[2]
    joint = m.bn("bn1", m.pointwise("conv1", np.concatenate(strip_means(x), axis=2)))
    joint = joint * np.clip(joint + 3, 0, 6) / 6
    height = sigmoid(m.pointwise("conv_h", joint[:, :, :rows]))
    width = sigmoid(m.pointwise("conv_w", joint[:, :, rows:]))
    return width[:, :, None] * height[..., None]


def ela(m, x, groups=16):
    height, width = (
        sigmoid(m.gn("gn", m.conv("conv", strip, groups=x.shape[1]), groups))
        for strip in strip_means(x)
    )
    return height[..., None] * width[:, :, None]


def gam_spatial(m, x, groups=1, shuffle_groups=4, pool_size=None):
    t = x
    if pool_size:
        half = pool_size // 2
        margins = [(0, 0), (0, 0), (half, half), (half, half)]
        padded = np.pad(x, margins, constant_values=-np.inf)
        windows = np.lib.stride_tricks.sliding_window_view(padded, (pool_size, pool_size), (2, 3))
        t = windows.max((-2, -1))
    t = relu(m.bn("1", m.conv("0", t, groups=groups)))
    mask = sigmoid(m.bn("4", m.conv("3", t, groups=groups)))
    if groups > 1:
        order = np.arange(x.shape[1]).reshape(shuffle_groups, -1).T.ravel()
        mask = mask[:, order]
    return mask


def simam(m, x, regularization=1e-4):
    squares = (x - x.mean(positions(x), keepdims=True)) ** 2
    others = math.prod(x.shape[2:]) - 1
    variance = squares.sum(positions(x), keepdims=True) / others
    return sigmoid(squares / (4 * (variance + regularization)) + 0.5)


#: Kind -> key -> function of a module that is the gate alone, and a map.
GATES = {
    "channel": {
        **{"ca": ca, "ga": excitation, "se": excitation, "eca": eca, "fca": fca, "nam": nam},
        **{"bam": bam_channel, "gam": gam_channel},
    },
    "spatial": {
        **{"sa": sa, "cbam": cbam, "bam": bam_spatial, "scse": scse, "coordinate": coordinate},
        **{"ela": ela, "gam": gam_spatial, "simam": simam},
    },
}
