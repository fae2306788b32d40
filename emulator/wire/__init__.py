"""HTTP: reading a request, playing a plan, and the server under it."""
