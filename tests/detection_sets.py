"""Images with boxes, for tests: in memory, and as files of the two usual formats."""

import json

import numpy as np
from PIL import Image

from keras_attn.data.boxes import pack_boxes
from keras_attn.data.dataset import Dataset, Split

NAMES = ("disc", "square")


def scene(random, side, objects):
    """An image with bright objects on noise, and their boxes."""
    image = random.normal(60, 15, (side, side))
    rows, columns = np.mgrid[:side, :side] + 0.5
    boxes = []
    for _ in range(objects):
        radius = random.uniform(side / 8, side / 5)
        y, x = random.uniform(radius, side - radius, 2)
        label = int(random.integers(2))
        distance = [np.hypot(rows - y, columns - x), np.maximum(abs(rows - y), abs(columns - x))]
        image[distance[label] < radius] = (230, 160)[label]
        boxes.append([x - radius, y - radius, x + radius, y + radius, label, 0])
    return np.clip(image, 0, 255).astype("uint8"), np.array(boxes, "float32").reshape(-1, 6)


def scenes(count, side=64, seed=0, most=3):
    """A split of such images, each with up to three objects."""
    random = np.random.default_rng(seed)
    found = [scene(random, side, int(random.integers(1, most + 1))) for _ in range(count)]
    images = np.repeat(np.stack([image for image, _ in found])[..., None], 3, axis=-1)
    return Split(images, pack_boxes([boxes for _, boxes in found], most))


def scene_set(train=16, val=4, test=6, side=64):
    """A set of such images."""
    parts = {
        "train": scenes(train, side),
        "val": scenes(val, side, 1),
        "test": scenes(test, side, 2),
    }
    return Dataset("scenes", "detection", NAMES, **parts)


def write_voc(root, boxes, sizes, splits=None):
    """A folder in the layout of Pascal VOC.

    Args:
        root: The folder.
        boxes: For each image a list of (name, xmin, ymin, xmax, ymax) or, with a difficult object,
            a sixth value.
        sizes: Width and height of each image.
        splits: Names of images by split; None for no lists.
    """
    for folder in ("JPEGImages", "Annotations", "ImageSets/Main"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    for number, (objects, (width, height)) in enumerate(zip(boxes, sizes, strict=True)):
        pixels = np.full((height, width, 3), 40 + 20 * number, "uint8")
        Image.fromarray(pixels).save(root / "JPEGImages" / f"{number}.jpg")
        lines = [
            f"<annotation><size><width>{width}</width><height>{height}</height></size>",
            *(
                f"<object><name>{name}</name><difficult>{int(bool(rest))}</difficult>\n"
                f"<bndbox><xmin>{left}</xmin><ymin>{top}</ymin>"
                f"<xmax>{right}</xmax><ymax>{bottom}</ymax></bndbox></object>"
                for name, left, top, right, bottom, *rest in objects
            ),
            "</annotation>",
        ]
        (root / "Annotations" / f"{number}.xml").write_text("\n".join(lines), encoding="utf-8")
    for part, names in (splits or {}).items():
        (root / "ImageSets/Main" / f"{part}.txt").write_text("\n".join(names) + "\n", "utf-8")
    return root


def coco(boxes, sizes, categories=NAMES):
    """The content of a file of COCO's format; boxes are (name, left, top, width, height, crowd)."""
    numbers = {name: 10 * (place + 1) for place, name in enumerate(categories)}
    annotations = [
        {"image_id": image, "category_id": numbers[name], "bbox": sides, "iscrowd": crowd}
        for image, objects in enumerate(boxes)
        for name, *sides, crowd in objects
    ]
    return {
        "images": [
            {"id": number, "file_name": f"{number}.png", "width": width, "height": height}
            for number, (width, height) in enumerate(sizes)
        ],
        "annotations": [{"id": 100 + n, **each} for n, each in enumerate(annotations)],
        "categories": [{"id": number, "name": name} for name, number in numbers.items()],
    }


def write_coco(path, images, content, sizes):
    """A file of COCO's format and its images."""
    path.parent.mkdir(parents=True, exist_ok=True)
    images.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    for number, (width, height) in enumerate(sizes):
        Image.fromarray(np.full((height, width, 3), 50, "uint8")).save(images / f"{number}.png")
    return path
