"""Arguments are checked in one place, and the messages say what is wrong."""

import numpy as np
import pytest

from keras_attn.arguments import constructor_arguments
from keras_attn.checks import check_choice, check_whole_number


@pytest.mark.parametrize("value", [3, np.int64(3), np.uint8(3)])
def test_whole_numbers_of_python_and_numpy(value):
    found = check_whole_number("size", value, least=3)
    assert (found, type(found)) == (3, int)


@pytest.mark.parametrize("value", [2, 3.0, True, "3", None, np.array([3, 4])])
def test_other_values_are_named(value):
    with pytest.raises(ValueError, match="`size` must be a whole number of at least 3") as caught:
        check_whole_number("size", value, least=3)
    assert str(caught.value).endswith(f"Received: size={value!r}.")


@pytest.mark.parametrize("value", ["c", 1, None, ["a"]])
def test_a_choice_names_the_choices(value):
    check_choice("kind", "a", ("a", "b"))
    with pytest.raises(ValueError, match=r'`kind` must be one of "a", "b"\. Received: kind='):
        check_choice("kind", value, ("a", "b"))


def test_the_arguments_of_a_constructor_do_not_depend_on_new():
    class Base:
        def __init__(self, size=1, **kwargs):
            pass

    class Inherits(Base):
        def __new__(cls, *args, **kwargs):
            return super().__new__(cls)

    assert list(constructor_arguments(Inherits)) == ["size", "kwargs"]
