"""Folders of images, for tests of what reads them."""

import numpy as np
from PIL import Image

RNG = np.random.default_rng(0)


def noise(height=6, width=5, channels=3):
    pixels = RNG.integers(0, 256, (height, width, channels), "uint8")
    return Image.fromarray(pixels[..., 0] if channels == 1 else pixels)


def write(root, files):
    """Images of random pixels, or the ones given, under a folder."""
    for name in files:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        image = files[name] if isinstance(files, dict) else noise()
        if isinstance(image, bytes):
            path.write_bytes(image)
        else:
            image.save(path)
    return root


def flat(images=None, count=4):
    """Two classes with the same images."""
    images = images or {f"{i}.png": noise() for i in range(count)}
    return {f"{c}/{name}": image for c in ("cat", "dog") for name, image in images.items()}


def split_folders(*parts, classes=("cat", "dog")):
    return [f"{part}/{c}/{i}.png" for part in parts for c in classes for i in range(2)]


def every_image(dataset):
    return [image for part in ("train", "val", "test") for image in getattr(dataset, part).images]
