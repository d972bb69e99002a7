import numpy as np
import pytest

from keras_attn.data import medmnist


@pytest.fixture
def arrays():
    """Returns arrays of a valid file in the MedMNIST layout, to be spoilt by a test."""

    def make(per_class=(4, 4), val=2, test=3, shape=(6, 5, 3), seed=0):
        rng = np.random.default_rng(seed)
        found = {}
        for part, counts in {
            "train": per_class,
            "val": [val] * len(per_class),
            "test": [test] * len(per_class),
        }.items():
            labels = np.repeat(np.arange(len(per_class)), counts).astype("uint8")
            if len(labels):
                found[f"{part}_images"] = rng.integers(0, 256, (len(labels), *shape), "uint8")
                found[f"{part}_labels"] = labels[:, None]
        return found

    return make


@pytest.fixture
def save(tmp_path):
    def save_arrays(arrays, name="mine.npz"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, **arrays)
        return path

    return save_arrays


@pytest.fixture
def table(tmp_path, monkeypatch):
    """medmnist's INFO and the rest of its module, with no real folder in reach."""
    if not medmnist.is_installed():
        pytest.skip("medmnist is not installed: its table cannot be read")
    root = tmp_path / "root-of-medmnist"
    root.mkdir()
    found = medmnist._table()
    monkeypatch.setattr(found, "DEFAULT_ROOT", str(root))
    monkeypatch.delenv("KERAS_ATTN_DATA", raising=False)
    return found
