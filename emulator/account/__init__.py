"""The account: who is asking, and what they may do. Pure functions and state machines over a given time.

- `keys`: the API key of a request; `registry`: managed keys, their policies and what has become of them
- `policy`: what a key may do; `windows`: requests and tokens in any minute
- `prices`, `ledger`, `credits`: what a usage costs, what was paid, and what is left
- `account`: all of it together, which admits a request and settles it
- `backends`: what a model runs on, and who waits for it

Nothing here waits or looks at a clock: every call is given the time, in Unix seconds. The machines are structs, so
what they hold is what is saved.
"""
