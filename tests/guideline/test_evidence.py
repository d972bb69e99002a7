import dataclasses
import json

import pytest

import keras_attn
from keras_attn.guideline import evidence
from keras_attn.guideline.evidence import Finding

FOUND = Finding(
    claim="few-shot",
    contrast="cmssa over the rest",
    dataset="shells",
    num_samples=123,
    seeds=5,
    basis="seeds",
    difference=-0.0123,
    low=-0.03,
    high=0.004,
    p_corrected=0.4,
    p_equivalent=0.2,
    verdict="undecided",
)


@pytest.fixture
def found(tmp_path, monkeypatch):
    """The findings that a file of these says."""

    def write(*findings):
        file = tmp_path / "evidence.json"
        file.write_text(json.dumps({"findings": [dataclasses.asdict(each) for each in findings]}))
        monkeypatch.setattr(evidence, "FILE", file)
        evidence.findings.cache_clear()

    yield write
    evidence.findings.cache_clear()


def test_a_recommendation_carries_what_was_found_of_its_claim(found):
    found(FOUND, dataclasses.replace(FOUND, claim="large-scale", dataset="other"))
    text = " ".join(keras_attn.recommend(500).evidence)
    assert "cmssa over the rest on shells (123 training images, 5 seeds)" in text
    assert "-0.012 AUC (-0.030 to +0.004 over seeds), undecided" in text
    assert "other" not in text
    assert "arXiv:2601.07310" in text


def test_a_claim_that_was_not_tested_says_so(found):
    found(FOUND)
    assert (
        "medium-scale has not been tested by this project"
        in keras_attn.recommend(5_000).evidence[1]
    )


@pytest.mark.parametrize(
    ("verdicts", "grade"),
    [
        ([], "untested"),
        (["supported", "undecided", "supported"], "supported"),
        (["supported", "undecided"], "undecided"),
        (["contradicted", "supported", "refuted within the margin"], "undecided"),
        (["refuted within the margin"], "refuted within the margin"),
    ],
)
def test_the_grade_is_the_verdict_of_most_tests(found, verdicts, grade):
    found(*(dataclasses.replace(FOUND, verdict=verdict) for verdict in verdicts))
    assert keras_attn.recommend(500).grade == grade


def test_no_file_is_no_evidence(tmp_path, monkeypatch):
    monkeypatch.setattr(evidence, "FILE", tmp_path / "none.json")
    evidence.findings.cache_clear()
    assert evidence.findings() == ()
    assert "has not been tested" in evidence.replication("residual")
    evidence.findings.cache_clear()


def test_the_packages_own_file_names_claims_of_the_law():
    from keras_attn.guideline.law import FINE_GRAINED, REGIMES, RESIDUAL

    names = {claim.name for claim in (*REGIMES, FINE_GRAINED, RESIDUAL)}
    assert {finding.claim for finding in evidence.findings()} <= names
