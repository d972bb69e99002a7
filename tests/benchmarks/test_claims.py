"""Claims are tested on stored trials, and the pages state the results of the tests."""

import json
import shutil
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from image_sets import make_dataset
from scipy import stats

import keras_attn
from benchmarks import claims, replication, stored_studies
from benchmarks.replication import Study
from docs import clusters
from docs import replication as page
from keras_attn.study.grid import Grid, Group
from keras_attn.study.inference import corrected_pairs, equivalence_p_value, p_value
from keras_attn.study.plan import Plan
from keras_attn.study.store import Store
from keras_attn.study.training import Training
from keras_attn.study.trial import Epoch, Trial

#: AUC that the topologies of a study have above the others.
AHEAD = {"small": {"cmssa": 0.2, "ccmssa": 0.2}, "medium": {"sca": 0.1}}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Two complete studies of invented trials, and one that has just begun."""
    monkeypatch.setattr(
        replication, "STUDIES", {name: Study(name, None, 1) for name in ("small", "medium", "new")}
    )
    monkeypatch.setattr(replication, "FOLDER", tmp_path)
    for name, size in (("small", 60), ("medium", 1200), ("new", 60)):
        invent(tmp_path / name, name, size, most=1 if name == "new" else None)
    return tmp_path


def invent(path, name, size, most=None):
    """Stores invented trials of a study, all or the first of them."""
    random = np.random.default_rng(size)
    dataset = make_dataset(name=name, sizes=(size, 8, 8))
    topologies = ("none", *keras_attn.list_topologies(), "matched-mscsa")
    grid = Grid((Group(name),), topologies, tuple(range(5)))
    plan = Plan({name: dataset}, grid, "resnet20", Training(epochs=1))
    store = Store.create(path, plan, "")
    for key in list(plan.grid.trials())[:most]:
        auc = 0.6 + AHEAD.get(name, {}).get(key.topology, 0) + 0.01 * random.random()
        curve = [Epoch(1, 2.0, 1.0, 1.0, auc, auc)]
        scores = {"accuracy": auc, "auc": auc}
        store.add(
            key,
            Trial(key.topology, key.seed, 10, 20, 4, curve, curve[0], scores, seconds=3.0),
            "run",
        )


def finding(found, claim, dataset, contrast=""):
    (match,) = [
        (each, applies)
        for each, applies in found
        if (each.claim, each.dataset) == (claim, dataset) and contrast in each.contrast
    ]
    return match


def test_only_complete_studies_count(folder):
    assert stored_studies.complete_studies() == ["small", "medium"]


def test_a_study_of_a_whole_set_takes_the_place_of_the_one_before(folder, monkeypatch):
    whole = Study("small", None, 1, prefix="whole-")
    monkeypatch.setattr(replication, "all_sets", lambda: {whole.name: whole})
    invent(folder / whole.name, "small", 60, most=7)
    assert stored_studies.complete_studies() == ["small", "medium"]
    invent(folder / "again", "small", 60)
    shutil.rmtree(folder / whole.name)
    (folder / "again").rename(folder / whole.name)
    assert sorted(stored_studies.complete_studies()) == ["medium", "whole-small"]
    assert "whole-small" in page.page()
    places = {(each["dataset"], each["num_samples"]) for each in claims.evidence()["findings"]}
    assert ("small", 60) in places


def test_a_study_with_more_seeds_takes_the_place_of_the_one_with_fewer():
    names = [study.name for study in replication.STUDIES.values()]
    assert names.index("ten-seeds-cifar10-500") > names.index("cifar10-500")
    assert replication.STUDIES["ten-seeds-cifar10-500"].samples == 500


def test_a_run_keeps_what_other_test_images_would_change_and_verdicts_use_it(folder, monkeypatch):
    names = ["none", *keras_attn.list_topologies()]
    # Every network shares a part that differences do not contain; that of cmssa varies by itself.
    covariance = pd.DataFrame(np.full((19, 19), 4.0), names, names)
    covariance.loc["cmssa", "cmssa"] += 0.09
    compared = SimpleNamespace(image_covariances={Group("small"): covariance})
    monkeypatch.setattr(replication, "compare", lambda *args, **kwargs: compared)
    monkeypatch.setattr(Study, "images", lambda self, data_dir: None)
    assert stored_studies.image_covariance("small") is None
    trials = stored_studies.results("small")
    before = stored_studies.summary(trials, None)
    assert set(before["basis"]) == {"seeds"}
    assert before.loc["cmssa", "verdict"] == "better"
    replication.run(replication.STUDIES["small"], None, 1)

    kept = stored_studies.image_covariance("small")
    after = stored_studies.summary(trials, kept)
    row = after.loc["cmssa"]
    assert (row["basis"], row["verdict"]) == ("seeds and test images", "undecided")
    assert row["combined_high"] - row["combined_low"] > 3.9 * 0.3
    assert stored_studies.interval_text(row).startswith("−0.")
    assert after.loc["ccmssa", "verdict"] == "better"
    # cmssa is one of the two topologies of the claim, so it has half of the weight.
    weights = claims.contrasts()[0].weights
    assert stored_studies.variance_over_images(kept, weights) == pytest.approx(0.09 / 4)
    tables = {"small": trials}
    alone, _ = finding(claims.findings(tables), "few-shot", "small")
    both, _ = finding(claims.findings(tables, {"small": kept}), "few-shot", "small")
    assert (alone.basis, alone.verdict) == ("seeds", "supported")
    assert (both.basis, both.verdict) == ("seeds and test images", "undecided")
    assert both.difference == alone.difference


def test_all_sets_are_the_fourteen_of_the_paper():
    studies = replication.all_sets()
    assert len(studies) == 14
    assert {study.dataset for study in studies.values()} >= {"cifar10", "cifar100", "octmnist"}


def test_claims_are_tested_where_they_speak_and_shown_beside_where_they_do_not(folder):
    tables = {name: stored_studies.results(name) for name in ("small", "medium")}
    found = claims.findings(tables)
    few, applies = finding(found, "few-shot", "small")
    assert applies
    assert few.verdict == "supported"
    assert few.difference == pytest.approx(0.2, abs=0.01)
    assert few.low < few.difference < few.high
    _, applies = finding(found, "few-shot", "medium")
    assert not applies
    medium, applies = finding(found, "medium-scale", "medium")
    assert applies
    assert medium.num_samples == 1200
    order, applies = finding(found, "fine-grained", "medium")
    assert (order.verdict, order.p_corrected, applies) == ("not tested", None, False)
    assert order.difference == pytest.approx(0.1, abs=0.01)


def test_the_family_of_a_claim_is_the_studies_that_it_applies_to(folder):
    tables = {name: stored_studies.results(name) for name in ("small", "medium")}
    alone = claims.findings({"small": tables["small"]})
    both = claims.findings(tables)
    # The claim on few images applies to one study: the other does not change its test.
    assert finding(both, "few-shot", "small") == finding(alone, "few-shot", "small")
    (raw,) = [
        p_value(claims.differences(tables["small"], contrast))
        for contrast in claims.contrasts()
        if contrast.claim == "few-shot"
    ]
    assert finding(both, "few-shot", "small")[0].p_corrected == round(raw, 5)
    # The claim on residual connections applies to both, and its tests are corrected for two.
    (contrast,) = [each for each in claims.contrasts() if each.name == "rcsa over csa"]
    gains = [claims.differences(tables[name], contrast) for name in tables]
    raw = np.array([(p_value(each), equivalence_p_value(each, 0.01)) for each in gains])
    found = [finding(both, "residual", name, "rcsa over csa")[0] for name in tables]
    pairs = [(each.p_corrected, each.p_equivalent) for each in found]
    np.testing.assert_allclose(pairs, corrected_pairs(raw), atol=1e-5)


def test_a_difference_is_paired_by_seed_and_its_test_students(folder):
    table = stored_studies.results("small")
    contrast = claims.Contrast("any", "sca over csa", ("sca",), ("csa",))
    by_topology = table.pivot(index="seed", columns="topology", values="auc")
    expected = by_topology["sca"] - by_topology["csa"]
    found = claims.differences(table, contrast)
    np.testing.assert_allclose(found, expected)
    assert p_value(found) == pytest.approx(
        stats.ttest_rel(by_topology["sca"], by_topology["csa"]).pvalue
    )


def test_a_topology_that_diverged_is_left_out_of_a_mean(folder):
    table = stored_studies.results("small")
    contrast = claims.contrasts()[0]
    table.loc[table["topology"] == "csa", "auc"] = np.nan
    others = [key for key in contrast.second if key != "csa"]
    expected = claims.differences(table, contrast._replace(second=tuple(others)))
    np.testing.assert_allclose(claims.differences(table, contrast), expected)
    assert len(expected) == 5


def test_evidence_holds_what_claims_say_of_images_they_speak_of(folder):
    evidence = json.loads(json.dumps(claims.evidence()))["findings"]
    assert {(each["claim"], each["dataset"]) for each in evidence} == {
        ("few-shot", "small"),
        ("medium-scale", "medium"),
        ("residual", "small"),
        ("residual", "medium"),
    }


@pytest.mark.parametrize(
    ("gain", "spread", "word"),
    [
        (0.1, 0.001, "supported"),
        (-0.1, 0.001, "contradicted"),
        (0.002, 0.001, "refuted within the margin"),
        (0.02, 0.1, "undecided"),
    ],
)
def test_a_claim_is_supported_contradicted_refuted_or_undecided(folder, gain, spread, word):
    table = stored_studies.results("small")
    deviations = dict(enumerate(np.linspace(-1, 1, 5)))
    base = table["seed"].map(deviations) * 0.01 + 0.7
    ours = table["topology"].isin(["cmssa", "ccmssa"])
    table["auc"] = base + ours * (gain + spread * table["seed"].map(deviations))
    found, _ = finding(claims.findings({"small": table}), "few-shot", "small")
    assert found.verdict == word
    assert found.difference == pytest.approx(gain)


def test_the_page_says_what_was_and_what_was_not_tested(folder):
    text = page.page()
    assert "* new: 1 of 100 trials" in text
    assert "1 test: supported in 1" in text
    assert "**large-scale**" in text
    assert "not tested yet" in text
    assert "<svg" in text
    assert "few-shot: cmssa and ccmssa, small 60" in text
    row = next(line for line in text.splitlines() if line.startswith("| cmssa and ccmssa"))
    assert "| small, 60 |" in row
    assert "supported" in row
    for key in keras_attn.list_topologies():
        assert f"| {key} |" in text


def test_the_cost_of_a_grid_comes_from_the_measured_times(folder):
    text = clusters.page()
    milliseconds = 1000 * 3.0 * (1 / 60 + 1 / 1200) / 2
    assert f"takes {milliseconds:.2f} ms per image and epoch" in text
    assert "18 x 14 x 5 = 1,260 trials" in text


def test_progress_names_every_study(folder):
    lines = replication.progress().splitlines()
    assert lines[0].startswith("small: 100 of 100 trials")
    assert len(lines) == 3


def test_every_planned_study_is_one_that_can_be(monkeypatch):
    for name, study in replication.STUDIES.items():
        assert study.name == name
        assert study.epochs >= 1


def test_a_study_may_validate_on_a_stratified_part():
    whole = keras_attn.load_dataset("digits")
    part = Study("digits", 200, 1, validation=50).images(None)
    assert np.bincount(part.val.labels).tolist() == [5] * 10
    assert len(part.train.labels) == len(whole.train.labels)
    assert np.array_equal(part.test.images, whole.test.images)
    assert len(Study("digits", 200, 1).images(None).val.labels) == len(whole.val.labels)
