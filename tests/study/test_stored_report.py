"""Reports that are written again from the folder of a study, without its images."""

import json
import re

import pytest

from keras_attn.study import Comparison, compare


@pytest.fixture
def finished(dataset, tiny, invented, tmp_path):
    """A comparison, and its folder."""
    folder = tmp_path / "study"
    arguments = {"samples": (16, 32), "backbone": tiny, "progress": False}
    return compare(dataset, ["csa", "sa"], seeds=5, output=folder, **arguments), folder


def page_of(folder):
    """The report without the date."""
    page = (folder / "report.html").read_text(encoding="utf-8")
    return re.sub(r"Made with keras-attn on .*", "", page)


def test_everything_is_written_again_as_it_was(finished):
    comparison, folder = finished
    names = ("results.csv", "results.json")
    before = {name: (folder / name).read_bytes() for name in names}
    page = page_of(folder)
    assert "Where csa looks" in page or "Where sa looks" in page
    for name in (*names, "report.html"):
        (folder / name).unlink()
    again = Comparison.read(folder)
    again.save_report(folder)
    assert {name: (folder / name).read_bytes() for name in names} == before
    assert page_of(folder) == page
    assert again.answer() == comparison.answer()
    assert again.plan.question == comparison.plan.question


def test_trials_that_have_not_ended_are_left_out(finished):
    _, folder = finished
    for path in (folder / "trials").glob("*-4.json"):
        path.unlink()
    again = Comparison.read(folder)
    assert len(again.trials) == 2 * 4 * 4
    again.save_report(folder)
    assert "Undecided" in page_of(folder) or "undecided" in page_of(folder)
    for path in (folder / "trials").glob("*.json"):
        path.unlink()
    with pytest.raises(ValueError, match=r"No trial of the study in .* has ended yet"):
        Comparison.read(folder)


def test_what_needs_images_says_so(finished):
    again = Comparison.read(finished[1])
    with pytest.raises(ValueError, match=r"does not hold its images.*as `output`"):
        _ = again.dataset


def test_a_folder_that_lacks_what_a_report_needs_is_refused(finished, tmp_path):
    _, folder = finished
    with pytest.raises(ValueError, match="does not hold a study"):
        Comparison.read(tmp_path)
    study = json.loads((folder / "study.json").read_text())
    del study["image_sets"], study["configuration"]["margin"]
    (folder / "study.json").write_text(json.dumps(study))
    with pytest.raises(ValueError, match=r"earlier version.*\(image_sets, margin\)"):
        Comparison.read(folder)
