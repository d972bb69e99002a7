"""What network a checkpoint is of, from the names and shapes of its entries."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from keras_attn.networks.design import DESIGNS, Attention, Design, mobile_design
from keras_attn.networks.modules import Entries, Module, recognise_module

_HEADS = ("fc", "classifier.1", "classifier", "linear", "last_linear")


class Recognised(NamedTuple):
    """A network, and what its parts are called.

    Attributes:
        design: Size and form.
        attention: The attention, with the configuration of every layer.
        names: Name of our layer -> what the checkpoint calls the module.
        modules: Name of our attention layer -> the published module.
        num_classes: Number of logits; 0 where the checkpoint has no classifier.
        channels: Number of channels of the input.
    """

    design: Design
    attention: Attention | None
    names: dict[str, str]
    modules: dict[str, Module]
    num_classes: int
    channels: int


def recognise(entries: Entries) -> Recognised | None:
    """The network that has these entries, or the one that is nearest; None if none is near."""
    found = _mobilenet(entries) or _resnet(entries)
    if found is None:
        return None
    design, names, attentions, stem = found
    head = next((each for each in _HEADS if f"{each}.weight" in entries), None)
    if head:
        names["logits"] = head
    modules, configs, position = {}, {}, "branch"
    for layer, (prefix, place) in attentions.items():
        part = _under(entries, prefix)
        module = recognise_module(part)
        if module is not None:
            names[layer], modules[layer], position = prefix, module, place
            configs[layer] = module.config(part)
    keys = {module.key for module in modules.values()}
    attention = Attention(keys.pop(), configs.get, position) if len(keys) == 1 else None
    classes = entries[f"{head}.weight"].shape[0] if head else 0
    shape = entries[stem].shape if stem in entries else ()
    channels = shape[1] if len(shape) == 4 else 3
    return Recognised(design, attention, names, modules if attention else {}, classes, channels)


_Found = tuple[Design, dict[str, str], dict[str, tuple[str, str]], str]


def _under(entries: Entries, prefix: str) -> dict[str, Any]:
    start = f"{prefix}."
    return {n.removeprefix(start): value for n, value in entries.items() if n.startswith(start)}


def _children(entries: Iterable[str], prefix: str) -> list[str]:
    start = f"{prefix}."
    names = [name.removeprefix(start).split(".")[0] for name in entries if name.startswith(start)]
    return list(dict.fromkeys(names))


def _resnet(entries: Entries) -> _Found | None:
    places = {
        (int(match[1]), int(match[2]))
        for name in entries
        if (match := re.match(r"layer(\d+)\.(\d+)\.", name))
    }
    numbers = sorted({stage for stage, _ in places})
    if not places or numbers != list(range(1, len(numbers) + 1)):
        return None
    depths = tuple(1 + max(block for s, block in places if s == stage) for stage in numbers)
    widths = tuple(
        next(
            (len(entries[n]) for b in range(depth) if (n := f"layer{s}.{b}.bn1.weight") in entries),
            64,
        )
        for s, depth in zip(numbers, depths, strict=True)
    )
    deep = any(name.startswith("conv1.0.") for name in entries)
    first = entries.get("conv1.weight")
    small = first is not None and first.shape[-1] == 3
    stem_names = [f"conv1.{index}" for index in (0, 3, 6)] if deep else ["conv1"]
    names = _stem_names(stem_names)
    stem_widths = tuple(
        entries[f"{each}.weight"].shape[0] if f"{each}.weight" in entries else 64
        for each in stem_names
    )
    pooled = any(
        re.search(r"downsample\.1\.weight$", name) and value.ndim == 4
        for name, value in entries.items()
    )
    branch = next(
        (int(match[1]) for name in entries if (match := re.match(r"att_layer(\d+)\.", name))), 0
    )
    bottleneck = any(re.match(r"layer\d+\.\d+\.conv3\.", name) for name in entries)
    design = Design(
        "bottleneck" if bottleneck else "basic",
        widths,
        depths,
        "deep" if deep else "cifar" if small else "imagenet",
        stem_widths,
        pooled_shortcut=pooled,
        projected_first=any(name.startswith("layer1.0.downsample.") for name in entries),
        branch_stage=branch if branch in numbers else 0,
    )
    attentions = {}
    for stage, depth in zip(numbers, depths, strict=True):
        for block in range(depth):
            ours, theirs = f"stage{stage}_block{block + 1}", f"layer{stage}.{block}"
            _block_names(names, ours, theirs, pooled)
            for child in _children(entries, theirs):
                if not re.fullmatch(r"conv\d|bn\d|downsample", child):
                    inside = "local_dwc.weight" in _under(entries, f"{theirs}.{child}")
                    place = "inside" if inside else "branch"
                    attentions[f"{ours}_attention"] = (f"{theirs}.{child}", place)
            if stage == branch:
                _block_names(names, f"branch_{ours}", f"att_{theirs}", pooled)
        if f"bam{stage}" in {name.split(".")[0] for name in entries}:
            attentions[f"stage{stage}_attention"] = (f"bam{stage}", "stages")
    names["attention_branch"] = ""
    return design, names, attentions, f"{stem_names[0]}.weight"


def _stem_names(convolutions: list[str]) -> dict[str, str]:
    """conv1 and bn1; in deep stems, conv1.0, conv1.1 (a normalisation), and so on to bn1."""
    if len(convolutions) == 1:
        return {"stem_conv": "conv1", "stem_norm": "bn1"}
    norms = ["conv1.1", "conv1.4", "bn1"]
    pairs = enumerate(zip(convolutions, norms, strict=True), 1)
    return {
        f"stem_{number}_{part}": name
        for number, pair in pairs
        for part, name in zip(("conv", "norm"), pair, strict=True)
    }


def _block_names(names: dict[str, str], ours: str, theirs: str, pooled: bool) -> None:
    for index in (1, 2, 3):
        names[f"{ours}_{index}_conv"] = f"{theirs}.conv{index}"
        names[f"{ours}_{index}_norm"] = f"{theirs}.bn{index}"
    names[f"{ours}_shortcut_conv"] = f"{theirs}.downsample.{int(pooled)}"
    names[f"{ours}_shortcut_norm"] = f"{theirs}.downsample.{int(pooled) + 1}"


def _mobilenet(entries: Entries) -> _Found | None:
    blocks = _inverted_blocks(entries)
    if not blocks:
        return None
    names: dict[str, str] = {}
    attentions, depths, widths = {}, [], []
    for (stage, block), prefix in blocks.items():
        convolutions, attention = _inverted_parts(entries, prefix)
        ours = f"stage{stage}_block{block}"
        last_weight = entries.get(f"{convolutions[-1][0]}.weight") if convolutions else None
        if last_weight is None or len(convolutions) > 3:
            return None  # almost such a network; the error says which entries it lacks
        parts = ("expand", "depthwise", "project")[-len(convolutions) :]
        for part, (convolution, norm) in zip(parts, convolutions, strict=True):
            names[f"{ours}_{part}_conv"], names[f"{ours}_{part}_norm"] = convolution, norm
        if attention:
            attentions[f"{ours}_attention"] = attention
        if block == 1:
            depths.append(0)
            widths.append(len(last_weight))
        depths[-1] += 1
    last = max((int(m[1]) for n in entries if (m := re.match(r"features\.(\d+)\.", n))), default=0)
    ends = {
        "conv_stem.weight": ("conv_stem", "bn1", "conv_head", "bn2"),
        "conv1.conv.weight": ("conv1.conv", "conv1.bn", "conv2.conv", "conv2.bn"),
        "conv.0.weight": ("features.0.0", "features.0.1", "conv.0", "conv.1"),
        "features.0.0.weight": (
            *("features.0.0", "features.0.1", f"features.{last}.0", f"features.{last}.1"),
        ),
    }
    end = next((value for marker, value in ends.items() if marker in entries), None)
    if end is None or len(widths) != len(DESIGNS["mobilenet_v2"].widths):
        return None
    names |= dict(zip(("stem_conv", "stem_norm", "head_conv", "head_norm"), end, strict=True))
    stem, head = (len(entries.get(f"{each}.weight", ())) for each in (end[0], end[2]))
    design = mobile_design(tuple(widths), tuple(depths), stem or 32, head or 1280)
    return design, names, attentions, f"{end[0]}.weight"


def _inverted_blocks(entries: Entries) -> dict[tuple[int, int], str]:
    """(stage, block), both from 1 -> the prefix of the block."""
    blocks = {}
    for name in entries:
        if match := re.match(r"blocks\.(\d+)\.(\d+)\.", name):
            blocks[int(match[1]) + 1, int(match[2]) + 1] = match[0][:-1]
        elif match := re.match(r"layer(\d+)\.(\d+)\.conv\.", name):
            blocks[int(match[1]), int(match[2]) + 1] = match[0][:-1]
    if blocks:
        return dict(sorted(blocks.items()))
    places = [
        (stage, block)
        for stage, depth in enumerate(DESIGNS["mobilenet_v2"].depths, 1)
        for block in range(1, depth + 1)
    ]
    flat = {int(m[1]) for name in entries if (m := re.match(r"features\.(\d+)\.conv\.", name))}
    if flat != set(range(1, len(places) + 1)):
        return {}
    return {place: f"features.{index}.conv" for index, place in enumerate(places, 1)}


def _inverted_parts(
    entries: Entries, prefix: str
) -> tuple[list[tuple[str, str]], tuple[str, str] | None]:
    """The names of each convolution and its normalisation, and name and place of attention."""
    part = _under(entries, prefix)
    if "conv_dw.weight" in part:
        first = "conv_pwl.weight" not in part
        order = ("conv_dw", "conv_pw") if first else ("conv_pw", "conv_dw", "conv_pwl")
        pairs = [(f"{prefix}.{n}", f"{prefix}.bn{i}") for i, n in enumerate(order, 1)]
        return pairs, (f"{prefix}.se", "inside") if "se" in _children(entries, prefix) else None
    pairs, attention = [], None
    for child in sorted(filter(str.isdigit, _children(entries, prefix)), key=int):
        inner = _under(part, child)
        own = f"{prefix}.{child}"
        if "weight" in inner and inner["weight"].ndim == 4:
            pairs.append((own, f"{prefix}.{int(child) + 1}"))
        elif "0.weight" in inner:
            pairs.append((f"{own}.0", f"{own}.1"))
        elif "bn.weight" in inner and "conv.weight" in inner:
            pairs.append((f"{own}.conv", f"{own}.bn"))
        elif "weight" not in inner:
            attention = own
            seen = len(pairs)
    if attention is None:
        return pairs, None
    return pairs, (attention, "inside" if seen < len(pairs) else "branch")
