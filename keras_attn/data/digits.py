"""scikit-learn's handwritten digits: small, real and always there."""

from __future__ import annotations

import numpy as np

from keras_attn.data.raw import RawDataset
from keras_attn.extras import require


def load_digits() -> RawDataset:
    """Load 1,797 scans of handwritten digits, 8x8, as floats.

    They are stored as the numbers 0 to 16, which floats in [0, 1] keep exactly and bytes do not.

    Returns:
        The scans as training images; the other splits are cut from them.
    """
    found = require("sklearn.datasets", extra="datasets").load_digits()
    images = (found.images / 16).astype(np.float32)
    return RawDataset(
        name="digits",
        arrays={"train": (images, found.target)},
        origin="digits",
        task="multi-class",
        class_names=tuple("0123456789"),
        licence="CC BY 4.0",
        source=(
            "Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, "
            "doi:10.24432/C50P49; the test part, as scikit-learn ships it"
        ),
    )
