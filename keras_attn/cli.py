"""The command `keras-attn`: what the package does, from a shell.

The backend is Keras's own choice: set KERAS_BACKEND to tensorflow, jax or torch.
Bad input ends with one message on standard error and exit status 2.
"""

from __future__ import annotations

import json
import math
import shlex
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import keras
import numpy as np

import keras_attn
from keras_attn import bench, catalogue
from keras_attn.extras import missing

try:
    import typer
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text
except ImportError as error:
    sys.exit(f"keras-attn: {missing('typer', 'study', error)}")

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd

    from keras_attn.study import Comparison

app = typer.Typer(
    name="keras-attn",
    help="Channel-spatial attention for Keras 3: which one, where, and whether it helps.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


def show_json(value: Any) -> None:
    """Prints a value as JSON."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


@app.command("list")
def list_command(
    channels: Annotated[int, typer.Option(min=1, help="Channels to count the weights for.")] = 64,
    as_json: Json = False,
) -> None:
    """List every layer: key, family, number of weights, formula."""
    entries = [catalogue.describe(key) for key in catalogue.list_layers()]
    if as_json:
        show_json([entry.as_dict() for entry in entries])
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("key", "name"):
        table.add_column(column, no_wrap=True)
    # A dash where a layer's default groups do not divide so many channels.
    table.add_column(f"weights, C={channels}", justify="right")
    table.add_column("formula")
    family = None
    for entry in entries:
        if entry.family != family:
            family = entry.family
            table.add_row(Text(family, style="italic"), end_section=True)
        count = entry.parameters_or_none(channels)
        shown = "-" if count is None else f"{count:,}"
        table.add_row(entry.key, entry.title, shown, Text(entry.formula))
    Console().print(table)


@app.command("recommend")
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


@app.command("compare")
def compare_command(
    datasets: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="DATASET...", help="Names of data sets, .npz files, or image folders."
        ),
    ] = None,
    topologies: Annotated[
        str | None,
        typer.Option(help="Keys, separated by commas; csa and the recommended if not given."),
    ] = None,
    seeds: Annotated[int, typer.Option(help="How many seeds for each topology.")] = 3,
    samples: Annotated[
        str | None,
        typer.Option(help="Training sizes, separated by commas; all images if not given."),
    ] = None,
    epochs: Annotated[int, typer.Option(help="Epochs of each training.")] = 10,
    backbone: Annotated[
        str, typer.Option(help="resnet8, resnet20, resnet18 or resnet50.")
    ] = "resnet20",
    batch_size: Annotated[
        int | None,
        typer.Option(help="Images a training step; 64 if not given, less for small sets."),
    ] = None,
    shift: Annotated[
        int, typer.Option(help="Shift training images by up to this many pixels.")
    ] = 0,
    flip: Annotated[bool, typer.Option("--flip", help="Mirror half of the images.")] = False,
    size: Annotated[
        int | None, typer.Option(help="Side of the images in pixels, where there is a choice.")
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the data sets' files.")] = None,
    output: Annotated[
        Path | None, typer.Option(help="Folder for the results; runs/DATASET if not given.")
    ] = None,
    engine: Annotated[
        str, typer.Option(help="local, or ray for a cluster that shares the output folder.")
    ] = "local",
    jobs: Annotated[
        int | None,
        typer.Option(help="Trials at a time; 1 if not given, with ray one a processor."),
    ] = None,
    address: Annotated[str, typer.Option(help="Of the Ray cluster's head, or auto.")] = "auto",
    devices: Annotated[
        str | None,
        typer.Option(help="all, to share each batch among the devices of this machine."),
    ] = None,
    status: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Only say how far the study in this folder is."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Train topologies side by side on your images, with a baseline, and report.

    A run that was ended goes on with the same command.
    """
    if (status is None) == (not datasets):
        raise ValueError(
            "Give either data sets or --status DIR, such as `keras-attn compare breastmnist` or "
            "`keras-attn compare --status runs/breastmnist`."
        )
    if status is not None:
        show_status(status, as_json)
        return
    from keras_attn.study import compare

    images = [
        keras_attn.load_dataset(name, data_dir=data_dir, size=size) for name in datasets or ()
    ]
    folder = output or Path("runs") / "-".join(each.name for each in images)
    with saying_how_to_go_on(folder):
        comparison = compare(
            images,
            topologies=None if topologies is None else topologies.replace(" ", "").split(","),
            seeds=seeds,
            samples=None if samples is None else whole_numbers("--samples", samples),
            epochs=epochs,
            backbone=backbone,
            batch_size=batch_size,
            shift=shift,
            flip=flip,
            devices=devices,
            output=folder,
            engine=engine,
            jobs=jobs,
            address=address,
            command=f"KERAS_BACKEND={keras.backend.backend()} "
            + shlex.join(["keras-attn", *sys.argv[1:]]),
        )
    if as_json:
        show_json(json.loads(comparison.results.to_json(orient="records")))
        return
    show_summary(comparison)
    typer.echo(f"\nReport: {(folder / 'report.html').resolve()}")


@contextmanager
def saying_how_to_go_on(folder: Path) -> Iterator[None]:
    """Ends an interrupted comparison with one message."""
    try:
        yield
    except KeyboardInterrupt:
        typer.echo(
            f"keras-attn: interrupted. What was finished is kept in {str(folder)!r}, and the same "
            "command goes on with the rest.",
            err=True,
        )
        sys.exit(130)


def show_status(folder: Path, as_json: bool) -> None:
    """Prints how far a study is."""
    from keras_attn.study.status import read_status

    found = read_status(folder)
    if as_json:
        show_json(found.as_dict())
    else:
        typer.echo(str(found))


#: The verdicts in as few letters as a table of 80 has for them.
VERDICTS = {"better": "better", "worse": "worse", "not shown to differ": "not shown"}


def show_summary(comparison: Comparison) -> None:
    """Prints a row a topology: means, 95 % intervals, the difference to the baseline, the test."""
    for group in comparison.groups:
        table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 1, 0, 0))
        if len(comparison.groups) > 1:
            table.title, table.title_justify = str(group), "left"
        for column in ("topology", "accuracy", "AUC", "difference", "corrected", "ms/step"):
            table.add_column(
                column, justify="left" if column == "topology" else "right", no_wrap=True
            )
        for topology, row in comparison.summary_of(group).iterrows():
            p_corrected = row["p_corrected"]
            table.add_row(
                str(topology),
                *(with_interval(row, name) for name in ("accuracy", "auc", "auc_difference")),
                "-"
                if math.isnan(p_corrected)
                else f"p={p_corrected:.3f}\n{VERDICTS[row['verdict']]}",
                f"{1000 * row['seconds_per_step']:.1f}",
            )
        Console().print(table)
    failed = sum(bool(trial.error) for trial in comparison.trials.values())
    if failed:
        typer.echo(f"{failed} trials failed; the report has their errors.", err=True)
    typer.echo(
        "Means over the seeds and their 95 % intervals; the difference is that in AUC to none, "
        "tested by a paired t-test with Holm's correction."
    )


