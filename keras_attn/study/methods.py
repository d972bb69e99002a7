"""The methods of a study as a paragraph and as references, to be copied into a paper."""

from __future__ import annotations

import re

from keras_attn.study.control import BASELINE, entries_of, is_control
from keras_attn.study.plan import Plan
from keras_attn.study.training_words import training_in_words
from keras_attn.tasks.create import learning_task
from keras_attn.tasks.metrics import METRICS

PACKAGE = """\
@software{{keras-attn,
  title = {{keras-attn}},
  author = {{{{The keras-attn authors}}}},
  version = {{{version}}}
}}"""

STUDY = """\
@misc{liu2026revisiting,
  title = {Revisiting the Ordering of Channel and Spatial Attention:
           A Comprehensive Study on Sequential and Parallel Designs},
  author = {Liu, Zhongming and Jiang, Bingbing},
  year = {2026},
  eprint = {2601.07310},
  archivePrefix = {arXiv}
}"""


def paragraph(plan: Plan, with_images: bool) -> str:
    """What was done, in the past tense.

    Args:
        plan: The plan of the study.
        with_images: Whether the verdicts account for the choice of the test images.
    """
    question, versions = plan.question, plan.versions()
    compared = [name for name in plan.grid.topologies if not is_control(name)]
    controls = [name for name in plan.grid.topologies if is_control(name) and name != BASELINE]
    control = " and with a plain network with the same number of parameters" if controls else ""
    names = dict.fromkeys(group.dataset for group in plan.grid.groups)
    sets = "; ".join(_images(plan, name) for name in names)
    first = plan.facts(next(iter(names)))
    selected = METRICS[learning_task(first.task, len(first.class_names)).selected_by].title
    training = "; ".join(f"{k.lower()}: {v}" for k, v in training_in_words(plan.config).items())
    images = (
        " The variance of the differences over test images was added to that over seeds."
        if with_images
        else ""
    )
    if question.folds:
        images = (
            f" The images were cross-validated in {question.folds} folds, and the tests are the "
            "corrected resampled t-test of Nadeau and Bengio."
        )
    return (
        f"We compared {', '.join(compared) or 'nothing'} with the same network without "
        f"attention{control} ({plan.network_text}) on {sets}. Every network was trained with "
        f"{len(plan.grid.seeds)} seeds ({training}); networks with the same seed started from "
        "equal weights in all layers that they share. The epoch with the best "
        f"{plan.config.select} "
        f"{selected} was scored on the test images. The headline metric, {question.title}, and "
        f"the smallest difference of interest, {question.margin:g}, were fixed before training. "
        "Differences to the network without attention were tested by Student’s t-tests, paired "
        "by seed: one for a difference and two one-sided tests for equivalence within the margin, "
        f"with Holm’s correction over the variants.{images} The study was run with keras-attn "
        f"{versions['keras_attn']}, Keras {versions['keras']} and {versions['backend']}."
    )


def _images(plan: Plan, name: str) -> str:
    facts = plan.facts(name)
    train, val, test = (facts.samples[part] for part in ("train", "val", "test"))
    return f"{name} ({train:,} training, {val:,} validation and {test:,} test images)"


def bibtex(plan: Plan) -> str:
    """The package, the study and the sources of the layers that were compared."""
    entries = [PACKAGE.format(version=plan.versions()["keras_attn"]), STUDY]
    compared = [name for name in plan.grid.topologies if not is_control(name)]
    titles: dict[str, list[str]] = {}
    for entry in (each for name in compared for each in entries_of(name)):
        titles.setdefault(entry.source, []).append(entry.title)
    for source, layers in titles.items():
        found = re.fullmatch(r"arXiv:(\d{4}\.\d{5})", source)
        if found and found[1] not in STUDY:
            entries.append(
                f"@misc{{arxiv{found[1]},\n  note = {{{', '.join(dict.fromkeys(layers))}}},\n"
                f"  eprint = {{{found[1]}}},\n  archivePrefix = {{arXiv}}\n}}"
            )
    return "\n\n".join(entries)
