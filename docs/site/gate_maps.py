"""What the gates of a layer have learned on real images: a picture and its caption."""

from __future__ import annotations

from docs.gate_pictures import EPOCHS, FOLDER, SIZE, stored

PICTURE = """\
![Microscopy images and the gates of {key}](../images/gates/{key}.webp){{ loading=lazy }}

*Test images of cell nuclei (BBBC038, CC0) and, beside each, the gates of `{key}` after the second
level of the decoder of a small U-Net, trained for {epochs} epochs at {size}x{size}. The colours of
each map span its own range, bright for the largest values. Over these images, {ranges}.*
"""


def gate_maps(key: str) -> str:
    """The picture of a layer; empty if it has none, as for gates without positions."""
    found = stored().get(key)
    if not found or not (FOLDER / f"{key}.webp").exists():
        return ""
    ranges = [f"`{name}` is {low:.2f} to {high:.2f}" for name, (low, high) in found.items()]
    return PICTURE.format(key=key, epochs=EPOCHS, size=SIZE, ranges=", ".join(ranges))
