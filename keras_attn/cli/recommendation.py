"""`keras-attn recommend`: the guideline's answer for a data set."""

from __future__ import annotations

import shutil
import textwrap
from typing import Annotated

import typer

from keras_attn.cli.parts import (
    ClassNames,
    DataDir,
    Granularity,
    Json,
    read_class_names,
    show_json,
)


def recommend_command(
    dataset: Annotated[
        str | None,
        typer.Argument(
            help="A data set's name, .npz file or image folder, to count the training images of."
        ),
    ] = None,
    num_samples: Annotated[
        int | None,
        typer.Option("--samples", help="Number of training samples, in place of a data set."),
    ] = None,
    granularity: Granularity = None,
    priority: Annotated[str, typer.Option(help="accuracy, stability or parameters.")] = "accuracy",
    task: Annotated[
        str | None,
        typer.Option(
            help="binary, multi-class, ordinal, multi-label or, with --samples, detection or "
            "segmentation."
        ),
    ] = None,
    class_names: ClassNames = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Name a topology for a data set, and say how good the evidence is."""
    if (dataset is None) == (num_samples is None):
        raise ValueError(
            "Give either a data set or --samples NUMBER, such as `keras-attn recommend "
            "breastmnist` or `keras-attn recommend --samples 546`."
        )
    from keras_attn.data import load_dataset
    from keras_attn.guideline import recommend, recommend_for

    if dataset is not None:
        images = load_dataset(
            dataset,
            data_dir=data_dir,
            task=task,  # type: ignore[arg-type]  # checked there
            class_names=read_class_names(class_names),
        )
        recommendation = recommend_for(images, granularity, priority)
    else:
        recommendation = recommend(
            num_samples or 0, granularity or "coarse", priority, task or "multi-class"
        )
    if as_json:
        show_json(recommendation.as_dict())
    else:
        typer.echo(wrapped(str(recommendation)))


def wrapped(text: str) -> str:
    """Lines broken at the width of the terminal, what follows indented under its beginning."""
    width = min(100, shutil.get_terminal_size().columns)
    lines = []
    for line in text.splitlines():
        indent = " " * (len(line) - len(line.lstrip()) + 2)
        lines += textwrap.wrap(
            line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
        )
    return "\n".join(lines)
