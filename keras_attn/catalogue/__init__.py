"""The one table of layers: tests, documentation, command line and guideline read it.

A row is all it takes to give a layer its key. `topologies` and `published` have the rows,
`entry` says what a row is, `lookup` finds one.
"""

from keras_attn.catalogue.count import Count
from keras_attn.catalogue.entry import EXAMPLES, FAMILIES, LIMITS, Entry
from keras_attn.catalogue.lookup import (
    AMBIGUOUS,
    create,
    describe,
    describe_layer_of_one_map,
    list_layers,
    list_topologies,
    register,
)

__all__ = [
    "AMBIGUOUS",
    "EXAMPLES",
    "FAMILIES",
    "LIMITS",
    "Count",
    "Entry",
    "create",
    "describe",
    "describe_layer_of_one_map",
    "list_layers",
    "list_topologies",
    "register",
]
