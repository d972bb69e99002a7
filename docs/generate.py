"""Writes the pages that are made from the catalogue and from measurements.

python -m docs.generate          writes the files of PAGES, below
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from benchmarks import claims, cost_table
from benchmarks.fidelity import stored as measured_differences
from docs import checkpoints, clusters, export, protocols, readme, replication, speed, verdicts
from keras_attn import catalogue
from keras_attn.guideline.evidence import FILE as EVIDENCE

FOLDER = Path(__file__).parent

FIDELITY = """\
# What each layer computes, and how faithfully

Every layer computes what its authors' code computes, and takes its weights under the names of
that code ([`load_torch_weights`](api/weights.md)). Where paper and code differ the code is
followed, and the paper's form is an argument where it is simple to have. This page is written from
the catalogue and the layers' docstrings by `python -m docs.generate`.

Checked on TensorFlow, JAX and PyTorch: outputs, input gradients and parameter counts against
vectors computed with the published code, and against an independent version in NumPy, in training
too where a module normalises over the batch.

The largest difference below is that of one map to the NumPy version, in units of the largest
output, in float32, on the CPU. The vectors are part of the repository (138 kB):
`python -m benchmarks.fidelity` measures the backend in use again.

What holds for all of them:

* Initial weights are PyTorch's default, uniform in ±1/√n for n inputs, unless a module says
  otherwise below.
* The epsilon of a normalisation is 1e-5; PyTorch's momentum of 0.1 is 0.9 in Keras. In training
  Keras keeps the biased running variance of a batch normalisation, PyTorch the unbiased one.
* Where several values share a maximum, Keras splits the gradient between them; PyTorch's pooling
  gives it to one.
"""

STUDY = """\
## The topologies of arXiv:2601.07310

The paper's published code is the authority. Its text counts 18 topologies and its code names 16
combinations; channel attention and spatial attention alone make 18 here. Channel gates have
bottlenecks of max(8, floor(C / reduction)) units and no biases; mixing gates have biases; spatial
gates have no normalisation, and read the mean first, then the maximum.
"""

COST = """\
# Cost

`keras_attn.cost(model)` counts parameters and multiply-accumulates without running the model.
Counted are the products that convolutions, dense layers and matrix products add up; not counted
are normalisation, pooling, activations and element-wise products. `python -m docs.generate` counts
and writes this page.

The GAM paper (arXiv:2112.05561) gives the cost of a ResNet-50 on CIFAR-100 with several modules.
Ours, counted on the same networks (CIFAR stem, 100 classes, 32x32 images; attention at the end of
every bottleneck's branch, BAM after stages 1 to 3):

| network | parameters, theirs | ours | | MACs, theirs | ours | |
|---|---:|---:|---:|---:|---:|---:|
"""

COST_REST = """
What is left:

* **SE** has biases here, as its authors' networks do; without them (`use_bias=False`) it is
  26.220 M, the paper's figure to the last digit.
* **GAM** is 0.03 and 0.07 % above the paper's parameters, by 47,000 and 42,000. The circulating
  code, which is followed because the authors published none, has biases in its dense layers and
  convolutions, 32,000 in this network; an implementation without them would come to 0.01 and
  0.02 %.
* **Multiply-accumulates** are below the paper's by 2 to 11 million. The paper does not say what its
  counter counts. The two dense layers of SE are 2.5 million, which makes 1.301 G of 1.298 G; the
  paper has 1.31, so its counter adds more than products of weights.
"""


def source_link(source: str) -> str:
    """A source as Markdown; arXiv identifiers as links."""
    identifier = source.removeprefix("arXiv:")
    return source if identifier == source else f"[{source}](https://arxiv.org/abs/{identifier})"


def fidelity_entry(entry: catalogue.Entry) -> str:
    """The section of one layer."""
    arguments = "".join(f", {name}={value!r}" for name, value in entry.default_config.items())
    lines = [
        f"### {entry.title} (`{entry.key}`)",
        "",
        entry.summary,
        "",
        f"    {entry.formula}",
        "",
        f"* Source: {source_link(entry.source)}",
        f'* With its defaults: `keras_attn.create("{entry.key}"{arguments})`',
    ]
    counts = [
        f"{count:,} for {channels} channels"
        for channels in catalogue.EXAMPLES
        if (count := entry.parameters_or_none(channels)) is not None
    ]
    lines.append(f"* Trainable parameters on images: {', '.join(counts)}")
    lines.append(f"* Largest difference: {_largest_difference(entry.key)}")
    lines += [
        f"* Does not {catalogue.LIMITS[limit]}: {reason}." for limit, reason in entry.limits.items()
    ]
    if entry.fidelity:
        lines += ["", entry.fidelity]
    return "\n".join(lines) + "\n"


def _largest_difference(key: str) -> str:
    """What benchmarks.fidelity measured of a layer, by backend."""
    found = measured_differences()
    return ", ".join(
        f"{found[backend]['difference'][key]:.0e} on {name}"
        for backend, name in checkpoints.NAMES.items()
        if backend in found
    )


def fidelity() -> str:
    """The fidelity page."""
    entries = [catalogue.describe(key) for key in catalogue.list_layers()]
    published = [entry for entry in entries if entry.family == "published"]
    topologies = [entry for entry in entries if entry.family in catalogue.FAMILIES]
    parts = [FIDELITY, "## Modules people ask for by name\n", *map(fidelity_entry, published)]
    return "\n".join([*parts, STUDY, *map(fidelity_entry, topologies)])


def cost() -> str:
    """The cost page."""
    rows = [
        f"| {row.name} | {row.parameters:.2f} M | {row.our_parameters:.3f} M "
        f"| {row.our_parameters / row.parameters - 1:+.2%} "
        f"| {row.macs:.2f} G | {row.our_macs:.3f} G | {row.our_macs / row.macs - 1:+.1%} |\n"
        for row in cost_table.measured()
    ]
    return COST + "".join(rows) + COST_REST


def evidence() -> str:
    """The guideline's evidence, which is a file of the package and not a page."""
    # Six digits of every number: the last ones differ between processors.
    content = json.loads(
        json.dumps(claims.evidence()), parse_float=lambda digits: float(f"{float(digits):.6g}")
    )
    return json.dumps(content, indent=1) + "\n"


#: File -> what writes it; the evidence comes first, because pages grade the claims by that file.
PAGES: dict[Path, Callable[[], str]] = {
    EVIDENCE: evidence,
    FOLDER / "fidelity.md": fidelity,
    FOLDER / "cost.md": cost,
    FOLDER / "replication.md": replication.page,
    FOLDER / "clusters.md": clusters.page,
    FOLDER / "export.md": export.page,
    FOLDER / "checkpoints.md": checkpoints.page,
    FOLDER / "protocols.md": protocols.page,
    FOLDER / "verdicts.md": verdicts.page,
    readme.README: readme.page,
    readme.PICTURE: readme.picture,
}
if (results := speed.newest()) is not None:
    PAGES[FOLDER / "speed.md"] = lambda: speed.page(*results)


def main() -> None:
    """Writes all pages."""
    for path, write in PAGES.items():
        path.write_text(write(), encoding="utf-8")


if __name__ == "__main__":
    main()
