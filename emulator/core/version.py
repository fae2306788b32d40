"""The version of the package, which the command line and the API tell."""

__version__ = "0.1.0"
