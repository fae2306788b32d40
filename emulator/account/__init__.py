"""Accounts: API keys, limits, credits and backends, as pure functions and state machines.

- `keys`: the API key of a request; `registry`: managed keys, with their policies and states
- `policy`: the limits of a key; `windows`: requests and tokens in any minute; `limits`: all windows of a key
- `prices`, `ledger`, `credits`: the price of a usage, the history of payments, and the balance
- `account`: all limits of one key; it admits requests and settles them
- `backends`: the slots and the queue of each model

Nothing here waits or reads a clock: every call gets the time, in Unix seconds. The state machines are structs, which
are saved as they are.
"""
