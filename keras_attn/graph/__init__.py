"""Functional models as graphs of calls: how they are read, copied, edited and measured.

A place in a model is a *call*, a node of its graph, not a layer: a layer that is used three times
has three calls, each with an input and an output of its own.
"""
