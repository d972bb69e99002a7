"""`keras-attn compare` and `keras-attn plan`: a study, how far it is, and what it will take."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from keras_attn.cli.config_file import read_config
from keras_attn.cli.loading import loaded_size
from keras_attn.cli.parts import (
    ClassNames,
    DataDir,
    Granularity,
    Json,
    read_class_names,
    show_json,
    two_numbers,
    which_seeds,
    whole_numbers,
)
from keras_attn.cli.running import saying_how_to_resume, show_status
from keras_attn.cli.summary import show_summary
from keras_attn.cli.training_options import read_class_weights, training_of

#: The name of the command that takes the same options and trains at most a pilot.
PLAN = "plan"


def compare_command(
    context: typer.Context,
    datasets: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="DATASET...", help="Names of data sets, .npz files, or image folders."
        ),
    ] = None,
    variants: Annotated[
        str | None,
        typer.Option(help='What is compared, such as "csa@blocks,se(reduction=8)@stages".'),
    ] = None,
    topologies: Annotated[
        str | None,
        typer.Option(help="The same, for keys alone; csa and the recommended if not given."),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            help="resnet8, resnet20 (if not given), resnet18, resnet50, or unet for segmentation "
            "(if not given); a .keras file; "
            "keras.applications:NAME; or a function (image_shape, num_classes) of yours, "
            "file.py:function."
        ),
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(help="Of an application: a file, or their name; random if not given."),
    ] = None,
    value_range: Annotated[
        str | None,
        typer.Option(help="Pixel values that the model expects, such as 0,1; if it has weights."),
    ] = None,
    seeds: Annotated[
        str,
        typer.Option(
            help="How many seeds for each topology, or which: 5, or 5,6,7. With auto, seeds are "
            "added until every variant is decided: 5, 10, then 20."
        ),
    ] = "5",
    samples: Annotated[
        str | None,
        typer.Option(help="Training sizes, separated by commas; all images if not given."),
    ] = None,
    folds: Annotated[
        int | None,
        typer.Option(help="Cross-validate in so many folds; give a multiple of it as --seeds."),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            callback=read_config,
            is_eager=True,
            help="TOML file of options, and a table [training]; the command line replaces it.",
        ),
    ] = None,
    protocol: Annotated[
        str | None,
        typer.Option(
            help="A published way to train: cifar-200, medmnist-100, scsa-imagenet-100 or default."
        ),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(help="Epochs of each training; 10, or those of the protocol, if not given."),
    ] = None,
    select: Annotated[
        str | None,
        typer.Option(help="Images that choose the best epoch: validation (if not given) or test."),
    ] = None,
    backbone: Annotated[str | None, typer.Option(help="Another name of --model.")] = None,
    headline: Annotated[
        str | None,
        typer.Option(help="Metric that the verdicts are about; auc, or dice, if not given."),
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option(help="Smallest difference in it that matters; 0.01 if not given."),
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(help="Images per training step; 64 if not given, less for small sets."),
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="Of the first step; 0.003 if not given.")
    ] = None,
    weight_decay: Annotated[float | None, typer.Option(help="0.0005 if not given.")] = None,
    optimizer: Annotated[
        str | None, typer.Option(help='Such as "sgd(momentum=0.9)"; adamw if not given.')
    ] = None,
    schedule: Annotated[
        str | None, typer.Option(help="cosine (if not given), constant or steps.")
    ] = None,
    augmentation: Annotated[
        str | None, typer.Option(help="none, shift-flip, standard or strong.")
    ] = None,
    shift: Annotated[
        int | None, typer.Option(help="Shift training images by up to this many pixels.")
    ] = None,
    flip: Annotated[bool, typer.Option("--flip", help="Mirror half of the images.")] = False,
    label_smoothing: Annotated[
        float | None, typer.Option(help="Share of the target spread over all classes.")
    ] = None,
    class_weights: Annotated[
        str | None, typer.Option(help="balanced, or weights such as healthy=1,sick=4.")
    ] = None,
    freeze_epochs: Annotated[
        int | None, typer.Option(help="Epochs that train only the head and the attention.")
    ] = None,
    patience: Annotated[
        int | None, typer.Option(help="End a training after this many epochs without a gain.")
    ] = None,
    dtype: Annotated[
        str | None, typer.Option(help="float32, mixed_bfloat16 or mixed_float16.")
    ] = None,
    size: Annotated[
        int | None, typer.Option(help="Side of the images that reach the network, in pixels.")
    ] = None,
    task: Annotated[
        str | None,
        typer.Option(help="binary, multi-class, ordinal, multi-label, segmentation or detection."),
    ] = None,
    void: Annotated[
        int | None,
        typer.Option(help="Value of the pixels in masks that are not counted; 255 if not given."),
    ] = None,
    faulty_boxes: Annotated[
        str, typer.Option(help="Boxes without area or outside of their image: drop or refuse.")
    ] = "drop",
    class_names: ClassNames = None,
    granularity: Granularity = None,
    data_dir: DataDir = None,
    output: Annotated[
        Path | None, typer.Option(help="Folder for the results; runs/DATASET if not given.")
    ] = None,
    engine: Annotated[
        str, typer.Option(help="local, or ray for a cluster that shares the output folder.")
    ] = "local",
    jobs: Annotated[
        int | None,
        typer.Option(help="Trials at a time; 1 if not given, with ray one per processor."),
    ] = None,
    address: Annotated[str, typer.Option(help="Of the Ray cluster's head, or auto.")] = "auto",
    predictions: Annotated[
        bool,
        typer.Option(
            "--predictions/--no-predictions",
            help="Keep the predictions, so that verdicts account for the choice of test images.",
        ),
    ] = True,
    devices: Annotated[
        str | None,
        typer.Option(help="all, to share each batch among the devices of this machine."),
    ] = None,
    pilot: Annotated[
        int, typer.Option(help="With plan: seeds of a short study that measures the spread.")
    ] = 0,
    status: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Only say how far the study in this folder is."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Train topologies side by side on your images, with a baseline, and report.

    The same command resumes a run that was ended.
    """
    if (status is None) == (not datasets):
        raise ValueError(
            "Give either data sets or --status DIR, such as `keras-attn compare breastmnist` or "
            "`keras-attn compare --status runs/breastmnist`."
        )
    if status is not None:
        show_status(status, as_json)
        return
    import keras

    from keras_attn.data import load_dataset
    from keras_attn.study import compare, plan_study
    from keras_attn.study.files import standard

    if class_names is not None and len(datasets or ()) > 1:
        raise ValueError("--class-names are those of one data set. Compare the sets one by one.")
    images = [
        load_dataset(
            name,
            data_dir=data_dir,
            size=loaded_size(name, size, data_dir),
            task=task,  # type: ignore[arg-type]  # checked there
            class_names=read_class_names(class_names),
            granularity=granularity,  # type: ignore[arg-type]
            void=void,
            faulty_boxes=faulty_boxes,  # type: ignore[arg-type]
        )
        for name in datasets or ()
    ]
    arguments: dict[str, Any] = {
        "variants": variants,
        "topologies": topologies,
        "model": model,
        "weights": weights,
        "value_range": None if value_range is None else two_numbers(value_range),
        "size": size,
        "seeds": which_seeds(seeds),
        "samples": None if samples is None else whole_numbers("--samples", samples),
        "folds": folds,
        "training": training_of(
            context,
            protocol,
            optimizer=optimizer,
            schedule=schedule,
            augmentation=augmentation,
            label_smoothing=label_smoothing,
            class_weights=read_class_weights(class_weights),
            freeze_epochs=freeze_epochs,
            patience=patience,
            dtype=dtype,
            epochs=epochs,
            select=select,
        ),
        "backbone": backbone,
        "headline": headline,
        "margin": margin,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "weight_decay": weight_decay,
        "shift": shift,
        "flip": flip or None,
        "devices": devices,
    }
    if context.info_name == PLAN:
        found = plan_study(images, pilot=pilot, **arguments)
        if as_json:
            show_json(standard(found.as_dict()))
        else:
            typer.echo(str(found))
        return
    if pilot:
        raise ValueError("--pilot is for `keras-attn plan`, which takes the options of compare.")
    folder = output or Path("runs") / "-".join(each.name for each in images)
    with saying_how_to_resume(folder):
        comparison = compare(
            images,
            **arguments,
            predictions=predictions,
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
