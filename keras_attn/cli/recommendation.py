"""`keras-attn recommend`: the guideline's answer for a data set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import keras_attn
from keras_attn.cli.parts import Json, show_json


def recommend_command(
    dataset: Annotated[
        str | None,
        typer.Argument(help="A data set's name, .npz file or image folder, to read the size off."),
    ] = None,
    samples: Annotated[
        int | None, typer.Option(help="Number of training samples, in place of a data set.")
    ] = None,
    granularity: Annotated[
        str | None, typer.Option(help="coarse, or fine where classes differ in detail only.")
    ] = None,
    priority: Annotated[str, typer.Option(help="accuracy, stability or parameters.")] = "accuracy",
    task: Annotated[
        str,
        typer.Option(
            help="With --samples: binary, multi-class, ordinal, multi-label, detection or "
            "segmentation."
        ),
    ] = "multi-class",
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the data sets' files.")] = None,
    as_json: Json = False,
) -> None:
    """Name a topology for a data set, and say how good the evidence is."""
    if (dataset is None) == (samples is None):
        raise ValueError(
            "Give either a data set or --samples NUMBER, such as `keras-attn recommend "
            "breastmnist` or `keras-attn recommend --samples 546`."
        )
    if dataset is not None:
        images = keras_attn.load_dataset(dataset, data_dir=data_dir)
        recommendation = keras_attn.recommend_for(images, granularity, priority)
    else:
        recommendation = keras_attn.recommend(samples or 0, granularity or "coarse", priority, task)
    if as_json:
        show_json(recommendation.as_dict())
    else:
        typer.echo(str(recommendation))
