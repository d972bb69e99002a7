"""The rows of the modules that people ask for by name."""

from __future__ import annotations

from collections.abc import Callable

from keras_attn import layers
from keras_attn.catalogue.entry import Entry
from keras_attn.catalogue.topologies import STUDY
from keras_attn.gates import describe_gate
from keras_attn.gates.count import Count
from keras_attn.gates.table import PLANAR, READS_ALL, STRIPS, TAKEN_OUT


def _cbam(n: Count) -> int:
    return n.excitation() + n.config["spatial"] * spatial_gate("cbam")(n)


def _bam(n: Count) -> int:
    return channel_gate("bam")(n) + spatial_gate("bam")(n)


def _gam(n: Count) -> int:
    channel, spatial = channel_gate("gam"), spatial_gate("gam")
    return n.config["channel"] * channel(n) + n.config["spatial"] * spatial(n)


def _scsa(n: Count) -> int:
    kernels = sum(n.share(4) * (size + 1) for size in n.config["kernel_sizes"])
    return kernels + 6 * n.channels + 3 * n.channels * (1 + n.config["qkv_bias"])


def _abn(n: Count) -> int:
    f, k = n.channels, n.config["num_classes"]
    return 2 * f + f * k + k**2 + 11 * k + 2


def channel_gate(key: str) -> Callable[[Count], int]:
    """The parameter formula of a channel gate."""
    return describe_gate(key, "channel").count


def spatial_gate(key: str) -> Callable[[Count], int]:
    """The parameter formula of a spatial gate."""
    return describe_gate(key, "spatial").count


