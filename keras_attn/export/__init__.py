"""Models as files for other runtimes: written, run there, and compared with Keras."""

from keras_attn.export.formats import FORMATS, Format, check_format
from keras_attn.export.verify import largest_difference, load_exported
from keras_attn.export.write import export_model

__all__ = [
    "FORMATS",
    "Format",
    "check_format",
    "export_model",
    "largest_difference",
    "load_exported",
]
