"""Renews the evidence that notebooks print, which depends on evidence.json and not on the run.

    python -m docs.notebook_evidence

The other outputs are those of the last run; see `docs.notebooks`.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from keras_attn.guideline.evidence import choices, replication

FOLDER = Path(__file__).parents[1] / "notebooks"

#: A printed sentence on a claim, and the claim.
CLAIM = re.compile(r"^  evidence: (.*\bclaim on ([\w-]+)\b.*)$", re.MULTILINE)


#: The sentence that follows it.
CHOICES = re.compile(r"\n  evidence: This project's factorial study.*")


def renewed(text: str) -> str:
    """The text with the evidence of today."""
    sentence = choices()
    line = f"\n  evidence: {sentence}" if sentence else ""
    text = CHOICES.sub("", text)
    return CLAIM.sub(lambda found: f"  evidence: {replication(found[2])}{line}", text)


def main() -> None:
    """Renews the evidence in every notebook."""
    for path in sorted(FOLDER.glob("*.ipynb")):
        before = path.read_text(encoding="utf-8")
        content = json.loads(before)
        for cell in content["cells"]:
            for output in cell.get("outputs", ()):
                if "text" in output:
                    text = renewed("".join(output["text"]))
                    output["text"] = text.splitlines(keepends=True)
        after = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
        if after != before:
            print(path.name)
            path.write_text(after, encoding="utf-8")


if __name__ == "__main__":
    main()
