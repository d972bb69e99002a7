"""Settings of all tests."""

from hypothesis import settings

# The first example of a test compiles, so no deadline holds; and a failure must come back.
settings.register_profile("keras-attn", deadline=None, derandomize=True)
settings.load_profile("keras-attn")
