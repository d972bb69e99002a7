"""A training in words, for the report."""

from __future__ import annotations

from keras_attn.study.training import Training

PRESETS = {
    "shift-flip": "shifts by up to an eighth of the side, mirrored left to right",
    "standard": "shifts by up to an eighth of the side, mirrored left to right, brightness and "
    "contrast changed by up to 20 %",
    "strong": "shifts by up to an eighth of the side, mirrored left to right, brightness and "
    "contrast changed by up to 20 %, rotations by up to 15 degrees, a box of a quarter of each "
    "side erased",
}


def training_in_words(training: Training) -> dict[str, str]:
    """The rows of the report that describe a training; empty ones are left out."""
    rate, decay = f"{training.learning_rate:g}", f"{training.weight_decay:g}"
    clipped = training.clip_norm
    return {
        "Epochs": _epochs(training),
        "Batch size": str(
            training.batch_size or "64, or less where an epoch would have fewer than 8 steps"
        ),
        "Optimiser": f"{_name(training)}, learning rate {rate} {_schedule(training)}, "
        f"weight decay {decay}"
        + ("" if clipped is None else f", gradients clipped to a norm of {clipped:g}"),
        "Fine-tuning": _phases(training),
        "Loss": _loss(training),
        "Precision": "" if training.dtype == "float32" else training.dtype,
        "Augmentation": _augmentation(training),
    }


def _epochs(training: Training) -> str:
    waits = training.patience
    early = "" if waits is None else f", ended after {waits} epochs without a better score"
    return f"{training.epochs}; scored at the one with the best {training.select} score{early}"


def _name(training: Training) -> str:
    """The optimiser as people write it."""
    if isinstance(training.optimizer, dict):
        return str(training.optimizer["class_name"])
    return "AdamW" if training.optimizer == "adamw" else training.optimizer


def _schedule(training: Training) -> str:
    kinds = {
        "cosine": "with cosine decay",
        "constant": "constant",
        "steps": f"times {training.factor:g} after {_numbers(training.milestones)} epochs",
    }
    rise = training.warmup_epochs
    return kinds[training.schedule] + (f" after a rise of {rise:g} epochs" if rise else "")


def _phases(training: Training) -> str:
    parts = []
    if training.freeze_epochs:
        parts.append(
            f"in the first {training.freeze_epochs} epochs only the new layers were trained, then "
            f"everything with {training.unfrozen_rate:g} times the learning rate"
        )
    if training.pretrained_rate != 1.0:
        parts.append(
            f"trained weights had {training.pretrained_rate:g} times the learning rate of new ones"
        )
    return "; ".join(parts)


def _loss(training: Training) -> str:
    parts = []
    if training.label_smoothing:
        parts.append(f"label smoothing {training.label_smoothing:g}")
    if training.class_weights == "balanced":
        parts.append("each class weighted by the inverse of its frequency")
    elif isinstance(training.class_weights, dict):
        table = ", ".join(f"{name} {weight:g}" for name, weight in training.class_weights.items())
        parts.append(f"class weights: {table}")
    return "; ".join(parts)


def _augmentation(training: Training) -> str:
    kinds = [f"shifts by up to {training.shift} pixels"] if training.shift else []
    kinds += ["mirrored left to right"] if training.flip else []
    if isinstance(training.augmentation, dict):
        kinds.append(f"the layer {training.augmentation['class_name']}")
    elif training.augmentation != "none":
        kinds.append(PRESETS[training.augmentation])
    return " and ".join(kinds) or "none"


def _numbers(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:g}" for value in values)
