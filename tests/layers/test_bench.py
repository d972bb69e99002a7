"""What is timed is what it says: the outputs, and the gradients of the weighted sum."""

import mmap
import shutil

import keras
import numpy as np
import pytest
from gradients import output_and_input_gradient

from keras_attn import bench
from keras_attn.contract.assertions import expect_near
from keras_attn.contract.running import as_array, attended

SHAPE = (2, 8, 8, 32)


@pytest.fixture(scope="module")
def layer():
    keras.utils.set_random_seed(0)
    return bench.new_layer("csa")


def test_the_steps_give_outputs_and_gradients(layer):
    mode = bench.MODES[keras.backend.backend()][0]
    steps = bench.layer_steps(layer, SHAPE, mode)
    x, (weighting,) = bench.random_data(layer, SHAPE)
    assert x.min() == 0
    expected, expected_gradient = output_and_input_gradient(layer, x, weighting)
    inferred = steps["inference"]()
    inferred = inferred[0] if isinstance(inferred, list) else inferred
    expect_near(as_array(attended(inferred)), expected)
    (output,), gradients, *_ = steps["training"]()
    gradients = keras.tree.flatten(gradients)
    by_shape = {tuple(gradient.shape): as_array(gradient) for gradient in gradients}
    shapes = [tuple(variable.shape) for variable in layer.trainable_variables]
    assert sorted(by_shape) == sorted([SHAPE, *shapes])
    expect_near(as_array(output.detach() if hasattr(output, "detach") else output), expected)
    expect_near(by_shape[SHAPE], expected_gradient)
    expect_near(as_array(steps["double"]()), 2 * x)


def test_steps_take_turns():
    calls = []
    steps = {name: lambda name=name: calls.append(name) for name in "ab"}
    times = bench.interleaved_times(steps, repeats=2, warm_up=1)
    assert calls == [*"ababab"]
    assert all(len(each) == 2 and min(each) >= 0 for each in times.values())


def test_peak_memory_counts_what_a_step_needs_at_once():
    def megabytes(number):
        """Memory of the system's own, which no allocator keeps."""
        memory = mmap.mmap(-1, number * 2**20)
        for page in range(0, len(memory), mmap.PAGESIZE):
            memory[page] = 1
        return memory

    def step():
        temporary, result = megabytes(60), megabytes(40)
        temporary.close()
        return result

    if (peak := bench.peak_memory(step)) is None:
        pytest.skip("the system does not keep the highest resident memory")
    assert peak == pytest.approx(100 * 2**20, rel=0.05)


@pytest.mark.slow  # the compiler takes half a minute
@pytest.mark.filterwarnings("default")  # PyTorch's compiler warns of PyTorch
def test_pytorch_compiles():
    if keras.backend.backend() != "torch":
        pytest.skip("compiles as a matter of course")
    if shutil.which("g++") is None:
        pytest.skip("torch.compile needs a C++ compiler")
    x = np.ones((4, 4), "float32")
    steps = bench.torch_steps(lambda x: x + 1, lambda x: x * x, [], x, [x], "compiled")
    expect_near(as_array(steps["inference"]()), x + 1)
    _, (gradient,) = steps["training"]()
    expect_near(as_array(gradient), 2 * x)
