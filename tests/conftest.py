"""Settings of all tests."""

import gc

from hypothesis import settings

# The first example of a test compiles, so no deadline holds; and a failure must come back.
settings.register_profile("keras-attn", deadline=None, derandomize=True)
settings.load_profile("keras-attn")


def pytest_collection_finish():
    """Takes what the imports made out of the garbage collector's sight.

    Keras collects whenever a layer loses a variable, and each time that would be looked through.
    """
    gc.collect()
    gc.freeze()
