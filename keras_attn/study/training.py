"""How the trials of a study are trained: one configuration for all of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from numbers import Real
from typing import Any

from keras_attn.checks import check_choice, check_whole_number
from keras_attn.kernels.devices import check_devices, device_count
from keras_attn.study.augmentation import as_augmentation
from keras_attn.study.optimizer_names import SCHEDULES, as_optimizer

#: Images per step, if the training split is large enough for eight steps per epoch.
USUAL_BATCH_SIZE = 64

#: The settings that `results.csv` has a column of.
COLUMNS = ("epochs", "batch_size", "learning_rate", "weight_decay", "shift", "flip")

#: The policies that a study can compute in.
DTYPES = ("float32", "mixed_bfloat16", "mixed_float16")


#: The images that can choose the best epoch.
SELECTIONS = ("validation", "test")


@dataclass(frozen=True)
class Training:
    """How every trial of a study is trained: optimiser, schedule, augmentation, precision.

    In a short comparison of ten epochs, AdamW reached a higher mean AUC on breastmnist (0.90 over
    three seeds) than SGD, which is usual for residual networks (0.83, with a rate of 0.1 for a
    batch of 128), and the same on digits. A learning rate of 3e-3 gave higher validation scores
    than 1e-3 with attention and, more importantly, without: a baseline that has not converged
    makes everything that is compared with it look good.

    Augmentation is off by default, because the right one depends on the images: a mirrored digit
    is another digit, and a shift by 4 pixels is half of an 8x8 image.

    Args:
        epochs: Passes over the training split.
        batch_size: Images per step; the whole split if it is smaller. If None, `for_samples`
            chooses.
        learning_rate: The rate at which the schedule begins.
        weight_decay: Decoupled weight decay of every trainable weight.
        shift: Shift images by up to this many pixels, and fill the border with zeros.
        flip: Mirror half of the images left to right.
        devices: `"all"` to share each batch among the devices of the machine, or None.
        optimizer: A text such as `"adamw"` or `"sgd(momentum=0.9, nesterov=true)"`, or a Keras
            optimiser, whose own learning rate and weight decay are replaced by those given here.
        schedule: `"cosine"` (to zero), `"constant"`, or `"steps"`.
        milestones: For `"steps"`: the epochs after which the rate is multiplied by `factor`.
        factor: For `"steps"`: the factor.
        warmup_epochs: Epochs in which the rate rises linearly to `learning_rate`.
        label_smoothing: Share of the target that is spread over all classes, 0 to below 1.
        class_weights: `"balanced"` to weight each class by the inverse of its frequency, or the
            weight of each class by its name; not for multi-label tasks.
        dtype: `"float32"`, `"mixed_bfloat16"` or `"mixed_float16"`.
        patience: End a training after this many epochs without a better validation score; None
            to train all epochs.
        clip_norm: Largest norm of all gradients together; None for no limit.
        augmentation: `"none"`, `"shift-flip"` (by an eighth of the side), `"standard"` (and
            brightness and contrast), `"strong"` (and rotation and erased rectangles), or a Keras
            preprocessing layer. `shift` and `flip` apply besides.
        freeze_epochs: Epochs at the beginning in which only new layers are trained: the head and
            the attention. The layers of a trained model are frozen, their batch normalisation in
            inference mode.
        unfrozen_rate: After `freeze_epochs`, everything is trained with `learning_rate` times
            this.
        pretrained_rate: The learning rate of weights that were trained before, as a multiple of
            that of new ones.
        select: The images by which the best epoch is chosen: `"validation"`, or `"test"`, as some
            published results are, which makes all scores too high.
        protocol: The name of the protocol that the settings began with, for the report.

    Raises:
        ValueError: If a value is not valid.

    Example:
        >>> from keras_attn import Training
        >>> Training(epochs=30, optimizer="sgd(momentum=0.9)", learning_rate=0.1).schedule
        'cosine'
    """

    epochs: int = 10
    batch_size: int | None = None
    learning_rate: float = 3e-3
    weight_decay: float = 5e-4
    shift: int = 0
    flip: bool = False
    devices: str | None = None
    optimizer: Any = "adamw"
    schedule: str = "cosine"
    milestones: tuple[float, ...] = ()
    factor: float = 0.1
    warmup_epochs: float = 0.0
    label_smoothing: float = 0.0
    class_weights: str | dict[str, float] | None = None
    dtype: str = "float32"
    patience: int | None = None
    clip_norm: float | None = None
    augmentation: Any = "none"
    freeze_epochs: int = 0
    unfrozen_rate: float = 0.1
    pretrained_rate: float = 1.0
    select: str = "validation"
    protocol: str = ""

    def __post_init__(self) -> None:
        whole = {"epochs": 1, "batch_size": 1, "shift": 0, "patience": 1, "freeze_epochs": 0}
        for name, least in whole.items():
            if getattr(self, name) is not None or name not in ("batch_size", "patience"):
                self._set(name, check_whole_number(name, getattr(self, name), least))
        for name in ("learning_rate", "weight_decay", "warmup_epochs", "pretrained_rate"):
            self._set(name, check_number(name, getattr(self, name)))
        for name in ("factor", "unfrozen_rate"):
            self._set(name, check_number(name, getattr(self, name), above=0.0))
        self._set("label_smoothing", check_number("label_smoothing", self.label_smoothing, top=1))
        if self.clip_norm is not None:
            self._set("clip_norm", check_number("clip_norm", self.clip_norm, above=0.0))
        self._set("flip", bool(self.flip))
        check_devices(self.devices)
        check_choice("schedule", self.schedule, SCHEDULES)
        check_choice("dtype", self.dtype, DTYPES)
        check_choice("select", self.select, SELECTIONS)
        self._set("optimizer", as_optimizer(self.optimizer))
        self._set("augmentation", as_augmentation(self.augmentation))
        self._check_milestones()
        self._check_class_weights()
        if self.freeze_epochs >= self.epochs:
            raise ValueError(
                "`freeze_epochs` must be less than `epochs`, because the epochs after it train "
                f"everything. Received: freeze_epochs={self.freeze_epochs}, epochs={self.epochs}."
            )

    def _check_milestones(self) -> None:
        milestones = tuple(check_number("milestones", each) for each in self.milestones)
        self._set("milestones", milestones)
        if (self.schedule == "steps") != bool(milestones) or sorted(set(milestones)) != [
            *milestones
        ]:
            raise ValueError(
                "`milestones` must be increasing numbers of epochs with schedule='steps', and "
                f"empty with others. Received: schedule={self.schedule!r}, "
                f"milestones={self.milestones!r}."
            )

    def _check_class_weights(self) -> None:
        weights = self.class_weights
        if isinstance(weights, Mapping):
            table = {str(name): check_number("class_weights", w) for name, w in weights.items()}
            self._set("class_weights", table)
        elif weights not in (None, "balanced"):
            raise ValueError(
                "`class_weights` must be None, 'balanced', or the weight of each class by its "
                f"name. Received: {weights!r}."
            )

    def _set(self, name: str, value: Any) -> None:
        """Sets a field, so that JSON and pickle never see NumPy's types of numbers."""
        object.__setattr__(self, name, value)

    def for_samples(self, num_samples: int) -> Training:
        """The configuration with a batch size: 64, or less for small sets, so that steps remain.

        Several devices get equal parts of each batch.

        Args:
            num_samples: Number of training images.

        Raises:
            ValueError: If the batch size is not a multiple of the number of devices.
        """
        count = device_count(self.devices)
        if self.batch_size is None:
            suitable = min(USUAL_BATCH_SIZE, max(8, num_samples // 8))
            return replace(self, batch_size=max(count, suitable - suitable % count))
        if self.batch_size % count:
            raise ValueError(
                f"`batch_size` must be a multiple of the number of devices, {count}, which share "
                f"each batch. Received: batch_size={self.batch_size}."
            )
        return self

    def as_dict(self) -> dict[str, Any]:
        """The settings by name, for JSON.

        Those that were added later are left out while they have their defaults, so that studies
        that were stored before still have the same configuration.
        """
        defaults = {each.name: each.default for each in fields(self)}
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
            if name in COLUMNS or value != defaults[name]
        }


def check_number(name: str, value: Any, above: float | None = None, top: float = math.inf) -> float:
    """A finite number as a float.

    Args:
        name: The argument.
        value: What was given.
        above: The number must be larger than this; if None, at least 0.
        top: The number must be smaller than this.

    Raises:
        ValueError: If it is not such a number.
    """
    valid = isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    if not (valid and (value >= 0 if above is None else value > above) and value < top):
        least = "of at least 0" if above is None else f"above {above:g}"
        below = "" if math.isinf(top) else f" and below {top:g}"
        raise ValueError(f"`{name}` must be a number {least}{below}. Received: {value!r}.")
    return float(value)
