"""`keras-attn bench`: how long a layer takes at a user's shape."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from keras_attn.cli.parts import Json, plain_table, show_json, whole_numbers

if TYPE_CHECKING:
    from keras_attn.bench import Timing


def megabytes(count: int | None) -> str:
    """A number of bytes, as finely as it can be measured."""
    if count is None:
        return "-"
    return f"{count / 1e6:,.0f} MB" if count >= 1e6 else "below 1 MB"


#: What is shown of a timing.
TIMING_ROWS: dict[str, Callable[[Timing], str]] = {
    "inference": lambda timing: f"{timing.inference_ms:.3g} ms",
    "forward + backward": lambda timing: f"{timing.training_ms:.3g} ms",
    "x * 2, for comparison": lambda timing: f"{timing.double_ms:.3g} ms",
    "first call": lambda timing: f"{timing.first_call_s:.3g} s",
    "peak memory": lambda timing: megabytes(timing.peak_memory),
    "parameters": lambda timing: f"{timing.parameters:,}",
    "multiply-accumulates": lambda timing: f"{timing.macs:,}",
}


def bench_command(
    key: Annotated[str, typer.Argument(help="A layer, such as csa.")],
    shape: Annotated[
        str, typer.Option(help="Batch, height, width and channels of the map: 32,56,56,64.")
    ],
    repeats: Annotated[int, typer.Option(help="How often each is timed.")] = 20,
    as_json: Json = False,
) -> None:
    """Time a layer on your backend, this machine and your shape."""
    from keras_attn import bench

    sizes = whole_numbers("--shape", shape)
    if len(sizes) == 3:
        batch, length, channels = sizes
        typer.echo(
            f"Three sizes are signals: {batch} of length {length} with {channels} channels. For "
            "images give four: batch, height, width and channels.",
            err=True,
        )
    if sys.stderr.isatty():
        typer.echo("Compiling and timing; PyTorch takes longest.", err=True)
    timings = bench.bench(key, sizes, repeats)
    if as_json:
        show_json([timing.as_dict() for timing in timings])
        return
    table = plain_table()
    table.add_column(f"{key}, {'x'.join(map(str, sizes))}")
    for timing in timings:
        table.add_column(f"{timing.backend}, {timing.mode}", justify="right", no_wrap=True)
    for name, show in TIMING_ROWS.items():
        table.add_row(name, *map(show, timings))
    Console().print(table)
    typer.echo("Medians; forward + backward gives the gradients by the map and by all weights.")
