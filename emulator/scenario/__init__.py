"""Scenarios: stories in YAML that say what is answered.

`load_file`, `load_text` and `load_objects` read one; a `Subject` is a request as rules look at it; `matching` gives the
rules that match, `choose` the reply whose turn it is, and `drafts`, `error` and `headers` what it answers. What a
request is expected to be, and is not, `nearest` and `differences` tell.
"""

from emulator.scenario.loader import load_file, load_objects, load_text
from emulator.scenario.match import Difference, Match, Subject, differences, match, matching, nearest
from emulator.scenario.mistakes import Mistake, ScenarioError
from emulator.scenario.reply import START, Context, Position, choose, drafts, error, headers
from emulator.scenario.types import Reply, Rule, Scenario

__all__ = [
    "START",
    "Context",
    "Difference",
    "Match",
    "Mistake",
    "Position",
    "Reply",
    "Rule",
    "Scenario",
    "ScenarioError",
    "Subject",
    "choose",
    "differences",
    "drafts",
    "error",
    "headers",
    "load_file",
    "load_objects",
    "load_text",
    "match",
    "matching",
    "nearest",
]
