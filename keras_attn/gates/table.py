"""The table of gates by name: the gates of the topologies, and those of published modules."""

from __future__ import annotations

from keras_attn.gates.channel import ChannelGate
from keras_attn.gates.context import ContextChannelGate, ContextSpatialGate
from keras_attn.gates.convolution import ConvolutionGate
from keras_attn.gates.coordinate import CoordinateGate
from keras_attn.gates.count import Count
from keras_attn.gates.energy import EnergyGate
from keras_attn.gates.entry import GateEntry
from keras_attn.gates.frequency import FrequencyGate
from keras_attn.gates.local_strips import LocalStripGate
from keras_attn.gates.neighbour import NeighbourGate, adaptive_kernel_size
from keras_attn.gates.normalized_channel import NormalizedChannelGate
from keras_attn.gates.positionwise import PositionwiseGate
from keras_attn.gates.projection import ProjectionGate
from keras_attn.gates.spatial import NormalizedSpatialGate, SpatialGate

KINDS = ("channel", "spatial")

#: The gates of the study, which a topology has by default and gives its own arguments.
CHANNEL, SPATIAL = "ca", "sa"

STUDY = "arXiv:2601.07310"

#: Why a gate or module takes images only.
STRIPS = "it pools rows and columns, which are two axes"
PLANAR = "its convolutions are published for two axes"

#: Why a gate or module for images does not take a mask.
READS_ALL = "it reads all positions of an image, padding or not"

#: Why a published bias never changes.
TAKEN_OUT = "batch normalisation takes out the bias of the layer right before it"


def _context_channel(n: Count) -> int:
    c, m = n.channels, n.squeezed()
    return 2 * c * m + 3 * m + c


def _context_spatial(n: Count) -> int:
    c, m = n.channels, n.squeezed()
    return c * m + 18 * m**2 + 10 * m + 1


def _frequency(n: Count) -> int:
    n.share(int(n.config["frequencies"][3:]))
    return n.excitation(use_bias=False)


def _convolutions(n: Count) -> int:
    c, m = n.channels, n.squeezed()
    return 2 * 49 * c * m // n.config["groups"] + 3 * m + 3 * c


def _coordinate(n: Count) -> int:
    c, m = n.channels, n.hidden(n.config["reduction"])
    return 3 * c * m + 3 * m + 2 * c


def _local(n: Count) -> int:
    return (n.config["kernel_size"] + 2) * n.share(n.config["groups"]) * n.config["groups"]


