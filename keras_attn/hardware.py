"""What a process computes on, in words."""

from __future__ import annotations

import os
import platform
from functools import cache
from pathlib import Path


def processor_name() -> str:
    """The name of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


@cache
def hardware() -> str:
    """The processor with the cores that this process may use, and the accelerators of the backend.

    Example:
        >>> "core" in hardware()
        True
    """
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    parts = [f"{processor_name()}, {cores} core{'s' * (cores > 1)}"]
    found = _accelerators()
    parts += [f"{found.count(name)} × {name}" for name in dict.fromkeys(found)]
    return "; ".join(parts)


def _accelerators() -> list[str]:
    """The name of each accelerator that the backend sees."""
    import keras

    backend = keras.backend.backend()
    if backend == "torch":
        import torch

        return [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    if backend == "jax":
        import jax

        return [each.device_kind for each in jax.devices() if each.platform != "cpu"]
    if backend == "tensorflow":
        import tensorflow as tf

        details = tf.config.experimental.get_device_details
        devices = tf.config.list_physical_devices("GPU")
        return [details(each).get("device_name", each.name) for each in devices]
    return []
