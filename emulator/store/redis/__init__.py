"""The state in Redis, for several processes on any number of hosts.

`store` has the turns, `scripts` what Redis itself runs in one step, `link` the connection, `clock` and `journal` the
shared clock and record. docs/scaling.md describes what is shared, and under which names.
"""
