"""Which topology suits which data: the published law, its evidence, and the choice."""

from keras_attn.guideline.recommendation import Recommendation, recommend, recommend_for

__all__ = ["Recommendation", "recommend", "recommend_for"]
