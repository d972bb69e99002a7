import pytest
from image_sets import make_dataset

from keras_attn.study import compare

#: What every engine is asked for, with networks that train in a moment.
ARGUMENTS = {
    "topologies": ["sa"],
    "seeds": 2,
    "epochs": 2,
    "backbone": "resnet8",
    "progress": False,
}

#: Columns that depend on how fast the machine was.
TIMES = ["seconds_per_step", "seconds_per_epoch"]


def numbers(comparison):
    """What has to be the same whoever ran the trials, in one order."""
    return comparison.results.drop(columns=TIMES)


@pytest.fixture(scope="session")
def arguments():
    return {"dataset": make_dataset(), **ARGUMENTS}


@pytest.fixture(scope="session")
def undisturbed(arguments, tmp_path_factory):
    """The study in one process, and its folder."""
    folder = tmp_path_factory.mktemp("undisturbed")
    return compare(**arguments, output=folder), folder
