"""The rows of the 18 topologies of arXiv:2601.07310, a family after the other."""

from __future__ import annotations

from keras_attn import layers
from keras_attn.catalogue.entry import Entry
from keras_attn.gates.table import STUDY

TOPOLOGIES = (
    Entry(
        key="ca",
        layer_class=layers.CA,
        family="basic",
        title="CA",
        formula="y = x · c(x)",
        source=STUDY,
        count=lambda n: n.channel(),
    ),
    Entry(
        key="sa",
        layer_class=layers.SA,
        family="basic",
        title="SA",
        formula="y = x · s(x)",
        source=STUDY,
        count=lambda n: n.spatial(),
    ),
    Entry(
        key="csa",
        layer_class=layers.CSA,
        family="sequential",
        title="CSA",
        formula="y = x · c(x) · s(x c)",
        source=STUDY,
        count=lambda n: n.channel() + n.spatial(),
    ),
    Entry(
        key="sca",
        layer_class=layers.SCA,
        family="sequential",
        title="SCA",
        formula="y = x · s(x) · c(x s)",
        source=STUDY,
        count=lambda n: n.channel() + n.spatial(),
    ),
    Entry(
        key="csca",
        layer_class=layers.CSCA,
        family="sequential",
        title="CSCA",
        formula="y = x · c(x) · s(x c) · c'(x c s)",
        source=STUDY,
        count=lambda n: 2 * n.channel() + n.spatial(),
    ),
    Entry(
        key="scsa_topology",
        layer_class=layers.SCSATopology,
        family="sequential",
        title="SCSA",
        formula="y = x · s(x) · c(x s) · s'(x s c)",
        source=STUDY,
        count=lambda n: n.channel() + 2 * n.spatial(),
    ),
    Entry(
        key="csa2",
        layer_class=layers.CSA2,
        family="parallel",
        title="C&SA²",
        formula="y = x · (c(x) + s(x)) / 2",
        source=STUDY,
        count=lambda n: n.channel() + n.spatial(),
    ),
    Entry(
        key="csafa",
        layer_class=layers.CSAFA,
        family="parallel",
        title="C&SAFA",
        formula="y = x · (a c(x) + (1 - a) s(x)),   a = σ(γ)",
        source=STUDY,
        count=lambda n: n.channel() + n.spatial() + 1,
    ),
    Entry(
        key="bicsa",
        layer_class=layers.BiCSA,
        family="parallel",
        title="Bi-CSA",
        formula="y = x · (c(x) · s(x c) + s(x) · c(x s))",
        source=STUDY,
        count=lambda n: n.channel() + n.spatial(),
    ),
    Entry(
        key="bicsafa",
        layer_class=layers.BiCSAFA,
        family="parallel",
        title="Bi-CSAFA",
        formula="y = g · u + (1 - g) · x,   u = x · (c(x) · s(x c) + s(x) · c(x s)),   g = g(u)",
        source=STUDY,
        count=lambda n: n.channel() + n.spatial() + n.fusion(),
    ),
    Entry(
        key="gcsa2",
        layer_class=layers.GCSA2,
        family="parallel",
        title="GC&SA²",
        formula="y = x · (w₁ c(x) + w₂ s(x)),   w = softmax(l₁, l₂)",
        source=STUDY,
        count=lambda n: n.channel() + n.spatial() + 2 * n.mixing(1),
    ),
    Entry(
        key="tgpfa",
        layer_class=layers.TGPFA,
        family="parallel",
        title="TGPFA",
        formula="y = x · (w₁ + w₂ c(x) + w₃ s(x)),   w = softmax(D₂ relu(D₁ mean x))",
        source=STUDY,
        count=lambda n: n.channel() + n.spatial() + n.mixing(3),
    ),
    Entry(
        key="rcsa",
        layer_class=layers.RCSA,
        family="residual",
        title="RCSA",
        formula="y = x + x · c(x) · s(x c)",
        source=STUDY,
        count=lambda n: n.channel() + n.spatial(),
    ),
    Entry(
        key="arcsa",
        layer_class=layers.ARCSA,
        family="residual",
        title="ARCSA",
        formula="y = (1 - b) x + b · x · c(x) · s(x c),   b = σ(β)",
        source=STUDY,
        count=lambda n: n.channel() + n.spatial() + 1,
    ),
    Entry(
        key="grcsa",
        layer_class=layers.GRCSA,
        family="residual",
        title="GRCSA",
        formula="y = (1 - g) x + g · x · c(x) · s(x c),   g = σ(D₂ relu(D₁ mean x))",
        source=STUDY,
        count=lambda n: n.channel() + n.spatial() + n.mixing(1),
    ),
    Entry(
        key="cmssa",
        layer_class=layers.CMSSA,
        family="multiscale",
        title="C-MSSA",
        formula="y = u · Σᵢ wᵢ sᵢ(u),   u = x · c(x),   w = softmax(D₂ relu(D₁ mean u))",
        source=STUDY,
        count=lambda n: (
            n.channel()
            + n.mixing(len(n.config["kernel_sizes"]))
            + sum(n.spatial(kernel_size=k) for k in n.config["kernel_sizes"])
        ),
    ),
    Entry(
        key="mscsa",
        layer_class=layers.MSCSA,
        family="multiscale",
        title="MSC-SA",
        formula="y = u · s(u),   u = x · Σᵢ wᵢ cᵢ(x),   w = softmax(D₂ relu(D₁ mean x))",
        source=STUDY,
        count=lambda n: (
            sum(n.channel(reduction=r) for r in n.config["reductions"])
            + n.mixing(len(n.config["reductions"]))
            + n.spatial()
        ),
    ),
    Entry(
        key="ccmssa",
        layer_class=layers.CCMSSA,
        family="multiscale",
        title="C-CMSSA",
        formula="y = S₃(S₅(S₇(x · c(x)))),   Sₖ(u) = u · sₖ(u)",
        source=STUDY,
        count=lambda n: (
            n.channel() + sum(n.spatial(kernel_size=k) for k in n.config["kernel_sizes"])
        ),
    ),
)
