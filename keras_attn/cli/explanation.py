"""`keras-attn explain`: what a model's attention looks at in images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keras_attn.cli.parts import load_model, number_range

if TYPE_CHECKING:
    import keras
    import numpy as np

    from keras_attn.data.description import ModelDescription


def explain_command(
    model: Annotated[Path, typer.Argument(help="A .keras file, such as best.keras of a study.")],
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE...", help="Image files.")],
    output: Annotated[Path, typer.Option(help="The picture: .png, .svg or .pdf.")],
    layers: Annotated[
        str | None,
        typer.Option(help="Attention layers, separated by commas; the last of each size."),
    ] = None,
    classes: Annotated[
        str | None,
        typer.Option("--class", help="Name or number of a class; what the model says."),
    ] = None,
    value_range: Annotated[
        str | None,
        typer.Option(
            help="Values of black and white, such as 0,255, for a model that does not record them."
        ),
    ] = None,
) -> None:
    """Draw what a model's attention looks at in images, and what speaks for a class.

    Images are read as the training images of the model were.
    """
    from keras_attn.data.description import describe_model
    from keras_attn.visualize import explain

    check_picture(output)
    loaded = load_model(model)
    description = describe_model(loaded)
    pictures = read_images(model, images, loaded, description, value_range)
    chosen: int | list[int] | None = None
    if classes is not None:
        chosen = class_number(classes, description)
    if description is not None and description.task == "ordinal":
        loaded, grades = by_grade(loaded, len(description.class_names), pictures)
        chosen = grades if chosen is None else chosen
    figure = explain(
        loaded,
        pictures,
        None if layers is None else layers.split(","),
        chosen,
        class_names=None if description is None else description.class_names,
        titles=[path.name for path in images],
    )
    output.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(output, dpi=150)
    typer.echo(f"Picture: {output.resolve()}")


def check_picture(output: Path) -> None:
    """Check before all work that the picture can be written.

    Raises:
        ValueError: If its suffix is not one of a picture.
    """
    from keras_attn.extras import require

    figure = require("matplotlib.figure", extra="study").Figure()
    known = sorted(figure.canvas.get_supported_filetypes())
    if output.suffix.lower().removeprefix(".") not in known:
        raise ValueError(
            f"--output must end in one of .{', .'.join(known)}. Received: {str(output)!r}."
        )


def read_images(
    path: Path,
    images: list[Path],
    model: keras.Model,
    description: ModelDescription | None,
    value_range: str | None,
) -> np.ndarray:
    """The images as the model expects them.

    Raises:
        ValueError: If it is not known, or given twice, which values the model expects.
    """
    from keras_attn.data.reading import read_as_trained, read_for_input

    if (description is None) == (value_range is None):
        found = "does not record" if description is None else "records"
        mend = "give it as --value-range 0,255 (or 0,1, or -1,1)"
        raise ValueError(
            f"{path} {found} the range of its training images: "
            f"{mend if description is None else 'leave --value-range out'}."
        )
    if description is not None:
        return read_as_trained(images, description)
    shape = model.input_shape
    return read_for_input(images, shape, number_range("--value-range", value_range or ""))


def class_number(target: str, description: ModelDescription | None) -> int:
    """The number of a class that is given by its name or number.

    Raises:
        ValueError: If there is no such class.
    """
    names = () if description is None else description.class_names
    if target in names:
        return names.index(target)
    if target.isdecimal() and (not names or int(target) < len(names)):
        return int(target)
    known = f"a name ({', '.join(names)}) or a number" if names else "a number"
    raise ValueError(f"--class takes {known}, counted from 0. Received: {target!r}.")


def by_grade(model: keras.Model, grades: int, images: np.ndarray) -> tuple[keras.Model, list[int]]:
    """An ordinal model with an output per grade, and the grade that it gives each image.

    The model gives the logits z_k of "the grade is above k". What speaks for grade k is z_(k-1),
    and for the lowest grade -z_0; the grade is the number of these with a probability above 0.5.
    """
    import keras
    import numpy as np

    logits = model.predict(images, verbose=0)
    if logits.shape[1:] != (grades - 1,):
        raise ValueError(
            f"The model was trained for {grades} ordered classes, so {grades - 1} outputs are "
            f"expected. It has {logits.shape[1:]}."
        )
    weights = np.eye(grades - 1, grades, k=1, dtype="float32")
    weights[0, 0] = -1
    layer = keras.layers.Dense(grades, use_bias=False, name="by_grade")
    by_grade = keras.Model(model.inputs, layer(model.outputs[0]))
    layer.set_weights([weights])
    return by_grade, (logits > 0).sum(axis=1).tolist()
