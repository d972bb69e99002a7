"""What a release needs agrees with itself."""

import re
import runpy
from pathlib import Path

import pytest
import yaml

import keras_attn

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.once


def test_the_version_is_the_same_everywhere():
    version = runpy.run_path(str(ROOT / "keras_attn/version.py"))["__version__"]
    assert keras_attn.__version__ == version
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == version
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
    assert newest.group(1) in {version, "Unreleased"}


def test_the_publishing_workflow_stores_no_password():
    workflow = yaml.safe_load((ROOT / ".github/workflows/publish.yml").read_text(encoding="utf-8"))
    assert workflow["jobs"]["publish"]["permissions"] == {"id-token": "write"}
    assert workflow["jobs"]["publish"]["needs"] == "build"
    assert "secrets." not in (ROOT / ".github/workflows/publish.yml").read_text(encoding="utf-8")
