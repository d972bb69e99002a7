"""Channel-spatial attention for Keras 3: layers, a guideline, and an honest comparison.

Importing the package registers its layers, so that saved models with them can be loaded.
`compare` is imported when it is first used: it needs the extra `study`.
"""

from typing import TYPE_CHECKING, Any

from keras_attn import layers
from keras_attn.branch_network import attention_branch_network
from keras_attn.catalogue import create, describe, list_layers, list_topologies
from keras_attn.cost import cost
from keras_attn.data import describe_model, load_dataset
from keras_attn.extras import require
from keras_attn.guideline import recommend, recommend_for
from keras_attn.surgery import insert_attention, insertion_points, remove_attention
from keras_attn.torch_weights import load_torch_weights, torch_state_dict
from keras_attn.version import __version__

if TYPE_CHECKING:
    from keras_attn.study import compare

__all__ = [
    "__version__",
    "attention_branch_network",
    "compare",
    "cost",
    "create",
    "describe",
    "describe_model",
    "insert_attention",
    "insertion_points",
    "layers",
    "list_layers",
    "list_topologies",
    "load_dataset",
    "load_torch_weights",
    "recommend",
    "recommend_for",
    "remove_attention",
    "torch_state_dict",
]


def __getattr__(name: str) -> Any:
    if name == "compare":
        return require("keras_attn.study", extra="study").compare
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
