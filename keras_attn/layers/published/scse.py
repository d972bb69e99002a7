"""To be written."""

from keras_attn.layers.base import AttentionLayer


class SCSE(AttentionLayer):
    """To be written."""

    def __init__(self, window_size=None, groups=None, num_classes=None, **kwargs):
        super().__init__(**kwargs)
