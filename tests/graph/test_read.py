"""The calls of a model."""

import itertools

import keras
from keras import layers

from keras_attn.graph.read import graph_of, nested_nodes, trace


def test_each_call_has_a_path_and_calls_of_a_nested_model_share_nodes():
    inner_inputs = keras.Input((4,))
    inner = keras.Model(inner_inputs, layers.Dense(4, name="dense")(inner_inputs), name="inner")
    shared = layers.ReLU(name="shared")
    inputs = keras.Input((4,), name="inputs")
    model = keras.Model(inputs, inner(shared(inner(shared(inputs)))))
    graph = graph_of(model)
    calls, (output,) = trace(graph, graph._inputs_struct)
    paths = ["shared", "inner/dense", "shared[1]", "inner[1]/dense"]
    assert [call.path for call in calls] == paths
    assert [path for path, _ in nested_nodes(graph)] == paths
    assert calls[1].node is calls[3].node
    assert calls[0].node is not calls[2].node
    assert calls[3].outputs[0] is output
    assert all(
        later.inputs[0] is earlier.outputs[0] for earlier, later in itertools.pairwise(calls)
    )
