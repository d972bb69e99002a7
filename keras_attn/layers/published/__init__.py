"""Modules people ask for by name, a file a module."""

from keras_attn.layers.published.ga import GA

__all__ = ["GA"]
