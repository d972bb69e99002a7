"""What a trained network looks at: the maps of its gates, and what speaks for a class.

The figures need matplotlib, from the extra `study`; `read_gates`, `spatial_gates` and
`class_activation_maps` give the numbers without it.
"""

from typing import TYPE_CHECKING, Any

from keras_attn.extras import require
from keras_attn.visualize.activation import Activation, class_activation_maps
from keras_attn.visualize.gates import read_gates, spatial_gates

if TYPE_CHECKING:
    from keras_attn.visualize.figures import class_activation, explain, gate_maps

__all__ = [
    "Activation",
    "class_activation",
    "class_activation_maps",
    "explain",
    "gate_maps",
    "read_gates",
    "spatial_gates",
]


def __getattr__(name: str) -> Any:
    if name in ("class_activation", "explain", "gate_maps"):
        require("matplotlib", extra="study")
        return getattr(require("keras_attn.visualize.figures", extra="study"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
