"""The one place where it is decided what a request is answered."""
