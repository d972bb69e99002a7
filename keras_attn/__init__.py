"""Channel-spatial attention for Keras 3: layers, a guideline, and an honest comparison.

Importing the package registers its layers, so that saved models with them can be loaded.
`compare`, `test_scores` and the modules `data`, `export` and `visualize` are imported when they are
first used; `compare` and `test_scores` need the extra `study`.
"""

import importlib as _importlib
import importlib.util as _importlib_util
from typing import TYPE_CHECKING

from keras_attn import layers
from keras_attn.catalogue import create, describe, list_layers, list_topologies
from keras_attn.data.description import describe_model
from keras_attn.data.load import load_dataset
from keras_attn.gates import describe_gate, list_gates
from keras_attn.graph.cost import cost
from keras_attn.guideline import recommend, recommend_for
from keras_attn.layers.torch_weights import load_torch_weights, torch_state_dict
from keras_attn.surgery import (
    attention_branch_network,
    freeze_all_but_attention,
    insert_attention,
    insertion_points,
    remove_attention,
    unfreeze,
)
from keras_attn.version import __version__

if TYPE_CHECKING:
    from keras_attn import data, export, networks, visualize
    from keras_attn.study import Training, Variant, compare, plan_study, test_scores

__all__ = [
    "Training",
    "Variant",
    "__version__",
    "attention_branch_network",
    "compare",
    "cost",
    "create",
    "data",
    "describe",
    "describe_gate",
    "describe_model",
    "export",
    "freeze_all_but_attention",
    "insert_attention",
    "insertion_points",
    "layers",
    "list_gates",
    "list_layers",
    "list_topologies",
    "load_dataset",
    "load_torch_weights",
    "networks",
    "plan_study",
    "recommend",
    "recommend_for",
    "remove_attention",
    "test_scores",
    "torch_state_dict",
    "unfreeze",
    "visualize",
]

_PUBLIC = tuple(__all__)

#: The names that need the extra `study`.
_OF_STUDY = ("Training", "Variant", "compare", "plan_study", "test_scores")

# So that a star import works without the extra; the names themselves say what to install.
if not _importlib_util.find_spec("pandas"):
    __all__ = [name for name in __all__ if name not in _OF_STUDY]


def __getattr__(name: str) -> object:
    if name in _OF_STUDY:
        extras = _importlib.import_module("keras_attn.extras")
        return getattr(extras.require("keras_attn.study", extra="study"), name)
    if name in ("data", "export", "networks", "visualize"):
        return _importlib.import_module(f"keras_attn.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(_PUBLIC)
