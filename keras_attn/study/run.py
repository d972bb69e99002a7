"""`keras_attn.compare`: makes the plan, runs it, and returns the comparison."""

from __future__ import annotations

import inspect
import os
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from keras_attn.checks import check_choice, check_whole_number
from keras_attn.study.arguments import Source, plan_of
from keras_attn.study.choices import LOOKS
from keras_attn.study.comparison import Comparison
from keras_attn.study.engines.cluster import run_on_cluster
from keras_attn.study.engines.local import run_local
from keras_attn.study.files import prepare_folder
from keras_attn.study.plan import Plan
from keras_attn.study.planning import Outlook, outlook
from keras_attn.study.progress import TrialProgress
from keras_attn.study.store import Store
from keras_attn.study.training import Training
from keras_attn.study.verdicts import LEAST_SEEDS

ENGINES = ("local", "ray")


def compare(
    dataset: Source | Sequence[Source],
    variants: Any = None,
    *,
    topologies: Any = None,
    model: Any = None,
    weights: str | None = None,
    value_range: Sequence[float] | None = None,
    size: int | None = None,
    seeds: int | str | Sequence[int] = LEAST_SEEDS,
    samples: int | Sequence[int] | None = None,
    folds: int | None = None,
    training: Training | None = None,
    protocol: str | None = None,
    epochs: int | None = None,
    backbone: str | None = None,
    headline: str | None = None,
    margin: float | None = None,
    output: str | os.PathLike[str] | None = None,
    data_dir: str | os.PathLike[str] | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    weight_decay: float | None = None,
    shift: int | None = None,
    flip: bool | None = None,
    select: str | None = None,
    devices: str | None = None,
    engine: str = "local",
    jobs: int | None = None,
    address: str = "auto",
    predictions: bool = True,
    progress: bool = True,
    command: str | None = None,
) -> Comparison:
    """Trains a network with each topology, and without attention, on the same images.

    Before the first training starts, everything is checked and every network is constructed.
    Every trial is stored in `output` as soon as it ends: the same call resumes an earlier one, and
    several calls at the same time share the work. On a CPU, the same seeds, backend and number of
    threads give the same results to the last digit.

    Networks with the same seed are paired: they start with equal weights in all layers that they
    share, and see the same images in the same order.

    Args:
        dataset: A `Dataset`, or what `keras_attn.load_dataset` takes, such as a name, a path or a
            `tf.data.Dataset`; or several.
        variants: What is compared: texts such as `"csa"` or `"csa(reduction=8)@stage3:published"`,
            or a `keras_attn.Variant`, a layer or layer class, a function that takes a model and
            returns one; or a list of these. If None, `"csa"` and the two keys that the guideline
            names first for these images. The network without attention, `"none"`, is always added
            in front, and a plain network with the same number of parameters as the largest
            variant, `"matched-VARIANT"`, at the end, if there is one that matches within 5 %.
        topologies: Another name of `variants`.
        model: The network: `"resnet20"` (if None), `"resnet18"`, `"resnet50"`, or the smallest,
            `"resnet8"`; a Functional `keras.Model`, trained or not, or the path of a `.keras` file;
            a function `(image_shape, num_classes) -> keras.Model`, which may return logits or
            probabilities, or the text `"file.py:function"` or `"package.module:function"`; or
            `"keras.applications:NAME"`. All trials start from its weights if they are trained.
        weights: For an application, a file of weights, or the library's own by their name; None
            for random weights.
        value_range: Smallest and largest pixel value that the model expects; None to read it off
            its layers. The images of models with random weights are standardised.
        size: Side of the images that reach the network, which are resized; None to leave them as
            they are.
        seeds: How many, counted from 0, or which. With fewer than five, nothing is decided.
            `"auto"` looks at the results after 5, 10 and 20 seeds, and stops as soon as every
            variant is decided; the error level is divided among the three looks.
        samples: How many of the training images to train on, or several such numbers, which are
            compared separately; if None, all of them. The subsets are stratified, and each is
            contained in the larger ones.
        folds: Cross-validation: the images of all splits are dealt to so many folds, at least 3,
            stratified by class and by group. Seed s is tested on fold s mod `folds`, with the next
            fold for validation, so give a multiple of `folds` seeds. The folds are pooled into one
            estimate by the corrected resampled t-test. None for the splits of the set.
        training: How every network is trained, a `keras_attn.Training`; its defaults if None.
            Arguments below with the same names replace what it says.
        protocol: A published way to train in place of `training`: `"cifar-200"`, `"medmnist-100"`,
            `"scsa-imagenet-100"`, or `"default"`. With another number of `epochs`, the schedule is
            scaled to it.
        epochs: Epochs of every training; the best on the validation split is scored.
        backbone: Another name of `model`.
        headline: The metric that the verdicts are about: `"auc"`, `"accuracy"`,
            `"balanced_accuracy"`, `"calibration_error"`, for ordinal tasks also `"kappa"` and
            `"mean_absolute_error"`; for segmentation `"dice"`, `"iou"`, `"miou"` or
            `"pixel_accuracy"`. If None, AUC, and Dice for segmentation.
        margin: The smallest difference in it that matters; if None, 0.01 for metrics between 0
            and 1. A variant is equivalent to no attention if it is shown to be within it.
        output: A folder for the trials, `results.csv`, `results.json`, `report.html` and
            `best.keras`; files of these names are replaced.
        data_dir: Where `load_dataset` looks for images.
        batch_size: Images per step; if None, 64, or less for small sets, so that steps remain.
        learning_rate: The rate of AdamW at the first step of its cosine decay.
        weight_decay: The weight decay of AdamW.
        shift: Shift training images by up to this many pixels.
        flip: Mirror half of the training images left to right.
        select: The images that choose the best epoch, `"validation"` or `"test"`. The latter is how
            some published results were found; it makes all scores too high, and the report says so.
        devices: `"all"` to share every batch among the devices of the machine, on JAX and
            TensorFlow; None for one device.
        engine: `"local"`, or `"ray"` for the machines of a cluster, which must see `output`.
        jobs: How many trials to run at the same time; if None one, or with Ray one per processor.
        address: The address of the head of the Ray cluster, or `"auto"` for the cluster that this
            process or this machine belongs to.
        predictions: Whether to keep the predictions for every test image, with which verdicts also
            rest on how much other test images would change. Without them they rest on the seeds.
        progress: Whether to show progress on standard error: a bar in a terminal or notebook, and
            one line per trial elsewhere.
        command: The command that the report shows; this call if None.

    Returns:
        A `Comparison`: `.results`, `.summary()`, `.plot()`, `.report(path)`, `.best_model`.

    Raises:
        ValueError: If an argument is not valid, a topology does not fit the network, or `output`
            holds trials that were trained with another configuration.
        NotADirectoryError: If `output` is a file.
        PermissionError: If no file can be written to `output`.
        OSError: If a trial cannot be written; earlier trials are kept.
        ConnectionError: If there is no Ray cluster at the address.
        RuntimeError: If every trial failed, or the processes that ran them were killed.

    Example:
        >>> import keras_attn
        >>> comparison = keras_attn.compare("digits", ["csa"], seeds=2)  # doctest: +SKIP
        >>> comparison.summary()[["accuracy", "auc", "verdict"]]  # doctest: +SKIP
    """
    arguments = locals()
    check_choice("engine", engine, ENGINES)
    if jobs is not None:
        jobs = check_whole_number("jobs", jobs, 1)
    plan = plan_of(arguments)
    called = call_of(arguments) if command is None else command
    with study_folder(output) as folder:
        for look in looks(plan):
            store = Store.create(folder, look, called, predictions)
            try:
                _run(look, store, engine, jobs, address, progress)
            except KeyboardInterrupt:
                if output is not None:
                    Comparison.load(look, store, called).save_results(folder)
                raise
            comparison = Comparison.load(look, store, called)
            _check_any(comparison)
            if comparison.analysis.is_decided:
                break
        if output is not None:
            comparison.save(folder)
    return comparison


