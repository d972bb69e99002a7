"""Channel-spatial attention for Keras 3: layers, a guideline, and an honest comparison.

The public names are imported when they are first used, so that `import keras_attn` is quick,
leaves the choice of the backend open, and needs no extra that is not used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keras_attn import layers as layers
    from keras_attn.catalogue import create as create
    from keras_attn.catalogue import describe as describe
    from keras_attn.catalogue import list_layers as list_layers
    from keras_attn.catalogue import list_topologies as list_topologies
    from keras_attn.data import load_dataset as load_dataset
    from keras_attn.guideline import recommend as recommend
    from keras_attn.guideline import recommend_for as recommend_for
    from keras_attn.study import compare as compare
    from keras_attn.torch_weights import load_torch_weights as load_torch_weights

__version__ = "0.1.0"

#: Public name -> the module that has it.
_HOMES = {
    "create": "keras_attn.catalogue",
    "list_topologies": "keras_attn.catalogue",
    "list_layers": "keras_attn.catalogue",
    "describe": "keras_attn.catalogue",
    "load_torch_weights": "keras_attn.torch_weights",
    "recommend": "keras_attn.guideline",
    "recommend_for": "keras_attn.guideline",
    "load_dataset": "keras_attn.data",
    "compare": "keras_attn.study",
}

__all__ = ["layers", *_HOMES]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    """Imports a public name when it is first used."""
    if name == "layers":
        return import_module("keras_attn.layers")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """The public names."""
    return [*__all__, "__version__"]
