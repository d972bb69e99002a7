"""The entry point of the command `keras-attn`.

It lies beside the package because importing the package imports Keras and its backend, which takes
seconds. While this module is loaded, `keras_attn` leaves that to the commands that need it, so
that help, the version and mistyped options are answered at once.
"""

from keras_attn.cli import main

__all__ = ["main"]