def plan_study(
    dataset: Source | Sequence[Source], variants: Any = None, *, pilot: int = 0, **arguments: Any
) -> Outlook:
    """What a study will take and what it can show, before it is run.

    Without a pilot, a few steps are timed, and the spread of differences is that of the stored
    study of this project that is most alike; `str` of the result says which.

    Args:
        dataset: As for `keras_attn.compare`.
        variants: As for `keras_attn.compare`.
        pilot: Seeds of a pilot, at least 2, which trains the network without attention and the
            first variant in full; 0 for none.
        **arguments: Other arguments of `keras_attn.compare`.

    Returns:
        An `Outlook`: `.seconds`, `.smallest_difference`, `.seeds_for_equivalence` and more.

    Raises:
        ValueError: If an argument is not valid.
        TypeError: If an argument is not one of `keras_attn.compare`.

    Example:
        >>> import keras_attn
        >>> print(keras_attn.plan_study("digits", "csa", seeds=5))  # doctest: +SKIP
    """
    if pilot:
        pilot = check_whole_number("pilot", pilot, 2)
    bound = inspect.signature(compare).bind(dataset, variants, **arguments)
    bound.apply_defaults()
    return outlook(plan_of(bound.arguments), pilot)


def looks(plan: Plan) -> Iterator[Plan]:
    """The plan, or for each look the plan with its number of seeds."""
    if plan.question.looks == 1:
        yield plan
        return
    for count in LOOKS:
        yield replace(plan, grid=replace(plan.grid, seeds=tuple(range(count))))


def _run(
    plan: Plan, store: Store, engine: str, jobs: int | None, address: str, progress: bool
) -> None:
    run = uuid.uuid4().hex
    with TrialProgress(plan, store, run, visible=progress, workers=jobs or 1) as bar:
        if engine == "ray":
            run_on_cluster(plan, store, run, jobs, address, bar.look)
        else:
            run_local(plan, store, run, jobs or 1, bar)


def _check_any(comparison: Comparison) -> None:
    """Checks that at least one trial did not fail.

    Raises:
        RuntimeError: If every trial failed.
    """
    errors = [trial.error for trial in comparison.trials.values() if trial.error]
    if len(errors) == len(comparison.trials):
        raise RuntimeError(f"Every trial failed. The first:\n{errors[0]}")


@contextmanager
def study_folder(output: str | os.PathLike[str] | None) -> Iterator[Path]:
    """The folder that was given, or a temporary one."""
    if output is not None:
        yield prepare_folder(output)
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def call_of(arguments: dict[str, Any]) -> str:
    """The call of `compare`, with the arguments that differ from their defaults."""
    defaults = inspect.signature(compare).parameters
    written = {
        name: repr(plain(value))
        for name, value in arguments.items()
        if name not in ("dataset", "progress", "command")
    }
    shown = [
        f"{name}={text}" for name, text in written.items() if text != repr(defaults[name].default)
    ]
    dataset = arguments["dataset"]
    first = repr(os.fspath(dataset)) if isinstance(dataset, (str, os.PathLike)) else "dataset"
    return f"keras_attn.compare({', '.join([first, *shown])})"


def plain(value: Any) -> Any:
    """A path as text, and NumPy's numbers and arrays as Python's; any other value as it is."""
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, (list, tuple)):
        return type(value)(map(plain, value))
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value
