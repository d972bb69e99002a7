"""The entry point of the command `keras-attn`.

Executing `keras_attn/__init__.py` imports Keras and its backend, which takes seconds. This module
creates the package without executing it, so that help, the version and mistyped options are
answered at once. A command that needs Keras executes it: see `keras_attn.cli.command`.
"""

import sys
from importlib.util import find_spec, module_from_spec

if "keras_attn" not in sys.modules:
    spec = find_spec("keras_attn")
    assert spec is not None, "keras_attn is installed together with this module"
    sys.modules["keras_attn"] = module_from_spec(spec)

from keras_attn.cli import main  # the package has to be there first

__all__ = ["main"]
