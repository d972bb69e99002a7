"""The version of the package: read by the build, by the command line and by saved models."""

__version__ = "0.2.0"
