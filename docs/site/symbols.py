"""What the signs of a formula mean: a line under each formula."""

from __future__ import annotations

import re

from docs.diagrams.flow import GATES
from docs.diagrams.formula import SUBSCRIPTS
from keras_attn.catalogue import Entry

#: Letters and words of the formulas, where they mean the same everywhere.
SYMBOLS = {
    "σ": "the sigmoid",
    "D": "a dense layer",
    "K": "a convolution",
    "BN": "batch normalisation",
    "Σ": "a sum",
}


def legend(entry: Entry) -> str:
    """What is what in the formula of a layer."""
    known = ["x the feature map", "y what comes out"]
    for letter, gate in GATES.items():
        if re.search(rf"(?<![A-Za-z]){letter}[_A-Z{SUBSCRIPTS}']*\(", entry.formula):
            known.append(f"{letter} a {gate}")
    for letter, meaning in SYMBOLS.items():
        if re.search(rf"(?<![A-Za-z]){letter}(?![A-Za-zᵀ])", entry.formula):
            known.append(f"{letter} {meaning}")
    return f"In formula and picture: {', '.join(known)}."
