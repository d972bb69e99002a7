"""What a study can show before it is run, against simulated studies and a real pilot."""

import numpy as np
import pytest
from image_sets import make_dataset

import keras_attn
from keras_attn.study.inference import LEVEL, Moments
from keras_attn.study.planning import (
    Outlook,
    seeds_for_equivalence,
    smallest_difference,
    stored_spread,
)
from keras_attn.study.question import Question


@pytest.mark.once
@pytest.mark.parametrize("image_spread", [0.0, 0.004])
def test_what_is_promised_happens_in_four_of_five_studies(image_spread):
    random, studies, seeds, level = np.random.default_rng(0), 4000, 8, LEVEL / 3
    variance = image_spread**2

    def moments(true, seeds):
        on_images = random.normal(true, image_spread, (studies, 1))
        return Moments.of(on_images + random.normal(0, 0.006, (studies, seeds)), variance)

    true = smallest_difference(0.006, image_spread, seeds, level)
    shown = (moments(true, seeds).p_different() < level).mean()
    # With images, the degrees of freedom are more than the seeds alone give, so it is more.
    assert 0.77 <= shown <= (0.95 if image_spread else 0.83)
    margin = 0.02 if image_spread else 0.008
    needed = int(seeds_for_equivalence(0.006, image_spread, margin, level))
    assert (moments(0.0, needed).p_equivalent(margin) < level).mean() >= 0.77
    if not image_spread:
        assert needed > 5
        assert (moments(0.0, needed - 1).p_equivalent(margin) < level).mean() < 0.83
    assert np.isinf(seeds_for_equivalence(0.006, 0.02, 0.02, level))
    assert np.isnan(smallest_difference(0.006, 0.0, 1, level))


@pytest.mark.once
def test_the_spread_is_that_of_the_study_most_alike():
    assert "breastmnist" in stored_spread(Question(), "breastmnist", 5000)[1]
    assert "cifar100-5000" in stored_spread(Question(), "mine", 20_000)[1]
    assert stored_spread(Question("accuracy"), "mine", 500)[0] > 0
    spread, note = stored_spread(Question("calibration_error"), "mine", 500)
    assert np.isnan(spread)
    assert "a pilot measures the spread: add --pilot 3" in note


@pytest.mark.once(backend="torch")
def test_an_outlook_with_and_without_a_pilot(tiny):
    dataset = make_dataset(sizes=(64, 18, 60))
    arguments = {"model": tiny, "seeds": 6, "epochs": 2, "batch_size": 8}
    quick = keras_attn.plan_study(dataset, "csa,sa", **arguments)
    assert isinstance(quick, Outlook)
    assert quick.trials == (1 + 2 + 1) * 6
    assert quick.seconds > 0
    assert "this project's study" in str(quick)
    piloted = keras_attn.plan_study(dataset, "csa,sa", pilot=2, **arguments)
    assert piloted.image_spread > 0
    assert "a pilot of 2 seeds with none and csa" in str(piloted)
    assert quick.variants == piloted.variants == 2
    unknown = keras_attn.plan_study(
        dataset, "csa,sa", headline="calibration_error", margin=0.1, **arguments
    )
    assert unknown.seconds > 0
    assert np.isnan([unknown.smallest_difference, unknown.seeds_for_equivalence]).all()
    assert str(unknown).splitlines()[0].startswith("24 trainings, about ")
    assert "can show is unknown too\n  no stored study" in str(unknown)
    assert set(piloted.as_dict()) == set(Outlook.__dataclass_fields__)
    with pytest.raises(ValueError, match="`pilot` must be"):
        keras_attn.plan_study(dataset, "csa", pilot=1)
    with pytest.raises(TypeError, match="seedz"):
        keras_attn.plan_study(dataset, "csa", seedz=1)