PUBLISHED = (
    Entry(
        key="ga",
        layer_class=layers.GA,
        family="published",
        title="GA",
        formula="y = x · g(x)",
        source=STUDY,
        count=channel_gate("ga"),
    ),
    Entry(
        key="se",
        layer_class=layers.SE,
        family="published",
        title="SE",
        formula="y = x · σ(D₂ relu(D₁ mean x))",
        source="arXiv:1709.01507",
        count=channel_gate("se"),
        placement="blocks",
    ),
    Entry(
        key="eca",
        layer_class=layers.ECA,
        family="published",
        title="ECA",
        formula="y = x · σ(k * mean x)",
        source="arXiv:1910.03151",
        count=channel_gate("eca"),
        placement="blocks",
    ),
    Entry(
        key="cbam",
        layer_class=layers.CBAM,
        family="published",
        title="CBAM",
        formula="y = u · σ(BN(K [max u; mean u])),   u = x · c(x)",
        source="arXiv:1807.06521",
        count=_cbam,
        placement="blocks",
    ),
    Entry(
        key="bam",
        layer_class=layers.BAM,
        family="published",
        title="BAM",
        formula="y = x · (1 + σ(c(x) · s(x)))",
        source="arXiv:1807.06514",
        count=_bam,
        limits={"spatial_axes": PLANAR, "mask": READS_ALL, "every_bias_learns": TAKEN_OUT},
        placement="transitions",
    ),
    Entry(
        key="gam",
        layer_class=layers.GAM,
        family="published",
        title="GAM",
        formula="y = u · σ(BN(K₂ relu(BN(K₁ u)))),   u = x · D₂ relu(D₁ x)",
        source="arXiv:2112.05561",
        count=_gam,
        limits={"spatial_axes": PLANAR, "mask": READS_ALL, "every_bias_learns": TAKEN_OUT},
        placement="blocks",
    ),
    Entry(
        key="scsa_synergistic",
        layer_class=layers.SCSASynergistic,
        family="published",
        title="SCSA",
        formula="y = u · σ(mean(A V)),   u = x · h(x) · w(x),   A = softmax(Q Kᵀ / √d)",
        source="arXiv:2407.05128",
        count=_scsa,
        limits={"spatial_axes": STRIPS, "mask": READS_ALL},
        sample={"window_size": 3},
        placement="activations",
    ),
    Entry(
        key="triplet",
        layer_class=layers.TripletAttention,
        family="published",
        title="Triplet attention",
        formula="y = x · (s_H(x) + s_W(x) + s_C(x)) / 3",
        source="arXiv:2010.03045",
        count=lambda n: (2 + n.config["spatial"]) * (2 * n.config["kernel_size"] ** 2 + 2),
        limits={
            "spatial_axes": "its three branches are those of height, width and channels",
            "mask": READS_ALL,
        },
        placement="blocks",
    ),
    Entry(
        key="abn",
        layer_class=layers.ABN,
        family="published",
        title="ABN",
        formula="y = x · (1 + σ(BN(K relu(BN(D₁ BN(f))))))",
        source="arXiv:1812.10025",
        count=_abn,
        limits={
            "spatial_axes": PLANAR,
            "mask": READS_ALL,
            "single_output": "it returns its branch's logits too, which have a loss of their own",
        },
        sample={"num_classes": 10},
    ),
    Entry(
        key="coordinate",
        layer_class=layers.CoordinateAttention,
        family="published",
        title="Coordinate attention",
        formula="y = x · h(x) · w(x)",
        source="arXiv:2103.02907",
        count=spatial_gate("coordinate"),
        limits={"spatial_axes": STRIPS, "mask": READS_ALL, "every_bias_learns": TAKEN_OUT},
        placement="activations",
    ),
    Entry(
        key="scse",
        layer_class=layers.SCSE,
        family="published",
        title="scSE",
        formula="y = max(x · c(x), x · s(x))",
        source="arXiv:1803.02579",
        count=lambda n: n.excitation() + spatial_gate("scse")(n),
        limits={"gain": "which of its two products is the larger depends on the sign of x"},
        placement="stages",
    ),
    Entry(
        key="simam",
        layer_class=layers.SimAM,
        family="published",
        title="SimAM",
        formula="y = x · σ(d / (4 (Σ d / (n - 1) + λ)) + ½),   d = (x - mean x)²",
        source="ICML 2021, PMLR 139",
        count=spatial_gate("simam"),
        placement="convolutions",
    ),
    Entry(
        key="ema",
        layer_class=layers.EMA,
        family="published",
        title="EMA",
        formula="y = x · σ(softmax(mean x₁) · x₂ + softmax(mean x₂) · x₁)",
        source="arXiv:2305.13563",
        count=lambda n: 10 * n.share(n.config["groups"]) ** 2 + 4 * n.share(n.config["groups"]),
        limits={"spatial_axes": STRIPS, "mask": READS_ALL},
        sample={"groups": 8},
    ),
    Entry(
        key="ela",
        layer_class=layers.ELA,
        family="published",
        title="ELA",
        formula="y = x · h(x) · w(x)",
        source="arXiv:2403.01123",
        count=spatial_gate("ela"),
        limits={"spatial_axes": STRIPS, "mask": READS_ALL},
    ),
    Entry(
        key="cpca",
        layer_class=layers.CPCA,
        family="published",
        title="CPCA",
        formula="y = L(L S(u) · u),   u = z · c(z),   z = gelu(L x)",
        source="arXiv:2306.05196",
        count=lambda n: n.channels**2 + n.excitation() + 111 * n.channels,
        limits={
            "spatial_axes": PLANAR,
            "mask": READS_ALL,
            "gain": "it mixes the channels of x by a dense layer before and after its gates",
        },
    ),
    Entry(
        key="shuffle",
        layer_class=layers.ShuffleAttention,
        family="published",
        title="Shuffle attention",
        formula="y = shuffle([x₁ · c(x₁); x₂ · s(x₂)])",
        source="arXiv:2102.00240",
        count=lambda n: 6 * n.share(2 * n.config["groups"]),
        limits={"gain": "it shuffles the channels after the multiplication"},
        sample={"groups": 4},
        placement="blocks",
    ),
    Entry(
        key="fca",
        layer_class=layers.FCA,
        family="published",
        title="FCA",
        formula="y = x · σ(D₂ relu(D₁ Σ x B))",
        source="arXiv:2012.11879",
        count=channel_gate("fca"),
        limits={
            "spatial_axes": "its basis is that of a two-dimensional cosine transform",
            "mask": READS_ALL,
        },
        placement="blocks",
    ),
    Entry(
        key="nam",
        layer_class=layers.NAM,
        family="published",
        title="NAM",
        formula="y = x · σ(w · BN(x)),   w = |γ| / Σ |γ|",
        source="arXiv:2111.12419",
        count=channel_gate("nam"),
        placement="blocks",
    ),
)
