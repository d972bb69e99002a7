"""`keras-attn explain`: what a model's attention looks at in images."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from keras_attn.cli.parts import load_model


def explain_command(
    model: Annotated[Path, typer.Argument(help="A .keras file, such as best.keras of a study.")],
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE...", help="Image files.")],
    output: Annotated[Path, typer.Option(help="The picture: .png, .svg or .pdf.")],
    layers: Annotated[
        str | None,
        typer.Option(help="Attention layers, separated by commas; the last of each size."),
    ] = None,
    target: Annotated[
        int | None, typer.Option("--class", help="Number of a class; what the model says.")
    ] = None,
    divide: Annotated[
        float, typer.Option(help="Divide pixels, 0 to 255, where the model wants that.")
    ] = 1.0,
) -> None:
    """Draw what a model's attention looks at in images, and what speaks for a class."""
    from keras_attn.data.pictures import read_for
    from keras_attn.visualize import explain

    loaded = load_model(model)
    pictures = read_for(loaded.input_shape, images) / divide
    figure = explain(
        loaded,
        pictures,
        None if layers is None else layers.split(","),
        target,
        titles=[path.name for path in images],
    )
    output.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(output, dpi=150)
    typer.echo(f"Picture: {output.resolve()}")
