"""Settings of all tests."""

import gc
import os
from pathlib import Path

from hypothesis import settings

# JAX compiles every eager operation for every shape, which takes longer than all that the tests
# compute. Without most of XLA's optimisations it compiles faster, and what one process has compiled
# no other compiles again. (Tests of published vectors run optimised code.)
os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(Path(__file__).parents[1] / "build/jax"))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")

# The first example of a test compiles, so no deadline holds; and a failure must come back.
settings.register_profile("keras-attn", deadline=None, derandomize=True)
settings.load_profile("keras-attn")


def pytest_collection_finish():
    """Takes what the imports made out of the garbage collector's sight.

    Keras collects whenever a layer loses a variable, and each time that would be looked through.
    """
    gc.collect()
    gc.freeze()
