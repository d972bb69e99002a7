import numpy as np
import pandas as pd
import pytest
from scipy import stats

from keras_attn.study.question import Question, ask
from keras_attn.study.summary import summarise
from keras_attn.study.verdicts import decide, shown

pytestmark = pytest.mark.once


def table(rows):
    frame = pd.DataFrame(rows, columns=["topology", "seed", "auc"])
    return frame.assign(
        diverged=frame["auc"].isna(),
        error="",
        parameters=7,
        macs=9,
        seconds_per_step=0.1,
        seconds_per_epoch=0.5,
    )


def test_differences_are_paired_by_seed_whatever_the_order():
    random = np.random.default_rng(1)
    baseline, attended = 0.5 + 0.1 * random.random((2, 4))
    rows = [("none", seed, baseline[seed]) for seed in range(4)]
    rows += [("csa", seed, attended[seed]) for seed in (2, 0, 3, 1)]
    summary = summarise(table(rows))
    expected = stats.ttest_rel(attended, baseline).confidence_interval(0.95)
    found = summary.loc["csa", ["auc_difference", "auc_difference_low", "auc_difference_high"]]
    assert found.tolist() == pytest.approx(
        [(attended - baseline).mean(), expected.low, expected.high]
    )
    assert summary.loc["none", ["auc_difference", "auc_difference_low"]].isna().all()


def test_diverged_trials_are_counted_and_not_averaged():
    rows = [("none", 0, 0.5), ("none", 1, 0.7), ("csa", 0, np.nan), ("csa", 1, 0.9)]
    summary = summarise(table(rows))
    assert summary.loc["csa", ["n", "diverged"]].tolist() == [1, 1]
    assert summary.loc["csa", "auc"] == 0.9
    assert summary.loc["csa", "auc_difference"] == pytest.approx(0.2)
    assert summary.index.tolist() == ["none", "csa"]


def test_failed_trials_are_counted_apart():
    frame = table([("none", 0, 0.5), ("none", 1, 0.6), ("csa", 0, np.nan), ("csa", 1, 0.9)])
    frame["diverged"] = False
    frame.loc[2, "error"] = "MemoryError"
    summary = summarise(frame)
    assert summary.loc["csa", ["n", "diverged", "failed"]].tolist() == [1, 0, 1]


def test_the_control_is_outside_the_family_and_tested_against_its_topology():
    random = np.random.default_rng(5)
    values = {key: 0.7 + 0.01 * random.random(6) for key in ("none", "sa", "csa", "matched-csa")}
    values["csa"] += 0.03
    rows = [(key, seed, each[seed]) for key, each in values.items() for seed in range(6)]
    summary = summarise(table(rows))
    raw = summary.loc["csa", "p_value"]
    assert summary.loc["csa", "p_corrected"] == pytest.approx(2 * raw)  # two topologies
    control = summary.loc["matched-csa"]
    assert np.isnan([control["p_value"], control["p_corrected"], control["seeds_needed"]]).all()
    assert control["verdict"] == ""
    expected = stats.ttest_rel(values["csa"], values["matched-csa"])
    row = summary.loc["csa"]
    assert row["control_p_value"] == pytest.approx(expected.pvalue)
    assert row["control_difference"] == pytest.approx(
        (values["csa"] - values["matched-csa"]).mean()
    )
    assert row["control_verdict"] == "better"
    assert summary.loc[["none", "sa", "matched-csa"], "control_verdict"].tolist() == ["", "", ""]


#: Ten differences with the mean 0 and the standard deviation 1.
SPREAD = stats.zscore(np.random.default_rng(3).normal(size=10), ddof=1)


def verdicts(question=Question(), **samples):  # noqa: B008
    return {key: each.verdict for key, each in decide(samples, question).items()}


def test_each_verdict_is_given_where_it_is_due():
    assert verdicts(
        csa=0.05 + 0.01 * SPREAD,
        sa=-0.05 + 0.01 * SPREAD,
        ca=0.002 * SPREAD,
        rcsa=0.004 + 0.001 * SPREAD,
        sca=0.01 + 0.03 * SPREAD,
    ) == {
        "csa": "better",
        "sa": "worse",
        "ca": "equivalent",
        "rcsa": "equivalent",
        "sca": "undecided",
    }


def test_a_difference_that_is_smaller_than_the_margin_is_equivalent_and_shown():
    (found,) = decide({"csa": 0.004 + 0.001 * SPREAD}, Question()).values()
    assert (found.verdict, found.differs) == ("equivalent", True)
    (found,) = decide({"csa": 0.001 * SPREAD}, Question()).values()
    assert (found.verdict, found.differs) == ("equivalent", False)


