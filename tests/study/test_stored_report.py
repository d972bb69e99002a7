"""Reports that are written again from the folder of a study, without its images."""

import json
import re
import shutil

import keras
import pytest

from keras_attn.study import Comparison, Variant, compare

pytestmark = pytest.mark.once


@pytest.fixture
def finished(invented_comparison, tiny, tmp_path):
    """A comparison, and its folder."""
    comparison, original = invented_comparison("csa", "sa", seeds=5, samples=(16, 32))
    return comparison, shutil.copytree(original, tmp_path / "study")


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


def test_variants_and_a_given_model_need_not_be_there(dataset, invented, tmp_path):
    def network(image_shape, num_classes):
        inputs = keras.Input(image_shape)
        x = keras.layers.Conv2D(4, 3, padding="same")(inputs)
        y = keras.layers.Conv2D(4, 3, padding="same")(x)
        x = keras.layers.GlobalAveragePooling2D()(keras.layers.Add()([x, y]))
        return keras.Model(inputs, keras.layers.Dense(num_classes)(x))

    def wrapped(model):
        outer = keras.Input(dataset.image_shape)
        return keras.Model(outer, model(outer))

    class Doubled(keras.layers.Layer):
        def call(self, x):
            return 2 * x

    variants = ["csa(reduction=2)@blocks", Variant(wrapped), Variant(Doubled, where="blocks")]
    comparison = compare(dataset, variants, model=network, seeds=5, output=tmp_path, progress=False)
    page, table = page_of(tmp_path), (tmp_path / "results.csv").read_bytes()
    again = Comparison.read(tmp_path)
    again.save_report(tmp_path)
    assert page_of(tmp_path) == page
    assert (tmp_path / "results.csv").read_bytes() == table
    assert again.summary()["verdict"].to_dict() == comparison.summary()["verdict"].to_dict()
    assert {"csa(reduction=2)@blocks", "wrapped"} < set(again.summary().index)
    assert again.results["topology"].isin(["none", "csa", "matched-csa"]).sum() == 15


def test_variants_that_share_a_topology_have_verdicts_of_their_own(
    dataset, tiny, invented, tmp_path
):
    variants = ["csa", "csa(reduction=2)"]
    compare(dataset, variants, model=tiny, seeds=5, output=tmp_path, progress=False)
    again = Comparison.read(tmp_path)
    assert again.results["topology"].value_counts()["csa"] == 10
    assert (again.summary().loc[variants, "n"] == 5).all()
    again.save_report(tmp_path)
    assert "csa(reduction=2)" in page_of(tmp_path)


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
