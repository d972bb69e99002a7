"""Runs the Python blocks of pages, one after the other; later ones may use what is there."""

import re
import sys
from pathlib import Path

BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)

names = {"__name__": "page"}
for page in sys.argv[1:]:
    for block in BLOCK.findall(Path(page).read_text(encoding="utf-8")):
        exec(compile(block, page, "exec"), names)
