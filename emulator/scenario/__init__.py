"""Scenarios: stories in YAML that say what is answered.

`loader` reads one; `match` tells which rules a request matches, and of those it does not, why; `reply` says whose turn
it is, and what is answered. The package itself imports nothing, so that a server without scenarios starts without it.
"""
