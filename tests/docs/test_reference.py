"""What the reference shows of signatures and of the command line."""

import pytest

from docs.site import reference


def test_defaults_are_values():
    griffe = pytest.importorskip("griffe")
    extensions = griffe.load_extensions("docs/site/griffe_words.py")
    package = griffe.load("keras_attn", search_paths=["."], extensions=extensions)
    defaults = {each.name: each.default for each in package["study.run.compare"].parameters}
    assert defaults["seeds"] == "5"
    usual = {each.name: each.default for each in package["study.question.ask"].parameters}
    assert usual["usual"] == "'auc'"


def test_every_command_has_its_help():
    text = reference.commands()
    assert "## explain" in text
    assert "--value-range" in text
    assert "Traceback" not in text