def whole_numbers(option: str, text: str) -> list[int]:
    """The numbers of an option that takes several.

    Raises:
        ValueError: If they are no whole numbers separated by commas.
    """
    try:
        return [int(number) for number in text.split(",")]
    except ValueError:
        raise ValueError(
            f"{option} takes whole numbers separated by commas, such as 32,56,56,64. "
            f"Received: {text!r}."
        ) from None


def with_interval(row: pd.Series, name: str) -> str:
    """Mean and, below it, the 95 % interval, as far as there are any."""
    mean, low, high = (row[f"{name}{end}"] for end in ("", "_low", "_high"))
    if math.isnan(mean):
        return "-"
    return f"{mean:.3f}" + ("" if math.isnan(low) else f"\n{low:.3f} to {high:.3f}")


def megabytes(count: int | None) -> str:
    """A number of bytes, as finely as it can be measured."""
    if count is None:
        return "-"
    return f"{count / 1e6:,.0f} MB" if count >= 1e6 else "below 1 MB"


#: What is shown of a timing.
TIMING_ROWS: dict[str, Callable[[bench.Timing], str]] = {
    "inference": lambda timing: f"{timing.inference_ms:.3g} ms",
    "forward + backward": lambda timing: f"{timing.training_ms:.3g} ms",
    "x * 2, for comparison": lambda timing: f"{timing.double_ms:.3g} ms",
    "first call": lambda timing: f"{timing.first_call_s:.3g} s",
    "peak memory": lambda timing: megabytes(timing.peak_memory),
    "parameters": lambda timing: f"{timing.parameters:,}",
    "multiply-accumulates": lambda timing: f"{timing.macs:,}",
}


@app.command("bench")
def bench_command(
    key: Annotated[str, typer.Argument(help="A layer, such as csa.")],
    shape: Annotated[
        str, typer.Option(help="Batch, height, width and channels of the map: 32,56,56,64.")
    ],
    repeats: Annotated[int, typer.Option(help="How often each is timed.")] = 20,
    as_json: Json = False,
) -> None:
    """Time a layer on your backend, this machine and your shape."""
    sizes = whole_numbers("--shape", shape)
    if sys.stderr.isatty():
        typer.echo("Compiling and timing; PyTorch takes longest.", err=True)
    timings = bench.bench(key, sizes, repeats)
    if as_json:
        show_json([timing.as_dict() for timing in timings])
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column(f"{key}, {'x'.join(map(str, sizes))}")
    for timing in timings:
        table.add_column(f"{timing.backend}, {timing.mode}", justify="right", no_wrap=True)
    for name, show in TIMING_ROWS.items():
        table.add_row(name, *map(show, timings))
    Console().print(table)
    typer.echo("Medians; forward + backward gives the gradients by the map and by all weights.")


@app.command("explain")
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


@app.command("export")
def export_command(
    model: Annotated[Path, typer.Argument(help="A .keras file.")],
    format: Annotated[
        str, typer.Option(help="onnx, tf_saved_model, openvino, litert or torch.")
    ] = "onnx",
    output: Annotated[
        Path | None, typer.Option(help="The file, or folder; beside the model if not given.")
    ] = None,
) -> None:
    """Write a model for another runtime, run it there, and say how far the outputs are apart."""
    from keras_attn.export import check_format, export_model, largest_difference

    check_format(format)
    loaded = load_model(model)
    path = export_model(loaded, output or model.with_suffix(""), format)
    typer.echo(f"Written: {path.resolve()}")
    shape = [2, *(size or 64 for size in loaded.input_shape[1:])]
    images = np.random.default_rng(0).random(shape, "float32")
    difference = largest_difference(loaded, path, format, images)
    typer.echo(f"Largest difference to Keras, relative to the largest output: {difference:.1e}")


def load_model(path: Path) -> keras.Model:
    """The model in a file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not Keras's.
    """
    if not path.is_file():
        raise FileNotFoundError(f"There is no model {str(path)!r}.")
    return keras.models.load_model(path, compile=False)


def main() -> None:
    """Runs the command; bad input is one message and exit status 2."""
    try:
        app()
    except (ValueError, OSError, ImportError, RuntimeError) as error:
        typer.echo(f"keras-attn: {error}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