GATES = (
    GateEntry(
        key="ca",
        kind="channel",
        gate_class=ChannelGate,
        title="CA",
        formula="c(x) = σ(D₂ relu(D₁ mean x) + D₂ relu(D₁ max x))",
        source=STUDY,
        count=lambda n: 2 * n.channels * n.hidden(n.config["reduction"]),
        fixed={"pools": ("mean", "max"), "use_bias": False, "bias_initializer": None, "minimum": 8},
    ),
    GateEntry(
        key="ga",
        kind="channel",
        gate_class=ChannelGate,
        title="GA",
        formula="c(x) = σ(D₂ relu(D₁ mean x))",
        source=STUDY,
        count=lambda n: 2 * n.channels * n.hidden(n.config["reduction"]),
        fixed={"pools": ("mean",), "use_bias": False, "bias_initializer": None, "minimum": 8},
    ),
    GateEntry(
        key="se",
        kind="channel",
        gate_class=ChannelGate,
        title="SE",
        formula="c(x) = σ(D₂ relu(D₁ mean x))",
        source="arXiv:1709.01507",
        count=lambda n: n.excitation(n.config["use_bias"]),
        fixed={"pools": ("mean",), "bias_initializer": None, "minimum": 0},
        defaults={"use_bias": True},
    ),
    GateEntry(
        key="eca",
        kind="channel",
        gate_class=NeighbourGate,
        title="ECA",
        formula="c(x) = σ(k * mean x)",
        source="arXiv:1910.03151",
        count=lambda n: n.config["kernel_size"] or adaptive_kernel_size(n.channels),
    ),
    GateEntry(
        key="fca",
        kind="channel",
        gate_class=FrequencyGate,
        title="FCA",
        formula="c(x) = σ(D₂ relu(D₁ Σ x B))",
        source="arXiv:2012.11879",
        count=_frequency,
        limits={
            "spatial_axes": "its basis is that of a two-dimensional cosine transform",
            "mask": READS_ALL,
        },
    ),
    GateEntry(
        key="nam",
        kind="channel",
        gate_class=NormalizedChannelGate,
        title="NAM",
        formula="c(x) = σ(w · BN(x)),   w = |γ| / Σ |γ|",
        source="arXiv:2111.12419",
        count=lambda n: 2 * n.channels,
    ),
    GateEntry(
        key="bam",
        kind="channel",
        gate_class=ContextChannelGate,
        title="BAM",
        formula="c(x) = σ(D₂ relu(BN(D₁ mean x)))",
        source="arXiv:1807.06514",
        count=_context_channel,
        limits={
            "spatial_axes": "it is published for two axes",
            "mask": READS_ALL,
            "every_bias_learns": TAKEN_OUT,
        },
    ),
    GateEntry(
        key="gam",
        kind="channel",
        gate_class=PositionwiseGate,
        title="GAM",
        formula="c(x) = D₂ relu(D₁ x)",
        source="arXiv:2112.05561",
        count=lambda n: n.excitation(),
    ),
    GateEntry(
        key="sa",
        kind="spatial",
        gate_class=SpatialGate,
        title="SA",
        formula="s(x) = σ(K [mean x; max x])",
        source=STUDY,
        count=lambda n: 2 * n.config["kernel_size"] ** n.axes,
        fixed={"pools": ("mean", "max")},
    ),
    GateEntry(
        key="cbam",
        kind="spatial",
        gate_class=NormalizedSpatialGate,
        title="CBAM",
        formula="s(x) = σ(BN(K [max x; mean x]))",
        source="arXiv:1807.06521",
        count=lambda n: len(n.config["pools"]) * n.config["kernel_size"] ** n.axes + 2,
        fixed={"pools": ("max", "mean"), "initial_scale": 0.0},
    ),
    GateEntry(
        key="bam",
        kind="spatial",
        gate_class=ContextSpatialGate,
        title="BAM",
        formula="s(x) = σ(D₄ relu(BN(K₂ relu(BN(K₁ relu(BN(D₃ x)))))))",
        source="arXiv:1807.06514",
        count=_context_spatial,
        limits={
            "spatial_axes": PLANAR,
            "mask": READS_ALL,
            "every_bias_learns": TAKEN_OUT,
        },
    ),
    GateEntry(
        key="scse",
        kind="spatial",
        gate_class=ProjectionGate,
        title="scSE",
        formula="s(x) = σ(D x)",
        source="arXiv:1803.02579",
        count=lambda n: n.channels + 1,
    ),
    GateEntry(
        key="coordinate",
        kind="spatial",
        gate_class=CoordinateGate,
        title="coordinate attention",
        formula="s(x) = h(x) · w(x)",
        source="arXiv:2103.02907",
        count=_coordinate,
        limits={
            "spatial_axes": STRIPS,
            "mask": READS_ALL,
            "every_bias_learns": TAKEN_OUT,
        },
    ),
    GateEntry(
        key="ela",
        kind="spatial",
        gate_class=LocalStripGate,
        title="ELA",
        formula="s(x) = h(x) · w(x)",
        source="arXiv:2403.01123",
        count=_local,
        limits={
            "spatial_axes": STRIPS,
            "mask": READS_ALL,
        },
    ),
    GateEntry(
        key="gam",
        kind="spatial",
        gate_class=ConvolutionGate,
        title="GAM",
        formula="s(x) = σ(BN(K₂ relu(BN(K₁ x))))",
        source="arXiv:2112.05561",
        count=_convolutions,
        limits={
            "spatial_axes": PLANAR,
            "mask": READS_ALL,
            "every_bias_learns": TAKEN_OUT,
        },
    ),
    GateEntry(
        key="simam",
        kind="spatial",
        gate_class=EnergyGate,
        title="SimAM",
        formula="s(x) = σ(d / (4 (Σ d / (n - 1) + λ)) + ½),   d = (x - mean x)²",
        source="ICML 2021, PMLR 139",
        count=lambda n: 0,
    ),
)
