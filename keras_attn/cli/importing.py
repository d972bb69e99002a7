"""`keras-attn import`: a published PyTorch checkpoint as a Keras model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from keras_attn.cli.parts import Json, show_json, whole_numbers


def import_command(
    checkpoint: Annotated[
        Path, typer.Argument(help="A .pth, .pt, .safetensors or .npz file of weights.")
    ],
    output: Annotated[Path, typer.Option(help="The .keras file to write.")] = Path("model.keras"),
    input_shape: Annotated[
        str | None,
        typer.Option(help="Height, width and channels, such as 224,224,3; any size if not given."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Turn a published checkpoint of a ResNet or MobileNetV2 with attention into a Keras model."""
    if output.suffix != ".keras":
        raise ValueError(f"--output must end in .keras. Received: {str(output)!r}.")
    if not output.parent.is_dir():
        raise ValueError(f"There is no folder {str(output.parent)!r} for --output.")
    from keras_attn.networks import from_torch

    shape = None if input_shape is None else whole_numbers("--input-shape", input_shape)
    model = from_torch(checkpoint, shape)
    model.save(output)
    outputs = model.output_shape
    if as_json:
        show_json({"path": str(output), "parameters": model.count_params(), "outputs": outputs})
    else:
        typer.echo(f"{output}: {model.count_params():,} parameters, outputs {outputs}")
