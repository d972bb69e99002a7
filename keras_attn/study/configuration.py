"""How the trials of a study are trained: one configuration for all of them."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from numbers import Real
from typing import Any

import keras

from keras_attn.checks import check_whole_number
from keras_attn.kernels.devices import check_devices, device_count

#: Images per step, if the training split is large enough for eight steps per epoch.
USUAL_BATCH_SIZE = 64


@dataclass(frozen=True)
class TrainingConfig:
    """The optimiser (AdamW with cosine decay to zero), its schedule, and the augmentation.

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
        learning_rate: The rate of the first step.
        weight_decay: Decoupled weight decay of every trainable weight.
        shift: Shift images by up to this many pixels, and fill the border with zeros.
        flip: Mirror half of the images left to right.
        devices: `"all"` to share each batch among the devices of the machine, or None.
    """

    epochs: int = 10
    batch_size: int | None = None
    learning_rate: float = 3e-3
    weight_decay: float = 5e-4
    shift: int = 0
    flip: bool = False
    devices: str | None = None

    def __post_init__(self) -> None:
        for name, least in (("epochs", 1), ("batch_size", 1), ("shift", 0)):
            if not (name == "batch_size" and self.batch_size is None):
                self._set(name, check_whole_number(name, getattr(self, name), least))
        for name in ("learning_rate", "weight_decay"):
            value = getattr(self, name)
            if not (isinstance(value, Real) and math.isfinite(value) and float(value) >= 0):
                raise ValueError(f"`{name}` must be a number of at least 0. Received: {value!r}.")
            self._set(name, float(value))
        self._set("flip", bool(self.flip))
        check_devices(self.devices)

    def _set(self, name: str, value: Any) -> None:
        """Sets a field, so that JSON and pickle never see NumPy's types of numbers."""
        object.__setattr__(self, name, value)

    def for_samples(self, num_samples: int) -> TrainingConfig:
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

    def optimizer(self, steps: int) -> keras.optimizers.Optimizer:
        """A new optimiser for a training with this number of steps."""
        return keras.optimizers.AdamW(
            keras.optimizers.schedules.CosineDecay(self.learning_rate, steps),
            weight_decay=self.weight_decay,
        )

    def as_dict(self) -> dict[str, Any]:
        """All settings by name; `devices` only if it is set."""
        values = asdict(self)
        return values if self.devices else {k: v for k, v in values.items() if k != "devices"}
