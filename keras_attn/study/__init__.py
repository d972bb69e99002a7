"""Trains topologies side by side on the same images, and reports the results."""

from keras_attn.study.comparison import Comparison
from keras_attn.study.run import compare, plan_study
from keras_attn.study.scores import test_scores
from keras_attn.study.training import Training
from keras_attn.study.variants import Variant

__all__ = ["Comparison", "Training", "Variant", "compare", "plan_study", "test_scores"]
