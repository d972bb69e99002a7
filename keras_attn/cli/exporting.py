"""`keras-attn export`: a model for another runtime, compared with Keras there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from keras_attn.cli.parts import load_model, whole_numbers


def export_command(
    model: Annotated[Path, typer.Argument(help="A .keras file.")],
    format: Annotated[
        str, typer.Option(help="onnx, tf_saved_model, openvino, litert or torch.")
    ] = "onnx",
    output: Annotated[
        Path | None, typer.Option(help="The file, or folder; beside the model if not given.")
    ] = None,
    input_shape: Annotated[
        list[str] | None,
        typer.Option(
            help="Fixes sizes that the model leaves open, as in 224,224,3; once per input."
        ),
    ] = None,
) -> None:
    """Write a model for another runtime, run it there, and say how far the outputs are apart."""
    from keras_attn.export import check_format, export_model, largest_difference

    check_format(format)
    loaded = load_model(model)
    shapes = [whole_numbers("--input-shape", each) for each in input_shape or []] or None
    path = export_model(loaded, output or model.with_suffix(""), format, shapes)
    typer.echo(f"Written: {path.resolve()}")
    difference = largest_difference(loaded, path, format, input_shape=shapes)
    typer.echo(f"Largest difference to Keras, relative to the largest output: {difference:.1e}")
