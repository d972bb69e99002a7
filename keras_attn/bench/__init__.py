"""How long a layer takes on this machine: what `keras-attn bench` and benchmarks/ measure."""

from keras_attn.bench.clock import interleaved_times, seconds
from keras_attn.bench.memory import MEMORY_ENVIRONMENT, peak_memory
from keras_attn.bench.steps import (
    MODES,
    Step,
    layer_steps,
    new_layer,
    random_data,
    torch_steps,
)
from keras_attn.bench.timing import Timing, bench, check_shape

__all__ = [
    "MEMORY_ENVIRONMENT",
    "MODES",
    "Step",
    "Timing",
    "bench",
    "check_shape",
    "interleaved_times",
    "layer_steps",
    "new_layer",
    "peak_memory",
    "random_data",
    "seconds",
    "torch_steps",
]
