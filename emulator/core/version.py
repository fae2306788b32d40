"""The version of the package, as reported by the command line and the API."""

__version__ = "0.1.0"
