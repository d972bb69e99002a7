import pytest
from image_sets import make_dataset

from keras_attn.study import fit
from keras_attn.study.built_in import residual_network
from keras_attn.study.fit import check_fit, count_parameters, unmatched


def test_networks_are_counted_without_drawing_weights():
    count = count_parameters((8, 8, 1), "binary", 2, "csa", "resnet8")
    assert count == sum(
        weight.numpy().size if hasattr(weight, "numpy") else weight.value.size
        for weight in residual_network((8, 8, 1), "binary", 2, "csa", "resnet8").trainable_weights
    )


def test_one_error_names_all_topologies_that_do_not_fit_and_why():
    keys = ("none", "csa", "ema", "shuffle", "scsa_synergistic", "abn")
    with pytest.raises(ValueError, match="4 of 6 networks cannot be constructed") as caught:
        check_fit([make_dataset()], keys, "resnet8")
    text = str(caught.value)
    assert "resnet8 and the images of squares (8 x 8 x 1)" in text
    reasons = {
        "ema": "channels must be a multiple of `groups`",
        "shuffle": "groups=64",
        "scsa_synergistic": "window",
        "abn": "'num_classes'",
    }
    for key, reason in reasons.items():
        (line,) = [line for line in text.splitlines() if line.startswith(f"  {key}: ")]
        assert reason in line
    assert "  csa:" not in text
    assert "\x1b" not in text


def test_image_sets_of_one_kind_are_checked_once(monkeypatch):
    seen = []
    count = fit.count_parameters
    monkeypatch.setattr(fit, "count_parameters", lambda *each: seen.append(each) or count(*each))
    same = [make_dataset(name="one"), make_dataset(name="two", seed=1)]
    check_fit([*same, make_dataset("multi-class", name="three")], ("none",), "resnet8")
    assert len(seen) == 2


def test_a_control_that_cannot_match_says_so():
    keys = ("none", "eca", "csa")
    counts = check_fit([make_dataset()], (*keys, "matched-eca", "matched-csa"), "resnet20")
    assert counts["matched-csa"] - counts["none"] == pytest.approx(
        counts["csa"] - counts["none"], rel=0.05
    )
    assert unmatched("matched-csa", counts) == ""
    assert unmatched("matched-eca", counts) == (
        "There is no parameter-matched control: eca adds 27 parameters, and the nearest plain "
        "network adds 672, which is not within 5%."
    )