def test_below_five_seeds_everything_is_undecided():
    for values in (0.2 + 0.001 * SPREAD, 0.0001 * SPREAD, np.full(10, 0.1)):
        assert verdicts(csa=values[:4]) == {"csa": "undecided"}
        assert verdicts(csa=values[:5]) != {"csa": "undecided"}
    (found,) = decide({"csa": 0.2 + 0.001 * SPREAD[:3]}, Question()).values()
    assert found.seeds_needed == 5
    assert verdicts(csa=np.array([np.nan, 0.1])) == {"csa": "undecided"}


def test_what_is_undecided_needs_more_seeds_than_there_were():
    for mean in (0.0, 0.008, 0.01, 0.012):
        (found,) = decide({"csa": mean + 0.02 * SPREAD}, Question()).values()
        assert found.verdict == "undecided"
        assert 10 < found.seeds_needed < 1000


def test_better_is_the_right_direction_of_each_metric():
    error = Question("calibration_error", 0.01)
    assert verdicts(error, csa=0.05 + 0.01 * SPREAD) == {"csa": "worse"}
    assert verdicts(error, csa=-0.05 + 0.01 * SPREAD) == {"csa": "better"}


def test_more_variants_need_stronger_evidence():
    found = verdicts(csa=0.011 + 0.013 * SPREAD)
    assert found == {"csa": "better"}
    others = {f"x{place}": 0.01 + 0.04 * SPREAD for place in range(9)}
    assert verdicts(csa=0.011 + 0.013 * SPREAD, **others)["csa"] == "undecided"


def test_intervals_end_at_the_range_of_the_metric():
    rows = [("none", 0, 0.99), ("none", 1, 0.8), ("csa", 0, 0.7), ("csa", 1, 0.99)]
    summary = summarise(table(rows))
    assert summary["auc_high"].tolist() == [1, 1]
    assert summary.loc["csa", ["auc_difference_low", "auc_difference_high"]].tolist() == [-1, 1]


def test_the_headline_of_a_summary_can_be_another_metric():
    rows = [("none", seed, 0.7) for seed in range(10)]
    rows += [("csa", seed, 0.9) for seed in range(10)]
    frame = table(rows).assign(accuracy=[*SPREAD / 100, *SPREAD / 100])
    assert summarise(frame).loc["csa", "verdict"] == "better"
    summary = summarise(frame, Question("accuracy"))
    assert summary.loc["csa", "verdict"] == "equivalent"


def test_a_single_test_says_whether_a_difference_is_shown():
    assert shown(0.1, 0.049) == "better"
    assert shown(-0.1, 0.01) == "worse"
    assert shown(0.1, 0.051) == shown(0.1, np.nan) == "not shown to differ"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("auc", 0, ["auc"]), r"`margin` must be a number above 0 and below 1.*margin=0"),
        (("auc", -0.1, ["auc"]), "`margin` must be a number above 0"),
        (("auc", float("nan"), ["auc"]), "`margin` must be a number above 0"),
        (("auc", True, ["auc"]), "`margin` must be a number above 0"),
        (("auc", "0.1", ["auc"]), "`margin` must be a number above 0"),
        (("auc", 1, ["auc"]), "below 1, the range of the metric"),
        (("kappa", None, ["auc", "kappa"]), "`margin` is missing: kappa is not a metric"),
        (("kappa", None, ["auc", "accuracy"]), '`headline` must be.*"auc", "accuracy".*kappa'),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        ask(*arguments)


def test_a_question_has_a_margin_of_its_own_or_the_usual_one():
    assert ask("auc", None, ["auc"]) == Question("auc", 0.01)
    assert ask("kappa", 0.1, ["auc", "kappa"]) == Question("kappa", 0.1)
    assert Question().as_dict() == {"headline": "auc", "margin": 0.01}


@pytest.mark.once
@pytest.mark.parametrize(
    ("headline", "words"),
    [
        ("auc", "AUC"),
        ("dice", "Dice"),
        ("iou", "IoU"),
        ("miou", "pooled mIoU"),
        ("map", "COCO mAP"),
        ("ap50", "AP at IoU 0.50"),
        ("balanced_accuracy", "balanced accuracy"),
        ("top_5_error", "top-5 error"),
    ],
)
def test_metrics_keep_the_capitals_of_acronyms_within_a_sentence(headline, words):
    assert Question(headline, 0.01).title == words
