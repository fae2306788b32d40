"""The account: who is asking, and what they may do. Pure functions and state machines over a given time."""
