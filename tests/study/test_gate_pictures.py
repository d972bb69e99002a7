import pytest
from image_sets import make_dataset

from keras_attn.study.built_in import residual_network
from keras_attn.study.gate_pictures import dataset_label, draw_gates
from keras_attn.study.plots import Palette


@pytest.mark.parametrize("attention", [None, "ca"])
def test_without_a_spatial_gate_there_is_no_picture(attention):
    model = residual_network((8, 8, 1), "binary", 2, attention)
    assert draw_gates(model, make_dataset(), Palette()) is None


@pytest.mark.slow_on("jax")
@pytest.mark.parametrize("task", ["multi-class", "multi-label"])
def test_a_row_an_image_and_a_column_a_layer(task):
    dataset = make_dataset(task)
    model = residual_network((8, 8, 1), task, 3, "csa")
    figure = draw_gates(model, dataset, Palette())
    pictures = [axes for axes in figure.axes if axes.get_title()]
    assert len(pictures) == 3 * 4
    if task == "multi-class":
        shown = [axes.get_title() for axes in pictures[::4]]
        assert shown == list(dataset.class_names)


def test_labels_in_words():
    dataset = make_dataset("multi-label")
    for index in range(5):
        marked = dataset.test.labels[index]
        expected = [
            name for name, is_there in zip(dataset.class_names, marked, strict=True) if is_there
        ]
        assert dataset_label(dataset, index) == (", ".join(expected) or "no label")
