"""Prints the lowest versions that pyproject.toml declares, as constraints for pip.

python tests/floors.py EXTRA [EXTRA ...]
"""

import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement


def floors(project, extras):
    """The constraints of the core and of the extras, `name==version` each."""
    groups = project["optional-dependencies"]
    texts = [*project["dependencies"], *(text for extra in extras for text in groups[extra])]
    requirements = [Requirement(text) for text in texts if not text.startswith(project["name"])]
    return [
        f"{requirement.name}=={clause.version}"
        for requirement in requirements
        for clause in requirement.specifier
        if clause.operator == ">="
    ]


if __name__ == "__main__":
    text = (Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8")
    print("\n".join(floors(tomllib.loads(text)["project"], sys.argv[1:])))
