"""Gate maps on real images, for the home page and for the pages of the layers.

    python -m docs.gate_pictures --data-dir DIR           # all of them
    python -m docs.gate_pictures --data-dir DIR csa cbam  # those of some layers

DIR has the folder `nuclei`: microscopy images of cell nuclei (BBBC038, 2018 Data Science Bowl,
CC0), with masks. A U-Net is trained on them for each picture; the pictures and what they show are
written to docs/images.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
from matplotlib import colormaps
from PIL import Image

import keras_attn
from keras_attn import visualize
from keras_attn.data import Dataset
from keras_attn.layers import AttentionGate
from keras_attn.surgery.gated import insert_gates

IMAGES = Path(__file__).parent / "images"
FOLDER = IMAGES / "gates"
FACTS = FOLDER / "gates.json"

#: The layer of the home page's picture.
GATE = "attention_gate"

#: Test images that are drawn, on the home page and on those of the layers.
HOME, SHOWN = (4, 1, 6, 7, 10), (6, 10)

#: Height and width of the images that reach the network, and of each drawn one.
SIZE, HOME_SIZE, DRAWN = 96, 128, 192

EPOCHS = 4

#: Arguments that differ from the defaults, because these maps have few channels.
ARGUMENTS = {"ema": {"groups": 8}, "shuffle": {"groups": 8}}
GAP = 6


def trained(key: str, images: Dataset) -> keras.Model:
    """A U-Net with one kind of attention, after a short training.

    Args:
        key: A key of the catalogue; attention of one map is after the second level of the decoder,
            attention gates are on all skip connections.
        images: Images with masks of two classes.
    """
    keras.utils.set_random_seed(0)
    model = keras_attn.networks.unet(images.image_shape, outputs=1, widths=(8, 16, 32, 64))
    if key == GATE:
        model = insert_gates(model, "skip", lambda name: AttentionGate(name=name))
    else:
        model = keras_attn.insert_attention(
            model, key, where=["decoder2"], **ARGUMENTS.get(key, {})
        )
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile(keras.optimizers.AdamW(3e-3), loss, jit_compile=False)
    masks = (images.train.labels == 1).astype("float32")[..., None]
    model.fit(images.train.images.astype("float32"), masks, batch_size=16, epochs=EPOCHS, verbose=2)
    return model


def maps(model: keras.Model, images: np.ndarray) -> dict[str, np.ndarray]:
    """Name -> spatial gate, (N, H, W), of the attention on the largest map."""
    gates = list(visualize.read_gates(model, images.astype("float32")).values())[-1]
    return {name: gate.mean(axis=-1) for name, gate in gates.items() if max(gate.shape[1:3]) > 1}


def coloured(gate: np.ndarray) -> np.ndarray:
    """A gate in colours that span its range, (H, W, 3), from 0 to 255."""
    scaled = (gate - gate.min()) / max(float(np.ptp(gate)), 1e-12)
    return np.uint8(colormaps["magma"](scaled)[..., :3] * 255)


def brightened(image: np.ndarray) -> np.ndarray:
    """An image whose brightest value is white, since most of the microscope's are dark."""
    return np.uint8(image / image.max() * 255.0)


def sheet(rows: list[list[np.ndarray]], path: Path) -> None:
    """Writes pictures in rows and columns, with transparent gaps, as a WebP file."""
    step = DRAWN + GAP
    width, height = (step * count - GAP for count in (len(rows[0]), len(rows)))
    drawn = Image.new("RGBA", (width, height))
    for i, row in enumerate(rows):
        for j, picture in enumerate(row):
            enlarged = Image.fromarray(picture).resize((DRAWN, DRAWN), Image.Resampling.BICUBIC)
            drawn.paste(enlarged, (step * j, step * i))
    path.parent.mkdir(exist_ok=True)
    drawn.save(path, quality=82, method=6)


def home(folder: Path) -> None:
    """Writes the picture of the home page: images, and the gate of each below it."""
    images = keras_attn.load_dataset(folder, size=HOME_SIZE)
    chosen = images.test.images[list(HOME)]
    (gate,) = maps(trained(GATE, images), chosen).values()
    sheet([[*map(brightened, chosen)], [*map(coloured, gate)]], IMAGES / "gates.webp")


def layer(key: str, images: Dataset) -> None:
    """Writes the picture of a layer, one row per image, and the range of its gates."""
    chosen = images.test.images[list(SHOWN)]
    found = maps(trained(key, images), chosen)
    facts = stored() | {key: {name: _range(gate) for name, gate in found.items()}}
    if found:
        pictures = zip(chosen, *found.values(), strict=True)
        rows = [[brightened(image), *map(coloured, gates)] for image, *gates in pictures]
        sheet(rows, FOLDER / f"{key}.webp")
    FACTS.parent.mkdir(exist_ok=True)
    FACTS.write_text(json.dumps(dict(sorted(facts.items())), indent=1) + "\n", encoding="utf-8")


def _range(gate: np.ndarray) -> list[float]:
    return [round(float(end), 3) for end in (gate.min(), gate.max())]


def stored() -> dict[str, Any]:
    """Key -> the spatial gates of its picture, with their smallest and largest value."""
    return json.loads(FACTS.read_text(encoding="utf-8")) if FACTS.exists() else {}


def main() -> None:
    """Makes the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("keys", nargs="*", metavar="KEY")
    arguments = parser.parse_args()
    folder = arguments.data_dir / "nuclei"
    if not arguments.keys:
        home(folder)
    images = keras_attn.load_dataset(folder, size=SIZE)
    for key in arguments.keys or keras_attn.list_layers():
        if "single_output" not in keras_attn.describe(key).limits:
            layer(key, images)


if __name__ == "__main__":
    main()
